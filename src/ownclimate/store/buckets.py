"""Buckets of time and what is computed in them.

Up to an hour a bucket begins at a multiple of the step after subtracting the zone's UTC offset *at the
instant asked about*. From three hours on the edges are wall-clock times: an edge is the first instant
at which the zone's wall clock shows the edge's time or a later one, which also answers for times that
a clock change skips or repeats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ownclimate.core.errors import InvalidInput
from ownclimate.core.readings import Buckets, Instants, Values

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
_OFFSET_STEPS_MS: Final = {"5min": 300_000, "30min": 1_800_000, "1h": HOUR_MS}
_WALL_STEPS_MS: Final = {"3h": 3 * HOUR_MS, "6h": 6 * HOUR_MS, "1day": DAY_MS, "1week": 7 * DAY_MS}
_MONDAY_MS: Final = 4 * DAY_MS
"""1970-01-05, the first Monday of the epoch."""
_LONGEST_MS: Final = 32 * DAY_MS
"""No bucket is longer."""

Indices = npt.NDArray[np.intp]


def bucket_starts(times_ms: Instants, step: str, zone: str) -> Instants:
    """The start of the bucket each instant falls into; instants must be ascending."""
    if not len(times_ms):
        return times_ms
    changes_ms, offsets_ms = offsets_between(
        zone, int(times_ms[0]) - _LONGEST_MS, int(times_ms[-1]) + _LONGEST_MS
    )
    if (step_ms := _OFFSET_STEPS_MS.get(step)) is not None:
        # Changes are far fewer than instants, so it is they that are looked up.
        begins = np.searchsorted(times_ms, changes_ms)
        offset = np.repeat(offsets_ms, np.diff(begins, prepend=0, append=len(times_ms)))
        starts_ms: Instants = times_ms - (times_ms + offset) % step_ms
        return starts_ms
    edges_ms = _edges(int(times_ms[0]), int(times_ms[-1]), step, changes_ms, offsets_ms)
    # Edges, too, are far fewer than instants.
    firsts = np.searchsorted(times_ms, edges_ms)
    return np.repeat(edges_ms, np.diff(firsts, append=len(times_ms)))


def check_zone(zone: str) -> None:
    """Raises InvalidInput for a name that is not in the time zone database."""
    _zone(zone)


def offsets_between(zone: str, start_ms: int, end_ms: int) -> tuple[Instants, Instants]:
    """The zone's changes of offset within the span, and the offsets before, between and after them.

    Raises InvalidInput for a zone that is not in the time zone database.
    """
    first_year = _year(max(start_ms, 0))
    years = [_year_of_changes(zone, year) for year in range(first_year, _year(max(end_ms, 0)) + 1)]
    changes = [change for _, in_year in years for change in in_year]
    return (
        np.array([at_ms for at_ms, _ in changes], np.int64),
        np.array([years[0][0], *(offset_ms for _, offset_ms in changes)], np.int64),
    )


class Aggregator:
    """Aggregates columns that arrive in chunks of ascending time; keeps only one row a bucket.

    `add` takes columns of the quantities given, NaN where absent. A negative value is no direction
    (stations say -1 when there is no wind) and does not count in a circular mean.
    """

    def __init__(self, quantities: Sequence[str], functions: Sequence[str], step: str, zone: str) -> None:
        self._quantities = tuple(dict.fromkeys(quantities))
        self._functions = tuple(dict.fromkeys(functions))
        self._step = step
        self._zone = zone
        self._held: tuple[Instants, dict[str, Values]] | None = None
        self._starts: list[Instants] = []
        self._columns: dict[tuple[str, str], list[Values]] = {
            (quantity, function): [] for quantity in self._quantities for function in self._functions
        }

    def add(self, times_ms: Instants, columns: Mapping[str, Values]) -> None:
        """The rows of the last bucket are held back: more of it may come."""
        if self._held is not None:
            held_ms, held = self._held
            times_ms = np.concatenate((held_ms, times_ms))
            columns = {name: np.concatenate((held[name], columns[name])) for name in self._quantities}
        if not len(times_ms):
            return
        starts_ms = bucket_starts(times_ms, self._step, self._zone)
        firsts = _run_starts(starts_ms)
        last = int(firsts[-1])
        self._held = times_ms[last:].copy(), {name: columns[name][last:].copy() for name in self._quantities}
        if last:
            complete = {name: columns[name][:last] for name in self._quantities}
            self._reduce(times_ms[:last], complete, starts_ms[firsts[:-1]], firsts[:-1])

    def result(self) -> Buckets:
        """The buckets; nothing may be added afterwards."""
        if self._held is not None:
            times_ms, columns = self._held
            starts_ms = bucket_starts(times_ms[:1], self._step, self._zone)
            self._reduce(times_ms, columns, starts_ms, np.zeros(1, np.intp))
            self._held = None
        starts_ms = np.concatenate([np.empty(0, np.int64), *self._starts])
        columns_by_key = {key: np.concatenate([np.empty(0), *parts]) for key, parts in self._columns.items()}
        if (starts_ms[1:] < starts_ms[:-1]).any():
            # A change of offset inside a step can make a later bucket begin earlier.
            order = np.argsort(starts_ms)
            starts_ms = starts_ms[order]
            columns_by_key = {key: column[order] for key, column in columns_by_key.items()}
        return Buckets(starts_ms=starts_ms, columns=columns_by_key)

    def _reduce(
        self, times_ms: Instants, columns: Mapping[str, Values], starts_ms: Instants, firsts: Indices
    ) -> None:
        """Aggregates complete buckets, of which those without any value are left out."""
        groups = {name: _Groups.of(times_ms, columns[name], firsts) for name in self._quantities}
        filled = np.zeros(len(firsts), np.bool_)
        for group in groups.values():
            filled |= group.count > 0
        self._starts.append(starts_ms[filled])
        for (name, function), parts in self._columns.items():
            parts.append(groups[name].reduced(function)[filled])


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """One quantity's values, the place of the first one of each bucket that has any, and which have."""

    times_ms: Instants
    column: Values
    firsts: Indices
    count: Values

    @classmethod
    def of(cls, times_ms: Instants, column: Values, firsts: Indices) -> _Groups:
        present = ~np.isnan(column)
        if present.all():
            return cls(times_ms, column, firsts, np.diff(firsts, append=len(column)).astype(np.float64))
        # Values before each bucket's first row; a bucket without any has the same as the next.
        before = np.concatenate(([0], np.cumsum(present)))[np.append(firsts, len(present))]
        count = np.diff(before)
        return cls(times_ms[present], column[present], before[:-1][count > 0], count.astype(np.float64))

    def reduced(self, function: str) -> Values:
        """One number a bucket, NaN where it has no value."""
        held = self.count > 0
        if held.all():
            return self._reduced(function)
        values = np.full(len(self.count), np.nan)
        if len(self.firsts):
            values[held] = self._reduced(function)
        return values

    def _reduced(self, function: str) -> Values:
        reduced: Values
        match function:
            case "count":
                reduced = self.count[self.count > 0]
            case "sum":
                reduced = np.add.reduceat(self.column, self.firsts)
            case "mean":
                reduced = np.add.reduceat(self.column, self.firsts) / self.count[self.count > 0]
            case "min":
                reduced = np.minimum.reduceat(self.column, self.firsts)
            case "max":
                reduced = np.maximum.reduceat(self.column, self.firsts)
            case "first":
                reduced = self.column[self.firsts]
            case "last":
                reduced = self.column[np.append(self.firsts[1:], len(self.column)) - 1]
            case "min_at":
                reduced = self._first_at(np.minimum.reduceat(self.column, self.firsts))
            case "max_at":
                reduced = self._first_at(np.maximum.reduceat(self.column, self.firsts))
            case "circular_mean":
                reduced = self._mean_direction()
            case _:
                raise AssertionError(f"no function is called {function}")
        return reduced

    def _first_at(self, extremes: Values) -> Values:
        """When each bucket's extremum first occurred."""
        sizes = np.diff(self.firsts, append=len(self.column))
        matches = np.flatnonzero(self.column == np.repeat(extremes, sizes))
        return self.times_ms[matches[np.searchsorted(matches, self.firsts)]].astype(np.float64)

    def _mean_direction(self) -> Values:
        is_direction = self.column >= 0
        radians = np.radians(self.column)
        east = np.add.reduceat(np.where(is_direction, np.sin(radians), 0.0), self.firsts)
        north = np.add.reduceat(np.where(is_direction, np.cos(radians), 0.0), self.firsts)
        degrees: Values = np.degrees(np.arctan2(east, north)) % 360.0
        degrees[degrees == 360.0] = 0.0  # What % gives for the smallest negative angles.
        return np.where(np.logical_or.reduceat(is_direction, self.firsts), degrees, np.nan)


