"""A full disk refuses writes and nothing else, and is over when there is room again."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ownclimate.core.errors import StoreUnavailable
from ownclimate.core.ports import Delete, Put
from ownclimate.store.lmdb.directory import DATABASES, LMDBDirectory
from ownclimate.store.lmdb.environment import Environment

BODY = {"text": "x" * 3000}
TMPFS_MIB = 3


async def fill(directory: LMDBDirectory, first: int = 0) -> int:
    """Writes documents until one is refused; how many are stored."""
    number = first
    while True:
        try:
            await directory.write("o", [Put(table="t", key=f"{number:06}", body=BODY)], "v")
        except StoreUnavailable:
            return number
        number += 1


async def require_rows(directory: LMDBDirectory, expected: range) -> None:
    assert [f"{number:06}" for number in expected] == [row.key for row in await directory.scan("o", "t")]


async def test_below_the_reserve_only_what_removes_is_written(tmp_path: Path) -> None:
    free = [1000]
    environment = Environment.open(
        tmp_path, databases=DATABASES, map_bytes=8 << 20, reserve_bytes=500, free_bytes=lambda: free[0]
    )
    directory = LMDBDirectory(environment)
    await directory.write("o", [Put(table="t", key=f"{n:06}", body=BODY) for n in range(3)], "v")

    free[0] = 499
    time.sleep(0.25)  # Longer than an answer about free space is believed.
    with pytest.raises(StoreUnavailable) as refusal:
        await directory.write("o", [Put(table="t", key="refused", body={})], "v")
    assert refusal.value.retry_after_s > 0
    await directory.write(
        "o", [Delete(table="t", key="000000"), Put(table="audit", key="1", body={"removed": "000000"})], "v"
    )
    await require_rows(directory, range(1, 3))

    free[0] = 500
    time.sleep(0.25)
    await directory.write("o", [Put(table="t", key="000003", body={})], "v")
    await require_rows(directory, range(1, 4))
    environment.close()


async def test_a_full_map_keeps_a_reserve_for_removing(tmp_path: Path) -> None:
    environment = Environment.open(
        tmp_path, databases=DATABASES, map_bytes=2 << 20, reserve_bytes=0, sync=False
    )
    directory = LMDBDirectory(environment)

    stored = await fill(directory)
    await require_rows(directory, range(stored))
    for number in range(stored):
        await directory.write("o", [Delete(table="t", key=f"{number:06}")], "v")

    await require_rows(directory, range(0))
    environment.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_MIB}m", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        message = f"a really full disk needs the right to mount a tmpfs: {error}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_really_full_disk_loses_nothing_and_recovers(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1 << 20))
    # Without a reserve the probe lets writes through until the disk itself refuses.
    environment = Environment.open(
        small_disk / "main", databases=DATABASES, map_bytes=64 << 20, reserve_bytes=0
    )
    directory = LMDBDirectory(environment)

    stored = await fill(directory)
    assert await fill(directory) - stored == 0
    await require_rows(directory, range(stored))

    ballast.unlink()
    more = await fill(directory, stored)
    environment.close()
    again = Environment.open(small_disk / "main", databases=DATABASES, map_bytes=64 << 20, read_only=True)
    await require_rows(LMDBDirectory(again), range(more))
    again.close()

    assert stored > 100
    assert more > stored + 100


def test_a_store_is_not_begun_on_a_full_disk(small_disk: Path) -> None:
    """LMDB alone is killed by SIGBUS here, when it touches the lock file that it mapped."""
    with (small_disk / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError):
        while True:
            ballast.write(bytes(4096))

    with pytest.raises(StoreUnavailable):
        Environment.open(small_disk / "main", databases=DATABASES, map_bytes=1 << 20)

    (small_disk / "ballast").unlink()
    Environment.open(small_disk / "main", databases=DATABASES, map_bytes=1 << 20).close()
