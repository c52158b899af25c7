"""`/api/v1/thermostats…`: anything in a building that has a set-point; registering, naming, removing it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, UnsetType

from ownclimate.core.access import Permission
from ownclimate.core.aliases import SMARTBUILDINGS
from ownclimate.core.devices import edit_device, find_device_by_alias
from ownclimate.core.errors import NotFound, Unsupported
from ownclimate.core.ids import SiteId
from ownclimate.core.ordering import give_order
from ownclimate.core.things import Device, Site
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings import wire
from ownclimate.vendors.smartbuildings.face.buildings import BuildingPath, listing, without_place
from ownclimate.vendors.smartbuildings.face.equipment import supported_modes
from ownclimate.vendors.smartbuildings.face.finding import (
    THERMOSTAT,
    building_id,
    building_of,
    buildings_of,
    is_thermostat,
    reached_building,
    runs_elsewhere,
    sensors_of,
    thermostat_id,
    thermostat_of,
    thermostats_in,
)
from ownclimate.vendors.smartbuildings.orders import RENAME
from ownclimate.web.call import Call
from ownclimate.web.tables import BodyKind, Endpoint, Place, Success

SERIAL = "511863314842"
OFFSET_STEP_MIN = 5


class ThermostatPath(msgspec.Struct, kw_only=True, rename="camel"):
    thermostat_id: Annotated[str, msgspec.Meta(pattern=words.THERMOSTAT_ID_PATTERN), Place.PATH]


class Registration(BuildingPath, kw_only=True, rename="camel"):
    thermostat_id: wire.ThermostatId


class Names(ThermostatPath, kw_only=True, rename="camel"):
    name: wire.ThermostatName | UnsetType = UNSET
    thermostat_name: wire.ThermostatName | UnsetType = UNSET


async def list_thermostat_ids(call: Call, params: None) -> wire.Listing:
    devices = await thermostats_in(call, await buildings_of(call))
    return listing(call, "thermostats", [thermostat_id(device) for device in devices])


async def register(call: Call, asked: Registration) -> wire.Thermostat:
    """Puts a thermostat that this server knows into the building, with the sensors that speak through it.

    Raises NotFound for a serial number that nobody here has; Unsupported when it is registered already.
    """
    site = await building_of(call, asked.building_id)
    directory, owner_id = call.ports.directory, call.access.owner_id
    device = await find_device_by_alias(directory, owner_id, SMARTBUILDINGS, asked.thermostat_id)
    if device is None or not is_thermostat(device) or not _may_be_taken(call, device):
        raise NotFound(THERMOSTAT)
    if await _is_registered(call, device):
        raise Unsupported(THERMOSTAT, "The thermostat is registered already")

    def placed(before: Device) -> Device:
        return before if before.site_id == site.id else _moved_to(before, site)

    device = await edit_device(call.ports, owner_id, call.actor, device.id, placed, verb=call.endpoint.audit)
    for sensor in await sensors_of(call, device):
        await edit_device(call.ports, owner_id, call.actor, sensor.id, placed, verb=call.endpoint.audit)
    return shown(device, site, call.ports.clock.now_ms())


async def get_thermostat(call: Call, path: ThermostatPath) -> wire.Thermostat:
    device, site = await thermostat_of(call, path.thermostat_id)
    return shown(device, site, call.ports.clock.now_ms())


async def rename(call: Call, asked: Names) -> wire.Thermostat:
    device, site = await thermostat_of(call, asked.thermostat_id)

    def renamed(before: Device) -> Device:
        if asked.name is not UNSET:
            before = dataclasses.replace(before, name=asked.name)
        if asked.thermostat_name is not UNSET:
            settings = {**before.settings, words.DISPLAY_NAME: asked.thermostat_name}
            before = dataclasses.replace(before, settings=settings)
        return before

    names = {"name": asked.name, "display_name": asked.thermostat_name}
    fields = {field: name for field, name in names.items() if name is not UNSET}
    if fields and await runs_elsewhere(call, device):
        await give_order(call.ports, device.owner_id, call.actor, device, RENAME, fields)
    changed = await edit_device(
        call.ports, device.owner_id, call.actor, device.id, renamed, verb=call.endpoint.audit
    )
    return shown(changed, site, call.ports.clock.now_ms())


async def unregister(call: Call, path: ThermostatPath) -> None:
    """Ends the registration only: the thermostat goes on by itself, its history stays."""
    device, _ = await thermostat_of(call, path.thermostat_id)
    for each in (*await sensors_of(call, device), device):
        await edit_device(
            call.ports, device.owner_id, call.actor, each.id, without_place, verb=call.endpoint.audit
        )


def shown(device: Device, site: Site, now_ms: int) -> wire.Thermostat:
    offset = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(ZoneInfo(site.time_zone)).utcoffset()
    assert offset is not None, "a zone has an offset"
    minutes = round(offset.total_seconds() / 60 / OFFSET_STEP_MIN) * OFFSET_STEP_MIN
    return wire.Thermostat(
        id=thermostat_id(device),
        building_id=building_id(site),
        name=device.name,
        thermostat_name=device.settings.get(words.DISPLAY_NAME, device.name),
        time_zone_offset_minutes=minutes,
        hvac_modes=supported_modes(device),
    )


def _may_be_taken(call: Call, device: Device) -> bool:
    """A token for some sites cannot take a device out of another; one without a site is the company's."""
    return device.site_id is None or call.access.reaches(device.site_id)


