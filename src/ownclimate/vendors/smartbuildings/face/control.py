"""Holds, resuming and the HVAC mode: what a manager tells a thermostat, and the events that show it.

A temperature hold is the room's own set-point of the core, so every dialect shows it and a hold given in
another one is an event here. Which hold is allowed in which mode: ecobee's SmartBuildings guide.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, Literal

from ownclimate.core import orders
from ownclimate.core.access import Permission
from ownclimate.core.climate import Channel, is_chosen, setpoint_of
from ownclimate.core.devices import edit_device
from ownclimate.core.errors import InvalidInput, Unsupported
from ownclimate.core.local_time import next_turn
from ownclimate.core.operate import set_setpoint
from ownclimate.core.ordering import give_order
from ownclimate.core.things import Device, SetpointMode
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings import wire
from ownclimate.vendors.smartbuildings.face.finding import thermostat_id
from ownclimate.vendors.smartbuildings.face.status import (
    HEAT_COOL_MIN_DELTA_F,
    cool_range_f,
    heat_range_f,
    hvac_mode_of,
    wanted_in,
)
from ownclimate.vendors.smartbuildings.face.thermostats import SERIAL, ThermostatPath, supported_modes
from ownclimate.vendors.smartbuildings.face.zones import Zone, room_of, zone_of
from ownclimate.vendors.smartbuildings.units import celsius, fahrenheit, instant
from ownclimate.web.call import Call
from ownclimate.web.tables import BodyKind, Endpoint, Success

INDEFINITE: Final = "indefinite"
NEVER: Final = "2035-01-01T00:00:00Z"
"""The end of a hold that lasts until it is cancelled, as the vendor's other interface writes it."""
HEAT_MODES: Final = frozenset({"heat", "auxHeatOnly", "auto"})
COOL_MODES: Final = frozenset({"cool", "auto"})
HOLD: Final = "hold"
TIMETABLES: Final = (Channel.HEATING, Channel.COOLING)


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
    mode = words.OUR_MODES[asked.hvac_mode]
    await _set(call, zone.device, {words.HVAC_MODE: mode})
    await _order(call, zone.device, orders.SET_CLIMATE_MODE, {"mode": mode})
    return wire.HvacModeSet(hvac_mode=asked.hvac_mode)


async def set_fan_hold(call: Call, asked: FanHold) -> wire.FanHoldSet:
    zone = await zone_of(call, asked.thermostat_id)
    now_ms = call.ports.clock.now_ms()
    hold = {"fan": asked.fan, "since_ms": now_ms, "until_ms": _until_ms(zone, asked.type, now_ms)}
    await _set(call, zone.device, {words.FAN_HOLD: hold})
    await _order(call, zone.device, orders.SET_FAN, {"speed": asked.fan})
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
    site_id, owner_id = zone.climate.site.id, zone.device.owner_id
    for channel in TIMETABLES:
        if zone.room is not None and is_chosen(zone.room, channel):
            await set_setpoint(
                call.ports, owner_id, call.actor, site_id, zone.room.id, channel, SetpointMode.SCHEDULE
            )
    if words.FAN_HOLD in zone.device.settings:
        await _set(call, zone.device, {}, without=words.FAN_HOLD)
        await _order(call, zone.device, orders.SET_FAN, {"speed": "auto"})


async def get_events(call: Call, path: ThermostatPath) -> wire.Events:
    """The hold that was given last runs; others follow, newest first."""
    zone = await zone_of(call, path.thermostat_id)
    now_ms = call.ports.clock.now_ms()
    holds = sorted(_holds(zone, now_ms), key=lambda hold: hold.start_time, reverse=True)
    events = wire.Events(id=thermostat_id(zone.device), holds=holds[1:])
    if holds:
        events.current_event = holds[0]
    return events


