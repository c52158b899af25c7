"""setstate over modules of every kind: what is wished shows at once, and the order is given (§6.6)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from ownclimate.control.climate import ClimateKeeper
from ownclimate.core.commands import list_commands
from ownclimate.core.orders import (
    SET_BRIGHTNESS,
    SET_FLOODLIGHT,
    SET_MONITORING,
    SET_PILOT_WIRE,
    SET_POSITION,
    SET_RELAY,
)
from tests.contract.vendors.netatmo_world import OWNER, World, payload
from tests.contract.vendors.test_netatmo_climate import NOW_S, fault
from tests.contract.vendors.test_netatmo_homes import client

HOME, GATEWAY, CAMERA = "5f0000000000000000000002", "00:04:74:0b:00:10", "70:ee:50:0b:00:20"
PLUG, LAMP, SHUTTER, HEATER, FAN = (f"00:04:74:00:00:0a:00:0{number}" for number in range(1, 6))


@pytest.fixture
async def world() -> World:
    world = World()
    await world.take(payload("wiring_homesdata"))
    await world.take(payload("wiring_homestatus"))
    return world


async def set_state(world: World, *modules: dict[str, Any], scopes: Any = None, **home: Any) -> Any:
    body = {"home": {"id": HOME, "modules": list(modules), **home}}
    return await client(world, scopes=scopes).request("POST", "/api/setstate", json_body=body)


async def status_of(world: World, module: str) -> dict[str, Any]:
    answer = await client(world).get(f"/api/homestatus?home_id={HOME}")
    return next(found for found in answer.json["body"]["home"]["modules"] if found["id"] == module)


async def orders(world: World) -> list[tuple[str, dict[str, Any]]]:
    commands = await list_commands(world.directory, OWNER, world.clock.now_ms())
    return [(c.name, c.fields) for c in sorted(commands, key=lambda c: c.created_ms)]


@pytest.mark.parametrize(
    ("module", "name", "value", "order"),
    [
        (PLUG, "on", True, (SET_RELAY, {"is_on": True})),
        (LAMP, "brightness", 75, (SET_BRIGHTNESS, {"brightness_pct": 75})),
        (SHUTTER, "target_position", 0, (SET_POSITION, {"position_pct": 0})),
        (CAMERA, "monitoring", "off", (SET_MONITORING, {"is_on": False})),
        (CAMERA, "floodlight", "auto", (SET_FLOODLIGHT, {"mode": "auto"})),
    ],
    ids=["plug", "dimmer", "shutter", "camera", "floodlight"],
)
async def test_what_is_set_shows_at_once_and_is_ordered(world, module, name, value, order) -> None:
    bridge = {} if module == CAMERA else {"bridge": GATEWAY}

    answer = await set_state(world, {"id": module.upper(), **bridge, name: value})

    assert answer.json == {"status": "ok", "time_server": NOW_S}
    assert (await status_of(world, module))[name] == value
    assert await orders(world) == [order]


@pytest.mark.parametrize(
    ("module", "name", "value", "order"),
    [
        (LAMP, "brightness", -1, (SET_BRIGHTNESS, {"move": "stop"})),
        (SHUTTER, "target_position", -1, (SET_POSITION, {"move": "stop"})),
        (SHUTTER, "target_position", -2, (SET_POSITION, {"move": "preferred"})),
    ],
    ids=["dimmer stops", "shutter stops", "shutter to its preferred position"],
)
async def test_a_move_is_an_order_and_no_state(world, module, name, value, order) -> None:
    before = await status_of(world, module)

    await set_state(world, {"id": module, "bridge": GATEWAY, name: value})

    assert await orders(world) == [order]
    assert await status_of(world, module) == before


async def test_values_of_a_form_are_texts(world) -> None:
    home = {"id": HOME, "modules": [{"id": PLUG, "bridge": GATEWAY, "on": "1"}]}
    body = urlencode({"home": json.dumps(home)}).encode()

    answer = await client(world).request(
        "POST", "/api/setstate", body=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )

    assert answer.json["status"] == "ok"
    assert (await status_of(world, PLUG))["on"] is True


async def test_what_cannot_be_reached_is_told_beside_what_worked(world) -> None:
    answer = await set_state(
        world,
        {"id": FAN, "bridge": GATEWAY, "fan_speed": 2},
        {"id": PLUG, "bridge": GATEWAY, "on": True},
        {"id": CAMERA, "monitoring": "on"},
    )

    assert answer.status == 200
    assert answer.json["body"] == {
        "home": {"id": HOME},
        "errors": [
            {"code": 6, "id": FAN},
            {"code": 23, "message": "Already on", "id": CAMERA, "command": "command/changestatus"},
        ],
    }
    assert await orders(world) == [(SET_RELAY, {"is_on": True})]


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (
            {"id": PLUG, "bridge": GATEWAY, "brightness": 3},
            (400, 21, f"cannot set property brightness for module {PLUG}"),
        ),
        (
            {"id": CAMERA, "siren_status": "sound"},
            (400, 21, f"cannot set property siren_status for module {CAMERA}"),
        ),
        ({"id": "12:34:56:00:f1:ff", "on": True}, (400, 21, "Invalid device_id, 12:34:56:00:f1:ff")),
        ({"id": PLUG, "bridge": CAMERA, "on": True}, (400, 21, f"Invalid device_id, {CAMERA}")),
        ({"id": PLUG, "on": True}, (400, 10, "Missing bridge")),
        ({"id": PLUG, "bridge": GATEWAY, "on": "perhaps"}, (400, 21, "Invalid on")),
        ({"id": LAMP, "bridge": GATEWAY, "brightness": 101}, (400, 21, "Invalid brightness")),
    ],
    ids=["not its property", "siren", "unknown", "wrong bridge", "no bridge", "no flag", "too bright"],
)
async def test_a_request_with_one_thing_wrong_changes_nothing(world, module, expected) -> None:
    right = {"id": SHUTTER, "bridge": GATEWAY, "target_position": 20}

    assert fault(await set_state(world, right, module)) == expected
    assert await orders(world) == []


@pytest.mark.parametrize(
    ("home", "expected"),
    [
        ({}, (400, 10, "Missing home_id")),
        ({"id": "5f0000000000000000000009"}, (400, 21, "Invalid id")),
        ({"id": HOME, "modules": {"id": PLUG}}, (400, 21, "Invalid array arg")),
        ({"id": HOME, "therm_mode": "eco"}, (400, 21, "mode not authorized")),
        ({"id": HOME, "rooms": [{"id": "9", "therm_setpoint_mode": "home"}]}, (400, 21, "Invalid room_id")),
        (
            {"id": HOME, "rooms": [{"id": "200000002", "therm_setpoint_mode": "manual"}]},
            (400, 10, "Missing therm_setpoint_temperature"),
        ),
    ],
    ids=["no home", "no such home", "no list", "no such mode", "no such room", "no temperature"],
)
async def test_a_home_that_cannot_be_meant_is_refused(world, home, expected) -> None:
    answer = await client(world).request("POST", "/api/setstate", json_body={"home": home})

    assert fault(answer) == expected


@pytest.mark.parametrize(
    ("module", "scope"),
    [
        ({"id": PLUG, "bridge": GATEWAY, "on": True}, "write_magellan"),
        ({"id": CAMERA, "monitoring": "off"}, "write_presence"),
    ],
    ids=["wiring", "outdoor camera"],
)
async def test_each_product_needs_its_own_scope(world, module, scope) -> None:
    others = frozenset({"write_thermostat", "write_camera", "write_magellan", "write_presence"}) - {scope}

    assert fault(await set_state(world, module, scopes=others))[:2] == (403, 13)
    assert (await set_state(world, module, scopes=frozenset({scope}))).json["status"] == "ok"


async def test_a_heater_on_a_pilot_wire_follows_its_room_and_the_timetable_again(world) -> None:
    """Until somebody chooses something, the room is as the cloud said, and no business of ours."""
    keeper = ClimateKeeper(world.ports, "test")
    await keeper.look_at(OWNER)
    assert await orders(world) == []

    room = {"id": "200000002", "therm_setpoint_mode": "manual", "therm_setpoint_fp": "frost_guard"}
    answer = await set_state(world, rooms=[room | {"therm_setpoint_end_time": NOW_S + 60}])
    await keeper.look_at(OWNER)
    status = (await client(world).get(f"/api/homestatus?home_id={HOME}")).json["body"]["home"]["rooms"][0]
    assert answer.json["status"] == "ok"
    assert (status["therm_setpoint_mode"], status["therm_setpoint_fp"]) == ("manual", "frost_guard")

    world.clock.advance(60)
    await keeper.look_at(OWNER)

    status = (await client(world).get(f"/api/homestatus?home_id={HOME}")).json["body"]["home"]["rooms"][0]
    assert (status["therm_setpoint_mode"], status["therm_setpoint_fp"]) == ("schedule", "comfort")
    assert await orders(world) == [
        (SET_PILOT_WIRE, {"mode": "frost_guard"}),
        (SET_PILOT_WIRE, {"mode": "comfort"}),
    ]
