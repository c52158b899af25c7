"""Backups of a store in use, restoring them, and rewriting a store without its free pages.

A backup is a zip archive (its directory at the end shows that it is whole) of three members:
`main.mdb.zst` and `raw.mdb.zst`, LMDB's compacting copies of one moment, and `manifest.json` with
the store's identity and the length and SHA-256 of each copy.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Final

import lmdb
import msgspec
import zstandard

from ownclimate.core.errors import AppError, Conflict, InvalidInput, StoreCorrupt, StoreUnavailable
from ownclimate.core.ids import Clock
from ownclimate.store.lmdb import folders, identity
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.faults import to_store_error

Progress = Callable[[int], None]
"""Told how many more bytes of the store have been read."""

_ENVIRONMENTS: Final = (folders.MAIN, folders.RAW)
_MANIFEST: Final = "manifest.json"
_BACKUP_FORMAT: Final = 1
_CHUNK_BYTES: Final = 1 << 20
BYTES_PER_S: Final = 64 << 20
"""A third of what a plain disk can read: the server beside a backup goes on answering."""
_LEVEL: Final = 3
KEYS_NOTE: Final = (
    "Contains no keys: what is encrypted in here can be read only with the key file of the data "
    "folder it came from. Keep a copy of that file elsewhere."
)


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says about itself."""

    backup_format: int
    store_id: str
    store_format: int
    oldest_reader: int
    made_at_ms: int
    keys: str
    copies: dict[str, Copy]


