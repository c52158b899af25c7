"""Holds, resuming and the HVAC mode: what a manager tells a thermostat.

A temperature hold is the room's own set-point of the core, so every dialect shows it. A thermostat whose
programme its maker's cloud runs is ordered to hold it, and shows it when the cloud says so. Which hold is
allowed in which mode: ecobee's SmartBuildings guide.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from ownclimate.core.access import Permission
from ownclimate.core.climate import Channel
from ownclimate.core.devices import edit_device
from ownclimate.core.errors import InvalidInput, Unsupported
from ownclimate.core.local_time import next_turn
from ownclimate.core.operate import set_setpoint
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import SET_CLIMATE_MODE, SET_FAN
from ownclimate.core.things import Device, SetpointMode
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings import wire
from ownclimate.vendors.smartbuildings.face.equipment import (
    has_fan,
    has_own_mode,
    hvac_mode_of,
    is_resting,
    supported_modes,
)
from ownclimate.vendors.smartbuildings.face.status import (
    cool_range_f,
    heat_range_f,
    min_delta_f,
    wanted_in,
)
from ownclimate.vendors.smartbuildings.face.thermostats import SERIAL, ThermostatPath
from ownclimate.vendors.smartbuildings.face.zones import CHANNELS, Zone, is_held, room_of, zone_of
from ownclimate.vendors.smartbuildings.orders import COOL_HOLD, FAN_HOLD, HEAT_HOLD, RESUME
from ownclimate.vendors.smartbuildings.units import celsius, fahrenheit
from ownclimate.web.call import Call
from ownclimate.web.tables import BodyKind, Endpoint, Success

INDEFINITE: Final = "indefinite"
HEAT_MODES: Final = frozenset({"heat", "auxHeatOnly", "auto"})
COOL_MODES: Final = frozenset({"cool", "auto"})


class AskedMode(ThermostatPath, kw_only=True, rename="camel"):
    hvac_mode: wire.HvacMode


class FanHold(ThermostatPath, kw_only=True, rename="camel"):
    fan: Literal["on", "auto"]
    type: wire.HoldType


class TemperatureHold(ThermostatPath, kw_only=True, rename="camel"):
    desired_temperature: wire.DesiredTemperature
    type: wire.HoldType


async def set_hvac_mode(call: Call, asked: AskedMode) -> wire.HvacModeSet:
    """Raises Unsupported when the equipment cannot do it."""
    zone = await zone_of(call, asked.thermostat_id)
    if asked.hvac_mode not in supported_modes(zone.device):
        raise Unsupported("hvacMode", f"The thermostat's equipment does not support {asked.hvac_mode}")
    await put_in_mode(call, zone, asked.hvac_mode)
    return wire.HvacModeSet(hvac_mode=asked.hvac_mode)


async def put_in_mode(call: Call, zone: Zone, wire_mode: str) -> None:
    """Orders the mode from the device; one without modes of its own is off or on as its room is."""
    mode = words.OUR_MODES[wire_mode]
    if zone.is_elsewhere:
        await _order(call, zone.device, SET_CLIMATE_MODE, {"mode": mode})
    elif has_own_mode(zone.device):
        await _set(call, zone.device, {words.CLIMATE_MODE: mode})
        await _order(call, zone.device, SET_CLIMATE_MODE, {"mode": mode})
    elif is_resting(zone.device, zone.room) != (mode == "off"):
        room = await room_of(call, zone)
        wish = SetpointMode.OFF if mode == "off" else SetpointMode.SCHEDULE
        owner_id, site_id = zone.device.owner_id, zone.climate.site.id
        await set_setpoint(call.ports, owner_id, call.actor, site_id, room.id, Channel.HEATING, wish)


async def set_fan_hold(call: Call, asked: FanHold) -> wire.FanHoldSet:
    zone = await zone_of(call, asked.thermostat_id)
    if not has_fan(zone.device):
        raise InvalidInput("fan", "the thermostat has no fan")
    if zone.is_elsewhere:
        await _order(call, zone.device, FAN_HOLD, {"fan": asked.fan, "type": asked.type})
        return wire.FanHoldSet(fan=asked.fan, type=asked.type)
    now_ms = call.ports.clock.now_ms()
    hold = {"fan": asked.fan, "since_ms": now_ms, "until_ms": _until_ms(zone, asked.type, now_ms)}
    await _set(call, zone.device, {words.FAN_HOLD: hold})
    await _order(call, zone.device, SET_FAN, {"speed": asked.fan})
    return wire.FanHoldSet(fan=asked.fan, type=asked.type)


async def set_heat_hold(call: Call, asked: TemperatureHold) -> wire.TemperatureHoldSet:
    return await _hold(call, asked, Channel.HEATING)


async def set_cool_hold(call: Call, asked: TemperatureHold) -> wire.TemperatureHoldSet:
    return await _hold(call, asked, Channel.COOLING)


async def resume_schedule(call: Call, path: ThermostatPath) -> None:
    """Ends every hold; what the schedule wants counts again. Without a hold it changes nothing."""
    zone = await zone_of(call, path.thermostat_id)
    await end_holds(call, zone)


async def end_holds(call: Call, zone: Zone) -> None:
    if zone.is_elsewhere:
        await _order(call, zone.device, RESUME, {})
        return
    site_id, owner_id = zone.climate.site.id, zone.device.owner_id
    for channel in CHANNELS:
        if zone.room is not None and is_held(zone, channel):
            await set_setpoint(
                call.ports, owner_id, call.actor, site_id, zone.room.id, channel, SetpointMode.SCHEDULE
            )
    if words.FAN_HOLD in zone.device.settings:
        await _set(call, zone.device, {}, without=words.FAN_HOLD)
        await _order(call, zone.device, SET_FAN, {"speed": "auto"})


async def _hold(call: Call, asked: TemperatureHold, channel: Channel) -> wire.TemperatureHoldSet:
    zone = await zone_of(call, asked.thermostat_id)
    is_heat = channel is Channel.HEATING
    mode, allowed = hvac_mode_of(zone.device, zone.room), HEAT_MODES if is_heat else COOL_MODES
    if mode not in allowed:
        kind = "heat" if is_heat else "cool"
        raise InvalidInput("desiredTemperature", f"a {kind} hold is not possible in mode {mode}")
    wanted_f = asked.desired_temperature
    _check_range(zone.device, channel, wanted_f)
    if zone.is_elsewhere:
        fields = {"temperature_c": celsius(wanted_f), "type": asked.type}
        await _order(call, zone.device, HEAT_HOLD if is_heat else COOL_HOLD, fields)
    else:
        await _order_hold(call, zone, channel, wanted_f, asked.type, mode)
    return wire.TemperatureHoldSet(desired_temperature=wanted_f, type=asked.type)


def _check_range(device: Device, channel: Channel, wanted_f: float, whose: str = "") -> None:
    low, high = heat_range_f(device) if channel is Channel.HEATING else cool_range_f(device)
    if not low <= wanted_f <= high:
        raise InvalidInput("desiredTemperature", f"{whose}must be between {low:g} and {high:g}")


async def _order_hold(
    call: Call, zone: Zone, channel: Channel, wanted_f: float, kind: str, mode: str
) -> None:
    """Holds the set-point; in automatic mode the other one gives way where they come too close."""
    until_ms = _until_ms(zone, kind, call.ports.clock.now_ms())
    latest = (await call.ports.series.latest([zone.device.number])).get(zone.device.number, {})
    wanted = wanted_in(zone, latest)
    held = {}
    if mode == "auto":
        other_c = wanted.cool_c if channel is Channel.HEATING else wanted.heat_c
        sign = 1 if channel is Channel.HEATING else -1
        closest_f = wanted_f + sign * min_delta_f(zone.device)
        if other_c is not None and (fahrenheit(other_c) - closest_f) * sign < 0:
            other = Channel.COOLING if channel is Channel.HEATING else Channel.HEATING
            _check_range(zone.device, other, closest_f, whose="moves the other set-point, which ")
            held[other] = closest_f
    held[channel] = wanted_f  # last, so that it is the current event
    room = await room_of(call, zone)
    for each, value_f in held.items():
        await set_setpoint(
            call.ports,
            zone.device.owner_id,
            call.actor,
            zone.climate.site.id,
            room.id,
            each,
            SetpointMode.MANUAL,
            temperature_c=celsius(value_f),
            until_ms=until_ms,
        )


def _until_ms(zone: Zone, kind: str, now_ms: int) -> int:
    """0 for a hold without end, also where no schedule ever changes."""
    if kind == INDEFINITE:
        return 0
    time_zone = zone.climate.site.time_zone
    schedules = [zone.climate.selected(channel) for channel in CHANNELS]
    turns = [next_turn(time_zone, _transitions(each.entries), now_ms) for each in schedules if each]
    return min((turn.at_ms for turn in turns if turn), default=0)


def _transitions(entries: Sequence[tuple[int, int]]) -> list[int]:
    """Minutes of the week at which another zone begins: the entry before the first is the last one."""
    befores = (*entries[-1:], *entries[:-1])
    return [minute for (minute, place), (_, before) in zip(entries, befores, strict=True) if place != before]


async def _set(call: Call, device: Device, settings: Mapping[str, Any], without: str = "") -> None:
    def change(before: Device) -> Device:
        kept = {name: value for name, value in before.settings.items() if name != without}
        return dataclasses.replace(before, settings={**kept, **settings})

    await edit_device(call.ports, device.owner_id, call.actor, device.id, change, verb=call.endpoint.audit)


async def _order(call: Call, device: Device, name: str, fields: Mapping[str, Any]) -> None:
    await give_order(call.ports, device.owner_id, call.actor, device, name, fields)


def _command(operation_id: str, tail: str, handler: Any, summary: str, **more: Any) -> Endpoint:
    return Endpoint(
        operation_id=operation_id,
        path=f"/api/v1/thermostats/{{thermostatId}}/{tail}",
        handler=handler,
        permission=Permission.DEVICE_CONTROL,
        scopes=(words.WRITE_THERMOSTAT,),
        owned=("thermostatId",),
        limit_class="command",
        audit="set",
        summary=summary,
        **more,
    )


def _hold_row(operation_id: str, tail: str, handler: Any, params: Any, item: Any, example: Any) -> Endpoint:
    return _command(
        operation_id,
        tail,
        handler,
        f"Hold {tail.removesuffix('Hold')} until cancelled or the schedule's next change",
        methods=("POST",),
        params=params,
        bodies=(BodyKind.JSON,),
        successes=(Success(status=201, item=item),),
        errors=(400, 413),
        examples={"thermostatId": SERIAL, "type": INDEFINITE, **example},
    )


ROWS = (
    _command(
        "setHvacMode",
        "hvacMode",
        set_hvac_mode,
        "Set the HVAC mode",
        methods=("PATCH",),
        params=AskedMode,
        bodies=(BodyKind.JSON,),
        successes=(Success(item=wire.HvacModeSet),),
        errors=(400, 413),
        examples={"thermostatId": SERIAL, "hvacMode": "heat"},
    ),
    _hold_row("setFanHold", "fanHold", set_fan_hold, FanHold, wire.FanHoldSet, {"fan": "on"}),
    _hold_row(
        "setCoolHold",
        "coolHold",
        set_cool_hold,
        TemperatureHold,
        wire.TemperatureHoldSet,
        {"desiredTemperature": 74.5},
    ),
    _hold_row(
        "setHeatHold",
        "heatHold",
        set_heat_hold,
        TemperatureHold,
        wire.TemperatureHoldSet,
        {"desiredTemperature": 68},
    ),
    _command(
        "resumeSchedule",
        "resumeSchedule",
        resume_schedule,
        "End every hold",
        methods=("POST",),
        params=ThermostatPath,
        successes=(Success(status=204),),
        errors=(400,),
        examples={"thermostatId": SERIAL},
    ),
)
