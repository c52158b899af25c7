"""The weather over one place, on the five-minute grid.

Large-scale weather is a handful of autoregressive processes: a pressure anomaly that brings clouds,
rain and wind when it is low, air masses that come and go over days, and faster parts on top. The
sun's course is computed; clouds dim it and flatten the day's swing of temperature. Dew point belongs
to the air mass, so relative humidity falls in the afternoon and rises in the night as it should.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ownclimate.core.readings import Instants, Values
from ownclimate.sim.noise import Noise
from ownclimate.sim.sun import STEADY, YEAR_S, Sun, solar_hour, sun_at
from ownclimate.sim.timegrid import DAY_S, HOUR_S, STEP_S, STEPS_A_WEEK, Grid

Wander = Callable[[str, float, float], Values]
"""(part, hours between knots, hours of memory) → an autoregressive process with variance 1."""
RAIN_TIP_MM = 0.101
"""What one tip of the gauge's bucket stands for."""
SNOW_BELOW_C = 0.3
"""An unheated gauge does not tip for snow."""
STRONGEST = 1.6
"""Storms end at exp(1.6 − 0.17), some four times a place's mean wind."""
STICKIEST_C = 24.0
"""Dew point above which air does not get muggier at middle latitudes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """What distinguishes one place's weather: temperatures in °C, wind in km/h, rain as a factor."""

    mean_c: float
    annual_swing_c: float
    """From the year's mean to its coldest day's mean."""
    daily_swing_c: float
    """From the coolest to the warmest hour of a clear summer day."""
    storminess_c: float
    """Standard deviation of air masses about the season's mean."""
    wind_kmh: float
    prevailing_deg: float
    rain: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weather:
    temperature_c: Values
    air_mass_c: Values
    """The temperature without its daily course."""
    humidity_pct: Values
    pressure_sea_hpa: Values
    cloud: Values
    """0 clear, 1 overcast."""
    sun: Sun
    irradiance_wm2: Values
    """On level ground."""
    rain_mm: Values
    """Tips of the bucket during the step."""
    wind_kmh: Values
    gust_kmh: Values
    wind_deg: Values
    """Where it blows from."""


def weather(
    noise: Noise, place: str, climate: Climate, latitude: float, longitude: float, grid: Grid
) -> Weather:
    """The weather at `place` (a name for its streams) on every step; the grid begins with a week."""
    seconds = grid.steps() * STEP_S
    season = _season(seconds)
    hour = solar_hour(seconds, longitude)
    sun = sun_at(seconds, latitude, longitude)

    def wander(part: str, knot_h: float, memory_h: float) -> Values:
        knot_s, memory_s = round(knot_h * HOUR_S), round(memory_h * HOUR_S)
        return noise.wander(f"{place}/{part}", grid, knot_s=knot_s, memory_s=memory_s)

    low = -wander("pressure", 6, 66)
    front = wander("front", 3, 14)
    gloom = 0.8 * low + 0.8 * front + 0.1 - 0.45 * season
    cloud_slow = _logistic(1.9 * gloom)
    cloud = _logistic(1.9 * gloom + 1.1 * wander("clouds", 0.5, 1.5))

    storms_c = climate.storminess_c * (1.1 - 0.3 * season)
    air_mass_c = (
        climate.mean_c
        + climate.annual_swing_c * season
        + storms_c * 0.9 * wander("air mass", 6, 60)
        + 1.5 * wander("spell", 48, 300)
    )
    swing_c = climate.daily_swing_c * (0.72 + 0.28 * season) * (1 - 0.72 * cloud_slow)
    day_c = 0.5 * swing_c * _daily_course(hour)
    temperature_c = air_mass_c + day_c + 0.25 * wander("eddies", 0.25, 0.7)

    rate_mmh, wetness = _rain(low, front, season, hour, climate.rain, wander)
    temperature_c = temperature_c - 0.9 * wetness * (1 + season)
    dryness_c = (3.0 + (4.5 + 3.0 * season) * (1 - cloud_slow)) * (1 - 0.65 * wetness)
    dew_point_c = air_mass_c - dryness_c + 0.12 * day_c + 1.1 * wander("moisture", 6, 24)
    dew_point_c = np.minimum(np.minimum(dew_point_c, STICKIEST_C), temperature_c - 0.2)

    wind_kmh, gust_kmh = _wind(low, hour, climate.wind_kmh, wander)
    turning = 70 * wander("direction", 6, 40) + 14 * wander("veer", 0.25, 0.5)
    return Weather(
        temperature_c=np.round(temperature_c, STEADY),
        air_mass_c=np.round(air_mass_c, STEADY),
        humidity_pct=np.round(100 * saturation_hpa(dew_point_c) / saturation_hpa(temperature_c), STEADY),
        pressure_sea_hpa=np.round(
            1017.0 - 8.5 * low * (1 - 0.3 * season) - 2.5 * season - 0.5 * _tide(hour), STEADY
        ),
        cloud=np.round(cloud, STEADY),
        sun=sun,
        irradiance_wm2=np.round(sun.clear_wm2 * (1 - 0.75 * cloud**3.4), STEADY),
        rain_mm=_tips(np.where(temperature_c > SNOW_BELOW_C, np.round(rate_mmh, STEADY), 0.0)),
        wind_kmh=np.round(wind_kmh, STEADY),
        gust_kmh=np.round(gust_kmh, STEADY),
        wind_deg=np.round((climate.prevailing_deg + turning) % 360, STEADY),
    )


