"""The core's orders as frames, and what a device must send to show that it followed one."""

from __future__ import annotations

from typing import Any

import pytest

from ownclimate.core import orders as core_orders
from ownclimate.core.errors import InvalidInput, Unsupported
from ownclimate.vendors.mclimate.codecs import (
    FrameTable,
    confirms,
    decode,
    encode,
    frame_for,
    models,
    read_downlink,
)
from ownclimate.vendors.mclimate.codecs.table import FrameCodec

VICKI = "81{:02X}AF4BAB2A129030"
"""A Vicki's keep-alive with room for its target: not locked, 23 % open."""

FAN_COIL = "0102888000{:02X}{:02X}{:02X}0201{:02X}"
"""A fan coil's with room for its target in tenths, its mode, its fan, and whether it is on."""


def codec(model: str) -> FrameCodec:
    found = FrameTable().named(model)
    assert found is not None
    return found


Case = tuple[str, str, dict[str, Any], str, str | None]

FRAMES: dict[str, Case] = {
    "tenths to a new Vicki": ("vicki", "set_setpoint", {"temperature_c": 21.5}, "4.3", "5100D7"),
    "whole degrees to a new Vicki": ("vicki", "set_setpoint", {"temperature_c": 21}, "4.3", "0E15"),
    "tenths to an old Vicki": ("vicki", "set_setpoint", {"temperature_c": 21.5}, "4.2", "0E16"),
    "tenths to a Vicki of unknown age": ("vicki", "set_setpoint", {"temperature_c": 21.4}, "", "0E15"),
    "finer than tenths": ("vicki", "set_setpoint", {"temperature_c": 21.56}, "4.6", "5100D8"),
    "a child lock": ("vicki", "set_child_lock", {"is_on": True}, "", "0701"),
    "a valve's place": ("vicki", "set_position", {"position_pct": 40}, "", "0D004E28"),
    "back to heating": ("vicki", "set_climate_mode", {"mode": "auto"}, "", "0D0118"),
    "a mode that a Vicki has not": ("vicki", "set_climate_mode", {"mode": "off"}, "", None),
    "tenths to a new thermostat": (
        "wireless_thermostat",
        "set_setpoint",
        {"temperature_c": 21.5},
        "1.4",
        "5000D7",
    ),
    "tenths to an old thermostat": (
        "wireless_thermostat",
        "set_setpoint",
        {"temperature_c": 21.5},
        "1.3",
        "2E16",
    ),
    "a thermostat's lock, and whether": (
        "wireless_thermostat",
        "set_child_lock",
        {"is_on": True},
        "",
        "070114",
    ),
    "a fan coil's target": ("fan_coil_thermostat", "set_setpoint", {"temperature_c": 21.5}, "", "2E00D7"),
    "its cooling target": (
        "fan_coil_thermostat",
        "set_cooling_setpoint",
        {"temperature_c": 24},
        "",
        "2E00F0",
    ),
    "heat": ("fan_coil_thermostat", "set_climate_mode", {"mode": "heat"}, "", "66015201"),
    "cool": ("fan_coil_thermostat", "set_climate_mode", {"mode": "cool"}, "", "66015202"),
    "ventilate": ("fan_coil_thermostat", "set_climate_mode", {"mode": "ventilation"}, "", "66015200"),
    "off": ("fan_coil_thermostat", "set_climate_mode", {"mode": "off"}, "", "6600"),
    "a fan's speed": ("fan_coil_thermostat", "set_fan", {"speed": 4}, "", "4404"),
    "a fan by itself": ("fan_coil_thermostat", "set_fan", {"speed": "auto"}, "", "4400"),
    "keys": ("fan_coil_thermostat", "set_child_lock", {"is_on": True}, "", "070114"),
    "a switch": ("relay_16", "set_relay", {"is_on": True}, "", "C101"),
    "a dry switch": ("relay_16_dry", "set_relay", {"is_on": False}, "", "C100"),
    "a switch's light": ("relay_16", "set_light", {"is_on": False}, "", "5B005C"),
    "a valve opened": ("t_valve", "set_position", {"position_pct": 100}, "", "0C01"),
    "a valve as a switch": ("t_valve", "set_relay", {"is_on": False}, "", "0C00"),
    "a T-Ring": ("thermostat", "set_setpoint", {"temperature_c": 21.5}, "", "01000000D700"),
    "a VRV relay": ("dsk_device", "set_relay", {"is_on": True}, "", "1E01"),
    "a maker's own": ("ht_sensor", "mclimate.SetKeepAlive", {"time": 5}, "", "0205"),
    "a maker's own in snake case": ("ht_sensor", "mclimate.set_keepalive_time", {"time": 5}, "", "0205"),
    "another maker's": ("ht_sensor", "netatmo.setthermpoint", {}, "", None),
    "a sensor switched": ("ht_sensor", "set_relay", {"is_on": True}, "", None),
}


