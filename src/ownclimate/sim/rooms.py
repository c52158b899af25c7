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
from ownclimate.sim.habits import Habits
from ownclimate.sim.heating import Plant
from ownclimate.sim.sun import STEADY, on_facade
from ownclimate.sim.tape import Tape
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
COIL_GM3, COIL_SPAN_GM3 = 9.5, 4.0
"""Drier air passes a cooling coil without losing water; with 4 g/m³ more it loses all it can."""
CONDENSES, WATER_J_PER_G = 0.25, 2_450.0
"""A quarter of the cooling then goes into condensing, 2450 J a gram."""
SUN_ON_AIR = 0.35
"""Of all gains; the rest warms the walls first."""
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
"""With a window wide open."""
MECHANICAL_PER_H = 0.9
"""What a building's ventilation brings while people are in."""
SORPTION = 3.0
"""Walls and fabrics take up moisture: the air's humidity moves as in a room three times as large."""
HUMIDEST = 0.88
"""Windows and cold corners condense what would be more."""
GRAMS_PER_M3_HPA_K = 216.7
"""The gas law for water vapour: g/m³ = 216.7 × hPa / K."""


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
    changes_per_h = _air_changes(weather, habits, is_ventilated=is_ventilated)
    heat = _Heat(rooms, weather, habits, changes_per_h)
    air = _Air(rooms, weather, habits, changes_per_h)
    kept: dict[str, Values] = {}
    before_c = earlier_c = heat.sensed_c
    for step in range(-WARMUP_STEPS, STEPS_A_WEEK):
        heating_w, cooling_w = plant.power(step, heat.sensed_c, before_c)
        before_c, earlier_c = earlier_c, heat.sensed_c
        heat.advance(step, heating_w, cooling_w)
        air.advance(step, heat.air_c, cooling_w)
        if step >= 0:
            states = {"sensed_c": heat.sensed_c, "co2_ppm": air.co2_ppm, "water_gm3": air.water_gm3}
            _keep(kept, step, states | plant.states)

    series = {name: _by_time(values) for name, values in kept.items()}
    sensed_c = np.round(series.pop("sensed_c"), STEADY)
    water_gm3 = series.pop("water_gm3")
    counted = slice(STEPS_A_WEEK, None)
    return RoomClimate(
        sensed_c=sensed_c,
        humidity_pct=np.clip(100 * water_gm3 / vapour_gm3(sensed_c, np.float64(100.0)), 5.0, 97.0),
        co2_ppm=series.pop("co2_ppm"),
        awake=habits.awake[counted],
        asleep=habits.asleep[counted],
        cooking=habits.cooking[counted],
        setpoint_c=habits.setpoint_c[counted],
        setpoint_cool_c=habits.setpoint_cool_c[counted],
        plant=series,
    )