def later(weather: Weather, steps: int) -> Weather:
    """The same weather without its first steps."""

    def cut(values: Values) -> Values:
        return values[steps:]

    sun = weather.sun
    return Weather(
        temperature_c=cut(weather.temperature_c),
        air_mass_c=cut(weather.air_mass_c),
        humidity_pct=cut(weather.humidity_pct),
        pressure_sea_hpa=cut(weather.pressure_sea_hpa),
        cloud=cut(weather.cloud),
        sun=Sun(up=cut(sun.up), east=cut(sun.east), north=cut(sun.north), clear_wm2=cut(sun.clear_wm2)),
        irradiance_wm2=cut(weather.irradiance_wm2),
        rain_mm=cut(weather.rain_mm),
        wind_kmh=cut(weather.wind_kmh),
        gust_kmh=cut(weather.gust_kmh),
        wind_deg=cut(weather.wind_deg),
    )


def saturation_hpa(temperature_c: Values) -> Values:
    """Vapour pressure of saturated air over water (Magnus, coefficients of Sonntag 1990)."""
    return np.asarray(6.112 * np.exp(17.62 * temperature_c / (243.12 + temperature_c)))


def _season(seconds: Instants) -> Values:
    """−1 on the coldest day, 20 January, and 1 half a year later."""
    return np.asarray(-np.cos(2 * np.pi * (seconds - 19 * DAY_S) / YEAR_S))


def _daily_course(hour: Values) -> Values:
    """Between −1 and 1: lowest about sunrise, rising fast to 15 h, falling slowly."""
    return np.asarray(
        0.86 * np.cos(2 * np.pi * (hour - 15) / 24) + 0.2 * np.cos(4 * np.pi * (hour - 13.5) / 24)
    )


def _tide(hour: Values) -> Values:
    """The atmosphere's half-day wave: pressure lowest about 4 and 16 h."""
    return np.asarray(np.cos(4 * np.pi * (hour - 4) / 24))


def _logistic(x: Values) -> Values:
    return np.asarray(1 / (1 + np.exp(-x)))


def _rain(
    low: Values, front: Values, season: Values, hour: Values, factor: float, wander: Wander
) -> tuple[Values, Values]:
    """Millimetres an hour, and how wet the air is of it: 0 dry, 1 in steady rain.

    Bands of rain come with lows and fronts; showers on summer afternoons besides.
    """
    band = 0.75 * low + 0.75 * front + 0.55 * wander("bands", 0.5, 2) - 1.25
    steady_mmh = 1.6 * np.maximum(band, 0.0) ** 1.25 * (1 + 0.2 * season)
    afternoon = np.maximum(np.cos(2 * np.pi * (hour - 16.5) / 24), 0.0)
    shower = wander("showers", 0.25, 0.8) + 0.5 * low + 0.6 * season * afternoon - 2.75
    shower_mmh = 11.0 * np.maximum(shower, 0.0) * np.maximum(season + 0.4, 0.0) * afternoon
    rate_mmh = factor * (steady_mmh + shower_mmh)
    wetness = np.clip(0.6 * np.maximum(band, shower - 0.2) + 0.45, 0.0, 1.0)
    return rate_mmh, wetness * wetness * (3 - 2 * wetness)


def _wind(low: Values, hour: Values, mean_kmh: float, wander: Wander) -> tuple[Values, Values]:
    """Speed and gusts in km/h: log-normal, stronger in lows and by day, gusts never below the speed."""
    by_day = 0.85 + 0.4 * np.maximum(np.cos(2 * np.pi * (hour - 14.5) / 24), 0.0)
    strength = 0.5 * wander("wind", 3, 18) + 0.22 * low + 0.25 * wander("breeze", 0.25, 0.6)
    strength = np.minimum(strength, STRONGEST)
    speed_kmh = np.maximum(mean_kmh * by_day * np.exp(strength - 0.17) - 1.2, 0.0)
    gustiness = np.abs(wander("gusts", 1 / 12, 1 / 12))
    gust_kmh = speed_kmh * (1.3 + 0.25 * gustiness) + 1.6 * gustiness
    return speed_kmh, gust_kmh


def _tips(rate_mmh: Values) -> Values:
    """Rain as the gauge reports it: a tip when the bucket is full. The bucket is emptied each week."""
    weekly = (rate_mmh * (STEP_S / HOUR_S)).reshape(-1, STEPS_A_WEEK)
    tips = np.floor(np.cumsum(weekly, axis=1) / RAIN_TIP_MM)
    return np.asarray(np.diff(tips, axis=1, prepend=0.0).reshape(-1) * RAIN_TIP_MM)
