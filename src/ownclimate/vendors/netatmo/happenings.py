"""Events on Netatmo's wire and in the core, both ways. Pure functions.

The older methods (gethomedata, geteventsuntil, …) and getevents write one event in two shapes. Both are
read into the same details of a core event, and either is rebuilt from them. What a shape said that would
not come back so, or that we have no word for, is kept beside them as it came.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from ownclimate.core.events import PEOPLE
from ownclimate.core.things import Event
from ownclimate.vendors.netatmo.mapping import address
from ownclimate.vendors.netatmo.statements import storable
from ownclimate.vendors.netatmo.words import epoch_ms, is_same

PICTURE: Final = "picture"
CUTOUT: Final = "cutout"
VIDEO: Final = "video"
PARTS: Final = "parts"

_PLAIN: Final = {
    "sub_type": "sub_kind",
    "category": "category",
    "snapshot": PICTURE,
    "vignette": CUTOUT,
    "video_id": VIDEO,
    "video_status": "video_state",
    "is_arrival": "is_arrival",
    "message": "message",
    "sub_message": "explanation",
}
"""The wire's members and our details, in the order in which they are written."""
_PART: Final = {
    "id": "id",
    "type": "kind",
    "time": "at_s",
    "verified": "is_verified",
    "offset": "offset_s",
    "snapshot": PICTURE,
    "vignette": CUTOUT,
    "message": "message",
}
_WIRE_PART: Final = {ours: wire for wire, ours in _PART.items()}
_PARTS: Final = ("event_list", "subevents")
"""The parts of an event, as either shape calls them."""
_IDS: Final = ("module_id", "device_id", "camera_id")
"""Where an event says at which device it was, the nearest first."""
_PUSHED: Final = ("message", "sub_type", "category", "video_id", "video_status", "persons")
"""Members that a message of a webhook calls as an event does."""
_OBJECT_ID: Final = re.compile(r"[0-9a-f]{24}")
_SAID: Final = "said"
_KEPT: Final = "kept"


class Shape(Enum):
    OLDER = "older"
    NEWER = "newer"
    PUSH = "push"
    """A webhook's message, brought into the older shape by `event_of_push`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """The ids of the device of an event: its own, and that of the one it speaks through (or its own)."""

    own: str = ""
    gateway: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An event as an answer has it. `devices` are the ids under which a device of it may be known."""

    id: str
    kind: str
    at_ms: int
    devices: tuple[str, ...]
    members: Mapping[str, Any]


def read_event(said: Mapping[str, Any]) -> Said | None:
    """None for what has no usable id, type or time."""
    event_id, kind, at_ms = address(said.get("id")), said.get("type"), epoch_ms(said.get("time"))
    if event_id is None or not isinstance(kind, str) or not kind or at_ms is None:
        return None
    devices = [found for name in _IDS if (found := address(said.get(name))) is not None]
    members = {name: storable(value) for name, value in said.items()}
    return Said(
        id=event_id, kind=kind[:100], at_ms=at_ms, devices=tuple(dict.fromkeys(devices)), members=members
    )


def heard(before: Event | None, blank: Event, said: Said, shape: Shape, at: At, said_ms: int) -> Event:
    """The event after an answer of `said_ms` spoke of it; what a later one said stands.

    `blank` has its id, instant, site and device; its kind and details are the answers'.
    """
    known = {} if before is None else before.details
    records: Mapping[str, Any] = known.get(_SAID, {})
    newest_ms = max((record["at_ms"] for record in records.values()), default=-1)
    own = records.get(shape.value)
    if before is not None and own is not None and own["at_ms"] >= said_ms:
        return before
    details = _joined(known, _details(said), is_later=said_ms >= newest_ms)
    kind = said.kind if before is None or said_ms >= newest_ms else before.kind
    kept = {name: dict(members) for name, members in known.get(_KEPT, {}).items()}
    record = {"at_ms": said_ms, "paths": list(said.members)}
    details[_SAID] = {**records, shape.value: record}
    bare = Event(
        id=blank.id,
        site_id=blank.site_id,
        device_id=blank.device_id,
        kind=kind,
        at_ms=blank.at_ms,
        details=details,
    )
    told = _members(bare, shape, at)
    odd = {
        name: value
        for name, value in said.members.items()
        if name not in told or not is_same(told[name], value)
    }
    details[_KEPT] = {**kept, shape.value: odd}
    return before if before is not None and own is not None and _is_same(before, bare, shape) else bare


def _is_same(before: Event, now: Event, shape: Shape) -> bool:
    """Whether an answer said what the one before it said: a timeline that is polled says it every time."""
    records = now.details[_SAID]
    said_ms = before.details[_SAID][shape.value]["at_ms"]
    then = {**records, shape.value: {**records[shape.value], "at_ms": said_ms}}
    return before == dataclasses.replace(now, details={**now.details, _SAID: then})


