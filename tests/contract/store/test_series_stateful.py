"""Any sequence of recordings, replays, deletions, seals and reopenings reads like a plain dictionary.

Instants, arrivals and values come from very small sets, so that nearly everything collides with
something; blocks are tiny, so that sealing, late merges and re-merging happen in every run.
"""

from __future__ import annotations

import asyncio
import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ownclimate.core.ids import DeviceNumber
from ownclimate.core.ports import SeriesStore
from ownclimate.core.readings import Batch, Interval, OriginNumber
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.series import DATABASES, LMDBSeries
from ownclimate.store.memory_series import MemorySeries
from ownclimate.store.partitioned_memory import PartitionedSeries
from tests.contract.store.series_model import NaiveSeries
from tests.fakes import FakeClock

FULL = bool(os.environ.get("TEST_FULL"))
BEGIN_MS = 1_700_000_000_000
MINUTE_MS = 60_000
QUANTITIES = ("temperature_c", "humidity_pct", "rain_mm")

minutes = st.integers(0, 60)
devices = st.sampled_from((1, 2))
origins = st.sampled_from((3, 7, 2, 6, 1, 0))
values = st.sampled_from((0.0, -0.0, 1.0, 21.4, -3.25, 1e17, 0.1 + 0.2, math.nan))
intervals = st.tuples(st.none() | minutes, st.none() | minutes)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    rows = draw(st.integers(0, 12))
    at = draw(
        st.one_of(
            st.lists(minutes, min_size=rows, max_size=rows),
            minutes.map(lambda m: [m + i for i in range(rows)]),
        )
    )
    names = draw(st.sets(st.sampled_from(QUANTITIES), max_size=3))
    return Batch(
        device=DeviceNumber(draw(devices)),
        times_ms=np.array([BEGIN_MS + m * MINUTE_MS for m in at], np.int64),
        columns={
            name: np.array(draw(st.lists(values, min_size=rows, max_size=rows)), np.float64)
            for name in sorted(names)
        },
        origin=OriginNumber(draw(origins)),
        arrived_ms=BEGIN_MS + draw(st.integers(0, 5)) * 1000,
        generation=draw(st.integers(0, 2)),
        payload=draw(st.none() | st.sampled_from((b"a", b"b", b"c"))),
    )


def interval_of(pair: tuple[int | None, int | None]) -> Interval:
    start, end = (None if minute is None else BEGIN_MS + minute * MINUTE_MS for minute in pair)
    return Interval(start_ms=start, end_ms=end)


