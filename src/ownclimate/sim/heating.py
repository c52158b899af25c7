"""What heats and cools the rooms, one step at a time, for all weeks at once.

A plant is asked every step for the power that reaches each room; arrays are (weeks, rooms). It keeps
its own state and shows what its devices would report.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ownclimate.core.readings import Values
from ownclimate.sim.habits import Habits
from ownclimate.sim.standing import AIR, NOTHING, Told
from ownclimate.sim.tape import Tape
from ownclimate.sim.timegrid import STEP_S
from ownclimate.sim.weather import Weather
from ownclimate.sim.world import SimRoom

GAIN_PER_K = 0.5
VALVE_AT_SETPOINT = 0.35
"""The boiler's supply follows the weather so that a valve about a third open holds its set-point."""
MOTOR_STEP = 0.04
"""A valve saves its battery: it does not move for less."""
DROP_C = 0.7
HOLD_STEPS = 4
"""A fall of 0.7 K within ten minutes is an open window; the valve then stays shut for twenty."""
RADIATOR_S = 1_500
"""Time constant of a radiator full of water."""
HEATING_LIMIT_C = 15.5
"""The boiler rests while the air mass is warmer than this."""
AC_ON_ABOVE_C, AC_OFF_ABOVE_C, AC_W_PER_K = 2.2, 0.4, 1_400.0
"""People switch the air conditioner on when it is 2.2 K too warm; it modulates, and stops near its
set-point."""
FIRST_STAGE, SECOND_STAGE_C = 0.55, 0.8
"""A furnace or compressor runs at 55 % until it is 0.8 K behind."""
SWING_C = 0.3
"""A thermostat switches half a degree Fahrenheit either side of its set-point."""
TOLD_TO_FLOORS = ("heats", "cools", "ventilates", "fan")
"""What a thermostat can be told besides temperatures."""


class Plant(Protocol):
    def power(self, step: int, sensed_c: Values, before_c: Values) -> tuple[Values, Values]:
        """Heat put in and heat taken out in W, given what sensors show now and showed ten minutes ago."""
        ...

    @property
    def states(self) -> dict[str, Values]:
        """What devices can see of it after the last step: name → (weeks, rooms)."""
        ...


class RadiatorPlant:
    """A radiator with a proportional valve in each room, and an air conditioner where one hangs."""

    def __init__(
        self, rooms: Sequence[SimRoom], habits: Habits, weather: Weather, told: Told = NOTHING
    ) -> None:
        self._setpoint_c = Tape(habits.setpoint_c)
        self._cool_c = Tape(habits.setpoint_cool_c)
        self._awake = Tape((habits.awake.sum(axis=1) > 0)[:, None] * 1.0)
        # Full supply at −12 °C outside; in milder air it falls, but less than the need does.
        supply = np.clip(0.3 + 0.7 * (19.0 - weather.air_mass_c) / 31.0, 0.0, 1.0)
        self._supply = Tape((supply * (weather.air_mass_c < HEATING_LIMIT_C))[:, None])
        self._heating_w = np.array([room.heating_w for room in rooms])
        self._cooling_w = np.array([room.cooling_w for room in rooms])
        idle = np.zeros((self._supply.at(0).shape[0], len(rooms)))
        self._valve: Values = idle
        self._radiator_w: Values = idle
        self._hold: Values = idle
        self._cooling_on: Values = idle
        self._remote = _Remote(told, self._cooling_w) if "air" in told.values else None

    def power(self, step: int, sensed_c: Values, before_c: Values) -> tuple[Values, Values]:
        self._hold = np.where(before_c - sensed_c > DROP_C, HOLD_STEPS, np.maximum(self._hold - 1, 0))
        if step % 2 == 0:
            wanted = VALVE_AT_SETPOINT + GAIN_PER_K * (self._setpoint_c.at(step) - sensed_c)
            wanted = np.minimum(np.maximum(wanted, 0.0), 1.0) * (self._hold == 0)
            moves = (np.abs(wanted - self._valve) > MOTOR_STEP) | (wanted == 0)
            self._valve = np.where(moves, wanted, self._valve)
        fed_w = self._valve * self._heating_w * self._supply.at(step)
        self._radiator_w = self._radiator_w + (fed_w - self._radiator_w) * (STEP_S / RADIATOR_S)
        above_c = sensed_c - self._cool_c.at(step)
        is_hot = above_c > np.where(self._cooling_on > 0, AC_OFF_ABOVE_C, AC_ON_ABOVE_C)
        self._cooling_on = is_hot * self._awake.at(step) * (self._cooling_w > 0)
        wanted_w = np.maximum(above_c * AC_W_PER_K, 0.0)
        heated_w, cooled_w = self._radiator_w, self._cooling_on * np.minimum(wanted_w, self._cooling_w)
        if self._remote is not None:
            return self._remote.power(step, sensed_c, heated_w, cooled_w)
        return heated_w, cooled_w

    @property
    def states(self) -> dict[str, Values]:
        states = {
            "valve": self._valve,
            "open_window": np.where(self._hold > 0, 1.0, 0.0),
            "cooling_on": self._cooling_on,
        }
        return states if self._remote is None else self._remote.states(states)


