"""`/v1/floors` and `/v1/spaces` (contract §7.2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Annotated, Any

from msgspec import UNSET, Struct, UnsetType

from ownclimate.core.errors import InvalidInput
from ownclimate.core.sites import checked_name, edit_room, edit_site
from ownclimate.core.things import Room, Site
from ownclimate.vendors.mclimate import wire
from ownclimate.vendors.mclimate.face import hal, parts, places
from ownclimate.vendors.mclimate.face.crud import Row, five_rows
from ownclimate.vendors.mclimate.face.parts import SPACE, SPACES, Part
from ownclimate.vendors.mclimate.face.resources import Resource
from ownclimate.vendors.mclimate.wire import Link, Links
from ownclimate.web.call import Answer, Call
from ownclimate.web.tables import Endpoint, Place

FLOORS, SPACES_PATH = "/v1/floors", "/v1/spaces"
FLOOR: Resource[wire.Floor] = Resource("floor", wire.Floor, {"id": int, "name": str, "building_id": int})
SPACE_RESOURCE: Resource[wire.Space] = Resource(
    "space", wire.Space, {"id": int, "name": str, "building_id": int, "floor_id": int}
)


class FloorQuery(hal.EntityQuery, kw_only=True):
    floor_id: int


class FloorPath(Struct, kw_only=True):
    floor_id: int


class NewFloor(Struct, kw_only=True):
    name: Annotated[str, Place.BODY]
    building_id: Annotated[int, Place.BODY]


class FloorChanges(Struct, kw_only=True):
    floor_id: int
    name: Annotated[str, Place.BODY]


class SpaceQuery(hal.EntityQuery, kw_only=True):
    space_id: int


class SpacePath(Struct, kw_only=True):
    space_id: int


class NewSpace(Struct, kw_only=True):
    name: Annotated[str, Place.BODY]
    building_id: Annotated[int, Place.BODY]
    floor_id: Annotated[int | UnsetType | None, Place.BODY] = UNSET


class SpaceChanges(Struct, kw_only=True):
    space_id: int
    name: Annotated[str | UnsetType, Place.BODY] = UNSET
    floor_id: Annotated[int | UnsetType | None, Place.BODY] = UNSET


def rows(totals: hal.Totals) -> tuple[Endpoint, ...]:
    return (
        *five_rows(
            "Floor",
            FLOORS,
            "floor_id",
            FLOOR,
            listing=Row(
                handler=_lister(FLOOR, _floors, totals),
                summary="The floors of every building, filtered, sorted and in pages",
            ),
            get=Row(handler=get_floor, params=FloorQuery, summary="One floor"),
            create=Row(
                handler=create_floor,
                params=NewFloor,
                owned=("building_id",),
                summary="A new floor of a building",
                examples={"name": "Upper floor"},
            ),
            update=Row(
                handler=update_floor,
                params=FloorChanges,
                summary="Renames a floor, which gives it another number",
                examples={"name": "Lower floor"},
            ),
            delete=Row(
                handler=delete_floor,
                params=FloorPath,
                summary="Takes a floor away; its rooms stay in the building",
            ),
        ),
        *five_rows(
            "Space",
            SPACES_PATH,
            "space_id",
            SPACE_RESOURCE,
            listing=Row(
                handler=_lister(SPACE_RESOURCE, _spaces, totals),
                summary="The spaces of every building, filtered, sorted and in pages",
            ),
            get=Row(handler=get_space, params=SpaceQuery, summary="One space"),
            create=Row(
                handler=create_space,
                params=NewSpace,
                owned=("building_id", "floor_id"),
                summary="A new space of a building",
                examples={"name": "Upper flat"},
            ),
            update=Row(
                handler=update_space,
                params=SpaceChanges,
                owned=("floor_id",),
                summary="A space's floor, or its name, which gives it another number",
                examples={"name": "Lower flat"},
            ),
            delete=Row(
                handler=delete_space,
                params=SpacePath,
                summary="Takes a space away; its rooms stay in the building",
            ),
        ),
    )


def _lister(
    resource: Resource[Any], items: Callable[[Site], list[Any]], totals: hal.Totals
) -> Callable[[Call, hal.CollectionQuery], Any]:
    links = _floor_links if resource is FLOOR else _space_links

    async def lister(call: Call, query: hal.CollectionQuery) -> Any:
        shown = [item for site in await places.reached_buildings(call) for item in items(site)]
        return resource.listed(call, query, sorted(shown, key=lambda item: item.id), links, totals)

    return lister


async def get_floor(call: Call, query: FloorQuery) -> Any:
    shown = _floor(await parts.floor_of(call, query.floor_id))
    return FLOOR.shown(query, shown, _floor_links(shown))


async def create_floor(call: Call, new: NewFloor) -> Answer:
    site = await places.named_building(call, new.building_id)
    name = _free_name(site, new.name)
    site = await _edit(
        call, site, lambda current: dataclasses.replace(current, floors=(*current.floors, name))
    )
    return _made(FLOOR, _floor(Part(site=site, name=name)), _floor_links)


async def update_floor(call: Call, wanted: FloorChanges) -> Any:
    part = await parts.floor_of(call, wanted.floor_id)
    name = part.name if wanted.name == part.name else _free_name(part.site, wanted.name)

    def change(site: Site) -> Site:
        floors = tuple(name if floor == part.name else floor for floor in site.floors)
        spaces = [s | {"floor": name} if s["floor"] == part.name else s for s in _stored(site)]
        return _with_spaces(dataclasses.replace(site, floors=floors), spaces)

    await _move_rooms(call, part, lambda room: room.floor == part.name, {"floor": name})
    shown = _floor(Part(site=await _edit(call, part.site, change), name=name))
    return FLOOR.told(shown, _floor_links(shown))


async def delete_floor(call: Call, path: FloorPath) -> None:
    part = await parts.floor_of(call, path.floor_id)

    def change(site: Site) -> Site:
        floors = tuple(floor for floor in site.floors if floor != part.name)
        spaces = [s | {"floor": ""} if s["floor"] == part.name else s for s in _stored(site)]
        return _with_spaces(dataclasses.replace(site, floors=floors), spaces)

    await _move_rooms(call, part, lambda room: room.floor == part.name, {"floor": ""})
    await _edit(call, part.site, change)


async def get_space(call: Call, query: SpaceQuery) -> Any:
    shown = _space(await parts.space_of(call, query.space_id))
    return SPACE_RESOURCE.shown(query, shown, _space_links(shown))


async def create_space(call: Call, new: NewSpace) -> Answer:
    site = await places.named_building(call, new.building_id)
    name, floor = _free_name(site, new.name), await parts.named_floor(call, site, new.floor_id)
    space = {"name": name, "floor": floor}
    site = await _edit(call, site, lambda current: _with_spaces(current, [*_stored(current), space]))
    return _made(SPACE_RESOURCE, _space(Part(site=site, name=name, floor=floor)), _space_links)


async def update_space(call: Call, wanted: SpaceChanges) -> Any:
    part = await parts.space_of(call, wanted.space_id)
    is_same = wanted.name is UNSET or wanted.name == part.name
    name = part.name if is_same or wanted.name is UNSET else _free_name(part.site, wanted.name)
    stays = wanted.floor_id is UNSET
    floor = part.floor if stays else await parts.named_floor(call, part.site, wanted.floor_id)

    def change(site: Site) -> Site:
        spaces = [{"name": name, "floor": floor} if s["name"] == part.name else s for s in _stored(site)]
        return _with_spaces(site, spaces)

    await _move_rooms(call, part, _is_in(part), {"settings": {SPACE: name}})
    shown = _space(Part(site=await _edit(call, part.site, change), name=name, floor=floor))
    return SPACE_RESOURCE.told(shown, _space_links(shown))


async def delete_space(call: Call, path: SpacePath) -> None:
    part = await parts.space_of(call, path.space_id)
    await _move_rooms(call, part, _is_in(part), {"settings": {SPACE: ""}})
    await _edit(
        call,
        part.site,
        lambda site: _with_spaces(site, [s for s in _stored(site) if s["name"] != part.name]),
    )


def _is_in(space: Part) -> Callable[[Room], bool]:
    return lambda room: room.settings.get(SPACE) == space.name


async def _move_rooms(call: Call, part: Part, is_in: Callable[[Room], bool], changes: dict[str, Any]) -> None:
    """Changes the rooms of the part. Before the part itself: whoever repeats it finds the part still."""

    def change(room: Room) -> Room:
        settings = {**room.settings, **changes.get("settings", {})}
        return dataclasses.replace(room, **{**changes, "settings": settings})

    for room in await places.reached_rooms(call):
        if room.site_id == part.site.id and is_in(room):
            await edit_room(call.ports, call.access.owner_id, call.actor, room.id, change)


def _free_name(site: Site, wanted: str) -> str:
    name = checked_name(wanted)
    if name in parts.names_of(site):
        raise InvalidInput("name", "another floor or space of the building has it")
    return name


async def _edit(call: Call, site: Site, change: Callable[[Site], Site]) -> Site:
    return await edit_site(call.ports, call.access.owner_id, call.actor, site.id, change)


def _stored(site: Site) -> list[dict[str, Any]]:
    return list(site.settings.get(SPACES, ()))


def _with_spaces(site: Site, spaces: list[dict[str, Any]]) -> Site:
    return dataclasses.replace(site, settings={**site.settings, SPACES: spaces})


def _made(resource: Resource[Any], shown: Any, links: Callable[[Any], Links]) -> Answer:
    told = links(shown)
    return Answer(body=resource.told(shown, told), headers=(("location", told["self"].href),))


def _floors(site: Site) -> list[wire.Floor]:
    return [_floor(part) for part in parts.floors_of(site)]


def _spaces(site: Site) -> list[wire.Space]:
    return [_space(part) for part in parts.spaces_of(site)]


def _floor(part: Part) -> wire.Floor:
    return wire.Floor(id=part.number, name=part.name, building_id=part.site.number)


def _space(part: Part) -> wire.Space:
    floor = parts.part_number(part.site, part.floor) if part.floor in part.site.floors else None
    return wire.Space(id=part.number, name=part.name, building_id=part.site.number, floor_id=floor)


def _floor_links(floor: wire.Floor) -> Links:
    return {
        "self": Link(f"{FLOORS}/{floor.id}"),
        "building": Link(f"/v1/buildings/{floor.building_id}"),
        "rooms": Link(f"/v1/rooms?floor_id={floor.id}"),
    }


def _space_links(space: wire.Space) -> Links:
    return {
        "self": Link(f"{SPACES_PATH}/{space.id}"),
        "building": Link(f"/v1/buildings/{space.building_id}"),
        "rooms": Link(f"/v1/rooms?space_id={space.id}"),
    }
