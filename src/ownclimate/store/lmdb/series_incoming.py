"""Batches on their way into the store, prepared before the write transaction begins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.readings import Batch
from ownclimate.store.batches import INSTANT_END_MS, check_batch, check_payload, rows_of
from ownclimate.store.merging import Difference, Rows, difference, is_strictly_ascending
from ownclimate.store.series_format import encode_blocks

_ROW_BYTES: Final = 400
"""A generous guess at what one small row dirties, for the queue's bound."""
_NUMBERS: Final = {name: quantity.number for name, quantity in QUANTITIES.items()}


@dataclass(slots=True, eq=False)
class SmallBatch:
    """A batch for the head, as plain Python values: numpy costs more than it saves on few rows."""

    batch: Batch
    times_ms: list[int]
    columns: list[tuple[int, list[float]]]
    is_ascending: bool

    @property
    def size_bytes(self) -> int:
        return _ROW_BYTES * (1 + len(self.times_ms))


@dataclass(slots=True, eq=False)
class LargeBatch:
    """A batch for blocks, encoded in the belief that every row of it wins."""

    batch: Batch
    arrived_ms: int
    rows: Rows
    stored: int
    winners: Rows
    blocks: list[tuple[Rows, bytes]]
    early: EarlyDecision | None = None

    @property
    def size_bytes(self) -> int:
        return _ROW_BYTES + sum(len(content) for _, content in self.blocks)


@dataclass(slots=True, eq=False)
class EarlyDecision:
    """What a large batch changes, if the device is still at `sequence`."""

    sequence: int
    stored: int
    winners: Rows
    blocks: list[tuple[Rows, bytes]]


def small_batch(batch: Batch) -> SmallBatch:
    """A batch in plain values, checked like `check_batch` does.

    Raises InvalidInput. Lists are checked at a fraction of what numpy takes for so few values.
    """
    check_payload(batch)
    times_ms: list[int] = batch.times_ms.tolist()
    columns: list[tuple[int, list[float]]] = []
    length = len(times_ms)
    for name, column in batch.columns.items():
        values: list[float] = column.tolist()
        number = _NUMBERS.get(name)
        if number is None or len(values) != length or math.inf in values or -math.inf in values:
            check_batch(batch)
        columns.append((_NUMBERS[name], values))
    if length and (min(times_ms) < 0 or max(times_ms) >= INSTANT_END_MS):
        check_batch(batch)
    return SmallBatch(
        batch=batch,
        times_ms=times_ms,
        columns=columns,
        is_ascending=length < 2 or all(map(int.__lt__, times_ms, times_ms[1:])),
    )


def large_batch(batch: Batch, arrived_ms: int, block_rows: int) -> LargeBatch:
    """A batch sorted and encoded. It must have passed `check_batch`."""
    rows = rows_of(batch, arrived_ms)
    alone = _all_win(rows) or difference((), rows)
    return LargeBatch(
        batch=batch,
        arrived_ms=arrived_ms,
        rows=rows,
        stored=alone.stored,
        winners=alone.rows,
        blocks=encode_blocks(batch.device, alone.rows, block_rows, is_interim=True),
    )


def _all_win(rows: Rows) -> Difference | None:
    """The usual batch: ascending, and no value absent; None when it is not that."""
    if not rows.columns or not is_strictly_ascending(rows.times_ms):
        return None
    if any(np.isnan(column).any() for column in rows.columns.values()):
        return None
    return Difference(rows=rows, stored=len(rows))
