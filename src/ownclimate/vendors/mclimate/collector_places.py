"""The account's buildings, floors and rooms as sites and rooms of ours.

The vendor publishes no such lists, only numbers of rooms; another server of this kind has them. What was
said last time stands in each thing's `kept`: a name is taken over when the cloud says another than then.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ownclimate.core.errors import Conflict
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.sites import (
    MAX_NAME,
    create_room,
    create_site,
    edit_room,
    edit_site,
    list_rooms,
    list_sites,
)
from ownclimate.core.things import Place, Report, Room, Site, SiteKind, Source
from ownclimate.core.writes import Actor
from ownclimate.vendors.mclimate.collector_reading import instant_of, text_of

CLOUD: Final = "mclimate.cloud"
"""Under which things keep what the cloud said of them, and the pseudo-dialect of its numbers."""
BROUGHT: Final = "brought"
"""Report: which number of the cloud's a site was made for. It tells which source brought the site."""
WHOLE_ACCOUNT: Final = "account"
"""Stands for the number of a home that the cloud does not tell of."""
_PASSING: Final = frozenset({"_links", "_relation", "controller_log", "online", "relay_state", "deleted_at"})
"""Members that are no part of what a thing is."""
CREATED: Final = "created"
_COUNTRY_LETTERS: Final = 2


@dataclass(slots=True, kw_only=True)
class Places:
    """`base_url` sets one cloud's numbers apart from another's."""

    ports: Ports
    owner_id: OwnerId
    source: Source
    actor: Actor
    base_url: str

    async def hear_building(self, item: Mapping[str, Any]) -> Site | None:
        """None for one without a number, and for one that its owner removed here."""
        number = text_of(item.get("id"))
        if not number:
            return None
        said = said_of(item)
        name = name_of(item.get("name")) or f"Building {number}"
        zone = text_of(item.get("time_zone"))
        country = text_of(item.get("country"))
        place = Place(
            address=text_of(item.get("address")),
            city=text_of(item.get("city")),
            country=country if len(country) == _COUNTRY_LETTERS else "",
        )
        known = (await self._sites()).get(self._external(number))
        if known is None:
            kind = SiteKind.HOME if item.get("kind") == SiteKind.HOME.value else SiteKind.BUILDING
            return await self._made_site(number, name, kind, zone, place, said)
        if known.kept.get(CLOUD) == said:
            return known
        before = known.kept.get(CLOUD, {})

        def change(site: Site) -> Site:
            return dataclasses.replace(
                site,
                name=name if before.get("name") != said.get("name") else site.name,
                time_zone=zone if before.get("time_zone") != zone and _is_zone(zone) else site.time_zone,
                place=dataclasses.replace(
                    site.place, address=place.address, city=place.city, country=place.country
                ),
                kept={**site.kept, CLOUD: said},
            )

        return await edit_site(self.ports, self.owner_id, self.actor, known.id, change)

    async def hear_room(self, item: Mapping[str, Any], floors: Mapping[str, str], zone: str) -> Room | None:
        """`floors` are names by the cloud's numbers, `zone` that of a home made for want of a building."""
        number = text_of(item.get("id"))
        if not number:
            return None
        said = said_of(item)
        name = name_of(item.get("name")) or f"Room {number}"
        floor = floors.get(text_of(item.get("floor_id")), "")
        known = (await self._rooms()).get(self._external(number))
        if known is None:
            site = await self._site_of(text_of(item.get("building_id")), zone)
            return None if site is None else await self._made_room(site, number, name, floor, said)
        await self._add_floor(known, floor)
        if known.kept.get(CLOUD) == said and known.floor == floor:
            return known
        before = known.kept.get(CLOUD, {})

        def change(room: Room) -> Room:
            is_renamed = before.get("name") != said.get("name")
            kept = {**room.kept, CLOUD: said}
            return dataclasses.replace(
                room, name=name if is_renamed else room.name, floor=floor or room.floor, kept=kept
            )

        return await edit_room(self.ports, self.owner_id, self.actor, known.id, change)

    async def place_of(self, said: Mapping[str, Any], zone: str) -> tuple[Room | None, Site | None]:
        """Where a controller stands: in a room, or at a site; nowhere when nobody can tell."""
        number = text_of(said.get("room_id"))
        room = (await self._rooms()).get(self._external(number)) if number else None
        if room is not None:
            return room, None
        site = await self._site_of("", zone)
        if number and site is not None:
            # A room of which only the number is told.
            return await self._made_room(site, number, f"Room {number}", "", {}), site
        return None, site

    async def _site_of(self, number: str, zone: str) -> Site | None:
        """The building; without a number the only one there is, or a home made for the account. None where
        there are several."""
        sites = await self._sites()
        if number:
            return sites.get(self._external(number))
        if len(sites) > 1:
            return None
        if sites:
            return next(iter(sites.values()))
        return await self._made_site(WHOLE_ACCOUNT, self.source.name, SiteKind.HOME, zone, Place(), {})

    async def _made_site(
        self, number: str, name: str, kind: SiteKind, zone: str, place: Place, said: Mapping[str, Any]
    ) -> Site | None:
        try:
            return await create_site(
                self.ports,
                self.owner_id,
                self.actor,
                name=name,
                kind=kind,
                time_zone=zone if _is_zone(zone) else "UTC",
                place=place,
                given_aliases={CLOUD: self._external(number)},
                reports={
                    BROUGHT: Report(value=number, at_ms=self.ports.clock.now_ms(), source=self.source.id)
                },
                kept={CLOUD: said},
            )
        except Conflict:
            return None

    async def _made_room(
        self, site: Site, number: str, name: str, floor: str, said: Mapping[str, Any]
    ) -> Room | None:
        try:
            room = await create_room(
                self.ports,
                self.owner_id,
                self.actor,
                site_id=site.id,
                name=name,
                floor=floor,
                given_aliases={CLOUD: self._external(number)},
                kept={CLOUD: said},
            )
        except Conflict:
            return None
        await self._add_floor(room, floor)
        return room

    async def _add_floor(self, room: Room, floor: str) -> None:
        def change(site: Site) -> Site:
            if not floor or floor in site.floors:
                return site
            return dataclasses.replace(site, floors=(*site.floors, floor))

        if floor:
            await edit_site(self.ports, self.owner_id, self.actor, room.site_id, change)

    async def _sites(self) -> dict[str, Site]:
        """Those of this cloud by its own word for them."""
        sites = await list_sites(self.ports.directory, self.owner_id)
        host = self._external("")
        return {s.aliases[CLOUD]: s for s in sites if s.aliases.get(CLOUD, "").startswith(host)}

    async def _rooms(self) -> dict[str, Room]:
        rooms = await list_rooms(self.ports.directory, self.owner_id)
        return {room.aliases[CLOUD]: room for room in rooms if CLOUD in room.aliases}

    def _external(self, number: str) -> str:
        return f"{urlsplit(self.base_url).netloc}/{number}"


def said_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """What the cloud tells of a thing, as it came. Instants other than that of its making pass: were they
    part of it, it would change with every answer."""
    return {
        name: value
        for name, value in item.items()
        if name not in _PASSING and (name == CREATED or instant_of(value) is None)
    }


def name_of(value: Any) -> str:
    """As names are stored; empty for what can be none."""
    text = "".join(sign for sign in text_of(value) if sign.isprintable())
    return text[:MAX_NAME].strip()


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # A name that is a folder, or none.
        return False
    return bool(name)
