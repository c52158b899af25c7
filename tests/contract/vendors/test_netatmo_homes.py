"""homesdata and homestatus: recordings come back from the core, and whatever else stands in a home too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ownclimate.core.access import ALL_PERMISSIONS, Access
from ownclimate.core.devices import edit_device
from ownclimate.core.readings import Batch, OriginKind, origin_number
from ownclimate.core.sites import edit_room
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.netatmo.recognise import recognise
from ownclimate.vendors.netatmo.words import is_same
from ownclimate.web.dispatch import Application
from tests.contract.vendors.netatmo_world import ACTOR, HOME, OWNER, THERMOSTAT, World, payload
from tests.fakes.http import Client


def client(world: World, **changes: Any) -> Client:
    """A client of the world's owner; `scopes` narrow it."""
    dialect, entries = netatmo_dialect(), []
    access = Access(owner_id=OWNER, account_id=None, client_id="test", permissions=ALL_PERMISSIONS, **changes)

    async def authenticate(token: str) -> Access:
        return access

    app = Application(
        dialects=(dialect,),
        ports=world.ports,
        authenticators={"token": authenticate},
        observers=[entries.append],
    )
    found = Client(app, entries, (dialect,))
    found.headers["authorization"] = "Bearer any"
    return found


@pytest.fixture
def world() -> World:
    return World()


def differences(told: Any, said: Any, where: str = "") -> list[str]:
    """Where what is told is not what was said; what is told besides is no difference."""
    if isinstance(said, dict) and isinstance(told, dict):
        found = []
        for name, value in said.items():
            if name not in told:
                found.append(f"{where}.{name} is missing: {value!r}"[:200])
            else:
                found += differences(told[name], value, f"{where}.{name}")
        return found
    if isinstance(said, list) and isinstance(told, list) and len(told) == len(said):
        return [
            d for place, item in enumerate(said) for d in differences(told[place], item, f"{where}[{place}]")
        ]
    return [] if is_same(told, said) else [f"{where}: told {told!r}, said {said!r}"[:300]]


async def served(world: World, kind: str, said: dict[str, Any]) -> Any:
    http = client(world)
    if kind == "homesdata":
        return (await http.get("/api/homesdata")).json["body"]
    home = said["home"].get("id") or (await world.sites())[0].aliases["netatmo"]
    return (await http.get(f"/api/homestatus?home_id={home}")).json["body"]


@pytest.mark.parametrize("name", ["homesdata", "homestatus"])
async def test_what_was_imported_is_served_field_for_field(world: World, name: str) -> None:
    await world.take(payload(name))

    said = payload(name)["body"]
    assert differences(await served(world, name, said), said) == []


async def test_every_recorded_home_is_served_as_it_was_recorded(corpus: Path) -> None:
    checked = 0
    for file in sorted((corpus / "netatmo").rglob("*.json")):
        found = recognise(file.read_bytes())
        if found.kind not in ("homesdata", "homestatus") or not isinstance(found.body, dict):
            continue
        if found.kind == "homestatus" and "id" not in found.body.get("home", {}):
            continue
        world = World()
        await world.take(file.read_bytes())
        if not found.body.get("errors"):
            # An empty list of errors says nothing, and is sent now and then.
            found.body.pop("errors", None)
        assert differences(await served(world, found.kind, found.body), found.body) == [], file.name
        checked += 1
    assert checked >= 8


async def test_a_renamed_room_a_moved_module_and_a_new_reading_change_just_that(world: World) -> None:
    for name in ("homesdata", "homestatus"):
        await world.take(payload(name))
    before = {name: await served(world, name, payload(name)["body"]) for name in ("homesdata", "homestatus")}
    bath, living = await world.room("100000002"), await world.room("100000001")
    valve, thermostat = await world.device("09:00:00:0a:00:12"), await world.device(THERMOSTAT)
    await edit_room(world.ports, OWNER, ACTOR, bath.id, lambda room: replace(room, name="Sauna"))
    await edit_device(world.ports, OWNER, ACTOR, valve.id, lambda one: replace(one, room_id=living.id))
    await record(world, thermostat, "battery_v", 3.5)

    topology, status = [
        differences(await served(world, name, payload(name)["body"]), before[name]) for name in before
    ]

    assert [line.partition(":")[0] for line in topology] == [
        ".homes[0].rooms[0].module_ids",
        ".homes[0].rooms[1].name",
        ".homes[0].rooms[1].module_ids",
        ".homes[0].modules[0].room_id",
    ]
    modules = [module["id"] for module in before["homestatus"]["home"]["modules"]]
    told = f".home.modules[{modules.index(THERMOSTAT)}].battery_level: told 3500"
    assert [line.partition(",")[0] for line in status] == [told]