def tell_event(event: Event, shape: Shape, at: At) -> dict[str, Any]:
    """The event as this vendor writes it in an answer of the shape."""
    told = _members(event, shape, at)
    record = event.details.get(_SAID, {}).get(shape.value)
    if record is None:
        return {name: value for name, value in told.items() if value is not None}
    kept = event.details.get(_KEPT, {}).get(shape.value, {})
    return {
        name: kept[name] if name in kept else told[name]
        for name in record["paths"]
        if name in kept or name in told
    }


def understood(
    event: Event, said: Mapping[str, Any], shape: Shape
) -> Iterator[tuple[Mapping[str, Any], Iterable[str]]]:
    """Each object of what an answer said of the event, with those of its members that we have names for."""
    odd = event.details.get(_KEPT, {}).get(shape.value, {})
    yield said, said.keys() - odd.keys() - set(_PARTS)
    for name in _PARTS:
        parts = said.get(name)
        if name in odd or not isinstance(parts, list):
            continue
        if not parts:
            yield said, (name,)
        for part in parts:
            yield part, _PART


def is_said(event: Event) -> bool:
    """Whether an answer of the cloud's told of it; its pictures are the cloud's then."""
    return _SAID in event.details


def _details(said: Said) -> dict[str, Any]:
    members = said.members
    details = {ours: members[wire] for wire, ours in _PLAIN.items() if wire in members}
    if people := _people(members):
        details[PEOPLE] = people
    for name in _PARTS:
        if isinstance(parts := members.get(name), list):
            details[PARTS] = [
                {_PART.get(wire, wire): value for wire, value in part.items()}
                for part in parts
                if isinstance(part, Mapping)
            ]
    return details


def _people(members: Mapping[str, Any]) -> list[str]:
    """A person an event; a message of a webhook names all whom the camera saw together."""
    together = members.get("persons")
    named = [members.get("person_id")]
    if isinstance(together, list):
        named += [person.get("id") for person in together if isinstance(person, Mapping)]
    return list(dict.fromkeys(found for one in named if (found := address(one)) is not None))


def event_of_push(said: Mapping[str, Any]) -> dict[str, Any] | None:
    """The event that a webhook's message tells of; None for a message that is about something else, or whose
    instant cannot be told.

    A message does not say when it happened. Ids of events do: they begin with the second in which they
    were given, as those of MongoDB do.
    """
    event_id, kind = said.get("event_id"), said.get("event_type")
    if not isinstance(event_id, str) or not _OBJECT_ID.fullmatch(event_id) or not isinstance(kind, str):
        return None
    event = {"id": event_id, "type": kind, "time": int(event_id[:8], 16)}
    event |= {name: said[name] for name in (*_IDS, *_PUSHED) if name in said}
    for name in ("snapshot", "vignette"):
        parts = {part: said[key] for part in ("id", "key", "url") if (key := f"{name}_{part}") in said}
        if parts:
            event[name] = parts
    return event


def pushed_members(event: Mapping[str, Any]) -> Iterator[str]:
    """The members of the message from which `event_of_push` made the event."""
    yield from ("event_id", "event_type", *(name for name in (*_IDS, *_PUSHED) if name in event))
    for name in ("snapshot", "vignette"):
        yield from (f"{name}_{part}" for part in event.get(name, ()))


def _joined(known: Mapping[str, Any], said: Mapping[str, Any], *, is_later: bool) -> dict[str, Any]:
    """Both together; of a picture, what either says of it."""
    older, newer = (known, said) if is_later else (said, known)
    joined = {**older, **newer}
    for name in (PICTURE, CUTOUT):
        pair = [source[name] for source in (older, newer) if isinstance(source.get(name), Mapping)]
        if len(pair) == 2:
            joined[name] = {**pair[0], **pair[1]}
    return joined


def _members(event: Event, shape: Shape, at: At) -> dict[str, Any]:
    details = event.details
    told: dict[str, Any] = {"id": event.id, "type": event.kind, "time": event.at_ms // 1000}
    if shape is Shape.NEWER:
        told["module_id"] = at.own or None
    else:
        told |= {"camera_id": at.gateway or None, "device_id": at.gateway or None}
        if at.own != at.gateway:
            told["module_id"] = at.own
    people = details.get(PEOPLE, ())
    if people:
        told["person_id"] = people[0]
    told |= {wire: _shown(details[ours], shape) for wire, ours in _PLAIN.items() if ours in details}
    if PARTS in details:
        name = "subevents" if shape is Shape.NEWER else "event_list"
        told[name] = [
            {_WIRE_PART.get(ours, ours): _shown(value, shape) for ours, value in part.items()}
            for part in details[PARTS]
        ]
    return told


def _shown(value: Any, shape: Shape) -> Any:
    """In the newer shape a picture has only where it is."""
    if shape is Shape.NEWER and isinstance(value, Mapping) and "url" in value:
        return {"url": value["url"]}
    return value
