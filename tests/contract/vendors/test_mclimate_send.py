"""`POST /v1/provider/send`: a command's arguments are checked, its order given, and its fate shown."""

from __future__ import annotations

import asyncio
import json

import pytest

from ownclimate.core.errors import Garbled, Refused, Unreachable
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import (
    SET_AIR_CONDITIONER,
    SET_CHILD_LOCK,
    SET_COOLING_SETPOINT,
    SET_LIGHT,
    SET_RELAY,
    SET_SETPOINT,
)
from ownclimate.core.things import Ability, CommandState
from tests.contract.vendors.mclimate_world import World
from tests.fakes.carriers import delivering
from tests.fakes.households import ACTOR, Households, memory_ports

DEV_EUI = "70B3D52DD3000001"
AC = {"state": 1, "mode": 2, "temp": 20, "fan": 2}
ON = {"is_on": True, "mode": "heat", "temperature_c": 20.0, "fan": "medium"}


@pytest.fixture
async def world(clock, entropy) -> World:
    households = Households(memory_ports(clock, entropy))
    await households.add("ada")
    return World(households)


async def online(world: World, model: str, **more: object):
    return await world.heard(await world.device(model, **more))


# What a command becomes, and what it is answered with


@pytest.mark.parametrize(
    ("model", "command", "params", "order", "fields", "answer"),
    [
        ("melissa", "send_ir_code", AC, SET_AIR_CONDITIONER, ON, [254, 2, 0, 0]),
        (
            "melissa",
            "send_ir_code",
            {"state": "0", "mode": "0", "temp": "30", "fan": "0"},
            SET_AIR_CONDITIONER,
            {"is_on": False, "mode": "auto", "temperature_c": 30.0, "fan": "auto"},
            [254, 2, 0, 0],
        ),
        ("melissa", "turn_led_off", {}, SET_LIGHT, {"is_on": False}, [254, 6, 0, 0]),
        ("melissa", "reset_color", {}, SET_LIGHT, {"is_on": True}, [254, 7, 0, 0]),
        (
            "melissa",
            "send_raw_code",
            {"code_id": 17, "code_type": "custom"},
            "mclimate.send_raw_code",
            {"code_id": 17, "code_type": "custom"},
            [254, 2, 0, 0],
        ),
        ("bobbie", "switch_on_off", {"state": "on"}, SET_RELAY, {"is_on": True}, [254, 2, 0, 0]),
        ("bobbie", "switch_on_off", {"state": "off"}, SET_RELAY, {"is_on": False}, [254, 2, 0, 0]),
        ("bobbie", "default_state", {"state": 2}, "mclimate.default_state", {"state": 2}, [254, 16, 0, 0]),
        ("bobbie", "turn_led_off", {}, SET_LIGHT, {"is_on": False}, [254, 6, 0, 0]),
        ("smart_plug", "switch_on_off", {"state": "on"}, SET_RELAY, {"is_on": True}, "SHPLG-1"),
        ("smart_plug", "max_power", {"power": 2000}, "mclimate.max_power", {"power": 2000}, "SHPLG-1"),
        ("smart_plug", "auto_off", {"time": "90"}, "mclimate.auto_off", {"time": 90}, "SHPLG-1"),
        ("shelly_1pm", "switch_on_off", {"state": "off"}, SET_RELAY, {"is_on": False}, "SHSW-PM"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, (dict, list)) else str(value),
)
async def test_a_device_over_wifi_is_handed_its_order_and_answered_in_its_types_way(
    world, model, command, params, order, fields, answer
) -> None:
    device = await online(world, model)

    async with delivering(world.ports, world.carrier):
        answered = await world.send(device, command, **params)

    assert answered.status == 200
    if isinstance(answer, str):
        answer = {"isok": True, "id": device.number, "type": "relay", "code": answer}
    assert answered.json == {"provider": answer, "_links": {"self": {"href": "/v1/provider/send"}}}
    assert world.carrier.handed == [(device.vendor_id, order, fields)]


@pytest.mark.parametrize(
    ("model", "command", "params", "order", "fields", "name", "told"),
    [
        (
            "vicki",
            "set_motor_position",
            {"position": "22"},
            SET_SETPOINT,
            {"temperature_c": 22.0},
            "SetTargetTemperature",
            {"targetTemperature": 22},
        ),
        (
            "vicki",
            "set_motor_position_only",
            {"position": 300},
            "mclimate.SetMotorPositionOnly",
            {"position": 300},
            "SetMotorPositionOnly",
            {"position": 300},
        ),
        (
            "vicki",
            "set_child_lock",
            {"enabled": True},
            SET_CHILD_LOCK,
            {"is_on": True},
            "SetChildLock",
            {"enabled": True},
        ),
        (
            "ht_sensor",
            "set_keepalive_time",
            {"time": "3"},
            "mclimate.SetKeepAlive",
            {"time": 3},
            "SetKeepAlive",
            {"time": 3},
        ),
        ("co2_sensor", "get_keepalive_time", {}, "mclimate.GetKeepAliveTime", {}, "GetKeepAliveTime", []),
        (
            "t_valve",
            "set_keepalive_time",
            {"time": 10},
            "mclimate.SetPacketPeriod",
            {"time": 10},
            "SetPacketPeriod",
            {"time": 10},
        ),
        (
            "t_valve",
            "set_open_close_time",
            {"opening_time": 5, "closing_time": 10},
            "mclimate.SetOpenCloseTime",
            {"openingTime": 5, "closingTime": 10},
            "SetOpenCloseTime",
            {"openingTime": 5, "closingTime": 10},
        ),
        (
            "relay_16",
            "set_relay_state",
            {"state": 1},
            SET_RELAY,
            {"is_on": True},
            "SetRelayState",
            {"state": True},
        ),
        (
            "fan_coil_thermostat",
            "send_command_to_fan_coil_thermostat",
            {"command_name": "SetTargetTemperature", "command_params": {"targetTemperature": 21.5}},
            SET_SETPOINT,
            {"temperature_c": 21.5},
            "SetTargetTemperature",
            {"targetTemperature": 21.5},
        ),
        (
            "wireless_thermostat",
            "send_command_to_wireless_thermostat",
            {"command_name": "GetKeepAliveTime", "command_params": []},
            "mclimate.GetKeepAliveTime",
            {},
            "GetKeepAliveTime",
            [],
        ),
        (
            "ht_sensor",
            "send_custom_hex_command",
            {"command_params": {"command": "0412"}},
            "mclimate.SendCustomHexCommand",
            {"command": "0412"},
            "SendCustomHexCommand",
            {"command": "0412"},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_lorawan_devices_command_is_queued_and_shown_as_its_cloud_does(
    world, model, command, params, order, fields, name, told
) -> None:
    device = await world.device(model, DEV_EUI)

    answered = await world.send(device, command, **params)

    (given,) = await world.commands(device)
    assert (given.name, given.fields) == (order, fields)
    assert answered.status == 200
    assert answered.json["provider"] == {
        "status": "pending",
        "_id": given.id,
        "commandName": name,
        "commandParams": told,
        "deviceId": DEV_EUI,
        "createdAt": "2026-11-21T10:00:00.000Z",
        "__v": 0,
    }


@pytest.mark.parametrize(
    ("model", "abilities", "command", "params", "order", "fields"),
    [
        (
            "NRV",
            {Ability.HEATING_SETPOINT},
            "set_motor_position",
            {"position": 21},
            SET_SETPOINT,
            {"temperature_c": 21.0},
        ),
        (
            "ecobee_thermostat",
            {Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT},
            "set_cooling_target_temperature",
            {"targetTemperature": "24.5"},
            SET_COOLING_SETPOINT,
            {"temperature_c": 24.5},
        ),
        ("NLP", {Ability.RELAY}, "switch_on_off", {"state": "on"}, SET_RELAY, {"is_on": True}),
        ("NAC", {Ability.AIR_CONDITIONING}, "send_ir_code", AC, SET_AIR_CONDITIONER, ON),
        (
            "NATherm1",
            {Ability.HEATING_SETPOINT},
            "set_climate_mode",
            {"mode": "off"},
            "set_climate_mode",
            {"mode": "off"},
        ),
    ],
)
async def test_another_makers_device_follows_what_it_can(
    world, model, abilities, command, params, order, fields
) -> None:
    device = await world.device(
        model, "70:ee:50:aa:00:01", vendor="netatmo", abilities=frozenset(abilities), is_heard=False
    )

    async with delivering(world.ports, world.carrier):
        assert (await world.send(device, command, **params)).status == 200

    assert world.carrier.handed == [(device.vendor_id, order, fields)]


# What is refused before anything is accepted


@pytest.mark.parametrize(
    ("model", "command", "params", "field"),
    [
        ("melissa", "send_ir_code", AC | {"temp": 31}, "temp"),
        ("melissa", "send_ir_code", AC | {"temp": 15}, "temp"),
        ("melissa", "send_ir_code", AC | {"temp": 20.5}, "temp"),
        ("melissa", "send_ir_code", AC | {"mode": 5}, "mode"),
        ("melissa", "send_ir_code", AC | {"fan": "fast"}, "fan"),
        ("melissa", "send_ir_code", AC | {"state": True}, "state"),
        ("melissa", "send_ir_code", {"state": 1}, "mode"),
        ("melissa", "send_ir_code", AC | {"swing": 1}, "swing"),
        ("melissa", "switch_on_off", {"state": "on"}, "command"),
        ("melissa", "send_raw_code", {"code_id": 1, "code_type": "other"}, "code_type"),
        ("bobbie", "switch_on_off", {"state": "maybe"}, "state"),
        ("bobbie", "default_state", {"state": 3}, "state"),
        ("bobbie", "max_power", {"power": 1}, "command"),
        ("smart_plug", "max_power", {"power": 99_999}, "power"),
        ("maya", "switch_on_off", {"state": "on"}, "command"),
        ("mom", "switch_on_off", {"state": "on"}, "command"),
        ("vicki", "set_motor_position", {"position": 35}, "position"),
        ("vicki", "set_keepalive_time", {"time": 0}, "time"),
        ("vicki", "set_keepalive_time", {}, "time"),
        ("vicki", "make_coffee", {}, "command"),
        ("vicki", "send_command_to_ht_sensor", {"command_name": "GetKeepAliveTime"}, "command"),
        ("vicki", "send_command_to_vicki", {"command_params": {}}, "command_name"),
        ("vicki", "send_command_to_vicki", {"command_name": "SetKeepAlive", "command_params": 3}, None),
        ("fan_coil_thermostat", "set_fan_speed", {"value": 9}, "value"),
    ],
)
async def test_what_a_device_cannot_be_told_is_400_naming_it_and_nothing_is_ordered(
    world, model, command, params, field
) -> None:
    device = await online(world, model)

    answered = await world.send(device, command, **params)

    assert answered.status == 400
    assert field is None or list(answered.json["validation"]) == [field]
    assert await world.commands(device) == []


async def test_arguments_stand_in_the_body_and_not_in_the_query(world) -> None:
    device = await online(world, "smart_plug")
    body = {"serial_number": device.vendor_id, "command": "switch_on_off", "state": "on"}

    answered = await world.post("provider/send?state=off", body)

    assert (answered.status, list(answered.json["validation"])) == (400, ["state"])
    assert await world.commands(device) == []


async def test_only_what_the_remotes_of_the_airconditioners_maker_can_say_is_taken(world) -> None:
    device = await online(world, "melissa", settings={"brand_id": 9})

    async with delivering(world.ports, world.carrier):
        assert (await world.send(device, "send_ir_code", **AC | {"temp": 16})).status == 400
        assert (await world.send(device, "send_ir_code", **AC | {"temp": 17})).status == 200


async def test_what_a_devices_firmware_does_not_know_is_400(world) -> None:
    device = await world.device("vicki", DEV_EUI, firmware="3.4")

    answered = await world.send(device, "set_child_lock_behavior", behavior="01")

    assert answered.status == 400
    assert "firmware" in answered.json["detail"]


# What can go wrong on the way


async def test_a_device_over_wifi_that_fell_silent_is_503_and_ordered_nothing(world, clock) -> None:
    device = await online(world, "smart_plug")
    clock.advance(3600)

    answered = await world.send(device, "switch_on_off", state="on")

    assert (answered.status, answered.headers["retry-after"]) == (503, "30")
    assert await world.commands(device) == []


async def test_what_was_answered_503_is_not_carried_out_later(world, clock) -> None:
    device = await online(world, "smart_plug")
    world.carrier.trouble = Unreachable("the broker is down")
    async with delivering(world.ports, world.carrier) as deliverer:
        assert (await world.send(device, "switch_on_off", state="on")).status == 503
        world.carrier.trouble = None
        clock.advance(120)
        await deliverer.look()
        await deliverer.idle()

    assert world.carrier.handed == []
    (command,) = await world.commands(device)
    assert (command.state, command.reason) == (CommandState.REFUSED, "the broker is down")


@pytest.mark.parametrize("trouble", [Garbled("nonsense"), Refused("the key is wrong")], ids=repr)
async def test_nonsense_from_what_stands_between_is_502(world, trouble) -> None:
    device = await online(world, "melissa")
    world.carrier.trouble = trouble

    async with delivering(world.ports, world.carrier):
        answered = await world.send(device, "send_ir_code", **AC)

    assert answered.status == 502


async def test_a_command_that_nobody_has_taken_yet_is_answered_as_accepted(world) -> None:
    device = await online(world, "melissa")

    assert (await world.send(device, "send_ir_code", **AC)).status == 200


async def test_an_idempotency_key_orders_once_whatever_is_lost_on_the_way(world) -> None:
    device = await online(world, "smart_plug")
    body = {"serial_number": device.vendor_id, "command": "switch_on_off", "state": "on"}

    async with delivering(world.ports, world.carrier):
        both = [await world.post("provider/send", body, idempotency_key="k") for _ in range(2)]

    assert both[0].body == both[1].body
    assert len(world.carrier.handed) == 1


async def test_a_key_whose_command_came_to_nothing_orders_again(world) -> None:
    device = await online(world, "smart_plug")
    body = {"serial_number": device.vendor_id, "command": "switch_on_off", "state": "on"}
    world.carrier.trouble = Unreachable("the broker is down")

    async with delivering(world.ports, world.carrier):
        assert (await world.post("provider/send", body, idempotency_key="k")).status == 503
        world.carrier.trouble = None
        world.ports.clock.advance(1)
        assert (await world.post("provider/send", body, idempotency_key="k")).status == 200

    assert len(world.carrier.handed) == 1


# Where it shows


async def test_a_command_shows_in_the_log_the_controller_and_the_queue(world) -> None:
    device = await online(world, "melissa")
    async with delivering(world.ports, world.carrier):
        await world.send(device, "send_ir_code", **AC, executor="homebridge")

    log = await world.client.get("/v1/command_log/melissa1?command=send_ir_code&sort=-created&limit=1")
    controller = (await world.client.get("/v1/controllers/melissa1")).json["controller"]

    (entry,) = log.json["_embedded"]["command_log"]
    links = entry.pop("_links")
    assert entry == {
        "id": entry["id"],
        "controller_id": device.number,
        "user_id": world.households.accounts["ada"].number,
        "command": "send_ir_code",
        "executed_resource": AC,
        "executor": "homebridge",
        "status": "delivered",
        "reason": None,
        "created": "2026-11-21T10:00:00.001Z",
    }
    assert (await world.client.get(links["self"]["href"])).json["command_log"] == entry
    assert controller["_relation"] == {"command_log": AC}
    assert (await world.client.get("/v1/provider/pending/melissa1")).json["provider"] == []


async def test_an_air_conditioner_that_is_to_idle_is_off_and_logged_as_asked_for(world) -> None:
    device = await online(world, "melissa")
    await world.send(device, "send_ir_code", **AC | {"state": "2"})

    (given,) = await world.commands(device)
    (entry,) = (await world.client.get("/v1/command_log/melissa1")).json["_embedded"]["command_log"]
    assert (given.fields["is_on"], entry["executed_resource"]) == (False, AC | {"state": 2})


@pytest.mark.parametrize(
    ("command", "params"),
    [
        ("set_motor_position", {"position": 22}),
        ("set_keepalive_time", {"time": 5}),
        ("send_command_to_vicki", {"command_name": "SetKeepAlive", "command_params": {"time": 5}}),
    ],
)
async def test_the_log_shows_a_command_as_it_was_asked_for(world, command, params) -> None:
    device = await world.device("vicki", DEV_EUI)
    await world.send(device, command, **params)

    log = await world.client.get(f"/v1/command_log/{DEV_EUI}?command={command}")

    (entry,) = log.json["_embedded"]["command_log"]
    assert (entry["command"], entry["executed_resource"]) == (command, params)


async def test_each_command_of_a_queue_is_reached_by_its_own_link(world) -> None:
    device = await world.device("ht_sensor", DEV_EUI)
    for minutes in (5, 10):
        await world.send(device, "set_keepalive_time", time=minutes)

    queue = (await world.client.get(f"/v1/provider/pending/{DEV_EUI}")).json["_embedded"]["provider"]

    for command in queue:
        (alone,) = (await world.client.get(command["_links"]["self"]["href"])).json["_embedded"]["provider"]
        assert alone == command
    assert [command["commandParams"] for command in queue] == [{"time": 5}, {"time": 10}]


async def test_a_relay_shows_what_it_was_told_until_it_says_more_itself(world, clock) -> None:
    device = await world.heard(await world.device("smart_plug"), relay_on=0)
    async with delivering(world.ports, world.carrier):
        await world.send(device, "switch_on_off", state="on")
    told = (await world.client.get("/v1/controllers/smart_plug1")).json["controller"]["relay_state"]
    clock.advance(1)
    await world.heard(device, relay_on=0)
    said = (await world.client.get("/v1/controllers/smart_plug1")).json["controller"]["relay_state"]

    assert (told, said) == (1, 0)


async def test_a_key_that_a_device_was_given_is_never_shown(world) -> None:
    device = await world.device("vicki", DEV_EUI)
    secret = "AABBCCDDEEFF00010203040506070809"

    answered = await world.send(device, "set_app_eui_and_app_key", app_eui="AABBCCDD11223344", app_key=secret)
    log = await world.client.get(f"/v1/command_log/{DEV_EUI}")

    assert answered.status == 200
    assert secret not in answered.body.decode() + log.body.decode()
    assert secret in (await world.commands(device))[0].fields.values()


async def test_what_another_dialect_ordered_is_logged_in_this_ones_words(world) -> None:
    device = await world.device("vicki", DEV_EUI)
    owner_id = world.households.accounts["ada"].owner_id
    await give_order(world.ports, owner_id, ACTOR, device, SET_SETPOINT, {"temperature_c": 21.0})

    (entry,) = (await world.client.get(f"/v1/command_log/{DEV_EUI}")).json["_embedded"]["command_log"]

    assert (entry["command"], entry["executed_resource"]) == (
        "set_target_temperature",
        {"targetTemperature": 21},
    )


async def test_the_log_goes_over_months_and_pages_without_reading_all(world, clock) -> None:
    device = await world.device("ht_sensor", DEV_EUI)
    for minutes in range(1, 8):
        await world.send(device, "set_keepalive_time", time=minutes)
        clock.advance(10 * 24 * 3600)

    async def times(query: str) -> list[int]:
        answer = await world.client.get(f"/v1/command_log/{DEV_EUI}?{query}")
        return [item["executed_resource"]["time"] for item in answer.json["_embedded"]["command_log"]]

    assert await times("") == [1, 2, 3, 4, 5, 6, 7]
    assert await times("sort=-created&limit=3&page=2") == [4, 3, 2]
    assert await times("sort=-command,created&limit=2&page=4") == [7]
    assert await times("status=pending&limit=2") == [1, 2]
    last = (await world.client.get(f"/v1/command_log/{DEV_EUI}?limit=3")).json["_links"]["last"]
    assert last == {"href": f"/v1/command_log/{DEV_EUI}?limit=3&page=3"}


async def test_orders_at_the_same_time_are_each_answered_with_their_own_fate(world) -> None:
    device = await online(world, "smart_plug")
    async with delivering(world.ports, world.carrier):
        answers = await asyncio.gather(
            *(world.send(device, "switch_on_off", state=state) for state in ("on", "off", "on"))
        )

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert len(world.carrier.handed) == 3
