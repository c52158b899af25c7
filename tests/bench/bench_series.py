"""Readings: recording, sealing, aggregating and their size on disk, each beside a plain baseline.

A ratio above 1 says how many times more than the baseline we take, for rates how many times less.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb
import numpy as np
import zstandard

from ownclimate.core.ids import DeviceNumber
from ownclimate.core.readings import Batch, Interval, OriginNumber
from ownclimate.store.batches import rows_of
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.series import DATABASES, LMDBSeries
from ownclimate.store.merging import Rows
from ownclimate.store.series_format import Block, encode

STEP_MS = 600_000
YEAR_ROWS = 365 * 144
BEGIN_MS = 1_700_000_000_000
NAMES = ("temperature_c", "humidity_pct", "co2_ppm", "noise_db", "pressure_sea_hpa")
DEVICES_AT_OPEN = 100
"""1,000 say what the requirement asks; SERIES_BENCH_DEVICES=1000 takes a minute longer."""


def main() -> None:
    asyncio.run(_run())


async def _run() -> None:
    for measure in (
        bench_format,
        bench_record_columns,
        bench_record_rows,
        bench_record_hundreds,
        bench_sealing,
        bench_aggregate,
        bench_size,
        bench_latest,
        bench_open,
    ):
        await measure()


def year(device: int, *, years: int = 1, jitter_ms: int = 0) -> Batch:
    """Plausible indoor air: daily waves, slow drift, the resolution that stations report."""
    rows = YEAR_ROWS * years
    random = np.random.default_rng(device)
    steps = np.arange(rows)
    wave = np.sin(steps / 144 * 2 * np.pi)
    slow = np.cumsum(random.normal(0, 0.02, rows)) % 4
    times_ms = BEGIN_MS + steps * STEP_MS
    if jitter_ms:
        times_ms = times_ms + random.integers(-jitter_ms, jitter_ms + 1, rows)
    return Batch(
        device=DeviceNumber(device),
        times_ms=times_ms.astype(np.int64),
        columns={
            "temperature_c": np.round(20 + 2 * wave + slow, 1),
            "humidity_pct": np.round(45 + 5 * wave + slow * 3),
            "co2_ppm": np.round(600 + 150 * wave + random.normal(0, 8, rows)),
            "noise_db": np.round(38 + 4 * wave + random.normal(0, 1.2, rows)),
            "pressure_sea_hpa": np.round(1013 + 4 * slow, 1),
        },
        origin=OriginNumber(4 | 2),
        arrived_ms=BEGIN_MS + rows * STEP_MS,
    )


def slices(batch: Batch, rows: int) -> Iterator[Batch]:
    for low in range(0, len(batch.times_ms), rows):
        yield Batch(
            device=batch.device,
            times_ms=batch.times_ms[low : low + rows],
            columns={name: column[low : low + rows] for name, column in batch.columns.items()},
            origin=batch.origin,
            arrived_ms=batch.arrived_ms,
        )


@contextmanager
def opened() -> Iterator[tuple[LMDBSeries, Environment, Path]]:
    folder = Path(tempfile.mkdtemp(prefix="bench-series"))
    environment = Environment.open(folder / "main", databases=DATABASES, reserve_bytes=0)
    try:
        yield LMDBSeries(environment), environment, folder
    finally:
        environment.close()
        shutil.rmtree(folder)


async def bench_format() -> None:
    """The choice of docs/adr/002-series-blocks.md: pcodec against delta, byte planes and zstd."""
    for what, jitter_ms in (("regular", 0), ("±3 s jitter", 3_000)):
        rows = rows_of(_head_of(year(1, jitter_ms=jitter_ms), 16_000), BEGIN_MS)
        values = len(rows) * len(NAMES)
        content = encode(1, rows)
        planes = _delta_zstd(rows)
        report(
            f"block of 16,000 rows, {what}",
            len(content) / values,
            "B/value",
            "delta + zstd 9",
            sum(map(len, planes)) / values,
        )
        took_s = await best(_now(lambda rows=rows: encode(1, rows)))
        plain_s = await best(_now(lambda rows=rows: _delta_zstd(rows)))
        report("    encoding", values / took_s / 1e6, "M values/s", "delta + zstd 9", values / plain_s / 1e6)
        took_s = await best(_now(lambda content=content: Block(content).rows_of()))
        plain_s = await best(_now(lambda planes=planes: _undo_delta_zstd(planes)))
        report("    decoding", values / took_s / 1e6, "M values/s", "delta + zstd 9", values / plain_s / 1e6)


async def bench_record_columns() -> None:
    batches = [year(device) for device in range(1, 25)]
    values = len(batches) * YEAR_ROWS * len(NAMES)
    with opened() as (store, _, folder):
        took_s = await timed(lambda: store.record(batches))
        plain_s = _plain_write(folder / "plain", batches)
    report(
        "record columns, 24 devices × 1 year",
        values / took_s / 1e6,
        "M values/s",
        "write + fsync of the raw bytes",
        values / plain_s / 1e6,
    )


async def bench_record_rows() -> None:
    """The cost of one-row calls, 64 at a time, each acknowledged when durable."""
    rows, callers = 20_000, 64
    with opened() as (store, _, folder):

        async def call(caller: int) -> None:
            for batch in slices(_head_of(year(caller + 1), rows // callers), 1):
                await store.record([batch])

        async def everybody() -> None:
            await asyncio.gather(*(call(caller) for caller in range(callers)))

        cpu_s = time.process_time()
        took_s = await timed(everybody)
        cpu_s = time.process_time() - cpu_s
        plain_s = _plain_puts(folder, rows // callers, callers)
    report(
        "one-row calls, 64 at a time, durable",
        rows / took_s,
        "rows/s",
        "one put of the raw floats, 64 a commit",
        rows / plain_s,
    )
    print(f"    {cpu_s / rows * 1e6:.0f} µs CPU a row, all threads")


async def bench_record_hundreds() -> None:
    calls, callers = 2_400, 24
    with opened() as (store, _, folder):

        async def call(caller: int) -> None:
            for batch in slices(_head_of(year(caller + 1), calls // callers * 100), 100):
                await store.record([batch])

        async def everybody() -> None:
            await asyncio.gather(*(call(caller) for caller in range(callers)))

        store.start()
        took_s = await timed(everybody)
        sealed_s = await timed(lambda: asyncio.to_thread(store.seal_due))
        await store.close()
        plain_s = _plain_write(folder / "plain", [_head_of(year(1), calls * 100)])
    rows = calls * 100
    report(
        "hundred-row calls, sealing beside",
        rows / took_s / 1e3,
        "k rows/s",
        "write + fsync of the raw bytes",
        rows / plain_s / 1e3,
    )
    print(f"    {sealed_s * 1e3:.0f} ms of merging were left at the end")


async def bench_sealing() -> None:
    """Rows go to heads; then sealing and all merging they cause, until nothing is due."""
    rows, devices = 4_096, 12
    with opened() as (store, _, folder):
        total_s = 0.0
        for low in range(0, rows, 256):
            for device in range(1, devices + 1):
                batch = next(iter(slices(_tail_of(year(device), low), 256)))
                await store.record(list(slices(batch, 32)))
            total_s += await timed(lambda: asyncio.to_thread(store.seal_due))
        plain_s = _plain_write(folder / "plain", [_head_of(year(1), rows)] * devices)
    values = rows * devices * len(NAMES)
    report(
        "steady sealing, merges included",
        values / total_s / 1e6,
        "M values/s",
        "write + fsync of the raw bytes",
        values / plain_s / 1e6,
    )


async def bench_aggregate() -> None:
    batch, ten = year(1), year(2, years=10)
    with opened() as (store, _, folder):
        await store.record([batch, ten])
        await store.compact()
        for step, step_ms in (("30min", 1_800_000), ("1day", 86_400_000)):
            took_s = await best(
                lambda step=step: store.aggregate(
                    batch.device, NAMES, Interval(), step, "Europe/Berlin", ["mean"]
                )
            )
            plain_s = min(_plain_reduce(batch, step_ms) for _ in range(7))
            report(
                f"aggregate 1 year × 5 quantities, {step} mean",
                took_s * 1e3,
                "ms",
                "reduceat over arrays in memory",
                plain_s * 1e3,
            )
        took_ms, extra_mb = _child("ten-years", folder)
    raw_mb = len(ten.times_ms) * (len(NAMES) + 1) * 8 / (1 << 20)
    report("aggregate 10 years, 30 min mean, memory added", extra_mb, "MB", "its columns as arrays", raw_mb)
    print(f"    in {took_ms:.0f} ms")


async def bench_size() -> None:
    for what, jitter_ms in (("regular", 0), ("±3 s jitter", 3_000)):
        with opened() as (store, environment, folder):
            batches = [year(device, jitter_ms=jitter_ms) for device in range(1, 9)]
            await store.record(batches)
            await store.compact()
            (folder / "copy").mkdir()
            environment.env.copy(str(folder / "copy"), compact=True)
            size = (folder / "copy" / "data.mdb").stat().st_size
            values = len(batches) * YEAR_ROWS * len(NAMES)
            report(f"bytes a value, {what}, merged and copied", size / values, "B", "float64", 8.0)


async def bench_latest() -> None:
    with opened() as (store, environment, _):
        await store.record([_head_of(year(device), 1) for device in range(1, 201)])
        wanted = [DeviceNumber(device) for device in range(1, 201)]
        took_s = await best(lambda: store.latest(wanted))
        plain_s = min(_plain_gets(environment, 200) for _ in range(7))
    report("latest of 200 devices", took_s * 1e6, "µs", "200 bare gets", plain_s * 1e6)


async def bench_open() -> None:
    devices = int(os.environ.get("SERIES_BENCH_DEVICES", DEVICES_AT_OPEN))
    folder = Path(tempfile.mkdtemp(prefix="bench-series"))
    try:
        environment = Environment.open(folder / "main", databases=DATABASES, reserve_bytes=0, sync=False)
        store = LMDBSeries(environment)
        one = year(1)
        for device in range(1, devices + 1):
            await store.record(
                [
                    Batch(
                        device=DeviceNumber(device),
                        times_ms=one.times_ms,
                        columns=one.columns,
                        origin=one.origin,
                        arrived_ms=one.arrived_ms,
                    )
                ]
            )
        environment.close()
        took_ms, anonymous_mb = _child("open", folder)
        bare_ms, bare_mb = _child("bare", folder)
    finally:
        shutil.rmtree(folder)
    report(f"open {devices} devices × 1 year, first answer", took_ms, "ms", "lmdb.open", bare_ms)
    report("    anonymous memory after it", anonymous_mb, "MB", "the same process without a store", bare_mb)


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    begun_s = time.perf_counter()
    await work()
    return time.perf_counter() - begun_s


async def best(work: Callable[[], Awaitable[object]], rounds: int = 9) -> float:
    return min([await timed(work) for _ in range(rounds)])


def report(what: str, ours: float, unit: str, baseline: str, theirs: float) -> None:
    ratio = theirs / ours if unit.endswith("/s") else ours / theirs
    print(f"{what:<46} {ours:>12,.3f} {unit:<11} {baseline}: {theirs:,.3f} (ratio {ratio:.2f})")


def _head_of(batch: Batch, rows: int) -> Batch:
    return next(slices(batch, rows))


def _tail_of(batch: Batch, low: int) -> Batch:
    return Batch(
        device=batch.device,
        times_ms=batch.times_ms[low:],
        columns={name: column[low:] for name, column in batch.columns.items()},
        origin=batch.origin,
        arrived_ms=batch.arrived_ms,
    )


def _now(work: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    async def run() -> object:
        return work()

    return run


def _delta_zstd(rows: Rows) -> list[bytes]:
    """Scaled integers, their differences (twice for instants), zigzag, byte planes, zstd."""
    compress = zstandard.ZstdCompressor(level=9).compress
    scaled = [rows.times_ms, *(np.rint(column * 10).astype(np.int64) for column in rows.columns.values())]
    planes = []
    for place, column in enumerate(scaled):
        delta = np.diff(column, prepend=0)
        if place == 0:
            delta = np.diff(delta, prepend=0)
        zigzag = ((delta << 1) ^ (delta >> 63)).astype(np.uint64)
        planes.append(compress(zigzag.view(np.uint8).reshape(-1, 8).T.tobytes()))
    return planes


def _undo_delta_zstd(planes: list[bytes]) -> list[object]:
    columns: list[object] = []
    for place, content in enumerate(planes):
        planar = np.frombuffer(zstandard.ZstdDecompressor().decompress(content), np.uint8).reshape(8, -1)
        zigzag = np.ascontiguousarray(planar.T).view(np.uint64).ravel()
        delta = (zigzag >> np.uint64(1)).astype(np.int64) ^ -(zigzag & np.uint64(1)).astype(np.int64)
        column = np.cumsum(np.cumsum(delta) if place == 0 else delta)
        columns.append(column if place == 0 else column / 10)
    return columns


def _plain_write(file: Path, batches: list[Batch]) -> float:
    begun_s = time.perf_counter()
    with file.open("wb") as stream:
        for batch in batches:
            stream.write(batch.times_ms.tobytes())
            for column in batch.columns.values():
                stream.write(column.tobytes())
        stream.flush()
        os.fsync(stream.fileno())
    return time.perf_counter() - begun_s


def _plain_puts(folder: Path, commits: int, puts: int) -> float:
    value = np.zeros(len(NAMES)).tobytes()
    with lmdb.open(str(folder / "plain"), map_size=1 << 30) as env:
        begun_s = time.perf_counter()
        for commit in range(commits):
            with env.begin(write=True) as transaction:
                for put in range(puts):
                    transaction.put(put.to_bytes(4, "big") + commit.to_bytes(8, "big"), value)
        return time.perf_counter() - begun_s


def _plain_gets(environment: Environment, count: int) -> float:
    devices = environment.database("series_devices")
    begun_s = time.perf_counter()
    with environment.read() as transaction:
        for device in range(1, count + 1):
            transaction.get(device.to_bytes(4, "big"), db=devices)
    return time.perf_counter() - begun_s


def _plain_reduce(batch: Batch, step_ms: int) -> float:
    begun_s = time.perf_counter()
    buckets = batch.times_ms // step_ms
    firsts = np.flatnonzero(np.diff(buckets, prepend=-1))
    counts = np.diff(firsts, append=len(buckets))
    for column in batch.columns.values():
        np.add.reduceat(column, firsts) / counts
    return time.perf_counter() - begun_s


def _child(what: str, folder: Path) -> tuple[float, float]:
    answer = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_series", what, str(folder / "main")],
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = answer.stdout.split()
    return float(first), float(second)


def _as_child(what: str, folder: Path) -> None:
    """Prints milliseconds and megabytes of anonymous memory (its peak growth for "ten-years")."""
    begun_s = time.perf_counter()
    if what == "bare":
        lmdb.open(str(folder), readonly=True, max_dbs=16)
        print((time.perf_counter() - begun_s) * 1e3, _anonymous_mb())
        return
    environment = Environment.open(folder, databases=DATABASES)
    store = LMDBSeries(environment)
    if what == "open":
        asyncio.run(store.read(DeviceNumber(1), Interval(), limit=1, newest=True))
        print((time.perf_counter() - begun_s) * 1e3, _anonymous_mb())
        return
    before_mb = _anonymous_mb()
    peak_mb = before_mb
    done = threading.Event()

    def watch() -> None:
        nonlocal peak_mb
        while not done.wait(0.001):
            peak_mb = max(peak_mb, _anonymous_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    begun_s = time.perf_counter()
    asyncio.run(store.aggregate(DeviceNumber(2), NAMES, Interval(), "30min", "Europe/Berlin", ["mean"]))
    took_ms = (time.perf_counter() - begun_s) * 1e3
    done.set()
    watcher.join()
    print(took_ms, max(peak_mb, _anonymous_mb()) - before_mb)


def _anonymous_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the kernel does not tell RssAnon")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _as_child(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
