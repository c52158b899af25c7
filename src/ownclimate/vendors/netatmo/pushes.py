"""What Netatmo's webhooks say of a change, and how they are signed (contract §9).

An app is told of what its scopes and sites let it see, nothing else: of a device by the read scope of its
family, of rooms and modes by those of heating.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from ownclimate.core.access import Access, Permission
from ownclimate.core.devices import find_device, list_devices
from ownclimate.core.documents import from_body
from ownclimate.core.errors import NotFound
from ownclimate.core.events import HAPPENED, PEOPLE, find_event
from ownclimate.core.events import KIND as EVENT
from ownclimate.core.ids import SiteId
from ownclimate.core.partitions import ROOMS, SCHEDULES, owner_partition
from ownclimate.core.people import people_of
from ownclimate.core.ports import Ports
from ownclimate.core.sites import get_site
from ownclimate.core.things import Device, Event, Room, Schedule, Site
from ownclimate.core.writes import AuditEntry
from ownclimate.push.voices import Voice
from ownclimate.vendors.netatmo import presented
from ownclimate.vendors.netatmo.face.holdings import Home
from ownclimate.vendors.netatmo.face.timeline import Timeline, face_here
from ownclimate.vendors.netatmo.happenings import Shape
from ownclimate.vendors.netatmo.vocabulary import (
    DIALECT,
    HOME_MODES,
    SETPOINT_MODES,
    event_source,
)

SIGNATURE: Final = "X-Netatmo-secret"
ACTIVATION: Final = {"push_type": "webhook_activation"}
HEATING_SCOPES: Final = frozenset({"read_thermostat", "read_smarther", "read_mhs1"})

_WIRE_SETPOINT: Final = {ours: wire for wire, ours in SETPOINT_MODES.items()}
_WIRE_MODE: Final = {ours: wire for wire, ours in HOME_MODES.items()}
_PREFIXES: Final = {"heating": "therm", "cooling": "cooling", "auto": "auto"}
"""Of a room's members about a set-point, by the channel that it is for."""
_SETPOINT_EVENTS: Final = {"set_setpoint": "set_point", "end_setpoint": "cancel_set_point"}

Payload = dict[str, Any]
Wording = Callable[[Ports, AuditEntry, Access], Awaitable[list[Payload]]]


def netatmo_voice(public_url: str) -> Voice:
    """`public_url` is where apps find the pictures that a message names."""
    return Voice(word=partial(word, public_url), sign=sign, greeting=ACTIVATION)


