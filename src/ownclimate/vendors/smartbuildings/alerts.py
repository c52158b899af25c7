"""Alerts and reminders of a thermostat: its limits, and what goes beyond them now.

Limits are kept in the core's units under `alert_limits`, reminders under `maintenance`. An alert is not
an entry that somebody wrote: it is there while the thermostat's readings are beyond a limit, since the
first of them that was. Sources: ecobee's SmartBuildings guide, and for ranges and for the ways in which
limits give way the limits of its other interface.
"""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from msgspec import UNSET

from ownclimate.core.errors import InvalidInput
from ownclimate.core.readings import Series
from ownclimate.core.things import Device
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings import wire
from ownclimate.vendors.smartbuildings.reading import fitting
from ownclimate.vendors.smartbuildings.units import celsius, fahrenheit, instant

HUMIDITY_GAP_PCT: Final = 5
MONTHS: Final = (1, 12)
HOURS: Final = (100, 10_000)
LOOK_BACK_MS: Final = 7 * 24 * 3_600_000
"""An alert is at most so old: further back its readings are not looked through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitKind:
    """A limit: our setting's name, its quantity, and the wire's words for it. `default` is on the wire."""

    ours: str
    member: str
    quantity: str
    is_low: bool
    low: float
    high: float
    default: float
    notification: str
    number: int
    text: str

    @property
    def is_temperature(self) -> bool:
        return self.quantity == "temperature_c"

    def to_core(self, value: float) -> float:
        return celsius(value) if self.is_temperature else value

    def to_wire(self, value: float) -> float:
        return fahrenheit(value) if self.is_temperature else value

    def is_beyond(self, value: float, limit: float) -> bool:
        return value < limit if self.is_low else value > limit


def _temperature(ours: str, member: str, *, is_low: bool, default: float, number: int) -> LimitKind:
    side = "low" if is_low else "high"
    return LimitKind(
        ours=ours,
        member=member,
        quantity="temperature_c",
        is_low=is_low,
        low=-10,
        high=120,
        default=default,
        notification=f"{side}Temp",
        number=number,
        text=f"The temperature is {'below' if is_low else 'above'} {{limit:g}} °F",
    )


def _humidity(
    ours: str, member: str, *, is_low: bool, low: float, high: float, default: float, number: int
) -> LimitKind:
    return LimitKind(
        ours=ours,
        member=member,
        quantity="humidity_pct",
        is_low=is_low,
        low=low,
        high=high,
        default=default,
        notification="lowHumidity" if is_low else "highHumidity",
        number=number,
        text=f"The humidity is {'below' if is_low else 'above'} {{limit:g}} %",
    )


LIMITS: Final = (
    _temperature("low_temperature", "low_temperature_alert", is_low=True, default=45, number=1),
    _temperature("high_temperature", "high_temperature_alert", is_low=False, default=92, number=2),
    _humidity("low_humidity", "low_humidity_alert", is_low=True, low=1, high=95, default=20, number=3),
    _humidity("high_humidity", "high_humidity_alert", is_low=False, low=6, high=100, default=80, number=4),
)
"""The vendor's numbers of its messages are not public: these are ours."""
REMINDERS: Final = {"ac": "ac_maintenance_reminder", "hvac": "hvac_maintenance_reminder"}
_REMINDER_NUMBERS: Final = {"ac": 5, "hvac": 6}


def settings_of(device: Device, id: str) -> wire.AlertSettings:
    limits: dict[str, Any] = {kind.member: _limit(device, kind) for kind in LIMITS}
    reminders: dict[str, Any] = {member: _reminder(device, ours) for ours, member in REMINDERS.items()}
    return wire.AlertSettings(id=id, **limits, **reminders)