def _run_starts(values: Instants) -> Indices:
    begins = np.ones(len(values), np.bool_)
    begins[1:] = values[1:] != values[:-1]
    return np.flatnonzero(begins)


def _edges(first_ms: int, last_ms: int, step: str, changes_ms: Instants, offsets_ms: Instants) -> Instants:
    """Edges from the last one at or before `first` up to the last one at or before `last`."""
    # Wall-clock times, as milliseconds of a zone without offset, with room on both sides.
    low_ms = first_ms + int(offsets_ms.min()) - _LONGEST_MS
    high_ms = last_ms + int(offsets_ms.max()) + DAY_MS
    if step == "1month":
        months = np.arange(
            np.datetime64(low_ms, "ms").astype("datetime64[M]"),
            np.datetime64(high_ms, "ms").astype("datetime64[M]") + 1,
        )
        walls_ms = months.astype("datetime64[ms]").astype(np.int64)
    else:
        step_ms = _WALL_STEPS_MS[step]
        origin_ms = _MONDAY_MS if step == "1week" else 0
        begin_ms = low_ms - (low_ms - origin_ms) % step_ms
        walls_ms = np.arange(begin_ms, high_ms + 1, step_ms, dtype=np.int64)
    edges_ms = _first_instants(walls_ms, changes_ms, offsets_ms)
    low = max(int(np.searchsorted(edges_ms, first_ms, side="right")) - 1, 0)
    return edges_ms[low : int(np.searchsorted(edges_ms, last_ms, side="right"))]


