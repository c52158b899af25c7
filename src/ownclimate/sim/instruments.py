"""What each kind of device makes of its surroundings: quantities, resolution, noise.

An instrument is a function from what happened at a site to the device's columns, one value a row.
Rows are given by their numbers (for the noise) and by the steps of the grid they fall into.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ownclimate.core.readings import Instants, Values
from ownclimate.sim.appliances import Load
from ownclimate.sim.climate import SiteClimate
from ownclimate.sim.noise import Noise
from ownclimate.sim.standing import Orders
from ownclimate.sim.timegrid import DAY_S
from ownclimate.sim.weather import RAIN_TIP_MM
from ownclimate.sim.world import Instrument, SimDevice

Columns = dict[str, Values]

STANDARD_LAPSE = 2.25577e-5
STANDARD_POWER = 5.25588
"""ICAO standard atmosphere: pressure at h metres is that at the sea times (1 − 2.25577e-5 h)^5.25588."""
BATTERY_ROWS = 72
"""Modules tell their battery's level in every seventy-second row: four times a day."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Which rows a device is to fill: their numbers, when they fall due, and their steps."""

    device: SimDevice
    noise: Noise
    site: SiteClimate
    altitude_m: float
    first: int
    times_ms: Instants
    steps: Instants
    """Index of each row's step in the arrays of `site`."""
    orders: Orders = ()
    """What the device was told."""

    def jitter(self, part: str, scale: float) -> Values:
        """Normal noise with the standard deviation `scale`, a value a row."""
        return scale * self.noise.normal(f"{self.device.key}/{part}", self.first, len(self.times_ms))

    def chance(self, part: str) -> Values:
        return self.noise.uniform(f"{self.device.key}/{part}", self.first, len(self.times_ms))

    def room(self, values: Values) -> Values:
        return np.asarray(values[self.steps, self.site.columns[self.device.room]])

    def outside(self, values: Values) -> Values:
        return values[self.steps]

    def plant(self, name: str) -> Values:
        return self.room(self.site.rooms.plant[name])


def columns(rows: Rows) -> Columns:
    return _INSTRUMENTS[rows.device.instrument](rows)


def _station(rows: Rows) -> Columns:
    return {**_indoor_air(rows), **_noise_level(rows), **_pressure(rows)}


def _outdoor(rows: Rows) -> Columns:
    weather = rows.site.weather
    sunlit = 0.0018 * rows.outside(weather.irradiance_wm2)
    return {
        "temperature_c": _tenths(
            rows.outside(weather.temperature_c) + sunlit + rows.jitter("temperature", 0.05)
        ),
        "humidity_pct": _percent(rows.outside(weather.humidity_pct) + rows.jitter("humidity", 0.4)),
        **_module_battery(rows),
    }


def _rain_gauge(rows: Rows) -> Columns:
    rain_mm = rows.outside(rows.site.weather.rain_mm)
    return {"rain_mm": np.round(np.rint(rain_mm / RAIN_TIP_MM) * RAIN_TIP_MM, 3), **_module_battery(rows)}


def _anemometer(rows: Rows) -> Columns:
    weather = rows.site.weather
    speed = np.rint(rows.outside(weather.wind_kmh))
    gust = np.maximum(np.rint(rows.outside(weather.gust_kmh)), speed)
    angle = rows.outside(weather.wind_deg)
    return {
        "wind_speed_kmh": speed,
        "wind_direction_deg": _angle(angle, speed),
        "gust_speed_kmh": gust,
        "gust_direction_deg": _angle(angle + rows.jitter("gust direction", 12.0), gust),
        **_module_battery(rows),
    }


def _indoor(rows: Rows) -> Columns:
    return {**_indoor_air(rows), **_module_battery(rows)}


def _air_monitor(rows: Rows) -> Columns:
    air = {**_indoor_air(rows), **_noise_level(rows), **_pressure(rows)}
    return {**air, "health_index": _health_index(air)}


