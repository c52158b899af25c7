"""Where a heating profile counts: a building, a floor, a space or a room, by the numbers shown here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from msgspec import UNSET, UnsetType

from ownclimate.core.errors import InvalidInput
from ownclimate.core.ids import RoomId, SiteId
from ownclimate.core.things import Site
from ownclimate.vendors.mclimate.face import parts, places
from ownclimate.vendors.mclimate.face.parts import Part
from ownclimate.web.call import Call

T = TypeVar("T")
PlaceNumber = int | UnsetType | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a profile counts; what is not given is anywhere."""

    site_id: SiteId | None = None
    floor: str = ""
    space: str = ""
    room_id: RoomId | None = None


async def spot_of(
    call: Call,
    building_id: PlaceNumber = UNSET,
    floor_id: PlaceNumber = UNSET,
    space_id: PlaceNumber = UNSET,
    room_id: PlaceNumber = UNSET,
) -> Spot:
    """Raises InvalidInput for a place that is none of the caller's, or lies in another building than the
    others given with it."""
    building = await _found(places.find_building, call, "building_id", building_id)
    floor = await _found(parts.find_floor, call, "floor_id", floor_id)
    space = await _found(parts.find_space, call, "space_id", space_id)
    room = await _found(places.find_room, call, "room_id", room_id)
    site_ids = {
        "building_id": None if building is None else building.id,
        "floor_id": None if floor is None else floor.site.id,
        "space_id": None if space is None else space.site.id,
        "room_id": None if room is None else room.site_id,
    }
    given = {name: site_id for name, site_id in site_ids.items() if site_id is not None}
    first = next(iter(given.values()), None)
    for name, site_id in given.items():
        if site_id != first:
            raise InvalidInput(name, "lies in another building than the rest")
    return Spot(
        site_id=first,
        floor="" if floor is None else floor.name,
        space="" if space is None else space.name,
        room_id=None if room is None else room.id,
    )


async def _found(
    find: Callable[[Call, int], Awaitable[T | None]], call: Call, name: str, number: PlaceNumber
) -> T | None:
    if not isinstance(number, int):
        return None
    found = await find(call, number)
    if found is None:
        raise InvalidInput(name, f"there is no such {name.removesuffix('_id')}")
    return found


def part_number(site: Site | None, name: str, parts_of: Callable[[Site], list[Part]]) -> int | None:
    """None also for a floor or space that the building no longer has."""
    found = () if site is None else parts_of(site)
    return next((part.number for part in found if part.name == name), None)
