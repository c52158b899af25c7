"""The whole embedded store: both environments, the three ports over them, and their lifetime."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ownclimate.core.errors import StoreCorrupt
from ownclimate.core.ids import Clock, Entropy
from ownclimate.core.ports import StoreStatus
from ownclimate.store.lmdb import directory, folders, identity, raw, series_records
from ownclimate.store.lmdb.directory import LMDBDirectory
from ownclimate.store.lmdb.environment import MAP_BYTES, RESERVE_BYTES, Environment
from ownclimate.store.lmdb.identity import Identity
from ownclimate.store.lmdb.raw import LMDBRawArchive
from ownclimate.store.lmdb.series import BLOCK_ROWS, HEAD_ROWS, PAYLOAD_DAYS, LMDBSeries

MAIN_DATABASES: Final = (*identity.DATABASES, *directory.DATABASES, *series_records.DATABASES)
RAW_DATABASES: Final = (*identity.DATABASES, *raw.DATABASES)


@dataclass(slots=True, kw_only=True, eq=False)
class LMDBStore:
    """`async with open_store(folder) as store:` — sealing begins with the block and ends with it."""

    folder: Path
    identity: Identity
    directory: LMDBDirectory
    series: LMDBSeries
    raw: LMDBRawArchive
    _main: Environment
    _raw: Environment
    _held: ExitStack

    async def __aenter__(self) -> Self:
        self.series.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Finishes what is queued and closes the files; closing twice is allowed."""
        await self.series.close()
        # The last commits wait for the disk, and the loop must be free to take their answers.
        await asyncio.to_thread(self._held.close)

    async def status(self) -> StoreStatus:
        return {
            "store_id": self.identity.store_id,
            "format": self.identity.format,
            "main_bytes": self._main.used_bytes(),
            "raw_bytes": await self.raw.size_bytes(),
            "queued_bytes": self._main.committer.queued_bytes + self._raw.committer.queued_bytes,
            "commits_total": self._main.committer.commits + self._raw.committer.commits,
            "writes_total": self._main.committer.writes + self._raw.committer.writes,
        }


def open_store(
    folder: Path,
    *,
    clock: Clock,
    entropy: Entropy,
    as_server: bool = False,
    head_rows: int = HEAD_ROWS,
    block_rows: int = BLOCK_ROWS,
    payload_days: int = PAYLOAD_DAYS,
    map_bytes: int = MAP_BYTES,
    reserve_bytes: int = RESERVE_BYTES,
    free_bytes: Callable[[], int] | None = None,
) -> LMDBStore:
    """Opens the store in `folder`, making it where there is none.

    `as_server` also claims the folder for one server; commands beside a server leave it out.
    Raises StoreUnavailable when another server holds the folder, StoreCorrupt for damaged files,
    Unsupported when a newer program wrote them.
    """
    with ExitStack() as stack:
        if as_server:
            stack.enter_context(folders.serving(folder))
        stack.enter_context(folders.in_use(folder))
        generation = folders.current_generation(folder) or folders.create_generation(folder)

        def open_environment(name: str, databases: tuple[str, ...]) -> Environment:
            environment = Environment.open(
                generation / name,
                databases=databases,
                map_bytes=map_bytes,
                reserve_bytes=reserve_bytes,
                free_bytes=free_bytes,
            )
            stack.callback(environment.close)
            return environment

        main = open_environment(folders.MAIN, MAIN_DATABASES)
        raw_environment = open_environment(folders.RAW, RAW_DATABASES)
        main_identity = identity.find(main) or identity.create(main, entropy)
        raw_identity = identity.find(raw_environment) or identity.create(
            raw_environment, entropy, main_identity.store_id
        )
        if raw_identity.store_id != main_identity.store_id:
            raise StoreCorrupt(f"{generation}: main and raw belong to different stores")
        return LMDBStore(
            folder=folder,
            identity=main_identity,
            directory=LMDBDirectory(main),
            series=LMDBSeries(
                main,
                clock=clock,
                head_rows=head_rows,
                block_rows=block_rows,
                payload_days=payload_days,
            ),
            raw=LMDBRawArchive(raw_environment),
            _main=main,
            _raw=raw_environment,
            _held=stack.pop_all(),
        )
