"""A home's schedules between Netatmo's JSON and the core's timetable.

Zones and entries that our model holds exactly go there; whatever it does not hold stays beside them
as it came, in the zone's `kept` or, for a malformed timetable, in the schedule's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.orders import PILOT_WIRE_MODES
from ownclimate.core.schedules import entries_problem
from ownclimate.vendors.netatmo.statements import storable
from ownclimate.vendors.netatmo.vocabulary import SETPOINT_MODES, ZONE_KINDS
from ownclimate.vendors.netatmo.words import NUMBER, TEXT, Word, choice, integer

RoomIds = Callable[[str], str | None]
"""Our id of a room from the home's id for it."""
WireRoomIds = Callable[[str], str]

ZONE_NUMBERS: Final = {kind: wire for wire, kind in ZONE_KINDS.items()}
_SETPOINTS: Final[Mapping[str, tuple[str, Word]]] = {
    "therm_setpoint_temperature": ("heating_setpoint_c", NUMBER),
    "therm_setpoint_mode": ("heating_setpoint_mode", choice(SETPOINT_MODES)),
    "therm_setpoint_fp": ("pilot_wire_order", choice({order: order for order in PILOT_WIRE_MODES})),
    "cooling_setpoint_temperature": ("cooling_setpoint_c", NUMBER),
    "cooling_setpoint_mode": ("cooling_setpoint_mode", choice(SETPOINT_MODES)),
    "auto_setpoint_temperature": ("auto_setpoint_c", NUMBER),
    "auto_setpoint_mode": ("auto_setpoint_mode", choice(SETPOINT_MODES)),
}
"""What a zone asks of a room: the wire's name → ours, and how its values are written."""
LEGACY_ROOMS: Final = "rooms_temp"
"""The rooms of a zone once more, in the spelling of older clients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """`kept` holds `timetable` or `zones` as they came where `entries` or `zones` cannot say it all."""

    entries: tuple[tuple[int, int], ...]
    zones: tuple[dict[str, Any], ...]
    kept: dict[str, Any]


def timetable_to_core(said: Mapping[str, Any], room_id: RoomIds) -> Timetable:
    kept = {}
    zones = _zones(said.get("zones"), room_id)
    if "zones" in said and not _is_whole(said["zones"], len(zones)):
        kept["zones"] = storable(said["zones"])
    entries = _entries(said.get("timetable"))
    if entries_problem(entries, zones) is not None:
        entries = ()
    if "timetable" in said and said["timetable"] != entries_from_core(entries):
        kept["timetable"] = storable(said["timetable"])
    return Timetable(entries=entries, zones=zones, kept=kept)


def entries_from_core(entries: tuple[tuple[int, int], ...]) -> list[dict[str, int]]:
    return [{"zone_id": zone, "m_offset": minute} for minute, zone in entries]


def understood(
    said: Mapping[str, Any], timetable: Timetable
) -> Iterator[tuple[Mapping[str, Any], Iterable[str]]]:
    """Each object of the schedule's timetable and zones, with those of its members that the core holds."""
    if "timetable" in said and "timetable" not in timetable.kept:
        yield said, ("timetable",)
    if "zones" not in said or "zones" in timetable.kept:
        return
    if not timetable.zones:
        yield said, ("zones",)
    for zone, ours in zip(said["zones"], timetable.zones, strict=True):
        rooms = ours.get("rooms", ())
        yield zone, zone.keys() - ours.get("kept", {}).keys() - ({"rooms"} if rooms else set())
        for room, held in zip(zone["rooms"] if rooms else (), rooms, strict=True):
            yield room, room.keys() - held.get("kept", {}).keys()


def zone_from_core(zone: Mapping[str, Any], wire_room_id: WireRoomIds) -> dict[str, Any]:
    """The zone as the vendor writes it, with everything it once said that our model does not hold."""
    wire: dict[str, Any] = {"id": zone["id"]}
    if "name" in zone:
        wire["name"] = zone["name"]
    if "kind" in zone:
        wire["type"] = ZONE_NUMBERS[zone["kind"]]
    if "rooms" in zone:
        wire["rooms"] = [
            {"id": wire_room_id(room["room_id"])}
            | {name: word.from_core(room[ours]) for name, (ours, word) in _SETPOINTS.items() if ours in room}
            | room.get("kept", {})
            for room in zone["rooms"]
        ]
    wire.update(zone.get("kept", {}))
    return wire


def _is_whole(said: Any, understood: int) -> bool:
    return isinstance(said, list) and len(said) == understood


def _entries(said: Any) -> tuple[tuple[int, int], ...]:
    """Entries may name their zone `id`, as older schedules do. Nothing when one cannot be read."""
    entries = []
    for item in said if isinstance(said, list) else ():
        if not isinstance(item, Mapping):
            return ()
        minute, zone = integer(item.get("m_offset")), integer(item.get("zone_id", item.get("id")))
        if minute is None or zone is None:
            return ()
        entries.append((minute, zone))
    return tuple(entries)


def _zones(said: Any, room_id: RoomIds) -> tuple[dict[str, Any], ...]:
    zones = []
    for item in said if isinstance(said, list) else ():
        zone_id = item.get("id") if isinstance(item, Mapping) else None
        if isinstance(zone_id, int) and integer(zone_id) is not None and not isinstance(zone_id, bool):
            zones.append(_zone(item, zone_id, room_id))
    return tuple(zones)


def _zone(said: Mapping[str, Any], zone_id: int, room_id: RoomIds) -> dict[str, Any]:
    zone: dict[str, Any] = {"id": zone_id}
    kept = {}
    for name, value in said.items():
        if name == "name" and isinstance(value, str):
            zone["name"] = value
        elif (
            name == "type" and isinstance(value, int) and not isinstance(value, bool) and value in ZONE_KINDS
        ):
            zone["kind"] = ZONE_KINDS[value]
        elif name == "rooms" and (rooms := _rooms(value, room_id)) is not None:
            zone["rooms"] = rooms
        elif name != "id":
            kept[name] = storable(value)
    if kept:
        zone["kept"] = kept
    return zone


def _rooms(said: Any, room_id: RoomIds) -> list[dict[str, Any]] | None:
    """What the zone asks of each room; None when a room is not one of the home's."""
    if not isinstance(said, list):
        return None
    rooms = []
    for item in said:
        wire_id = item.get("id") if isinstance(item, Mapping) else None
        ours = room_id(wire_id) if isinstance(wire_id, str) else None
        if ours is None:
            return None
        room: dict[str, Any] = {"room_id": ours}
        kept = {}
        for name, value in item.items():
            ours, word = _SETPOINTS.get(name, ("", TEXT))
            core = word.to_core(value) if ours else None
            if core is not None and word.is_exact(value, core):
                room[ours] = core
            elif name != "id":
                kept[name] = storable(value)
        rooms.append(room | ({"kept": kept} if kept else {}))
    return rooms
