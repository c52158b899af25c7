"""What SmartBuildings' answers mean in the core: pure functions from an answer's `data`.

Every member that is not understood is kept as it came (`kept`), and nothing here ever raises for what a
cloud may send. Source: ecobee's OpenAPI document 1.7.0; where it is silent (units of sensors' values,
`unknown`), what its consumer interface does.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import available_timezones

from ownclimate.core.orders import CLIMATE_MODES
from ownclimate.core.things import Ability, Place
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings.alerts import LIMITS, REMINDERS, LimitKind, wire_name
from ownclimate.vendors.smartbuildings.reading import (
    Members,
    flag,
    known,
    member_object,
    number,
    objects,
    text,
)
from ownclimate.vendors.smartbuildings.units import celsius, instant_ms, said_instant_ms

REACHABLE: Final = "reachable"
COLDEST_F, HOTTEST_F = -459.67, 500.0
NO_READING = frozenset({-5002, -5003})
"""Unknown, and calibrating: in ecobee's other API, whose devices these are too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one answer says of a thing. `values` are readings of now; `kept` is what was not understood.

    An empty `name` was not said.
    """

    name: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    reports: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    abilities: frozenset[Ability] = frozenset()
    kept: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """`time_zone` is empty for one that nobody knows; then it is among `kept`."""

    name: str
    size: int | None
    time_zone: str
    place: Place
    kept: Mapping[str, Any]


def building_of(data: Any) -> Building:
    said = members_of(data)
    place = {
        "latitude": said.take("latitude", number),
        "longitude": said.take("longitude", number),
        "address": said.take("address", text),
        "city": said.take("city", text),
        "region": said.take("state", text),
        "postal_code": said.take("postalCode", text),
        "country": said.take("country", text),
    }
    # Our own words for what a building has to have and nobody knows.
    if place["country"] == words.UNKNOWN_COUNTRY:
        del place["country"]
    if place["postal_code"] == words.UNKNOWN_POSTAL_CODE:
        del place["postal_code"]
    return Building(
        name=said.take("name", text) or "",
        size=said.take("size", _size),
        time_zone=said.take("timeZone", _zone) or "",
        place=Place(**known(place)),
        kept=said.left,
    )


def summary_of(data: Any) -> Said:
    said = members_of(data, "buildingId", "timeZoneOffsetMinutes")
    modes = said.take("hvacModes", _modes) or ()
    settings = {
        words.DISPLAY_NAME: said.take("thermostatName", text),
        "hvac_modes": list(modes) or None,
    }
    return Said(
        name=said.take("name", text) or "",
        settings=known(settings),
        abilities=_abilities(modes),
        kept=said.left,
    )


def status_of(data: Any) -> Said:
    said = members_of(data)
    settings: dict[str, Any] = {
        words.TENANT_MODE: said.take("isTenantMode", flag),
        words.CLIMATE_MODE: said.take("hvacMode", _mode),
        "cooling_range_c": said.take("desiredCoolRange", _range),
        "setpoint_range_c": said.take("desiredHeatRange", _range),
    }
    humidity = known(
        {"min": said.take("desiredHumidity", number), "max": said.take("desiredDehumidity", number)}
    )
    reports: dict[str, Any] = {
        REACHABLE: said.take("isConnected", flag),
        words.COMFORT_SAID: said.take("comfortSetting", text),
        words.MIN_DELTA_SAID: said.take("heatCoolMinDelta", number),
    }
    setpoint = Members(said.left.pop("setPoint", None))
    values = {
        "temperature_c": said.take("temperature", degrees_c),
        "humidity_pct": said.take("humidity", measured),
        "setpoint_c": setpoint.take("desiredHeat", degrees_c),
        "setpoint_cool_c": setpoint.take("desiredCool", degrees_c),
    }
    if mode := settings[words.CLIMATE_MODE]:
        # What the set-points mean depends on it: it stands beside them.
        values["climate_mode"] = CLIMATE_MODES.index(mode)
    if setpoint.left:
        said.left["setPoint"] = setpoint.left
    running = said.take("runningEquipment", member_object)
    if running is not None:
        on = sorted(name for name, is_on in running.items() if is_on is True)
        reports[words.EQUIPMENT_SAID] = on
    if running is not None and any(flag(is_on) is not None for is_on in running.values()):
        values["heating_on"] = float(not words.HEATERS.isdisjoint(on))
        values["cooling_on"] = float(not words.COOLERS.isdisjoint(on))
        values["fan_on"] = float("fan" in on)
    return Said(
        settings=known({**settings, "humidity_range_pct": humidity or None}),
        reports=known(reports),
        values=known(values),
        kept=said.left,
    )


def alert_settings_of(data: Any) -> Said:
    """Limits in the core's units. One that is switched off may have a value that is none (-1)."""
    said = members_of(data)
    limits = {kind.ours: _limit(said.take(wire_name(kind.member), member_object), kind) for kind in LIMITS}
    reminders = {
        ours: _reminder(said.take(wire_name(member), member_object)) for ours, member in REMINDERS.items()
    }
    settings = {words.ALERT_LIMITS: known(limits), words.MAINTENANCE: known(reminders)}
    return Said(settings={name: value for name, value in settings.items() if value}, kept=said.left)