class _Remote:
    """An air conditioner that was told what to do: it no longer heeds who is in, and can heat too."""

    def __init__(self, told: Told, strength_w: Values) -> None:
        self._air = Tape(told.values["air"])
        self._target_c = Tape(told.values.get("air_c", np.full_like(told.values["air"], np.nan)))
        self._strength_w = strength_w
        self._is_told: Values = np.isnan(self._air.at(0)) * 0.0
        self._cools: Values = self._is_told
        self._heats: Values = self._is_told
        self._blows: Values = self._is_told
        self._wanted_c: Values = self._is_told

    def power(self, step: int, sensed_c: Values, heated_w: Values, cooled_w: Values) -> tuple[Values, Values]:
        air = self._air.at(step)
        self._is_told = np.where(np.isnan(air), 0.0, 1.0)
        self._wanted_c = self._target_c.at(step)
        above_c = np.nan_to_num(sensed_c - self._wanted_c)
        is_auto = air == AIR["auto"]
        cools = (air == AIR["cool"]) | (air == AIR["dry"]) | (is_auto & (above_c > 0))
        heats = (air == AIR["heat"]) | (is_auto & (above_c < 0))
        self._cools, self._heats = np.where(cools, 1.0, 0.0), np.where(heats, 1.0, 0.0)
        self._blows = np.where(air >= 0, 1.0, 0.0)
        moved_w = np.minimum(np.abs(above_c) * AC_W_PER_K, self._strength_w)
        cooled_w = np.where(self._is_told > 0, self._cools * moved_w * (above_c > 0), cooled_w)
        return heated_w + self._heats * moved_w * (above_c < 0), cooled_w

    def states(self, states: dict[str, Values]) -> dict[str, Values]:
        cooling_on = np.where(self._is_told > 0, self._cools, states["cooling_on"])
        return {
            **states,
            "cooling_on": cooling_on,
            "air_heats": self._heats,
            "air_blows": np.where(self._is_told > 0, self._blows, cooling_on),
            "air_target_c": self._wanted_c,
        }


class ForcedAirPlant:
    """A furnace and a compressor for each floor, switched by the thermostat on its mean temperature."""

    def __init__(self, rooms: Sequence[SimRoom], habits: Habits, told: Told = NOTHING) -> None:
        self._heat_c = Tape(habits.setpoint_c)
        self._cool_c = Tape(habits.setpoint_cool_c)
        floors = sorted({room.floor for room in rooms})
        self._floors = [
            np.array([index for index, room in enumerate(rooms) if room.floor == floor]) for floor in floors
        ]
        self._heating_w = np.array([room.heating_w for room in rooms])
        self._cooling_w = np.array([room.cooling_w for room in rooms])
        idle = np.zeros((self._heat_c.at(0).shape[0], len(rooms)))
        self._heating_on: Values = idle
        self._cooling_on: Values = idle
        self._fan_on: Values = idle
        self._told = {name: tape for name in TOLD_TO_FLOORS if (tape := told.tape(name)) is not None}

    def power(self, step: int, sensed_c: Values, before_c: Values) -> tuple[Values, Values]:
        mean_c = np.empty_like(sensed_c)
        for rooms in self._floors:
            mean_c[:, rooms] = sensed_c[:, rooms].mean(axis=1, keepdims=True)
        heat_c, cool_c = self._heat_c.at(step), self._cool_c.at(step)
        swing = np.where(self._heating_on > 0, SWING_C, -SWING_C)
        self._heating_on = np.where(mean_c < heat_c + swing, 1.0, 0.0)
        swing = np.where(self._cooling_on > 0, -SWING_C, SWING_C)
        self._cooling_on = np.where(mean_c > cool_c + swing, 1.0, 0.0)
        self._obey(step)
        # Ten minutes an hour the fan mixes the air even when nothing is called for.
        circulates = 1.0 if step % 12 < 2 else 0.0
        self._fan_on = np.maximum(np.maximum(self._heating_on, self._cooling_on), circulates)
        for name in {"fan", "ventilates"} & self._told.keys():
            self._fan_on = np.maximum(self._fan_on, np.nan_to_num(self._told[name].at(step)))
        heat = self._heating_on * np.where(heat_c - mean_c > SECOND_STAGE_C, 1.0, FIRST_STAGE)
        cool = self._cooling_on * np.where(mean_c - cool_c > SECOND_STAGE_C, 1.0, FIRST_STAGE)
        return heat * self._heating_w, cool * self._cooling_w

    @property
    def states(self) -> dict[str, Values]:
        return {"heating_on": self._heating_on, "cooling_on": self._cooling_on, "fan_on": self._fan_on}

    def _obey(self, step: int) -> None:
        """Switched off, a thermostat calls for nothing."""
        if "heats" in self._told:
            self._heating_on = self._heating_on * np.nan_to_num(self._told["heats"].at(step), nan=1.0)
            self._cooling_on = self._cooling_on * np.nan_to_num(self._told["cools"].at(step), nan=1.0)
