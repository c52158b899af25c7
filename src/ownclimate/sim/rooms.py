"""Rooms: two heat capacities each, the air (with what stands in it) and the walls; and what they breathe.

Weeks are simulated side by side, each after a warm-up in the week before it that begins from the
air mass of that time. So a loop over the steps of a week and a half simulates any number of weeks,
and a week is the same whichever others are simulated with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ownclimate.core.readings import Values
from ownclimate.sim.heating import Plant, Tape
from ownclimate.sim.people import Habits
from ownclimate.sim.sun import STEADY, on_facade
from ownclimate.sim.timegrid import HOUR_S, STEP_S, STEPS_A_DAY, STEPS_A_WEEK
from ownclimate.sim.weather import Weather, saturation_hpa
from ownclimate.sim.world import RoomUse, SimRoom

WARMUP_STEPS = 6 * STEPS_A_DAY
"""Walls forget with a time constant of about two days; air, moisture and CO2 within hours."""
HEIGHT_M = 2.6
AIR_J_PER_M3K = 1_206.0
FURNITURE = 8.0
"""Furniture and plaster follow the air's temperature: eight times the air's own capacity in all."""
WALLS_J_PER_M2K = 190_000.0
AIR_TO_WALLS_W_PER_M2K = 9.5
WALLS_TO_OUTSIDE_W_PER_M2K = 0.75
WINDOW_W_PER_M2K = 1.3
NEIGHBOURS_W_PER_M2K = 1.4
GLASS_LETS_IN = 0.32
"""Of the sun on the façade, through glass, frame and curtain."""
SHUTTERS = 0.6
"""What shutters keep out of that once it is warm outside."""
SENSED_FROM_WALLS = 0.35
"""A sensor hangs on a wall or stands by one: it shows less than the air's own swings."""
COIL_GM3 = 9.5
"""Air drier than that passes a cooling coil without losing water."""
SUN_ON_AIR = 0.35
PERSON_W, SLEEPER_W, COOKING_W = 85.0, 65.0, 500.0
APPLIANCES_W_PER_M2 = 2.2
COMPUTER_W = 90.0
OUTSIDE_CO2_PPM = 425.0
PERSON_CO2_M3H, SLEEPER_CO2_M3H = 0.019, 0.0115
PERSON_WATER_GH, SLEEPER_WATER_GH, COOKING_WATER_GH = 55.0, 40.0, 450.0
PLANTS_WATER_GH_M2 = 0.35
LEAKAGE_PER_H = 0.32
WIND_PER_H = 0.008
"""Further air changes an hour for each km/h of wind."""
AIRING_PER_H = 7.0
MECHANICAL_PER_H = 0.9
"""What a building's ventilation brings while people are in."""
SORPTION = 3.0
"""Walls and fabrics take up moisture: the air's humidity moves as in a room three times as large."""
HUMIDEST = 0.88
GRAMS_PER_M3_HPA_K = 216.7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoomClimate:
    """What happened in a site's rooms: arrays (steps, rooms) over the weeks that count."""

    sensed_c: Values
    humidity_pct: Values
    co2_ppm: Values
    awake: Values
    asleep: Values
    cooking: Values
    setpoint_c: Values
    setpoint_cool_c: Values
    plant: dict[str, Values]
    """What the plant's devices see of it, by name."""


