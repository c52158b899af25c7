"""Aggregates of every adapter agree with loops over `datetime`, also across clock changes and blocks."""

from __future__ import annotations

import math
import os
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ownclimate.core.errors import InvalidInput
from ownclimate.core.ids import DeviceNumber
from ownclimate.core.ports import SeriesStore
from ownclimate.core.readings import FUNCTIONS, STEPS, Batch, Interval, OriginNumber
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.series import DATABASES, LMDBSeries
from ownclimate.store.memory_series import MemorySeries
from tests.contract.store.series_model import aggregate
from tests.fakes import FakeClock

FULL = bool(os.environ.get("TEST_FULL"))
DEVICE = DeviceNumber(9)
HOUR_MS = 3_600_000
QUANTITIES = ("temperature_c", "wind_direction_deg")

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
BEGINNINGS_MS = {
    "spring in Berlin": 1_774_745_400_000,  # 2026-03-29T00:50Z, ten minutes before the change
    "autumn in Berlin": 1_792_889_400_000,  # 2026-10-25T00:50Z
    "spring in New York": 1_772_951_400_000,  # 2026-03-08T06:30Z
    "autumn in New York": 1_793_509_800_000,  # 2026-11-01T05:10Z
    "autumn on Lord Howe": 1_775_314_200_000,  # 2026-04-04T14:50Z, by half an hour
    "Nepal moves by a quarter of an hour": 504_900_600_000,  # 1985-12-31T18:10Z
    "turn of the year": 1_767_222_000_000,  # 2025-12-31T23:00Z
}


@pytest.fixture(params=("memory", "lmdb"))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SeriesStore]:
    if request.param == "memory":
        yield MemorySeries()
        return
    environment = Environment.open(
        tmp_path, databases=DATABASES, map_bytes=64 << 20, reserve_bytes=0, sync=False
    )
    yield LMDBSeries(environment, clock=FakeClock(), head_rows=4, block_rows=16, large_rows=8, fanout=2)
    environment.close()


def readings(begin_ms: int, steps: list[int], seed: int) -> Batch:
    """Instants at the given distances; one value in five is absent."""
    random = np.random.default_rng(seed)
    times_ms = begin_ms + np.cumsum(np.array(steps, np.int64))
    temperature = np.round(random.normal(20, 5, len(steps)), 1)
    direction = random.integers(-1, 360, len(steps)).astype(float)
    for column in (temperature, direction):
        column[random.random(len(steps)) < 0.2] = math.nan
    return Batch(
        device=DEVICE,
        times_ms=times_ms,
        columns={"temperature_c": temperature, "wind_direction_deg": direction},
        origin=OriginNumber(7),
        arrived_ms=begin_ms,
    )


async def assert_aggregates(store: SeriesStore, interval: Interval, step: str, zone: str) -> None:
    series = await store.read(DEVICE, interval, QUANTITIES)
    rows = {
        at_ms: {
            name: column[place] for name, column in series.columns.items() if column[place] == column[place]
        }
        for place, at_ms in enumerate(series.times_ms.tolist())
    }
    expected = {quantity: aggregate(rows, quantity, step, zone) for quantity in QUANTITIES}

    buckets = await store.aggregate(DEVICE, QUANTITIES, interval, step, zone, FUNCTIONS)

    starts = sorted({start for by_start in expected.values() for start in by_start})
    assert buckets.starts_ms.tolist() == starts
    for (quantity, function), column in buckets.columns.items():
        wanted = [expected[quantity].get(start, {}).get(function, math.nan) for start in starts]
        if function == "circular_mean":
            # Opposite winds cancel out: then rounding decides the direction, and 0 is also 360.
            distance = np.abs((column - np.array(wanted) + 180) % 360 - 180)
            assert ((distance < 1e-3) | np.isnan(distance)).all()
            assert np.array_equal(np.isnan(column), np.isnan(wanted))
        else:
            np.testing.assert_allclose(column, wanted, rtol=1e-9, atol=1e-9, err_msg=f"{quantity} {function}")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("begin", BEGINNINGS_MS)
async def test_buckets_follow_the_zone(store: SeriesStore, step: str, begin: str) -> None:
    dense = [17 * 60_000] * 30 + [HOUR_MS] * 20 + [19 * HOUR_MS] * 5
    batch = readings(BEGINNINGS_MS[begin] - 12 * HOUR_MS, dense, seed=1)
    await store.record([batch])
    interval = Interval(start_ms=int(batch.times_ms[2]) + 1, end_ms=int(batch.times_ms[-3]))

    for zone in ZONES if FULL or step not in ("5min", "30min") else ZONES[:3]:
        await assert_aggregates(store, interval, step, zone)


@given(
    begin=st.sampled_from(sorted(BEGINNINGS_MS.values())),
    lead_h=st.integers(0, 800),
    steps=st.lists(st.sampled_from((1, 60_000, 600_000, HOUR_MS, 26 * HOUR_MS)), min_size=1, max_size=60),
    step=st.sampled_from(STEPS),
    zone=st.sampled_from(ZONES),
    seed=st.integers(0, 99),
)
@settings(max_examples=600 if FULL else 25, deadline=None, suppress_health_check=list(HealthCheck))
async def test_any_readings_aggregate_like_loops(
    store: SeriesStore, begin: int, lead_h: int, steps: list[int], step: str, zone: str, seed: int
) -> None:
    # The store is shared by all examples, so that what earlier ones recorded overlaps with this one.
    batch = readings(begin - lead_h * HOUR_MS, steps, seed)
    await store.record([batch])
    if isinstance(store, LMDBSeries):
        store.seal_due()
    interval = Interval(start_ms=int(batch.times_ms[0]), end_ms=int(batch.times_ms[-1]) + 1)

    await assert_aggregates(store, interval, step, zone)


async def test_first_and_last_bucket_count_only_what_lies_inside(store: SeriesStore) -> None:
    begin_ms = 1_795_219_200_000
    await store.record([readings(begin_ms, [600_000] * 24, seed=2)])
    interval = Interval(start_ms=begin_ms + 1_500_000, end_ms=begin_ms + 6_000_000)

    await assert_aggregates(store, interval, "1h", "UTC")


async def test_buckets_without_any_asked_value_are_left_out(store: SeriesStore) -> None:
    await store.record([readings(1_795_219_200_000, [600_000] * 4, seed=2)])

    buckets = await store.aggregate(DEVICE, ["co2_ppm"], Interval(), "1h", "UTC", ["mean", "count"])

    assert len(buckets) == 0
    assert {key: len(column) for key, column in buckets.columns.items()} == {
        ("co2_ppm", "mean"): 0,
        ("co2_ppm", "count"): 0,
    }


@pytest.mark.parametrize(
    ("step", "zone", "function", "field"),
    [
        pytest.param("2h", "UTC", "mean", "step", id="step"),
        pytest.param("1h", "Europe/Atlantis", "mean", "zone", id="zone"),
        pytest.param("1h", "../../etc/passwd", "mean", "zone", id="path as zone"),
        pytest.param("1h", "UTC", "median", "functions", id="function"),
    ],
)
async def test_unknown_words_are_refused(
    store: SeriesStore, step: str, zone: str, function: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await store.aggregate(DEVICE, ["co2_ppm"], Interval(), step, zone, [function])

    assert refused.value.field == field