class SeriesMachine(RuleBasedStateMachine):
    """Compares after every step; `record`'s counts are compared with the reference's."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.naive = NaiveSeries()
        self.store = self.open()

    def open(self) -> SeriesStore:
        raise NotImplementedError

    def teardown(self) -> None:
        self.loop.close()

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @rule(calls=st.lists(batches(), min_size=1, max_size=4))
    def record(self, calls: list[Batch]) -> None:
        for batch in calls:
            self.naive.record(batch)
        recorded = self.run(self.store.record(calls))
        assert recorded.stored + recorded.unchanged == sum(len(batch.times_ms) for batch in calls)

    @rule(device=devices, pair=intervals, origin=st.none() | origins, now=st.integers(0, 70))
    def delete(self, device: int, pair: tuple[int | None, int | None], origin: int | None, now: int) -> None:
        now_ms = BEGIN_MS + now * MINUTE_MS
        self.naive.delete(device, interval_of(pair), origin, now_ms)
        self.run(self.store.delete(DeviceNumber(device), interval_of(pair), origin=origin, now_ms=now_ms))

    @rule(
        device=devices,
        pair=intervals,
        names=st.none() | st.lists(st.sampled_from(QUANTITIES), unique=True),
        limit=st.none() | st.integers(0, 8),
        newest=st.booleans(),
    )
    def read(
        self,
        device: int,
        pair: tuple[int | None, int | None],
        names: list[str] | None,
        limit: int | None,
        newest: bool,
    ) -> None:
        rows = self.naive.rows(device, interval_of(pair))
        if names is not None:
            rows = {at: row for at, row in rows.items() if any(name in row for name in names)}
        kept = sorted(rows)
        if limit is not None:
            kept = kept[max(0, len(kept) - limit) :] if newest else kept[:limit]

        series = self.run(
            self.store.read(DeviceNumber(device), interval_of(pair), names, limit=limit, newest=newest)
        )

        assert series.times_ms.tolist() == kept
        expected = sorted({name for at in kept for name in rows[at]}) if names is None else names
        assert sorted(series.columns) == sorted(expected)
        for name in expected:
            assert list(map(repr, series.columns[name].tolist())) == [
                repr(rows[at].get(name, math.nan)) for at in kept
            ]

    @invariant()
    def everything_is_there(self) -> None:
        for device in (1, 2):
            self.read(device, (None, None), None, None, False)

    @invariant()
    def latest_is_what_reading_would_give(self) -> None:
        found = self.run(self.store.latest([DeviceNumber(1), DeviceNumber(2)]))
        for device in (1, 2):
            latest = {
                name: (newest.at_ms, newest.value, newest.origin, newest.arrived_ms)
                for name, newest in found.get(device, {}).items()
            }
            assert repr(sorted(latest.items())) == repr(sorted(self.naive.latest(device).items()))


class MemoryMachine(SeriesMachine):
    def open(self) -> SeriesStore:
        return MemorySeries()


class PartitionedMachine(SeriesMachine):
    def open(self) -> SeriesStore:
        return PartitionedSeries(MemorySeries(), seed=3)


class LMDBMachine(SeriesMachine):
    """Counts are compared with the memory store's, which gets the same calls."""

    def open(self) -> SeriesStore:
        self.folder = Path(tempfile.mkdtemp(prefix="series"))
        self.memory = MemorySeries()
        return self.reopened()

    def reopened(self) -> LMDBSeries:
        self.environment = Environment.open(
            self.folder, databases=DATABASES, map_bytes=64 << 20, reserve_bytes=0, sync=False
        )
        self.series = LMDBSeries(
            self.environment, clock=FakeClock(BEGIN_MS), head_rows=4, block_rows=16, large_rows=6, fanout=2
        )
        return self.series

    def teardown(self) -> None:
        self.environment.close()
        shutil.rmtree(self.folder)
        super().teardown()

    @rule(calls=st.lists(batches(), min_size=1, max_size=4))
    def record(self, calls: list[Batch]) -> None:
        for batch in calls:
            self.naive.record(batch)
        expected = self.run(self.memory.record(calls))
        assert self.run(self.store.record(calls)) == expected

    @rule(device=devices, pair=intervals, origin=st.none() | origins, now=st.integers(0, 70))
    def delete(self, device: int, pair: tuple[int | None, int | None], origin: int | None, now: int) -> None:
        super().delete(device, pair, origin, now)
        now_ms = BEGIN_MS + now * MINUTE_MS
        self.run(self.memory.delete(DeviceNumber(device), interval_of(pair), origin=origin, now_ms=now_ms))

    @rule()
    def seal_and_merge(self) -> None:
        self.series.seal_due()

    @rule()
    def compact(self) -> None:
        self.run(self.series.compact())

    @rule()
    def reopen(self) -> None:
        self.environment.close()
        self.store = self.reopened()

    @invariant()
    def nothing_is_missing_or_damaged(self) -> None:
        assert self.series.check() == []


def check_machine(machine: type[SeriesMachine], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples * 40 if FULL else examples,
            stateful_step_count=40 if FULL else 20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_memory_reads_like_a_dictionary() -> None:
    check_machine(MemoryMachine, 15)


def test_partitioned_memory_reads_like_a_dictionary() -> None:
    check_machine(PartitionedMachine, 10)


def test_lmdb_reads_like_a_dictionary_and_counts_like_memory() -> None:
    check_machine(LMDBMachine, 30)
