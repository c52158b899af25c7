"""`/api/v1/thermostats/{id}/events`: the holds of a thermostat, whoever gave them and wherever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ownclimate.core.access import Permission
from ownclimate.core.climate import Channel, setpoint_of
from ownclimate.core.things import Device
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings import wire
from ownclimate.vendors.smartbuildings.face.finding import thermostat_id
from ownclimate.vendors.smartbuildings.face.thermostats import SERIAL, ThermostatPath
from ownclimate.vendors.smartbuildings.face.zones import CHANNELS, Zone, is_held, zone_of
from ownclimate.vendors.smartbuildings.reading import fitting
from ownclimate.vendors.smartbuildings.units import fahrenheit, instant
from ownclimate.web.call import Call
from ownclimate.web.tables import Endpoint, Success

NEVER: Final = "2035-01-01T00:00:00Z"
"""The end of a hold that lasts until it is cancelled, as the vendor's other interface writes it."""
HOLD: Final = "hold"


async def get_events(call: Call, path: ThermostatPath) -> wire.Events:
    """The hold that was given last runs; others follow, newest first. Those of a thermostat with its maker's
    programme are as that says."""
    zone = await zone_of(call, path.thermostat_id)
    said = zone.device.reports.get(words.HOLDS_SAID)
    if said is not None:
        return _as_said(zone.device, said.value)
    now_ms = call.ports.clock.now_ms()
    given = sorted(_holds(zone, now_ms), key=lambda held: held[0], reverse=True)
    holds = [hold for _, hold in given]
    events = wire.Events(id=thermostat_id(zone.device), holds=holds[1:])
    if holds:
        events.current_event = holds[0]
    return events


def _holds(zone: Zone, now_ms: int) -> list[tuple[int, wire.Hold]]:
    """Each with the instant it was given; the wire has seconds only."""
    holds = []
    for channel in CHANNELS:
        setpoint = None if zone.room is None else setpoint_of(zone.room, channel)
        if setpoint is None or not is_held(zone, channel):
            continue
        if setpoint.until_ms and setpoint.until_ms <= now_ms:
            continue
        hold = _shown_hold(HOLD, setpoint.since_ms, setpoint.until_ms)
        if setpoint.temperature_c is not None and channel is Channel.HEATING:
            hold.heat_hold_temperature = fahrenheit(setpoint.temperature_c)
        elif setpoint.temperature_c is not None:
            hold.cool_hold_temperature = fahrenheit(setpoint.temperature_c)
        holds.append((setpoint.since_ms, hold))
    fan: Mapping[str, Any] | None = zone.device.settings.get(words.FAN_HOLD)
    if fan is not None and not 0 < fan["until_ms"] <= now_ms:
        hold = _shown_hold("fan", fan["since_ms"], fan["until_ms"])
        hold.fan = fan["fan"]
        holds.append((fan["since_ms"], hold))
    return holds


def _as_said(device: Device, said: Mapping[str, Any]) -> wire.Events:
    events = wire.Events(id=thermostat_id(device), holds=[_told_hold(hold) for hold in said["others"]])
    if "current" in said:
        events.current_event = _told_hold(said["current"])
    return events


def _told_hold(hold: Mapping[str, Any]) -> wire.Hold:
    """What it must have and that was not told, or not as this dialect can say it, is as plain as can be."""
    plain = {"name": "", "type": HOLD, "is_running": True, "start_time": "", "end_time": NEVER}
    return wire.Hold(**{**plain, **fitting(hold, wire.Hold)})


def _shown_hold(name: str, since_ms: int, until_ms: int) -> wire.Hold:
    return wire.Hold(
        name=name,
        type=HOLD,
        is_running=True,
        start_time=instant(since_ms),
        end_time=instant(until_ms) if until_ms else NEVER,
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
)
