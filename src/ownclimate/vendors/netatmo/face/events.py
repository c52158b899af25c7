"""`/api/getevents` and the older methods: what happened in a home, newest first (contract §8.2, §8.3)."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.errors import InvalidInput
from ownclimate.core.events import find_event, find_events
from ownclimate.core.ids import DeviceId
from ownclimate.core.people import people_of
from ownclimate.core.things import Event
from ownclimate.vendors.netatmo import presented, vocabulary
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.parameters import WireId, wire_id
from ownclimate.vendors.netatmo.face.security_shapes import Events, EventsList
from ownclimate.vendors.netatmo.face.timeline import Timeline, load_timeline
from ownclimate.vendors.netatmo.face.watching import READ_SCOPES
from ownclimate.vendors.netatmo.happenings import Shape
from ownclimate.vendors.netatmo.mapping import address
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Success

DEFAULT_SIZE: Final = 30
MAX_SIZE: Final = 300
MAX_SINCE: Final = 1000
"""Events that a client may have missed and still gets at once."""
MAX_OFFSET: Final = 3000
PEOPLE_SCOPE: Final = f"read_{vocabulary.INDOOR_CAMERA}"

HomeId = Annotated[str, msgspec.Meta(description="24 hex digits")]
EventId = Annotated[str, msgspec.Meta(description="The event's id as it was told")]
PersonId = Annotated[str, msgspec.Meta(description="The person's id as it was told")]
Size = Annotated[int, msgspec.Meta(description=f"How many events; more than {MAX_SIZE} is cut")]
Absent = msgspec.UnsetType
UNSET = msgspec.UNSET


class EventsQuery(msgspec.Struct, kw_only=True):
    home_id: HomeId
    event_id: Annotated[EventId | Absent, msgspec.Meta(description="Events older than this one")] = UNSET
    size: Size = DEFAULT_SIZE
    offset: Annotated[int, msgspec.Meta(description="How many of the newest to leave out")] = 0
    person_id: PersonId | Absent = UNSET
    device_id: WireId | Absent = UNSET
    module_id: WireId | Absent = UNSET
    device_types: list[str] | Absent = UNSET
    locale: str | Absent = UNSET


class UntilQuery(msgspec.Struct, kw_only=True):
    home_id: HomeId
    event_id: Annotated[EventId, msgspec.Meta(description="Events newer than this one")]


class NextQuery(msgspec.Struct, kw_only=True):
    home_id: HomeId
    event_id: Annotated[EventId, msgspec.Meta(description="Events older than this one")]
    size: Size = DEFAULT_SIZE


class LastOfQuery(msgspec.Struct, kw_only=True):
    home_id: HomeId
    person_id: PersonId
    offset: Annotated[int, msgspec.Meta(description="How many older events to add")] = 0


def rows() -> tuple[Endpoint, ...]:
    common: dict[str, Any] = {
        "permission": Permission.DEVICE_READ,
        "any_scopes": READ_SCOPES,
        "narrowed_scopes": READ_SCOPES,
    }
    home = {"home_id": "5f0000000000000000000001"}
    event = {**home, "event_id": "5f0000000000000000000e01"}
    person = {"person_id": "11111111-2222-4333-8444-555555555555"}
    older = (Success(item=EventsList),)
    return (
        method(
            "getevents",
            get_events,
            params=EventsQuery,
            successes=(Success(item=Events),),
            owned=("home_id", "event_id", "person_id", "device_id", "module_id"),
            summary="What happened in a home, newest first",
            examples={**event, **person, "device_id": "70:ee:50:00:00:03"},
            certainty=Certainty.SEEN,
            **common,
        ),
        method(
            "geteventsuntil",
            get_events_until,
            params=UntilQuery,
            successes=older,
            owned=("home_id", "event_id"),
            summary="What happened in a home since an event",
            examples=event,
            certainty=Certainty.SEEN,
            **common,
        ),
        method(
            "getnextevents",
            get_next_events,
            params=NextQuery,
            successes=older,
            owned=("home_id", "event_id"),
            summary="What happened in a home before an event",
            examples=event,
            **common,
        ),
        method(
            "getlasteventof",
            get_last_event_of,
            params=LastOfQuery,
            successes=older,
            owned=("home_id", "person_id"),
            summary="What happened in a home since a person was last seen",
            examples={**home, **person},
            **common,
        ),
    )


async def get_events(call: Call, query: EventsQuery) -> dict[str, Any]:
    """Raises InvalidInput for a home, event, person or device that is not the caller's."""
    size = _checked("size", query.size, MAX_SIZE)
    offset = _checked("offset", query.offset, MAX_OFFSET)
    timeline = await load_timeline(call, query.home_id)
    before = None if query.event_id is UNSET else await _event(call, timeline, query.event_id)
    person = "" if query.person_id is UNSET else await _person(call, timeline, query.person_id)
    found = await find_events(
        call.ports.directory,
        call.access.owner_id,
        timeline.subjects(_devices(timeline, query), person),
        before=before,
        limit=size + offset,
    )
    told = [timeline.tell(event, Shape.NEWER) for event in found[offset:]]
    return {"home": {"id": timeline.home.wire_id, "events": told}}


