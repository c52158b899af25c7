"""`/api/v1/thermostats/{id}/tenantMode`: a tenant runs the thermostat, the manager keeps an overview.

Source: ecobee's SmartBuildings guide, "Tenant mode"; which settings go back is not listed there.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ownclimate.core.access import Permission
from ownclimate.core.devices import edit_device
from ownclimate.core.ordering import give_order
from ownclimate.core.things import Device
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings.face.control import end_holds, put_in_mode
from ownclimate.vendors.smartbuildings.face.equipment import best_mode, hvac_mode_of
from ownclimate.vendors.smartbuildings.face.thermostats import SERIAL, ThermostatPath
from ownclimate.vendors.smartbuildings.face.zones import zone_of
from ownclimate.vendors.smartbuildings.orders import SET_TENANT_MODE
from ownclimate.web.call import Call
from ownclimate.web.tables import BodyKind, Endpoint, Success


class TenantModeRequest(ThermostatPath, kw_only=True, rename="camel"):
    is_tenant_mode: bool


async def set_tenant_mode(call: Call, request: TenantModeRequest) -> None:
    """Switches tenant mode; when a tenant leaves, nothing of theirs stays.

    Setting what is set already changes nothing, so it resets nothing twice.
    """
    zone = await zone_of(call, request.thermostat_id)
    device = zone.device
    if zone.is_elsewhere:
        # Its maker's cloud switches, and resets what it resets.
        fields = {"is_on": request.is_tenant_mode}
        await give_order(call.ports, device.owner_id, call.actor, device, SET_TENANT_MODE, fields)
        return
    if _is_on(device) and not request.is_tenant_mode:
        await end_holds(call, zone)
        if hvac_mode_of(device, zone.room) != best_mode(device):
            await put_in_mode(call, zone, best_mode(device))

    def switch(current: Device) -> Device:
        if _is_on(current) == request.is_tenant_mode:
            return current
        return dataclasses.replace(current, settings=_switched(current.settings, request.is_tenant_mode))

    await edit_device(
        call.ports,
        device.owner_id,
        call.actor,
        device.id,
        switch,
        verb=call.endpoint.audit,
        details={words.TENANT_MODE: request.is_tenant_mode},
    )


def _is_on(device: Device) -> bool:
    return bool(device.settings.get(words.TENANT_MODE, False))


def _switched(settings: dict[str, Any], is_on: bool) -> dict[str, Any]:
    if is_on:
        return {**settings, words.TENANT_MODE: True}
    kept = {name: value for name, value in settings.items() if name not in words.TENANTS_SETTINGS}
    return {**kept, words.TENANT_MODE: False}


ROWS = (
    Endpoint(
        operation_id="setTenantMode",
        path="/api/v1/thermostats/{thermostatId}/tenantMode",
        methods=("PATCH",),
        handler=set_tenant_mode,
        params=TenantModeRequest,
        bodies=(BodyKind.JSON,),
        successes=(Success(status=204),),
        permission=Permission.DEVICE_CONTROL,
        scopes=(words.WRITE_TENANT_MODE,),
        owned=("thermostatId",),
        errors=(400, 413),
        limit_class="command",
        audit="set_tenant_mode",
        summary="Set or unset tenant mode on a thermostat",
        examples={"thermostatId": SERIAL, "isTenantMode": True},
    ),
)
