"""`core.ports.SeriesStore`, sentence by sentence, over every adapter."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from ownclimate.core.errors import InvalidInput
from ownclimate.core.ids import DeviceNumber
from ownclimate.core.ports import SeriesStore
from ownclimate.core.readings import (
    Batch,
    Interval,
    LatestValue,
    OriginKind,
    Recorded,
    Series,
    origin_number,
)
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.series import DATABASES, LMDBSeries
from ownclimate.store.memory_series import MemorySeries
from ownclimate.store.partitioned_memory import PartitionedSeries
from tests.fakes import FakeClock

DEVICE = DeviceNumber(1)
OTHER = DeviceNumber(2)
CLOUD = origin_number(1, OriginKind.CLOUD)
OTHER_CLOUD = origin_number(2, OriginKind.CLOUD)
SENSOR = origin_number(3, OriginKind.DEVICE)
NOW_MS = FakeClock().now_ms()


@pytest.fixture(params=("memory", "partitioned_memory", "lmdb"))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SeriesStore]:
    if request.param == "memory":
        yield MemorySeries()
    elif request.param == "partitioned_memory":
        yield PartitionedSeries(MemorySeries(), seed=11)
    else:
        environment = Environment.open(
            tmp_path, databases=DATABASES, map_bytes=64 << 20, reserve_bytes=0, sync=False
        )
        series = LMDBSeries(environment, clock=FakeClock(), head_rows=4, block_rows=16, large_rows=8)
        series.start()
        yield series
        await series.close()
        environment.close()


def readings(
    at: Sequence[int],
    temperature: Sequence[float],
    *,
    arrived: int = 0,
    origin: int = CLOUD,
    generation: int = 0,
    payload: bytes | None = None,
    device: DeviceNumber = DEVICE,
    **columns: Sequence[float],
) -> Batch:
    """Minutes before now; arrivals in milliseconds after it."""
    return Batch(
        device=device,
        times_ms=np.array([NOW_MS - minutes * 60_000 for minutes in at], np.int64),
        columns={"temperature_c": np.array(temperature, float)}
        | {name: np.array(values, float) for name, values in columns.items()},
        origin=origin_number(origin >> 2, OriginKind(origin & 3)),
        arrived_ms=NOW_MS + arrived,
        generation=generation,
        payload=payload,
    )


def rows(series: Series) -> list[tuple[float, ...]]:
    """Minutes before now, then the columns in their order."""
    minutes = ((NOW_MS - series.times_ms) / 60_000).tolist()
    return list(zip(minutes, *(column.tolist() for column in series.columns.values()), strict=True))


async def test_an_unknown_device_has_no_rows(store: SeriesStore) -> None:
    series = await store.read(OTHER, quantities=["co2_ppm"])

    assert (len(series), series.columns["co2_ppm"].tolist()) == (0, [])
    assert await store.latest([OTHER]) == {}


async def test_rows_come_back_in_the_order_of_time(store: SeriesStore) -> None:
    await store.record([readings([3, 9, 5], [20.3, 20.9, 20.5])])

    assert rows(await store.read(DEVICE)) == [(9, 20.9), (5, 20.5), (3, 20.3)]


async def test_an_interval_holds_its_start_and_not_its_end(store: SeriesStore) -> None:
    await store.record([readings([4, 3, 2, 1], [4.0, 3.0, 2.0, 1.0])])
    interval = Interval(start_ms=NOW_MS - 3 * 60_000, end_ms=NOW_MS - 60_000)

    assert rows(await store.read(DEVICE, interval)) == [(3, 3.0), (2, 2.0)]
    assert rows(await store.read(DEVICE, Interval(start_ms=NOW_MS, end_ms=0))) == []


async def test_limit_keeps_the_first_rows_or_the_newest(store: SeriesStore) -> None:
    await store.record([readings(range(20, 0, -1), np.arange(20.0).tolist())])

    assert rows(await store.read(DEVICE, limit=2)) == [(20, 0.0), (19, 1.0)]
    assert rows(await store.read(DEVICE, limit=2, newest=True)) == [(2, 18.0), (1, 19.0)]
    assert rows(await store.read(DEVICE, limit=0)) == []


async def test_limit_counts_rows_that_have_an_asked_quantity(store: SeriesStore) -> None:
    await store.record([readings([3, 2, 1], [1.0, 2.0, math.nan], co2_ppm=[400.0, math.nan, math.nan])])

    assert rows(await store.read(DEVICE, quantities=["co2_ppm"], limit=1, newest=True)) == [(3, 400.0)]


async def test_an_absent_value_never_overwrites(store: SeriesStore) -> None:
    await store.record([readings([1], [20.0], co2_ppm=[400.0])])
    await store.record([readings([1], [math.nan], arrived=1, co2_ppm=[500.0])])

    series = await store.read(DEVICE, quantities=["temperature_c", "co2_ppm"])
    assert rows(series) == [(1, 20.0, 500.0)]


@pytest.mark.parametrize(
    ("greater", "lesser"),
    [
        pytest.param({"origin": SENSOR}, {"arrived": 9, "generation": 9, "value": 99.0}, id="rank"),
        pytest.param({"arrived": 1}, {"generation": 9, "value": 99.0}, id="arrival"),
        pytest.param({"generation": 1}, {"value": 99.0}, id="generation"),
        pytest.param({"value": 21.5}, {"value": 21.4}, id="value"),
        pytest.param({"value": 0.0}, {"value": -0.0}, id="sign of zero"),
    ],
)
@pytest.mark.parametrize("greater_first", [True, False])
async def test_the_greater_wins_whatever_came_first(
    store: SeriesStore, greater: dict[str, float], lesser: dict[str, float], greater_first: bool
) -> None:
    def batch(what: dict[str, float]) -> Batch:
        return readings(
            [1],
            [what.get("value", 20.0)],
            origin=int(what.get("origin", CLOUD)),
            arrived=int(what.get("arrived", 0)),
            generation=int(what.get("generation", 0)),
        )

    for what in (greater, lesser) if greater_first else (lesser, greater):
        await store.record([batch(what)])

    assert repr(rows(await store.read(DEVICE))) == repr([(1.0, greater.get("value", 20.0))])


async def test_repeating_a_call_changes_nothing(store: SeriesStore) -> None:
    batch = readings(range(30), np.arange(30.0).tolist())
    await store.record([batch])
    before = rows(await store.read(DEVICE))

    recorded = await store.record([batch])

    assert recorded == Recorded(stored=0, unchanged=30)
    assert rows(await store.read(DEVICE)) == before


@pytest.mark.parametrize("count", [3, 90, 2_500])
async def test_rows_that_are_there_already_count_as_unchanged_in_any_payload(
    store: SeriesStore, count: int
) -> None:
    minutes = list(range(count, 0, -1))
    values = [float(n) for n in minutes]
    await store.record([readings(minutes, values, payload=b"first")])

    longer = await store.record([readings([*minutes, 0], [*values, 9.5], arrived=1, payload=b"longer")])
    other = await store.record([readings([2, 1], [2.0, 1.5], arrived=2, payload=b"other")])

    if not isinstance(store, PartitionedSeries):
        assert longer == Recorded(stored=1, unchanged=count)
        assert other == Recorded(stored=1, unchanged=1)
    assert rows(await store.read(DEVICE))[-3:] == [(2, 2.0), (1, 1.5), (0, 9.5)]


async def test_a_payload_delivered_again_keeps_its_first_arrival(store: SeriesStore) -> None:
    old = {"payload": b"old", "device": DEVICE}
    await store.record([readings([1], [20.0], arrived=1, **old)])
    await store.record([readings([1], [21.0], arrived=2, payload=b"correction")])

    await store.record([readings([1], [20.0], arrived=3, **old)])

    assert rows(await store.read(DEVICE)) == [(1, 21.0)]


async def test_a_payload_is_known_by_device(store: SeriesStore) -> None:
    await store.record([readings([1], [20.0], arrived=1, payload=b"same")])
    await store.record([readings([1], [20.0], arrived=5, payload=b"same", device=OTHER)])

    latest = await store.latest([DEVICE, OTHER])

    arrivals = [latest[device]["temperature_c"].arrived_ms - NOW_MS for device in (DEVICE, OTHER)]
    assert arrivals == [1, 5]


async def test_latest_is_the_newest_value_of_each_quantity(store: SeriesStore) -> None:
    await store.record([readings([5, 1], [20.0, math.nan], co2_ppm=[400.0, 500.0])])
    await store.record([readings([9], [19.0], arrived=3, co2_ppm=[300.0])])

    assert (await store.latest([DEVICE, OTHER]))[DEVICE] == {
        "temperature_c": LatestValue(at_ms=NOW_MS - 300_000, value=20.0, origin=CLOUD, arrived_ms=NOW_MS),
        "co2_ppm": LatestValue(at_ms=NOW_MS - 60_000, value=500.0, origin=CLOUD, arrived_ms=NOW_MS),
    }


async def test_what_was_deleted_stays_deleted(store: SeriesStore) -> None:
    batch = readings(range(20), np.arange(20.0).tolist())
    await store.record([batch])
    interval = Interval(start_ms=NOW_MS - 15 * 60_000, end_ms=NOW_MS - 10 * 60_000)

    await store.delete(DEVICE, interval, now_ms=NOW_MS)
    late = await store.record([batch, readings([12], [99.0], arrived=9, origin=SENSOR)])

    assert late == Recorded(stored=0, unchanged=21)
    assert [minutes for minutes, _ in rows(await store.read(DEVICE))] == [19, 18, 17, 16, *range(10, -1, -1)]


async def test_a_deletion_up_to_now_lets_the_future_in(store: SeriesStore) -> None:
    await store.delete(DEVICE, Interval(), now_ms=NOW_MS - 60_000)

    recorded = await store.record([readings([2, 1, 0], [1.0, 2.0, 3.0])])

    assert recorded == Recorded(stored=1, unchanged=2)
    assert rows(await store.read(DEVICE)) == [(0, 3.0)]


async def test_deleting_one_origin_leaves_the_others(store: SeriesStore) -> None:
    await store.record([readings([2, 1], [20.0, 21.0])])
    await store.record([readings([1], [25.0], origin=SENSOR)])

    await store.delete(DEVICE, Interval(), origin=CLOUD, now_ms=NOW_MS)
    await store.record([readings([2], [99.0], arrived=9), readings([2], [30.0], origin=OTHER_CLOUD)])

    assert rows(await store.read(DEVICE)) == [(2, 30.0), (1, 25.0)]


async def test_deleting_a_winner_does_not_bring_back_what_it_had_beaten(store: SeriesStore) -> None:
    await store.record([readings(range(20), [20.0] * 20)])
    await store.record([readings(range(10), [25.0] * 10, origin=SENSOR)])

    await store.delete(DEVICE, Interval(), origin=SENSOR, now_ms=NOW_MS)

    assert [minutes for minutes, _ in rows(await store.read(DEVICE))] == list(range(19, 9, -1))


async def test_deleting_recomputes_the_latest(store: SeriesStore) -> None:
    await store.record(
        [readings(range(30, 0, -1), np.arange(30.0).tolist(), co2_ppm=[math.nan] * 29 + [400.0])]
    )

    await store.delete(DEVICE, Interval(start_ms=NOW_MS - 4 * 60_000), now_ms=NOW_MS)

    latest = (await store.latest([DEVICE]))[DEVICE]
    assert list(latest) == ["temperature_c"]
    assert latest["temperature_c"].at_ms == NOW_MS - 5 * 60_000


@pytest.mark.parametrize(
    ("batch", "field"),
    [
        pytest.param(readings([1], [20.0], colour_nm=[500.0]), "colour_nm", id="unknown quantity"),
        pytest.param(readings([1], [math.inf]), "temperature_c", id="infinite"),
        pytest.param(readings([1, 2], [-math.inf, 1.0]), "temperature_c", id="negative infinite"),
        pytest.param(readings([1, 2], [20.0]), "temperature_c", id="too short a column"),
        pytest.param(readings(range(90), [math.inf] * 90), "temperature_c", id="infinite, many"),
        pytest.param(readings([NOW_MS], [1.0]), "times_ms", id="before 1970"),
        pytest.param(readings([1], [20.0], device=DeviceNumber(-1)), "device", id="device"),
    ],
)
async def test_a_malformed_batch_is_refused_with_the_whole_call(
    store: SeriesStore, batch: Batch, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await store.record([readings([5], [19.0]), batch])

    assert refused.value.field == field
    assert rows(await store.read(DEVICE)) == []


async def test_concurrent_calls_for_one_device_count_each_row_once(store: SeriesStore) -> None:
    calls = [[readings([n % 40], [float(n % 40)], payload=b"%d" % (n % 40))] for n in range(200)]
    calls += [[readings(range(20), [float(n) for n in range(20)], payload=b"large")] for _ in range(4)]

    recorded = await asyncio.gather(*(store.record(call) for call in calls))

    assert rows(await store.read(DEVICE)) == [(float(n), float(n)) for n in range(39, -1, -1)]
    assert sum(each.stored + each.unchanged for each in recorded) == 280
    if not isinstance(store, PartitionedSeries):
        # Rows that two calls bring are stored by the one that came first.
        assert sum(each.stored for each in recorded) == 40


async def test_a_long_history_reads_and_aggregates_whole(store: SeriesStore) -> None:
    minutes = range(3_000, 0, -1)
    await store.record([readings(list(minutes), [float(n) for n in minutes])])
    await store.record([readings(list(range(2_000, 0, -7)), [0.0] * 286, arrived=1)])

    series = await store.read(DEVICE)
    buckets = await store.aggregate(DEVICE, ["temperature_c"], Interval(), "1month", "UTC", ["count", "sum"])

    values = [0.0 if n <= 2_000 and (2_000 - n) % 7 == 0 else float(n) for n in minutes]
    assert series.columns["temperature_c"].tolist() == values
    assert buckets.columns["temperature_c", "count"].sum() == 3_000
    assert buckets.columns["temperature_c", "sum"].sum() == sum(values)
