"""One LMDB environment: opened once a process, read by many threads, written by its commit thread.

The map is large and sparse, so that it never has to grow; what bounds the store is the disk. LMDB
writes pages with `pwrite`, not through the map, so that a full disk is an error and not a signal.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, TypeVar

import lmdb

from ownclimate.core.errors import StoreClosed, StoreCorrupt, StoreUnavailable
from ownclimate.store.lmdb.commit import QUEUE_BYTES, Committer
from ownclimate.store.lmdb.faults import OUT_OF_SPACE, out_of_space, to_store_error
from ownclimate.store.lmdb.pages import check_length
from ownclimate.store.lmdb.space import Space, free_bytes_of

T = TypeVar("T")

MAP_BYTES: Final = 1 << 40
RESERVE_BYTES: Final = 256 << 20
"""Free space kept for what must not fail on a full disk: revocations, deletions, sealing."""
MAX_READERS: Final = 1024
_LOCK_BYTES: Final = 192 + (MAX_READERS - 1) * 64
"""lock.mdb of liblmdb 0.9: a header and a cache line for each further reader."""
POOL_THREADS: Final = 4
"""Threads for long reads. They decompress and decode outside the interpreter lock, so a few pay."""


class Environment:
    """Open databases, short read transactions, the committer and a bounded pool for long reads."""

    def __init__(
        self,
        env: lmdb.Environment,
        folder: Path,
        databases: dict[str, lmdb._Database],
        committer: Committer | None,
    ) -> None:
        self.env = env
        self.folder = folder
        self._databases = databases
        self._committer = committer
        self._pool: ThreadPoolExecutor | None = None
        self._pool_lock = threading.Lock()
        self._is_closed = False

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        databases: Sequence[str],
        map_bytes: int = MAP_BYTES,
        reserve_bytes: int = RESERVE_BYTES,
        queue_bytes: int = QUEUE_BYTES,
        read_only: bool = False,
        sync: bool = True,
        free_bytes: Callable[[], int] | None = None,
    ) -> Environment:
        """Opens or creates (never when `read_only`) the environment and its databases.

        `sync=False` is for volatile state only: an acknowledged write may be lost with the machine.
        `free_bytes` says how much the disk can still take; None asks the file system.
        Raises StoreCorrupt for a damaged or truncated file, StoreUnavailable when it cannot be opened.
        """
        check_length(folder / "data.mdb")
        if not read_only:
            folder.mkdir(parents=True, exist_ok=True)
        if folder.is_dir():
            _allocate_lock_file(folder / "lock.mdb")
        try:
            env = lmdb.open(
                str(folder),
                map_size=map_bytes,
                max_dbs=len(databases),
                max_readers=MAX_READERS,
                # A spare transaction keeps its slot among the readers, and so its lock-free start.
                max_spare_txns=POOL_THREADS + 1,
                readonly=read_only,
                sync=sync,
                metasync=sync,
                # Blocks of a history lie scattered; reading ahead would fetch what nobody asked for.
                readahead=False,
                mode=0o600,
            )
        except lmdb.Error as error:
            raise to_store_error(error, str(folder)) from error
        try:
            env.reader_check()
            handles = _open_databases(env, databases, read_only)
        except lmdb.Error as error:
            env.close()
            raise to_store_error(error, str(folder)) from error
        except StoreCorrupt:
            env.close()
            raise
        if read_only:
            return cls(env, folder, handles, None)
        space = Space(env, free_bytes or (lambda: free_bytes_of(folder)), reserve_bytes)
        return cls(env, folder, handles, Committer(env, folder.name, space, queue_bytes=queue_bytes))

    @property
    def committer(self) -> Committer:
        if self._committer is None:
            raise StoreUnavailable(f"{self.folder.name} is open for reading only")
        return self._committer

    def database(self, name: str) -> lmdb._Database:
        return self._databases[name]

    def read(self) -> ReadTransaction:
        """`with environment.read() as transaction:` sees one moment; never hold it across an await."""
        return ReadTransaction(self)

    def used_bytes(self) -> int:
        """What the environment occupies on disk, free pages inside the file included."""
        return int((self.env.info()["last_pgno"] + 1) * self.env.stat()["psize"])

    async def run(self, work: Callable[[], T]) -> T:
        """Runs a long read on the pool; `work` opens its own transactions, none for over 50 ms."""
        return await asyncio.get_running_loop().run_in_executor(self._reading_pool(), work)

    def close(self) -> None:
        """Ends the pool, finishes queued writes, closes the files. Closing twice is allowed."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._pool is not None:
            self._pool.shutdown()
        if self._committer is not None:
            self._committer.close()
        self.env.close()

    def begin(self) -> lmdb.Transaction[bytes]:
        """A bare read transaction, for the hot path; the caller aborts it and translates its errors."""
        if self._is_closed:
            raise StoreClosed(f"{self.folder.name} is closed")
        try:
            return self.env.begin()
        except lmdb.Error as error:
            raise to_store_error(error, self.folder.name) from error

    def _reading_pool(self) -> ThreadPoolExecutor:
        with self._pool_lock:
            if self._is_closed:
                raise StoreClosed(f"{self.folder.name} is closed")
            if self._pool is None:
                self._pool = ThreadPoolExecutor(POOL_THREADS, thread_name_prefix=f"read-{self.folder.name}")
            return self._pool


class ReadTransaction:
    """Ends with the block; LMDB's errors leave it as ours."""

    __slots__ = ("_environment", "_transaction")

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def __enter__(self) -> lmdb.Transaction[bytes]:
        self._transaction = self._environment.begin()
        return self._transaction

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transaction.abort()
        if isinstance(error, lmdb.Error):
            raise to_store_error(error, self._environment.folder.name) from error


def _allocate_lock_file(file: Path) -> None:
    """LMDB maps its lock file sparse: without room for its pages a full disk would be a SIGBUS.

    It appears whole, by a link, since another process may be opening it. An existing one is not
    touched: closing it here would drop the locks that this process holds on it.
    """
    if file.exists():
        return
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        draft.write_bytes(bytes(_LOCK_BYTES))
        draft.chmod(0o600)
        # Where there are no links, or another process was faster, LMDB finds or makes its own.
        with contextlib.suppress(OSError):
            file.hardlink_to(draft)
    except OSError as error:
        if error.errno in OUT_OF_SPACE:
            raise out_of_space(f"{file}: {error.strerror}") from error
        raise StoreUnavailable(f"cannot write {file}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


def _open_databases(
    env: lmdb.Environment, names: Sequence[str], read_only: bool
) -> dict[str, lmdb._Database]:
    # They are made in one transaction, the environment's first: afterwards one that is missing is lost.
    if names and not read_only and env.info()["last_txnid"] == 0:
        with env.begin(write=True) as transaction:
            for name in names:
                env.open_db(name.encode(), txn=transaction)
    # Asking without creating keeps an opening process from waiting behind a writing one.
    handles = {}
    for name in names:
        try:
            handles[name] = env.open_db(name.encode(), create=False)
        except lmdb.NotFoundError:
            raise StoreCorrupt(
                f"{env.path()} has lost its database {name!r}; keep the file, restore a backup"
            ) from None
    return handles
