"""Writes documents until it is killed, and notes in a file which of them were acknowledged.

Each write puts one document into two tables and moves its task's counter on, expecting the version
that it wrote before: a lost write, a half one, or one done twice cannot go unnoticed.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from ownclimate.core.ports import ABSENT, Put
from ownclimate.store.lmdb.directory import DATABASES, LMDBDirectory
from ownclimate.store.lmdb.environment import Environment

TASKS = 8
MAP_BYTES = 1 << 30


def open_environment(folder: Path, *, read_only: bool = False) -> Environment:
    return Environment.open(folder, databases=DATABASES, map_bytes=MAP_BYTES, read_only=read_only)


async def write_on(directory: LMDBDirectory, partition: str, log: int) -> None:
    counter = await directory.find(partition, "counter", "last")
    number, version = (counter.body["number"], counter.version) if counter else (0, ABSENT)
    while True:
        number += 1
        body = {"number": number, "text": "x" * (number * 37 % 500)}
        await directory.write(
            partition,
            [
                Put(table="left", key=f"{number:08}", body=body, expect=ABSENT),
                Put(table="right", key=f"{number:08}", body=body, expect=ABSENT),
                Put(table="counter", key="last", body={"number": number}, expect=version),
            ],
            version := f"v{number}",
        )
        os.write(log, f"{partition} {number}\n".encode())


def run(folder: Path, name: str, log: Path) -> None:
    """The life of a writing process."""

    async def write_all() -> None:
        directory = LMDBDirectory(open_environment(folder))
        lines = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        await asyncio.gather(*(write_on(directory, f"{name} {task}", lines) for task in range(TASKS)))

    asyncio.run(write_all())