def sign(body: bytes, secret: str) -> Mapping[str, str]:
    return {SIGNATURE: hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


async def word(public_url: str, ports: Ports, entry: AuditEntry, access: Access) -> Sequence[Payload]:
    """The messages that an app with this access gets for the change."""
    if Permission.DEVICE_READ not in access.permissions:
        return []
    if (entry.kind, entry.verb) == (EVENT, HAPPENED):
        return await _security(public_url, ports, entry, access)
    told = _WORDS.get((entry.kind, entry.verb))
    return [] if told is None else await told(ports, entry, access)


async def _security(public_url: str, ports: Ports, entry: AuditEntry, access: Access) -> list[Payload]:
    """One message an event; of people whom one device saw together, one for all of them."""
    owner_id = access.owner_id
    listed = entry.details.get("events", ())
    loaded = [await find_event(ports.directory, owner_id, event_id, at_ms) for event_id, at_ms in listed]
    groups: dict[tuple[Any, ...], list[Event]] = {}
    for event in loaded:
        if event is not None and event.site_id is not None and access.reaches(event.site_id):
            together = "" if event.kind == "person" else event.id
            groups.setdefault((event.site_id, event.device_id, event.kind, together), []).append(event)
    messages: list[Payload] = []
    for (site_id, *_), events in groups.items():
        timeline = await _timeline(public_url, ports, access, site_id)
        if timeline is not None and _is_seen(timeline, events[0]):
            messages.append(_happened(timeline, events))
    return messages


async def _timeline(public_url: str, ports: Ports, access: Access, site_id: SiteId) -> Timeline | None:
    site = await _site(ports, access, site_id)
    if site is None:
        return None
    devices = [d for d in await list_devices(ports.directory, access.owner_id) if d.site_id == site.id]
    return Timeline.of(Home(site=site, devices=tuple(devices)), access, public_url)


def _is_seen(timeline: Timeline, event: Event) -> bool:
    return timeline.shows_people if event.device_id is None else event.device_id in timeline.devices


def _happened(timeline: Timeline, events: Sequence[Event]) -> Payload:
    event = events[0]
    device = None if event.device_id is None else timeline.devices.get(event.device_id)
    code = event_source(event.kind) if device is None else presented.product_code(device)
    told = timeline.tell(event, Shape.OLDER)
    at = timeline.at(device)
    message: Payload = {
        "push_type": f"{code}-{event.kind}",
        "event_type": event.kind,
        "user_id": timeline.access.account_id,
        "home_id": timeline.home.wire_id,
        "home_name": timeline.home.site.name,
        "camera_id": at.gateway or None,
        "device_id": at.gateway or None,
        "module_id": at.own if at.own != at.gateway else None,
        "event_id": event.id,
        "message": told.get("message"),
        "sub_type": told.get("sub_type"),
        "category": told.get("category"),
    }
    for name in ("snapshot", "vignette"):
        picture = told.get(name)
        if isinstance(picture, Mapping):
            message |= {f"{name}_{part}": picture.get(part) for part in ("id", "key", "url")}
    people = [person for one in events for person in one.details.get(PEOPLE, ())]
    if people:
        message["persons"] = _persons(timeline, people)
    return {name: value for name, value in message.items() if value is not None}


def _persons(timeline: Timeline, person_ids: Sequence[str]) -> list[Payload]:
    known = {person.id: person for person in people_of(timeline.home.site)}
    told = []
    for person_id in dict.fromkeys(person_ids):
        person = known.get(person_id)
        face = (
            {}
            if person is None or person.face is None
            else face_here(person.face, timeline.home.site, timeline.public_url)
        )
        told.append(
            {
                "id": person_id,
                **{f"face_{part}": face[part] for part in ("id", "key", "url") if part in face},
                "is_known": person is not None and bool(person.name),
            }
        )
    return told


async def _setpoint(ports: Ports, entry: AuditEntry, access: Access) -> list[Payload]:
    site = await _heated_site(ports, access, entry.details.get("site_id"))
    room = None if site is None else await _room(ports, access, entry.object_id)
    if site is None or room is None:
        return []
    details = entry.details
    mode = _WIRE_SETPOINT.get(str(details.get("mode")), "schedule")
    prefix = _PREFIXES.get(str(details.get("channel")), "therm")
    shown = {
        "id": room.aliases[DIALECT],
        f"{prefix}_setpoint_mode": mode,
        f"{prefix}_setpoint_temperature": details.get("temperature_c"),
        f"{prefix}_setpoint_start_time": _epoch_s(details.get("since_ms")),
        f"{prefix}_setpoint_end_time": _epoch_s(details.get("until_ms")),
    }
    home_id = site.aliases[DIALECT]
    payload = {
        "push_type": "display_change",
        "event_type": _SETPOINT_EVENTS[entry.verb],
        "user_id": access.account_id,
        "home_id": home_id,
        "room_id": room.aliases[DIALECT],
        "mode": mode,
        "temperature": details.get("temperature_c"),
        "home": {"id": home_id, "rooms": [_known(shown)], "modules": []},
    }
    return [_known(payload)]


async def _mode(ports: Ports, entry: AuditEntry, access: Access) -> list[Payload]:
    site = await _heated_site(ports, access, entry.object_id)
    if site is None:
        return []
    home_id, mode = site.aliases[DIALECT], _wire_mode(entry.details.get("mode"))
    payload = {
        "push_type": "home_event_changed",
        "event_type": "therm_mode",
        "user_id": access.account_id,
        "home_id": home_id,
        "mode": mode,
        "previous_mode": _wire_mode(entry.details.get("previous_mode")),
        "home": {"id": home_id, "therm_mode": mode},
    }
    return [_known(payload)]


async def _schedule(ports: Ports, entry: AuditEntry, access: Access) -> list[Payload]:
    site = await _heated_site(ports, access, entry.object_id)
    if site is None:
        return []
    payload = {
        "push_type": "home_event_changed",
        "event_type": "schedule",
        "user_id": access.account_id,
        "home_id": site.aliases[DIALECT],
        "schedule_id": await _schedule_id(ports, access, entry.details.get("schedule_id")),
        "previous_schedule_id": await _schedule_id(ports, access, entry.details.get("previous_schedule_id")),
    }
    return [_known(payload)]


async def _device_topology(ports: Ports, entry: AuditEntry, access: Access) -> list[Payload]:
    device = await find_device(ports.directory, access.owner_id, entry.object_id)
    site = None if device is None else await _site(ports, access, device.site_id)
    if device is None or site is None or not _shows(access, device):
        return []
    parent = None if device.parent_id is None else await _parent(ports, access, device)
    gateway = presented.gateway_id(device, parent, site)
    own = presented.wire_id(device)
    module = _known({"id": own, "bridge": gateway, "name": device.name or None})
    home_id = site.aliases[DIALECT]
    return [
        {
            "push_type": "topology_changed",
            "change": "device_associated_to_home" if gateway is None else "module_updated",
            "home_id": home_id,
            "device_id": gateway or own,
            "module_id": own,
            "home": {"id": home_id, "modules": [module]},
        }
    ]


async def _room_topology(ports: Ports, entry: AuditEntry, access: Access) -> list[Payload]:
    room = await _room(ports, access, entry.object_id)
    site = None if room is None else await _site(ports, access, room.site_id)
    if room is None or site is None:
        return []
    home_id = site.aliases[DIALECT]
    return [
        {
            "push_type": "topology_changed",
            "change": "room_created",
            "home_id": home_id,
            "room_id": room.aliases[DIALECT],
            "home": {"id": home_id},
        }
    ]


_WORDS: Final[Mapping[tuple[str, str], Wording]] = {
    ("room", "set_setpoint"): _setpoint,
    ("room", "end_setpoint"): _setpoint,
    ("site", "set_mode"): _mode,
    ("site", "end_mode"): _mode,
    ("site", "switch_schedule"): _schedule,
    ("device", "create"): _device_topology,
    ("room", "create"): _room_topology,
}
"""By kind of thing and verb of the deed. What only time moved on is not told: a timetable's next zone is
nobody's change."""


async def _site(ports: Ports, access: Access, site_id: Any) -> Site | None:
    if not isinstance(site_id, str) or not access.reaches(SiteId(site_id)):
        return None
    try:
        return await get_site(ports.directory, access.owner_id, site_id)
    except NotFound:
        return None


async def _heated_site(ports: Ports, access: Access, site_id: Any) -> Site | None:
    if access.scopes is not None and access.scopes.isdisjoint(HEATING_SCOPES):
        return None
    return await _site(ports, access, site_id)


async def _room(ports: Ports, access: Access, room_id: str) -> Room | None:
    found = await ports.directory.find(owner_partition(access.owner_id), ROOMS, room_id)
    return None if found is None else from_body(Room, found.body)


async def _schedule_id(ports: Ports, access: Access, schedule_id: Any) -> str | None:
    if not isinstance(schedule_id, str) or not schedule_id:
        return None
    found = await ports.directory.find(owner_partition(access.owner_id), SCHEDULES, schedule_id)
    return None if found is None else from_body(Schedule, found.body).aliases.get(DIALECT)


async def _parent(ports: Ports, access: Access, device: Device) -> Device | None:
    return await find_device(ports.directory, access.owner_id, str(device.parent_id))


def _shows(access: Access, device: Device) -> bool:
    if presented.product_code(device) is None:
        return False
    return access.scopes is None or presented.read_scope(device) in access.scopes


def _wire_mode(mode: Any) -> str:
    return _WIRE_MODE.get(str(mode), "schedule")


def _epoch_s(at_ms: Any) -> int | None:
    return at_ms // 1000 if isinstance(at_ms, int) else None


def _known(payload: Payload) -> Payload:
    return {name: value for name, value in payload.items() if value is not None}