def room_climate(
    rooms: Sequence[SimRoom], weather: Weather, habits: Habits, plant: Plant, *, is_ventilated: bool
) -> RoomClimate:
    """Simulates the weeks of `weather` but the first, which is only warmed up in."""
    steps = STEPS_A_WEEK
    area = np.array([room.area_m2 for room in rooms])
    window_m2 = np.array([room.window_m2 for room in rooms])
    volume = area * HEIGHT_M
    air_j_per_k = volume * AIR_J_PER_M3K * FURNITURE
    walls_j_per_k = area * WALLS_J_PER_M2K
    to_walls = area * AIR_TO_WALLS_W_PER_M2K
    through_walls = area * WALLS_TO_OUTSIDE_W_PER_M2K
    to_neighbours = area * NEIGHBOURS_W_PER_M2K

    changes_per_h = _air_changes(weather, habits, is_ventilated=is_ventilated)
    gain_w = _gains(rooms, weather, habits)
    outside_gm3 = vapour_gm3(weather.temperature_c, weather.humidity_pct)
    water_gh = (
        habits.awake * PERSON_WATER_GH
        + habits.asleep * SLEEPER_WATER_GH
        + habits.cooking * COOKING_WATER_GH
        + area * PLANTS_WATER_GH_M2
    )
    breath = habits.awake * PERSON_CO2_M3H + habits.asleep * SLEEPER_CO2_M3H

    hours = STEP_S / HOUR_S
    # Exponential decay over a step keeps strong airing stable whatever the step.
    fresh = Tape(1 - np.exp(-changes_per_h * hours), steps)
    outside_c = Tape(weather.temperature_c[:, None], steps)
    conduct = Tape(window_m2 * WINDOW_W_PER_M2K + changes_per_h * volume * AIR_J_PER_M3K / HOUR_S, steps)
    gains = Tape(gain_w, steps)
    co2_in = Tape(breath * 1e6 / volume * hours, steps)
    water_in = Tape(water_gh / volume * hours / SORPTION, steps)
    water_out = Tape(outside_gm3[:, None], steps)

    start_c = Tape(weather.air_mass_c[:, None], steps).at(-WARMUP_STEPS)
    air_c = np.broadcast_to(np.maximum(start_c + 3.0, 20.0), (start_c.shape[0], len(rooms))).copy()
    walls_c = air_c - 0.5
    sensed_c = earlier_c = before_c = air_c
    co2_ppm = np.full_like(air_c, 600.0)
    water_gm3 = np.full_like(air_c, 8.0)
    kept: dict[str, Values] = {}

    for step in range(-WARMUP_STEPS, steps):
        heat_w, cool_w = plant.power(step, sensed_c, before_c)
        gain = gains.at(step)
        between_w = to_walls * (walls_c - air_c)
        outside = outside_c.at(step)
        neighbours_w = to_neighbours * (air_c.mean(axis=1, keepdims=True) - air_c)
        air_w = gain * SUN_ON_AIR + heat_w - cool_w + between_w + neighbours_w
        air_w = air_w + conduct.at(step) * (outside - air_c)
        walls_w = gain * (1 - SUN_ON_AIR) - between_w + through_walls * (outside - walls_c)
        before_c, earlier_c = earlier_c, sensed_c
        # Windows wide open exchange so fast that an explicit step may not overshoot the outside.
        air_c = air_c + np.clip(air_w * (STEP_S / air_j_per_k), -2.5, 2.5)
        walls_c = walls_c + walls_w * (STEP_S / walls_j_per_k)
        sensed_c = air_c + SENSED_FROM_WALLS * (walls_c - air_c)
        renewed = fresh.at(step)
        co2_ppm = co2_ppm + co2_in.at(step) - renewed * (co2_ppm - OUTSIDE_CO2_PPM)
        # A quarter of the cooling condenses water, 2450 J a gram, while there is enough of it.
        wetness = np.minimum(np.maximum(water_gm3 - COIL_GM3, 0.0) / 4.0, 1.0)
        dried = wetness * cool_w * (0.25 / 2450 * STEP_S / SORPTION) / volume
        water_gm3 = water_gm3 + water_in.at(step) - dried
        water_gm3 = water_gm3 - renewed / SORPTION * (water_gm3 - water_out.at(step))
        # The air's own limit in grams, near enough linear about room temperature.
        water_gm3 = np.minimum(water_gm3, HUMIDEST * (17.3 + 1.0 * (air_c - 20.0)))
        if step >= 0:
            _keep(kept, step, steps, sensed_c=sensed_c, co2_ppm=co2_ppm, water_gm3=water_gm3, **plant.states)

    series = {name: _by_time(values) for name, values in kept.items()}
    sensed = np.round(series.pop("sensed_c"), STEADY)
    water = series.pop("water_gm3")
    counted = slice(steps, None)
    return RoomClimate(
        sensed_c=sensed,
        humidity_pct=np.clip(100 * water / vapour_gm3(sensed, np.float64(100.0)), 5.0, 97.0),
        co2_ppm=series.pop("co2_ppm"),
        awake=habits.awake[counted],
        asleep=habits.asleep[counted],
        cooking=habits.cooking[counted],
        setpoint_c=habits.setpoint_c[counted],
        setpoint_cool_c=habits.setpoint_cool_c[counted],
        plant=series,
    )


def vapour_gm3(temperature_c: Values, humidity_pct: Values | np.float64) -> Values:
    """Grams of water in a cubic metre of air."""
    vapour_hpa = saturation_hpa(temperature_c) * humidity_pct / 100
    return np.asarray(GRAMS_PER_M3_HPA_K * vapour_hpa / (temperature_c + 273.15))


def _air_changes(weather: Weather, habits: Habits, *, is_ventilated: bool) -> Values:
    drawn = LEAKAGE_PER_H + WIND_PER_H * weather.wind_kmh[:, None]
    changes = drawn + AIRING_PER_H * habits.window
    if is_ventilated:
        changes = changes + MECHANICAL_PER_H * (habits.awake.sum(axis=1, keepdims=True) > 0)
    return np.asarray(changes)


def _gains(rooms: Sequence[SimRoom], weather: Weather, habits: Habits) -> Values:
    """Sun, people and what is plugged in, W."""
    shade = 1 - SHUTTERS * np.clip((weather.air_mass_c - 13.0) / 8.0, 0.0, 1.0)
    people = habits.awake * PERSON_W + habits.asleep * SLEEPER_W + habits.cooking * COOKING_W
    columns = []
    for index, room in enumerate(rooms):
        facade = on_facade(weather.sun, weather.irradiance_wm2, weather.cloud, room.facing_deg)
        a_person = COMPUTER_W if room.use in (RoomUse.DESKS, RoomUse.STUDY) else 0.0
        plugged = APPLIANCES_W_PER_M2 * room.area_m2 + a_person * habits.awake[:, index]
        columns.append(facade * shade * room.window_m2 * GLASS_LETS_IN + people[:, index] + plugged)
    return np.stack(columns, axis=1)


def _keep(kept: dict[str, Values], step: int, steps: int, **states: Values) -> None:
    for name, values in states.items():
        if name not in kept:
            kept[name] = np.empty((steps, *values.shape))
        kept[name][step] = values


def _by_time(values: Values) -> Values:
    """(steps, weeks, rooms) → (weeks × steps, rooms)."""
    return np.ascontiguousarray(values.transpose(1, 0, 2)).reshape(-1, values.shape[2])
