"""Orders that SmartBuildings' cloud can carry out, and the one call that each of them is.

Beside our own (`core.orders`) there are the maker's, for what has no word of ours: holds of either kind of
length, resuming the programme, names, limits of alerts, tenant mode. The API cannot acknowledge an alert.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core import orders
from ownclimate.core.climate import Channel
from ownclimate.core.errors import Unsupported
from ownclimate.core.orders import maker_order
from ownclimate.core.readings import LatestValue
from ownclimate.core.things import Command, Device, SetpointMode
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings.reading import known
from ownclimate.vendors.smartbuildings.units import fahrenheit

HEAT_HOLD: Final = maker_order(words.VENDOR, "heat_hold")
"""`temperature_c`, `type`: as on the wire, `indefinite` or `nextTransition`."""
COOL_HOLD: Final = maker_order(words.VENDOR, "cool_hold")
FAN_HOLD: Final = maker_order(words.VENDOR, "fan_hold")
"""`fan` (`on`, `auto`), `type`."""
RESUME: Final = maker_order(words.VENDOR, "resume")
"""Ends every hold."""
RENAME: Final = maker_order(words.VENDOR, "rename")
"""`name`, `display_name`, or one of them."""
SET_ALERTS: Final = maker_order(words.VENDOR, "set_alerts")
"""Members of the alert settings, as on the wire."""
SET_TENANT_MODE: Final = maker_order(words.VENDOR, "set_tenant_mode")
"""`is_on`."""

INDEFINITE: Final = "indefinite"
NEXT_TRANSITION: Final = "nextTransition"
"""How long an order of ours holds that is not said to hold for ever: the cloud takes no end, and with its
next change the thermostat's own programme goes on, so that nothing that is ordered from here outlasts it."""
NEAR_C: Final = 0.3
"""A thermostat that knows halves of a degree Fahrenheit only answers with the nearest."""
FANS: Final = ("on", "auto")
_HEATS: Final = frozenset({orders.SET_SETPOINT, HEAT_HOLD})
_COOLS: Final = frozenset({orders.SET_COOLING_SETPOINT, COOL_HOLD})
_BLOWS: Final = frozenset({orders.SET_FAN, FAN_HOLD})
STATUS, EVENTS, SUMMARY, SETTINGS = "status", "events", "summary", "settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call: `tail` follows the thermostat's address. `shows_in` are the parts that tell what came of it,
    the first of them for certain. With `is_answered` its own answer is that part, as it is now."""

    method: str
    tail: str
    body: Mapping[str, Any] | None
    shows_in: tuple[str, ...] = (STATUS,)
    is_answered: bool = False


def request_of(command: Command) -> Request:
    """Raises Unsupported for what the cloud cannot do."""
    name, fields = _plainly(command)
    kind = fields.get("type") or (INDEFINITE if fields.get(orders.UNTIL) == 0 else NEXT_TRANSITION)
    if name in _HEATS:
        return _hold("/heatHold", fields["temperature_c"], kind)
    if name in _COOLS:
        return _hold("/coolHold", fields["temperature_c"], kind)
    if name in _BLOWS and _fan_of(command) in FANS:
        body = {"fan": _fan_of(command), "type": kind}
        return Request(method="POST", tail="/fanHold", body=body, shows_in=(EVENTS, STATUS))
    if name == orders.SET_CLIMATE_MODE and fields["mode"] in words.HVAC_MODES:
        return Request(method="PATCH", tail="/hvacMode", body={"hvacMode": words.HVAC_MODES[fields["mode"]]})
    if name == RESUME:
        return Request(method="POST", tail="/resumeSchedule", body=None, shows_in=(EVENTS, STATUS))
    if name == RENAME:
        asked = {"name": fields.get("name"), "thermostatName": fields.get("display_name")}
        return Request(method="PATCH", tail="", body=known(asked), shows_in=(SUMMARY,), is_answered=True)
    if name == SET_ALERTS:
        return Request(
            method="PATCH", tail="/alertSettings", body=fields, shows_in=(SETTINGS,), is_answered=True
        )
    if name == SET_TENANT_MODE:
        body = {"isTenantMode": fields["is_on"]}
        return Request(method="PATCH", tail="/tenantMode", body=body, shows_in=(STATUS, SETTINGS, SUMMARY))
    raise Unsupported(name, f"SmartBuildings' cloud cannot carry out {name}")


def is_done(command: Command, device: Device, latest: Mapping[str, LatestValue]) -> bool:
    """Whether what the cloud says now is what was ordered. False also when it may still become so."""
    name, fields = _plainly(command)
    if name in _HEATS:
        return _holds(latest.get("setpoint_c"), fields["temperature_c"])
    if name in _COOLS:
        return _holds(latest.get("setpoint_cool_c"), fields["temperature_c"])
    if name in _BLOWS:
        return any(hold.get("fan") == _fan_of(command) for hold in holds_of(device))
    if name == orders.SET_CLIMATE_MODE:
        return bool(device.settings.get(words.CLIMATE_MODE) == fields["mode"])
    if name == RESUME:
        return not any(hold.get("type") == "hold" for hold in holds_of(device))
    return name == SET_TENANT_MODE and device.settings.get(words.TENANT_MODE) == fields["is_on"]


def holds_of(device: Device) -> list[Mapping[str, Any]]:
    """As the cloud said them last, the one that runs first."""
    said = device.reports.get(words.HOLDS_SAID)
    if said is None:
        return []
    running = [said.value["current"]] if "current" in said.value else []
    return [*running, *said.value["others"]]


def _plainly(command: Command) -> tuple[str, Mapping[str, Any]]:
    """What a room is to do, as an order of the thermostat's: here is no mode that would hold a room."""
    name, fields = command.name, command.fields
    if name != orders.HOLD:
        return name, fields
    if fields["mode"] == SetpointMode.HOME.value:
        return RESUME, {}
    if fields["temperature_c"] is None:
        raise Unsupported(name, "SmartBuildings' cloud can only be told of temperatures")
    is_cool = fields["channel"] == Channel.COOLING.value
    return orders.SET_COOLING_SETPOINT if is_cool else orders.SET_SETPOINT, fields


def _hold(tail: str, temperature_c: float, kind: str) -> Request:
    body = {"desiredTemperature": fahrenheit(temperature_c), "type": kind}
    return Request(method="POST", tail=tail, body=body, shows_in=(STATUS, EVENTS))


def _fan_of(command: Command) -> Any:
    return command.fields.get("fan", command.fields.get("speed"))


def _holds(told: LatestValue | None, wanted_c: float) -> bool:
    return told is not None and abs(told.value - wanted_c) <= NEAR_C
