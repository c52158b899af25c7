"""A writer killed at any moment, sealing included, loses no acknowledged row and doubles none."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from ownclimate.core.ids import DeviceNumber
from tests.integration.series_child import DEVICES, call, open_series

STORES = 25 if os.environ.get("TEST_FULL") else 1
ROUNDS = 20
"""A store's rows are all looked at after each of its rounds, so a run of 500 needs several stores."""
OPENED_WITHIN_S = 2.0
"""It takes milliseconds; the rest is for a machine that is busy with other tests."""


@pytest.mark.parametrize("seed", range(STORES))
def test_acknowledged_rows_survive_kill_9(tmp_path: Path, seed: int) -> None:
    moments = random.Random(seed)
    acknowledged: set[int] = set()
    first = 0
    with writer(tmp_path) as child:
        for _ in range(ROUNDS):
            # Calls that were on their way at the kill are repeated: they may have landed or not.
            while first in acknowledged:
                first += 1
            acknowledged |= write_until_killed(child, first, 1, moments.uniform(0.005, 0.25))
            _assert_all_there(tmp_path, acknowledged)
    assert len(acknowledged) > ROUNDS * 5


def test_two_processes_record_and_seal_the_same_devices(tmp_path: Path) -> None:
    """Commands run beside a server: what either has in memory must not matter."""
    with writer(tmp_path) as first, writer(tmp_path) as second, ThreadPoolExecutor() as pool:
        runs = [
            pool.submit(write_until_killed, child, start, 2, 0.7)
            for start, child in enumerate((first, second))
        ]
        acknowledged = [run.result() for run in runs]

    assert all(acknowledged)
    _assert_all_there(tmp_path, acknowledged[0] | acknowledged[1])


@contextmanager
def writer(folder: Path) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.series_child", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def write_until_killed(child: subprocess.Popen[str], first: int, stride: int, life_s: float) -> set[int]:
    """The numbers of the calls that were acknowledged."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{first} {stride}\n")
    child.stdin.flush()
    pid = int(child.stdout.readline().split()[1])
    killer = threading.Thread(target=_kill_after, args=(pid, life_s))
    killer.start()
    acknowledged = set()
    while (line := child.stdout.readline()) != "end\n":
        acknowledged.add(int(line))
    killer.join()
    return acknowledged


def _kill_after(pid: int, delay_s: float) -> None:
    time.sleep(delay_s)
    os.kill(pid, signal.SIGKILL)


def _assert_all_there(folder: Path, acknowledged: set[int]) -> None:
    begun_s = time.monotonic()
    environment, series = open_series(folder)
    assert time.monotonic() - begun_s < OPENED_WITHIN_S
    found: dict[tuple[int, int], float] = {}
    for device in range(1, DEVICES + 1):
        read = asyncio.run(series.read(DeviceNumber(device)))
        times_ms = read.times_ms.tolist()
        assert times_ms == sorted(set(times_ms))
        for at_ms, value in zip(times_ms, read.columns.get("temperature_c", ()), strict=True):
            found[device, at_ms] = float(value)
    assert series.check() == []
    environment.close()

    for number in acknowledged:
        for batch in call(number):
            for at_ms in batch.times_ms.tolist():
                assert found.get((batch.device, at_ms)) == number / 10, f"call {number} is not there"
    # Every row there is the row of a call, so none is there twice under another instant.
    sent = range(max(acknowledged, default=0) + 40)
    allowed = {(b.device, at) for number in sent for b in call(number) for at in b.times_ms.tolist()}
    assert found.keys() <= allowed