def events_of(data: Any) -> Said:
    """Holds are told as they were said, the one that runs first."""
    said = members_of(data)
    running = said.take("currentEvent", member_object)
    others = [dict(hold) for hold in objects(said.left.pop("holds", None))]
    holds = {"others": others, **({} if running is None else {"current": dict(running)})}
    return Said(reports={words.HOLDS_SAID: holds}, kept=said.left)


def alerts_of(data: Any) -> Said:
    """Alerts that nobody acknowledged, as they were said; those without an id or an instant are kept only."""
    said = members_of(data)
    items = [dict(item) for item in objects(said.left.pop("items", None))]
    alerts = [item for item in items if alert_instant_ms(item) is not None and text(item["acknowledgeRef"])]
    strange = [item for item in items if item not in alerts]
    kept = {**said.left, **({"items": strange} if strange else {})}
    return Said(reports={words.ALERTS_SAID: alerts}, kept=kept)


def alert_instant_ms(alert: Mapping[str, Any]) -> int | None:
    """When it was raised; None for one that cannot be told from others."""
    at = alert.get("time")
    return said_instant_ms(at) if isinstance(at, str) and "acknowledgeRef" in alert else None


def members_of(data: Any, *asked: str) -> Members:
    """Without what was known before it was asked for."""
    said = Members(data)
    for name in ("id", *asked):
        said.left.pop(name, None)
    return said


def measured(value: Any) -> float | None:
    """None also for the numbers by which ecobee's other API says that there is no reading."""
    said = number(value)
    return None if said in NO_READING else said


def degrees_c(value: Any) -> float | None:
    degrees_f = number(value)
    return None if degrees_f is None or not COLDEST_F <= degrees_f <= HOTTEST_F else celsius(degrees_f)


def _range(value: Any) -> dict[str, float] | None:
    said = Members(value)
    low, high = said.take("min", degrees_c), said.take("max", degrees_c)
    return None if low is None or high is None else {"min": low, "max": high}


def _mode(value: Any) -> str | None:
    return words.OUR_MODES.get(value) if isinstance(value, str) else None


def _modes(value: Any) -> tuple[str, ...] | None:
    """None when any of them is unknown: then they are kept as well."""
    if not isinstance(value, list):
        return None
    modes = [_mode(item) for item in value]
    return None if None in modes else tuple(mode for mode in modes if mode is not None)


def _abilities(modes: tuple[str, ...]) -> frozenset[Ability]:
    """By its modes; of one that does not tell them it is not known that it cannot."""
    found = {Ability.TEMPERATURE, Ability.HUMIDITY}
    if not modes or not {"heat", "aux_heat", "auto"}.isdisjoint(modes):
        found.add(Ability.HEATING_SETPOINT)
    if not modes or not {"cool", "auto"}.isdisjoint(modes):
        found.add(Ability.COOLING_SETPOINT)
    return frozenset(found)


def _size(value: Any) -> int | None:
    return value if isinstance(value, int) and value in words.SIZES else None


def _zone(value: Any) -> str | None:
    return value if isinstance(value, str) and value in _zones() else None


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _limit(value: Mapping[str, Any] | None, kind: LimitKind) -> dict[str, Any] | None:
    said = Members(value)
    is_on, limit = said.take("enabled", flag), said.take("value", number)
    return None if is_on is None or limit is None else {"is_on": is_on, "value": kind.to_core(limit)}


def _reminder(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if value is None:
        return None
    said = Members(value)
    unit = said.take("maintenanceIntervalUnits", text)
    told = {
        "is_on": said.take("enabled", flag) or False,
        "interval": float(said.take("maintenanceInterval", number) or 12),
        "unit": unit if unit in ("month", "hour") else "month",
        "last": said.take("lastMaintenanceDate", _day),
        words.REMINDER_SAID: said.take("nextReminderDate", _day),
    }
    return known(told)


def _day(value: Any) -> str | None:
    said = text(value)
    return said if said is not None and instant_ms(f"{said}T00:00:00Z") is not None else None
