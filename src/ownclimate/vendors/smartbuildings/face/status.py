"""`/api/v1/thermostats/{id}/status`: what a thermostat measures, wants and does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from msgspec import UNSET

from ownclimate.core.access import Permission
from ownclimate.core.climate import Channel, setpoint_of
from ownclimate.core.liveness import is_online
from ownclimate.core.local_time import minute_of_week
from ownclimate.core.readings import LatestValue
from ownclimate.core.things import Device, SetpointMode
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings import wire
from ownclimate.vendors.smartbuildings.face.equipment import hvac_mode_of
from ownclimate.vendors.smartbuildings.face.finding import thermostat_id
from ownclimate.vendors.smartbuildings.face.thermostats import SERIAL, ThermostatPath
from ownclimate.vendors.smartbuildings.face.zones import Zone, zone_of
from ownclimate.vendors.smartbuildings.units import fahrenheit
from ownclimate.web.call import Call
from ownclimate.web.tables import Endpoint, Success

HEAT_COOL_MIN_DELTA_F: Final = 5.0
"""Least distance of the two set-points; the usual value of the vendor's thermostats."""
COOL_RANGE_F: Final = (65.0, 92.0)
HEAT_RANGE_F: Final = (45.0, 79.0)
"""Factory ranges of the vendor's thermostats."""
HOME: Final = "Home"
AWAY: Final = "Away"

Latest = Mapping[str, LatestValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The two set-points in °C, None where there is none."""

    heat_c: float | None
    cool_c: float | None


async def get_status(call: Call, path: ThermostatPath) -> wire.Status:
    zone = await zone_of(call, path.thermostat_id)
    latest = (await call.ports.series.latest([zone.device.number])).get(zone.device.number, {})
    return status_of(zone, latest, call.ports.clock.now_ms())


def status_of(zone: Zone, latest: Latest, now_ms: int) -> wire.Status:
    device = zone.device
    wanted = wanted_in(zone, latest)
    last_ms = max((known.at_ms for known in latest.values()), default=None)
    return wire.Status(
        id=thermostat_id(device),
        is_connected=is_online(device, last_ms, now_ms),
        is_tenant_mode=bool(device.settings.get(words.TENANT_MODE, False)),
        hvac_mode=hvac_mode_of(device, zone.room),
        comfort_setting=_comfort(zone, now_ms),
        temperature=_degrees(latest, "temperature_c"),
        humidity=_percent(latest, "humidity_pct"),
        set_point=wire.SetPoint(
            desired_cool=UNSET if wanted.cool_c is None else fahrenheit(wanted.cool_c),
            desired_heat=UNSET if wanted.heat_c is None else fahrenheit(wanted.heat_c),
        ),
        desired_cool_range=_range(device, "cooling_range_c", COOL_RANGE_F),
        desired_heat_range=_range(device, "setpoint_range_c", HEAT_RANGE_F),
        desired_humidity=_humidity(device, "min"),
        desired_dehumidity=_humidity(device, "max"),
        heat_cool_min_delta=round(min_delta_f(device)),
        running_equipment=_equipment(device, latest),
    )


def wanted_in(zone: Zone, latest: Latest) -> Wanted:
    """What is wanted of the room, else what the device itself last said that it holds; of one whose
    programme is run elsewhere only that."""
    room = None if zone.is_elsewhere else zone.room
    heat = None if room is None else setpoint_of(room, Channel.HEATING)
    cool = None if room is None else setpoint_of(room, Channel.COOLING)
    return Wanted(
        heat_c=_value(latest, "setpoint_c") if heat is None else heat.temperature_c,
        cool_c=_value(latest, "setpoint_cool_c") if cool is None else cool.temperature_c,
    )


def min_delta_f(device: Device) -> float:
    """How far the two set-points have to be apart at least."""
    said = device.reports.get(words.MIN_DELTA_SAID)
    return HEAT_COOL_MIN_DELTA_F if said is None else float(said.value)


def heat_range_f(device: Device) -> tuple[float, float]:
    found = _range(device, "setpoint_range_c", HEAT_RANGE_F)
    return found.min, found.max


def cool_range_f(device: Device) -> tuple[float, float]:
    found = _range(device, "cooling_range_c", COOL_RANGE_F)
    return found.min, found.max


def _comfort(zone: Zone, now_ms: int) -> str:
    """What the device itself says, else the zone of the timetable that runs, by its name where this
    dialect can say it."""
    said = zone.device.reports.get(words.COMFORT_SAID)
    if said is not None:
        return str(said.value)
    climate, room = zone.climate, zone.room
    heating = None if room is None else setpoint_of(room, Channel.HEATING)
    if heating is not None and heating.mode is SetpointMode.AWAY:
        return AWAY
    schedule = climate.selected(Channel.HEATING) or climate.selected(Channel.COOLING)
    if schedule is None or not schedule.entries:
        return HOME
    minute = minute_of_week(climate.site.time_zone, now_ms)
    running = next((place for m, place in reversed(schedule.entries) if m <= minute), schedule.entries[-1][1])
    name = next((str(place.get("name", "")) for place in schedule.zones if place.get("id") == running), "")
    return name if name.isidentifier() and len(name) <= words.MAX_COMFORT else HOME


def _equipment(device: Device, latest: Latest) -> wire.RunningEquipment:
    """Heat comes from a furnace unless the device is known to run a heat pump."""
    said = device.reports.get(words.EQUIPMENT_SAID)
    if said is not None:
        members = wire.RunningEquipment.__struct_fields__
        names = dict(zip(wire.RunningEquipment.__struct_encode_fields__, members, strict=True))
        return wire.RunningEquipment(**{names[name]: True for name in said.value if name in names})
    heats = _is_on(latest, "heating_on")
    has_pump = device.settings.get("heat_source") == "heat_pump"
    return wire.RunningEquipment(
        fan=_is_on(latest, "fan_on"),
        comp_cool1=_is_on(latest, "cooling_on"),
        heat_pump=heats and has_pump,
        aux_heat1=heats and not has_pump,
    )


def _range(device: Device, name: str, factory: tuple[float, float]) -> wire.Range:
    own = device.settings.get(name)
    if isinstance(own, Mapping) and {"min", "max"} <= own.keys():
        return wire.Range(min=fahrenheit(own["min"]), max=fahrenheit(own["max"]))
    return wire.Range(min=factory[0], max=factory[1])


def _humidity(device: Device, end: str) -> Any:
    own = device.settings.get("humidity_range_pct")
    return own[end] if isinstance(own, Mapping) and end in own else UNSET


def _value(latest: Latest, quantity: str) -> float | None:
    known = latest.get(quantity)
    return None if known is None else known.value


def _degrees(latest: Latest, quantity: str) -> Any:
    value = _value(latest, quantity)
    return UNSET if value is None else fahrenheit(value)


def _percent(latest: Latest, quantity: str) -> Any:
    value = _value(latest, quantity)
    return UNSET if value is None else max(0, min(100, round(value)))


def _is_on(latest: Latest, quantity: str) -> bool:
    return (_value(latest, quantity) or 0) >= 0.5


ROWS = (
    Endpoint(
        operation_id="getThermostatStatus",
        path="/api/v1/thermostats/{thermostatId}/status",
        handler=get_status,
        params=ThermostatPath,
        successes=(Success(item=wire.Status),),
        permission=Permission.DEVICE_READ,
        scopes=(words.READ_THERMOSTAT,),
        owned=("thermostatId",),
        summary="What a thermostat measures, wants and does",
        examples={"thermostatId": SERIAL},
    ),
)
