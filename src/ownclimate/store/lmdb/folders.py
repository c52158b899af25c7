"""The store's folder: generations, which of them is current, and who uses it.

    current          the number of the generation in use
    <number>/main/   documents and series        <number>/raw/   the raw archive
    server.lock      held by the one server      open.lock       shared by every process that has it open

Locks are `flock`: they end with their process, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ownclimate.core.errors import StoreCorrupt, StoreUnavailable

MAIN: Final = "main"
RAW: Final = "raw"
DATA_FILE: Final = "data.mdb"
_CURRENT: Final = "current"
_FIRST: Final = 1


def current_generation(folder: Path) -> Path | None:
    """The folder of the generation in use; None where there is no store yet.

    Raises StoreCorrupt where there are generations and nothing says which of them counts.
    """
    has_generations = any(folder.glob(f"[0-9]*/*/{DATA_FILE}"))
    try:
        text = (folder / _CURRENT).read_text("ascii").strip()
    except FileNotFoundError:
        if has_generations:
            raise StoreCorrupt(
                f"{folder / _CURRENT} is missing beside a store: a restore was cut short, or the file was "
                "lost; restore into an empty folder, or write the newest generation's number into it"
            ) from None
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreCorrupt(f"{folder / _CURRENT} cannot be read: {error}") from error
    if not text.isascii() or not text.isdigit() or not (folder / text).is_dir():
        raise StoreCorrupt(f"{folder / _CURRENT} names the generation {text[:20]!r}, which is not there")
    return folder / text


def create_generation(folder: Path) -> Path:
    """The first generation of a new store. Two processes may do this at once."""
    generation = folder / str(_FIRST)
    generation.mkdir(parents=True, exist_ok=True, mode=0o700)
    switch(folder, generation)
    return generation


def next_generation(folder: Path, current: Path) -> Path:
    """An empty folder for the generation after the current one; whatever else lay there is removed."""
    for left_over in folder.iterdir():
        if left_over.name.isdigit() and left_over != current:
            shutil.rmtree(left_over)
    generation = folder / str(int(current.name) + 1)
    generation.mkdir(mode=0o700)
    return generation


def switch(folder: Path, generation: Path) -> None:
    """Makes the generation current, durably and at once."""
    draft = folder / f"{_CURRENT}.{os.getpid()}"
    with draft.open("w") as stream:
        stream.write(f"{generation.name}\n")
        sync_file(stream.fileno())
    draft.replace(folder / _CURRENT)
    sync_folder(folder)


def sync_file(descriptor: int) -> None:
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Makes names in the folder durable; a file's own fsync does not."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def serving(folder: Path) -> Iterator[None]:
    """Holds the store for one server; StoreUnavailable names the process that has it."""
    with _locked(folder / "server.lock", fcntl.LOCK_EX, "the data folder is in use by another server"):
        yield


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """Keeps `rewrite` away while the store is open."""
    with _locked(folder / "open.lock", fcntl.LOCK_SH, "the store is being rewritten"):
        yield


@contextmanager
def unused(folder: Path) -> Iterator[None]:
    """Holds the store alone; StoreUnavailable while any process has it open."""
    with (
        serving(folder),
        _locked(folder / "open.lock", fcntl.LOCK_EX, "the store is open in another process"),
    ):
        yield


@contextmanager
def _locked(file: Path, kind: int, refusal: str) -> Iterator[None]:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            named = f" (process {holder})" if holder.isdigit() else ""
            raise StoreUnavailable(f"{refusal}{named}: stop it first, or use another data folder") from None
        if kind == fcntl.LOCK_EX:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