@pytest.mark.parametrize(
    ("scope", "types"),
    [
        ("read_thermostat", {"NAPlug", "NATherm1", "NRV"}),
        ("read_station", {"NAMain"}),
        ("read_magellan", {"NLXYZ"}),
        ("read_homecoach", set()),
    ],
)
async def test_a_token_sees_the_families_that_were_granted(world: World, scope: str, types: set[str]) -> None:
    for name in ("homesdata", "homestatus"):
        await world.take(payload(name))
    http = client(world, scopes=frozenset({scope}))

    home = (await http.get("/api/homesdata")).json["body"]["homes"][0]
    status = (await http.get(f"/api/homestatus?home_id={HOME}")).json["body"]["home"]

    assert {module["type"] for module in home.get("modules", [])} == types
    # The status knows the one wiring module by another type than the topology does.
    assert {module["type"] for module in status.get("modules", [])} - {"NLP"} <= types
    assert ("therm_mode" in home) == (scope == "read_thermostat")
    assert any("therm_setpoint_mode" in room for room in status.get("rooms", ())) == (
        scope == "read_thermostat"
    )
    assert "persons" not in home
    listed = [module for room in home["rooms"] for module in room.get("module_ids", [])]
    assert bool(listed) == (scope == "read_thermostat")


async def test_homes_and_modules_can_be_asked_for_by_kind(world: World) -> None:
    for name in ("homesdata", "homestatus"):
        await world.take(payload(name))
    http = client(world)

    behind = (await http.get("/api/homesdata?gateway_types=NAPlug")).json["body"]["homes"][0]["modules"]
    valves = (await http.get(f"/api/homestatus?home_id={HOME}&device_types=NRV,NAMain")).json["body"]["home"]
    unknown = await http.get("/api/homesdata?home_id=5f0000000000000000000009")

    assert {module["type"] for module in behind} == {"NAPlug", "NATherm1", "NRV"}
    assert {module["type"] for module in valves["modules"]} <= {"NRV", "NAMain"}
    assert unknown.json["error"] == {"code": 21, "message": "Invalid home_id"}


async def record(world: World, device: Any, quantity: str, value: float) -> None:
    await world.ports.series.record(
        [
            Batch(
                device=device.number,
                times_ms=np.array([world.clock.now_ms()], dtype=np.int64),
                columns={quantity: np.array([value])},
                origin=origin_number(1, OriginKind.DEVICE),
                arrived_ms=world.ports.arrivals.next_ms(),
            )
        ]
    )


async def test_each_answer_tells_of_those_that_it_told_of(world: World) -> None:
    """Though others of the same home told of more: people, a module behind the station, a camera."""
    station, topology = payload("station"), payload("homesdata")
    home, wire_id = topology["body"]["homes"][0], station["body"]["devices"][0]["_id"]
    home["persons"] = [{"id": "11111111-aaaa-4000-8000-000000000001", "pseudo": "Ada"}]
    home["modules"] += [
        {"id": wire_id, "type": "NAMain", "name": "Living room"},
        {"id": "03:00:00:0a:00:99", "type": "NAModule4", "bridge": wire_id},
        {"id": "70:ee:50:0a:00:98", "type": "NOC"},
    ]
    status, security = payload("homestatus"), payload("gethomedata")
    security["body"]["homes"][0]["id"] = home["id"]
    security["body"]["homes"][0]["persons"] = []
    del status["body"]["home"]["persons"]
    for later_s, answer in enumerate((station, security, topology, status)):
        await world.take(answer | {"time_server": 1_790_000_000 + later_s})
    http = client(world)

    stations = (await http.get("/api/getstationsdata")).json["body"]["devices"]
    assert [m["_id"] for m in stations[0]["modules"]] == [
        m["_id"] for m in station["body"]["devices"][0]["modules"]
    ]
    (seen,) = (await http.get(f"/api/gethomedata?home_id={home['id']}")).json["body"]["homes"]
    assert [c["id"] for c in seen["cameras"]] == [c["id"] for c in security["body"]["homes"][0]["cameras"]]
    now = (await http.get(f"/api/homestatus?home_id={home['id']}")).json["body"]["home"]
    assert "persons" not in now
    (told,) = (await http.get(f"/api/homesdata?home_id={home['id']}")).json["body"]["homes"]
    assert told["persons"] == home["persons"]

    person = home["persons"][0]["id"]
    await http.get(f"/api/setpersonshome?home_id={home['id']}&person_ids={person}")
    now = (await http.get(f"/api/homestatus?home_id={home['id']}")).json["body"]["home"]
    assert [(one["id"], one["out_of_sight"]) for one in now["persons"]] == [(person, False)]


@pytest.mark.parametrize(
    ("scope", "rooms"),
    [
        ("read_thermostat", {"11": {"id", "reachable", "humidity", "therm_measured_temperature"}}),
        ("read_magellan", {"12": {"id", "temperature", "humidity", "air_quality"}}),
        ("read_camera", {}),
    ],
)
async def test_a_token_sees_of_rooms_what_its_families_tell(
    world: World, scope: str, rooms: dict[str, set[str]]
) -> None:
    told = [
        {"id": "11", "reachable": True, "humidity": 40, "therm_measured_temperature": 19.5},
        {"id": "12", "temperature": 215, "humidity": 44, "air_quality": 1},
        {"id": "13", "reachable": True},
    ]
    modules = [{"id": "70:ee:50:0a:00:97", "type": "NAPlug"}]
    await world.take({"status": "ok", "body": {"home": {"id": HOME, "rooms": told, "modules": modules}}})
    http = client(world, scopes=frozenset({scope}))

    status = (await http.get(f"/api/homestatus?home_id={HOME}")).json["body"]["home"]

    assert {room["id"]: set(room) for room in status["rooms"]} == rooms | {"13": {"id", "reachable"}}
