"""The order among rival values, over columns: shared by every adapter.

`Rows` is what a block holds, a head holds, or a batch brings: one row an instant *and* payload, so two
rows may share an instant when their payloads differ. `merge` leaves winners only. The order is that of
`core.readings`, made total: (rank, arrived, generation, value, origin), where -0.0 is below 0.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ownclimate.core.readings import Instants, LatestValue, Values

Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]
Origins = npt.NDArray[np.int64]

RANK_MASK: Final = 3
"""The two lowest bits of an origin number are its kind, and the kinds are numbered by rank."""
_SIGN: Final = np.int64(0x7FFF_FFFF_FFFF_FFFF)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Columns of equal length by quantity number; NaN is absent. Each row came in one payload."""

    times_ms: Instants
    origins: Origins
    arrived_ms: Instants
    generations: Instants
    columns: dict[int, Values]

    def __len__(self) -> int:
        return len(self.times_ms)

    def take(self, which: Any) -> Rows:
        """The rows of an index array, a mask or a slice."""
        return Rows(
            times_ms=self.times_ms[which],
            origins=self.origins[which],
            arrived_ms=self.arrived_ms[which],
            generations=self.generations[which],
            columns={quantity: column[which] for quantity, column in self.columns.items()},
        )

    def only(self, quantities: Iterable[int]) -> Rows:
        """The same rows with some of the columns; absent ones stay absent."""
        return Rows(
            times_ms=self.times_ms,
            origins=self.origins,
            arrived_ms=self.arrived_ms,
            generations=self.generations,
            columns={quantity: self.columns[quantity] for quantity in quantities if quantity in self.columns},
        )

    def between(self, start_ms: int, end_ms: int) -> Rows:
        """The rows of `[start, end)`; instants must be ascending."""
        low, high = np.searchsorted(self.times_ms, (start_ms, end_ms))
        return self if low == 0 and high == len(self) else self.take(slice(int(low), int(high)))


def ordered_bits(values: Values) -> Instants:
    """Integers that sort as the floats do, with -0.0 before 0.0."""
    bits = values.view(np.int64)
    return bits ^ ((bits >> 63) & _SIGN)


def concatenate(parts: Sequence[Rows]) -> Rows:
    """All rows one after the other; a column absent from a part is NaN there."""
    if len(parts) == 1:
        return parts[0]
    quantities = sorted({quantity for part in parts for quantity in part.columns})
    return Rows(
        times_ms=_joined([part.times_ms for part in parts]),
        origins=_joined([part.origins for part in parts]),
        arrived_ms=_joined([part.arrived_ms for part in parts]),
        generations=_joined([part.generations for part in parts]),
        columns={
            quantity: _joined([_column(part.columns.get(quantity), len(part)) for part in parts])
            for quantity in quantities
        },
    )


def merge(parts: Sequence[Rows]) -> Rows:
    """The winners among all rows, ascending by instant; rows that lost every value are gone.

    At most one row of the result has a value for any (instant, quantity), and no two rows share
    instant, origin, arrival and generation: the same input in any order and cut gives the same rows.
    """
    rows = concatenate(parts)
    if is_strictly_ascending(rows.times_ms):
        return without_empty(rows)
    order = np.lexsort(
        (rows.origins, rows.generations, rows.arrived_ms, rows.origins & RANK_MASK, rows.times_ms)
    )
    rows = rows.take(order)
    rivals = _rivals(rows.times_ms)
    if len(rivals):
        columns = {quantity: _winners_only(rows, column, rivals) for quantity, column in rows.columns.items()}
        rows = Rows(
            times_ms=rows.times_ms,
            origins=rows.origins,
            arrived_ms=rows.arrived_ms,
            generations=rows.generations,
            columns=columns,
        )
    return _combine_payloads(without_empty(rows))