@pytest.mark.parametrize(
    ("model", "order", "fields", "firmware", "frame"), FRAMES.values(), ids=FRAMES.keys()
)
def test_an_order_becomes_a_frame(
    model: str, order: str, fields: dict[str, Any], firmware: str, frame: str | None
) -> None:
    found = frame_for(model, order, fields, firmware=firmware)

    assert (found and found.hex) == frame


def test_a_codec_says_what_its_model_cannot_follow() -> None:
    with pytest.raises(Unsupported, match="ht_sensor cannot follow set_relay"):
        codec("ht_sensor").frame("set_relay", {"is_on": True}, "")
    with pytest.raises(InvalidInput, match="5 to 30"):
        codec("vicki").frame("set_setpoint", {"temperature_c": 31}, "")
    with pytest.raises(InvalidInput, match="1 to 6"):
        codec("fan_coil_thermostat").frame("set_fan", {"speed": 7}, "")
    with pytest.raises(InvalidInput, match="closed"):
        codec("t_valve").frame("set_position", {"position_pct": 50}, "")
    with pytest.raises(InvalidInput, match="movements"):
        codec("vicki").frame("set_position", {"move": "stop"}, "")


SHOWN: dict[str, tuple[str, str, dict[str, Any], str, bool]] = {
    "the target": ("vicki", "set_setpoint", {"temperature_c": 27}, VICKI.format(27), True),
    "another target": ("vicki", "set_setpoint", {"temperature_c": 26}, VICKI.format(27), False),
    "tenths that were sent whole": ("vicki", "set_setpoint", {"temperature_c": 26.5}, VICKI.format(27), True),
    "tenths": ("vicki", "set_setpoint", {"temperature_c": 26.4}, "520108" + VICKI.format(26), True),
    "other tenths": ("vicki", "set_setpoint", {"temperature_c": 26.6}, "520108" + VICKI.format(26), False),
    "a frame that says nothing of it": ("vicki", "set_setpoint", {"temperature_c": 26}, "120A", False),
    "a frame that cannot be read": ("vicki", "set_setpoint", {"temperature_c": 26}, "FFFF", False),
    "no lock": ("vicki", "set_child_lock", {"is_on": False}, VICKI.format(20), True),
    "a lock that is not": ("vicki", "set_child_lock", {"is_on": True}, VICKI.format(20), False),
    "a valve's place, nearly": ("vicki", "set_position", {"position_pct": 25}, VICKI.format(20), True),
    "another place": ("vicki", "set_position", {"position_pct": 60}, VICKI.format(20), False),
    "a place in another mode": (
        "vicki",
        "set_position",
        {"position_pct": 25},
        "1801" + VICKI.format(20),
        False,
    ),
    "a mode that is answered": (
        "vicki",
        "set_climate_mode",
        {"mode": "auto"},
        "1801" + VICKI.format(20),
        True,
    ),
    "a lock that is answered": ("wireless_thermostat", "set_child_lock", {"is_on": True}, "1401", True),
    "heating": (
        "fan_coil_thermostat",
        "set_climate_mode",
        {"mode": "heat"},
        FAN_COIL.format(200, 1, 3, 1),
        True,
    ),
    "heating when off": (
        "fan_coil_thermostat",
        "set_climate_mode",
        {"mode": "heat"},
        FAN_COIL.format(200, 1, 3, 0),
        False,
    ),
    "off": ("fan_coil_thermostat", "set_climate_mode", {"mode": "off"}, FAN_COIL.format(200, 1, 3, 0), True),
    "a fan's speed": ("fan_coil_thermostat", "set_fan", {"speed": 3}, FAN_COIL.format(200, 1, 3, 1), True),
    "a fan coil's target": (
        "fan_coil_thermostat",
        "set_setpoint",
        {"temperature_c": 20},
        FAN_COIL.format(200, 1, 3, 1),
        True,
    ),
    "a switch": ("relay_16_dry", "set_relay", {"is_on": True}, "011C01", True),
    "a switch that is not": ("relay_16_dry", "set_relay", {"is_on": True}, "011C00", False),
    "an open valve": ("t_valve", "set_relay", {"is_on": True}, "2CC0", True),
    "a closed valve": ("t_valve", "set_position", {"position_pct": 100}, "2C40", False),
    "a valve's long frame says nothing of it": ("t_valve", "set_relay", {"is_on": True}, "8851FF05A4", False),
    "a T-Ring": ("thermostat", "set_setpoint", {"temperature_c": 22}, "01D70001DC0050", True),
    "a period that is answered": ("ht_sensor", "mclimate.SetKeepAlive", {"time": 5}, "1205", True),
    "a question": ("ht_sensor", "mclimate.GetRegion", {}, "A400", False),
    "another maker's order": ("ht_sensor", "netatmo.setthermpoint", {}, "1205", False),
    "an order out of range": ("vicki", "set_setpoint", {"temperature_c": 99}, VICKI.format(27), False),
}


