"""Readings as CSV: read by `import csv`, written by `readings --format csv` and `export`.

A header `device,at,<quantity>…`, then a row an instant. What is written here reads back equal. A row
that cannot be taken is reported with its line and the rest goes in.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO, Final, NamedTuple, TextIO

import numpy as np

from ownclimate.core.errors import InvalidInput
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.readings import Instants, Series, Values
from ownclimate.core.record import are_instants_sound, instant_problem
from ownclimate.core.writes import Actor
from ownclimate.ingest.files import AT, CHUNK_ROWS, DEVICE, FileIntake, FileReport, Progress, no_progress
from ownclimate.ingest.instants import parse_instant, parse_instants
from ownclimate.ingest.rows import DeviceRows, Parsed, checked_value, split_by_device

SOURCE_KIND: Final = "import.csv"

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NUMBERS = re.compile(rf"(?:{_NUMBER.pattern})?(?:,(?:{_NUMBER.pattern})?)*", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_WORDS: Final = {"true": True, "false": False}


class _Record(NamedTuple):
    line: int
    cells: list[str]
    problem: str = ""


async def import_csv(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    stream: BinaryIO,
    *,
    progress: Progress = no_progress,
) -> FileReport:
    """Records the good rows of a file, in bounded memory; `progress` is told the bytes done.

    Raises InvalidInput when the header cannot be understood (nothing is recorded); StoreUnavailable, after
    which a part of the file may be in and importing it again completes it.
    """
    lines = _Lines(stream)
    records = _records(lines)
    header = _header(next(records, None))
    intake = await FileIntake.begin(ports, owner_id, actor, SOURCE_KIND)
    while chunk := list(islice(records, CHUNK_ROWS)):
        await intake.take(_parse(header, chunk, ports.clock.now_ms()), [record.line for record in chunk])
        progress(lines.done_bytes)
    progress(lines.done_bytes)
    return intake.report


class CSVWriter:
    """Rows of many devices under one header; every value so that it reads back equal, absent ones empty."""

    def __init__(self, out: TextIO, quantities: Sequence[str]) -> None:
        self._writer = csv.writer(out, lineterminator="\n")
        self._quantities = tuple(quantities)
        self._writer.writerow([DEVICE, AT, *quantities])

    def write(self, device: str, series: Series) -> None:
        for start in range(0, len(series), CHUNK_ROWS):
            part = slice(start, start + CHUNK_ROWS)
            at = np.datetime_as_string(series.times_ms[part].astype("datetime64[ms]"), timezone="UTC")
            absent = [""] * len(at)
            columns = [
                _texts(series.columns[name][part]) if name in series.columns else absent
                for name in self._quantities
            ]
            self._writer.writerows(zip([device] * len(at), at.tolist(), *columns, strict=True))

    def close(self) -> None:
        """Nothing is left to write: every row went out with its call."""


def _texts(values: Values) -> list[str]:
    return ["" if value != value else repr(value) for value in values.tolist()]


class _Lines:
    """The lines of a file as text, counting its bytes. What is no UTF-8 shows as U+FFFD."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.done_bytes = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._stream:
            encoding = "utf-8" if self.done_bytes else "utf-8-sig"
            self.done_bytes += len(line)
            yield line.decode(encoding, "replace")


