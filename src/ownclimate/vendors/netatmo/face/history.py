"""Values over time in the shapes of getmeasure and getroommeasure (contract §5.3), of one device or of
several that stand for one room."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
import numpy as np

from ownclimate.core.errors import InvalidInput
from ownclimate.core.ids import DeviceNumber
from ownclimate.core.ports import Ports
from ownclimate.core.readings import EARLIEST_MS, Buckets, Interval, Values
from ownclimate.core.things import Ability
from ownclimate.vendors.netatmo.face import heating
from ownclimate.vendors.netatmo.face.columns import DIGITS_OF_MEANS, Columns, combined
from ownclimate.vendors.netatmo.face.parameters import Epoch
from ownclimate.vendors.netatmo.measuretypes import SCALES, MeasureType, Scale, stamps_s, valid_types
from ownclimate.vendors.netatmo.wire import Cell, MeasureBody, MeasureRow, MeasureRun

MAX_VALUES: Final = 1024
LAST: Final = "last"
MAX_TYPES: Final = 50
"""There are some seventy types, and no module measures a quarter of them."""

_SECOND_MS: Final = 1000


class HistoryQuery(msgspec.Struct, kw_only=True):
    """What both methods take beside the names of things."""

    scale: Annotated[str, msgspec.Meta(description=", ".join(SCALES))]
    type: list[str]
    date_begin: Epoch | msgspec.UnsetType = msgspec.UNSET
    date_end: Annotated[int | str, msgspec.Meta(description="Epoch seconds, inclusive, or `last`")] | (
        msgspec.UnsetType
    ) = msgspec.UNSET
    limit: Annotated[int, msgspec.Meta(description=f"At most {MAX_VALUES}; more is cut")] = MAX_VALUES
    optimize: bool = True
    real_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which rows: stamps from `begin_s` to `end_s`, both inclusive; the first `limit`, or the newest."""

    begin_s: int | None
    end_s: int | None
    limit: int
    newest: bool

    @property
    def is_last(self) -> bool:
        """Whether only the newest is wanted, whenever that was."""
        return self.newest and self.end_s is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query that has been looked at. `types` has None for those that the device does not measure."""

    scale: Scale
    span: Span
    types: tuple[MeasureType | None, ...] = ()
    optimize: bool = True
    real_time: bool = False

    def of(self, query: HistoryQuery, abilities: frozenset[Ability]) -> Asked:
        """With the types that a device of these abilities measures. Raises InvalidInput for none."""
        types = valid_types([name.lower() for name in query.type], self.scale, abilities)
        if not any(types):
            raise InvalidInput("type", "the device measures none of these at this scale")
        return dataclasses.replace(self, types=types)


def asked_of(query: HistoryQuery) -> Asked:
    """Raises InvalidInput for a scale, limit or end that is none."""
    scale = SCALES.get(query.scale.lower())
    if scale is None:
        raise InvalidInput("scale", f"expected one of {', '.join(SCALES)}")
    if len(query.type) > MAX_TYPES:
        raise InvalidInput("type", f"at most {MAX_TYPES} types")
    return Asked(scale=scale, span=span_of(query), optimize=query.optimize, real_time=query.real_time)


def span_of(query: HistoryQuery) -> Span:
    """Without a beginning the newest values count if an end is given, else the oldest of all."""
    if query.limit < 1:
        raise InvalidInput("limit", "expected a number from 1 on")
    limit = min(query.limit, MAX_VALUES)
    begin_s = None if query.date_begin is msgspec.UNSET else query.date_begin
    end = query.date_end
    if isinstance(end, str):
        if end.lower() != LAST:
            raise InvalidInput("date_end", f"expected epoch seconds or {LAST}")
        is_newest = begin_s is None
        return Span(begin_s=begin_s, end_s=None, limit=1 if is_newest else limit, newest=is_newest)
    end_s = end if isinstance(end, int) else None
    return Span(begin_s=begin_s, end_s=end_s, limit=limit, newest=begin_s is None and end_s is not None)


async def history_of(ports: Ports, numbers: Sequence[DeviceNumber], asked: Asked, zone: str) -> MeasureBody:
    """The rows of the devices taken together, bins cut in `zone`; an empty list when there are none."""
    read = _in_bins if asked.scale.step else _as_measured
    parts = [await read(ports, number, asked, zone) for number in numbers]
    together = parts[0] if len(parts) == 1 else combined(parts, asked.types)
    stamps, rows = _limited(together, asked.span)
    if not stamps:
        return []
    if asked.scale.step and not asked.real_time:
        stamps = stamps_s(stamps, asked.scale, zone)
    if asked.optimize:
        return runs(stamps, rows, asked.scale.longest_s)
    return {str(stamp): row for stamp, row in zip(stamps, rows, strict=True)}


def runs(stamps: Sequence[int], rows: Sequence[MeasureRow], longest_s: int = 0) -> list[MeasureRun]:
    """Rows as runs of equal spacing. A longer spacing than `longest_s` (0: any) or than the next one is
    a gap, and starts a run."""
    found: list[MeasureRun] = []
    start = 0
    while start < len(stamps):
        end = start + 1
        step = stamps[end] - stamps[start] if end < len(stamps) else 0
        following = stamps[end + 1] - stamps[end] if end + 1 < len(stamps) else step
        is_gap = (longest_s and step > longest_s) or step > following
        while not is_gap and end < len(stamps) and stamps[end] - stamps[end - 1] == step:
            end += 1
        run = MeasureRun(beg_time=stamps[start], value=list(rows[start:end]))
        if end - start > 1:
            run.step_time = step
        found.append(run)
        start = end
    return found


async def _as_measured(ports: Ports, number: DeviceNumber, asked: Asked, zone: str) -> Columns:
    span, types = asked.span, asked.types
    quantities = sorted({kind.quantity for kind in types if kind is not None and kind.quantity})
    interval = Interval(
        start_ms=None if span.begin_s is None else span.begin_s * _SECOND_MS,
        end_ms=None if span.end_s is None else (span.end_s + 1) * _SECOND_MS,
    )
    series = await ports.series.read(number, interval, quantities, limit=span.limit, newest=span.newest)
    seconds = series.times_ms // _SECOND_MS
    # Stamps are whole seconds: of several values within one second the last counts.
    is_last = np.append(np.diff(seconds) > 0, True)[: len(seconds)]
    columns: list[Values | None] = []
    for kind in types:
        column = None if kind is None or not kind.quantity else series.columns[kind.quantity]
        if column is not None and kind is not None and kind.is_heating:
            lengths_s = await heating.lengths_s(ports, number, series.times_ms, column)
            column = heating.seconds(kind.function, column, lengths_s)
        columns.append(None if column is None else column[is_last])
    return Columns(stamps_s=seconds[is_last], values=columns, rivals=[None] * len(columns))


async def _in_bins(ports: Ports, number: DeviceNumber, asked: Asked, zone: str) -> Columns:
    """Whole bins whose start lies in the span, by their start."""
    span, scale, types = asked.span, asked.scale, asked.types
    known = [kind for kind in types if kind is not None and kind.quantity]
    quantities = sorted({kind.quantity for kind in known})
    if not quantities:
        nothing = np.empty(0, dtype=np.int64)
        return Columns(stamps_s=nothing, values=[None] * len(types), rivals=[None] * len(types))
    functions = sorted({name for kind in known for name in _core_functions(kind)})
    begin_s = await _begin_of_newest(ports, number, quantities, scale) if span.is_last else span.begin_s
    interval = Interval(
        start_ms=None if begin_s is None else begin_s * _SECOND_MS,
        end_ms=None if span.end_s is None else (span.end_s + scale.longest_s) * _SECOND_MS,
    )

    async def cut(part: Interval) -> Buckets:
        return await ports.series.aggregate(number, quantities, part, scale.step, zone, functions)

    if span.newest:
        buckets = await cut(interval)
    else:
        if interval.start_ms is None or interval.start_ms < EARLIEST_MS:
            # Clients that want everything ask from 0 on.
            oldest = await ports.series.read(number, interval, quantities, limit=1)
            interval = Interval(
                start_ms=int(oldest.times_ms[0]) if len(oldest) else 0, end_ms=interval.end_ms
            )
        latest = (await ports.series.latest([number])).get(number, {})
        ends = [latest[name].at_ms + 1 for name in quantities if name in latest]
        buckets = await _first(cut, interval, max(ends, default=0), scale.longest_s * _SECOND_MS, span.limit)
    starts = buckets.starts_ms // _SECOND_MS
    wanted = np.ones(len(starts), dtype=np.bool_)
    if begin_s is not None:
        wanted &= starts >= begin_s
    if span.end_s is not None:
        wanted &= starts <= span.end_s
    columns = {key: values[wanted] for key, values in buckets.columns.items()}
    return Columns(
        stamps_s=starts[wanted],
        values=[_column(kind, columns, scale) for kind in types],
        rivals=[_rival(kind, columns) for kind in types],
    )


async def _first(
    cut: Callable[[Interval], Awaitable[Buckets]],
    interval: Interval,
    data_end_ms: int,
    longest_ms: int,
    limit: int,
) -> Buckets:
    """At least the first `limit` whole bins of the interval, without cutting the years after them.

    `data_end_ms` is where the readings end, `longest_ms` the longest that a bin can be.
    """
    end_ms = data_end_ms if interval.end_ms is None else min(interval.end_ms, data_end_ms)
    start_ms = interval.start_ms or 0
    parts: list[Buckets] = []
    # The first bin may be one that begins before the interval, the last one is cut off.
    span_ms = (limit + 2) * longest_ms
    while True:
        stop_ms = start_ms + span_ms
        is_last = stop_ms >= end_ms
        found = await cut(Interval(start_ms=start_ms, end_ms=interval.end_ms if is_last else stop_ms))
        if is_last:
            return _joined([*parts, found])
        if len(found):
            start_ms = int(found.starts_ms[-1])
            parts.append(_without_last(found))
        else:
            start_ms = stop_ms
        if sum(len(part) for part in parts) > limit:
            return _joined(parts)
        span_ms *= 4


def _without_last(buckets: Buckets) -> Buckets:
    return Buckets(
        starts_ms=buckets.starts_ms[:-1],
        columns={key: values[:-1] for key, values in buckets.columns.items()},
    )


def _joined(parts: Sequence[Buckets]) -> Buckets:
    return Buckets(
        starts_ms=np.concatenate([part.starts_ms for part in parts]),
        columns={key: np.concatenate([part.columns[key] for part in parts]) for key in parts[-1].columns},
    )


async def _begin_of_newest(
    ports: Ports, number: DeviceNumber, quantities: Sequence[str], scale: Scale
) -> int | None:
    """Some instant before the newest bin begins, so that the whole history need not be read for it."""
    latest = (await ports.series.latest([number])).get(number, {})
    newest_ms = max((latest[name].at_ms for name in quantities if name in latest), default=None)
    return None if newest_ms is None else newest_ms // _SECOND_MS - scale.longest_s


def _core_functions(kind: MeasureType) -> tuple[str, ...]:
    if kind.is_heating:
        return ("mean",)
    return (kind.function, kind.function.removesuffix("_at")) if kind.is_instant else (kind.function,)


def _column(
    kind: MeasureType | None, columns: Mapping[tuple[str, str], Values], scale: Scale
) -> Values | None:
    if kind is None or not kind.quantity:
        return None
    values = columns[kind.quantity, _core_functions(kind)[0]]
    if kind.is_instant:
        return values // _SECOND_MS
    if kind.is_heating:
        # Of a bin's usual length; a bin of a clock change counts like any other.
        return heating.seconds(kind.function, values, scale.middle_s * 2)
    return np.round(values, DIGITS_OF_MEANS)


def _rival(kind: MeasureType | None, columns: Mapping[tuple[str, str], Values]) -> Values | None:
    if kind is None or not kind.is_instant:
        return None
    return columns[kind.quantity, _core_functions(kind)[1]]


def _limited(columns: Columns, span: Span) -> tuple[list[int], list[MeasureRow]]:
    """The rows that hold a value, as many of them as the span wants from its end."""
    filled = np.zeros(len(columns.stamps_s), dtype=np.bool_)
    for column in columns.values:
        if column is not None:
            filled |= ~np.isnan(column)
    rows: slice = slice(-span.limit, None) if span.newest else slice(None, span.limit)
    chosen = np.flatnonzero(filled)[rows]
    return columns.stamps_s[chosen].tolist(), _rows(
        [None if column is None else column[chosen] for column in columns.values], len(chosen)
    )


def _rows(columns: Sequence[Values | None], count: int) -> list[MeasureRow]:
    cells: list[list[Cell]] = [
        [None] * count if column is None else [_cell(value) for value in column.tolist()]
        for column in columns
    ]
    return [list(row) for row in zip(*cells, strict=True)]


def _cell(value: float) -> Cell:
    """Whole numbers are written without a fraction, missing ones as null."""
    if math.isnan(value):
        return None
    return int(value) if value.is_integer() else value
