"""Pictures that answers name: which of them we lack, and keeping those that were fetched.

An answer says where a picture lies: by the cloud's id and key, or by an address alone. Our id of it follows
from that, so a picture that several events name is fetched and kept once, and keeping it that was cut short
is completed by the next answer that names it. What we hold is noted beside the event or face that it belongs
to, whose source's words stay as they are; the face tells our address in the place of theirs.

Pictures that lie in a camera only (`filename`) have no address at the cloud and are not asked for.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from ownclimate.core.errors import NotFound
from ownclimate.core.events import find_event, hear_event
from ownclimate.core.ids import DeviceId, OwnerId, SiteId
from ownclimate.core.people import Person, people_of
from ownclimate.core.pictures import Picture, find_picture, store_picture
from ownclimate.core.ports import Ports
from ownclimate.core.sites import edit_site
from ownclimate.core.things import Event, Site
from ownclimate.core.writes import Actor
from ownclimate.vendors.netatmo.happenings import CUTOUT, PARTS, PICTURE
from ownclimate.vendors.netatmo.vocabulary import DIALECT

HELD: Final = "held"
"""Detail of an event: by our ids the keys of those of its pictures that we hold."""
FACES_HELD: Final = f"{DIALECT}_faces"
"""The same of a site's people, among what is kept of it."""
MAX_TEXT: Final = 2000
"""Of an id, key or address; longer ones name nothing."""
_ID_BYTES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureWanted:
    """A picture that an answer named and that we do not hold.

    `id` is the one that it will have here: always the same for the same picture. `image_id` and `key` are
    those for getcamerapicture, empty where the answer had only the address; `url` is that address, empty
    where it had none. It was written by whoever answered: fetch it only from hosts that are trusted.
    It belongs to the event, else to the person.
    """

    id: str
    image_id: str = ""
    key: str = field(default="", repr=False)
    url: str = field(default="", repr=False)
    site_id: SiteId | None = None
    device_id: DeviceId | None = None
    event_id: str = ""
    at_ms: int = 0
    person_id: str = ""


async def keep_picture(
    ports: Ports, owner_id: OwnerId, actor: Actor, wanted: PictureWanted, content: bytes
) -> Picture:
    """The fetched picture, on disk and noted at its event or person; repeating it changes nothing.

    Raises InvalidInput for what is no JPEG picture, or too large.
    """
    device_id = wanted.device_id or DeviceId("")
    picture = await store_picture(ports, owner_id, device_id, content, picture_id=wanted.id)
    held = {picture.id: picture.key}
    if wanted.event_id:
        await _note_at_event(ports, owner_id, wanted.event_id, wanted.at_ms, held)
    elif wanted.site_id is not None:
        await _note_at_site(ports, owner_id, actor, wanted.site_id, held)
    return picture


async def lacking_of_event(ports: Ports, owner_id: OwnerId, event: Event) -> list[PictureWanted]:
    """Those of the event's pictures that we do not hold; what we hold already is noted at it."""
    about = PictureWanted(
        id="", site_id=event.site_id, device_id=event.device_id, event_id=event.id, at_ms=event.at_ms
    )
    noted = event.details.get(HELD, {})
    lacking, held = await _sorted(ports, owner_id, [(p, about) for p in _named(event)], noted)
    if held:
        await _note_at_event(ports, owner_id, event.id, event.at_ms, held)
    return lacking


async def lacking_of_people(ports: Ports, owner_id: OwnerId, actor: Actor, site: Site) -> list[PictureWanted]:
    """As `lacking_of_event`, of the faces of the site's people."""
    named = [
        (picture, PictureWanted(id="", site_id=site.id, person_id=person.id))
        for person in people_of(site)
        for picture in _faces(person)
    ]
    lacking, held = await _sorted(ports, owner_id, named, site.kept.get(FACES_HELD, {}))
    if held:
        await _note_at_site(ports, owner_id, actor, site.id, held)
    return lacking


def held_key(owner_id: OwnerId, picture: Any, held: Mapping[str, str]) -> tuple[str, str] | None:
    """Our id and key of a picture as an answer names it; None when we do not hold it."""
    reference = _reference(picture)
    found = "" if not reference else _picture_id(owner_id, reference)
    return (found, held[found]) if found in held else None