async def get_events_until(call: Call, query: UntilQuery) -> dict[str, Any]:
    timeline = await load_timeline(call, query.home_id)
    after = await _event(call, timeline, query.event_id)
    found = await find_events(
        call.ports.directory, call.access.owner_id, timeline.subjects(), after=after, limit=MAX_SINCE
    )
    return _list(timeline, found)


async def get_next_events(call: Call, query: NextQuery) -> dict[str, Any]:
    size = _checked("size", query.size, MAX_SIZE)
    timeline = await load_timeline(call, query.home_id)
    before = await _event(call, timeline, query.event_id)
    found = await find_events(
        call.ports.directory, call.access.owner_id, timeline.subjects(), before=before, limit=size
    )
    return _list(timeline, found)


async def get_last_event_of(call: Call, query: LastOfQuery) -> dict[str, Any]:
    """Nothing for somebody of the home whom no camera has seen yet."""
    offset = _checked("offset", query.offset, MAX_SIZE)
    timeline = await load_timeline(call, query.home_id)
    person = await _person(call, timeline, query.person_id)
    directory, owner_id = call.ports.directory, call.access.owner_id
    last = await find_events(directory, owner_id, timeline.subjects(person_id=person), limit=1)
    if not last:
        return _list(timeline, [])
    subjects = timeline.subjects()
    newer = await find_events(directory, owner_id, subjects, after=last[0], limit=MAX_SINCE)
    older = await find_events(directory, owner_id, subjects, before=last[0], limit=offset) if offset else []
    return _list(timeline, [*newer, *last, *older])


def _list(timeline: Timeline, events: list[Event]) -> dict[str, Any]:
    return {"events_list": [timeline.tell(event, Shape.OLDER) for event in events]}


async def _event(call: Call, timeline: Timeline, event_id: str) -> Event:
    event = await find_event(call.ports.directory, call.access.owner_id, event_id.strip().lower())
    if event is None or event.site_id != timeline.home.site.id:
        raise InvalidInput("event_id", "there is no such event in this home")
    call.require(Permission.DEVICE_READ, timeline.scope_of(event))
    return event


async def _person(call: Call, timeline: Timeline, person_id: str) -> str:
    """Somebody of the home, or whom one of its events is about."""
    call.require(Permission.DEVICE_READ, PEOPLE_SCOPE)
    wanted = address(person_id) or ""
    known = next((p.id for p in people_of(timeline.home.site) if p.id.lower() == wanted), None)
    if known is not None:
        return known
    subjects = timeline.subjects(person_id=wanted)
    if not wanted or not await find_events(call.ports.directory, call.access.owner_id, subjects, limit=1):
        raise InvalidInput("person_id", "there is nobody of this id in this home")
    return wanted


def _devices(timeline: Timeline, query: EventsQuery) -> list[DeviceId] | None:
    """The devices that were asked for, None for all. Of a camera the modules behind it count too."""
    chosen: set[DeviceId] | None = None
    by_id = {presented.wire_id(device).lower(): device for device in timeline.home.devices}
    for name, given in (("device_id", query.device_id), ("module_id", query.module_id)):
        if given is UNSET:
            continue
        device = by_id.get(wire_id(given))
        if device is None:
            raise InvalidInput(name, "there is no such device in this home")
        behind = {d.id for d in timeline.home.devices if name == "device_id" and d.parent_id == device.id}
        found = {device.id, *behind}
        chosen = found if chosen is None else chosen & found
    if query.device_types is not UNSET:
        types = set(query.device_types)
        found = {d.id for d in timeline.home.devices if presented.product_code(d) in types}
        chosen = found if chosen is None else chosen & found
    return None if chosen is None else [device_id for device_id in timeline.devices if device_id in chosen]


def _checked(name: str, value: int, highest: int) -> int:
    if value < 0:
        raise InvalidInput(name, "expected a number that is not negative")
    return min(value, highest)
