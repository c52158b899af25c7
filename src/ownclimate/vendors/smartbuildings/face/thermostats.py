"""`/api/v1/thermostats/…`: anything in a building that has a set-point."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import msgspec

from ownclimate.core.aliases import SMARTBUILDINGS
from ownclimate.core.devices import edit_device, find_device_by_alias
from ownclimate.core.errors import NotFound
from ownclimate.core.sites import get_site
from ownclimate.core.things import Device, SiteKind
from ownclimate.vendors.smartbuildings.vocabulary import (
    TENANT_MODE,
    TENANTS_SETTINGS,
    THERMOSTAT_ABILITIES,
    THERMOSTAT_ID_PATTERN,
)
from ownclimate.web.call import Call
from ownclimate.web.tables import Place

THERMOSTAT = "thermostat"


class TenantModeRequest(
    msgspec.Struct, kw_only=True, rename={"thermostat_id": "thermostatId", "is_on": "isTenantMode"}
):
    thermostat_id: Annotated[str, msgspec.Meta(pattern=THERMOSTAT_ID_PATTERN), Place.PATH]
    is_on: bool


async def set_tenant_mode(call: Call, request: TenantModeRequest) -> None:
    """Switches tenant mode. Setting what is set already changes nothing, so it resets nothing twice."""
    device = await thermostat_of(call, request.thermostat_id)

    def switch(current: Device) -> Device:
        if bool(current.settings.get(TENANT_MODE, False)) == request.is_on:
            return current
        return dataclasses.replace(current, settings=_switched(current.settings, request.is_on))

    await edit_device(call.ports, device.owner_id, call.actor, device.id, switch, verb=call.endpoint.audit)


async def thermostat_of(call: Call, thermostat_id: str) -> Device:
    """Raises NotFound also for another owner's, for what has no set-point and for what stands in a home."""
    directory, access = call.ports.directory, call.access
    device = await find_device_by_alias(directory, access.owner_id, SMARTBUILDINGS, thermostat_id)
    if (
        device is None
        or device.site_id is None
        or device.abilities.isdisjoint(THERMOSTAT_ABILITIES)
        or not access.reaches(device.site_id)
    ):
        raise NotFound(THERMOSTAT)
    site = await get_site(directory, access.owner_id, device.site_id)
    if site.kind is not SiteKind.BUILDING:
        raise NotFound(THERMOSTAT)
    return device


def _switched(settings: dict[str, Any], is_on: bool) -> dict[str, Any]:
    if is_on:
        return {**settings, TENANT_MODE: True}
    kept = {name: value for name, value in settings.items() if name not in TENANTS_SETTINGS}
    return {**kept, TENANT_MODE: False}
