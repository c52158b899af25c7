"""The adapters that the contract suites run over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from ownclimate.core.errors import OutcomeUnknown
from ownclimate.core.ports import Change, Delete, Directory, Document, Put, RawArchive
from ownclimate.store.lmdb import directory as lmdb_directory
from ownclimate.store.lmdb import raw as lmdb_raw
from ownclimate.store.lmdb.directory import LMDBDirectory
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.raw import LMDBRawArchive
from ownclimate.store.memory import MemoryDirectory, MemoryRawArchive
from ownclimate.store.partitioned_memory import PartitionedMemoryDirectory

ADAPTERS = ("memory", "partitioned_memory", "lmdb")
TEST_MAP_BYTES = 64 << 20


class PersistentWriter:
    """A directory whose writer finds out what became of a write, as every caller of the port must."""

    def __init__(self, inner: Directory) -> None:
        self._inner = inner
        self.find = inner.find
        self.scan = inner.scan

    async def write(self, partition: str, changes: Sequence[Change], version: str) -> None:
        doomed = [change for change in changes if isinstance(change, Delete)]
        before = [await self.find(partition, change.table, change.key) for change in doomed]
        while True:
            try:
                return await self._inner.write(partition, changes, version)
            except OutcomeUnknown:
                for change in changes:
                    if isinstance(change, Put):
                        now = await self.find(partition, change.table, change.key)
                        if now is not None and now.version == version:
                            return None
                # A write without a put has landed when something that was there is gone; one that
                # removed nothing may be repeated.
                after = [await self.find(partition, change.table, change.key) for change in doomed]
                if before != after:
                    return None


@contextmanager
def open_directory(adapter: str, folder: Path) -> Iterator[Directory]:
    if adapter == "lmdb":
        # Durability has tests of its own; here a sync would only cost time.
        environment = Environment.open(
            folder, databases=lmdb_directory.DATABASES, map_bytes=TEST_MAP_BYTES, reserve_bytes=0, sync=False
        )
        try:
            yield LMDBDirectory(environment)
        finally:
            environment.close()
    elif adapter == "partitioned_memory":
        yield PersistentWriter(PartitionedMemoryDirectory(seed=7, unknown_share=0.3))
    else:
        yield MemoryDirectory()


@pytest.fixture(params=ADAPTERS)
async def directory(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Directory]:
    with open_directory(request.param, tmp_path / "main") as opened:
        yield opened


@contextmanager
def open_raw_archive(folder: Path) -> Iterator[RawArchive]:
    environment = Environment.open(
        folder, databases=lmdb_raw.DATABASES, map_bytes=TEST_MAP_BYTES, reserve_bytes=0, sync=False
    )
    try:
        # No time at all, so that every removal goes through many transactions.
        yield LMDBRawArchive(environment, slice_s=0)
    finally:
        environment.close()


@pytest.fixture(params=("memory", "lmdb"))
async def raw(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RawArchive]:
    if request.param == "memory":
        yield MemoryRawArchive()
    else:
        with open_raw_archive(tmp_path / "raw") as opened:
            yield opened


def found(documents: Sequence[Document]) -> list[tuple[str, object]]:
    """Keys and bodies, for comparing."""
    return [(document.key, document.body) for document in documents]
