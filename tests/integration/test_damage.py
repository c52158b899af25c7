"""A damaged store gives what was stored or says what is wrong, and never anything else.

Copies of one small store are truncated, zeroed, bit-flipped or given a page in the wrong place, in
processes that may die of reading them; see `damage_worker.py`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ownclimate.core.ports import Put, RawEntry
from ownclimate.core.readings import Batch, OriginKind, origin_number
from tests.integration.damage_worker import DEVICES, KINDS, OWNERS, TABLES, open_test_store

MUTANTS_A_KIND = 2000 if os.environ.get("TEST_FULL") else 180
WORKERS = 2
ROOT = Path(__file__).parents[2]

Mutant = tuple[str, str, int, str]
"""Environment, kind of damage, seed, mode."""


class Worker:
    """A damage worker, started again whenever a mutant has killed it."""

    def __init__(self, pristine: Path, scratch: Path) -> None:
        self.command = [sys.executable, "-m", "tests.integration.damage_worker", str(pristine), str(scratch)]
        self.scratch = scratch
        self.child: subprocess.Popen[str] | None = None

    def judge(self, mutant: Mutant) -> str:
        if self.child is None:
            self.child = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
            )
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write("\t".join(map(str, mutant)) + "\n")
        self.child.stdin.flush()
        verdict = self.child.stdout.readline()
        if verdict:
            return verdict.rstrip("\n")
        code = self.child.wait()
        assert code < 0, "the worker itself has a fault; see its output"
        self.child = None
        shutil.rmtree(self.scratch, ignore_errors=True)
        return f"died {code}"

    def close(self) -> None:
        if self.child is not None:
            assert self.child.stdin is not None
            self.child.stdin.close()
            self.child.wait()


def judge_all(pristine: Path, folder: Path, mutants: list[Mutant]) -> list[str]:
    """The verdicts on the mutants, by several workers at once."""

    def work(number: int) -> list[str]:
        worker = Worker(pristine, folder / f"scratch {number}")
        try:
            return [worker.judge(mutant) for mutant in mutants[number::WORKERS]]
        finally:
            worker.close()

    verdicts = [""] * len(mutants)
    with ThreadPoolExecutor(WORKERS) as pool:
        for number, some in enumerate(pool.map(work, range(WORKERS))):
            verdicts[number::WORKERS] = some
    return verdicts


@pytest.fixture
async def pristine(tmp_path: Path) -> Path:
    """A store with several levels of pages, free pages, overflow pages, blocks and head rows."""
    folder = tmp_path / "pristine"
    async with open_test_store(folder) as store:
        for version in ("first", "second"):
            for owner in OWNERS:
                for table in TABLES:
                    changes = [
                        Put(table=table, key=f"{n:03}", body={"name": version * 6, "number": n})
                        for n in range(0, 90, 1 if version == "first" else 7)
                    ]
                    await store.directory.write(owner, changes, version)
        await store.directory.write(OWNERS[0], [Put(table="rooms", key="long", body={"t": "x" * 9000})], "v")
        for number in range(20):
            payload = np.random.default_rng(number).bytes(50 if number % 5 else 5000)
            await store.raw.keep(
                RawEntry(
                    owner=OWNERS[number % 2],
                    source=f"source {number % 3}",
                    kind="frame",
                    received_ms=1000 + number,
                    payload=payload,
                    digest=number.to_bytes(16),
                )
            )
        for device in DEVICES:
            for part in range(6):
                times = np.arange(50) * 60_000 + 1_700_000_000_000 + part * 3_000_000
                await store.series.record(
                    [
                        Batch(
                            device=device,
                            times_ms=times,
                            columns={"temperature_c": 20 + np.sin(times / 1e6)},
                            origin=origin_number(0, OriginKind.DEVICE),
                            arrived_ms=1_795_255_200_000 + part,
                        )
                    ]
                )
    return folder


def mutants(mode: str, count: int) -> Iterator[Mutant]:
    for kind in KINDS:
        for seed in range(count):
            yield ("raw" if seed % 5 == 0 else "main", kind, seed, mode)


async def test_a_store_that_passed_the_check_before_serving_never_answers_wrongly(
    pristine: Path, tmp_path: Path
) -> None:
    cases = list(mutants("gated", MUTANTS_A_KIND))

    verdicts = judge_all(pristine, tmp_path, cases)

    assert [
        (case, verdict)
        for case, verdict in zip(cases, verdicts, strict=True)
        if not verdict.startswith(("same", "named"))
    ] == []
    print(Counter(verdict.split()[0] for verdict in verdicts))