async def _sorted(
    ports: Ports,
    owner_id: OwnerId,
    named: Iterable[tuple[Mapping[str, Any], PictureWanted]],
    noted: Mapping[str, str],
) -> tuple[list[PictureWanted], dict[str, str]]:
    """Which of the named pictures we lack, and which we hold without having noted it."""
    lacking: dict[str, PictureWanted] = {}
    held: dict[str, str] = {}
    for picture, about in named:
        reference = _reference(picture)
        picture_id = _picture_id(owner_id, reference)
        if not reference or picture_id in noted or picture_id in lacking or picture_id in held:
            continue
        present = await find_picture(ports.directory, picture_id)
        if present is not None and present.owner_id == owner_id:
            held[picture_id] = present.key
        else:
            lacking[picture_id] = _wanted(about, picture_id, picture)
    return list(lacking.values()), held


def _wanted(about: PictureWanted, picture_id: str, picture: Mapping[str, Any]) -> PictureWanted:
    asked = _asked(picture)
    return dataclasses.replace(
        about,
        id=picture_id,
        image_id=asked.get("image_id", ""),
        key=asked.get("key", ""),
        url=asked.get("url", ""),
    )


async def _note_at_event(
    ports: Ports, owner_id: OwnerId, event_id: str, at_ms: int, held: Mapping[str, str]
) -> None:
    """An event that is gone meanwhile stays gone."""
    if await find_event(ports.directory, owner_id, event_id, at_ms) is None:
        return

    def noted(before: Event | None) -> Event:
        if before is None:
            raise NotFound("event", event_id)
        details = {**before.details, HELD: {**before.details.get(HELD, {}), **held}}
        return dataclasses.replace(before, details=details)

    try:
        await hear_event(ports, owner_id, event_id, at_ms, noted)
    except NotFound:
        return


async def _note_at_site(
    ports: Ports, owner_id: OwnerId, actor: Actor, site_id: SiteId, held: Mapping[str, str]
) -> None:
    def noted(before: Site) -> Site:
        kept = {**before.kept, FACES_HELD: {**before.kept.get(FACES_HELD, {}), **held}}
        return dataclasses.replace(before, kept=kept)

    try:
        await edit_site(ports, owner_id, actor, site_id, noted)
    except NotFound:
        return


def _named(event: Event) -> Iterator[Mapping[str, Any]]:
    parts = event.details.get(PARTS, ())
    for holder in (event.details, *(part for part in parts if isinstance(part, Mapping))):
        for name in (PICTURE, CUTOUT):
            if isinstance(picture := holder.get(name), Mapping):
                yield picture


def _faces(person: Person) -> Iterator[Mapping[str, Any]]:
    if person.face is not None:
        yield person.face
    if person.picture_url:
        yield {"url": person.picture_url}


def _reference(picture: Any) -> str:
    """What tells a picture apart at its cloud: its id, else its address; empty for one that has neither.

    A face keeps its id when it gets a better picture, and counts its versions.
    """
    if not isinstance(picture, Mapping):
        return ""
    image_id = _asked(picture).get("image_id", "")
    if image_id:
        version = picture.get("version")
        return image_id if version in (None, 1) else f"{image_id}.{version}"[:MAX_TEXT]
    url = _address(picture)
    # What follows the path is a signature that expires: the picture is the same with the next one.
    return url.partition("?")[0]


def _asked(picture: Mapping[str, Any]) -> dict[str, str]:
    """What to ask the cloud for: the id and key beside the address, else those in it."""
    url = _address(picture)
    found = {"url": url} if url else {}
    image_id, key = picture.get("id"), picture.get("key")
    if not (_is_name(image_id) and _is_name(key)):
        query = dict(parse_qsl(url.partition("?")[2]))
        image_id, key = query.get("image_id"), query.get("key")
    if _is_name(image_id) and _is_name(key):
        found |= {"image_id": str(image_id), "key": str(key)}
    return found


def _address(picture: Mapping[str, Any]) -> str:
    url = picture.get("url")
    if not _is_name(url):
        return ""
    try:
        parts = urlsplit(str(url))
    except ValueError:
        return ""
    return str(url) if parts.scheme in ("http", "https") and parts.hostname else ""


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()


def _picture_id(owner_id: OwnerId, reference: str) -> str:
    return hashlib.blake2b(f"{owner_id}|{reference}".encode(), digest_size=_ID_BYTES).hexdigest()