class _Heat:
    """The temperatures of air and walls, and what a sensor on the wall shows: (weeks, rooms)."""

    def __init__(
        self, rooms: Sequence[SimRoom], weather: Weather, habits: Habits, changes_per_h: Values
    ) -> None:
        area = np.array([room.area_m2 for room in rooms])
        window_m2 = np.array([room.window_m2 for room in rooms])
        air_j_per_k = area * HEIGHT_M * AIR_J_PER_M3K
        self._air_k_per_w = STEP_S / (air_j_per_k * FURNITURE)
        self._walls_k_per_w = STEP_S / (area * WALLS_J_PER_M2K)
        self._to_walls = area * AIR_TO_WALLS_W_PER_M2K
        self._through_walls = area * WALLS_TO_OUTSIDE_W_PER_M2K
        self._to_neighbours = area * NEIGHBOURS_W_PER_M2K
        self._gain_w = Tape(_gains(rooms, weather, habits))
        self._to_outside = Tape(window_m2 * WINDOW_W_PER_M2K + changes_per_h * air_j_per_k / HOUR_S)
        self._outside_c = Tape(weather.temperature_c[:, None])
        start_c = Tape(weather.air_mass_c[:, None]).at(-WARMUP_STEPS)
        self.air_c: Values = np.maximum(start_c + 3.0, 20.0).repeat(len(rooms), axis=1)
        self.walls_c: Values = self.air_c - 0.5
        self.sensed_c: Values = self.air_c

    def advance(self, step: int, heating_w: Values, cooling_w: Values) -> None:
        outside_c, gain_w = self._outside_c.at(step), self._gain_w.at(step)
        from_walls_w = self._to_walls * (self.walls_c - self.air_c)
        neighbours_c = self.air_c.mean(axis=1, keepdims=True)
        air_w = (
            gain_w * SUN_ON_AIR
            + heating_w
            - cooling_w
            + from_walls_w
            + self._to_neighbours * (neighbours_c - self.air_c)
            + self._to_outside.at(step) * (outside_c - self.air_c)
        )
        walls_w = gain_w * (1 - SUN_ON_AIR) - from_walls_w + self._through_walls * (outside_c - self.walls_c)
        self.air_c = self.air_c + air_w * self._air_k_per_w
        self.walls_c = self.walls_c + walls_w * self._walls_k_per_w
        self.sensed_c = self.air_c + SENSED_FROM_WALLS * (self.walls_c - self.air_c)


class _Air:
    """What is in the air: CO2 and water, (weeks, rooms)."""

    def __init__(
        self, rooms: Sequence[SimRoom], weather: Weather, habits: Habits, changes_per_h: Values
    ) -> None:
        area = np.array([room.area_m2 for room in rooms])
        volume = area * HEIGHT_M
        hours = STEP_S / HOUR_S
        breath_m3h = habits.awake * PERSON_CO2_M3H + habits.asleep * SLEEPER_CO2_M3H
        water_gh = (
            habits.awake * PERSON_WATER_GH
            + habits.asleep * SLEEPER_WATER_GH
            + habits.cooking * COOKING_WATER_GH
            + area * PLANTS_WATER_GH_M2
        )
        self._co2_in = Tape(breath_m3h * 1e6 / volume * hours)
        self._water_in = Tape(water_gh / volume * hours / SORPTION)
        self._renewed = Tape(np.round(1 - np.exp(-changes_per_h * hours), STEADY))
        self._outside_gm3 = Tape(vapour_gm3(weather.temperature_c, weather.humidity_pct)[:, None])
        self._condensed = CONDENSES / WATER_J_PER_G * STEP_S / SORPTION / volume
        shape = (self._outside_gm3.at(0).shape[0], len(rooms))
        self.co2_ppm: Values = np.full(shape, 600.0)
        self.water_gm3: Values = np.full(shape, 8.0)

    def advance(self, step: int, air_c: Values, cooling_w: Values) -> None:
        renewed = self._renewed.at(step)
        self.co2_ppm = self.co2_ppm + self._co2_in.at(step) - renewed * (self.co2_ppm - OUTSIDE_CO2_PPM)
        wetness = np.minimum(np.maximum(self.water_gm3 - COIL_GM3, 0.0) / COIL_SPAN_GM3, 1.0)
        water = self.water_gm3 + self._water_in.at(step) - wetness * cooling_w * self._condensed
        water = water - renewed / SORPTION * (water - self._outside_gm3.at(step))
        # What saturated air holds is near enough a straight line about room temperature.
        self.water_gm3 = np.minimum(water, HUMIDEST * (17.3 + (air_c - 20.0)))


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


def _keep(kept: dict[str, Values], step: int, states: dict[str, Values]) -> None:
    for name, values in states.items():
        if name not in kept:
            kept[name] = np.empty((STEPS_A_WEEK, *values.shape))
        kept[name][step] = values


def _by_time(values: Values) -> Values:
    """(steps, weeks, rooms) → (weeks × steps, rooms)."""
    return np.ascontiguousarray(values.transpose(1, 0, 2)).reshape(-1, values.shape[2])
