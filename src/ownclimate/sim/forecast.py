"""The weather to come in the simulated world: what it is going to be, as a forecast tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from ownclimate.core.forecasts import Outlook
from ownclimate.core.ids import Clock
from ownclimate.core.readings import Values
from ownclimate.core.things import Site
from ownclimate.sim.demo import SIMULATION
from ownclimate.sim.noise import Noise
from ownclimate.sim.timegrid import DAY_S, STEP_MS, STEPS_A_DAY, weeks_of
from ownclimate.sim.weather import weather
from ownclimate.sim.world import SimSite, World

DAYS = 4
DAY_MS = DAY_S * 1000
WET_DAY_MM = 0.2
"""A day with less is dry to most people."""


class SimulatedForecasts:
    """`core.forecasts.Forecasts` of a world: today from now on, and the days after it."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock

    async def __call__(self, site: Site) -> Sequence[Outlook]:
        key = site.aliases.get(SIMULATION)
        found = next((known for known in self._world.sites if known.key == key), None)
        if found is None:
            return ()
        # Two weeks of weather take some hundredths of a second.
        return await asyncio.to_thread(outlooks, self._world, found, self._clock.now_ms())


def outlooks(world: World, site: SimSite, now_ms: int) -> list[Outlook]:
    """A day each, nearest first, from the step that holds the instant."""
    weeks = weeks_of(now_ms, now_ms + DAYS * DAY_MS)
    place = site.place
    grid = weeks.grid()
    coming = weather(
        Noise(world.seed), site.key, site.climate, place.latitude or 0.0, place.longitude or 0.0, grid
    )
    first = now_ms // STEP_MS - grid.first
    found = []
    for day in range(DAYS):
        span = slice(first + day * STEPS_A_DAY, first + (day + 1) * STEPS_A_DAY)
        warm, humid = coming.temperature_c[span], coming.humidity_pct[span]
        rain_mm = float(coming.rain_mm[span].sum())
        found.append(
            Outlook(
                at_ms=now_ms + day * DAY_MS,
                temperature_c=float(warm[0]) if day == 0 else float(warm.mean()),
                high_c=float(warm.max()),
                low_c=float(warm.min()),
                dew_point_c=float(_dew_point_c(warm, humid).mean()),
                humidity_pct=float(humid.mean()),
                rain_probability_pct=min(95.0, 30 + 10 * rain_mm) if rain_mm >= WET_DAY_MM else 10.0,
                pressure_sea_hpa=float(coming.pressure_sea_hpa[span].mean()),
                wind_speed_kmh=float(coming.wind_kmh[span].mean()),
                wind_direction_deg=_mean_bearing(coming.wind_deg[span]),
                cloud=float(coming.cloud[span].mean()),
            )
        )
    return found


def _dew_point_c(temperature_c: Values, humidity_pct: Values) -> Values:
    """Magnus, coefficients of Sonntag 1990."""
    log = np.log(np.maximum(humidity_pct, 1.0) / 100) + 17.62 * temperature_c / (243.12 + temperature_c)
    return np.asarray(243.12 * log / (17.62 - log))


def _mean_bearing(degrees: Values) -> float:
    turned = np.exp(1j * np.radians(degrees)).mean()
    return float(np.degrees(np.angle(turned)) % 360)