def by_instant(rows: Rows) -> tuple[Instants, dict[int, Values]]:
    """Merged rows with one row an instant, whoever the winners came from."""
    if is_strictly_ascending(rows.times_ms):
        return rows.times_ms, rows.columns
    starts = _run_starts(rows.times_ms)
    return rows.times_ms[starts], _collapse(rows.columns, starts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Difference:
    """What a batch changes: the values that win, and how many of its rows hold one that was not there.

    A value that wins over its equal is written, since its arrival counts against later rivals.
    """

    rows: Rows
    stored: int


def difference(current: Sequence[Rows], incoming: Rows) -> Difference:
    """What recording `incoming` on top of `current` changes.

    `incoming` is of one payload and ascending, and may repeat an instant: the greatest value counts,
    and of equal ones the first row. `current` must hold every row at those instants.
    """
    present = merge(current) if current else None
    columns: dict[int, Values] = {}
    changed = np.zeros(len(incoming), np.bool_)
    new = np.zeros(len(incoming), np.bool_)
    repeats = not is_strictly_ascending(incoming.times_ms)
    for quantity, column in incoming.columns.items():
        wins = ~np.isnan(column)
        if repeats:
            wins &= _greatest_of_instant(incoming.times_ms, column)
        if present is not None and quantity in present.columns:
            held = present.columns[quantity]
            wins &= ~_is_beaten(incoming, column, present, held)
            new |= wins & ~_is_held(incoming, column, present, held)
        else:
            new |= wins
        changed |= wins
        columns[quantity] = np.where(wins, column, np.nan)
    winners = Rows(
        times_ms=incoming.times_ms,
        origins=incoming.origins,
        arrived_ms=incoming.arrived_ms,
        generations=incoming.generations,
        columns=columns,
    ).take(changed)
    return Difference(rows=_combine_payloads(_without_columns(winners)), stored=int(new.sum()))


def newest_values(parts: Sequence[Rows], quantities: Iterable[int]) -> dict[int, LatestValue]:
    """The winner at the greatest instant that has a value, for each of the quantities that has any."""
    newest: dict[int, LatestValue] = {}
    for quantity in quantities:
        holders = [
            (part, present)
            for part in parts
            if quantity in part.columns and len(present := np.flatnonzero(~np.isnan(part.columns[quantity])))
        ]
        if not holders:
            continue
        at_ms = max(int(part.times_ms[present].max()) for part, present in holders)
        row = merge([part.take(present[part.times_ms[present] == at_ms]) for part, present in holders])
        winner = int(np.flatnonzero(~np.isnan(row.columns[quantity]))[0])
        newest[quantity] = LatestValue(
            at_ms=at_ms,
            value=float(row.columns[quantity][winner]),
            origin=int(row.origins[winner]),
            arrived_ms=int(row.arrived_ms[winner]),
        )
    return newest


def without_empty(rows: Rows) -> Rows:
    """Leaves out rows and columns without any value."""
    kept = np.zeros(len(rows), np.bool_)
    for column in rows.columns.values():
        kept |= ~np.isnan(column)
        if kept.all():
            return _without_columns(rows)
    return _without_columns(rows.take(kept))


def is_strictly_ascending(times_ms: Instants) -> bool:
    return len(times_ms) < 2 or bool((times_ms[1:] > times_ms[:-1]).all())


def _joined(arrays: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return np.concatenate(arrays)


def _column(column: Values | None, length: int) -> Values:
    return np.full(length, np.nan) if column is None else column


def _rivals(times_ms: Instants) -> Indices:
    """Rows that share their instant with a neighbour."""
    same = times_ms[1:] == times_ms[:-1]
    shared = np.zeros(len(times_ms), np.bool_)
    shared[1:] |= same
    shared[:-1] |= same
    return np.flatnonzero(shared)


def _winners_only(rows: Rows, column: Values, rivals: Indices) -> Values:
    contenders = rivals[~np.isnan(column[rivals])]
    if len(contenders) < 2:
        return column
    order = np.lexsort(
        (
            rows.origins[contenders],
            ordered_bits(column[contenders]),
            rows.generations[contenders],
            rows.arrived_ms[contenders],
            rows.origins[contenders] & RANK_MASK,
            rows.times_ms[contenders],
        )
    )
    contenders = contenders[order]
    times_ms = rows.times_ms[contenders]
    beaten = contenders[:-1][times_ms[1:] == times_ms[:-1]]
    if not len(beaten):
        return column
    column = column.copy()
    column[beaten] = np.nan
    return column


def _without_columns(rows: Rows) -> Rows:
    """Leaves out columns without any value."""
    empty = [quantity for quantity, column in rows.columns.items() if np.isnan(column).all()]
    if not empty:
        return rows
    return Rows(
        times_ms=rows.times_ms,
        origins=rows.origins,
        arrived_ms=rows.arrived_ms,
        generations=rows.generations,
        columns={quantity: column for quantity, column in rows.columns.items() if quantity not in empty},
    )


def _combine_payloads(rows: Rows) -> Rows:
    """Joins neighbouring rows of one instant and payload, of which each value is in one row only."""
    if len(rows) < 2:
        return rows
    begins = np.ones(len(rows), np.bool_)
    begins[1:] = (
        (rows.times_ms[1:] != rows.times_ms[:-1])
        | (rows.origins[1:] != rows.origins[:-1])
        | (rows.arrived_ms[1:] != rows.arrived_ms[:-1])
        | (rows.generations[1:] != rows.generations[:-1])
    )
    if begins.all():
        return rows
    starts = np.flatnonzero(begins)
    return Rows(
        times_ms=rows.times_ms[starts],
        origins=rows.origins[starts],
        arrived_ms=rows.arrived_ms[starts],
        generations=rows.generations[starts],
        columns=_collapse(rows.columns, starts),
    )


def _run_starts(sorted_values: Instants) -> Indices:
    begins = np.ones(len(sorted_values), np.bool_)
    begins[1:] = sorted_values[1:] != sorted_values[:-1]
    return np.flatnonzero(begins)


def _collapse(columns: dict[int, Values], starts: Indices) -> dict[int, Values]:
    # fmax takes the one number among NaNs, and keeps its bits.
    return {quantity: np.fmax.reduceat(column, starts) for quantity, column in columns.items()}


def _greatest_of_instant(times_ms: Instants, column: Values) -> Mask:
    """True for the first row with the instant's greatest value; absent values are the least."""
    present = ~np.isnan(column)
    order = np.lexsort((-np.arange(len(column)), ordered_bits(column), present, times_ms))
    last = np.ones(len(column), np.bool_)
    last[:-1] = times_ms[order][1:] != times_ms[order][:-1]
    greatest = np.zeros(len(column), np.bool_)
    greatest[order[last]] = True
    return greatest


def _is_beaten(incoming: Rows, column: Values, present: Rows, held: Values) -> Mask:
    """True where `present` has a value at the instant that is as great or greater in the order."""
    if np.isnan(held).all():
        return np.zeros(len(incoming), np.bool_)
    rival, exists = _rivals_in(incoming, present, held)
    beaten = np.ones(len(incoming), np.bool_)  # An equal value in every respect changes nothing.
    for ours, theirs in (
        (incoming.origins, present.origins[rival]),
        (ordered_bits(column), ordered_bits(held)[rival]),
        (incoming.generations, present.generations[rival]),
        (incoming.arrived_ms, present.arrived_ms[rival]),
        (incoming.origins & RANK_MASK, present.origins[rival] & RANK_MASK),
    ):
        # From the least significant part up: a difference here overrides what came before.
        beaten = np.where(ours == theirs, beaten, ours < theirs)
    return beaten & exists


def _is_held(incoming: Rows, column: Values, present: Rows, held: Values) -> Mask:
    """True where `present` has the very value at the instant, whoever it came from."""
    if np.isnan(held).all():
        return np.zeros(len(incoming), np.bool_)
    rival, exists = _rivals_in(incoming, present, held)
    same: Mask = ordered_bits(held)[rival] == ordered_bits(column)
    return exists & same


def _rivals_in(incoming: Rows, present: Rows, held: Values) -> tuple[Indices, Mask]:
    """For each incoming row the row of `present` to compare it with, and whether it is of its instant.

    `held` must have a value in some row.
    """
    holders = np.flatnonzero(~np.isnan(held))
    held_at = present.times_ms[holders]
    place = np.minimum(np.searchsorted(held_at, incoming.times_ms), len(holders) - 1)
    return holders[place], held_at[place] == incoming.times_ms
