"""Stores that behave like a distributed one, for tests.

Every partition is a node of its own, so nothing can be atomic across partitions. Now and then a
write times out: its writer sees OutcomeUnknown, and it may or may not have landed. Readings arrive
in pieces, twice and in any order, as a retrying client of a cluster delivers them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from ownclimate.core.errors import OutcomeUnknown
from ownclimate.core.ids import DeviceNumber
from ownclimate.core.ports import Change, Document, SeriesStore
from ownclimate.core.readings import Batch, Buckets, Interval, LatestValue, Recorded, Series
from ownclimate.store import documents
from ownclimate.store.memory import MemoryDirectory

UNKNOWN_SHARE: Final = 0.05
"""The share of writes whose outcome stays unknown; half of them have landed."""


class PartitionedMemoryDirectory:
    """`core.ports.Directory` over one MemoryDirectory a partition; the same seed misbehaves the same."""

    def __init__(self, seed: int, *, unknown_share: float = UNKNOWN_SHARE) -> None:
        self._random = random.Random(seed)  # noqa: S311  A test must be repeatable.
        self._unknown_share = unknown_share
        self._nodes: dict[str, MemoryDirectory] = {}

    async def find(self, partition: str, table: str, key: str) -> Document | None:
        return await self._node(partition).find(partition, table, key)

    async def scan(
        self,
        partition: str,
        table: str,
        *,
        start: str = "",
        end: str | None = None,
        reverse: bool = False,
        limit: int | None = None,
    ) -> list[Document]:
        return await self._node(partition).scan(
            partition, table, start=start, end=end, reverse=reverse, limit=limit
        )

    async def write(self, partition: str, changes: Sequence[Change], version: str) -> None:
        documents.prepare(partition, changes, version)
        fate = self._random.random()
        if fate < self._unknown_share / 2:
            raise OutcomeUnknown("the write timed out")
        await self._node(partition).write(partition, changes, version)
        if fate < self._unknown_share:
            raise OutcomeUnknown("the write timed out")

    def _node(self, partition: str) -> MemoryDirectory:
        return self._nodes.setdefault(partition, MemoryDirectory())


class PartitionedSeries:
    """A SeriesStore that hands every batch to `inner` in pieces, twice, shuffled.

    Rows of one instant stay in one piece, and the batches of a call keep their order in the first
    delivery, so that its counts are those of an honest delivery; the second keeps no order at all.
    """

    def __init__(self, inner: SeriesStore, seed: int) -> None:
        self._inner = inner
        self._random = random.Random(seed)  # noqa: S311  A test must be repeatable.

    async def record(self, batches: Sequence[Batch]) -> Recorded:
        pieces = [piece for batch in batches for piece in self._split(batch)]
        recorded = await self._inner.record(pieces)
        self._random.shuffle(pieces)
        await self._inner.record(pieces)
        return recorded

    async def read(
        self,
        device: DeviceNumber,
        interval: Interval = Interval(),
        quantities: Sequence[str] | None = None,
        *,
        limit: int | None = None,
        newest: bool = False,
    ) -> Series:
        return await self._inner.read(device, interval, quantities, limit=limit, newest=newest)

    async def aggregate(
        self,
        device: DeviceNumber,
        quantities: Sequence[str],
        interval: Interval,
        step: str,
        zone: str,
        functions: Sequence[str],
    ) -> Buckets:
        return await self._inner.aggregate(device, quantities, interval, step, zone, functions)

    async def latest(self, devices: Sequence[DeviceNumber]) -> dict[DeviceNumber, dict[str, LatestValue]]:
        return await self._inner.latest(devices)

    async def delete(
        self, device: DeviceNumber, interval: Interval, *, origin: int | None = None, now_ms: int
    ) -> None:
        await self._inner.delete(device, interval, origin=origin, now_ms=now_ms)

    def _split(self, batch: Batch) -> list[Batch]:
        """Two or three pieces of whole instants, each with its rows shuffled."""
        if any(len(values) != len(batch.times_ms) for values in batch.columns.values()):
            return [batch]  # For `inner` to refuse.
        instants, of_row = np.unique(batch.times_ms, return_inverse=True)
        count = self._random.choice((2, 3))
        piece_of_instant = np.array([self._random.randrange(count) for _ in instants], np.int64)
        pieces = []
        for number in range(count):
            rows = np.flatnonzero(piece_of_instant[of_row] == number)
            pieces.append(_rows(batch, np.array(self._random.sample(rows.tolist(), len(rows)), np.int64)))
        self._random.shuffle(pieces)
        return pieces


def _rows(batch: Batch, rows: npt.NDArray[np.int64]) -> Batch:
    return replace(
        batch,
        times_ms=batch.times_ms[rows],
        columns={name: values[rows] for name, values in batch.columns.items()},
    )
