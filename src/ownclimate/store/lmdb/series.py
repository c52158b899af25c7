"""`core.ports.SeriesStore` over LMDB: who does what, and on which thread.

Small batches are recorded on the commit thread alone. Large ones are encoded before: on the event loop
when that takes a fraction of a millisecond, else on the pool. Reads likewise. Sealing has a thread of
its own (`sealing_worker`). docs/series-format.md says what lies on disk and why it is safe.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Final

from ownclimate.core.ids import Clock, DeviceNumber
from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.readings import Batch, Buckets, Interval, LatestValue, Recorded, Series
from ownclimate.store.batches import bounds, check_aggregation, check_batch, check_quantities
from ownclimate.store.lmdb import series_records
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.sealing import FANOUT, Sealer, Step
from ownclimate.store.lmdb.sealing_worker import SealingWorker
from ownclimate.store.lmdb.series_check import check
from ownclimate.store.lmdb.series_deleting import Deleter, DeletionPlan
from ownclimate.store.lmdb.series_incoming import LargeBatch, SmallBatch, small_batch
from ownclimate.store.lmdb.series_reading import (
    FIRST_PORTION_BYTES,
    LOOP_ROWS,
    BucketBuilder,
    Portion,
    Reader,
    SeriesBuilder,
    chunks_of,
)
from ownclimate.store.lmdb.series_recording import DECIDE_EARLY_ROWS, Recorder
from ownclimate.store.lmdb.series_records import ANY_ORIGIN, SeriesDatabases, Tombstone

DATABASES: Final = series_records.DATABASES
HEAD_ROWS: Final = 256
BLOCK_ROWS: Final = 16_000
LARGE_ROWS: Final = 64
"""From here on a batch of one device becomes a block at once: encoding costs less than so many puts."""
PAYLOAD_DAYS: Final = 60
_ENCODERS: Final = 2
"""Large batches encoded at the same time; more would only hold more memory."""
_LATEST_ON_LOOP: Final = 250
_LOOP_ENCODE_ROWS: Final = 1_000
_ATTEMPTS: Final = 4
"""Times a long decision is made outside the write transaction before it is made inside."""


class _SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class LMDBSeries:
    """Implements `core.ports.SeriesStore`; the environment must have been opened with `DATABASES`."""

    def __init__(
        self,
        environment: Environment,
        *,
        clock: Clock = _SystemClock(),
        head_rows: int = HEAD_ROWS,
        block_rows: int = BLOCK_ROWS,
        large_rows: int = LARGE_ROWS,
        fanout: int = FANOUT,
        payload_days: int = PAYLOAD_DAYS,
        step: Step = lambda name: None,
    ) -> None:
        self._environment = environment
        self._databases = SeriesDatabases(environment)
        self._head_rows = head_rows
        self._block_rows = block_rows
        self._large_rows = large_rows
        self._recorder = Recorder(environment=environment, databases=self._databases, block_rows=block_rows)
        self._reader = Reader(environment=environment, databases=self._databases)
        self._sealer = Sealer(
            environment=environment,
            databases=self._databases,
            block_rows=block_rows,
            fanout=fanout,
            step=step,
        )
        self._worker = SealingWorker(
            environment,
            self._databases,
            self._sealer,
            clock,
            head_rows=head_rows,
            payload_days=payload_days,
        )
        self._encoders = asyncio.Semaphore(_ENCODERS)

    def start(self) -> None:
        """Begins sealing in the background; everything else works without."""
        self._worker.start()

    async def close(self) -> None:
        """Stops sealing. The environment stays open; it is its owner's to close."""
        await asyncio.to_thread(self._worker.stop)

    async def record(self, batches: Sequence[Batch]) -> Recorded:
        if len(batches) == 1 and len(batches[0].times_ms) < self._large_rows:
            stored = await self._record_small([small_batch(batches[0])])
        else:
            stored = await self._record_many(batches)
        return Recorded(stored=stored, unchanged=sum(len(b.times_ms) for b in batches) - stored)

    async def read(
        self,
        device: DeviceNumber,
        interval: Interval = Interval(),
        quantities: Sequence[str] | None = None,
        *,
        limit: int | None = None,
        newest: bool = False,
    ) -> Series:
        check_quantities(quantities or ())
        start_ms, end_ms = bounds(interval)
        numbers = None if quantities is None else [QUANTITIES[name].number for name in quantities]
        reverse = newest and limit is not None
        enough = LOOP_ROWS if limit is None else min(limit, LOOP_ROWS)
        portion = self._reader.copy(
            device, start_ms, end_ms, size_bytes=FIRST_PORTION_BYTES, enough_rows=enough, reverse=reverse
        )
        builder = SeriesBuilder(quantities, limit, newest=reverse)
        if portion.rows <= LOOP_ROWS:
            for chunk in chunks_of(portion, numbers, reverse=reverse):
                builder.add(chunk)
                if builder.is_full:
                    break
            if builder.is_full or _is_whole(portion, start_ms, end_ms):
                return builder.series()

        def build() -> Series:
            builder = SeriesBuilder(quantities, limit, newest=reverse)
            for chunk in self._reader.chunks(
                device, start_ms, end_ms, numbers, enough_rows=limit, reverse=reverse
            ):
                builder.add(chunk)
                if builder.is_full:
                    break
            return builder.series()

        return await self._environment.run(build)

    async def aggregate(
        self,
        device: DeviceNumber,
        quantities: Sequence[str],
        interval: Interval,
        step: str,
        zone: str,
        functions: Sequence[str],
    ) -> Buckets:
        check_quantities(quantities)
        check_aggregation(step, zone, functions)
        start_ms, end_ms = bounds(interval)
        numbers = [QUANTITIES[name].number for name in quantities]
        builder = BucketBuilder(quantities, functions, step, zone)
        portion = self._reader.copy(
            device, start_ms, end_ms, size_bytes=FIRST_PORTION_BYTES, enough_rows=LOOP_ROWS
        )
        if portion.rows <= LOOP_ROWS and _is_whole(portion, start_ms, end_ms):
            for chunk in chunks_of(portion, numbers):
                builder.add(chunk)
            return builder.buckets()

        def build() -> Buckets:
            for chunk in self._reader.chunks(device, start_ms, end_ms, numbers):
                builder.add(chunk)
            return builder.buckets()

        return await self._environment.run(build)

    async def latest(self, devices: Sequence[DeviceNumber]) -> dict[DeviceNumber, dict[str, LatestValue]]:
        if len(devices) <= _LATEST_ON_LOOP:
            return self._reader.latest(devices)
        return await self._environment.run(lambda: self._reader.latest(devices))

    async def delete(
        self, device: DeviceNumber, interval: Interval, *, origin: int | None = None, now_ms: int
    ) -> None:
        start_ms, end_ms = bounds(interval)
        number = ANY_ORIGIN if origin is None else origin
        deleter = Deleter(
            databases=self._databases,
            block_rows=self._block_rows,
            device=device,
            gone=Tombstone(start_ms, end_ms, number),
            # What a device sent up to this moment may still be on its way.
            forbidden=Tombstone(start_ms, min(end_ms, now_ms + 1), number),
        )
        for attempt in range(_ATTEMPTS + 1):
            plan = None
            if attempt < _ATTEMPTS:
                plan = await self._environment.run(lambda: self._plan(deleter))
            done = await self._environment.committer.submit(
                partial(deleter.apply, plan),
                size_bytes=1_000 if plan is None else plan.size_bytes,
                may_use_reserve=True,
                undo_on_error=True,
            )
            if done:
                self._worker.note(device)
                return
        raise AssertionError("without a plan a deletion cannot be out of date")

    def check(self) -> list[str]:
        """What is wrong with the series databases, one line a finding. Long: not for the event loop."""
        return list(check(self._environment, self._databases))

    async def compact(self) -> None:
        """Merges every device's readings into full blocks, beside whatever else is going on."""
        await asyncio.to_thread(self.compact_now)

    def compact_now(self) -> None:
        """`compact`, for threads."""
        for device in self._worker.list_devices():
            self._sealer.compact(device)

    def seal_due(self) -> None:
        """Does at once, on this thread, what the background would do in time."""
        self._worker.run_due()

    def prune_payloads(self) -> int:
        """Forgets payload digests older than `payload_days`; returns how many."""
        return self._worker.prune_payloads()

    async def _record_small(self, smalls: Sequence[SmallBatch]) -> int:
        """One write for all of them."""
        outcomes = await self._environment.committer.submit(
            partial(self._recorder.apply_small, smalls),
            size_bytes=sum([small.size_bytes for small in smalls]),
            undo_on_error=True,
        )
        for small, (_, head_rows) in zip(smalls, outcomes, strict=True):
            if head_rows >= self._head_rows:
                self._worker.note(small.batch.device)
        return sum(stored for stored, _ in outcomes)

    async def _record_many(self, batches: Sequence[Batch]) -> int:
        """Each device's batches in their order; devices with a large batch side by side."""
        for batch in batches:
            check_batch(batch)
        with_large = {batch.device for batch in batches if len(batch.times_ms) >= self._large_rows}
        smalls = [small_batch(batch) for batch in batches if batch.device not in with_large]
        by_device: dict[DeviceNumber, list[Batch]] = {device: [] for device in with_large}
        for batch in batches:
            if batch.device in with_large:
                by_device[batch.device].append(batch)
        work = [self._record_in_order(of_device) for of_device in by_device.values()]
        if smalls:
            work.append(self._record_small(smalls))
        if len(work) == 1:
            return await work[0]
        # All are awaited even when one fails: none may go on behind the caller's back.
        outcomes = await asyncio.gather(*work, return_exceptions=True)
        stored = 0
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            stored += outcome
        return stored

    async def _record_in_order(self, batches: Sequence[Batch]) -> int:
        stored = 0
        for batch in batches:
            if len(batch.times_ms) < self._large_rows:
                stored += await self._record_small([small_batch(batch)])
            else:
                stored += await self._record_large(batch)
        return stored

    async def _record_large(self, batch: Batch) -> int:
        if len(batch.times_ms) <= _LOOP_ENCODE_ROWS:
            return await self._write_large(self._recorder.prepare_large(batch))
        async with self._encoders:
            large = await self._environment.run(lambda: self._recorder.prepare_large(batch))
            return await self._write_large(large)

    async def _write_large(self, large: LargeBatch) -> int:
        for attempt in range(_ATTEMPTS + 1):
            if len(large.rows) > DECIDE_EARLY_ROWS:
                await self._environment.run(lambda: self._recorder.decide_early(large))
            must_decide = attempt == _ATTEMPTS
            stored = await self._environment.committer.submit(
                partial(self._recorder.apply_large, large, must_decide),
                size_bytes=large.size_bytes,
                undo_on_error=True,
            )
            if stored is not None:
                self._worker.note(large.batch.device)
                return stored
        raise AssertionError("the last attempt decides")

    def _plan(self, deleter: Deleter) -> DeletionPlan:
        with self._environment.read() as transaction:
            return deleter.plan(transaction)


def _is_whole(portion: Portion, start_ms: int, end_ms: int) -> bool:
    return (portion.start_ms, portion.end_ms) == (start_ms, end_ms)
