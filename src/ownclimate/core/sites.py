"""Use cases on sites and rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ownclimate.core import aliases
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import InvalidInput, NotFound
from ownclimate.core.ids import OwnerId, RoomId, SiteId, new_id
from ownclimate.core.numbering import take_numbers
from ownclimate.core.partitions import ALIASES, ROOMS, SITES, owner_partition
from ownclimate.core.ports import ABSENT, Change, Directory, Ports, Put
from ownclimate.core.things import Place, Report, Room, Site, SiteKind
from ownclimate.core.writes import Actor, Deed, commit, edit

MAX_NAME = 200


def checked_name(name: str) -> str:
    """A name as it will be stored. Raises InvalidInput when empty, too long or with control characters."""
    stripped = name.strip()
    if not stripped or len(stripped) > MAX_NAME or any(ord(c) < 32 for c in stripped):
        raise InvalidInput("name", f"expected 1 to {MAX_NAME} printable characters")
    return stripped


async def create_site(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    *,
    name: str,
    kind: SiteKind = SiteKind.HOME,
    time_zone: str = "UTC",
    place: Place = Place(),
    floors: tuple[str, ...] = (),
    given_aliases: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
    reports: Mapping[str, Report] | None = None,
    kept: Mapping[str, Any] | None = None,
    also: Callable[[Site], Sequence[Change]] = lambda site: (),
) -> Site:
    """A new site with its aliases in every dialect; `given_aliases` are ids that its maker gave it.

    `also` makes further changes of the same write from the site as it will be.
    """
    site_id = SiteId(new_id(ports.clock, ports.entropy))
    (number,) = await take_numbers(ports, 1)
    site = Site(
        id=site_id,
        owner_id=owner_id,
        name=name,
        number=number,
        kind=kind,
        time_zone=time_zone,
        place=place,
        floors=floors,
        aliases=aliases.site_aliases(site_id, number, given_aliases or {}),
        settings=dict(settings or {}),
        reports=dict(reports or {}),
        kept=dict(kept or {}),
        created_ms=ports.clock.now_ms(),
    )
    changes = [
        Put(table=SITES, key=site.id, body=to_body(site), expect=ABSENT),
        *aliases.puts(aliases.SITE, site.id, site.aliases),
        *also(site),
    ]
    await commit(ports, owner_id, changes, Deed(actor=actor, verb="create", kind="site", object_id=site.id))
    return site


async def create_room(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    *,
    site_id: SiteId,
    name: str,
    kind: str = "",
    floor: str = "",
    given_aliases: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
    reports: Mapping[str, Report] | None = None,
    kept: Mapping[str, Any] | None = None,
) -> Room:
    """A new room; its external ids are unique within the site."""
    room_id = RoomId(new_id(ports.clock, ports.entropy))
    (number,) = await take_numbers(ports, 1)
    room = Room(
        id=room_id,
        site_id=site_id,
        name=name,
        number=number,
        kind=kind,
        floor=floor,
        aliases=aliases.room_aliases(number, given_aliases or {}),
        settings=dict(settings or {}),
        reports=dict(reports or {}),
        kept=dict(kept or {}),
        created_ms=ports.clock.now_ms(),
    )
    changes = [
        Put(table=ROOMS, key=room.id, body=to_body(room), expect=ABSENT),
        *aliases.puts(aliases.ROOM, room.id, room.aliases, scope=site_id),
    ]
    await commit(ports, owner_id, changes, Deed(actor=actor, verb="create", kind="room", object_id=room.id))
    return room


async def edit_site(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    site_id: str,
    change: Callable[[Site], Site],
    *,
    verb: str = "change",
    also: Callable[[Site], Sequence[Change]] = lambda site: (),
) -> Site:
    """Raises NotFound; Conflict when what `also` expects does not hold. A change that changes nothing
    leaves no trace."""
    deed = Deed(actor=actor, verb=verb, kind="site", object_id=site_id)
    return await edit(ports, owner_id, SITES, Site, change, deed, also)


async def edit_room(
    ports: Ports, owner_id: OwnerId, actor: Actor, room_id: str, change: Callable[[Room], Room]
) -> Room:
    deed = Deed(actor=actor, verb="change", kind="room", object_id=room_id)
    return await edit(ports, owner_id, ROOMS, Room, change, deed)


async def list_sites(directory: Directory, owner_id: OwnerId) -> list[Site]:
    """The owner's sites, oldest first, without deleted ones."""
    documents = await directory.scan(owner_partition(owner_id), SITES)
    return [site for d in documents if not (site := from_body(Site, d.body)).deleted_ms]


async def list_rooms(directory: Directory, owner_id: OwnerId) -> list[Room]:
    documents = await directory.scan(owner_partition(owner_id), ROOMS)
    return [room for d in documents if not (room := from_body(Room, d.body)).deleted_ms]


async def get_site(directory: Directory, owner_id: OwnerId, site_id: str) -> Site:
    document = await directory.find(owner_partition(owner_id), SITES, site_id)
    if document is None or (site := from_body(Site, document.body)).deleted_ms:
        raise NotFound("site", site_id)
    return site


async def find_by_alias(
    directory: Directory, owner_id: OwnerId, dialect: str, kind: str, external: str, *, scope: str = ""
) -> str | None:
    """Our id of what a dialect calls `external`, None when it is unknown to this owner."""
    text = f"{scope}/{external}" if scope else external
    document = await directory.find(
        owner_partition(owner_id), ALIASES, aliases.alias_key(dialect, kind, text)
    )
    return None if document is None else str(document.body["id"])
