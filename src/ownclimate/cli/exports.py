"""`ownclimate export`"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ownclimate.cli.session import Session, account_of, console, locate_device
from ownclimate.cli.times import INSTANT
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.devices import list_devices
from ownclimate.core.errors import Conflict
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Interval
from ownclimate.core.things import Device
from ownclimate.ingest.csv import CSVWriter
from ownclimate.ingest.exports import Writer, name_of, pieces, quantities_of
from ownclimate.ingest.ndjson import NDJSONWriter
from ownclimate.ingest.parquet import ParquetWriter

STDOUT = Path("-")


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--format", "format_", type=click.Choice(["parquet", "csv", "ndjson"]), required=True)
@click.option("--device", "ids", multiple=True, metavar="ID", help="Only this device (repeatable).")
@click.option("--from", "start", type=INSTANT, help="First instant: RFC 3339, a date or epoch milliseconds.")
@click.option("--to", "end", type=INSTANT, help="First instant that is no longer wanted.")
@click.option("--owner", metavar="EMAIL", help="Only this owner's devices.")
@click.pass_obj
def export(
    session: Session,
    out: Path,
    format_: str,
    ids: tuple[str, ...],
    start: int | None,
    end: int | None,
    owner: str | None,
) -> None:
    """Write readings to the file OUT (csv and ndjson also to `-`): every device's unless some are named.

    `ownclimate import` reads it back equal. An interrupted export leaves no file behind.
    """
    if out != STDOUT and out.exists():
        raise Conflict("file", str(out), f"{out} exists; it is not overwritten")
    interval = Interval(start_ms=start, end_ms=end)
    screen = console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        bar = progress.add_task("export", total=1.0)

        def show(done: float, what: str) -> None:
            progress.update(bar, completed=done, description=what)

        async def work(ports: Ports) -> int:
            return await _export(ports, await _devices(ports, ids, owner), interval, out, format_, show)

        rows = session.run(work)
    click.echo(f"{rows} rows written to {out}", err=out == STDOUT)


async def _export(
    ports: Ports,
    devices: Sequence[Device],
    interval: Interval,
    out: Path,
    format_: str,
    show: Callable[[float, str], None],
) -> int:
    """Writes beside the file and gives it its name at the end; returns how many rows it has."""
    quantities = await quantities_of(ports, devices)
    partial = out.with_name(f"{out.name}.partial")
    places = {device.id: place for place, device in enumerate(devices)}
    rows = 0
    try:
        with ExitStack() as opened:
            writer = _writer(opened, partial, quantities, format_, to_stdout=out == STDOUT)
            async for piece in pieces(ports, devices, interval):
                writer.write(name_of(piece.device), piece.series)
                rows += len(piece.series)
                done = (places[piece.device.id] + piece.share_done) / len(devices)
                show(done, piece.device.name or name_of(piece.device))
            writer.close()
        if out != STDOUT:
            partial.rename(out)
    finally:
        partial.unlink(missing_ok=True)
    return rows


def _writer(
    opened: ExitStack, file: Path, quantities: Sequence[str], format_: str, *, to_stdout: bool
) -> Writer:
    if format_ == "parquet":
        if to_stdout:
            raise click.UsageError("Parquet cannot be written to a pipe; name a file")
        return ParquetWriter(file, quantities)
    text = sys.stdout if to_stdout else opened.enter_context(file.open("w", newline="", encoding="utf-8"))
    return CSVWriter(text, quantities) if format_ == "csv" else NDJSONWriter(text, quantities)


async def _devices(ports: Ports, ids: Sequence[str], owner: str | None) -> list[Device]:
    if ids:
        return [(await locate_device(ports, text, owner))[1] for text in ids]
    owner_ids = (
        [(await account_of(ports, owner)).owner_id] if owner else await list_owner_ids(ports.directory)
    )
    return [device for owner_id in owner_ids for device in await list_devices(ports.directory, owner_id)]
