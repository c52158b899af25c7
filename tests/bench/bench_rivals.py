"""The same readings into VictoriaMetrics and InfluxDB, where they are installed, beside ours.

Each gets 8 devices × 1 year × 5 quantities through its own HTTP interface in its densest text format,
prepared before the clock runs, and answers the same question: one device, one year, mean by 30 minutes.
Ours is called in process, so the figures say what the engines do, not what HTTP costs.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import orjson

from ownclimate.core.readings import Batch, Interval
from tests.bench.bench_series import NAMES, STEP_MS, YEAR_ROWS, best, opened, report, timed, year

DEVICES = 8
VALUES = DEVICES * YEAR_ROWS * len(NAMES)
STARTUP_S = 20.0


def main() -> None:
    rivals = [
        (name, run)
        for name, program, run in (
            ("VictoriaMetrics", "victoria-metrics", victoria_metrics),
            ("InfluxDB", "influxd", influxdb),
        )
        if shutil.which(program)
    ]
    if not rivals:
        print("neither VictoriaMetrics nor InfluxDB is installed: nothing to compare with")
        return
    batches = [year(device) for device in range(1, DEVICES + 1)]
    record_s, aggregate_s = asyncio.run(_ours(batches))
    for name, run in rivals:
        folder = Path(tempfile.mkdtemp(prefix="bench-rival"))
        try:
            write_s, query_s = run(folder, batches)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        report(
            "ingest, 8 devices × 1 year", VALUES / record_s / 1e6, "M values/s", name, VALUES / write_s / 1e6
        )
        report("aggregate 1 year × 5 quantities, 30 min", aggregate_s * 1e3, "ms", name, query_s * 1e3)


async def _ours(batches: Sequence[Batch]) -> tuple[float, float]:
    with opened() as (store, _, _):
        record_s = await timed(lambda: store.record(batches))
        device = batches[0].device
        aggregate_s = await best(lambda: store.aggregate(device, NAMES, Interval(), "30min", "UTC", ["mean"]))
    return record_s, aggregate_s


def victoria_metrics(folder: Path, batches: Sequence[Batch]) -> tuple[float, float]:
    port = _free_port()
    command = [
        "victoria-metrics",
        f"-storageDataPath={folder}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",
        "-search.disableCache",
        "-search.latencyOffset=0s",
    ]
    bodies = [
        b"\n".join(
            orjson.dumps(
                {
                    "metric": {"__name__": name, "device": str(batch.device)},
                    "values": batch.columns[name].tolist(),
                    "timestamps": batch.times_ms.tolist(),
                }
            )
            for name in NAMES
        )
        for batch in batches
    ]
    query = quote('avg_over_time({device="1"}[30m])')
    first_s, last_s = int(batches[0].times_ms[0]) // 1000, int(batches[0].times_ms[-1]) // 1000
    path = f"/api/v1/query_range?query={query}&start={first_s}&end={last_s}&step=30m"
    with _running(command, port, "/health"):
        begun_s = time.perf_counter()
        for body in bodies:
            _call(port, "POST", "/api/v1/import", body)
        write_s = time.perf_counter() - begun_s
        _call(port, "GET", "/internal/force_flush")
        query_s = _best_call(
            port, path, lambda answer: len(orjson.loads(answer)["data"]["result"]) == len(NAMES)
        )
    return write_s, query_s


def influxdb(folder: Path, batches: Sequence[Batch]) -> tuple[float, float]:
    port, backup_port = _free_port(), _free_port()
    environment = {
        "INFLUXDB_META_DIR": str(folder / "meta"),
        "INFLUXDB_DATA_DIR": str(folder / "data"),
        "INFLUXDB_DATA_WAL_DIR": str(folder / "wal"),
        "INFLUXDB_DATA_QUERY_LOG_ENABLED": "false",
        "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{port}",
        "INFLUXDB_HTTP_LOG_ENABLED": "false",
        "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{backup_port}",
        "INFLUXDB_REPORTING_DISABLED": "true",
    }
    bodies = [body for batch in batches for body in _lines(batch)]
    means = ",".join(f"mean({name})" for name in NAMES)
    first_ms, last_ms = int(batches[0].times_ms[0]), int(batches[0].times_ms[-1]) + STEP_MS
    question = (
        f"select {means} from r where device='1' and time >= {first_ms}ms and time < {last_ms}ms "
        "group by time(30m) fill(none)"
    )
    path = f"/query?db=bench&epoch=ms&q={quote(question)}"
    with _running(["influxd"], port, "/ping", environment):
        _call(port, "POST", f"/query?q={quote('create database bench')}")
        begun_s = time.perf_counter()
        for body in bodies:
            _call(port, "POST", "/write?db=bench&precision=ms", body)
        write_s = time.perf_counter() - begun_s
        query_s = _best_call(
            port, path, lambda answer: len(orjson.loads(answer)["results"][0]["series"]) == 1
        )
    return write_s, query_s


def _lines(batch: Batch) -> Iterator[bytes]:
    """Line protocol in bodies of 10,000 rows."""
    columns = [batch.columns[name].tolist() for name in NAMES]
    times_ms = batch.times_ms.tolist()
    fields = ",".join(f"{name}=%s" for name in NAMES)
    line = f"r,device={batch.device} {fields} %d"
    lines = [line % (*values, at_ms) for at_ms, *values in zip(times_ms, *columns, strict=True)]
    for low in range(0, len(lines), 10_000):
        yield "\n".join(lines[low : low + 10_000]).encode()


@contextmanager
def _running(
    command: Sequence[str], port: int, health: str, environment: dict[str, str] | None = None
) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        env=os.environ | (environment or {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline_s = time.monotonic() + STARTUP_S
        while True:
            try:
                _call(port, "GET", health)
                break
            except OSError:
                if time.monotonic() > deadline_s or process.poll() is not None:
                    raise
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _call(port: int, method: str, path: str, body: bytes | None = None) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status >= 300:
        raise RuntimeError(f"{path.split('?')[0]} answered {answer.status}: {content[:200]!r}")
    return content


def _best_call(port: int, path: str, is_right: Callable[[bytes], bool]) -> float:
    took_s = []
    for _ in range(5):
        begun_s = time.perf_counter()
        answer = _call(port, "GET", path)
        took_s.append(time.perf_counter() - begun_s)
        assert is_right(answer), "the rival answered something else"
    return min(took_s)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    main()
