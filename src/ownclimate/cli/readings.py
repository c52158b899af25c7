"""`ownclimate readings ID`"""

from __future__ import annotations

import sys
from typing import Any

import click
import numpy as np

from ownclimate.cli.session import Session, locate_device, print_json, print_rows
from ownclimate.cli.times import INSTANT, utc_text
from ownclimate.core.ports import Ports
from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.query import history
from ownclimate.core.readings import STEPS, Interval, Series
from ownclimate.core.record import flagged
from ownclimate.core.things import Device
from ownclimate.ingest.csv import CSVWriter


@click.command()
@click.argument("id")
@click.option("--from", "start", type=INSTANT, help="First instant: RFC 3339, a date or epoch milliseconds.")
@click.option("--to", "end", type=INSTANT, help="First instant that is no longer wanted.")
@click.option(
    "--quantity",
    "quantities",
    multiple=True,
    type=click.Choice(list(QUANTITIES)),
    metavar="Q",
    help="Only this one (repeatable), such as temperature_c.",
)
@click.option("--step", type=click.Choice(STEPS), help="Mean, sum or last of each span in the site's zone.")
@click.option("--format", "format_", type=click.Choice(["table", "csv", "json"]), default="table")
@click.option("--owner", metavar="EMAIL", help="Needed when several owners have such a device.")
@click.pass_obj
def readings(
    session: Session,
    id: str,
    start: int | None,
    end: int | None,
    quantities: tuple[str, ...],
    step: str | None,
    format_: str,
    owner: str | None,
) -> None:
    """History of the device ID (our id or any of its aliases).

    What `--format csv` writes, `ownclimate import csv` reads. Values outside a quantity's range are
    shown and marked (`!` in the table, `out_of_range` in JSON).
    """

    async def work(ports: Ports) -> tuple[Device, Series]:
        owner_id, device = await locate_device(ports, id, owner)
        interval = Interval(start_ms=start, end_ms=end)
        return device, await history(ports, owner_id, device, interval, quantities or None, step)

    device, series = session.run(work)
    if format_ == "csv":
        CSVWriter(sys.stdout, list(series.columns)).write(device.vendor_id or device.id, series)
    elif format_ == "json":
        print_json(rows_of(series))
    else:
        _print_table(series)


def rows_of(series: Series) -> list[dict[str, Any]]:
    """`[{"at": "…Z", "temperature_c": …}, …]` in time order; absent values are left out."""
    flags = flagged(series.columns)
    columns = [
        (name, values.tolist(), np.isnan(values).tolist(), flags.get(name))
        for name, values in series.columns.items()
    ]
    rows: list[dict[str, Any]] = []
    for index, at_ms in enumerate(series.times_ms.tolist()):
        row: dict[str, Any] = {"at": utc_text(at_ms)}
        odd = []
        for name, values, absent, flag in columns:
            if not absent[index]:
                row[name] = values[index]
                if flag is not None and flag[index]:
                    odd.append(name)
        if odd:
            row["out_of_range"] = odd
        rows.append(row)
    return rows


def _print_table(series: Series) -> None:
    shown = []
    for row in rows_of(series):
        odd = row.pop("out_of_range", [])
        shown.append({name: _text(value, name in odd) for name, value in row.items()})
    columns = {"at": "AT"} | {name: name for name in series.columns}
    print_rows(shown, columns, empty="no readings", as_json=False)


def _text(value: Any, is_odd: bool) -> str:
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return f"{text} !" if is_odd else text
