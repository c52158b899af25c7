"""Reading from pieces that overlap: time is cut where a piece begins or ends, each window merged alone.

So that a window holds few pieces however long the history is, memory stays bounded, and a window that
only one block covers, which is nearly all of them, needs no merging and no column nobody asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from ownclimate.core.readings import Instants, Values
from ownclimate.store.merging import Rows, by_instant, is_strictly_ascending, merge
from ownclimate.store.series_format import Block


class Piece(Protocol):
    """Rows of one device somewhere in time, ascending by instant."""

    first_ms: int
    last_ms: int

    def quantities(self) -> Sequence[int]: ...
    def has_unique_instants(self) -> bool: ...
    def times_ms(self) -> Instants: ...
    def column(self, quantity: int) -> Values: ...
    def rows(self, quantities: Sequence[int] | None) -> Rows: ...
    def forget(self) -> None:
        """Drops what was decoded; asking again decodes again."""
        ...


class BlockPiece:
    """A block whose bytes are fetched, and whose columns are decoded, when first needed."""

    __slots__ = ("_block", "_columns", "_load", "first_ms", "last_ms")

    def __init__(self, first_ms: int, last_ms: int, load: Callable[[], bytes]) -> None:
        self.first_ms = first_ms
        self.last_ms = last_ms
        self._load = load
        self._block: Block | None = None
        self._columns: dict[int, Values] = {}

    def quantities(self) -> Sequence[int]:
        return self._opened().quantities

    def has_unique_instants(self) -> bool:
        return self._opened().has_unique_instants

    def times_ms(self) -> Instants:
        return self._opened().times_ms()

    def column(self, quantity: int) -> Values:
        column = self._columns.get(quantity)
        if column is None:
            column = self._columns[quantity] = self._opened().column(quantity)
        return column

    def rows(self, quantities: Sequence[int] | None) -> Rows:
        return self._opened().rows_of(quantities)

    def forget(self) -> None:
        self._block = None
        self._columns.clear()

    def _opened(self) -> Block:
        if self._block is None:
            self._block = Block(self._load())
        return self._block


class RowsPiece:
    """Rows in memory: a head."""

    __slots__ = ("_rows", "first_ms", "last_ms")

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.first_ms = int(rows.times_ms[0])
        self.last_ms = int(rows.times_ms[-1])

    def quantities(self) -> Sequence[int]:
        return tuple(self._rows.columns)

    def has_unique_instants(self) -> bool:
        return is_strictly_ascending(self._rows.times_ms)

    def times_ms(self) -> Instants:
        return self._rows.times_ms

    def column(self, quantity: int) -> Values:
        column = self._rows.columns.get(quantity)
        return np.full(len(self._rows), np.nan) if column is None else column

    def rows(self, quantities: Sequence[int] | None) -> Rows:
        return self._rows if quantities is None else self._rows.only(quantities)

    def forget(self) -> None:
        """There is nothing decoded."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """A span of time in which the same pieces lie from beginning to end."""

    start_ms: int
    end_ms: int
    pieces: tuple[Piece, ...]

    def quantities(self) -> set[int]:
        return {quantity for piece in self.pieces for quantity in piece.quantities()}

    def values(self, quantities: Sequence[int]) -> tuple[Instants, dict[int, Values]]:
        """Winners with one row an instant; every asked quantity has a column."""
        if len(self.pieces) == 1 and self.pieces[0].has_unique_instants():
            piece = self.pieces[0]
            times_ms = piece.times_ms()
            low, high = np.searchsorted(times_ms, (self.start_ms, self.end_ms))
            return times_ms[low:high], {quantity: piece.column(quantity)[low:high] for quantity in quantities}
        times_ms, columns = by_instant(self.winners(quantities))
        absent = [quantity for quantity in quantities if quantity not in columns]
        return times_ms, columns | {quantity: np.full(len(times_ms), np.nan) for quantity in absent}

    def winners(self, quantities: Sequence[int] | None = None) -> Rows:
        """Winners with the payloads they came in."""
        return merge([piece.rows(quantities).between(self.start_ms, self.end_ms) for piece in self.pieces])


def windows(
    pieces: Sequence[Piece], start_ms: int, end_ms: int, *, reverse: bool = False
) -> Iterator[Window]:
    """The windows of `[start, end)` that hold anything, in the order of time or against it.

    A piece is forgotten once the windows have passed it.
    """
    inside = [piece for piece in pieces if piece.first_ms < end_ms and piece.last_ms >= start_ms]
    cuts = sorted(
        {max(piece.first_ms, start_ms) for piece in inside}
        | {min(piece.last_ms + 1, end_ms) for piece in inside}
    )
    spans = list(pairwise(cuts))
    waiting = sorted(inside, key=(lambda p: -p.last_ms) if reverse else (lambda p: p.first_ms))
    active: list[Piece] = []
    begun = 0
    for low, high in reversed(spans) if reverse else spans:
        while begun < len(waiting) and (
            waiting[begun].last_ms >= low if reverse else waiting[begun].first_ms < high
        ):
            active.append(waiting[begun])
            begun += 1
        still: list[Piece] = []
        for piece in active:
            if (piece.first_ms < high) if reverse else (piece.last_ms >= low):
                still.append(piece)
            else:
                piece.forget()
        active = still
        if active:
            yield Window(start_ms=low, end_ms=high, pieces=tuple(active))
