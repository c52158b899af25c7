"""`ownclimate store …`, `backup` and `restore`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from ownclimate import config, data_folder
from ownclimate.cli.session import Session, console
from ownclimate.core.errors import InvalidInput

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def store() -> None:
    """Looks after the files that hold the data."""


@store.command("check")
@click.pass_obj
def check(session: Session) -> int:
    """Read every byte of the store and say what is wrong; exits with 1 when something is."""
    if not (session.data / data_folder.STORE).is_dir():
        raise InvalidInput("data", f"there is no store in {session.data}")
    with console(stderr=True).status("reading the store"):
        problems = data_folder.check_store(session.data, quick=False)
    for problem in problems:
        click.echo(problem)
    click.echo(
        f"{len(problems)} problems: restore the last backup" if problems else "the store is sound",
        err=bool(problems),
    )
    return 1 if problems else 0


@store.command("compact")
@click.option("--rewrite", is_flag=True, help="Give free space back to the disk; the server must be stopped.")
@click.pass_obj
def compact(session: Session, rewrite: bool) -> None:
    """Merge blocks (also while serving) or rewrite the files."""
    with console(stderr=True).status("rewriting" if rewrite else "merging"):
        if rewrite:
            before, after = data_folder.rewrite_store(session.data)
        else:
            before, after = asyncio.run(data_folder.compact_store(session.data, session.settings()))
    click.echo(f"{before >> 10} KiB before, {after >> 10} KiB now")


@click.command()
@click.argument("file", type=FILE)
@click.pass_obj
def backup(session: Session, file: Path) -> None:
    """Write a consistent copy of the store to FILE, also while serving."""
    with _counting("copying", file_bytes(session.data / data_folder.STORE)) as advance:
        size = data_folder.backup_store(session.data, file, advance)
    click.echo(f"{file}: {size >> 10} KiB")
    keys, settings = session.data / config.KEYS, session.data / config.FILE
    click.echo(f"It holds no keys and no settings: keep copies of {keys} and {settings} elsewhere.", err=True)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def restore(session: Session, file: Path) -> None:
    """Unpack the backup FILE into the data folder, which must be empty."""
    with _counting("unpacking", None) as advance:
        data_folder.restore_store(file, session.data, advance)
    click.echo(f"restored into {session.data}")


def file_bytes(folder: Path) -> int:
    """Bytes on disk of the store's files, which are sparse."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*.mdb"))


@contextmanager
def _counting(what: str, total_bytes: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr, advanced by bytes; it shows nothing when nobody looks."""
    out = console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn()
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        task = progress.add_task(what, total=total_bytes)
        yield lambda count: progress.advance(task, count)
