"""Reads damaged stores for `test_damage.py`, in a process that may die of it.

Started with a folder that holds a sound store and a scratch folder. Each line on stdin is a mutant
(see `mutate`) and a mode; each gets one line on stdout: `same`, `named <error>` or `wrong <what>`.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import sys
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
    """One of `KINDS` of damage at a place that follows from the seed."""
    chance = random.Random(seed)
    damaged = bytearray(content)
    pages = len(content) // PAGE_BYTES
    page = chance.randrange(pages) * PAGE_BYTES
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


async def read_everything(store: LMDBStore) -> dict[str, object]:
    """Every document by scan and by find, every reading, every payload."""
    content: dict[str, object] = {}
    for owner in OWNERS:
        for table in TABLES:
            rows = await store.directory.scan(owner, table)
            content[f"{owner}/{table}"] = [(row.key, row.version, row.body) for row in rows]
            for number in range(90):
                content[f"{owner}/{table}/{number}"] = await store.directory.find(
                    owner, table, f"{number:03}"
                )
        content[f"raw {owner}"] = await store.raw.scan(owner)
    for device in DEVICES:
        series = await store.series.read(device)
        content[f"series {device}"] = (
            series.times_ms.tolist(),
            {name: values.tolist() for name, values in series.columns.items()},
        )
    content["latest"] = await store.series.latest(DEVICES)
    return content


async def read(folder: Path) -> dict[str, object]:
    store = open_test_store(folder)
    try:
        return await read_everything(store)
    finally:
        await store.close()


def judge(folder: Path, expected: dict[str, object], gated: bool) -> str:
    """What a server would make of the store, or (not gated) one that was running when it was damaged."""
    if gated:
        report = examine(folder, quick=True)
        if not report.is_sound:
            return f"named {report.damage[0]}"
        assert not report.notes, report.notes
    try:
        found = asyncio.run(read(folder))
    except StoreError as error:
        return f"named {error}"
    except Exception as error:
        return f"unnamed {type(error).__name__} {error}"
    wrong = [name for name, content in expected.items() if found[name] != content]
    return f"wrong {wrong[:3]}" if wrong else "same"


def main(pristine: Path, scratch: Path) -> None:
    expected = asyncio.run(read(pristine))
    for line in sys.stdin:
        environment, kind, seed, mode = line.rstrip("\n").split("\t")
        shutil.copytree(pristine, scratch, ignore=shutil.ignore_patterns("lock.mdb"))
        target = scratch / "1" / environment / "data.mdb"
        target.write_bytes(mutate(target.read_bytes(), kind, int(seed)))
        verdict = judge(scratch, expected, mode == "gated")
        print(verdict.replace("\n", " "), flush=True)
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