async def _is_registered(call: Call, device: Device) -> bool:
    """A thermostat in a home is not: it is only not in this dialect."""
    if device.site_id is None:
        return False
    try:
        await reached_building(call, device.site_id)
    except NotFound:
        return False
    return True


def _moved_to(device: Device, site: Site) -> Device:
    return dataclasses.replace(device, site_id=SiteId(site.id), room_id=None)


ROWS = (
    Endpoint(
        operation_id="registerThermostat",
        path="/api/v1/buildings/{buildingId}/thermostats",
        methods=("POST",),
        handler=register,
        params=Registration,
        bodies=(BodyKind.JSON,),
        successes=(Success(status=201, item=wire.Thermostat),),
        permission=Permission.DEVICE_CONTROL,
        scopes=(words.CREATE_THERMOSTAT, words.READ_THERMOSTAT),
        owned=("buildingId", "thermostatId"),
        errors=(400, 413),
        is_repeatable=False,
        audit="register",
        summary="Register a thermostat by its serial number",
        examples={"thermostatId": SERIAL},
    ),
    Endpoint(
        operation_id="getThermostatIds",
        path="/api/v1/thermostatIds",
        handler=list_thermostat_ids,
        successes=(Success(item=wire.Listing),),
        permission=Permission.DEVICE_READ,
        scopes=(words.READ_THERMOSTATS,),
        summary="The serial numbers of every thermostat",
    ),
    Endpoint(
        operation_id="getThermostatSummary",
        path="/api/v1/thermostats/{thermostatId}",
        handler=get_thermostat,
        params=ThermostatPath,
        successes=(Success(item=wire.Thermostat),),
        permission=Permission.DEVICE_READ,
        scopes=(words.READ_THERMOSTAT,),
        owned=("thermostatId",),
        summary="One thermostat",
        examples={"thermostatId": SERIAL},
    ),
    Endpoint(
        operation_id="updateBaseThermostat",
        path="/api/v1/thermostats/{thermostatId}",
        methods=("PATCH",),
        handler=rename,
        params=Names,
        bodies=(BodyKind.JSON,),
        successes=(Success(item=wire.Thermostat),),
        permission=Permission.DEVICE_CONTROL,
        scopes=(words.READ_THERMOSTAT, words.WRITE_THERMOSTAT),
        owned=("thermostatId",),
        errors=(400, 413),
        audit="change",
        summary="Change a thermostat's names",
        examples={"thermostatId": SERIAL, "name": "Lobby, north", "thermostatName": "Lobby"},
    ),
    Endpoint(
        operation_id="unregisterThermostat",
        path="/api/v1/thermostats/{thermostatId}",
        methods=("DELETE",),
        handler=unregister,
        params=ThermostatPath,
        successes=(Success(status=204),),
        permission=Permission.DEVICE_CONTROL,
        scopes=(words.DELETE_THERMOSTAT,),
        owned=("thermostatId",),
        audit="unregister",
        summary="End a thermostat's registration",
        examples={"thermostatId": SERIAL},
    ),
)
