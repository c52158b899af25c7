"""Looks for damage, in a child process: a damaged map can kill whoever reads it.

`quick_check` takes about a second whatever the size of the store and comes before `serve`; `check`
reads everything. Both look at the meta pages and the file's length before the file is mapped, then
at the structure of the trees (by reading pages, not by following them in memory), and only then let
LMDB read rows: checksums, order, counts, the series' own bookkeeping.

The child is `python -m ownclimate.store.lmdb.check [--quick] FOLDER`.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec
from lmdb import Error as LMDBError
from lmdb import verify as structure

from ownclimate.core.errors import AppError
from ownclimate.store.lmdb import folders, identity, series_check, walks
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.pages import check_length, check_transactions
from ownclimate.store.lmdb.series_records import SeriesDatabases
from ownclimate.store.lmdb.store import MAIN_DATABASES, RAW_DATABASES

ADVICE: Final = "stop the server, keep a copy of the folder, and restore a backup"
_QUICK_STRUCTURE_S: Final = 0.4
_QUICK_ROWS_S: Final = 0.2
"""Of each environment. Up to some 20 MB of pages, which is most stores' documents, fit."""
_QUICK_LIMIT_S: Final = 60.0
"""A check that takes this long is caught in a damaged tree or on a failing disk."""
_MAX_DAMAGE: Final = 50


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found. `notes` are not damage: what was left out, and how much was read."""

    damage: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        return not self.damage


class _Line(msgspec.Struct, omit_defaults=True):
    """One line of the child's output: what it begins, or its report."""

    stage: str = ""
    report: Report | None = None


def check(folder: Path) -> Report:
    """Reads the whole store, also beside a running server; may take minutes. Never raises for damage."""
    return _in_child([str(folder)], None)


def quick_check(folder: Path) -> Report:
    """A bounded look before serving; a store that is not there yet is sound."""
    return _in_child(["--quick", str(folder)], _QUICK_LIMIT_S)


def _in_child(arguments: list[str], limit_s: float | None) -> Report:
    command = [sys.executable, "-m", "ownclimate.store.lmdb.check", *arguments]
    try:
        child = subprocess.run(  # noqa: S603  Our own module, with the caller's folder as its argument.
            command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=limit_s, check=False
        )
        output = child.stdout
        code = child.returncode
        end = f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
        end = f"did not end within {limit_s:.0f} s"
    stage = "starting"
    for text in output.splitlines():
        line = msgspec.json.decode(text, type=_Line)
        if line.report is not None:
            return line.report
        stage = line.stage
    return Report(damage=(f"the checking process {end} while {stage}: the store is damaged; {ADVICE}",))


Stage = Callable[[str], None]
"""Told what begins, so that whoever outlives a reader knows what killed it."""


def examine(folder: Path, *, quick: bool, stage: Stage = lambda name: None) -> Report:
    """`check` or `quick_check` in this process, which a damaged file may kill."""
    damage: list[str] = []
    notes: list[str] = []
    try:
        generation = folders.current_generation(folder)
        if generation is None:
            notes.append(f"there is no store in {folder}")
        else:
            with folders.in_use(folder):
                for name, databases in ((folders.MAIN, MAIN_DATABASES), (folders.RAW, RAW_DATABASES)):
                    _check_environment(generation / name, databases, quick, stage, damage, notes)
    except (AppError, LMDBError, OSError) as error:
        damage.append(str(error))
    return Report(damage=tuple(damage[:_MAX_DAMAGE]), notes=tuple(notes))


def _check_environment(
    folder: Path,
    databases: tuple[str, ...],
    quick: bool,
    stage: Stage,
    damage: list[str],
    notes: list[str],
) -> None:
    stage(f"reading the meta pages of {folder.name}")
    if check_length(folder / folders.DATA_FILE) is None:
        damage.append(f"{folder} has no {folders.DATA_FILE}")
        return
    check_transactions(folder / folders.DATA_FILE)
    stage(f"looking at the pages of {folder.name}")
    # Without databases LMDB touches the meta pages only. The open transaction keeps a running server
    # from reusing pages while they are looked at.
    with closing(Environment.open(folder, databases=(), read_only=True)) as bare, bare.read():
        problems = _check_structure(folder, _QUICK_STRUCTURE_S if quick else None)
    if problems is None:
        notes.append(f"{folder.name}: too large to see every page in the time of a start")
    elif problems:
        damage.extend(f"{folder.name}: {problem}" for problem in problems)
        return
    with closing(Environment.open(folder, databases=databases, read_only=True)) as environment:
        identity.find(environment)
        for rows, walk in _walks(environment, quick):
            stage(f"reading the {rows} of {folder.name}")
            deadline_s = time.monotonic() + (_QUICK_ROWS_S if quick else 1e9)
            try:
                damage.extend(walk(deadline_s))
            except walks.OutOfTime:
                notes.append(f"{folder.name}: not all {rows} were read in the time of a start")
            except AppError as error:
                damage.append(error.message)


def _walks(environment: Environment, quick: bool) -> Iterator[tuple[str, Callable[[float], Iterator[str]]]]:
    if environment.folder.name == folders.RAW:
        yield "raw entries", lambda deadline_s: walks.check_raw(environment, deadline_s)
        return
    yield "documents", lambda deadline_s: walks.check_documents(environment, deadline_s)
    if not quick:
        databases = SeriesDatabases(environment)
        yield "series", lambda deadline_s: series_check.check(environment, databases)


def _check_structure(folder: Path, limit_s: float | None) -> list[str] | None:
    """What is wrong with the pages; None when the time did not suffice."""
    found: list[list[str]] = []

    def look() -> None:
        problems = _problems(folder)
        # A server that commits between two reads of ours can look like damage, but never twice.
        found.append(_problems(folder) if problems else problems)

    # A daemon, because a look that runs out of time can only be left behind.
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(limit_s)
    return found[0] if found else None


def _problems(folder: Path) -> list[str]:
    try:
        # It ships without types.
        return list(structure.verify(str(folder)))  # type: ignore[no-untyped-call]  # py-lmdb ships no types for it
    except structure.VerifyError as error:
        return [str(error)]


def _say(line: _Line) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    _say(
        _Line(
            report=examine(
                Path(sys.argv[-1]),
                quick="--quick" in sys.argv,
                stage=lambda name: _say(_Line(stage=name)),
            )
        )
    )
