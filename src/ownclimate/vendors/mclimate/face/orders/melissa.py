"""Melissa's commands: codes for the air-conditioner, and its own light (contract §9.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ownclimate.core.errors import InvalidInput
from ownclimate.core.orders import AIR_FANS, AIR_MODES, SET_AIR_CONDITIONER, SET_LIGHT, maker_order
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate.brands import HIGHEST_C, LOWEST_C, CodeSet, code_sets_of
from ownclimate.vendors.mclimate.face.orders.order import (
    Order,
    Params,
    Said,
    refuse_others,
    unknown_command,
    whole,
    wording_of,
)
from ownclimate.vendors.mclimate.vocabulary import VENDOR

SEND_IR_CODE = "send_ir_code"
LIGHT_OFF = "turn_led_off"
LIGHT_ON = "reset_color"
SEND_RAW_CODE = "send_raw_code"
COMMANDS = (SEND_IR_CODE, LIGHT_OFF, LIGHT_ON, SEND_RAW_CODE)

ON, IDLE = 1, 2
CUSTOM = "custom"
LARGEST_CODE = 2**31 - 1


def to_core(device: Device, command: str, params: Params) -> Order:
    if command == SEND_IR_CODE:
        return air_order(device, params)
    if command in (LIGHT_OFF, LIGHT_ON):
        refuse_others(params)
        return light_order(command)
    if command == SEND_RAW_CODE:
        refuse_others(params, "code_id", "code_type")
        if params.get("code_type", CUSTOM) != CUSTOM:
            raise InvalidInput("code_type", f'expected "{CUSTOM}"')
        fields = {"code_id": whole(params, "code_id", 0, LARGEST_CODE), "code_type": CUSTOM}
        return Order(name=maker_order(VENDOR, SEND_RAW_CODE), fields=fields)
    raise unknown_command(command, COMMANDS)


def air_order(device: Device, params: Params) -> Order:
    """All four arguments at once, as far as the codes of the air-conditioner's maker can say them.

    Idle is off to an air-conditioner: no code makes one wait.
    """
    refuse_others(params, "state", "mode", "temp", "fan")
    state = whole(params, "state", 0, 2)
    mode = whole(params, "mode", 0, len(AIR_MODES) - 1)
    temp = whole(params, "temp", LOWEST_C, HIGHEST_C)
    fan = whole(params, "fan", 0, len(AIR_FANS) - 1)
    _check(code_sets_of(device.settings.get("brand_id")), mode, temp, fan)
    fields = {
        "is_on": state == ON,
        "mode": AIR_MODES[mode],
        "temperature_c": float(temp),
        "fan": AIR_FANS[fan],
    }
    asked = {"state": state, "mode": mode, "temp": temp, "fan": fan}
    wording = wording_of(SEND_IR_CODE, asked) if state == IDLE else {}
    return Order(name=SET_AIR_CONDITIONER, fields=fields, wording=wording)


def check_reach(device: Device, fields: Mapping[str, Any]) -> None:
    """Raises InvalidInput for a temperature that no remote of the air-conditioner's maker can say."""
    code_sets = code_sets_of(device.settings.get("brand_id"))
    low, high = min(codes.min_temp for codes in code_sets), max(codes.max_temp for codes in code_sets)
    if not low <= fields["temperature_c"] <= high:
        raise InvalidInput("temp", f"this air-conditioner takes {low} to {high} °C")


def light_order(command: str) -> Order:
    return Order(name=SET_LIGHT, fields={"is_on": command == LIGHT_ON})


def air_said(fields: dict[str, Any]) -> Said:
    params = {
        "state": int(fields["is_on"]),
        "mode": AIR_MODES.index(fields["mode"]),
        "temp": round(fields["temperature_c"]),
        "fan": AIR_FANS.index(fields["fan"]),
    }
    return Said(command=SEND_IR_CODE, params=params)


def light_said(fields: dict[str, Any]) -> Said:
    return Said(command=LIGHT_ON if fields["is_on"] else LIGHT_OFF)


def _check(code_sets: tuple[CodeSet, ...], mode: int, temp: int, fan: int) -> None:
    """Raises InvalidInput naming the first argument that no code set has together with those before it."""
    able = [codes for codes in code_sets if mode in codes.modes]
    if not able:
        raise InvalidInput("mode", f"this air-conditioner has no mode {mode}")
    able_fans = [codes for codes in able if fan in codes.fans]
    if not able_fans:
        raise InvalidInput("fan", f"this air-conditioner has no fan speed {fan}")
    if not any(codes.min_temp <= temp <= codes.max_temp for codes in able_fans):
        low, high = min(c.min_temp for c in able_fans), max(c.max_temp for c in able_fans)
        raise InvalidInput("temp", f"this air-conditioner takes {low} to {high} °C")