def _radiator_valve(rows: Rows) -> Columns:
    valve = rows.plant("valve")
    # It sits on the radiator and corrects for that as well as it can.
    felt_c = rows.room(rows.site.rooms.sensed_c) + 0.7 * valve - 0.2 + rows.jitter("temperature", 0.05)
    code = np.rint(np.clip(felt_c * 5.66666 + 28.33333, 0, 255))
    humid = rows.room(rows.site.rooms.humidity_pct) - 1.5 * valve + rows.jitter("humidity", 0.4)
    fade = 6.0 * np.maximum(rows.jitter("fading", 1.0), -2.0)
    rssi_dbm = np.rint(np.clip(-92.0 + fade, -119.0, -45.0))
    battery_v = 3.45 - 0.75 * _discharge(rows) - 0.05 * (rows.chance("motor") < 0.1)
    return {
        "temperature_c": np.round((code - 28.33333) / 5.66666, 2),
        "humidity_pct": np.round(np.rint(np.clip(humid, 0, 99) * 2.56) / 2.56, 2),
        "setpoint_c": rows.room(rows.site.rooms.setpoint_c),
        "valve_pct": np.rint(valve * 100),
        "open_window": rows.plant("open_window"),
        "battery_v": _tenths(battery_v),
        "rssi_dbm": rssi_dbm,
        "snr_db": np.rint(np.clip(9.0 + 0.5 * fade + rows.jitter("snr", 1.0), -19.5, 13.75) * 4) / 4,
    }


def _ac_controller(rows: Rows) -> Columns:
    cooling_on = rows.plant("cooling_on")
    inside = rows.site.rooms
    columns = {
        "temperature_c": _tenths(rows.room(inside.sensed_c) + 0.4 + rows.jitter("temperature", 0.06)),
        "humidity_pct": _tenths(
            np.clip(rows.room(inside.humidity_pct) - 1 + rows.jitter("humidity", 0.3), 1, 99)
        ),
        "cooling_on": cooling_on,
        "setpoint_cool_c": np.where(cooling_on > 0, rows.room(inside.setpoint_cool_c), np.nan),
    }
    if "air_heats" in inside.plant:
        heating_on = rows.plant("air_heats")
        columns["heating_on"], columns["fan_on"] = heating_on, rows.plant("air_blows")
        columns["setpoint_c"] = np.where(heating_on > 0, rows.plant("air_target_c"), np.nan)
    return columns


def _thermostat(rows: Rows) -> Columns:
    inside = rows.site.rooms
    return {
        "temperature_c": _tenths_f(rows.room(inside.sensed_c) + rows.jitter("temperature", 0.04)),
        "humidity_pct": _percent(rows.room(inside.humidity_pct) + rows.jitter("humidity", 0.4)),
        "setpoint_c": rows.room(inside.setpoint_c),
        "setpoint_cool_c": rows.room(inside.setpoint_cool_c),
        "heating_on": rows.plant("heating_on"),
        "cooling_on": rows.plant("cooling_on"),
        "fan_on": rows.plant("fan_on"),
        "occupancy": _occupancy(rows),
    }


def _remote_sensor(rows: Rows) -> Columns:
    felt_c = rows.room(rows.site.rooms.sensed_c) + rows.jitter("temperature", 0.05)
    return {"temperature_c": _tenths_f(felt_c), "occupancy": _occupancy(rows)}


def _smart_plug(rows: Rows) -> Columns:
    load = Load(rows.device, rows.noise, rows.orders)
    power_w = load.power_w(rows.times_ms)
    return {
        "relay_on": load.relay_on(rows.times_ms),
        "power_w": _tenths(power_w * (1 + rows.jitter("power", 0.02))),
        "energy_total_wh": load.energy_wh(rows.times_ms),
    }


def _water_heater(rows: Rows) -> Columns:
    load = Load(rows.device, rows.noise, rows.orders)
    voltage_v = 230.0 + rows.jitter("voltage", 1.2)
    home_c = rows.room(rows.site.rooms.sensed_c)
    warmth = load.warmth(rows.times_ms)
    cold_c = 11.0 + 0.2 * (home_c - 20.0) + rows.jitter("cold", 0.2)
    return {
        "temperature_c": _tenths(home_c + 0.3 + rows.jitter("temperature", 0.05)),
        "temperature_external_c": _tenths(cold_c),
        "water_temperature_c": _tenths(home_c + 36.0 * warmth + rows.jitter("hot", 0.3)),
        "relay_on": load.relay_on(rows.times_ms),
        "voltage_v": _tenths(voltage_v),
        "current_a": np.round(load.power_w(rows.times_ms) / voltage_v, 2),
        "energy_total_wh": load.energy_wh(rows.times_ms),
    }


_INSTRUMENTS: dict[Instrument, Callable[[Rows], Columns]] = {
    Instrument.STATION: _station,
    Instrument.OUTDOOR: _outdoor,
    Instrument.RAIN_GAUGE: _rain_gauge,
    Instrument.ANEMOMETER: _anemometer,
    Instrument.INDOOR: _indoor,
    Instrument.AIR_MONITOR: _air_monitor,
    Instrument.RADIATOR_VALVE: _radiator_valve,
    Instrument.AC_CONTROLLER: _ac_controller,
    Instrument.THERMOSTAT: _thermostat,
    Instrument.REMOTE_SENSOR: _remote_sensor,
    Instrument.SMART_PLUG: _smart_plug,
    Instrument.WATER_HEATER: _water_heater,
}