def _records(lines: Iterable[str]) -> Iterator[_Record]:
    """Rows with the line at which each begins, empty lines left out."""
    reader = csv.reader(lines, skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _Record(line, [], f"not readable as CSV: {error}")
            continue
        if cells:
            yield _Record(line, cells)


def _header(record: _Record | None) -> list[str]:
    if record is None:
        raise InvalidInput("header", "the file is empty; expected a header device,at,<quantity>…")
    if record.problem:
        raise InvalidInput("header", record.problem)
    names = [cell.strip() for cell in record.cells]
    if len(names) == 1 and ";" in names[0]:
        raise InvalidInput("header", "cells are separated by semicolons; expected commas")
    for name in (DEVICE, AT):
        if name not in names:
            raise InvalidInput("header", f"no column {name!r}; expected device,at,<quantity>…")
    for name in names:
        if name not in (DEVICE, AT) and name not in QUANTITIES:
            raise InvalidInput("header", f"unknown quantity {name[:80]!r}")
        if names.count(name) > 1:
            raise InvalidInput("header", f"the column {name!r} occurs twice")
    return names


def _parse(header: Sequence[str], chunk: Sequence[_Record], now_ms: int) -> Parsed:
    """Whole columns at once when all is sound, else row by row, with the same result for sound rows."""
    groups = _swift(header, [record.cells for record in chunk], now_ms)
    if groups is not None:
        return Parsed(count=len(chunk), groups=groups)
    return _careful(header, chunk, now_ms)


def _swift(header: Sequence[str], rows: Sequence[list[str]], now_ms: int) -> list[DeviceRows] | None:
    if set(map(len, rows)) != {len(header)}:
        return None
    cells = dict(zip(header, zip(*rows, strict=True), strict=True))
    devices, at = cells.pop(DEVICE), cells.pop(AT)
    times_ms = _swift_instants(at)
    if "" in devices or times_ms is None or not are_instants_sound(times_ms, now_ms):
        return None
    columns: dict[str, Values] = {}
    for name, texts in cells.items():
        joined = ",".join(texts)
        if joined.count(",") != len(texts) - 1 or not _NUMBERS.fullmatch(joined):
            return None
        values = np.array([float(text) if text else math.nan for text in texts])
        if np.isinf(values).any():
            return None
        columns[name] = values
    return split_by_device(devices, times_ms, columns)


def _swift_instants(texts: Sequence[str]) -> Instants | None:
    try:
        if all(map(str.isdecimal, texts)) and "".join(texts).isascii():
            return parse_instants([int(text) for text in texts])
        return parse_instants(texts)
    except ValueError:
        return None


def _careful(header: Sequence[str], chunk: Sequence[_Record], now_ms: int) -> Parsed:
    problems: dict[int, str] = {}
    good: list[tuple[int, str, int, dict[str, float]]] = []
    for index, record in enumerate(chunk):
        try:
            good.append((index, *_careful_row(header, record, now_ms)))
        except ValueError as error:
            problems[index] = str(error)
    names = [name for name in header if name not in (DEVICE, AT)]
    groups = split_by_device(
        [device for _, device, _, _ in good],
        np.array([at_ms for _, _, at_ms, _ in good], dtype=np.int64),
        {name: np.array([values.get(name, math.nan) for *_, values in good]) for name in names},
        [index for index, *_ in good],
    )
    return Parsed(count=len(chunk), groups=groups, problems=problems)


def _careful_row(header: Sequence[str], record: _Record, now_ms: int) -> tuple[str, int, dict[str, float]]:
    """Raises ValueError with the reason why the row cannot be taken."""
    if record.problem:
        raise ValueError(record.problem)
    if len(record.cells) != len(header):
        hint = "; a decimal comma? write 21.4" if len(record.cells) > len(header) else ""
        raise ValueError(f"expected {len(header)} cells, found {len(record.cells)}{hint}")
    cells = dict(zip(header, record.cells, strict=True))
    device, at = cells.pop(DEVICE), cells.pop(AT).strip()
    if not device:
        raise ValueError("device: empty")
    try:
        at_ms = parse_instant(int(at) if re.fullmatch(r"-?\d+", at, re.ASCII) else at)
    except ValueError as error:
        raise ValueError(f"at: {error}") from error
    if problem := instant_problem(at_ms, now_ms):
        raise ValueError(f"at: {problem}")
    values = {name: _value(name, text.strip()) for name, text in cells.items() if text.strip()}
    return device, at_ms, values


def _value(name: str, text: str) -> float:
    if text.lower() in _WORDS:
        return checked_value(name, _WORDS[text.lower()])
    if _DECIMAL_COMMA.fullmatch(text):
        raise ValueError(f"{name}: {text!r} has a decimal comma; write {text.replace(',', '.')}")
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{name}: expected a number, found {text[:40]!r}")
    return checked_value(name, float(text))
