"""The family at home: where two parents and a child are, what they cook, when they open windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ownclimate.core.readings import Values
from ownclimate.sim.habits import HOUR, Flags, Habits, daily_draws, is_between, weekly_draws
from ownclimate.sim.noise import Noise
from ownclimate.sim.timegrid import LocalTime
from ownclimate.sim.weather import Weather
from ownclimate.sim.world import RoomUse, SimRoom

JOURNEYS = 0.06
"""The share of weeks that the family is away: three a year."""
MORNINGS_AIRED, EVENINGS_AIRED = 0.75, 0.55
MILD_C = 17.0
"""With an air mass this mild, windows stand ajar in the evening and the early morning."""
AJAR, NIGHTS_AJAR = 0.2, 0.6
DAY_C = {RoomUse.LIVING: 21.0, RoomUse.PARENTS: 19.0, RoomUse.CHILD: 21.0, RoomUse.STUDY: 20.0}
NIGHT_C = {RoomUse.LIVING: 18.0, RoomUse.PARENTS: 17.0, RoomUse.CHILD: 18.0, RoomUse.STUDY: 16.0}
AWAY_C = 15.0
COOL_C = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    """Usual times on workdays; `office_hours` is how long they are out."""

    bedroom: RoomUse
    to_bed: int
    office_hours: float
    days_at_home: float
    """The share of workdays on which they work in the study instead."""


_FAMILY = (
    _Person(bedroom=RoomUse.PARENTS, to_bed=22 * HOUR + 15, office_hours=9.0, days_at_home=0.0),
    _Person(bedroom=RoomUse.PARENTS, to_bed=22 * HOUR + 15, office_hours=7.0, days_at_home=0.6),
    _Person(bedroom=RoomUse.CHILD, to_bed=21 * HOUR, office_hours=5.0, days_at_home=0.0),
)


def family_habits(
    noise: Noise, rooms: Sequence[SimRoom], time: LocalTime, site: str, weather: Weather
) -> Habits:
    shape = (len(time.minute), len(rooms))
    awake, asleep, cooking = (np.zeros(shape) for _ in range(3))
    column = {room.use: index for index, room in enumerate(rooms)}
    is_home = weekly_draws(noise, f"{site}/journey", time)[0] >= JOURNEYS
    for number, person in enumerate(_FAMILY):
        sleeps, places = _whereabouts(noise, f"{site}/person {number}", person, time)
        asleep[:, column[person.bedroom]] += sleeps & is_home
        for use, is_there in places.items():
            awake[:, column[use]] += is_there & is_home
    is_anybody_in = (awake + asleep).sum(axis=1) > 0
    cooking[:, column[RoomUse.LIVING]] = _cooks(noise, site, time) & is_anybody_in
    return Habits(
        awake=awake,
        asleep=asleep,
        window=_windows(noise, rooms, time, weather) * is_anybody_in[:, None],
        cooking=cooking,
        setpoint_c=_setpoints(rooms, time, is_home),
        setpoint_cool_c=np.full(shape, COOL_C),
    )


def _whereabouts(
    noise: Noise, stream: str, person: _Person, time: LocalTime
) -> tuple[Flags, dict[RoomUse, Flags]]:
    """When a person sleeps, and in which rooms they are awake; at other times they are out."""
    minute, is_workday = time.minute, time.weekday < 5
    early, late, start, length = daily_draws(noise, stream, time)
    wake = np.where(is_workday, 6 * HOUR + 25 + 40 * early, 7 * HOUR + 45 + 110 * early)
    leave = np.where(is_workday, 7 * HOUR + 45 + 40 * start, 10 * HOUR + 240 * start)
    away = np.where(is_workday, person.office_hours * HOUR + 60 * length, 30 + 260 * length)
    sleeps = ~is_between(minute, wake, person.to_bed + 70 * late)
    is_busy = is_between(minute, leave, leave + away) & ~sleeps
    at_desk = is_busy & is_workday & (length < person.days_at_home)
    is_playing = np.zeros_like(sleeps)
    if person.bedroom is RoomUse.CHILD:
        is_playing = ~sleeps & ~is_busy & is_between(minute, 16 * HOUR, 18 * HOUR + 30)
    places = {
        RoomUse.STUDY: at_desk,
        RoomUse.CHILD: is_playing,
        RoomUse.LIVING: ~sleeps & ~is_busy & ~is_playing,
    }
    return sleeps, places


def _cooks(noise: Noise, site: str, time: LocalTime) -> Flags:
    start, length, _, _ = daily_draws(noise, f"{site}/kitchen", time)
    dinner = 18 * HOUR + 30 + 60 * start
    return is_between(time.minute, dinner, dinner + 25 + 30 * length)


def _windows(noise: Noise, rooms: Sequence[SimRoom], time: LocalTime, weather: Weather) -> Values:
    """Short airings morning and evening the year round; in mild weather half the night."""
    minute = time.minute
    is_night = (minute >= 20 * HOUR + 30) | (minute < 8 * HOUR)
    columns = []
    for room in rooms:
        early, late, length, will = daily_draws(noise, f"{room.key}/airing", time)
        morning = 7 * HOUR + 20 + 60 * early
        evening = 19 * HOUR + 150 * late
        minutes = 8 + 12 * length
        airs = is_between(minute, morning, morning + minutes) & (will < MORNINGS_AIRED)
        airs |= is_between(minute, evening, evening + minutes) & (will >= 1 - EVENINGS_AIRED)
        is_ajar = (weather.air_mass_c > MILD_C) & is_night & (length < NIGHTS_AJAR)
        columns.append(np.where(airs, 1.0, np.where(is_ajar, AJAR, 0.0)))
    return np.stack(columns, axis=1)


def _setpoints(rooms: Sequence[SimRoom], time: LocalTime, is_home: Flags) -> Values:
    """The valves' timetable: comfort by day, less at night, little on a journey."""
    start = np.where(time.weekday < 5, 6 * HOUR, 7 * HOUR)
    columns = []
    for room in rooms:
        end = 18 * HOUR if room.use is RoomUse.STUDY else 22 * HOUR
        by_day = is_between(time.minute, start, end)
        setpoint = np.where(by_day, DAY_C[room.use], NIGHT_C[room.use])
        columns.append(np.where(is_home, setpoint, AWAY_C))
    return np.stack(columns, axis=1)
