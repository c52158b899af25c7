"""Who is where, when windows are opened, and what the timetables of the heating say.

Every day of every person is drawn from the day's own place in a stream, so a day is the same in
whatever window it is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ownclimate.core.readings import Values
from ownclimate.sim.noise import Noise
from ownclimate.sim.timegrid import LocalTime
from ownclimate.sim.weather import Weather
from ownclimate.sim.world import RoomUse, SimRoom

Flags = npt.NDArray[np.bool_]

DRAWS_A_DAY = 4
AWAY_WEEKS = 0.06
"""The share of weeks that the family is on a journey: three a year."""
HOLIDAYS = 0.035
"""The share of weekdays on which an office stays shut: nine a year."""
WARM_OUTSIDE_C = 17.0
"""With air this mild, windows stand open in the evening and the early morning."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Habits:
    """For every step (rows) and room (columns): people, windows (0 shut, 1 wide open), set-points."""

    awake: Values
    asleep: Values
    window: Values
    setpoint_c: Values
    setpoint_cool_c: Values
    cooking: Values
    """1 while somebody cooks or showers: moisture, and noise."""


def family_habits(
    noise: Noise, rooms: Sequence[SimRoom], time: LocalTime, site: str, weather: Weather
) -> Habits:
    """Two parents, one of whom often works at home, and a child."""
    shape = (len(time.minute), len(rooms))
    awake, asleep, window, cooking = (np.zeros(shape) for _ in range(4))
    column = {room.use: index for index, room in enumerate(rooms)}
    is_workday = time.weekday < 5
    is_away = _draw(noise, f"{site}/journey", time, weekly=True)[:, 0] < AWAY_WEEKS
    minute = time.minute
    lives_in = (RoomUse.PARENTS, RoomUse.PARENTS, RoomUse.CHILD)
    for person, bedroom in enumerate(lives_in):
        draws = _draw(noise, f"{site}/person {person}", time)
        wake = np.where(is_workday, 385 + 40 * draws[:, 0], 465 + 110 * draws[:, 0])
        sleep = (1335 if bedroom is RoomUse.PARENTS else 1260) + 70 * draws[:, 1]
        leave = np.where(is_workday, 465 + 40 * draws[:, 2], 600 + 240 * draws[:, 2])
        back = leave + np.where(is_workday, 540 - 120 * person + 60 * draws[:, 3], 30 + 260 * draws[:, 3])
        sleeps = ((minute < wake) | (minute >= sleep)) & ~is_away
        out = (minute >= leave) & (minute < back)
        works_here = is_workday & (person == 1) & (draws[:, 3] > 0.4)
        at_desk = out & works_here & ~is_away
        up = ~sleeps & ~(out & ~works_here) & ~is_away
        asleep[:, column[bedroom]] += sleeps
        awake[:, column[RoomUse.STUDY]] += at_desk
        plays = up & (bedroom is RoomUse.CHILD) & (minute >= 960) & (minute < 1110)
        awake[:, column[RoomUse.CHILD]] += plays
        awake[:, column[RoomUse.LIVING]] += up & ~at_desk & ~plays

    home = (awake + asleep).sum(axis=1) > 0
    _open_windows(window, noise, site, time, home, weather)
    kitchen = column[RoomUse.LIVING]
    draws = _draw(noise, f"{site}/kitchen", time)
    dinner = 1110 + 60 * draws[:, 0]
    cooking[:, kitchen] = home & (minute >= dinner) & (minute < dinner + 25 + 30 * draws[:, 1])
    setpoint_c = _family_setpoints(rooms, time, is_away)
    return Habits(
        awake=awake,
        asleep=asleep,
        window=window,
        setpoint_c=setpoint_c,
        setpoint_cool_c=np.full(shape, 25.0),
        cooking=cooking,
    )


