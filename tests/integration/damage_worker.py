"""Reads damaged stores for `test_damage.py`, in a process that may die of it.

`serve` is the process, `mutate` the damage, `judge` what becomes of it.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from pathlib import Path

from ownclimate.core.errors import StoreError
from ownclimate.core.ids import DeviceNumber
from ownclimate.store.lmdb import LMDBStore, open_store
from ownclimate.store.lmdb.check import examine
from tests.fakes import FakeClock, SeededEntropy

OWNERS = ("owner 1", "owner 2")
TABLES = ("devices", "rooms")
DEVICES = (DeviceNumber(1), DeviceNumber(2))
PAGE_BYTES = 4096
Reader = Callable[[LMDBStore], Awaitable[dict[str, object]]]
META_BITS = 2 * 152 * 8
KINDS = ("truncate", "zero page", "zero range", "flip bit", "flip bits", "swap pages")


def open_test_store(folder: Path) -> LMDBStore:
    return open_store(
        folder,
        clock=FakeClock(),
        entropy=SeededEntropy(5),
        head_rows=16,
        block_rows=64,
        map_bytes=16 << 20,
        reserve_bytes=0,
    )


def mutate(content: bytes, kind: str, seed: int) -> bytes:
    """One of `KINDS` of damage, or `flip meta bit`, at a place that follows from the seed."""
    chance = random.Random(seed)
    damaged = bytearray(content)
    pages = len(content) // PAGE_BYTES
    page = chance.randrange(pages) * PAGE_BYTES
    if kind == "flip meta bit":
        # Both meta pages, header and all: 152 bytes each. LMDB reads nothing else of them.
        page_number, bit = divmod(seed, META_BITS // 2)
        damaged[page_number * PAGE_BYTES + bit // 8] ^= 1 << bit % 8
        return bytes(damaged)
    if kind == "truncate":
        return content[: chance.choice((page, chance.randrange(len(content))))]
    if kind == "zero page":
        damaged[page : page + PAGE_BYTES] = bytes(PAGE_BYTES)
    elif kind == "zero range":
        begin = chance.randrange(len(content))
        length = min(chance.choice((1, 4, 64, 512, 10_000)), len(content) - begin)
        damaged[begin : begin + length] = bytes(length)
    elif kind == "swap pages":
        other = chance.randrange(pages) * PAGE_BYTES
        damaged[page : page + PAGE_BYTES] = content[other : other + PAGE_BYTES]
    else:
        for _ in range(1 if kind == "flip bit" else 8):
            # Headers and pointers are few bytes of a page, and where a flip does the most harm.
            offset = page + chance.choice(
                (chance.randrange(16), chance.randrange(64), chance.randrange(4096))
            )
            damaged[offset] ^= 1 << chance.randrange(8)
    return bytes(damaged)


async def read_documents(store: LMDBStore) -> dict[str, object]:
    """Every document by scan, forwards and backwards, and by find."""
    content: dict[str, object] = {}
    for owner in OWNERS:
        for table in TABLES:
            for reverse in (False, True):
                rows = await store.directory.scan(owner, table, reverse=reverse)
                content[f"{owner}/{table}/{reverse}"] = [(row.key, row.version, row.body) for row in rows]
            for number in range(0, 95, 5):
                key = f"{number:03}"
                content[f"{owner}/{table}/{key}"] = await store.directory.find(owner, table, key)
    return content


async def read_everything(store: LMDBStore) -> dict[str, object]:
    """Every document, every reading, every payload."""
    content = await read_documents(store)
    for owner in OWNERS:
        content[f"raw {owner}"] = await store.raw.scan(owner)
    for device in DEVICES:
        series = await store.series.read(device)
        content[f"series {device}"] = (
            series.times_ms.tolist(),
            {name: values.tolist() for name, values in series.columns.items()},
        )
    content["latest"] = await store.series.latest(DEVICES)
    return content


async def read(folder: Path, reader: Reader) -> dict[str, object]:
    store = open_test_store(folder)
    try:
        return await reader(store)
    finally:
        await store.close()


def judge(folder: Path, expected: dict[str, object], mode: str) -> str:
    """What a server makes of the store that it is about to serve (`checked`), or whose documents it is
    serving when the damage happens (`served`)."""
    if mode == "checked":
        report = examine(folder, quick=True)
        while report.is_sound and report.notes:
            report = examine(folder, quick=True)  # A busy machine had no time to see all of it.
        if not report.is_sound:
            return f"named {report.damage[0]}"
    try:
        found = asyncio.run(read(folder, read_everything if mode == "checked" else read_documents))
    except StoreError as error:
        return f"named {error}"
    wrong = [name for name, content in found.items() if expected[name] != content]
    return f"wrong {wrong[:3]}" if wrong else "same"


def serve(connection: Connection, pristine: Path, scratch: Path) -> None:
    """Answers every mutant that comes with a verdict: `same`, `named <error>` or `wrong <what>`."""
    expected = asyncio.run(read(pristine, read_everything))
    files = {name: (pristine / "1" / name / "data.mdb").read_bytes() for name in ("main", "raw")}
    shutil.copytree(pristine, scratch, ignore=shutil.ignore_patterns("lock.mdb"), dirs_exist_ok=True)
    while True:
        environment, kind, seed, mode = connection.recv()
        for name, content in files.items():
            mutant = mutate(content, kind, seed) if name == environment else content
            (scratch / "1" / name / "data.mdb").write_bytes(mutant)
        connection.send(judge(scratch, expected, mode))
