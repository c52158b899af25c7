"""Finding buildings and rooms by the numbers that this API shows, among those that the token reaches."""

from __future__ import annotations

from ownclimate.core.errors import InvalidInput, NotFound
from ownclimate.core.sites import list_rooms, list_sites
from ownclimate.core.things import Room, Site
from ownclimate.web.call import Call


async def reached_buildings(call: Call) -> list[Site]:
    """By number. Every site is a building here, a home too."""
    sites = await list_sites(call.ports.directory, call.access.owner_id)
    return sorted((s for s in sites if call.access.reaches(s.id)), key=lambda site: site.number)


async def reached_rooms(call: Call) -> list[Room]:
    """Rooms of reached buildings, by number."""
    buildings = {site.id for site in await reached_buildings(call)}
    rooms = await list_rooms(call.ports.directory, call.access.owner_id)
    return sorted((room for room in rooms if room.site_id in buildings), key=lambda room: room.number)


async def find_building(call: Call, number: int) -> Site | None:
    return next((site for site in await reached_buildings(call) if site.number == number), None)


async def find_room(call: Call, number: int) -> Room | None:
    return next((room for room in await reached_rooms(call) if room.number == number), None)


async def named_building(call: Call, number: int) -> Site:
    """The building that a body names. Raises InvalidInput."""
    site = await find_building(call, number)
    if site is None:
        raise InvalidInput("building_id", "there is no such building")
    return site


async def building_of(call: Call, number: int) -> Site:
    """Raises NotFound, also for a building that the token does not reach."""
    site = await find_building(call, number)
    if site is None:
        raise NotFound("building")
    return site


async def room_of(call: Call, number: int) -> Room:
    """Raises NotFound, also for a room of a building that the token does not reach."""
    room = await find_room(call, number)
    if room is None:
        raise NotFound("room")
    return room
