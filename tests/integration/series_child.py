"""The process that `test_series_crash` kills: `python -m tests.integration.series_child FOLDER`.

It imports everything once and then, for each line on its input, forks a writer, which alone opens the
store. So a round costs milliseconds, and no environment is ever carried across a fork.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from itertools import count
from pathlib import Path

import numpy as np

from ownclimate.core.ids import DeviceNumber
from ownclimate.core.readings import Batch, OriginNumber
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.series import DATABASES, LMDBSeries

BEGIN_MS = 1_767_225_600_000
DEVICES = 3
CALLERS = 4
"""Calls on their way at once, so that kills fall into shared commits."""


def open_series(folder: Path) -> tuple[Environment, LMDBSeries]:
    """Tiny blocks: sealing and merging are always under way."""
    environment = Environment.open(folder, databases=DATABASES, map_bytes=1 << 30, reserve_bytes=0)
    return environment, LMDBSeries(environment, head_rows=8, block_rows=64, large_rows=12, fanout=3)


def call(number: int) -> list[Batch]:
    """What the call with this number records: the same at every repetition. Instants never repeat."""
    random_ = random.Random(number)
    rows = random_.choice((1, 1, 1, 2, 5, 20))
    # Some calls are late by up to fifty others: their rows fall between those in blocks.
    at = number - (random_.randrange(50) if random_.random() < 0.2 else 0)
    times_ms = BEGIN_MS + at * 60_000_000 + number % 60_000 * 50 + np.arange(rows)
    return [
        Batch(
            device=DeviceNumber(number % DEVICES + 1),
            times_ms=times_ms.astype(np.int64),
            columns={"temperature_c": np.full(rows, number / 10), "humidity_pct": np.arange(rows) * 1.0},
            origin=OriginNumber(7),
            arrived_ms=BEGIN_MS + number,
        )
    ]


async def write(series: LMDBSeries, first: int, stride: int) -> None:
    """Records every `stride`th call from `first` on, for ever; says each number once acknowledged."""
    numbers = count(first, stride)

    async def caller() -> None:
        for number in numbers:
            await series.record(call(number))
            os.write(1, f"{number}\n".encode())

    await asyncio.gather(*(caller() for _ in range(CALLERS)))


def main() -> None:
    folder = Path(sys.argv[1])
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.write(1, f"pid {os.getpid()}\n".encode())
            _, series = open_series(folder)
            series.start()
            first, stride = map(int, line.split())
            asyncio.run(write(series, first, stride))
        os.waitpid(pid, 0)
        os.write(1, b"end\n")


if __name__ == "__main__":
    main()
