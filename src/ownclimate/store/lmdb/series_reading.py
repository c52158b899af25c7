"""Reading: blocks and head rows of a span of time are copied out of one moment, then decoded.

A copy is bounded in bytes; a longer read goes on with another copy, in a later moment, where the first
ended. So no transaction outlives the copying, and no history is too long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from ownclimate.core.ids import DeviceNumber
from ownclimate.core.quantities import BY_NUMBER, QUANTITIES
from ownclimate.core.readings import Buckets, Instants, LatestValue, Series, Values
from ownclimate.store.buckets import Aggregator
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.head_records import unpack_heads
from ownclimate.store.lmdb.series_records import SeriesDatabases
from ownclimate.store.merging import merge
from ownclimate.store.windows import BlockPiece, Piece, RowsPiece, Window, windows

PORTION_BYTES: Final = 16 << 20
"""Copied in one moment: some 5 ms."""
FIRST_PORTION_BYTES: Final = 256 << 10
"""Copied to find out whether a read is small enough for the event loop."""
LOOP_ROWS: Final = 20_000
"""Rows decoded on the event loop: well under a millisecond for a few quantities."""
_CHUNK_ROWS: Final = 1 << 16
"""Windows are gathered to so many rows before they are aggregated; numpy likes long arrays."""

Chunk = tuple[Instants, dict[int, Values]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Portion:
    """What lies in `[start, end)`, all of it; `rows` bounds the rows that have to be decoded."""

    start_ms: int
    end_ms: int
    pieces: list[Piece]
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reader:
    environment: Environment
    databases: SeriesDatabases

    def copy(
        self,
        device: int,
        start_ms: int,
        end_ms: int,
        *,
        size_bytes: int,
        enough_rows: int | None = None,
        reverse: bool = False,
    ) -> Portion:
        """The first part of the span (its last part when `reverse`), of at least one block.

        It ends before the block that would exceed `size_bytes`, or when it has `enough_rows`.
        """
        with self.environment.read() as transaction:
            entries = [
                entry
                for entry in self.databases.list_index(transaction, device)
                if entry.first_ms < end_ms and entry.last_ms >= start_ms
            ]
            if reverse:
                entries.sort(key=lambda entry: -entry.last_ms)
            pieces: list[Piece] = []
            copied = rows = 0
            for entry in entries:
                # Further blocks are left for the next portion, which begins where the first of them does.
                is_enough = enough_rows is not None and rows >= enough_rows
                if pieces and (is_enough or copied + entry.size_bytes > size_bytes):
                    if reverse and entry.last_ms + 1 < end_ms:
                        start_ms = entry.last_ms + 1
                        break
                    if not reverse and entry.first_ms > start_ms:
                        end_ms = entry.first_ms
                        break
                content = self.databases.get_block(transaction, device, entry.number)
                pieces.append(BlockPiece(entry.first_ms, entry.last_ms, partial(bytes, content)))
                copied += entry.size_bytes
                rows += entry.rows
            heads = self.databases.list_head(transaction, device, start_ms, end_ms)
        if heads:
            pieces.append(RowsPiece(merge([unpack_heads(heads)])))
        return Portion(start_ms=start_ms, end_ms=end_ms, pieces=pieces, rows=rows + len(heads))

    def chunks(
        self,
        device: int,
        start_ms: int,
        end_ms: int,
        quantities: Sequence[int] | None,
        *,
        enough_rows: int | None = None,
        reverse: bool = False,
    ) -> Iterator[Chunk]:
        """Winners window by window, in as many portions as it takes."""
        while start_ms < end_ms:
            portion = self.copy(
                device,
                start_ms,
                end_ms,
                size_bytes=PORTION_BYTES,
                enough_rows=enough_rows,
                reverse=reverse,
            )
            yield from chunks_of(portion, quantities, reverse=reverse)
            if reverse:
                end_ms = portion.start_ms
            else:
                start_ms = portion.end_ms

    def latest(self, devices: Sequence[DeviceNumber]) -> dict[DeviceNumber, dict[str, LatestValue]]:
        found: dict[DeviceNumber, dict[str, LatestValue]] = {}
        with self.environment.read() as transaction:
            for device in devices:
                state = self.databases.find_state(transaction, device)
                if state is not None and state.latest:
                    found[device] = {
                        BY_NUMBER[quantity].name: LatestValue(
                            at_ms=at_ms, value=value, origin=origin, arrived_ms=arrived_ms
                        )
                        for quantity, (at_ms, value, origin, arrived_ms) in state.latest.items()
                    }
        return found


def chunks_of(
    portion: Portion, quantities: Sequence[int] | None, *, reverse: bool = False
) -> Iterator[Chunk]:
    """Winners of a portion, window by window; without any `quantities` all that a window has."""
    for window in windows(portion.pieces, portion.start_ms, portion.end_ms, reverse=reverse):
        times_ms, columns = _values(window, quantities)
        if quantities is not None:
            times_ms, columns = _with_any(times_ms, columns)
        if len(times_ms):
            yield times_ms, columns


class SeriesBuilder:
    """Gathers chunks until they reach the limit."""

    def __init__(self, quantities: Sequence[str] | None, limit: int | None, *, newest: bool) -> None:
        self._quantities = quantities
        self._limit = limit
        self._newest = newest
        self._chunks: list[Chunk] = []
        self._rows = 0

    @property
    def is_full(self) -> bool:
        return self._limit is not None and self._rows >= self._limit

    def add(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)
        self._rows += len(chunk[0])

    def series(self) -> Series:
        chunks = self._chunks[::-1] if self._newest else self._chunks
        if self._quantities is None:
            numbers = sorted({quantity for _, columns in chunks for quantity in columns})
        else:
            numbers = [QUANTITIES[name].number for name in self._quantities]
        times_ms = np.concatenate([times_ms for times_ms, _ in chunks]) if chunks else np.empty(0, np.int64)
        kept = slice(0, len(times_ms))
        if self._limit is not None:
            kept = slice(max(len(times_ms) - self._limit, 0), None) if self._newest else slice(0, self._limit)
        columns = {
            BY_NUMBER[number].name: np.concatenate(
                [_column(columns, number, len(times_ms)) for times_ms, columns in chunks] or [np.empty(0)]
            )[kept]
            for number in numbers
        }
        if self._quantities is None:
            columns = {name: columns[name] for name in sorted(columns) if not np.isnan(columns[name]).all()}
        return Series(times_ms=times_ms[kept], columns=columns)


class BucketBuilder:
    """Gathers chunks into arrays long enough to be worth an aggregation."""

    def __init__(self, quantities: Sequence[str], functions: Sequence[str], step: str, zone: str) -> None:
        self._names = {QUANTITIES[name].number: name for name in quantities}
        self._aggregator = Aggregator(quantities, functions, step, zone)
        self._chunks: list[Chunk] = []
        self._rows = 0

    def add(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)
        self._rows += len(chunk[0])
        if self._rows >= _CHUNK_ROWS:
            self._aggregate()

    def buckets(self) -> Buckets:
        self._aggregate()
        return self._aggregator.result()

    def _aggregate(self) -> None:
        if not self._chunks:
            return
        if len(self._chunks) == 1:
            ((times_ms, columns),) = self._chunks
        else:
            times_ms = np.concatenate([times_ms for times_ms, _ in self._chunks])
            columns = {
                number: np.concatenate([columns[number] for _, columns in self._chunks])
                for number in self._names
            }
        self._aggregator.add(times_ms, {name: columns[number] for number, name in self._names.items()})
        self._chunks.clear()
        self._rows = 0


def _values(window: Window, quantities: Sequence[int] | None) -> Chunk:
    return window.values(sorted(window.quantities()) if quantities is None else quantities)


def _with_any(times_ms: Instants, columns: dict[int, Values]) -> Chunk:
    """Leaves out rows that have none of the values."""
    kept = np.zeros(len(times_ms), np.bool_)
    for column in columns.values():
        kept |= ~np.isnan(column)
        if kept.all():
            return times_ms, columns
    return times_ms[kept], {quantity: column[kept] for quantity, column in columns.items()}


def _column(columns: dict[int, Values], quantity: int, length: int) -> Values:
    column = columns.get(quantity)
    return np.full(length, np.nan) if column is None else column
