"""Sealing, merging and compacting may stop between any two of their steps, and nothing comes of it.

The run is repeated, each time stopping one step later, until it gets through. A step inside a write
fails whenever it is reached again, as a broken disk would, so that the write cannot land on a retry.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ownclimate.core.errors import StoreCorrupt
from ownclimate.core.ids import DeviceNumber
from ownclimate.core.readings import Batch, Interval, OriginNumber, Series
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.series import DATABASES, LMDBSeries
from tests.fakes import FakeClock

DEVICE = DeviceNumber(5)
BEGIN_MS = 1_700_000_000_000


class PowerCut(Exception):
    pass


class CountedSteps:
    """Stops at the given step, and at every one after it."""

    def __init__(self, stop_at: int) -> None:
        self.left = stop_at
        self.last = ""

    def __call__(self, name: str) -> None:
        self.last = name
        self.left -= 1
        if self.left < 0:
            raise PowerCut(name)


def batch(minutes: list[int], arrived: int, value: float) -> Batch:
    return Batch(
        device=DEVICE,
        times_ms=np.array([BEGIN_MS + minute * 60_000 for minute in minutes], np.int64),
        columns={
            "temperature_c": np.full(len(minutes), value),
            "humidity_pct": np.array([math.nan if minute % 3 else 40.0 for minute in minutes]),
        },
        origin=OriginNumber(7),
        arrived_ms=BEGIN_MS + arrived,
    )


def open_store(folder: Path, step: Callable[[str], None]) -> tuple[Environment, LMDBSeries]:
    environment = Environment.open(
        folder, databases=DATABASES, map_bytes=64 << 20, reserve_bytes=0, sync=False
    )
    series = LMDBSeries(
        environment, clock=FakeClock(BEGIN_MS), head_rows=4, block_rows=16, large_rows=8, fanout=2, step=step
    )
    return environment, series


async def fill(series: LMDBSeries) -> None:
    """Heads, small blocks, overlapping blocks, and corrections in a head of what a block holds."""
    await series.record([batch(list(range(40)), 1, 20.0)])
    await series.record([batch([minute], 2, 21.0) for minute in range(36, 47)])
    await series.record([batch(list(range(10, 22)), 3, 22.0)])
    await series.record([batch([5, 15, 44], 4, 23.0)])


def as_text(series: Series) -> str:
    return repr(
        (series.times_ms.tolist(), {name: column.tolist() for name, column in series.columns.items()})
    )


def stop_everywhere(folder: Path, work: Callable[[LMDBSeries], None]) -> list[str]:
    """Runs `work` over fresh stores, stopping one step later each time; the steps stopped at."""
    stopped: list[str] = []
    while True:
        where = folder / str(len(stopped))
        environment, series = open_store(where, lambda name: None)
        asyncio.run(fill(series))
        expected = as_text(asyncio.run(series.read(DEVICE)))
        environment.close()

        steps = CountedSteps(len(stopped))
        environment, series = open_store(where, steps)
        try:
            work(series)
        except PowerCut:
            stopped.append(steps.last)
        else:
            return stopped
        finally:
            environment.close()

        environment, series = open_store(where, lambda name: None)
        assert series.check() == []
        assert as_text(asyncio.run(series.read(DEVICE))) == expected
        work(series)
        assert series.check() == []
        assert as_text(asyncio.run(series.read(DEVICE))) == expected
        environment.close()


ALL_STEPS = {
    "head read",
    "blocks read",
    "encoded",
    "checked",
    "head removed",
    "blocks removed",
    "blocks put",
    "committed",
}


def test_sealing_may_stop_between_any_two_steps(tmp_path: Path) -> None:
    assert set(stop_everywhere(tmp_path, lambda series: series.seal_due())) == ALL_STEPS


def test_compacting_may_stop_between_any_two_steps(tmp_path: Path) -> None:
    assert set(stop_everywhere(tmp_path, lambda series: series.compact_now())) == ALL_STEPS


@pytest.mark.parametrize(
    "meanwhile", ["another sealer", "late row", "correction", "deletion", "deletion of the origin"]
)
@pytest.mark.parametrize("at", ["head read", "blocks read", "encoded"])
def test_what_happens_while_blocks_are_encoded_is_kept(tmp_path: Path, meanwhile: str, at: str) -> None:
    others = open_store(tmp_path, lambda name: None)
    asyncio.run(fill(others[1]))
    done: list[str] = []

    async def interfere() -> None:
        match meanwhile:
            case "another sealer":
                other.seal_due()
            case "late row":
                await other.record([batch([50, 2], 9, 30.0)])
            case "correction":
                await other.record([batch([44, 45, 46], 9, 30.0)])
            case "deletion":
                await other.delete(DEVICE, Interval(start_ms=BEGIN_MS + 44 * 60_000), now_ms=BEGIN_MS)
            case "deletion of the origin":
                await other.delete(DEVICE, Interval(), origin=7, now_ms=BEGIN_MS)

    def step(name: str) -> None:
        if name == at and not done:
            done.append(name)
            asyncio.run(interfere())

    environment, other = others
    series = LMDBSeries(
        environment, clock=FakeClock(BEGIN_MS), head_rows=4, block_rows=16, large_rows=8, fanout=2, step=step
    )
    series.seal_due()
    found = as_text(asyncio.run(series.read(DEVICE)))
    problems = series.check()
    environment.close()

    assert done == [at]
    assert problems == []
    quiet, undisturbed = open_store(tmp_path / "quiet", lambda name: None)
    other = undisturbed
    asyncio.run(fill(undisturbed))
    asyncio.run(interfere())
    assert found == as_text(asyncio.run(undisturbed.read(DEVICE)))
    quiet.close()


def test_damage_found_half_way_through_a_write_undoes_it(tmp_path: Path) -> None:
    environment, series = open_store(tmp_path, lambda name: None)
    asyncio.run(series.record([batch(list(range(20)), 1, 20.0)]))
    asyncio.run(series.record([batch([1], 1, 20.0)]))
    with environment.env.begin(write=True) as transaction:
        blocks = environment.database("series_blocks")
        with transaction.cursor(db=blocks) as cursor:
            cursor.first()
            key, stored = cursor.item()
        transaction.put(key, stored[:-1] + bytes([stored[-1] ^ 1]), db=blocks)
    before = _everything(environment)

    with pytest.raises(StoreCorrupt, match="checksum"):
        # The first batch is newer than everything and goes in; the second needs the damaged block.
        asyncio.run(series.record([batch([90], 2, 1.0), batch([3], 2, 1.0)]))

    assert _everything(environment) == before
    assert any("checksum" in problem for problem in series.check())
    environment.close()


def test_a_missing_record_is_found(tmp_path: Path) -> None:
    for database in ("series_head", "series_blocks", "series_index"):
        environment, series = open_store(tmp_path / database, lambda name: None)
        asyncio.run(fill(series))
        with (
            environment.env.begin(write=True) as transaction,
            transaction.cursor(db=environment.database(database)) as cursor,
        ):
            cursor.first()
            cursor.delete()

        assert series.check() != []
        environment.close()


def test_a_lost_state_does_not_cost_blocks(tmp_path: Path) -> None:
    environment, series = open_store(tmp_path, lambda name: None)
    asyncio.run(series.record([batch(list(range(20)), 1, 20.0)]))
    with environment.env.begin(write=True) as transaction:
        transaction.delete(DEVICE.to_bytes(4, "big"), db=environment.database("series_devices"))
    before = _everything(environment)

    with pytest.raises(StoreCorrupt, match="has a block 1 already"):
        asyncio.run(series.record([batch(list(range(30, 50)), 2, 20.0)]))

    assert _everything(environment) == before
    assert series.check() != []
    environment.close()


def _everything(environment: Environment) -> list[tuple[bytes, bytes]]:
    with environment.read() as transaction:
        return [
            record
            for name in DATABASES
            for record in transaction.cursor(db=environment.database(name)).iternext()
        ]


def test_a_damaged_device_does_not_keep_others_from_being_sealed(tmp_path: Path) -> None:
    environment, series = open_store(tmp_path, lambda name: None)
    healthy = [replace(batch([minute], 1, 20.0), device=DeviceNumber(6)) for minute in range(6)]
    asyncio.run(series.record([batch([minute], 1, 20.0) for minute in range(6)] + healthy))
    head = environment.database("series_head")
    with environment.env.begin(write=True) as transaction:
        with transaction.cursor(db=head) as cursor:
            cursor.first()
            key, stored = cursor.item()
        transaction.put(key, bytes([stored[0] ^ 1]) + stored[1:], db=head)

    series.seal_due()

    with environment.read() as transaction:
        sealed = [
            key[:4]
            for key in transaction.cursor(db=environment.database("series_index")).iternext(values=False)
        ]
    environment.close()
    assert sealed == [(6).to_bytes(4, "big")]


def test_old_heads_are_sealed_and_old_payloads_forgotten(tmp_path: Path) -> None:
    environment = Environment.open(
        tmp_path, databases=DATABASES, map_bytes=64 << 20, reserve_bytes=0, sync=False
    )
    clock = FakeClock(BEGIN_MS)
    series = LMDBSeries(environment, clock=clock, payload_days=2)
    asyncio.run(series.record([replace(batch([1], 0, 20.0), payload=b"old")]))
    clock.advance(24 * 3600)
    asyncio.run(series.record([replace(batch([2], 24 * 3_600_000, 20.0), payload=b"young")]))
    entries = [environment.database("series_index"), environment.database("series_payloads")]

    series.seal_due()
    clock.advance(25 * 3600)
    forgotten = series.prune_payloads()

    with environment.read() as transaction:
        left = [transaction.stat(db)["entries"] for db in entries]
    problems = series.check()
    environment.close()
    assert (left, forgotten, problems) == ([1, 1], 1, [])


def test_after_a_deletion_newer_rows_need_no_comparison(tmp_path: Path) -> None:
    """Rows that are compared read the index, where damage would be found."""
    environment, series = open_store(tmp_path, lambda name: None)
    asyncio.run(series.record([batch(list(range(20)), 1, 20.0)]))
    asyncio.run(series.delete(DEVICE, Interval(), origin=3, now_ms=BEGIN_MS + 30 * 60_000))
    index = environment.database("series_index")
    with environment.env.begin(write=True) as transaction:
        with transaction.cursor(db=index) as cursor:
            cursor.first()
            key, stored = cursor.item()
        transaction.put(key, bytes([stored[0] ^ 1]) + stored[1:], db=index)

    recorded = asyncio.run(series.record([batch([31], 2, 20.0)]))
    with pytest.raises(StoreCorrupt):
        asyncio.run(series.record([batch([30], 2, 20.0)]))

    environment.close()
    assert recorded.stored == 1
