"""The door for what cameras and alarms notice: a picture first, if there is one, then the event that names
it. For scripts beside a camera, video recorders and bridges of smoke alarms.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import Annotated, Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.devices import checked_vendor_id, create_device, find_device
from ownclimate.core.errors import Conflict, InvalidInput
from ownclimate.core.events import PEOPLE, announce_events, record_event
from ownclimate.core.people import note_seen, people_of
from ownclimate.core.pictures import find_picture, store_picture
from ownclimate.core.ports import Ports
from ownclimate.core.record import instant_problem
from ownclimate.core.sites import get_site, list_sites
from ownclimate.core.things import Ability, Device, Event, Site
from ownclimate.ingest.instants import parse_instant
from ownclimate.ingest.keys import HookAccess, HookKey, key_actor
from ownclimate.ingest.readings import GENERIC_VENDOR
from ownclimate.web.call import Answer, Call
from ownclimate.web.tables import BodyKind, Endpoint, Success

MODELS: Final = {
    "generic_camera": frozenset({Ability.CAMERA, Ability.MOTION}),
    "generic_outdoor_camera": frozenset({Ability.CAMERA, Ability.MOTION, Ability.OUTDOOR}),
    "generic_smoke_alarm": frozenset({Ability.SMOKE}),
    "generic_carbon_monoxide_alarm": frozenset({Ability.CARBON_MONOXIDE}),
}
"""Devices that the door makes on first sight, when it is asked to, and what they can do."""
MAX_EVENT_BYTES: Final = 64 * 1024
MAX_PICTURE_BYTES: Final = 2 * 1024 * 1024
MAX_PEOPLE: Final = 20

_KIND: Final = re.compile(r"[a-z0-9_]{1,60}")
_NAMES: Final = uuid.UUID("5b7c9a1e-52a9-5c0b-9a43-3a1d7c1c9e10")
"""The space of the ids that are made of senders' names for people."""

Text = Annotated[str, msgspec.Meta(max_length=500)]
ShortText = Annotated[str, msgspec.Meta(max_length=100)]


class Seen(msgspec.Struct, kw_only=True):
    """Somebody whom the device knows: any id that stays the same, and a name once it has one."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    name: ShortText = ""


class Happening(msgspec.Struct, kw_only=True):
    """`id` is the sender's: sending the same again changes nothing. Without `at` it happened now."""

    device: ShortText
    kind: str
    at: str | int | None = None
    id: ShortText = ""
    message: Text = ""
    sub_kind: int | None = None
    category: ShortText = ""
    picture: ShortText = ""
    persons: Annotated[list[Seen], msgspec.Meta(max_length=MAX_PEOPLE)] = []


class EventQuery(msgspec.Struct, kw_only=True):
    """`device_model` makes a device that is not known, of that model; without it it is refused."""

    device_model: ShortText = ""


class PictureQuery(msgspec.Struct, kw_only=True):
    device: ShortText


class Recorded(msgspec.Struct, kw_only=True):
    """The ids of what was recorded: of several people seen together one event each."""

    events: list[str]


class Kept(msgspec.Struct, kw_only=True):
    """The picture's id, for the event that it belongs to."""

    id: str


def event_rows(max_picture_bytes: int = MAX_PICTURE_BYTES) -> tuple[Endpoint, ...]:
    async def take_picture(call: Call, query: PictureQuery) -> Answer:
        key = _key(call)
        device = await _known_device(call.ports, key, query.device)
        if device is None:
            raise InvalidInput("device", f"unknown device {query.device[:80]!r}")
        picture = await store_picture(
            call.ports, key.owner_id, device.id, call.body, max_bytes=max_picture_bytes
        )
        return Answer(status=201, body=Kept(id=picture.id))

    return (
        Endpoint(
            operation_id="postEvent",
            path="/hooks/events",
            methods=("POST",),
            handler=_take_event,
            params=EventQuery,
            bodies=(BodyKind.RAW, BodyKind.JSON),
            max_body_bytes=MAX_EVENT_BYTES,
            successes=(Success(item=Recorded, summary="The event is on disk"),),
            permission=Permission.INGEST,
            errors=(400, 413, 503),
            limit_class="ingest",
            summary="Something that a camera or alarm noticed",
            examples={"device_model": "generic_camera"},
        ),
        Endpoint(
            operation_id="postPicture",
            path="/hooks/pictures",
            methods=("POST", "PUT"),
            handler=take_picture,
            params=PictureQuery,
            bodies=(BodyKind.RAW,),
            max_body_bytes=max_picture_bytes,
            successes=(Success(status=201, item=Kept, summary="The picture is on disk"),),
            permission=Permission.INGEST,
            errors=(400, 413, 503),
            limit_class="ingest",
            is_repeatable=False,
            owned=("device",),
            summary="A JPEG picture that a camera took",
            examples={"device": "front-door"},
        ),
    )