async def _hold(call: Call, asked: TemperatureHold, channel: Channel) -> wire.TemperatureHoldSet:
    zone = await zone_of(call, asked.thermostat_id)
    is_heat = channel is Channel.HEATING
    mode, allowed = hvac_mode_of(zone.device), HEAT_MODES if is_heat else COOL_MODES
    if mode not in allowed:
        kind = "heat" if is_heat else "cool"
        raise InvalidInput("desiredTemperature", f"a {kind} hold is not possible in mode {mode}")
    low, high = heat_range_f(zone.device) if is_heat else cool_range_f(zone.device)
    wanted_f = asked.desired_temperature
    if not low <= wanted_f <= high:
        raise InvalidInput("desiredTemperature", f"must be between {low:g} and {high:g}")
    await _order_hold(call, zone, channel, wanted_f, asked.type, mode)
    return wire.TemperatureHoldSet(desired_temperature=wanted_f, type=asked.type)


async def _order_hold(
    call: Call, zone: Zone, channel: Channel, wanted_f: float, kind: str, mode: str
) -> None:
    """Holds the set-point; in automatic mode the other one gives way where they come too close."""
    until_ms = _until_ms(zone, kind, call.ports.clock.now_ms())
    latest = (await call.ports.series.latest([zone.device.number])).get(zone.device.number, {})
    wanted = wanted_in(zone.climate, zone.room, latest)
    held = {channel: wanted_f}
    if mode == "auto":
        other_c = wanted.cool_c if channel is Channel.HEATING else wanted.heat_c
        sign = 1 if channel is Channel.HEATING else -1
        closest_f = wanted_f + sign * HEAT_COOL_MIN_DELTA_F
        if other_c is not None and (fahrenheit(other_c) - closest_f) * sign < 0:
            held[Channel.COOLING if channel is Channel.HEATING else Channel.HEATING] = closest_f
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
    found = []
    for channel in TIMETABLES:
        schedule = zone.climate.selected(channel)
        if schedule is not None:
            minutes = [minute for minute, _ in schedule.entries]
            turn = next_turn(zone.climate.site.time_zone, minutes, now_ms)
            found += [turn.at_ms] if turn else []
    return min(found, default=0)


def _holds(zone: Zone, now_ms: int) -> list[wire.Hold]:
    holds = []
    for channel in TIMETABLES:
        setpoint = None if zone.room is None else setpoint_of(zone.room, channel)
        if zone.room is None or setpoint is None or not is_chosen(zone.room, channel):
            continue
        if setpoint.until_ms and setpoint.until_ms <= now_ms:
            continue
        hold = _shown_hold(HOLD, setpoint.since_ms, setpoint.until_ms)
        if setpoint.temperature_c is not None and channel is Channel.HEATING:
            hold.heat_hold_temperature = fahrenheit(setpoint.temperature_c)
        elif setpoint.temperature_c is not None:
            hold.cool_hold_temperature = fahrenheit(setpoint.temperature_c)
        holds.append(hold)
    fan: Mapping[str, Any] | None = zone.device.settings.get(words.FAN_HOLD)
    if fan is not None and not 0 < fan["until_ms"] <= now_ms:
        hold = _shown_hold("fan", fan["since_ms"], fan["until_ms"])
        hold.fan = fan["fan"]
        holds.append(hold)
    return holds


def _shown_hold(name: str, since_ms: int, until_ms: int) -> wire.Hold:
    return wire.Hold(
        name=name,
        type=HOLD,
        is_running=True,
        start_time=instant(since_ms),
        end_time=instant(until_ms) if until_ms else NEVER,
    )


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
        errors=(413,),
        examples={"thermostatId": SERIAL, "type": INDEFINITE, **example},
    )


ROWS = (
    Endpoint(
        operation_id="getThermostatEvents",
        path="/api/v1/thermostats/{thermostatId}/events",
        handler=get_events,
        params=ThermostatPath,
        successes=(Success(item=wire.Events),),
        permission=Permission.DEVICE_READ,
        scopes=(words.READ_THERMOSTAT,),
        owned=("thermostatId",),
        summary="The holds of a thermostat",
        examples={"thermostatId": SERIAL},
    ),
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
        examples={"thermostatId": SERIAL},
    ),
)
