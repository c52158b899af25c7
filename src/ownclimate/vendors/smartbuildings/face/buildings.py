"""`/api/v1/buildings…`: sites of that kind."""

from __future__ import annotations

import dataclasses
from typing import Annotated
from zoneinfo import available_timezones

import msgspec
from msgspec import UNSET, UnsetType

from ownclimate.core.access import Permission
from ownclimate.core.devices import edit_device, list_devices
from ownclimate.core.errors import Conflict, Forbidden, InvalidInput
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import ABSENT, Change, Delete, Put
from ownclimate.core.sites import create_site, edit_site, list_sites
from ownclimate.core.things import Device, Place, Site, SiteKind
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings import wire
from ownclimate.vendors.smartbuildings.face.finding import (
    building_id,
    building_of,
    buildings_of,
    is_thermostat,
    location,
    thermostat_id,
    thermostats_in,
)
from ownclimate.web.call import Call
from ownclimate.web.tables import BodyKind, Endpoint, Success
from ownclimate.web.tables import Place as From

NAMES = "building_name"
"""Table of the owner's partition: name → site, so that of two buildings made at once one is refused."""
EXAMPLE_ADDRESS = {
    "address": "207 Queens Quay W",
    "city": "Toronto",
    "country": "CA",
    "state": "ON",
    "postalCode": "M5J 1A7",
    "latitude": 43.6387,
    "longitude": -79.3807,
    "timeZone": "America/Toronto",
}


class BuildingPath(msgspec.Struct, kw_only=True, rename="camel"):
    building_id: Annotated[wire.ObjectId, From.PATH]


class NewBuilding(msgspec.Struct, kw_only=True, rename="camel"):
    name: wire.BuildingName
    size: wire.BuildingSize
    address_details: wire.AddressDetails


class ChangedBuilding(BuildingPath, kw_only=True, rename="camel"):
    name: wire.BuildingName | UnsetType = UNSET
    size: wire.BuildingSize | UnsetType = UNSET
    address_details: wire.AddressDetails | UnsetType = UNSET


async def list_building_ids(call: Call, params: None) -> wire.Listing:
    return listing(call, "buildings", [building_id(site) for site in await buildings_of(call)])


async def list_thermostat_ids(call: Call, path: BuildingPath) -> wire.Listing:
    devices = await thermostats_in(call, [await building_of(call, path.building_id)])
    return listing(call, "thermostats", [thermostat_id(device) for device in devices])


async def create_building(call: Call, asked: NewBuilding) -> wire.Building:
    owner_id = call.access.owner_id
    if call.access.sites is not None:
        raise Forbidden("this access is limited to some sites and cannot add another")
    _check_zone(asked.address_details)
    await _check_name(call, asked.name)
    try:
        site = await create_site(
            call.ports,
            owner_id,
            call.actor,
            name=asked.name,
            kind=SiteKind.BUILDING,
            time_zone=asked.address_details.time_zone,
            place=_place(asked.address_details),
            settings={words.SIZE_CLASS: asked.size},
            also=lambda made: [_name_put(asked.name, made)],
        )
    except Conflict as error:
        raise _taken() from error
    return shown(site)


async def get_building(call: Call, path: BuildingPath) -> wire.Building:
    return shown(await building_of(call, path.building_id))


async def update_building(call: Call, asked: ChangedBuilding) -> wire.Building:
    site = await building_of(call, asked.building_id)
    if asked.address_details is not UNSET:
        _check_zone(asked.address_details)
    renames = asked.name is not UNSET and asked.name != site.name
    if renames:
        await _check_name(call, str(asked.name))

    def also(changed: Site) -> list[Change]:
        gone = Delete(table=NAMES, key=site.name)
        return [gone, _name_put(changed.name, changed)] if renames else []

    try:
        changed = await edit_site(
            call.ports,
            call.access.owner_id,
            call.actor,
            site.id,
            lambda before: _changed(before, asked),
            also=also,
        )
    except Conflict as error:
        raise _taken() from error
    return shown(changed)


async def delete_building(call: Call, path: BuildingPath) -> None:
    """Deletes a building without thermostats. What else stood there stays the owner's, without a place."""
    site = await building_of(call, path.building_id)
    owner_id = call.access.owner_id
    devices = [d for d in await list_devices(call.ports.directory, owner_id) if d.site_id == site.id]
    if any(is_thermostat(device) for device in devices):
        raise InvalidInput("buildingId", "the building still has thermostats")
    for device in devices:
        await edit_device(call.ports, owner_id, call.actor, device.id, without_place)
    now_ms = call.ports.clock.now_ms()
    await edit_site(
        call.ports,
        owner_id,
        call.actor,
        site.id,
        lambda before: dataclasses.replace(before, deleted_ms=now_ms),
        verb="delete",
        also=lambda gone: [Delete(table=NAMES, key=gone.name)],
    )


def listing(call: Call, resource: str, ids: list[str]) -> wire.Listing:
    items = [wire.ListItem(id=each, content_location=location(call, resource, each)) for each in ids]
    return wire.Listing(count=len(items), items=items[: words.MAX_ITEMS])