def backup(
    folder: Path,
    file: Path,
    clock: Clock,
    *,
    bytes_per_s: float | None = BYTES_PER_S,
    progress: Progress = lambda count: None,
) -> Manifest:
    """Writes a backup of the store; `file` appears only once it is whole and durable.

    Other processes may be using the store; this one must not have it open.
    A lower `bytes_per_s` (None: no limit) spares the disk but lets a busy store's file grow, since the
    pages of the copied moment are kept. Raises Conflict when `file` exists, StoreCorrupt for damage.
    """
    if file.exists():
        raise Conflict("file", str(file), f"{file} exists already; choose another name")
    throttle = _Throttle(bytes_per_s)
    draft = file.with_name(f".{file.name}.{os.getpid()}.part")
    with folders.in_use(folder), _opened(folder) as environments:
        found = identity.find(environments[folders.MAIN])
        if found is None:
            raise StoreCorrupt(f"{folder} has no meta record")
        try:
            with zipfile.ZipFile(draft, "x", zipfile.ZIP_STORED) as archive:
                copies = {}
                with _one_moment(environments) as moments:
                    for name, environment in environments.items():
                        with archive.open(f"{name}.mdb.zst", "w", force_zip64=True) as member:
                            copies[name] = _copy_out(
                                environment.env, moments[name], member, throttle, progress
                            )
                manifest = Manifest(
                    backup_format=_BACKUP_FORMAT,
                    store_id=found.store_id,
                    store_format=found.format,
                    oldest_reader=found.oldest_reader,
                    made_at_ms=clock.now_ms(),
                    keys=KEYS_NOTE,
                    copies=copies,
                )
                archive.writestr(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
            draft.chmod(0o600)
            with draft.open("rb") as stream:
                folders.sync_file(stream.fileno())
            draft.rename(file)
            folders.sync_folder(file.parent)
        except OSError as error:
            raise StoreUnavailable(f"cannot write {file}: {error.strerror or error}") from error
        except lmdb.Error as error:
            raise to_store_error(error, str(folder)) from error
        finally:
            draft.unlink(missing_ok=True)
    return manifest


def restore(file: Path, folder: Path, *, progress: Progress = lambda count: None) -> Manifest:
    """Makes `folder`, which must be empty or absent, the store that was backed up; durable on return.

    Raises Conflict for a folder with anything in it, InvalidInput for a file that is no backup or is
    damaged, Unsupported for one that a newer program made. The folder is then as it was.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Conflict("folder", str(folder), f"{folder} is not empty; restore into a folder of its own")
    folder.mkdir(parents=True, exist_ok=True)
    generation = folder / "1"
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = msgspec.json.decode(archive.read(_MANIFEST), type=Manifest)
            identity.require_readable(manifest.store_format, manifest.oldest_reader)
            for name in _ENVIRONMENTS:
                target = generation / name
                target.mkdir(parents=True, mode=0o700)
                with archive.open(f"{name}.mdb.zst") as member:
                    _copy_in(member, target / folders.DATA_FILE, manifest.copies[name], progress)
                folders.sync_folder(target)
        folders.sync_folder(generation)
        folders.switch(folder, generation)
    except (zipfile.BadZipFile, zstandard.ZstdError, msgspec.MsgspecError, KeyError, EOFError) as error:
        shutil.rmtree(generation, ignore_errors=True)
        raise InvalidInput("file", f"{file} is not a whole backup: {error}") from error
    except OSError as error:
        shutil.rmtree(generation, ignore_errors=True)
        raise StoreUnavailable(f"cannot restore into {folder}: {error.strerror or error}") from error
    except AppError:
        shutil.rmtree(generation, ignore_errors=True)
        raise
    return manifest


def rewrite(folder: Path) -> tuple[int, int]:
    """Copies a store that nobody has open into a new generation without free pages, and switches to it.

    Returns the bytes before and after. Dying at any point leaves one whole generation current.
    """
    with folders.unused(folder):
        current = folders.current_generation(folder)
        if current is None:
            raise InvalidInput("folder", f"there is no store in {folder}")
        generation = folders.next_generation(folder, current)
        try:
            with _opened(folder) as environments:
                for name, environment in environments.items():
                    (generation / name).mkdir(mode=0o700)
                    environment.env.copy(str(generation / name), compact=True)
                    with (generation / name / folders.DATA_FILE).open("rb") as stream:
                        folders.sync_file(stream.fileno())
                    folders.sync_folder(generation / name)
        except (lmdb.Error, OSError) as error:
            shutil.rmtree(generation, ignore_errors=True)
            if isinstance(error, lmdb.Error):
                raise to_store_error(error, str(folder)) from error
            raise StoreUnavailable(f"cannot rewrite {folder}: {error}") from error
        folders.sync_folder(generation)
        before, after = _size_bytes(current), _size_bytes(generation)
        folders.switch(folder, generation)
        shutil.rmtree(current)
        return before, after


@contextmanager
def _opened(folder: Path) -> Iterator[dict[str, Environment]]:
    current = folders.current_generation(folder)
    if current is None:
        raise InvalidInput("folder", f"there is no store in {folder}")
    main = Environment.open(current / folders.MAIN, databases=identity.DATABASES, read_only=True)
    with closing(main):
        raw = Environment.open(current / folders.RAW, databases=identity.DATABASES, read_only=True)
        with closing(raw):
            yield {folders.MAIN: main, folders.RAW: raw}


@contextmanager
def _one_moment(
    environments: dict[str, Environment],
) -> Iterator[dict[str, lmdb.Transaction[bytes]]]:
    with environments[folders.MAIN].read() as main, environments[folders.RAW].read() as raw:
        yield {folders.MAIN: main, folders.RAW: raw}


def _copy_out(
    env: lmdb.Environment,
    moment: lmdb.Transaction[bytes],
    target: IO[bytes],
    throttle: _Throttle,
    progress: Progress,
) -> Copy:
    """LMDB writes its copy into a pipe, from a thread, and this end compresses it."""
    reading, writing = os.pipe()
    failures: list[BaseException] = []

    def copy() -> None:
        try:
            env.copyfd(writing, compact=True, txn=moment)
        except lmdb.Error as error:
            failures.append(error)
        finally:
            os.close(writing)

    digest = hashlib.sha256()
    count = 0
    thread = threading.Thread(target=copy, name="backup")
    thread.start()
    try:
        with (
            open(reading, "rb") as source,
            zstandard.ZstdCompressor(level=_LEVEL).stream_writer(target, closefd=False) as packer,
        ):
            while chunk := source.read(_CHUNK_BYTES):
                digest.update(chunk)
                packer.write(chunk)
                count += len(chunk)
                progress(len(chunk))
                throttle.wait(len(chunk))
    finally:
        # Closing the reading end first makes a copy that nobody wants any more end by itself.
        thread.join()
    if failures:
        raise failures[0]
    return Copy(bytes=count, sha256=digest.hexdigest())


def _copy_in(source: IO[bytes], file: Path, expected: Copy, progress: Progress) -> None:
    digest = hashlib.sha256()
    count = 0
    with file.open("xb") as target, zstandard.ZstdDecompressor().stream_reader(source) as unpacker:
        file.chmod(0o600)
        while chunk := unpacker.read(_CHUNK_BYTES):
            digest.update(chunk)
            target.write(chunk)
            count += len(chunk)
            progress(len(chunk))
        target.flush()
        folders.sync_file(target.fileno())
    if count != expected.bytes or digest.hexdigest() != expected.sha256:
        raise InvalidInput("file", f"{file.parent.name} differs from the checksum in the backup's manifest")


def _size_bytes(generation: Path) -> int:
    return sum((generation / name / folders.DATA_FILE).stat().st_size for name in _ENVIRONMENTS)


class _Throttle:
    def __init__(self, bytes_per_s: float | None) -> None:
        self._bytes_per_s = bytes_per_s
        self._begun_s = time.monotonic()
        self._count = 0

    def wait(self, count: int) -> None:
        """Sleeps until the bytes so far fit the rate."""
        self._count += count
        if self._bytes_per_s is not None:
            ahead_s = self._count / self._bytes_per_s - (time.monotonic() - self._begun_s)
            if ahead_s > 0:
                time.sleep(ahead_s)
