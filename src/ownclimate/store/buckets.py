"""Buckets of time and what is computed in them.

Up to an hour a bucket begins at a multiple of the step after subtracting the zone's UTC offset *at the
instant asked about*. From three hours on the edges are wall-clock times: an edge is the first instant
at which the zone's wall clock shows the edge's time or a later one, which also answers for times that
a clock change skips or repeats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        if len(offsets_ms) == 1:
            offset = offsets_ms[0]
        else:
            offset = offsets_ms[np.searchsorted(changes_ms, times_ms, side="right")]
        starts_ms: Instants = times_ms - (times_ms + offset) % step_ms
        return starts_ms
    edges_ms = _edges(int(times_ms[0]), int(times_ms[-1]), step, changes_ms, offsets_ms)
    # Edges are far fewer than instants, so it is they that are looked up.
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
        self._parts = tuple(
            dict.fromkeys(("count", *(part for function in functions for part in _PARTS[function])))
        )
        self._starts: list[Instants] = []
        self._chunks: dict[tuple[str, str], list[Values]] = {
            (quantity, part): [] for quantity in self._quantities for part in self._parts
        }

    def add(self, times_ms: Instants, columns: Mapping[str, Values]) -> None:
        if not len(times_ms):
            return
        starts_ms = bucket_starts(times_ms, self._step, self._zone)
        firsts = _run_starts(starts_ms)
        self._starts.append(starts_ms[firsts])
        for quantity in self._quantities:
            for part, values in _reduce(times_ms, columns[quantity], firsts, self._parts).items():
                self._chunks[quantity, part].append(values)

    def result(self) -> Buckets:
        if not self._starts:
            return Buckets(
                starts_ms=np.empty(0, np.int64),
                columns={
                    (quantity, function): np.empty(0)
                    for quantity in self._quantities
                    for function in self._functions
                },
            )
        starts_ms, parts = self._joined()
        filled = np.zeros(len(starts_ms), np.bool_)
        for quantity in self._quantities:
            filled |= parts[quantity, "count"] > 0
        columns = {
            (quantity, function): _finish(function, quantity, parts)[filled]
            for quantity in self._quantities
            for function in self._functions
        }
        return Buckets(starts_ms=starts_ms[filled], columns=columns)

    def _joined(self) -> tuple[Instants, dict[tuple[str, str], Values]]:
        """One row a bucket from the chunks, of which the last and next first may share one."""
        starts_ms = np.concatenate(self._starts)
        parts = {key: np.concatenate(chunks) for key, chunks in self._chunks.items()}
        if (starts_ms[1:] > starts_ms[:-1]).all():
            return starts_ms, parts
        # A change of offset inside an hour can even make a later bucket begin earlier.
        order = np.argsort(starts_ms, kind="stable")
        starts_ms = starts_ms[order]
        firsts = _run_starts(starts_ms)
        joined: dict[tuple[str, str], Values] = {}
        for quantity in self._quantities:
            chunk = {part: parts[quantity, part][order] for part in self._parts}
            for part, values in _rejoin(chunk, firsts).items():
                joined[quantity, part] = values
        return starts_ms[firsts], joined


_PARTS: Final[dict[str, tuple[str, ...]]] = {
    "mean": ("sum",),
    "sum": ("sum",),
    "count": (),
    "min": ("min",),
    "max": ("max",),
    "first": ("first",),
    "last": ("last",),
    "min_at": ("min", "min_at"),
    "max_at": ("max", "max_at"),
    "circular_mean": ("sin", "cos"),
}
"""What has to be carried from chunk to chunk for a function, besides the count."""


def _reduce(times_ms: Instants, column: Values, firsts: Indices, parts: Sequence[str]) -> dict[str, Values]:
    """The parts of one column for each bucket; NaN (for the count 0) where it has no value."""
    buckets = len(firsts)
    present = ~np.isnan(column)
    held: npt.NDArray[np.bool_] | slice
    if present.all():
        held, groups = slice(None), firsts
        count = np.diff(firsts, append=len(column)).astype(np.float64)
    else:
        times_ms, column = times_ms[present], column[present]
        # Values before each bucket's first row; a bucket without any has the same as the next.
        before = np.concatenate(([0], np.cumsum(present)))[np.append(firsts, len(present))]
        sizes = np.diff(before)
        held = sizes > 0
        groups = before[:-1][held]
        count = sizes.astype(np.float64)
    reduced: dict[str, Values] = {"count": count}
    for part in parts:
        if part == "count":
            continue
        values = np.full(buckets, np.nan)
        if len(groups):
            values[held] = _reduce_part(part, times_ms, column, groups)
        reduced[part] = values
    return reduced


def _reduce_part(part: str, times_ms: Instants, column: Values, groups: Indices) -> Values:
    reduced: Values
    match part:
        case "sum":
            reduced = np.add.reduceat(column, groups)
        case "min":
            reduced = np.minimum.reduceat(column, groups)
        case "max":
            reduced = np.maximum.reduceat(column, groups)
        case "first":
            reduced = column[groups]
        case "last":
            reduced = column[np.append(groups[1:], len(column)) - 1]
        case "min_at":
            extremes = np.minimum.reduceat(column, groups)
            reduced = times_ms[_first_equal(column, extremes, groups)].astype(np.float64)
        case "max_at":
            extremes = np.maximum.reduceat(column, groups)
            reduced = times_ms[_first_equal(column, extremes, groups)].astype(np.float64)
        case "sin" | "cos":
            wave = np.sin if part == "sin" else np.cos
            directed = np.where(column >= 0, wave(np.radians(column)), 0.0)
            has_direction = np.logical_or.reduceat(column >= 0, groups)
            reduced = np.where(has_direction, np.add.reduceat(directed, groups), np.nan)
        case _:
            raise AssertionError(f"no part is called {part}")
    return reduced


def _first_equal(column: Values, extremes: Values, groups: Indices) -> Indices:
    sizes = np.diff(groups, append=len(column))
    matches = np.flatnonzero(column == np.repeat(extremes, sizes))
    return matches[np.searchsorted(matches, groups)]


def _rejoin(chunk: Mapping[str, Values], firsts: Indices) -> dict[str, Values]:
    """Parts of the same bucket from several chunks become one; rows are in the order of time."""
    joined: dict[str, Values] = {"count": np.add.reduceat(chunk["count"], firsts)}
    sizes = np.diff(firsts, append=len(chunk["count"]))
    for part, values in chunk.items():
        match part:
            case "count":
                continue
            case "sum" | "sin" | "cos":
                absent = np.add.reduceat((~np.isnan(values)).astype(np.float64), firsts) == 0
                joined[part] = np.where(absent, np.nan, np.add.reduceat(np.nan_to_num(values), firsts))
            case "min":
                joined[part] = np.fmin.reduceat(values, firsts)
            case "max":
                joined[part] = np.fmax.reduceat(values, firsts)
            case "first":
                joined[part] = _pick(values, ~np.isnan(values), firsts, last=False)
            case "last":
                joined[part] = _pick(values, ~np.isnan(values), firsts, last=True)
            case "min_at":
                least = np.repeat(np.fmin.reduceat(chunk["min"], firsts), sizes)
                joined[part] = _pick(values, chunk["min"] == least, firsts, last=False)
            case "max_at":
                greatest = np.repeat(np.fmax.reduceat(chunk["max"], firsts), sizes)
                joined[part] = _pick(values, chunk["max"] == greatest, firsts, last=False)
    return joined


def _pick(values: Values, eligible: npt.NDArray[np.bool_], firsts: Indices, *, last: bool) -> Values:
    """The first or last eligible value of each group; NaN in groups without one."""
    places = np.flatnonzero(eligible)
    ends = np.append(firsts[1:], len(values))
    picked = np.full(len(firsts), np.nan)
    low, high = np.searchsorted(places, firsts), np.searchsorted(places, ends)
    some = high > low
    picked[some] = values[places[(high[some] - 1) if last else low[some]]]
    return picked


def _finish(function: str, quantity: str, parts: Mapping[tuple[str, str], Values]) -> Values:
    count = parts[quantity, "count"]
    match function:
        case "count":
            return np.where(count > 0, count, np.nan)
        case "mean":
            return parts[quantity, "sum"] / np.where(count > 0, count, np.nan)
        case "circular_mean":
            return np.degrees(np.arctan2(parts[quantity, "sin"], parts[quantity, "cos"])) % 360.0
    return parts[quantity, function]


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
