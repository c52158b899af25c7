from __future__ import annotations

from typing import Any

import pytest

from ownclimate.core.errors import InvalidInput, Unsupported
from ownclimate.core.ids import DeviceId
from ownclimate.core.things import Command
from ownclimate.vendors.mclimate.collector_orders import is_shown, request_of

AIR = {"is_on": True, "mode": "cool", "temperature_c": 22.0, "fan": "low"}


def order(name: str, fields: dict[str, Any]) -> Command:
    return Command(id="0" * 24, device_id=DeviceId("1" * 24), name=name, fields=fields)


REQUESTS = [
    ("vicki", "4.3", "set_setpoint", {"temperature_c": 21.0}, "set_motor_position", {"position": 21}),
    ("vicki", "", "set_setpoint", {"temperature_c": 21.5}, "set_motor_position", {"position": 22}),
    (
        "vicki", "4.3", "set_setpoint", {"temperature_c": 21.5, "until_ms": 7},
        "set_target_temperature", {"targetTemperature": 21.5},
    ),
    ("vicki", "4.3", "set_child_lock", {"is_on": True}, "set_child_lock", {"enabled": True}),
    ("vicki", "4.3", "set_climate_mode", {"mode": "heat"}, "set_operational_mode", {"mode": "01"}),
    ("wireless_thermostat", "", "set_child_lock", {"is_on": True}, "set_child_lock", {"enabled": True}),
    (
        "melissa", "", "set_air_conditioner", AIR,
        "send_ir_code", {"state": 1, "mode": 3, "temp": 22, "fan": 1},
    ),
    ("melissa", "", "set_light", {"is_on": False}, "turn_led_off", {}),
    (
        "melissa", "", "mclimate.send_raw_code", {"code_id": 3, "code_type": "custom"},
        "send_raw_code", {"code_id": 3, "code_type": "custom"},
    ),
    ("bobbie", "", "set_relay", {"is_on": True}, "switch_on_off", {"state": "on"}),
    ("smart_plug", "", "mclimate.max_power", {"power": 900}, "max_power", {"power": 900}),
    ("ht_sensor", "", "mclimate.SetKeepAlive", {"time": 5}, "set_keep_alive", {"time": 5}),
    ("relay_16", "", "set_relay", {"is_on": False}, "set_relay_state", {"state": False}),
    (
        "NRV", "", "set_setpoint", {"temperature_c": 19.5},
        "set_target_temperature", {"targetTemperature": 19.5},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "firmware", "name", "fields", "command", "params"), REQUESTS)
def test_an_order_goes_out_in_the_vendors_words(
    type_name: str, firmware: str, name: str, fields: dict[str, Any], command: str, params: dict[str, Any]
) -> None:
    request = request_of(type_name, firmware, order(name, fields))

    assert (request.command, dict(request.params)) == (command, params)


@pytest.mark.parametrize(
    ("type_name", "name", "fields"),
    [
        ("maya", "set_relay", {"is_on": True}),
        ("melissa", "set_relay", {"is_on": True}),
        ("ht_sensor", "set_setpoint", {"temperature_c": 20.0}),
        ("vicki", "set_position", {"position_pct": 30}),
        ("vicki", "netatmo.identify", {}),
        ("NRV", "hold", {"mode": "home", "temperature_c": None, "channel": "heating"}),
    ],
)
def test_what_the_cloud_has_no_word_for_is_not_sent(
    type_name: str, name: str, fields: dict[str, Any]
) -> None:
    with pytest.raises((Unsupported, InvalidInput)):
        request_of(type_name, "4.3", order(name, fields))


def test_arguments_named_like_members_of_the_request_go_within_their_own_object() -> None:
    request = request_of("vicki", "4.3", order("mclimate.SendCustomHexCommand", {"command": "0412"}))

    assert request.body("V1", "us") == {
        "serial_number": "V1",
        "command": "send_custom_hex_command",
        "command_params": {"command": "0412"},
        "executor": "us",
    }


def test_a_device_that_is_as_was_ordered_shows_it() -> None:
    target = order("set_setpoint", {"temperature_c": 21.5})

    assert is_shown(target, {"setpoint_c": 21.5}, {})
    assert is_shown(target, {"setpoint_c": 22.0}, {})  # It knows whole degrees only.
    assert not is_shown(target, {"setpoint_c": 21.0}, {})
    assert not is_shown(target, {}, {})
    assert is_shown(order("set_relay", {"is_on": False}), {"relay_on": 0.0}, {})
    assert is_shown(order("set_child_lock", {"is_on": True}), {}, {"child_lock": True})
    assert not is_shown(order("set_air_conditioner", AIR), {"temperature_c": 22.0}, {})
