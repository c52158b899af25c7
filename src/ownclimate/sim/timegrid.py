"""The calendar of the simulation: steps of five minutes since the epoch, weeks, local time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from ownclimate.core.readings import Instants

STEP_S = 300
STEP_MS = STEP_S * 1000
STEPS_A_DAY = 86_400 // STEP_S
STEPS_A_WEEK = 7 * STEPS_A_DAY
WEEK_MS = STEPS_A_WEEK * STEP_MS
HOUR_S = 3_600
SEAM_STEP = 2 * HOUR_S // STEP_S
"""Weeks are simulated apart and joined at 02:00 UTC on Thursdays: in Europe everybody sleeps, in
America offices are empty and drift, so that what two weeks make of that moment differs least."""
SEAM_MS = SEAM_STEP * STEP_MS
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Grid:
    """Steps `first` to `first + count`; step n begins n × 300 s after the epoch."""

    first: int
    count: int

    def steps(self) -> Instants:
        return np.arange(self.first, self.first + self.count)


@dataclass(frozen=True, slots=True)
class Weeks:
    """Whole weeks, counted from the first seam after the epoch."""

    first: int
    count: int

    def with_warmup(self) -> Weeks:
        return Weeks(self.first - 1, self.count + 1)

    @property
    def start_ms(self) -> int:
        return SEAM_MS + self.first * WEEK_MS

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.count * WEEK_MS

    def grid(self) -> Grid:
        return Grid(SEAM_STEP + self.first * STEPS_A_WEEK, self.count * STEPS_A_WEEK)


def weeks_of(start_ms: int, end_ms: int) -> Weeks:
    """The weeks that `[start_ms, end_ms)` touches."""
    first = (start_ms - SEAM_MS) // WEEK_MS
    return Weeks(first, -(-(end_ms - SEAM_MS) // WEEK_MS) - first)


@dataclass(frozen=True, slots=True, eq=False)
class LocalTime:
    """Wall-clock time of every step: days since 1970-01-01 and minutes since midnight."""

    day: Instants
    minute: Instants

    @property
    def weekday(self) -> Instants:
        """Monday is 0; 1970-01-01 was a Thursday."""
        return (self.day + 3) % 7

    @property
    def first_day(self) -> int:
        return int(self.day[0])

    @property
    def days(self) -> int:
        return int(self.day[-1]) - self.first_day + 1


def local_time(grid: Grid, zone: str) -> LocalTime:
    """Exact where clocks change on a whole UTC hour, which they do wherever we simulate."""
    tz = ZoneInfo(zone)
    seconds = grid.steps() * STEP_S
    hours = seconds // HOUR_S
    first = int(hours[0])
    offsets = np.array([_offset_s(tz, hour) for hour in range(first, int(hours[-1]) + 1)])
    local = seconds + offsets[hours - first]
    return LocalTime(day=local // DAY_S, minute=local % DAY_S // 60)


def _offset_s(zone: ZoneInfo, hour: int) -> int:
    offset = datetime.fromtimestamp(hour * HOUR_S, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
