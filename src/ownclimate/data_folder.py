"""The data folder: opening the store in it, and looking after its files."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ownclimate.clocks import SystemClock, clock_of
from ownclimate.config import Settings
from ownclimate.core.errors import Conflict
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Arrivals
from ownclimate.store.lmdb import LMDBStore, backup, check, open_store

STORE = "store"
MIB = 1 << 20
GIB = 1 << 30


def _open(data: Path, settings: Settings, *, as_server: bool = False) -> LMDBStore:
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    return open_store(
        data / STORE,
        clock=clock_of(settings),
        entropy=secrets.token_bytes,
        as_server=as_server,
        head_rows=settings.store_head_rows,
        block_rows=settings.store_block_rows,
        payload_days=settings.payload_memory_days,
        map_bytes=settings.store_map_gib * GIB,
        reserve_bytes=settings.store_reserve_mib * MIB,
    )


def ports_over(store: LMDBStore, settings: Settings = Settings()) -> Ports:
    """The ports of this process; made once, since arrivals are put in order here."""
    clock = clock_of(settings)
    return Ports(
        directory=store.directory,
        series=store.series,
        raw=store.raw,
        clock=clock,
        entropy=secrets.token_bytes,
        arrivals=Arrivals(clock),
    )


@asynccontextmanager
async def open_ports(data: Path, settings: Settings) -> AsyncIterator[Ports]:
    """The ports over the data folder, made where there is none; also beside a running server."""
    async with _open(data, settings) as store:
        yield ports_over(store, settings)


@asynccontextmanager
async def open_server_store(data: Path, settings: Settings) -> AsyncIterator[LMDBStore]:
    """The store, claimed for one server. Raises StoreUnavailable when another one has the folder."""
    async with _open(data, settings, as_server=True) as store:
        yield store


def has_store(data: Path) -> bool:
    return (data / STORE).exists()


def check_store(data: Path, *, quick: bool) -> list[str]:
    """What is wrong with the store, found by a process of its own; empty when sound or absent."""
    folder = data / STORE
    if not has_store(data):
        return []
    report = check.quick_check(folder) if quick else check.check(folder)
    return list(report.damage)


async def compact_store(data: Path, settings: Settings) -> tuple[int, int]:
    """Merges blocks; returns the bytes in use before and after."""
    async with _open(data, settings) as store:
        before = int((await store.status())["main_bytes"])
        await store.series.compact()
        return before, int((await store.status())["main_bytes"])


def rewrite_store(data: Path) -> tuple[int, int]:
    """Rewrites the files without free pages; returns their bytes before and after."""
    return backup.rewrite(data / STORE)


def backup_store(data: Path, file: Path, progress: backup.Progress) -> int:
    """Writes a backup; returns its size. Raises Conflict when the file exists."""
    backup.backup(data / STORE, file, SystemClock(), progress=progress)
    return file.stat().st_size


def restore_store(file: Path, data: Path, progress: backup.Progress) -> None:
    """Unpacks a backup into a data folder. Raises Conflict unless that is empty or absent."""
    if data.exists() and any(data.iterdir()):
        raise Conflict("folder", str(data), f"{data} is not empty; restore into a folder of its own")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    backup.restore(file, data / STORE, progress=progress)
