"""Readings as JSON, a row a line: read by `import ndjson`, written by `export`.

A line is a row as the HTTP door takes it: `{"device":…,"at":…,"temperature_c":…}`. What is written here
reads back equal. A line that cannot be taken is reported with its number and the rest goes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any, BinaryIO, Final, TextIO

import msgspec
import numpy as np
import orjson

from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Series
from ownclimate.core.writes import Actor
from ownclimate.ingest.files import AT, CHUNK_ROWS, DEVICE, FileIntake, FileReport, Progress, no_progress
from ownclimate.ingest.rows import parse_rows

SOURCE_KIND: Final = "import.ndjson"
MAX_LINE_BYTES: Final = 1 << 20
"""A longer line is no row of readings, and is not read whole."""


async def import_ndjson(
    ports: Ports, owner_id: OwnerId, actor: Actor, stream: BinaryIO, *, progress: Progress = no_progress
) -> FileReport:
    """Records the good rows of a file, in bounded memory; `progress` is told the bytes done.

    Raises StoreUnavailable, after which a part of the file may be in and importing it again completes it.
    """
    intake = await FileIntake.begin(ports, owner_id, actor, SOURCE_KIND)
    number = done = 0
    lines = iter(lambda: stream.readline(MAX_LINE_BYTES), b"")
    while chunk := list(islice(lines, CHUNK_ROWS)):
        rows: list[Any] = []
        places: list[int] = []
        for line in chunk:
            number += 1
            done += len(line)
            if line.strip():
                rows.append(_row(line))
                places.append(number)
        if rows:
            parsed = parse_rows(rows, ports.clock.now_ms(), is_plain=False)
            await intake.take(parsed, places)
        progress(done)
    return intake.report


def _row(line: bytes) -> Any:
    """None for a line that is no JSON, which no row is."""
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class NDJSONWriter:
    """Rows of many devices, absent values left out."""

    def __init__(self, out: TextIO, quantities: Sequence[str]) -> None:
        self._out = out
        self._quantities = tuple(quantities)

    def write(self, device: str, series: Series) -> None:
        names = [name for name in self._quantities if name in series.columns]
        for start in range(0, len(series), CHUNK_ROWS):
            part = slice(start, start + CHUNK_ROWS)
            at = np.datetime_as_string(series.times_ms[part].astype("datetime64[ms]"), timezone="UTC")
            columns = [series.columns[name][part].tolist() for name in names]
            lines = []
            for instant, *values in zip(at.tolist(), *columns, strict=True):
                row = {DEVICE: device, AT: instant}
                row.update((name, v) for name, v in zip(names, values, strict=True) if v == v)
                lines.append(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
            self._out.write(b"".join(lines).decode())

    def close(self) -> None:
        """Nothing is left to write: every row went out with its call."""
