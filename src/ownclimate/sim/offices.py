"""The people in an office building: staff on weekdays, meetings by the half hour, holidays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ownclimate.core.quantities import fahrenheit_to_celsius
from ownclimate.core.readings import Values
from ownclimate.sim.habits import HOUR, Flags, Habits, daily_draws, is_between
from ownclimate.sim.noise import Noise
from ownclimate.sim.timegrid import LocalTime
from ownclimate.sim.world import RoomUse, SimRoom

HOLIDAYS = 0.035
"""The share of weekdays on which the office stays shut: nine a year. The thermostats do not know."""
MEETINGS = 0.4
"""The share of half hours in which somebody meets."""
LARGEST_MEETING = 8
M2_A_DESK, M2_A_VISITOR = 9, 25
LUNCH_OUT = 0.7
HALF_HOUR = 30
OCCUPIED_C = round(fahrenheit_to_celsius(70), 2), round(fahrenheit_to_celsius(75), 2)
"""Heating and cooling set-points; the thermostats count in whole °F."""
UNOCCUPIED_C = round(fahrenheit_to_celsius(62), 2), round(fahrenheit_to_celsius(82), 2)


def office_habits(noise: Noise, rooms: Sequence[SimRoom], time: LocalTime, site: str) -> Habits:
    """Windows do not open, and nobody cooks or sleeps."""
    is_weekday = time.weekday < 5
    is_open = is_weekday & (daily_draws(noise, f"{site}/holiday", time)[0] >= HOLIDAYS)
    awake = np.stack([_people(noise, room, time) * is_open for room in rooms], axis=1)
    is_occupied = is_weekday & is_between(time.minute, 6 * HOUR + 30, 18 * HOUR)
    heat_c, cool_c = (
        np.where(is_occupied, by_day, at_night)[:, None].repeat(len(rooms), axis=1)
        for by_day, at_night in zip(OCCUPIED_C, UNOCCUPIED_C, strict=True)
    )
    nobody = np.zeros(awake.shape)
    return Habits(
        awake=awake,
        asleep=nobody,
        window=nobody,
        cooking=nobody,
        setpoint_c=heat_c,
        setpoint_cool_c=cool_c,
    )


def _people(noise: Noise, room: SimRoom, time: LocalTime) -> Values:
    if room.use is RoomUse.MEETINGS:
        return _meetings(noise, room, time)
    desks = room.area_m2 // (M2_A_VISITOR if room.use is RoomUse.LOBBY else M2_A_DESK)
    early, late, share, _ = daily_draws(noise, f"{room.key}/people", time)
    minute = time.minute
    is_there: Flags = is_between(minute, 7 * HOUR + 30 + 75 * early, 16 * HOUR + 30 + 110 * late)
    is_lunch = is_between(minute, 12 * HOUR, 12 * HOUR + 50)
    present = np.ceil(desks * (0.55 + 0.45 * share) * (1 - LUNCH_OUT * is_lunch))
    return np.asarray(is_there * present)


def _meetings(noise: Noise, room: SimRoom, time: LocalTime) -> Values:
    slot = time.day * (24 * HOUR // HALF_HOUR) + time.minute // HALF_HOUR
    # When clocks go back an hour comes twice, so the last slot need not be the greatest.
    first, last = int(slot.min()), int(slot.max())
    draw = noise.uniform(f"{room.key}/meetings", first, last - first + 1)[slot - first]
    is_met = is_between(time.minute, 9 * HOUR, 17 * HOUR + 30) & (draw < MEETINGS)
    return np.asarray(is_met * np.floor(2 + (LARGEST_MEETING - 1) * draw / MEETINGS))
