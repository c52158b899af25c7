"""Floors and spaces: named parts of a building (contract §7.2).

A floor is a name that the building has; a space is a part of a floor, or of the whole building, that holds
rooms (a flat, an office). Both are numbered here by a checksum of what they are: the same as long as they
keep their name, and nothing has to be allotted for them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from msgspec import UnsetType

from ownclimate.core.errors import InvalidInput, NotFound
from ownclimate.core.things import Room, Site
from ownclimate.vendors.mclimate.face import places
from ownclimate.web.call import Call

SPACES: Final = "spaces"
"""The site's setting that lists its spaces."""
SPACE: Final = "space"
"""The room's setting that names the space it is in."""
LARGEST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A floor or a space of `site`. `floor` is the one that a space is on; empty for a floor itself, and for
    a space of the whole building."""

    site: Site
    name: str
    floor: str = ""

    @property
    def number(self) -> int:
        return part_number(self.site, self.name)


def part_number(site: Site, name: str) -> int:
    """Names of floors and spaces of one building differ, so the name tells which."""
    return zlib.crc32(f"{site.number}/{name}".encode()) & LARGEST


def floors_of(site: Site) -> list[Part]:
    """From the lowest up."""
    return [Part(site=site, name=name) for name in site.floors]


def spaces_of(site: Site) -> list[Part]:
    return [
        Part(site=site, name=space["name"], floor=space["floor"]) for space in site.settings.get(SPACES, ())
    ]


def names_of(site: Site) -> set[str]:
    """Names that a new part of the building cannot have."""
    return {part.name for part in (*floors_of(site), *spaces_of(site))}


async def find_floor(call: Call, number: int) -> Part | None:
    return _numbered(number, (part for s in await places.reached_buildings(call) for part in floors_of(s)))


async def find_space(call: Call, number: int) -> Part | None:
    return _numbered(number, (part for s in await places.reached_buildings(call) for part in spaces_of(s)))


async def floor_of(call: Call, number: int) -> Part:
    """Raises NotFound, also for a floor of a building that the token does not reach."""
    found = await find_floor(call, number)
    if found is None:
        raise NotFound("floor")
    return found


async def space_of(call: Call, number: int) -> Part:
    """Raises NotFound, also for a space of a building that the token does not reach."""
    found = await find_space(call, number)
    if found is None:
        raise NotFound("space")
    return found


async def named_floor(call: Call, site: Site, number: int | UnsetType | None) -> str:
    """The name of the floor that a body names, empty for none. Raises InvalidInput."""
    floor = await find_floor(call, number) if isinstance(number, int) else None
    return _name_in(site, floor, "floor") if isinstance(number, int) else ""


async def named_space(call: Call, site: Site, number: int | UnsetType | None) -> str:
    """The name of the space that a body names, empty for none. Raises InvalidInput."""
    space = await find_space(call, number) if isinstance(number, int) else None
    return _name_in(site, space, "space") if isinstance(number, int) else ""


def _name_in(site: Site, part: Part | None, kind: str) -> str:
    if part is None or part.site.id != site.id:
        raise InvalidInput(f"{kind}_id", f"there is no such {kind} in the building")
    return part.name


def floor_number(site: Site, room: Room) -> int | None:
    return part_number(site, room.floor) if room.floor in site.floors else None


def space_number(site: Site, room: Room) -> int | None:
    name = room.settings.get(SPACE)
    return next((part.number for part in spaces_of(site) if part.name == name), None)


def _numbered(number: int, parts: Iterable[Part]) -> Part | None:
    return next((part for part in parts if part.number == number), None)
