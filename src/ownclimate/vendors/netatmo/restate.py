"""The way back: what a method last said of a thing, rebuilt from the core field for field.

What was changed here since, or measured since, stands in the place of what was said, and nothing else
does: so a recording comes back as it was, and one change of ours changes one field.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from ownclimate.core.readings import LatestValue
from ownclimate.core.things import Device, Room, Schedule, Site
from ownclimate.vendors.netatmo import vocabulary
from ownclimate.vendors.netatmo.fields import (
    LIVE_QUANTITIES,
    MEASURED_AT,
    NESTED,
    ROOM_QUANTITIES,
    SENSED_QUANTITIES,
    Field,
    Method,
    Slot,
    Table,
)
from ownclimate.vendors.netatmo.standing import (
    Around,
    Changes,
    device_changes,
    room_changes,
    site_changes,
)
from ownclimate.vendors.netatmo.statements import KEPT, SAID, TABLES
from ownclimate.vendors.netatmo.words import FLAG
from ownclimate.vendors.netatmo.zones import entries_from_core, zone_from_core

Latest = Mapping[str, LatestValue]
"""The newest value of each quantity of a device."""

_ABSENT: Final = object()
_AS_SAID: Final = object()

_ADDED: Final[dict[tuple[type, Method], tuple[str, ...]]] = {
    (Device, Method.STATION): ("name",),
    (Device, Method.TOPOLOGY): ("name", "room", "gateway"),
    (Device, Method.STATUS): ("gateway",),
    (Room, Method.TOPOLOGY): ("name", "devices"),
}
"""Reports that are told although the method did not say them, when they were changed here."""

_MEASURED: Final[dict[type, dict[str, tuple[str, float]]]] = {
    Device: {
        **{name: (name, 1) for name in LIVE_QUANTITIES},
        "battery_pct": ("battery_pct", 1),
        "battery_mv": ("battery_v", 1000),
    },
    Room: {
        **{report: (quantity, 1) for report, quantity in ROOM_QUANTITIES.items()},
        **{report: (quantity, 1) for report, quantity in SENSED_QUANTITIES.items()},
    },
}
"""Reports in whose place a newer reading stands: of which quantity, times what."""


def restate(
    thing: Device | Room | Site | Schedule,
    method: Method,
    *,
    latest: Latest = MappingProxyType({}),
    around: Around = Around(),
    wire_room_id: Callable[[str], str] = str,
) -> dict[str, Any] | None:
    """The object as the vendor wrote it, None when the method never spoke of the thing.

    `latest` are the newest values of the device, or of the one that measures for the room. `around` is
    needed to tell of a thing that was moved here where it stands now. Members that are things of
    their own (rooms, modules, a home's schedules) are left out: the caller composes them.
    """
    said = thing.kept.get(SAID, {}).get(method.value)
    if said is None:
        return None
    table = TABLES[type(thing), method]
    paths: list[str] = said["paths"]
    changes = _changes(thing, method, around)
    kept = thing.kept.get(KEPT, {})
    wire: dict[str, Any] = {}
    for path in paths:
        value = _told(thing, path, table.get(path), latest, changes)
        if value is _AS_SAID:
            value = kept[path] if path in kept else _as_said(thing, path, table, latest, wire_room_id)
        if value is not _ABSENT:
            _put(wire, path, value)
    for path, value in _additions(thing, method, table, paths, changes):
        _put(wire, path, value)
    return wire


def said_at_ms(thing: Device | Room | Site | Schedule, method: Method) -> int:
    """When the method last spoke of the thing, 0 when it never did."""
    said = thing.kept.get(SAID, {}).get(method.value)
    return 0 if said is None else int(said["at_ms"])


def written(quantity: str, value: float) -> float | int:
    """A value with the digits that the vendor gives it; whole numbers without a fraction."""
    rounded = round(value, vocabulary.DIGITS.get(quantity, 0))
    return int(rounded) if rounded == math.floor(rounded) else rounded


def _changes(thing: Device | Room | Site | Schedule, method: Method, around: Around) -> Changes:
    match thing:
        case Device():
            return device_changes(thing, around)
        case Room() if method is Method.TOPOLOGY:
            return room_changes(thing, around)
        case Site():
            return site_changes(thing)
    return {}


def _told(
    thing: Device | Room | Site | Schedule, path: str, known: Field | None, latest: Latest, changes: Changes
) -> Any:
    """What is told otherwise than it was said; `_AS_SAID` for what still is so."""
    if isinstance(thing, Schedule):
        return _told_of_schedule(thing, known)
    if known is None:
        return _AS_SAID
    if known.slot is Slot.SETTING:
        return _told_setting(thing, path, known)
    if known.name == MEASURED_AT:
        return _newest_s(thing, latest)
    if known.slot is Slot.QUANTITY:
        newest = latest.get(known.name)
        is_newer = newest is not None and newest.at_ms > _said_ms(thing, known)
        return written(known.name, newest.value) if newest is not None and is_newer else _AS_SAID
    if known.slot is Slot.REPORT and known.name in changes:
        value = changes[known.name]
        return _ABSENT if value is None else known.word.from_core(value)
    if known.slot is Slot.REPORT and known.name in _MEASURED.get(type(thing), {}):
        return _told_measured(thing, known, latest)
    return _AS_SAID


def _told_setting(thing: Device | Room | Site, path: str, known: Field) -> Any:
    """A setting that was changed here is not what was kept of its odd spelling."""
    kept = thing.kept.get(KEPT, {})
    if path not in kept:
        return _AS_SAID
    understood = known.word.to_core(kept[path])
    now = thing.settings.get(known.name)
    return _AS_SAID if now is None or now == understood else known.word.from_core(now)


def _told_measured(thing: Device | Room | Site, known: Field, latest: Latest) -> Any:
    quantity, times = _MEASURED[type(thing)][known.name]
    newest, said = latest.get(quantity), thing.reports.get(known.name)
    if newest is None or said is None or newest.at_ms <= said.at_ms:
        return _AS_SAID
    value = newest.value * times
    if known.word is FLAG:
        return value >= 0.5
    return known.word.from_core(written(quantity, value))


def _told_of_schedule(schedule: Schedule, known: Field | None) -> Any:
    if known is None or known.slot is not Slot.SETTING:
        return _AS_SAID
    if known.name == "is_selected" and not schedule.is_selected and schedule.settings.get("is_selected"):
        return _ABSENT
    if known.name == "name" and schedule.settings.get("name", "") != schedule.name:
        return schedule.name
    return _AS_SAID


def _said_ms(thing: Device | Room | Site, known: Field) -> int:
    """As of when a quantity was said: its measuring time, else when its report was given."""
    report = thing.reports.get(MEASURED_AT)
    if report is not None and known.name not in thing.reports:
        return int(report.value)
    plain = thing.reports.get(known.name)
    return 0 if plain is None else plain.at_ms


def _newest_s(thing: Device | Room | Site, latest: Latest) -> Any:
    """The instant of the newest value that the answer shows, in whole seconds, if it is a newer one."""
    names = {*vocabulary.WEATHER_QUANTITIES.values()}
    newest_ms = max((value.at_ms for name, value in latest.items() if name in names), default=0)
    said = thing.reports.get(MEASURED_AT)
    return _AS_SAID if said is None or newest_ms <= said.value else newest_ms // 1000


def _as_said(
    thing: Device | Room | Site | Schedule,
    path: str,
    table: Table,
    latest: Latest,
    wire_room_id: Callable[[str], str],
) -> Any:
    if isinstance(thing, Schedule):
        if path == "timetable":
            return entries_from_core(thing.entries)
        if path == "zones":
            return [zone_from_core(zone, wire_room_id) for zone in thing.zones]
    known = table.get(path)
    if known is None:
        return _ABSENT
    if known.slot is Slot.SETTING:
        value = thing.settings.get(known.name, _ABSENT)
    elif isinstance(thing, Schedule):
        value = _ABSENT
    elif known.slot is Slot.QUANTITY and known.name in latest:
        value = _plain(latest[known.name].value)
    else:
        report = thing.reports.get(known.name)
        value = _ABSENT if report is None else report.value
    return value if value is _ABSENT else known.word.from_core(value)


def _additions(
    thing: Device | Room | Site | Schedule, method: Method, table: Table, paths: list[str], changes: Changes
) -> list[tuple[str, Any]]:
    """What the method did not say and is so now: a room it was put into, a set-point given here."""
    told = {table[path].name for path in paths if path in table}
    now = {name: changes.get(name) for name in _ADDED.get((type(thing), method), ()) if name not in told}
    if thing.settings:
        settable = {field.name for field in table.values() if field.slot is Slot.SETTING} - told
        now |= {name: value for name, value in thing.settings.items() if name in settable}
    if isinstance(thing, Schedule) and thing.is_selected and "is_selected" not in told:
        now["is_selected"] = True
    return [
        (known.path, known.word.from_core(value))
        for name, value in now.items()
        if value is not None and (known := next(f for f in table.values() if f.name == name))
    ]


def _plain(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def _put(wire: dict[str, Any], path: str, value: Any) -> None:
    outer, dot, inner = path.partition(".")
    if dot and outer in NESTED:
        wire.setdefault(outer, {})[inner] = value
    else:
        wire[path] = value