def changed_settings(
    settings: Mapping[str, Any], asked: Mapping[str, Any], *, gap_f: float, limits_move: bool
) -> dict[str, Any]:
    """The device's settings with the asked members, which are as on the wire.

    Raises InvalidInput for a value outside its range, and when two limits come closer than their gap,
    unless `limits_move`: then the one that was not asked for gives way.
    """
    device_limits = {kind.ours: dict(_stored(settings, kind)) for kind in LIMITS}
    for kind in LIMITS:
        for name, value in (asked.get(kind.member) or {}).items():
            if name == "value":
                _check_range(wire_name(kind.member), value, kind.low, kind.high)
                device_limits[kind.ours]["value"] = kind.to_core(value)
            elif name == "enabled":
                device_limits[kind.ours]["is_on"] = value
    for low, high, gap in ((LIMITS[0], LIMITS[1], gap_f), (LIMITS[2], LIMITS[3], HUMIDITY_GAP_PCT)):
        _keep_apart(device_limits, low, high, gap, asked, limits_move=limits_move)
    maintenance = {ours: dict(_maintenance(settings, ours)) for ours in REMINDERS}
    for ours, member in REMINDERS.items():
        changes = _maintenance_asked(wire_name(member), asked.get(member) or {})
        if changes:
            maintenance[ours].pop(words.REMINDER_SAID, None)
        maintenance[ours].update(changes)
        _check_interval(wire_name(member), maintenance[ours])
    return {**settings, words.ALERT_LIMITS: device_limits, words.MAINTENANCE: maintenance}


def alerts_of(device: Device, series: Series, today: date) -> list[wire.Alert]:
    """What is beyond a limit now, since when, and what maintenance is due; newest first. Of a thermostat
    that its maker's cloud watches what that says."""
    said = device.reports.get(words.ALERTS_SAID)
    if said is not None:
        return [_as_said(alert) for alert in said.value]
    found = [alert for kind in LIMITS if (alert := _alert(device, kind, series)) is not None]
    found += [alert for ours in REMINDERS if (alert := _due(device, ours, today)) is not None]
    return sorted(found, key=lambda alert: alert.time, reverse=True)


def _alert(device: Device, kind: LimitKind, series: Series) -> wire.Alert | None:
    stored = _stored(device.settings, kind)
    if not stored["is_on"]:
        return None
    since_ms = _beyond_since(kind, stored["value"], series)
    if since_ms is None:
        return None
    return wire.Alert(
        acknowledge_ref=_ref(device.id, kind.ours, since_ms),
        alert_number=kind.number,
        alert_type="alert",
        notification_type=kind.notification,
        severity="high" if kind.is_temperature else "medium",
        text=kind.text.format(limit=kind.to_wire(stored["value"])),
        time=instant(since_ms),
    )


def _as_said(alert: Mapping[str, Any]) -> wire.Alert:
    """As the cloud told it; what it must have and that was not told, or not as this dialect can say it, is as
    unalarming as can be."""
    plain = {
        "alert_number": 0,
        "alert_type": "alert",
        "notification_type": "alert",
        "severity": "low",
        "text": "",
    }
    return wire.Alert(**{**plain, **fitting(alert, wire.Alert)})


def _beyond_since(kind: LimitKind, limit: float, series: Series) -> int | None:
    """The first of the unbroken run of readings beyond the limit that lasts until now."""
    column: Sequence[float] = (
        series.columns[kind.quantity].tolist() if kind.quantity in series.columns else ()
    )
    since_ms = None
    for at_ms, value in zip(reversed(series.times_ms.tolist()), reversed(column), strict=False):
        if value != value:
            continue
        if not kind.is_beyond(value, limit):
            break
        since_ms = at_ms
    return since_ms


def _due(device: Device, ours: str, today: date) -> wire.Alert | None:
    stored = _maintenance(device.settings, ours)
    due = _next_date(stored)
    if not stored["is_on"] or due is None or due > today:
        return None
    at_ms = calendar.timegm(due.timetuple()) * 1000
    return wire.Alert(
        acknowledge_ref=_ref(device.id, ours, at_ms),
        alert_number=_REMINDER_NUMBERS[ours],
        alert_type="alert",
        notification_type="ac" if ours == "ac" else "hvac",
        severity="low",
        text=f"Maintenance of the {'air conditioner' if ours == 'ac' else 'equipment'} is due",
        time=instant(at_ms),
        reminder=due.isoformat(),
    )


def _ref(device_id: str, kind: str, at_ms: int) -> str:
    return hashlib.blake2b(f"{device_id} {kind} {at_ms}".encode(), digest_size=12).hexdigest()


