"""A home's schedule on the wire, both ways (contract §7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ownclimate.core.climate import AWAY_C, COOLING_AWAY_C, FROST_GUARD_C
from ownclimate.core.things import Schedule
from ownclimate.vendors.netatmo import vocabulary
from ownclimate.vendors.netatmo.face.faults import ARRAY, Refusal
from ownclimate.vendors.netatmo.fields import Method
from ownclimate.vendors.netatmo.restate import restate
from ownclimate.vendors.netatmo.vocabulary import DIALECT
from ownclimate.vendors.netatmo.words import integer, number, text
from ownclimate.vendors.netatmo.zones import (
    LEGACY_ROOMS,
    Timetable,
    entries_from_core,
    timetable_to_core,
    zone_from_core,
)

THERM: Final = "therm"
UNCONTROLLED: Final = "Invalid rooms_temp: some rooms aren't controlled"
MAX_NAME: Final = 200
MAX_ZONES, MAX_ENTRIES = 100, 1_000
"""Real schedules have a dozen zones and some fifty entries."""

_TEMPERATURES: Final = {
    "heating": {"away_temp": ("away_c", AWAY_C), "hg_temp": ("frost_guard_c", FROST_GUARD_C)},
    "cooling": {"cooling_away_temp": ("cooling_away_c", COOLING_AWAY_C)},
    "auto": {"auto_away_temp": ("auto_away_c", COOLING_AWAY_C)},
}
"""By kind, what its schedules say of a home that nobody is in: the wire's name, ours, the default."""
RANGE_C: Final = (5.0, 35.0)


def told_schedule(schedule: Schedule, wire_room_id: Callable[[str], str]) -> dict[str, Any]:
    """As the vendor's cloud told of it; of one made here the same members."""
    said = restate(schedule, Method.TOPOLOGY, wire_room_id=wire_room_id)
    if said is not None:
        return said
    kind = next(wire for wire, ours in vocabulary.SCHEDULE_KINDS.items() if ours == schedule.kind)
    told: dict[str, Any] = {
        "timetable": entries_from_core(schedule.entries),
        "zones": [_with_legacy(zone_from_core(zone, wire_room_id)) for zone in schedule.zones],
        "name": schedule.name,
        "default": False,
        "id": schedule.aliases[DIALECT],
        "type": kind,
    }
    for wire, (ours, default) in _TEMPERATURES.get(schedule.kind, {}).items():
        told[wire] = schedule.settings.get(ours, default)
    if schedule.is_selected:
        told["selected"] = True
    return told


def asked_timetable(zones: list[Any], timetable: list[Any], rooms: Mapping[str, str]) -> Timetable:
    """What a client asks for; `rooms` are ours by the wire's ids of those that can be heated or cooled.

    Numbers may be texts, as forms have them, and zones may list their rooms in the older spelling only.
    Raises Refusal for what does not hold together; nothing of it is kept as odd.
    """
    if not zones or len(zones) > MAX_ZONES or len(timetable) > MAX_ENTRIES:
        raise Refusal("Invalid zones" if len(timetable) <= MAX_ENTRIES else "Invalid timetable")
    asked = {
        "zones": [_asked_zone(zone, rooms) for zone in zones],
        "timetable": [_asked_entry(entry) for entry in timetable],
    }
    known = [zone["id"] for zone in asked["zones"]]
    if len(set(known)) != len(known):
        raise Refusal("Invalid zones")
    found = timetable_to_core(asked, rooms.get)
    if "zones" in found.kept:
        raise Refusal("Invalid zones")
    if "timetable" in found.kept or not found.entries:
        raise Refusal("Invalid timetable")
    return found


def asked_temperatures(kind: str, given: Mapping[str, float | None]) -> dict[str, float]:
    """The temperatures of an empty home, by our names; those that were not given are left out."""
    found = {}
    for wire, (ours, _) in _TEMPERATURES.get(kind, {}).items():
        value = given.get(wire)
        if value is not None:
            found[ours] = checked_temperature(value, wire)
    return found


def asked_name(name: str) -> str:
    stripped = name.strip()
    if not stripped or len(stripped) > MAX_NAME or not stripped.isprintable():
        raise Refusal("Invalid name")
    return stripped


def checked_temperature(value: Any, name: str) -> float:
    """Raises Refusal for what nobody can want a room to be."""
    found = number(value)
    low, high = RANGE_C
    if found is None or not low <= found <= high:
        raise Refusal(f"Invalid {name}")
    return found


def _with_legacy(zone: dict[str, Any]) -> dict[str, Any]:
    """With the rooms in the older spelling too, as the vendor has them for heating."""
    rooms = zone.get("rooms")
    if not rooms or not any("therm_setpoint_temperature" in room for room in rooms):
        return zone
    legacy = [
        {"room_id": room["id"], "temp": room["therm_setpoint_temperature"]}
        for room in rooms
        if "therm_setpoint_temperature" in room
    ]
    return zone | {LEGACY_ROOMS: legacy}


def _asked_entry(entry: Any) -> dict[str, int]:
    if not isinstance(entry, Mapping):
        raise Refusal(ARRAY)
    zone, minute = integer(entry.get("zone_id", entry.get("id"))), integer(entry.get("m_offset"))
    if zone is None or minute is None:
        raise Refusal("Invalid timetable")
    return {"zone_id": zone, "m_offset": minute}


def _asked_zone(zone: Any, rooms: Mapping[str, str]) -> dict[str, Any]:
    if not isinstance(zone, Mapping):
        raise Refusal(ARRAY)
    wire_id = integer(zone.get("id"))
    if wire_id is None or wire_id < 0:
        raise Refusal("Invalid zones")
    asked = {name: value for name, value in zone.items() if name not in ("rooms", LEGACY_ROOMS)}
    asked["id"] = wire_id
    if "type" in asked:
        asked["type"] = integer(asked["type"])
        if asked["type"] not in vocabulary.ZONE_KINDS:
            raise Refusal("Invalid zones")
    listed = zone.get("rooms")
    if listed is None:
        listed = [_from_legacy(room) for room in _objects(zone.get(LEGACY_ROOMS))]
    asked["rooms"] = [_asked_room(room, rooms) for room in _objects(listed)]
    return asked


def _from_legacy(room: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {"room_id": "id", "temp": "therm_setpoint_temperature"}
    return {renamed.get(name, name): value for name, value in room.items()}


def _asked_room(room: Mapping[str, Any], rooms: Mapping[str, str]) -> dict[str, Any]:
    wire_id = room.get("id")
    wire_id = str(wire_id) if isinstance(wire_id, int) else wire_id
    if not isinstance(wire_id, str) or wire_id not in rooms:
        raise Refusal(UNCONTROLLED)
    asked: dict[str, Any] = {"id": wire_id}
    for name, value in room.items():
        if name.endswith("_setpoint_temperature"):
            # A client that knows no temperature of a room sends its member all the same.
            if value is not None:
                asked[name] = checked_temperature(value, "rooms_temp")
        elif name.endswith(("_setpoint_mode", "_setpoint_fp")) and text(value):
            asked[name] = value
    return asked


def _objects(listed: Any) -> Iterable[Mapping[str, Any]]:
    if listed is None:
        return ()
    if not isinstance(listed, list) or not all(isinstance(item, Mapping) for item in listed):
        raise Refusal(ARRAY)
    return listed
