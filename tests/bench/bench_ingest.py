"""Readings over HTTP into the embedded store: rows by the hundred, rows one by one, columns.

The server is the real command in a process of its own, with its log and every check; each answer
comes when its rows are on disk. Where the machine has other work, read the server's processor time a
call, which suffers least from it. Baselines of the same run: an empty call to the same row of the table
(everything but parsing and storing), and parsing alone, in this process.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np
import orjson

from ownclimate.ingest.rows import parse_body
from tests.bench.load import Load, prepare, run
from tests.fakes.server import Server, run_json

CONNECTIONS = 64
COLUMN_CONNECTIONS = 4
LIMIT_S = 4.0
PATH = "/hooks/readings"
MAKING = f"{PATH}?device_model=bench"

START_MS = 1_700_000_000_000
STEP_MS = 300_000
QUANTITIES = ("temperature_c", "humidity_pct", "co2_ppm", "noise_db", "pressure_sea_hpa")
CALLS_OF_ONE = 60_000
CALLS_OF_100 = 6_000
CALLS_OF_COLUMNS = 120
COLUMN_ROWS = 10_000


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ownclimate-bench-") as folder:
        data = Path(folder) / "data"
        run_json(data, "user", "add", "bench@example.org", stdin="a long enough password\n")
        key = run_json(data, "hook", "add", "--owner", "bench@example.org")["key"]
        with Server.start(data) as server:
            _measure(server, key)


def _measure(server: Server, key: str) -> None:
    url = server.url
    made = [prepare(url, MAKING, _rows(device, 0, 1), key) for device in range(CONNECTIONS)]
    _checked(run(url, made, 4, 60))
    empty = [prepare(url, PATH, b'{"readings":[]}', key)] * CALLS_OF_ONE
    _run(server, "an empty call (baseline)", empty, 1, "calls/s")
    ones = [
        prepare(url, PATH, _rows(call % CONNECTIONS, 1 + call // CONNECTIONS, 1), key)
        for call in range(CALLS_OF_ONE)
    ]
    _run(server, "rows one by one", ones, 1, "rows/s")
    hundreds = [
        prepare(url, PATH, _rows(call % CONNECTIONS, 10_000 + 100 * (call // CONNECTIONS), 100), key)
        for call in range(CALLS_OF_100)
    ]
    _run(server, "rows by the hundred", hundreds, 100, "rows/s")
    _show_parsing("  parsing alone (baseline)", _rows(0, 0, 100), 100, "rows/s")
    columns = [
        prepare(url, PATH, _columns(call % CONNECTIONS, 100_000 + COLUMN_ROWS * (call // CONNECTIONS)), key)
        for call in range(CALLS_OF_COLUMNS)
    ]
    values = COLUMN_ROWS * len(QUANTITIES)
    _run(server, "columns of 10,000 × 5", columns, values, "values/s", connections=COLUMN_CONNECTIONS)
    _show_parsing("  parsing alone (baseline)", _columns(0, 0), values, "values/s")


def _rows(device: int, first: int, count: int) -> bytes:
    """Five quantities at five-minute steps, instants as text."""
    readings = [
        {
            "device": f"bench-{device}",
            "at": f"{np.datetime64(START_MS + (first + i) * STEP_MS, 'ms')}Z",
            "temperature_c": 20 + (first + i) % 50 / 10,
            "humidity_pct": 40 + (first + i) % 20,
            "co2_ppm": 400 + (first + i) % 700,
            "noise_db": 30 + (first + i) % 12,
            "pressure_sea_hpa": 1000 + (first + i) % 300 / 10,
        }
        for i in range(count)
    ]
    return msgspec.json.encode({"readings": readings})


def _columns(device: int, first: int) -> bytes:
    places = np.arange(first, first + COLUMN_ROWS)
    columns = {
        "device": f"bench-{device}",
        "at": START_MS + places * STEP_MS,
        "temperature_c": np.round(20 + 5 * np.sin(places / 46), 1),
        "humidity_pct": np.round(45 + 10 * np.sin(places / 77)),
        "co2_ppm": np.round(700 + 300 * np.sin(places / 23)),
        "noise_db": np.round(35 + 4 * np.sin(places / 5)),
        "pressure_sea_hpa": np.round(1013 + 9 * np.sin(places / 311), 1),
    }
    return orjson.dumps({"columns": columns}, option=orjson.OPT_SERIALIZE_NUMPY)


def _run(
    server: Server,
    name: str,
    requests: list[bytes],
    each: int,
    unit: str,
    *,
    connections: int = CONNECTIONS,
) -> None:
    before_s = _processor_s(server)
    load = run(server.url, requests, connections, LIMIT_S)
    _checked(load)
    processor_us = (_processor_s(server) - before_s) / load.answered * 1e6
    print(
        f"ingest: {name:28} {load.per_second * each:11,.0f} {unit:8}"
        f" p50 {load.percentile_ms(0.5):6.1f} ms  p99 {load.percentile_ms(0.99):6.1f} ms"
        f"  {processor_us:8,.0f} µs of the server's processors a call",
        flush=True,
    )


def _processor_s(server: Server) -> float:
    """Time that the server's threads have spent on processors; 0 where the system does not tell."""
    stat = Path(f"/proc/{server.process.pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def _show_parsing(name: str, body: bytes, each: int, unit: str) -> None:
    rounds, start_s = 0, time.process_time()
    while time.process_time() - start_s < 0.5:
        parse_body(body, START_MS * 2)
        rounds += 1
    rate = rounds * each / (time.process_time() - start_s)
    print(f"ingest: {name:28} {rate:11,.0f} {unit}", flush=True)


def _checked(load: Load) -> None:
    if load.refused:
        raise RuntimeError(f"{load.refused} calls were refused: {load.first_refusal[:2000]!r}")


if __name__ == "__main__":
    main()
