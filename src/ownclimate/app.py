"""The composition root: the one place where stores, faces, doors and settings meet."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from ownclimate import operations
from ownclimate.config import Settings
from ownclimate.core.access import Access
from ownclimate.core.accounts import list_owner_ids, repair_accounts
from ownclimate.core.errors import AppError, Conflict
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Arrivals
from ownclimate.core.writes import relay_outbox
from ownclimate.ingest.doors import CREDENTIAL_KIND, doors_dialect
from ownclimate.ingest.keys import hook_authenticator
from ownclimate.oauth.keys import check_hook, check_token
from ownclimate.observe import Metrics
from ownclimate.store.lmdb import LMDBStore, backup, check, open_store
from ownclimate.vendors.mclimate.codecs import FrameTable
from ownclimate.vendors.mclimate.face.dialect import mclimate_dialect
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.smartbuildings.face.dialect import smartbuildings_dialect
from ownclimate.web.dispatch import Application, RequestEntry
from ownclimate.web.openapi import document_of
from ownclimate.web.tables import Dialect

STORE = "store"
MIB = 1 << 20
GIB = 1 << 30
DAY_MS = 24 * 3_600_000
RELAY_EVERY_S = 2.0
"""How long an audit entry waits in the outbox at most."""
JANITOR_EVERY_S = 3600.0

CODECS = FrameTable()
"""The device models whose LoRaWAN frames the doors can read."""

log = structlog.get_logger("ownclimate")


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def _open(data: Path, settings: Settings, *, as_server: bool = False) -> LMDBStore:
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    return open_store(
        data / STORE,
        clock=SystemClock(),
        entropy=secrets.token_bytes,
        as_server=as_server,
        head_rows=settings.store_head_rows,
        block_rows=settings.store_block_rows,
        payload_days=settings.payload_memory_days,
        map_bytes=settings.store_map_gib * GIB,
        reserve_bytes=settings.store_reserve_mib * MIB,
    )


def ports_over(store: LMDBStore) -> Ports:
    """The ports of this process; made once, since arrivals are put in order here."""
    clock = SystemClock()
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
        yield ports_over(store)


@asynccontextmanager
async def open_server_store(data: Path, settings: Settings) -> AsyncIterator[LMDBStore]:
    """The store, claimed for one server. Raises StoreUnavailable when another one has the folder."""
    async with _open(data, settings, as_server=True) as store:
        yield store


def with_port(settings: Settings, port: int) -> Settings:
    """The settings with the port that was really bound."""
    return dataclasses.replace(settings, port=port)


def dialects(settings: Settings) -> tuple[Dialect, ...]:
    """Every face and door, as tables."""
    return (
        mclimate_dialect(contact=settings.operator_contact, total_mode=settings.mclimate_total_mode),
        netatmo_dialect(),
        smartbuildings_dialect(wraps_expiry=settings.smartbuildings_wrap_expiry),
        doors_dialect(CODECS),
    )


def build_application(ports: Ports, store: LMDBStore, settings: Settings, metrics: Metrics) -> Application:
    """The ASGI application over an open store and the ports over it."""

    async def authenticate(text: str) -> Access:
        return await check_token(ports.directory, text)

    return Application(
        dialects=dialects(settings),
        ports=ports,
        authenticators={
            "token": authenticate,
            CREDENTIAL_KIND: hook_authenticator(ports.directory, check_hook),
        },
        operations=operations.rows(store, metrics if settings.metrics else None),
        observers=(partial(_observe, metrics),),
        public_url=settings.public_url,
    )


def openapi_documents() -> Mapping[str, dict[str, Any]]:
    """The OpenAPI document of each dialect, by its name."""
    return {dialect.name: document_of(dialect) for dialect in dialects(Settings())}


def background_work(ports: Ports, settings: Settings) -> list[Coroutine[Any, Any, None]]:
    """What a server does beside answering. Each piece may run anywhere, any number of times."""
    return [_relay(ports), _janitor(ports, settings)]


async def _relay(ports: Ports) -> None:
    while True:
        try:
            for owner_id in await list_owner_ids(ports.directory):
                await relay_outbox(ports, owner_id)
        except AppError as error:
            log.warning("relay_postponed", code=error.code, reason=error.message)
        await asyncio.sleep(RELAY_EVERY_S)


async def _janitor(ports: Ports, settings: Settings) -> None:
    while True:
        try:
            repaired = await repair_accounts(ports)
            expired = 0
            if settings.raw_keep_days:
                before_ms = ports.clock.now_ms() - settings.raw_keep_days * DAY_MS
                expired = await ports.raw.expire(before_ms)
            if repaired or expired:
                log.info("tidied", claims=repaired, raw_entries=expired)
        except AppError as error:
            log.warning("tidying_postponed", code=error.code, reason=error.message)
        await asyncio.sleep(JANITOR_EVERY_S)


def _observe(metrics: Metrics, entry: RequestEntry) -> None:
    """One log entry and its metrics for each request."""
    metrics.seen(entry.dialect, entry.route, entry.status, entry.duration_ms / 1000)
    write = log.error if entry.status >= 500 else log.info
    write(
        "request",
        request_id=entry.request_id,
        method=entry.method,
        route=entry.route,
        dialect=entry.dialect,
        status=entry.status,
        duration_ms=round(entry.duration_ms, 3),
        client_id=entry.client_id,
        exc_info=entry.error,
    )


def check_store(data: Path, *, quick: bool) -> list[str]:
    """What is wrong with the store, found by a process of its own; empty when sound or absent."""
    folder = data / STORE
    if not folder.exists():
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
