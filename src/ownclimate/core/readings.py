"""Readings: what a device measured, in columns, and which of several rival values counts.

A value's key is (device, instant, quantity). Instants are epoch milliseconds UTC. Of several values
for one key the winner is the greatest by

    (rank of its origin's kind, arrived_ms, generation, value)

compared left to right. That order is total up to equal values, so recording is commutative and
idempotent: any order of arrival, and any repetition, gives the same series on every engine.
An absent quantity never overwrites a present one.

`arrived_ms` is when the payload *first* reached us. Recording a payload again must not make it
newer: the store remembers the digests it has seen (`Batch.payload`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NewType

import numpy as np
import numpy.typing as npt

from ownclimate.core.ids import Clock, DeviceNumber

Instants = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

OriginNumber = NewType("OriginNumber", int)
"""u32: `index << 2 | kind`. The kind is inside, so that merging needs no look-up."""

EARLIEST_MS = 631_152_000_000
"""1990-01-01T00:00:00Z: no device that we speak to is older; earlier instants are unset clocks."""
FUTURE_SLACK_MS = 24 * 3_600_000
"""How far ahead of our clock a device's clock may run before its readings are refused."""


class OriginKind(IntEnum):
    """Where a value came from; the greater outranks the lesser."""

    SIMULATION = 0
    IMPORT = 1
    CLOUD = 2
    DEVICE = 3


def origin_number(index: int, kind: OriginKind) -> OriginNumber:
    return OriginNumber(index << 2 | kind)


def origin_kind(origin: int) -> OriginKind:
    return OriginKind(origin & 3)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """Readings of one device from one payload, as columns.

    `times_ms` may be unordered and may repeat an instant (the greater value then counts).
    `columns` maps a quantity's name to float64 values, NaN where the row has none; all columns are
    as long as `times_ms`. Infinite values are refused at the doors.
    `payload` identifies what arrived (a digest); when the store has seen it for this device, the
    arrival of the first time counts. None: this arrival counts as it is.
    """

    device: DeviceNumber
    times_ms: Instants
    columns: Mapping[str, Values]
    origin: OriginNumber
    arrived_ms: int
    generation: int = 0
    payload: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """`stored` rows brought a value that was not there and counts now, `unchanged` rows did not."""

    stored: int
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """Winning values of one device in time order; NaN where a row lacks a quantity.

    Every column is as long as `times_ms`; rows without any of the asked quantities are left out.
    """

    times_ms: Instants
    columns: dict[str, Values]

    def __len__(self) -> int:
        return len(self.times_ms)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Buckets:
    """Aggregates of one device: one row a non-empty bucket, in time order.

    `starts_ms` are bucket starts. `columns[(quantity, function)]` has NaN where the bucket holds no
    value of that quantity. `min_at` and `max_at` give the epoch milliseconds of the first extremum.
    """

    starts_ms: Instants
    columns: dict[tuple[str, str], Values]

    def __len__(self) -> int:
        return len(self.starts_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestValue:
    """The newest value of one quantity: the winner at the greatest instant that has one."""

    at_ms: int
    value: float
    origin: int
    arrived_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """`[start_ms, end_ms)`; None is open. An empty interval is allowed and holds nothing."""

    start_ms: int | None = None
    end_ms: int | None = None


FUNCTIONS = ("mean", "min", "max", "sum", "count", "first", "last", "min_at", "max_at", "circular_mean")
STEPS = ("5min", "30min", "1h", "3h", "6h", "1day", "1week", "1month")


@dataclass(slots=True)
class Arrivals:
    """Hands out arrival times that never repeat and never go back within one process.

    Two corrections inside one millisecond must still have an order, so each arrival is at least one
    millisecond after the one before; under a flood the stamps run ahead of the clock by as many
    milliseconds as calls came within one, and fall back into step when it ends.
    """

    clock: Clock
    _last_ms: int = field(default=0, init=False)

    def next_ms(self) -> int:
        self._last_ms = max(self._last_ms + 1, self.clock.now_ms())
        return self._last_ms
