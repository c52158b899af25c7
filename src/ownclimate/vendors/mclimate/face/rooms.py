"""`/v1/rooms` (contract §7.2)."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from msgspec import UNSET, Struct, UnsetType

from ownclimate.core.devices import edit_device, list_devices
from ownclimate.core.errors import InvalidInput
from ownclimate.core.sites import checked_name, create_room, edit_room
from ownclimate.core.things import Room, Site
from ownclimate.vendors.mclimate import mapping, wire
from ownclimate.vendors.mclimate.face import hal, parts, places
from ownclimate.vendors.mclimate.face.crud import Row, five_rows
from ownclimate.vendors.mclimate.face.parts import SPACE
from ownclimate.vendors.mclimate.face.resources import Resource
from ownclimate.vendors.mclimate.wire import Link, Links
from ownclimate.web.call import Answer, Call
from ownclimate.web.tables import Endpoint, Place

PATH = "/v1/rooms"
ROOM: Resource[wire.Room] = Resource(
    "room",
    wire.Room,
    {"id": int, "name": str, "building_id": int, "floor_id": int, "space_id": int, "created": str},
)
Number = Annotated[int | UnsetType | None, Place.BODY]


class RoomQuery(hal.EntityQuery, kw_only=True):
    room_id: int


class RoomPath(Struct, kw_only=True):
    room_id: int


class NewRoom(Struct, kw_only=True):
    """Without a building it is one of the only building there is."""

    name: Annotated[str, Place.BODY]
    building_id: Number = UNSET
    floor_id: Number = UNSET
    space_id: Number = UNSET


class RoomChanges(Struct, kw_only=True):
    """What is absent stays as it is; null takes the room off its floor or out of its space."""

    room_id: int
    name: Annotated[str | UnsetType, Place.BODY] = UNSET
    floor_id: Number = UNSET
    space_id: Number = UNSET


def rows(totals: hal.Totals) -> tuple[Endpoint, ...]:
    async def list_rooms(call: Call, query: hal.CollectionQuery) -> Any:
        sites = {site.id: site for site in await places.reached_buildings(call)}
        shown = [_shown(room, sites[room.site_id]) for room in await places.reached_rooms(call)]
        return ROOM.listed(call, query, shown, _links, totals)

    return five_rows(
        "Room",
        PATH,
        "room_id",
        ROOM,
        listing=Row(handler=list_rooms, summary="Rooms, filtered, sorted and in pages"),
        get=Row(handler=get_room, params=RoomQuery, summary="One room"),
        create=Row(
            handler=create,
            params=NewRoom,
            owned=("building_id", "floor_id", "space_id"),
            summary="A new room",
            examples={"name": "Parlour"},
        ),
        update=Row(
            handler=update,
            params=RoomChanges,
            owned=("floor_id", "space_id"),
            summary="A room's name, floor and space",
            examples={"name": "Drawing room"},
        ),
        delete=Row(
            handler=delete,
            params=RoomPath,
            summary="Takes a room away; its controllers stay in the building",
        ),
    )


async def get_room(call: Call, query: RoomQuery) -> Any:
    room = await places.room_of(call, query.room_id)
    shown = _shown(room, await _site_of(call, room))
    return ROOM.shown(query, shown, _links(shown))


async def create(call: Call, new: NewRoom) -> Answer:
    site = await _building(call, new.building_id)
    space = await parts.named_space(call, site, new.space_id)
    room = await create_room(
        call.ports,
        call.access.owner_id,
        call.actor,
        site_id=site.id,
        name=checked_name(new.name),
        floor=await parts.named_floor(call, site, new.floor_id),
        settings={SPACE: space} if space else {},
    )
    shown = _shown(room, site)
    return Answer(body=ROOM.told(shown, _links(shown)), headers=(("location", f"{PATH}/{room.number}"),))


async def update(call: Call, wanted: RoomChanges) -> Any:
    room = await places.room_of(call, wanted.room_id)
    site = await _site_of(call, room)
    changes: dict[str, Any] = {}
    if wanted.name is not UNSET:
        changes["name"] = checked_name(wanted.name)
    if wanted.floor_id is not UNSET:
        changes["floor"] = await parts.named_floor(call, site, wanted.floor_id)
    if wanted.space_id is not UNSET:
        changes["settings"] = {**room.settings, SPACE: await parts.named_space(call, site, wanted.space_id)}

    def change(current: Room) -> Room:
        return dataclasses.replace(current, **changes)

    room = await edit_room(call.ports, call.access.owner_id, call.actor, room.id, change)
    shown = _shown(room, site)
    return ROOM.told(shown, _links(shown))


async def delete(call: Call, path: RoomPath) -> None:
    ports, owner_id = call.ports, call.access.owner_id
    room = await places.room_of(call, path.room_id)
    for device in await list_devices(ports.directory, owner_id):
        if device.room_id == room.id:
            await edit_device(
                ports, owner_id, call.actor, device.id, lambda d: dataclasses.replace(d, room_id=None)
            )
    now_ms = ports.clock.now_ms()
    await edit_room(
        ports,
        owner_id,
        call.actor,
        room.id,
        lambda current: dataclasses.replace(current, deleted_ms=current.deleted_ms or now_ms),
    )


async def _site_of(call: Call, room: Room) -> Site:
    """The building of a room that was found: rooms of buildings that are gone are not."""
    return next(site for site in await places.reached_buildings(call) if site.id == room.site_id)


async def _building(call: Call, number: int | UnsetType | None) -> Site:
    """The building that is named; the oldest where none is, since a new room needs only its name."""
    if isinstance(number, int):
        return await places.named_building(call, number)
    sites = await places.reached_buildings(call)
    if not sites:
        raise InvalidInput("building_id", "there is no building yet that a room could be in")
    return sites[0]


def _shown(room: Room, site: Site) -> wire.Room:
    return wire.Room(
        id=room.number,
        name=room.name,
        building_id=site.number,
        floor_id=parts.floor_number(site, room),
        space_id=parts.space_number(site, room),
        created=mapping.moment(room.created_ms),
    )


def _links(room: wire.Room) -> Links:
    links = {
        "self": Link(f"{PATH}/{room.id}"),
        "building": Link(f"/v1/buildings/{room.building_id}"),
        "controllers": Link(f"/v1/controllers?room_id={room.id}"),
    }
    if isinstance(room.floor_id, int):
        links["floor"] = Link(f"/v1/floors/{room.floor_id}")
    if isinstance(room.space_id, int):
        links["space"] = Link(f"/v1/spaces/{room.space_id}")
    return links
