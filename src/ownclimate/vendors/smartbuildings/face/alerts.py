"""`/api/v1/thermostats/{id}/alerts` and `…/alertSettings`."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ownclimate.core.access import Permission
from ownclimate.core.devices import edit_device
from ownclimate.core.ordering import give_order
from ownclimate.core.readings import Interval
from ownclimate.core.things import Device
from ownclimate.vendors.smartbuildings import alerts, wire
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings.face.finding import runs_elsewhere, thermostat_id, thermostat_of
from ownclimate.vendors.smartbuildings.face.status import min_delta_f
from ownclimate.vendors.smartbuildings.face.thermostats import SERIAL, ThermostatPath
from ownclimate.vendors.smartbuildings.orders import SET_ALERTS
from ownclimate.web.call import Call
from ownclimate.web.tables import BodyKind, Endpoint, Success

QUANTITIES = ("temperature_c", "humidity_pct")


class TemperatureLimit(msgspec.Struct, kw_only=True):
    enabled: bool | UnsetType = UNSET
    value: Annotated[float, Meta(ge=-10, le=120)] | UnsetType = UNSET


class LowHumidityLimit(msgspec.Struct, kw_only=True):
    enabled: bool | UnsetType = UNSET
    value: Annotated[float, Meta(ge=1, le=95)] | UnsetType = UNSET


class HighHumidityLimit(msgspec.Struct, kw_only=True):
    enabled: bool | UnsetType = UNSET
    value: Annotated[float, Meta(ge=6, le=100)] | UnsetType = UNSET


class AskedReminder(msgspec.Struct, kw_only=True, rename="camel"):
    enabled: bool | UnsetType = UNSET
    last_maintenance_date: str | UnsetType = UNSET
    maintenance_interval: float | UnsetType = UNSET
    maintenance_interval_units: Literal["month", "hour"] | UnsetType = UNSET
    next_reminder_date: Any | UnsetType = UNSET
    """Here only to be refused."""


class AskedSettings(ThermostatPath, kw_only=True, rename="camel"):
    low_temperature_alert: TemperatureLimit | UnsetType = UNSET
    high_temperature_alert: TemperatureLimit | UnsetType = UNSET
    low_humidity_alert: LowHumidityLimit | UnsetType = UNSET
    high_humidity_alert: HighHumidityLimit | UnsetType = UNSET
    ac_maintenance_reminder: AskedReminder | UnsetType = UNSET
    hvac_maintenance_reminder: AskedReminder | UnsetType = UNSET


async def get_alerts(call: Call, path: ThermostatPath) -> wire.Alerts:
    device, _ = await thermostat_of(call, path.thermostat_id)
    now_ms = call.ports.clock.now_ms()
    interval = Interval(start_ms=now_ms - alerts.LOOK_BACK_MS, end_ms=now_ms + 1)
    series = await call.ports.series.read(device.number, interval, QUANTITIES)
    items = alerts.alerts_of(device, series, alerts.today(now_ms))
    return wire.Alerts(id=thermostat_id(device), items=items)


async def get_settings(call: Call, path: ThermostatPath) -> wire.AlertSettings:
    device, _ = await thermostat_of(call, path.thermostat_id)
    return alerts.settings_of(device, thermostat_id(device))


class SettingsFace:
    """`limits_move`: a limit that comes too close to its opposite moves that one instead of failing."""

    def __init__(self, *, limits_move: bool) -> None:
        self._limits_move = limits_move

    async def update(self, call: Call, asked: AskedSettings) -> wire.AlertSettings:
        device, _ = await thermostat_of(call, asked.thermostat_id)
        members = {
            name: msgspec.to_builtins(value)
            for name, value in msgspec.structs.asdict(asked).items()
            if name != "thermostat_id" and value is not UNSET
        }

        def change(before: Device) -> Device:
            settings = alerts.changed_settings(
                before.settings, members, gap_f=min_delta_f(before), limits_move=self._limits_move
            )
            return dataclasses.replace(before, settings=settings) if members else before

        if members and await runs_elsewhere(call, device):
            change(device)  # Raises for what cannot be, before anybody is told.
            fields = {alerts.wire_name(name): value for name, value in members.items()}
            await give_order(call.ports, device.owner_id, call.actor, device, SET_ALERTS, fields)
        changed = await edit_device(
            call.ports, device.owner_id, call.actor, device.id, change, verb=call.endpoint.audit
        )
        return alerts.settings_of(changed, thermostat_id(changed))


def rows(*, limits_move: bool) -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            operation_id="getThermostatAlerts",
            path="/api/v1/thermostats/{thermostatId}/alerts",
            handler=get_alerts,
            params=ThermostatPath,
            successes=(Success(item=wire.Alerts),),
            permission=Permission.DEVICE_READ,
            scopes=(words.READ_THERMOSTAT,),
            owned=("thermostatId",),
            summary="What is beyond a limit, and what maintenance is due",
            examples={"thermostatId": SERIAL},
        ),
        Endpoint(
            operation_id="getThermostatAlertSettings",
            path="/api/v1/thermostats/{thermostatId}/alertSettings",
            handler=get_settings,
            params=ThermostatPath,
            successes=(Success(item=wire.AlertSettings),),
            permission=Permission.DEVICE_READ,
            scopes=(words.READ_THERMOSTAT,),
            owned=("thermostatId",),
            summary="The limits and reminders of a thermostat",
            examples={"thermostatId": SERIAL},
        ),
        Endpoint(
            operation_id="updateAlertSettings",
            path="/api/v1/thermostats/{thermostatId}/alertSettings",
            methods=("PATCH",),
            handler=SettingsFace(limits_move=limits_move).update,
            params=AskedSettings,
            bodies=(BodyKind.JSON,),
            successes=(Success(item=wire.AlertSettings),),
            permission=Permission.DEVICE_CONTROL,
            scopes=(words.WRITE_THERMOSTAT,),
            owned=("thermostatId",),
            errors=(400, 413),
            audit="change",
            summary="Change limits and reminders; what is not named stays",
            examples={"thermostatId": SERIAL, "lowTemperatureAlert": {"enabled": True, "value": 50}},
        ),
    )
