"""The sun's course, and what of it falls on level ground and through a window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ownclimate.core.readings import Instants, Values
from ownclimate.sim.timegrid import DAY_S, HOUR_S

YEAR_S = 365.2425 * DAY_S
STEADY = 6
"""Decimals that sun and weather keep. A processor's own sine or exponential may differ in the
sixteenth; cutting here keeps such a difference from ever reaching a thermostat."""
GROUND_REFLECTS = 0.2
GRAZING = 0.08
"""The sine of the sun's height below which its beam counts as no stronger: it comes through haze."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sun:
    """Components of the direction to the sun, and what a clear sky lets through to level ground."""

    up: Values
    east: Values
    north: Values
    clear_wm2: Values


def solar_hour(seconds: Instants, longitude: float) -> Values:
    """Mean solar time in hours, 12 at noon."""
    return np.asarray((seconds / HOUR_S + longitude / 15) % 24)


def sun_at(seconds: Instants, latitude: float, longitude: float) -> Sun:
    """The sun without the equation of time: at most a quarter of an hour off."""
    # The sun stands lowest ten days before the year ends.
    declination = np.radians(-23.44) * np.cos(2 * np.pi * (seconds + 10 * DAY_S) / YEAR_S)
    hour_angle = 2 * np.pi * (solar_hour(seconds, longitude) - 12) / 24
    phi = np.radians(latitude)
    level = np.cos(declination) * np.cos(hour_angle)
    up = np.sin(phi) * np.sin(declination) + np.cos(phi) * level
    above = np.maximum(up, 1e-3)
    # Haurwitz 1945: global irradiance of a clear sky from the sun's height alone.
    clear_wm2 = np.round(1098 * above * np.exp(-0.057 / above), STEADY)
    return Sun(
        up=np.round(up, STEADY),
        east=np.round(-np.cos(declination) * np.sin(hour_angle), STEADY),
        north=np.round(np.cos(phi) * np.sin(declination) - np.sin(phi) * level, STEADY),
        clear_wm2=np.where(up > 0, clear_wm2, 0.0),
    )


def on_facade(sun: Sun, irradiance_wm2: Values, cloud: Values, facing_deg: float) -> Values:
    """W/m² on a wall that faces `facing_deg` (0 north, 90 east): beam, half the sky, and the ground."""
    beam = irradiance_wm2 * 0.85 * (1 - cloud)
    diffuse = irradiance_wm2 - beam
    facing = np.radians(facing_deg)
    incidence = np.maximum(sun.east * np.sin(facing) + sun.north * np.cos(facing), 0.0)
    direct = beam * incidence / np.maximum(sun.up, GRAZING)
    return np.asarray(direct + 0.5 * diffuse + 0.5 * GROUND_REFLECTS * irradiance_wm2)