async def _take_event(call: Call, query: EventQuery) -> Recorded:
    happening = _parsed(call.body)
    events = await take_event(call.ports, _key(call), happening, query.device_model.strip())
    return Recorded(events=[event.id for event in events])


async def take_event(ports: Ports, key: HookKey, happening: Happening, device_model: str = "") -> list[Event]:
    """Records what happened and tells listeners of it; on disk when it returns.

    Raises InvalidInput naming the member that is wrong; nothing is stored then, but for a new device.
    """
    if happening.id and happening.at is None:
        raise InvalidInput("at", "an event with an id needs its instant: sent again, it would be another")
    at_ms = _instant(happening.at, ports.clock.now_ms())
    details = await _details(ports, key, happening)
    device = await _device(ports, key, happening.device, device_model)
    site = await get_site(ports.directory, key.owner_id, device.site_id) if device.site_id else None
    people = {_person_id(site, seen.id): seen.name for seen in happening.persons} if site else {}
    known = {} if site is None else {person.id: person for person in people_of(site)}
    if site is not None and people:
        await note_seen(ports, key.owner_id, key_actor(key), site, people, at_ms)
    events = []
    for person_id in people or (None,):
        about: dict[str, Any] = {}
        if person_id is not None:
            before = known.get(person_id)
            about = {PEOPLE: [person_id], "is_arrival": before is None or before.is_away}
        events.append(
            await record_event(
                ports,
                key.owner_id,
                kind=happening.kind,
                at_ms=at_ms,
                site_id=device.site_id,
                device_id=device.id,
                details=details | about,
                event_id=_event_id(device, happening.id, person_id, at_ms),
            )
        )
    await announce_events(ports, key.owner_id, key_actor(key), events)
    return events


def _parsed(body: bytes) -> Happening:
    try:
        happening = msgspec.json.decode(body, type=Happening)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput("body", f"expected an event as JSON: {error}") from error
    if not _KIND.fullmatch(happening.kind):
        raise InvalidInput("kind", "expected lower-case letters, digits and _, at most 60")
    return happening


def _instant(at: str | int | None, now_ms: int) -> int:
    if at is None:
        return now_ms
    try:
        at_ms = parse_instant(at)
    except ValueError as error:
        raise InvalidInput("at", str(error)) from error
    if problem := instant_problem(at_ms, now_ms):
        raise InvalidInput("at", problem)
    return at_ms


async def _details(ports: Ports, key: HookKey, happening: Happening) -> dict[str, Any]:
    details: dict[str, Any] = {
        name: value
        for name, value in (
            ("message", happening.message),
            ("category", happening.category),
            ("sub_kind", happening.sub_kind),
        )
        if value not in ("", None)
    }
    if happening.picture:
        picture = await find_picture(ports.directory, happening.picture)
        if picture is None or picture.owner_id != key.owner_id:
            raise InvalidInput("picture", "there is no such picture; post it before the event")
        details["picture"] = {"id": picture.id, "key": picture.key}
    return details


async def _device(ports: Ports, key: HookKey, name: str, model: str) -> Device:
    device = await _known_device(ports, key, name)
    if device is not None:
        return device
    if not model:
        raise InvalidInput("device", f"unknown device {name[:80]!r}")
    if model not in MODELS:
        raise InvalidInput("device_model", f"expected one of {', '.join(MODELS)}")
    # With one home there is no question where it hangs; with several its owner puts it there.
    sites = await list_sites(ports.directory, key.owner_id)
    try:
        return await create_device(
            ports,
            key.owner_id,
            key_actor(key),
            vendor=GENERIC_VENDOR,
            model=model,
            vendor_id=checked_vendor_id(name),
            serial=name,
            name=name,
            site_id=sites[0].id if len(sites) == 1 else None,
            abilities=MODELS[model],
            is_heard=True,
        )
    except Conflict as error:
        raise InvalidInput("device", f"device {name[:80]!r} was removed from sight") from error


async def _known_device(ports: Ports, key: HookKey, name: str) -> Device | None:
    try:
        return await find_device(ports.directory, key.owner_id, name)
    except InvalidInput:
        # Too odd for an address: no device was ever stored under it.
        return None


def _event_id(device: Device, sender_id: str, person_id: str | None, at_ms: int) -> str:
    """The same for the same event sent again, in the shape of our ids; empty for one without an id."""
    if not sender_id:
        return ""
    named = "|".join((device.id, sender_id, person_id or ""))
    digest = hashlib.blake2b(named.encode(), digest_size=8).hexdigest()
    return f"{at_ms // 1000 & 0xFFFFFFFF:08x}{digest}"


def _person_id(site: Site | None, sender_id: str) -> str:
    """A UUID, as dialects show people; the sender's own where it is one."""
    try:
        return str(uuid.UUID(sender_id))
    except ValueError:
        return str(uuid.uuid5(_NAMES, f"{'' if site is None else site.id}/{sender_id}"))


def _key(call: Call) -> HookKey:
    assert isinstance(call.access, HookAccess), "the doors' authenticator gives nothing else"
    return call.access.key
