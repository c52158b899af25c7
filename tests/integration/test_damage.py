"""A damaged store gives what was stored or says what is wrong, and never anything else.

Copies of one small store are truncated, zeroed, bit-flipped or given a page in the wrong place, in
processes that may die of reading them; see `damage_worker.py`.
"""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest

from ownclimate.core.ports import Put, RawEntry
from ownclimate.core.readings import Batch, OriginKind, origin_number
from tests.fakes.processes import PROCESSES
from tests.integration import damage_worker
from tests.integration.damage_worker import DEVICES, KINDS, META_BITS, OWNERS, TABLES, open_test_store

MUTANTS_A_KIND = 2000 if os.environ.get("TEST_FULL") else 170
META_BIT_STEP = 1 if os.environ.get("TEST_FULL") else 29
WORKERS = 2

Mutant = tuple[str, str, int, str]
"""Environment, kind of damage, seed, mode."""


class Worker:
    """A damage worker, started again whenever a mutant has killed it."""

    def __init__(self, pristine: Path, scratch: Path) -> None:
        self.folders = (pristine, scratch)
        self.child: BaseProcess | None = None

    def judge(self, mutant: Mutant) -> str:
        if self.child is None:
            self.connection, theirs = PROCESSES.Pipe()
            self.child = PROCESSES.Process(
                target=damage_worker.serve, args=(theirs, *self.folders), daemon=True
            )
            self.child.start()
            theirs.close()
        try:
            self.connection.send(mutant)
            return str(self.connection.recv())
        except (EOFError, ConnectionError):
            self.child.join()
            code = self.child.exitcode
            self.child = None
            assert code is not None
            # The fork server says 255 when it could not learn how its child ended.
            assert code != 1, "the worker itself has a fault; see its output"
            return f"died with {code}"

    def close(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child.join()


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


def mutants(mode: str, count: int, environments: tuple[str, ...]) -> list[Mutant]:
    return [
        (environments[seed % len(environments)], kind, seed, mode) for kind in KINDS for seed in range(count)
    ]


async def test_what_passes_the_check_before_serving_is_never_answered_wrongly(
    pristine: Path, tmp_path: Path
) -> None:
    cases = mutants("checked", MUTANTS_A_KIND, ("main", "main", "main", "raw"))

    verdicts = judge_all(pristine, tmp_path, cases)

    # Some damage is in free pages and hurts nobody.
    outcomes = Counter(verdict.split()[0] for verdict in verdicts)
    assert len(cases) >= 1000
    assert outcomes["named"] > outcomes["same"] > 0
    assert faults(cases, verdicts, ("same", "named")) == []


async def test_no_bit_of_a_meta_page_brings_back_an_older_state(pristine: Path, tmp_path: Path) -> None:
    cases = [("main", "flip meta bit", bit, "checked") for bit in range(0, META_BITS, META_BIT_STEP)]

    verdicts = judge_all(pristine, tmp_path, cases)

    assert faults(cases, verdicts, ("same", "named")) == []


async def test_documents_damaged_under_a_running_server_are_never_answered_wrongly(
    pristine: Path, tmp_path: Path
) -> None:
    """LMDB's assertions may end the server, whose next start meets the check."""
    cases = mutants("served", MUTANTS_A_KIND // 4, ("main",))

    verdicts = judge_all(pristine, tmp_path, cases)

    assert faults(cases, verdicts, ("same", "named", "died")) == []


def faults(cases: list[Mutant], verdicts: list[str], allowed: tuple[str, ...]) -> list[tuple[Mutant, str]]:
    return [
        (case, verdict)
        for case, verdict in zip(cases, verdicts, strict=True)
        if not verdict.startswith(allowed)
    ]
