"""MClimate's thermostat mode and geofences: answers as published, and what cannot be is refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ownclimate.control.relay_thermostats import RelayThermostats
from ownclimate.core.commands import list_device_commands
from ownclimate.core.devices import hide_device
from ownclimate.core.events import list_events
from ownclimate.core.things import Ability, Device
from ownclimate.vendors.mclimate.face.dialect import mclimate_dialect
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.http import Client

MODE = {"serial_number": "PLUG1", "target_temperature": 21, "delta": 0.5, "state": "off", "push": 1}
FENCE = {
    "controller_id": "H59SN",
    "latitude": 42.6977,
    "longitude": 23.3219,
    "radius": 150,
    "enter_command_name": "send_ir_code",
    "enter_command_fields": '{"state":"1","mode":3,"temp":"24","fan":0}',
    "exit_command_name": "turn_led_off",
    "exit_command_fields": "",
    "enter_push": 1,
    "exit_push": 0,
}


@pytest.fixture
async def households(clock: FakeClock, entropy: SeededEntropy) -> Households:
    made = Households(memory_ports(clock, entropy))
    await made.add("anna")
    return made


@pytest.fixture
def client(households: Households) -> Client:
    return households.client(mclimate_dialect(), token="anna")


@pytest.fixture
async def relay(households: Households) -> Device:
    return await households.device("anna", "smart_plug", "PLUG1", abilities=frozenset({Ability.RELAY}))


@pytest.fixture
async def sensor(households: Households) -> Device:
    abilities = frozenset({Ability.TEMPERATURE})
    return await households.device("anna", "ht_sensor", "HT1", abilities=abilities, is_heard=True)


@pytest.fixture
async def melissa(households: Households) -> Device:
    abilities = frozenset({Ability.TEMPERATURE, Ability.AIR_CONDITIONING})
    return await households.device("anna", "melissa", "H59SN", abilities=abilities)


async def post(client: Client, path: str, **body: Any) -> Any:
    return await client.request("POST", path, json_body=body)


async def test_a_relay_is_made_a_thermostat_as_published_and_is_one(
    client: Client, households: Households, relay: Device, sensor: Device, clock: FakeClock
) -> None:
    answer = await post(client, "/v1/thermostat_mode", **MODE, sensor_id=sensor.number)

    mode = answer.json["thermostat_mode"]
    number = mode.pop("id")
    assert answer.status == 201
    assert mode == {
        "sensor_id": sensor.number,
        "target_temperature": 21,
        "delta": 0.5,
        "active": 1,
        "default_state": "do_nothing",
        "push": 1,
        "controller_id": relay.number,
        "user_id": households.accounts["anna"].number,
    }
    entity = await client.get("/v1/thermostat_mode/PLUG1")
    assert entity.json["thermostat_mode"] == {**mode, "id": number}
    (item,) = (await client.get("/v1/thermostat_mode?active=1")).json["_embedded"]["thermostat_mode"]
    assert item["_links"]["self"]["href"] == "/v1/thermostat_mode/PLUG1"

    await households.record(sensor, [clock.now_ms()], {"temperature_c": [19.0]})
    await RelayThermostats(households.ports, "test").look()

    (command,) = await list_device_commands(households.ports, relay.owner_id, relay.id, since_ms=0, limit=9)
    assert command.fields == {"is_on": True}


async def test_a_change_changes_what_it_names_and_a_removal_ends_it(
    client: Client, relay: Device, sensor: Device
) -> None:
    made = await post(client, "/v1/thermostat_mode", **MODE, sensor_id="HT1")

    changed = await client.request(
        "PUT", made.headers["location"],
        json_body={"serial_number": "PLUG1", "delta": "1", "default_state": "off", "active": 0},
    )  # fmt: skip
    moved = await client.request("PUT", "/v1/thermostat_mode/PLUG1", json_body={"serial_number": "HT1"})

    assert (moved.status, list(moved.json["validation"])) == (400, ["serial_number"])
    news = {"delta": 1, "default_state": "off", "active": 0}
    assert changed.json["thermostat_mode"] == {**made.json["thermostat_mode"], **news}
    assert (await client.request("DELETE", "/v1/thermostat_mode/PLUG1")).status == 204
    assert (await client.get("/v1/thermostat_mode/PLUG1")).status == 404
    assert (await client.get("/v1/thermostat_mode")).json["thermostat_mode"] == []


@pytest.mark.parametrize(
    ("wrong", "status", "field"),
    [
        ({"serial_number": "HT1"}, 400, "serial_number"),
        ({"serial_number": "NOBODY"}, 404, None),
        ({"sensor_id": "PLUG1"}, 400, "sensor_id"),
        ({"sensor_id": 4711}, 404, None),
        ({"delta": -1}, 400, "delta"),
        ({"target_temperature": 100}, 400, "target_temperature"),
        ({"default_state": "maybe"}, 400, "default_state"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
async def test_a_thermostat_that_cannot_be_is_refused(
    client: Client, relay: Device, sensor: Device, wrong: dict[str, Any], status: int, field: str | None
) -> None:
    answer = await post(client, "/v1/thermostat_mode", **{**MODE, "sensor_id": "HT1", **wrong})

    assert answer.status == status
    assert list(answer.json.get("validation", {})) == ([] if field is None else [field])


async def test_a_relay_is_one_thermostat_at_most(client: Client, relay: Device, sensor: Device) -> None:
    assert (await post(client, "/v1/thermostat_mode", **MODE, sensor_id="HT1")).status == 201
    assert (await post(client, "/v1/thermostat_mode", **MODE, sensor_id="HT1")).status == 400


async def test_a_geofence_is_told_as_it_was_made(
    client: Client, households: Households, melissa: Device
) -> None:
    answer = await post(client, "/v1/geofences", **FENCE)

    fence = answer.json["geofence"]
    number = fence.pop("id")
    assert answer.status == 201
    assert fence == {
        **FENCE, "user_id": households.accounts["anna"].number, "active": 1,
        "exit_command_fields": "{}",
    }  # fmt: skip
    (item,) = (await client.get("/v1/geofences")).json["_embedded"]["geofence"]
    assert item["_links"]["self"]["href"] == f"/v1/geofences/{number}"
    assert (await client.get(f"/v1/geofences/{number}")).json["geofence"] == {**fence, "id": number}


async def test_crossing_a_fence_gives_its_command_and_tells_who_wants_to_know(
    client: Client, households: Households, melissa: Device, clock: FakeClock
) -> None:
    number = (await post(client, "/v1/geofences", **FENCE)).json["geofence"]["id"]

    for side in ("enter", "exit"):
        assert (await client.request("POST", f"/v1/geofences/{number}/{side}")).status == 200

    commands = await list_device_commands(households.ports, melissa.owner_id, melissa.id, since_ms=0, limit=9)
    air = {"is_on": True, "mode": "cool", "temperature_c": 24, "fan": "auto"}
    assert [command.fields for command in reversed(commands)] == [air, {"is_on": False}]
    assert [command.executor for command in commands] == [
        f"geofence {number} exit",
        f"geofence {number} enter",
    ]
    (event,) = await list_events(households.ports.directory, melissa.owner_id, clock.now_ms())
    assert event.details == {"geofence": number, "side": "enter"}


async def test_a_fence_that_is_off_does_nothing(
    client: Client, households: Households, melissa: Device
) -> None:
    number = (await post(client, "/v1/geofences", **FENCE, active=0)).json["geofence"]["id"]

    assert (await client.request("POST", f"/v1/geofences/{number}/enter")).status == 200
    assert not await list_device_commands(households.ports, melissa.owner_id, melissa.id, since_ms=0, limit=9)


async def test_a_fence_is_changed_and_removed_and_goes_with_its_device(
    client: Client, households: Households, melissa: Device
) -> None:
    made = await post(client, "/v1/geofences", **FENCE)
    first, second = made.json["geofence"], (await post(client, "/v1/geofences", **FENCE)).json["geofence"]
    path = made.headers["location"]
    fields = json.dumps({"state": 0, "mode": 0, "temp": 20, "fan": 1}, separators=(",", ":"))

    news = {
        "radius": 75.5,
        "exit_command_name": "send_ir_code",
        "exit_command_fields": fields,
        "exit_push": 1,
    }
    assert (await client.request("PUT", path, json_body=FENCE | news)).json["geofence"] == {**first, **news}
    assert (await client.request("DELETE", path)).status == 204
    assert (await client.get(path)).status == 404
    await hide_device(households.ports, melissa.owner_id, ACTOR, melissa.id)
    assert (await client.get(f"/v1/geofences/{second['id']}")).status == 404
    assert (await client.get("/v1/geofences")).json["geofence"] == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"latitude": 91}, "latitude"),
        ({"longitude": -181}, "longitude"),
        ({"radius": 0}, "radius"),
        ({"enter_command_name": "dance"}, "enter_command_name"),
        ({"enter_command_fields": "{"}, "enter_command_fields"),
        ({"enter_command_fields": "[1]"}, "enter_command_fields"),
        ({"enter_command_fields": '{"state":1}'}, "enter_command_fields"),
        ({"exit_command_fields": '{"speed":1}'}, "exit_command_fields"),
    ],
)
async def test_a_fence_that_cannot_be_is_refused_and_named(
    client: Client, melissa: Device, wrong: dict[str, Any], field: str
) -> None:
    answer = await post(client, "/v1/geofences", **FENCE | wrong)

    assert (answer.status, list(answer.json["validation"])) == (400, [field])
    assert (await client.get("/v1/geofences")).json["geofence"] == []