def _stored(settings: Mapping[str, Any], kind: LimitKind) -> Mapping[str, Any]:
    stored = settings.get(words.ALERT_LIMITS, {}).get(kind.ours)
    return stored if stored else {"is_on": False, "value": kind.to_core(kind.default)}


def _limit(device: Device, kind: LimitKind) -> wire.Limit:
    stored = _stored(device.settings, kind)
    return wire.Limit(enabled=stored["is_on"], value=kind.to_wire(stored["value"]))


def _keep_apart(
    limits: dict[str, dict[str, Any]],
    low: LimitKind,
    high: LimitKind,
    gap: float,
    asked: Mapping[str, Any],
    *,
    limits_move: bool,
) -> None:
    if low.member not in asked and high.member not in asked:
        return
    low_value, high_value = (kind.to_wire(limits[kind.ours]["value"]) for kind in (low, high))
    if high_value - low_value >= gap:
        return
    moved = high if high.member not in asked else low
    value = low_value + gap if moved is high else high_value - gap
    if not limits_move or (low.member in asked and high.member in asked):
        field = low.member if low.member in asked else high.member
        raise InvalidInput(wire_name(field), f"must stay {gap:g} from the opposite limit")
    _check_range(wire_name(moved.member), value, moved.low, moved.high)
    limits[moved.ours]["value"] = moved.to_core(value)


def _maintenance(settings: Mapping[str, Any], ours: str) -> Mapping[str, Any]:
    stored = settings.get(words.MAINTENANCE, {}).get(ours)
    return stored if stored else {"is_on": False, "interval": 12.0, "unit": "month"}


def _maintenance_asked(field: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    if "nextReminderDate" in asked:
        raise InvalidInput(f"{field}.nextReminderDate", "is computed and cannot be set")
    changes: dict[str, Any] = {}
    if "enabled" in asked:
        changes["is_on"] = asked["enabled"]
    if "maintenanceInterval" in asked:
        changes["interval"] = float(asked["maintenanceInterval"])
    if "maintenanceIntervalUnits" in asked:
        changes["unit"] = asked["maintenanceIntervalUnits"]
    if "lastMaintenanceDate" in asked:
        try:
            changes["last"] = date.fromisoformat(asked["lastMaintenanceDate"]).isoformat()
        except ValueError as error:
            raise InvalidInput(f"{field}.lastMaintenanceDate", "expected a day: YYYY-MM-DD") from error
    return changes


def _check_interval(field: str, stored: Mapping[str, Any]) -> None:
    if stored["interval"] != int(stored["interval"]):
        raise InvalidInput(f"{field}.maintenanceInterval", "must be a whole number")
    low, high = MONTHS if stored["unit"] == "month" else HOURS
    _check_range(f"{field}.maintenanceInterval", stored["interval"], low, high)


def _reminder(device: Device, ours: str) -> wire.Reminder:
    stored = _maintenance(device.settings, ours)
    due = _next_date(stored)
    return wire.Reminder(
        enabled=stored["is_on"],
        last_maintenance_date=stored.get("last", UNSET),
        maintenance_interval=stored["interval"],
        maintenance_interval_units=stored["unit"],
        next_reminder_date=UNSET if due is None else due.isoformat(),
    )


def _next_date(stored: Mapping[str, Any]) -> date | None:
    """As the thermostat itself says, else the day after the interval; an interval in hours counts as if
    the equipment always ran."""
    if words.REMINDER_SAID in stored:
        return date.fromisoformat(stored[words.REMINDER_SAID])
    if "last" not in stored:
        return None
    last = date.fromisoformat(stored["last"])
    if stored["unit"] == "hour":
        return last + timedelta(hours=stored["interval"])
    month = last.month - 1 + int(stored["interval"])
    year, month = last.year + month // 12, month % 12 + 1
    return date(year, month, min(last.day, calendar.monthrange(year, month)[1]))


def today(now_ms: int) -> date:
    return datetime.fromtimestamp(now_ms / 1000, UTC).date()


def _check_range(field: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InvalidInput(field, f"must be between {low:g} and {high:g}")


def wire_name(member: str) -> str:
    head, *rest = member.split("_")
    return head + "".join(part.title() for part in rest)
