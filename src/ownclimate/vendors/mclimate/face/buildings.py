"""`/v1/buildings`: the owner's homes and buildings (contract §7.2)."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any
from zoneinfo import available_timezones

from msgspec import UNSET, Meta, Struct, UnsetType

from ownclimate.core.devices import list_devices
from ownclimate.core.errors import Forbidden, InvalidInput
from ownclimate.core.sites import checked_name, create_site, edit_site
from ownclimate.core.things import Place as Address
from ownclimate.core.things import Site, SiteKind
from ownclimate.vendors.mclimate import mapping, wire
from ownclimate.vendors.mclimate.face import hal, places
from ownclimate.vendors.mclimate.face.crud import Row, five_rows
from ownclimate.vendors.mclimate.face.resources import Resource
from ownclimate.vendors.mclimate.wire import Link, Links
from ownclimate.web.call import Answer, Call
from ownclimate.web.tables import Endpoint, Place

PATH = "/v1/buildings"
BUILDING: Resource[wire.Building] = Resource(
    "building",
    wire.Building,
    {
        "id": int,
        "name": str,
        "kind": str,
        "time_zone": str,
        "address": str,
        "city": str,
        "country": str,
        "created": str,
    },
)
Text = Annotated[Annotated[str, Meta(max_length=200)] | UnsetType, Place.BODY]


class BuildingQuery(hal.EntityQuery, kw_only=True):
    building_id: int


class BuildingPath(Struct, kw_only=True):
    building_id: int


class NewBuilding(Struct, kw_only=True):
    name: Annotated[str, Place.BODY]
    time_zone: Annotated[str, Place.BODY] = "UTC"
    address: Text = UNSET
    city: Text = UNSET
    country: Text = UNSET


class BuildingChanges(Struct, kw_only=True):
    building_id: int
    name: Text = UNSET
    time_zone: Text = UNSET
    address: Text = UNSET
    city: Text = UNSET
    country: Text = UNSET


def rows(totals: hal.Totals) -> tuple[Endpoint, ...]:
    async def list_buildings(call: Call, query: hal.CollectionQuery) -> Any:
        shown = [_shown(site) for site in await places.reached_buildings(call)]
        return BUILDING.listed(call, query, shown, _links, totals)

    return five_rows(
        "Building",
        PATH,
        "building_id",
        BUILDING,
        listing=Row(handler=list_buildings, summary="Homes and buildings, filtered, sorted and in pages"),
        get=Row(handler=get_building, params=BuildingQuery, summary="One home or building"),
        create=Row(
            handler=create_building,
            params=NewBuilding,
            summary="A new building",
            examples={"name": "Mill Lane 3", "time_zone": "Europe/Sofia", "city": "Sofia"},
        ),
        update=Row(
            handler=update_building,
            params=BuildingChanges,
            summary="A building's name, time zone and address",
            examples={"city": "Plovdiv"},
        ),
        delete=Row(
            handler=delete_building, params=BuildingPath, summary="Takes away a building that holds nothing"
        ),
    )


async def get_building(call: Call, query: BuildingQuery) -> Any:
    shown = _shown(await places.building_of(call, query.building_id))
    return BUILDING.shown(query, shown, _links(shown))


async def create_building(call: Call, new: NewBuilding) -> Answer:
    if call.access.sites is not None:
        raise Forbidden("this token reaches some homes only, and a new one would not be among them")
    site = await create_site(
        call.ports,
        call.access.owner_id,
        call.actor,
        name=checked_name(new.name),
        kind=SiteKind.BUILDING,
        time_zone=_zone(new.time_zone),
        place=_address(Address(), new),
    )
    shown = _shown(site)
    return Answer(body=BUILDING.told(shown, _links(shown)), headers=(("location", f"{PATH}/{site.number}"),))


async def update_building(call: Call, wanted: BuildingChanges) -> Any:
    site = await places.building_of(call, wanted.building_id)
    name = None if wanted.name is UNSET else checked_name(wanted.name)
    zone = None if wanted.time_zone is UNSET else _zone(wanted.time_zone)

    def change(current: Site) -> Site:
        return dataclasses.replace(
            current,
            name=name or current.name,
            time_zone=zone or current.time_zone,
            place=_address(current.place, wanted),
        )

    shown = _shown(await edit_site(call.ports, call.access.owner_id, call.actor, site.id, change))
    return BUILDING.told(shown, _links(shown))


async def delete_building(call: Call, path: BuildingPath) -> None:
    """Only an empty one: what is in a building should not be lost sight of by mistake."""
    site = await places.building_of(call, path.building_id)
    devices = await list_devices(call.ports.directory, call.access.owner_id)
    held = sum(device.site_id == site.id for device in devices)
    rooms = sum(room.site_id == site.id for room in await places.reached_rooms(call))
    if held or rooms:
        raise InvalidInput("building_id", f"still holds {held} controllers and {rooms} rooms")
    now_ms = call.ports.clock.now_ms()
    await edit_site(
        call.ports,
        call.access.owner_id,
        call.actor,
        site.id,
        lambda current: dataclasses.replace(current, deleted_ms=current.deleted_ms or now_ms),
    )


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise InvalidInput("time_zone", "expected an IANA name such as Europe/Sofia")
    return name


def _address(known: Address, wanted: NewBuilding | BuildingChanges) -> Address:
    told = {name: getattr(wanted, name) for name in ("address", "city", "country")}
    return dataclasses.replace(known, **{name: text for name, text in told.items() if text is not UNSET})


def _shown(site: Site) -> wire.Building:
    return wire.Building(
        id=site.number,
        name=site.name,
        kind=site.kind.value,
        time_zone=site.time_zone,
        address=site.place.address,
        city=site.place.city,
        country=site.place.country,
        created=mapping.moment(site.created_ms),
    )


def _links(building: wire.Building) -> Links:
    of_it = f"?building_id={building.id}"
    return {
        "self": Link(f"{PATH}/{building.id}"),
        "floors": Link(f"/v1/floors{of_it}"),
        "spaces": Link(f"/v1/spaces{of_it}"),
        "rooms": Link(f"/v1/rooms{of_it}"),
    }