def office_habits(noise: Noise, rooms: Sequence[SimRoom], time: LocalTime, site: str) -> Habits:
    """Staff on weekdays, meetings by the hour, windows that do not open."""
    shape = (len(time.minute), len(rooms))
    awake = np.zeros(shape)
    minute = time.minute
    is_open = (time.weekday < 5) & (_draw(noise, f"{site}/holiday", time)[:, 0] >= HOLIDAYS)
    for index, room in enumerate(rooms):
        draws = _draw(noise, room.key, time)
        if room.use is RoomUse.MEETINGS:
            half_hour = time.day * 48 + minute // 30
            slots = noise.uniform(f"{room.key}/meetings", int(half_hour[0]), int(np.ptp(half_hour)) + 1)
            slot = slots[half_hour - half_hour[0]]
            is_met = (minute >= 540) & (minute < 1050) & (slot < 0.4)
            awake[:, index] = is_open * is_met * np.floor(2 + 15 * slot)
            continue
        desks = max(1.0, np.floor(room.area_m2 / (25 if room.use is RoomUse.LOBBY else 9)))
        arrive = 450 + 75 * draws[:, 0]
        go = 990 + 110 * draws[:, 1]
        lunch = (minute >= 715) & (minute < 770)
        there = (minute >= arrive) & (minute < go)
        awake[:, index] = is_open * there * np.ceil(desks * (0.55 + 0.45 * draws[:, 2]) * (1 - 0.7 * lunch))
    is_staffed = (time.weekday < 5) & (minute >= 390) & (minute < 1080)
    heat_f = np.where(is_staffed, 70.0, 62.0)[:, None].repeat(len(rooms), axis=1)
    cool_f = np.where(is_staffed, 75.0, 82.0)[:, None].repeat(len(rooms), axis=1)
    zeros = np.zeros(shape)
    return Habits(
        awake=awake,
        asleep=zeros,
        window=zeros,
        setpoint_c=np.round((heat_f - 32) / 1.8, 2),
        setpoint_cool_c=np.round((cool_f - 32) / 1.8, 2),
        cooking=zeros,
    )


def _open_windows(
    window: Values, noise: Noise, site: str, time: LocalTime, home: Flags, weather: Weather
) -> None:
    """Short airings morning and evening the year round; in mild weather half the night."""
    minute = time.minute
    is_mild = weather.air_mass_c > WARM_OUTSIDE_C
    is_cool_hour = (minute >= 1230) | (minute < 480)
    for index in range(window.shape[1]):
        draws = _draw(noise, f"{site}/airing {index}", time)
        morning = 440 + 60 * draws[:, 0]
        evening = 1140 + 150 * draws[:, 1]
        length = 8 + 12 * draws[:, 2]
        airs = (minute >= morning) & (minute < morning + length) & (draws[:, 3] < 0.75)
        airs |= (minute >= evening) & (minute < evening + length) & (draws[:, 3] > 0.45)
        ajar = is_mild & is_cool_hour & (draws[:, 2] < 0.6)
        window[:, index] = home * np.maximum(airs * 1.0, ajar * 0.2)


def _family_setpoints(rooms: Sequence[SimRoom], time: LocalTime, is_away: Flags) -> Values:
    """The valves' timetable in whole degrees: comfort by day, less at night, little on a journey."""
    day_c = {RoomUse.LIVING: 21.0, RoomUse.PARENTS: 19.0, RoomUse.CHILD: 21.0, RoomUse.STUDY: 20.0}
    night_c = {RoomUse.LIVING: 18.0, RoomUse.PARENTS: 17.0, RoomUse.CHILD: 18.0, RoomUse.STUDY: 16.0}
    minute = time.minute
    is_workday = time.weekday < 5
    columns = []
    for room in rooms:
        begins = np.where(is_workday, 360, 420)
        ends = 1080 if room.use is RoomUse.STUDY else 1320
        by_day = (minute >= begins) & (minute < ends)
        setpoint = np.where(by_day, day_c[room.use], night_c[room.use])
        columns.append(np.where(is_away, 15.0, setpoint))
    return np.stack(columns, axis=1)


def _draw(noise: Noise, stream: str, time: LocalTime, *, weekly: bool = False) -> Values:
    """For every step the four draws of its local day (or of its week from Monday)."""
    day = (time.day + 3) // 7 if weekly else time.day
    first, last = int(day[0]), int(day[-1])
    draws = noise.uniform(stream, first * DRAWS_A_DAY, (last - first + 1) * DRAWS_A_DAY)
    return np.asarray(draws.reshape(-1, DRAWS_A_DAY)[day - first])
