"""Readings as Parquet: read by `import parquet`, written by `export`. Needs the extra `parquet` (pyarrow).

Columns `device` (text), `at` (milliseconds, UTC) and one of doubles a quantity; null where a row lacks it.
What is written here reads back equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from ownclimate.core.errors import InvalidInput, Unsupported
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.readings import Instants, Series, Values
from ownclimate.core.record import instant_problem
from ownclimate.core.writes import Actor
from ownclimate.ingest.files import AT, CHUNK_ROWS, DEVICE, FileIntake, FileReport, Progress, no_progress
from ownclimate.ingest.rows import Parsed, split_by_device

SOURCE_KIND: Final = "import.parquet"


def _pyarrow() -> Any:
    """Raises Unsupported with advice: it is large, and most servers never need it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        advice = "pip install 'ownclimate[parquet]'"
        raise Unsupported("parquet", f"Parquet needs pyarrow, which is not installed: {advice}") from error
    return pyarrow


async def import_parquet(
    ports: Ports, owner_id: OwnerId, actor: Actor, file: Path, *, progress: Progress = no_progress
) -> FileReport:
    """Records the good rows of a file, in bounded memory; `progress` is told the rows done.

    Raises Unsupported without pyarrow; InvalidInput for a file that is no Parquet or has other columns.
    """
    pyarrow = _pyarrow()
    try:
        table = pyarrow.parquet.ParquetFile(file)
        names = _checked_columns(table.schema_arrow.names)
    except (pyarrow.ArrowException, OSError) as error:
        raise InvalidInput(str(file), f"not readable as Parquet: {error}") from error
    intake = await FileIntake.begin(ports, owner_id, actor, SOURCE_KIND)
    done = 0
    with table:
        for batch in table.iter_batches(batch_size=CHUNK_ROWS):
            parsed = _parse(pyarrow, batch, names, ports.clock.now_ms())
            await intake.take(parsed, range(done + 1, done + 1 + len(batch)))
            done += len(batch)
            progress(done)
    return intake.report


def row_count(file: Path) -> int:
    """Raises Unsupported without pyarrow, InvalidInput for a file that is no Parquet."""
    pyarrow = _pyarrow()
    try:
        return int(pyarrow.parquet.read_metadata(file).num_rows)
    except (pyarrow.ArrowException, OSError) as error:
        raise InvalidInput(str(file), f"not readable as Parquet: {error}") from error


class ParquetWriter:
    """Rows of many devices in one table, a row group a call; zstd."""

    def __init__(self, file: Path, quantities: Sequence[str]) -> None:
        self._arrow = _pyarrow()
        self._quantities = tuple(quantities)
        arrow = self._arrow
        fields = [(DEVICE, arrow.string()), (AT, arrow.timestamp("ms", tz="UTC"))]
        self._schema = arrow.schema(fields + [(name, arrow.float64()) for name in quantities])
        self._writer = arrow.parquet.ParquetWriter(file, self._schema, compression="zstd")

    def write(self, device: str, series: Series) -> None:
        count = len(series)
        if not count:
            return
        absent = np.full(count, np.nan)
        columns = [series.columns.get(name, absent) for name in self._quantities]
        arrays = [
            self._arrow.repeat(device, count),
            self._arrow.array(series.times_ms, type=self._arrow.timestamp("ms", tz="UTC")),
            *(self._arrow.array(values, mask=np.isnan(values)) for values in columns),
        ]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """Writes the footer, without which the file cannot be read."""
        self._writer.close()


def _checked_columns(names: Sequence[str]) -> tuple[str, ...]:
    for name in (DEVICE, AT):
        if name not in names:
            raise InvalidInput("columns", f"no column {name!r}; expected device, at and quantities")
    quantities = tuple(name for name in names if name not in (DEVICE, AT))
    for name in quantities:
        if name not in QUANTITIES:
            raise InvalidInput("columns", f"unknown quantity {name[:80]!r}")
    return quantities


def _parse(pyarrow: Any, batch: Any, names: Sequence[str], now_ms: int) -> Parsed:
    try:
        at = batch.column(AT).cast(pyarrow.timestamp("ms", tz="UTC"), safe=False).cast(pyarrow.int64())
        columns = {name: batch.column(name).cast(pyarrow.float64()) for name in names}
        devices = batch.column(DEVICE).cast(pyarrow.string()).to_pylist()
    except pyarrow.ArrowException as error:
        raise InvalidInput("columns", f"of another type than expected: {error}") from error
    times_ms: Instants = at.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    values: dict[str, Values] = {
        name: column.to_numpy(zero_copy_only=False).astype(np.float64) for name, column in columns.items()
    }
    problems = {}
    for index, (device, at_ms) in enumerate(zip(devices, times_ms.tolist(), strict=True)):
        if not device:
            problems[index] = "device: empty"
        elif problem := instant_problem(at_ms, now_ms):
            problems[index] = f"at: {problem}"
        elif any(np.isinf(column[index]) for column in values.values()):
            problems[index] = "a value is infinite"
    good = [index for index in range(len(devices)) if index not in problems]
    groups = split_by_device(
        [devices[index] for index in good],
        times_ms[good],
        {name: column[good] for name, column in values.items()},
        good,
    )
    return Parsed(count=len(devices), groups=groups, problems=problems)