def _first_instants(walls_ms: Instants, changes_ms: Instants, offsets_ms: Instants) -> Instants:
    """For each wall-clock time the first instant that shows it or a later one."""
    if not len(changes_ms):
        return walls_ms - int(offsets_ms[0])
    # How far the wall clock has come by the end of each stretch of constant offset.
    reached_ms = np.maximum.accumulate(changes_ms + offsets_ms[:-1])
    stretch = np.searchsorted(reached_ms, walls_ms, side="right")
    begins_ms = np.concatenate(([np.iinfo(np.int64).min], changes_ms))
    firsts_ms: Instants = np.maximum(begins_ms[stretch], walls_ms - offsets_ms[stretch])
    return firsts_ms


def _year(at_ms: int) -> int:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).year


@lru_cache(maxsize=4096)
def _year_of_changes(zone: str, year: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    """The offset as a year (UTC) begins, and each change after that, up to and including the instant
    at which the year ends, as (instant, offset from then on).

    `zoneinfo` does not tell its transitions, so every day is looked at and the day of a change halved.
    """
    place = _zone(zone)
    begin_ms = _epoch_ms(year)
    end_ms = _epoch_ms(year + 1)
    offset_ms = first_ms = _offset_ms(place, begin_ms)
    changes: list[tuple[int, int]] = []
    low_ms = begin_ms
    while low_ms < end_ms:
        high_ms = min(low_ms + DAY_MS, end_ms)
        if _offset_ms(place, high_ms) != offset_ms:
            at_ms = _change_between(place, low_ms, high_ms)
            offset_ms = _offset_ms(place, at_ms)
            changes.append((at_ms, offset_ms))
            low_ms = at_ms
        else:
            low_ms = high_ms
    return first_ms, tuple(changes)


def _change_between(place: ZoneInfo, low_ms: int, high_ms: int) -> int:
    """The first instant in `(low, high]` with another offset than `low` has; changes fall on seconds."""
    before = _offset_ms(place, low_ms)
    low, high = low_ms // 1000, high_ms // 1000
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_ms(place, middle * 1000) == before:
            low = middle
        else:
            high = middle
    return high * 1000


def _offset_ms(place: ZoneInfo, at_ms: int) -> int:
    offset = datetime.fromtimestamp(at_ms // 1000, place).utcoffset()
    assert offset is not None, "an aware datetime has an offset"
    return int(offset.total_seconds()) * 1000


def _epoch_ms(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1000


@lru_cache(maxsize=1024)
def _zone(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInput("zone", f"{zone!r} is not in the time zone database") from error
