"""Batches as stores take them in: checked by one rule, then sorted into rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ownclimate.core.errors import InvalidInput
from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.readings import FUNCTIONS, STEPS, Batch, Interval
from ownclimate.store.buckets import check_zone
from ownclimate.store.merging import Rows, is_strictly_ascending

INSTANT_END_MS: Final = 1 << 47
"""Instants and arrivals are below this (the year 6429), so that arithmetic on them cannot overflow."""
NUMBER_END: Final = 1 << 32
"""Devices, origins and generations are u32."""


def check_batch(batch: Batch) -> None:
    """Raises InvalidInput, naming the field, for what no store can hold."""
    check_payload(batch)
    length = len(batch.times_ms)
    if length and not (int(batch.times_ms.min()) >= 0 and int(batch.times_ms.max()) < INSTANT_END_MS):
        raise InvalidInput("times_ms", "an instant is outside the years 1970 to 6429")
    for name, column in batch.columns.items():
        if name not in QUANTITIES:
            raise InvalidInput(name, "is not a known quantity")
        if len(column) != length:
            raise InvalidInput(name, f"has {len(column)} values for {length} instants")
        if np.isinf(column).any():
            raise InvalidInput(name, "has an infinite value")


def check_payload(batch: Batch) -> None:
    """`check_batch` for all but the columns."""
    if (
        0 <= batch.device < NUMBER_END
        and 0 <= batch.origin < NUMBER_END
        and 0 <= batch.generation < NUMBER_END
        and 0 <= batch.arrived_ms < INSTANT_END_MS
    ):
        return
    for field, number in (
        ("device", batch.device),
        ("origin", batch.origin),
        ("generation", batch.generation),
    ):
        if not 0 <= number < NUMBER_END:
            raise InvalidInput(field, "must be an unsigned 32-bit number")
    raise InvalidInput("arrived_ms", "is outside the years 1970 to 6429")


def rows_of(batch: Batch, arrived_ms: int) -> Rows:
    """The batch's rows, ascending by instant; among equal instants in the order of the batch."""
    length = len(batch.times_ms)
    rows = Rows(
        times_ms=np.asarray(batch.times_ms, np.int64),
        origins=np.full(length, batch.origin, np.int64),
        arrived_ms=np.full(length, arrived_ms, np.int64),
        generations=np.full(length, batch.generation, np.int64),
        columns={
            QUANTITIES[name].number: np.asarray(column, np.float64) for name, column in batch.columns.items()
        },
    )
    if is_strictly_ascending(rows.times_ms):
        return rows
    return rows.take(np.argsort(rows.times_ms, kind="stable"))


def bounds(interval: Interval) -> tuple[int, int]:
    """The interval as two instants, the open ends replaced by the ends of all instants."""
    start_ms = 0 if interval.start_ms is None else max(interval.start_ms, 0)
    end_ms = INSTANT_END_MS if interval.end_ms is None else min(interval.end_ms, INSTANT_END_MS)
    return start_ms, max(start_ms, end_ms)


def check_quantities(quantities: Sequence[str]) -> None:
    for name in quantities:
        if name not in QUANTITIES:
            raise InvalidInput(name, "is not a known quantity")


def check_aggregation(step: str, zone: str, functions: Sequence[str]) -> None:
    if step not in STEPS:
        raise InvalidInput("step", f"{step!r} is not one of {', '.join(STEPS)}")
    for function in functions:
        if function not in FUNCTIONS:
            raise InvalidInput("functions", f"{function!r} is not one of {', '.join(FUNCTIONS)}")
    check_zone(zone)
