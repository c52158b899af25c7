"""The events of one home as one token sees them: which of its devices count, and how each event is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from ownclimate.core import events as store
from ownclimate.core.access import Access
from ownclimate.core.errors import InvalidInput
from ownclimate.core.ids import DeviceId
from ownclimate.core.people import people_of
from ownclimate.core.things import Device, Event, Site
from ownclimate.vendors.netatmo import presented, vocabulary
from ownclimate.vendors.netatmo.face.holdings import Home, find_home, load_home
from ownclimate.vendors.netatmo.face.watching import (
    families,
    family,
    may_watch,
    without_video,
)
from ownclimate.vendors.netatmo.happenings import CUTOUT, PARTS, PICTURE, At, Shape, is_said, tell_event
from ownclimate.vendors.netatmo.pictures import FACES_HELD, HELD, held_key
from ownclimate.web.call import Call

PICTURE_PATH: Final = "/api/getcamerapicture"
_PICTURE_VERSION: Final = 1

_WORDS: Final = {
    "person": "{who} seen",
    "person_away": "{who} left",
    "person_home": "{who} is at home",
}
_SOMEBODY: Final = "Somebody"
_SHAPED_PARTS: Final = {Shape.NEWER: "subevents", Shape.OLDER: "event_list"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """`home` with the devices that the token shows; `public_url` is where clients reach this server."""

    home: Home
    devices: Mapping[DeviceId, Device]
    access: Access
    public_url: str

    @classmethod
    def of(cls, home: Home, access: Access, public_url: str) -> Timeline:
        shown = families(access)
        visible = {device.id: device for device in home.devices if family(device) in shown}
        return cls(home=home, devices=visible, access=access, public_url=public_url)

    @property
    def shows_people(self) -> bool:
        return vocabulary.INDOOR_CAMERA in families(self.access)

    def subjects(self, devices: Collection[DeviceId] | None = None, person_id: str = "") -> list[str]:
        """What to ask the core for: these devices (None: all, and what happened at none)."""
        site_id = self.home.site.id
        chosen: list[DeviceId | None] = list(self.devices if devices is None else devices)
        if devices is None and self.shows_people:
            chosen.append(None)
        return [store.subject(site_id, device_id, person_id) for device_id in chosen]

    def scope_of(self, event: Event) -> str:
        """The scope that shows the event."""
        device = next((device for device in self.home.devices if device.id == event.device_id), None)
        return f"read_{vocabulary.INDOOR_CAMERA if device is None else family(device)}"

    def tell(self, event: Event, shape: Shape) -> dict[str, Any]:
        device = None if event.device_id is None else self.devices.get(event.device_id)
        told = tell_event(self._shown(event), shape, self.at(device))
        if held := event.details.get(HELD):
            told |= self._held_here(event.details, told, held, _SHAPED_PARTS[shape])
        is_watchable = device is None or may_watch(self.access, device)
        return told if is_watchable else without_video(told)

    def at(self, device: Device | None) -> At:
        if device is None:
            return At()
        own = presented.wire_id(device)
        parent = next((d for d in self.home.devices if d.id == device.parent_id), None)
        return At(own=own, gateway=own if parent is None else presented.wire_id(parent))

    def _shown(self, event: Event) -> Event:
        """The event with addresses for the pictures that we have, and with words where it has none."""
        details = dict(event.details)
        for name in (PICTURE, CUTOUT):
            if name in details and not is_said(event):
                details[name] = addressed(details[name], self.public_url)
        if "message" not in details and PARTS not in details:
            details["message"] = self._words(event)
        return Event(
            id=event.id,
            site_id=event.site_id,
            device_id=event.device_id,
            kind=event.kind,
            at_ms=event.at_ms,
            details=details,
        )

    def _held_here(
        self, details: Mapping[str, Any], told: Mapping[str, Any], held: Mapping[str, str], parts: str = ""
    ) -> dict[str, Any]:
        """Of what is told of an event or a part of one, the pictures whose copies we hold, with our
        addresses."""
        found: dict[str, Any] = {}
        for name, wire in ((PICTURE, "snapshot"), (CUTOUT, "vignette")):
            key = held_key(self.access.owner_id, details.get(name), held)
            if key is not None and isinstance(told.get(wire), Mapping):
                found[wire] = here(told[wire], key, self.public_url)
        inner, listed = details.get(PARTS, ()), told.get(parts)
        if parts and isinstance(listed, list) and len(inner) == len(listed):
            found[parts] = [
                {**shown, **self._held_here(part, shown, held)} if isinstance(shown, Mapping) else shown
                for part, shown in zip(inner, listed, strict=True)
            ]
        return found

    def _words(self, event: Event) -> str:
        people = event.details.get(store.PEOPLE, ())
        if event.kind in _WORDS:
            known = {person.id: person.name for person in people_of(self.home.site)}
            name = known.get(people[0], "") if people else ""
            return _WORDS[event.kind].format(who=f"<b>{name}</b>" if name else _SOMEBODY)
        device = None if event.device_id is None else self.devices.get(event.device_id)
        text = event.kind.replace("_", " ")
        return f"{device.name}: {text}" if device is not None and device.name else text.capitalize()


async def load_timeline(call: Call, home_id: str) -> Timeline:
    """Raises InvalidInput for a home that is not one's own."""
    site = await find_home(call, home_id)
    if site is None:
        raise InvalidInput("home_id", "there is no such home")
    home = await load_home(call, site, with_rooms=False)
    return Timeline.of(home, call.access, call.public_url)


def here(picture: Mapping[str, Any], key: tuple[str, str], public_url: str) -> dict[str, Any]:
    """A picture that another server told of and whose copy we hold under this id and key, in the members
    in which it was told; its address is ours."""
    ours = addressed({"id": key[0], "key": key[1]}, public_url)
    return {**picture, **{name: ours[name] for name in ("id", "key") if name in picture}, "url": ours["url"]}


def face_here(picture: Any, site: Site, public_url: str) -> Any:
    """A face of somebody of the site: our copy of it where we hold one, else as its source told of it."""
    held = site.kept.get(FACES_HELD, {})
    key = held_key(site.owner_id, picture, held) if held else None
    return addressed(picture, public_url) if key is None else here(picture, key, public_url)


def addressed(picture: Any, public_url: str) -> Any:
    """A picture that we hold, with its address; another's as its source told of it."""
    if not isinstance(picture, Mapping) or "url" in picture or not {"id", "key"} <= picture.keys():
        return picture
    query = urlencode({"image_id": picture["id"], "key": picture["key"]})
    return {
        "id": picture["id"],
        "version": _PICTURE_VERSION,
        "key": picture["key"],
        "url": f"{public_url}{PICTURE_PATH}?{query}",
    }
