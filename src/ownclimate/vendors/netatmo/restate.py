"""The way back: what a method last said of a thing, rebuilt from the core field for field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ownclimate.core.things import Device, Room, Schedule, Site
from ownclimate.vendors.netatmo.fields import NESTED, Field, Method, Slot
from ownclimate.vendors.netatmo.mapping import clean_name
from ownclimate.vendors.netatmo.statements import KEPT, SAID, TABLES
from ownclimate.vendors.netatmo.zones import entries_from_core, zone_from_core

_ABSENT = object()


def restate(
    thing: Device | Room | Site | Schedule,
    method: Method,
    values: Mapping[str, float] | None = None,
    wire_room_id: Callable[[str], str] = str,
) -> dict[str, Any] | None:
    """The object as the vendor wrote it, None when the method never spoke of the thing.

    `values` are the device's readings, at its `measured_at_ms` or newer ones. A name given here by hand
    stands in the place of the one that the vendor said. Members that are things of their own
    (rooms, modules, a home's schedules) are left out: the caller composes them.
    """
    said = thing.kept.get(SAID, {}).get(method.value)
    if said is None:
        return None
    table = TABLES[type(thing), method]
    kept = thing.kept.get(KEPT, {})
    wire: dict[str, Any] = {}
    for path in said["paths"]:
        if path in kept:
            _put(wire, path, kept[path])
            continue
        if isinstance(thing, Schedule) and path == "timetable":
            wire[path] = entries_from_core(thing.entries)
        elif isinstance(thing, Schedule) and path == "zones":
            wire[path] = [zone_from_core(zone, wire_room_id) for zone in thing.zones]
        elif (known := table.get(path)) is not None:
            value = _value(thing, known, values or {})
            if value is not _ABSENT:
                _put(wire, path, known.word.from_core(value))
    return wire


def _value(thing: Device | Room | Site | Schedule, known: Field, values: Mapping[str, float]) -> Any:
    if known.slot is Slot.SETTING:
        return thing.settings.get(known.name, _ABSENT)
    if known.slot is Slot.QUANTITY and known.name in values:
        return values[known.name]
    if isinstance(thing, Schedule) or known.name not in thing.reports:
        return _ABSENT
    said = thing.reports[known.name].value
    return thing.name if known.name == "name" and clean_name(said) not in ("", thing.name) else said


def _put(wire: dict[str, Any], path: str, value: Any) -> None:
    outer, dot, inner = path.partition(".")
    if dot and outer in NESTED:
        wire.setdefault(outer, {})[inner] = value
    else:
        wire[path] = value
