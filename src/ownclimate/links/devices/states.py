"""A device's state in the contract's words: quantities, and the settings that are none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from ownclimate.core import orders
from ownclimate.core.errors import InvalidInput
from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.record import instant_problem
from ownclimate.ingest.instants import parse_instant
from ownclimate.ingest.rows import FLAGS
from ownclimate.links.devices.said import State

AIR_CONDITIONER: Final = "air_conditioner"


def read_state(content: Mapping[str, Any], now_ms: int) -> tuple[State, list[str]]:
    """The state, and what in it was not understood. Raises InvalidInput for a wrong value of a known one."""
    values: dict[str, float] = {}
    settings: dict[str, Any] = {}
    notes = []
    for name, value in content.items():
        if name == "at" or value is None:
            continue
        if name in QUANTITIES:
            values[name] = _number(name, value)
        elif name in SETTINGS:
            settings[name] = SETTINGS[name](name, value)
        else:
            notes.append(f"unknown member {name[:40]!r}")
    if air := settings.get(AIR_CONDITIONER):
        values = {**air_values(air), **values}
    return State(values=values, settings=settings, at_ms=_instant(content.get("at"), now_ms)), notes


def air_values(air: Mapping[str, Any]) -> dict[str, float]:
    """What follows from how an air conditioner is set. In `auto` it alone knows whether it heats or cools."""
    is_on, mode = air["is_on"], air["mode"]
    values = {
        "cooling_on": float(is_on and mode in ("cool", "dry")),
        "heating_on": float(is_on and mode == "heat"),
        "fan_on": float(is_on),
    }
    if is_on and mode != "fan":
        values["setpoint_c" if mode == "heat" else "setpoint_cool_c"] = float(air["temperature_c"])
    return values


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) and name not in FLAGS:
        raise InvalidInput(name, "expected a number, not true or false")
    if not isinstance(value, (int, float)):
        raise InvalidInput(name, "expected a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidInput(name, "expected a finite number")
    return number


def _instant(value: Any, now_ms: int) -> int | None:
    if value is None:
        return None
    try:
        at_ms = parse_instant(value)
    except ValueError as error:
        raise InvalidInput("at", str(error)) from error
    if (problem := instant_problem(at_ms, now_ms)) is not None:
        raise InvalidInput("at", problem)
    return at_ms


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(name, "expected true or false")
    return value


def _fields_of(order: str) -> Callable[[str, Any], dict[str, Any]]:
    """All fields of an order, checked as in an order."""

    def check(name: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise InvalidInput(name, f"expected an object of {', '.join(sorted(orders.FIELDS[order]))}")
        orders.check_order(order, value)
        return value

    return check


def _mode_of(order: str) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        orders.check_order(order, {"mode": value})
        return str(value)

    return check


def _fan_speed(name: str, value: Any) -> str | int:
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if not is_number and value not in ("auto", "on", "off"):
        raise InvalidInput(name, "expected auto, on, off or a number from 1 up")
    return value  # type: ignore[no-any-return]  # one of the two, as just checked


SETTINGS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    AIR_CONDITIONER: _fields_of(orders.SET_AIR_CONDITIONER),
    "climate_mode": _mode_of(orders.SET_CLIMATE_MODE),
    "fan_speed": _fan_speed,
    "light_on": _flag,
    "child_lock": _flag,
    "monitoring_on": _flag,
    "floodlight_mode": _mode_of(orders.SET_FLOODLIGHT),
    "pilot_wire_mode": _mode_of(orders.SET_PILOT_WIRE),
}
"""Members of a state beside quantities. They become the device's settings of the same names."""