@pytest.mark.parametrize(("model", "order", "fields", "uplink", "is_shown"), SHOWN.values(), ids=SHOWN.keys())
def test_an_order_is_confirmed_by_what_the_device_says(
    model: str, order: str, fields: dict[str, Any], uplink: str, is_shown: bool
) -> None:
    assert codec(model).confirms(order, fields, bytes.fromhex(uplink)) is is_shown


def test_with_a_known_firmware_only_what_was_sent_confirms() -> None:
    whole = bytes.fromhex(VICKI.format(27))

    assert confirms("vicki", "set_setpoint", {"temperature_c": 26.5}, whole, firmware="4.2")
    assert not confirms("vicki", "set_setpoint", {"temperature_c": 26.5}, whole, firmware="4.3")


FIELDS: dict[str, list[dict[str, Any]]] = {
    core_orders.SET_SETPOINT: [{"temperature_c": 19.3}],
    core_orders.SET_COOLING_SETPOINT: [{"temperature_c": 24.6}],
    core_orders.SET_RELAY: [{"is_on": True}, {"is_on": False}],
    core_orders.SET_LIGHT: [{"is_on": True}],
    core_orders.SET_CHILD_LOCK: [{"is_on": True}, {"is_on": False}],
    core_orders.SET_POSITION: [{"position_pct": 0}, {"position_pct": 100}],
    core_orders.SET_FAN: [{"speed": "auto"}, {"speed": 3}],
    core_orders.SET_CLIMATE_MODE: [{"mode": "heat"}],
}


@pytest.mark.parametrize("model", models())
def test_every_orders_frame_is_one_that_the_model_reads(model: str) -> None:
    for order, fields in ((order, fields) for order, many in FIELDS.items() for fields in many):
        core_orders.check_order(order, fields)
        frame = frame_for(model, order, fields, firmware="99")
        if frame is not None:
            assert read_downlink(model, frame.payload)


@pytest.mark.parametrize(("model", "command"), [("vicki", "SetKeepAlive"), ("relay_16", "SetKeepAlive")])
def test_a_setting_is_confirmed_once_the_device_answers_it(model: str, command: str) -> None:
    sent = encode(model, command, {"time": 9}).payload
    answer = bytes([0x12]) + sent[1:]

    assert decode(model, answer).fields == {"keepAliveTime": 9}
    assert confirms(model, f"mclimate.{command}", {"time": 9}, answer)
    assert not confirms(model, f"mclimate.{command}", {"time": 8}, answer)
