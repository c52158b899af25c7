"""What our own face answers, taken in by another household and asked for there: equal at the wire.

The first household is the demo, with cameras and people, set-points given by hand, and a recorded home beside
it whose schedules are of every type.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ownclimate.core.devices import find_device
from ownclimate.core.events import record_event
from ownclimate.core.pictures import store_picture
from ownclimate.core.sources import standing_source
from ownclimate.core.things import Account
from ownclimate.demo_security import HALL, furnish
from ownclimate.oauth.keys import KeyKind, create_key
from ownclimate.sim.demo import build_demo
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.netatmo.importer import import_payload
from ownclimate.vendors.netatmo.pictures import PictureWanted, keep_picture
from ownclimate.vendors.netatmo.report import ImportReport
from tests.contract.vendors.netatmo_world import payload
from tests.contract.vendors.test_netatmo_recordings import unexplained
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.http import Client
from tests.unit.sim.conftest import WORLD

HOUR_MS = 3_600_000
JPEG = b"\xff\xd8\xff\xe0" + bytes(64)
SCHEDULES: tuple[dict[str, Any], ...] = (
    {
        "id": "5f00000000000000000000c1",
        "type": "cooling",
        "name": "Summer",
        "default": False,
        "selected": True,
        "cooling_away_temp": 28,
        "away_temperature_mode": "manual",
        "timetable": [{"zone_id": 0, "m_offset": 0}, {"zone_id": 4, "m_offset": 480}],
        "zones": [
            {
                "id": 0,
                "type": 1,
                "name": "Night",
                "rooms": [
                    {
                        "id": "100000001",
                        "cooling_setpoint_temperature": 26,
                        "cooling_setpoint_mode": "manual",
                    }
                ],
                "modules": [{"id": "04:00:00:0a:00:11", "fan_mode": "auto", "fan_speed": 2}],
                "rooms_temp": [],
            },
            {"id": 4, "type": 0, "rooms": [{"id": "100000001", "cooling_setpoint_temperature": 24.5}]},
        ],
    },
    {
        "id": "5f00000000000000000000c2",
        "type": "auto",
        "name": "Both",
        "default": True,
        "auto_away_temp": 21,
        "away_temperature_mode": "auto",
        "timetable": [{"zone_id": 0, "m_offset": 0}],
        "zones": [
            {
                "id": 0,
                "type": 4,
                "name": "Always",
                "rooms": [
                    {"id": "100000002", "auto_setpoint_temperature": 23, "auto_setpoint_mode": "manual"}
                ],
            }
        ],
    },
    {
        "id": "5f00000000000000000000c3",
        "type": "electricity",
        "name": "Tariff",
        "tariff": "edf_tarif_bleu",
        "tariff_option": "peak_and_off_peak",
        "power_threshold": 6,
        "contract_power_unit": "kVA",
        "version": 1,
        "selected": True,
        "timetable": [{"zone_id": 1, "m_offset": 0}, {"zone_id": 0, "m_offset": 390}],
        "zones": [
            {"id": 0, "price": 0.2, "price_type": "peak"},
            {"id": 1, "price_value": 0.15, "price_type": "off_peak"},
        ],
    },
    {
        "id": "5f00000000000000000000c4",
        "type": "event",
        "name": "Blinds",
        "timetable": [],
        "timetable_sunrise": [{"zone_id": 2, "day": 1, "twilight_offset": -20}],
        "timetable_sunset": [{"zone_id": 3, "day": 1, "twilight_offset": 0}],
        "zones": [
            {
                "id": 2,
                "modules": [{"id": "70:ee:50:0a:00:30#1", "bridge": "70:ee:50:0a:00:30", "on": True}],
                "scenarios": ["leave"],
            },
            {"id": 3, "modules": [{"id": "70:ee:50:0a:00:30#1", "target_position": 0, "fan_speed": 1}]},
        ],
    },
    {
        "id": "5f00000000000000000000c5",
        "type": "therm",
        "name": "Pilot wires",
        "away_temp": 12,
        "hg_temp": 7,
        "timetable": [{"zone_id": 5, "m_offset": 0}],
        "zones": [
            {
                "id": 5,
                "type": 5,
                "name": "Eco",
                "rooms": [
                    {"id": "100000001", "therm_setpoint_fp": "comfort_1"},
                    {"id": "100000002", "therm_setpoint_mode": "home"},
                ],
            }
        ],
    },
)


class Server:
    """One household and its face."""

    def __init__(self, households: Households, account: Account) -> None:
        self.ports, self.account = households.ports, account
        self.client: Client = households.client(netatmo_dialect(), token="ada")

    @classmethod
    async def start(cls, seed: int, clock: FakeClock) -> Server:
        households = Households(memory_ports(clock, SeededEntropy(seed)))
        return cls(households, await households.add("ada"))

    async def ask(self, target: str) -> Any:
        answered = await self.client.get(f"/api/{target}")
        assert answered.status == 200, answered.body
        return answered.json

    async def take(self, said: Any, method: str) -> Any:
        content = json.dumps(said).encode()
        return await import_payload(self.ports, self.account.owner_id, ACTOR, content, method=method)

    async def furnish(self) -> None:
        """The demo with a few hours of history, and a recorded home with schedules of every type."""
        ports, owner_id, now_ms = self.ports, self.account.owner_id, self.ports.clock.now_ms()
        source = await standing_source(ports, owner_id, ACTOR, "simulation")
        await build_demo(ports, owner_id, ACTOR, WORLD, source.number, history_ms=HOUR_MS, now_ms=now_ms)
        key, _ = await create_key(ports, ACTOR, self.account, kind=KeyKind.HOOK, name="demo")
        await furnish(ports, key)
        camera = await find_device(ports.directory, owner_id, HALL)
        assert camera is not None
        picture = await store_picture(ports, owner_id, camera.id, JPEG)
        await record_event(
            ports,
            owner_id,
            kind="movement",
            at_ms=now_ms - 1,
            site_id=camera.site_id,
            device_id=camera.id,
            details={"picture": {"id": picture.id, "key": picture.key}},
        )
        homes = payload("homesdata")
        homes["body"]["homes"][0]["schedules"].extend(SCHEDULES)
        await self.take(homes, "homesdata")
        await self.take(payload("homestatus"), "homestatus")


async def targets(server: Server) -> list[str]:
    """Everything that a collector asks for, in its order."""
    homes = [home["id"] for home in (await server.ask("homesdata"))["body"]["homes"]]
    by_home = [
        f"{method}?home_id={home}{more}"
        for home in homes
        for method, more in (("homestatus", ""), ("getevents", "&size=300"))
    ]
    return ["homesdata", "getstationsdata", "gethomecoachsdata", "gethomedata", *by_home]


def lacking(report: ImportReport) -> list[PictureWanted]:
    """Pictures that the first server has; a recorded face lies somewhere else."""
    return [wanted for wanted in report.pictures if wanted.image_id]


@pytest.fixture
async def first(clock: FakeClock) -> Server:
    server = await Server.start(1, clock)
    await server.furnish()
    return server


@pytest.fixture
async def second(clock: FakeClock, first: Server) -> Server:
    """One that has taken in all that the first one answers, and fetched its pictures."""
    server = await Server.start(2, clock)
    for target in await targets(first):
        report = await server.take(await first.ask(target), target.partition("?")[0])
        for wanted in lacking(report):
            query = f"getcamerapicture?image_id={wanted.image_id}&key={wanted.key}"
            fetched = await first.client.get(f"/api/{query}")
            await keep_picture(server.ports, server.account.owner_id, ACTOR, wanted, fetched.body)
    return server


def pictured(body: Any) -> list[dict[str, Any]]:
    """The pictures of events in an answer, taken out of it."""
    found = []
    if isinstance(body, dict):
        for name, value in list(body.items()):
            if name in ("snapshot", "vignette") and isinstance(value, dict):
                found.append(body.pop(name))
            else:
                found += pictured(value)
    for item in body if isinstance(body, list) else ():
        found += pictured(item)
    return found


async def test_every_answer_comes_back_from_who_took_it_in(first: Server, second: Server) -> None:
    wrong = {}
    for target in await targets(first):
        said, told = (await first.ask(target)).get("body", {}), (await second.ask(target)).get("body", {})
        assert len(pictured(said)) == len(pictured(told))
        for body in (said, told):
            # The cloud gives no order of stations; ours is by age, and the second learnt of homes first.
            body.get("devices", []).sort(key=lambda device: device["_id"])
        if differing := unexplained(said, told):
            wrong[target] = differing[:8]

    assert wrong == {}


async def test_schedules_of_every_type_came_along(first: Server, second: Server) -> None:
    homes = (await second.ask("homesdata"))["body"]["homes"]
    known = {schedule["id"]: schedule for home in homes for schedule in home.get("schedules", ())}

    assert {schedule["type"] for schedule in known.values()} >= {"therm", *(s["type"] for s in SCHEDULES)}
    assert [known[schedule["id"]] for schedule in SCHEDULES] == list(SCHEDULES)


async def test_pictures_are_had_from_who_took_them_in(first: Server, second: Server) -> None:
    (target,) = [one for one in await targets(first) if one.startswith("getevents")][:1]
    taken = pictured((await first.ask(target))["body"])
    copies = pictured((await second.ask(target))["body"])

    assert taken
    for original, copy in zip(taken, copies, strict=True):
        assert copy["url"] != original["url"]
        fetched = await second.client.get(copy["url"].removeprefix("http://climate.test"))
        assert (fetched.status, fetched.body) == (200, JPEG)


async def test_taking_all_of_it_in_again_changes_nothing(first: Server, second: Server) -> None:
    for target in await targets(first):
        report = await second.take(await first.ask(target), target.partition("?")[0])
        assert (target, report.has_changed, lacking(report)) == (target, False, [])