def _indoor_air(rows: Rows) -> Columns:
    inside = rows.site.rooms
    co2 = rows.room(inside.co2_ppm) * (1 + rows.jitter("co2", 0.012)) + rows.jitter("co2 floor", 6.0)
    return {
        "temperature_c": _tenths(rows.room(inside.sensed_c) + rows.jitter("temperature", 0.04)),
        "humidity_pct": _percent(rows.room(inside.humidity_pct) + rows.jitter("humidity", 0.3)),
        # Now and then the infrared cell gives nothing, and it never says less than it was calibrated to.
        "co2_ppm": np.where(rows.chance("co2 cell") < 0.0008, np.nan, np.rint(np.maximum(co2, 400.0))),
    }


def _noise_level(rows: Rows) -> Columns:
    inside = rows.site.rooms
    awake = rows.room(inside.awake)
    talk = np.where(awake > 0, 9.0 + 3.0 * np.minimum(awake, 4.0), 0.0) * (0.45 + 0.75 * rows.chance("talk"))
    level = 34.5 + talk + 7.0 * rows.room(inside.cooking) + 1.2 * np.abs(rows.jitter("hum", 1.0))
    street = np.maximum(rows.outside(rows.site.weather.gust_kmh) - 25.0, 0.0) * 0.15
    return {"noise_db": np.rint(np.clip(level + street, 33.0, 95.0))}


def _pressure(rows: Rows) -> Columns:
    sea = rows.outside(rows.site.weather.pressure_sea_hpa) + rows.jitter("pressure", 0.05)
    ratio = (1 - STANDARD_LAPSE * rows.altitude_m) ** STANDARD_POWER
    return {"pressure_sea_hpa": _tenths(sea), "pressure_station_hpa": _tenths(sea * ratio)}


def _occupancy(rows: Rows) -> Values:
    """Motion within the last half hour or so: a still person is missed now and then."""
    people = rows.room(rows.site.rooms.awake)
    is_seen = (people > 0) & (rows.chance("stillness") > 0.04 / np.maximum(people, 1.0))
    return np.where(is_seen, 1.0, 0.0)


def _module_battery(rows: Rows) -> Columns:
    numbers = np.arange(rows.first, rows.first + len(rows.times_ms))
    level = np.rint(100.0 - 88.0 * _discharge(rows) ** 1.3)
    return {"battery_pct": np.where(numbers % BATTERY_ROWS == 0, level, np.nan)}


def _discharge(rows: Rows) -> Values:
    """0 with fresh batteries, 1 when they are changed; where in its cycle a device is, is drawn."""
    life_ms = rows.device.battery_days * DAY_S * 1000
    shift = rows.noise.uniform(f"{rows.device.key}/battery", 0, 1)[0]
    return np.asarray((rows.times_ms / life_ms + shift) % 1.0)


def _health_index(air: Columns) -> Values:
    """The worst of what CO2, humidity, noise and temperature say, 0 healthy to 4 unhealthy."""
    co2 = np.searchsorted([900, 1150, 1400, 1600], np.nan_to_num(air["co2_ppm"], nan=400.0))
    dry = np.searchsorted([-40.0, -30.0, -20.0, -15.0], -air["humidity_pct"])
    damp = np.searchsorted([60, 70, 80, 85], air["humidity_pct"])
    loud = np.searchsorted([65, 70, 75, 80], air["noise_db"])
    cold = np.searchsorted([-16.0, -14.0, -12.0, -10.0], -air["temperature_c"])
    hot = np.searchsorted([25, 27, 29, 32], air["temperature_c"])
    worst = np.stack([co2, dry, damp, loud, cold, hot]).max(axis=0)
    return np.asarray(worst, dtype=np.float64)


def _tenths(values: Values) -> Values:
    return np.rint(values * 10) / 10


def _tenths_f(celsius: Values) -> Values:
    """Measured in tenths of °F; in hundredths of °C these survive there and back."""
    fahrenheit = np.rint((celsius * 1.8 + 32) * 10) / 10
    return np.asarray(np.rint((fahrenheit - 32) / 1.8 * 100) / 100)


def _percent(values: Values) -> Values:
    return np.asarray(np.rint(np.clip(values, 1.0, 99.0)))


def _angle(degrees: Values, speed: Values) -> Values:
    """Whole degrees from 0 to 359; −1 in a calm, as the maker says it."""
    return np.where(speed > 0, np.rint(degrees) % 360, -1.0)
