"""`ownclimate import …`"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from ownclimate.cli.session import ACTOR, Session, account_of, console, json_option, owner_option, print_json
from ownclimate.core.errors import InvalidInput
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.ingest.csv import import_csv
from ownclimate.ingest.files import FileReport, Progress
from ownclimate.ingest.ndjson import import_ndjson
from ownclimate.ingest.parquet import import_parquet, row_count
from ownclimate.vendors.netatmo.importer import import_payload
from ownclimate.vendors.netatmo.report import ImportReport

PARTLY = 2
SHOWN_BAD_ROWS = 20
FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.group("import")
def import_() -> None:
    """Take in what others recorded. Importing the same again changes nothing."""


@import_.command("netatmo")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=FILE)
@owner_option
@click.option("--method", help="What a bare answer is to: getmeasure, getroommeasure.")
@click.option("--device", help="The station, coach or gateway of a bare getmeasure answer.")
@click.option("--module", help="Its module, if it is not about the device itself.")
@click.option("--type", "types", help="Its types in order, separated by commas: Temperature,CO2")
@click.option("--scale", help="Its scale: max, 30min, 1hour, …")
@click.option("--home", help="The home of a bare getroommeasure answer.")
@click.option("--room", help="The room of a bare getroommeasure answer.")
@json_option
@click.pass_obj
def netatmo(
    session: Session,
    files: tuple[Path, ...],
    owner: str,
    method: str | None,
    device: str | None,
    module: str | None,
    types: str | None,
    scale: str | None,
    home: str | None,
    room: str | None,
    as_json: bool,
) -> int:
    """Import recorded answers of Netatmo's API, told apart by what is in them.

    Stations, home coaches, homes and their status become sites, rooms, devices and readings; other
    answers are kept as they came. Each FILE gets a line or more on what was taken; with --json an object,
    which lists the paths of the fields that were kept as they came.
    """

    async def work(ports: Ports) -> int:
        account = await account_of(ports, owner)
        failures = 0
        told: list[dict[str, Any]] = []
        for file in files:
            try:
                payload = file.read_bytes()
            except OSError as error:
                click.echo(f"{file}: {error.strerror}", err=True)
                failures += 1
                continue
            report = await import_payload(
                ports,
                account.owner_id,
                ACTOR,
                payload,
                method=method,
                device=device,
                module=module,
                types=[name.strip() for name in types.split(",")] if types else None,
                scale=scale,
                home=home,
                room=room,
            )
            told.append({"file": str(file), **report.as_json()})
            if not as_json:
                _tell(file, report)
        if as_json:
            print_json(told)
        return failures

    return PARTLY if session.run(work) else 0


def _tell(file: Path, report: ImportReport) -> None:
    first, *rest = report.lines()
    click.echo(f"{file}: {first}")
    for line in rest:
        click.echo(line)


@import_.command("csv")
@click.argument("file", type=FILE)
@owner_option
@click.pass_obj
def csv(session: Session, file: Path, owner: str) -> int:
    """Import readings: a header `device,at,<quantity>…`, then a row an instant.

    `device` is our id or any alias of a device of the owner, `at` RFC 3339 or epoch milliseconds. Bad
    rows are reported with their line number and the rest goes in (exit code 2).
    """

    async def read(ports: Ports, owner_id: OwnerId, progress: Progress) -> FileReport:
        with file.open("rb") as stream:
            return await import_csv(ports, owner_id, ACTOR, stream, progress=progress)

    return _import_file(session, file, owner, file.stat().st_size, DownloadColumn(), read)


@import_.command("ndjson")
@click.argument("file", type=FILE)
@owner_option
@click.pass_obj
def ndjson(session: Session, file: Path, owner: str) -> int:
    """Import readings: a JSON row a line, as `export --format ndjson` writes them.

    Bad lines are reported with their number and the rest goes in (exit code 2).
    """

    async def read(ports: Ports, owner_id: OwnerId, progress: Progress) -> FileReport:
        with file.open("rb") as stream:
            return await import_ndjson(ports, owner_id, ACTOR, stream, progress=progress)

    return _import_file(session, file, owner, file.stat().st_size, DownloadColumn(), read)


@import_.command("parquet")
@click.argument("file", type=FILE)
@owner_option
@click.pass_obj
def parquet(session: Session, file: Path, owner: str) -> int:
    """Import readings as `export --format parquet` writes them (needs the extra `parquet`).

    Bad rows are reported with their number and the rest goes in (exit code 2).
    """

    async def read(ports: Ports, owner_id: OwnerId, progress: Progress) -> FileReport:
        return await import_parquet(ports, owner_id, ACTOR, file, progress=progress)

    return _import_file(session, file, owner, row_count(file), MofNCompleteColumn(), read)


Read = Callable[[Ports, OwnerId, Progress], Awaitable[FileReport]]


def _import_file(
    session: Session, file: Path, owner: str, total: int, measure: ProgressColumn, read: Read
) -> int:
    """Reads the file under a progress bar and says what became of its rows; returns the exit code."""
    out = console(stderr=True)
    columns = TextColumn(file.name), BarColumn(), measure, TimeRemainingColumn()
    with Bar(*columns, console=out, transient=True, disable=not out.is_terminal) as shown:
        bar = shown.add_task(file.name, total=total)

        async def work(ports: Ports) -> FileReport:
            account = await account_of(ports, owner)
            return await read(ports, account.owner_id, lambda done: shown.update(bar, completed=done))

        try:
            report = session.run(work)
        except InvalidInput as error:
            raise InvalidInput(str(file), error.message) from error
    for bad in report.bad_rows[:SHOWN_BAD_ROWS]:
        click.echo(f"{file}:{bad.line}: {bad.reason}", err=True)
    hidden = report.bad_count - min(len(report.bad_rows), SHOWN_BAD_ROWS)
    if hidden > 0:
        click.echo(f"{file}: and {hidden} more bad rows", err=True)
    click.echo(f"{report.stored} stored, {report.unchanged} unchanged, {report.bad_count} bad")
    return PARTLY if report.bad_count else 0