def without_place(device: Device) -> Device:
    return dataclasses.replace(device, site_id=None, room_id=None)


def shown(site: Site) -> wire.Building:
    place = site.place
    return wire.Building(
        id=building_id(site),
        name=site.name,
        size=site.settings.get(words.SIZE_CLASS, 0),
        address=place.address,
        city=place.city,
        country=place.country or words.UNKNOWN_COUNTRY,
        state=place.region,
        postal_code=place.postal_code or words.UNKNOWN_POSTAL_CODE,
        latitude=place.latitude or 0.0,
        longitude=place.longitude or 0.0,
        time_zone=site.time_zone,
    )


async def _check_name(call: Call, name: str) -> None:
    """Buildings made elsewhere have no entry under their name; those are looked through."""
    owner_id: OwnerId = call.access.owner_id
    sites = await list_sites(call.ports.directory, owner_id)
    if any(site.kind is SiteKind.BUILDING and site.name == name for site in sites):
        raise _taken()


def _taken() -> InvalidInput:
    return InvalidInput("name", "another building of the company has this name")


def _name_put(name: str, site: Site) -> Put:
    return Put(table=NAMES, key=name, body={"id": site.id}, expect=ABSENT)


def _check_zone(details: wire.AddressDetails) -> None:
    if details.time_zone not in available_timezones():
        raise InvalidInput("addressDetails.timeZone", "expected the name of an IANA time zone")


def _place(details: wire.AddressDetails) -> Place:
    return Place(
        latitude=details.latitude,
        longitude=details.longitude,
        address=details.address,
        city=details.city,
        region=details.state,
        postal_code=details.postal_code,
        country=details.country,
    )


def _changed(site: Site, asked: ChangedBuilding) -> Site:
    if asked.name is not UNSET:
        site = dataclasses.replace(site, name=asked.name)
    if asked.size is not UNSET:
        site = dataclasses.replace(site, settings={**site.settings, words.SIZE_CLASS: asked.size})
    if asked.address_details is not UNSET:
        place = dataclasses.replace(_place(asked.address_details), altitude_m=site.place.altitude_m)
        site = dataclasses.replace(site, place=place, time_zone=asked.address_details.time_zone)
    return site


ROWS = (
    Endpoint(
        operation_id="getBuildingIds",
        path="/api/v1/buildingIds",
        handler=list_building_ids,
        successes=(Success(item=wire.Listing),),
        permission=Permission.SITE_READ,
        scopes=(words.READ_BUILDINGS,),
        summary="The ids of every building",
    ),
    Endpoint(
        operation_id="createBuilding",
        path="/api/v1/buildings",
        methods=("POST",),
        handler=create_building,
        params=NewBuilding,
        bodies=(BodyKind.JSON,),
        successes=(Success(status=201, item=wire.Building),),
        permission=Permission.DEVICE_CONTROL,
        scopes=(words.CREATE_BUILDING, words.READ_BUILDING),
        errors=(400, 413),
        is_repeatable=False,
        audit="create",
        summary="Make a building",
        examples={"name": "Head office", "size": 5000, "addressDetails": EXAMPLE_ADDRESS},
    ),
    Endpoint(
        operation_id="getBuildingSummary",
        path="/api/v1/buildings/{buildingId}",
        handler=get_building,
        params=BuildingPath,
        successes=(Success(item=wire.Building),),
        permission=Permission.SITE_READ,
        scopes=(words.READ_BUILDING,),
        owned=("buildingId",),
        summary="One building",
    ),
    Endpoint(
        operation_id="updateBuilding",
        path="/api/v1/buildings/{buildingId}",
        methods=("PATCH",),
        handler=update_building,
        params=ChangedBuilding,
        bodies=(BodyKind.JSON,),
        successes=(Success(item=wire.Building),),
        permission=Permission.DEVICE_CONTROL,
        scopes=(words.READ_BUILDING, words.WRITE_BUILDING),
        owned=("buildingId",),
        errors=(413,),
        audit="change",
        summary="Change a building's name, size or address",
        examples={"name": "Head office"},
    ),
    Endpoint(
        operation_id="deleteBuilding",
        path="/api/v1/buildings/{buildingId}",
        methods=("DELETE",),
        handler=delete_building,
        params=BuildingPath,
        successes=(Success(status=204),),
        permission=Permission.DEVICE_CONTROL,
        scopes=(words.DELETE_BUILDING, words.READ_BUILDING),
        owned=("buildingId",),
        audit="delete",
        summary="Delete a building without thermostats",
    ),
    Endpoint(
        operation_id="getThermostatIdsByBuilding",
        path="/api/v1/buildings/{buildingId}/thermostats",
        handler=list_thermostat_ids,
        params=BuildingPath,
        successes=(Success(item=wire.Listing),),
        permission=Permission.DEVICE_READ,
        scopes=(words.READ_BUILDING, words.READ_THERMOSTATS),
        owned=("buildingId",),
        summary="The serial numbers of a building's thermostats",
    ),
)
