"""Readings as senders write them in JSON, to columns.

Two shapes of one body: `{"readings": [row, …]}`, a row being `device`, `at` and any quantities, and
`{"columns": {"device": …, "at": […], quantity: […], …}}` for many instants of one device.

There are two ways through. The swift one handles whole columns and gives up at the first oddity; the
careful one then goes row by row and says what is wrong with each. What the swift way takes, the
careful way would have taken with the same result.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import Any, Final

import msgspec
import numpy as np

from ownclimate.core.errors import InvalidInput
from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.readings import Instants, Values
from ownclimate.core.record import are_instants_sound, instant_problem
from ownclimate.ingest.instants import parse_instant, parse_instants

MAX_ROWS: Final = 10_000

FLAGS: Final = frozenset(q.name for q in QUANTITIES.values() if (q.unit, q.low, q.high) == ("", 0, 1))
"""Quantities that say yes or no, for which true and false are as good as 1 and 0."""

_ONLY_ABSENT: Final = frozenset({type(None)})
_NUMBERS: Final = frozenset({int, float, type(None)})
_NUMBERS_AND_FLAGS: Final = frozenset({int, float, bool, type(None)})


class TooManyRows(InvalidInput):
    """More rows than one call may bring."""

    code = "too_many_rows"

    def __init__(self, count: int) -> None:
        super().__init__("", f"{count} rows in one call; at most {MAX_ROWS} are taken")


class BadRows(InvalidInput):
    """Some rows cannot be taken, so none of the call is. `problems` has the reason of each by its index."""

    code = "bad_rows"

    def __init__(self, problems: Mapping[int, str]) -> None:
        first = min(problems)
        super().__init__(f"row {first}", problems[first])
        self.problems = dict(sorted(problems.items()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeviceRows:
    """Rows of one device, which is named as the sender named it. `indices` are places in the call."""

    device: str
    indices: Sequence[int]
    times_ms: Instants
    columns: dict[str, Values]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parsed:
    """What could be read of a call, and by index what could not."""

    count: int
    groups: list[DeviceRows]
    problems: dict[int, str] = field(default_factory=dict)


def parse_body(body: bytes, now_ms: int) -> Parsed:
    """Raises InvalidInput when the body as a whole cannot be read; TooManyRows."""
    content, is_plain = _decode(body)
    if not isinstance(content, dict) or len(content) != 1:
        raise InvalidInput("body", 'expected an object with one member, "readings" or "columns"')
    if "readings" in content:
        return parse_rows(content["readings"], now_ms, is_plain=is_plain)
    if "columns" in content:
        return parse_columns(content["columns"], now_ms, is_plain=is_plain)
    raise InvalidInput("body", 'expected the member "readings" or "columns"')


def parse_rows(rows: Any, now_ms: int, *, is_plain: bool) -> Parsed:
    """`is_plain` says that every number is finite, so that the swift way need not look."""
    if not isinstance(rows, list):
        raise InvalidInput("readings", "expected a list of rows")
    if len(rows) > MAX_ROWS:
        raise TooManyRows(len(rows))
    if not rows:
        return Parsed(count=0, groups=[])
    parsed = None
    if is_plain:
        parsed = _swift_row(rows[0], now_ms) if len(rows) == 1 else _swift_rows(rows, now_ms)
    return parsed or _careful_rows(rows, now_ms)


def parse_columns(columns: Any, now_ms: int, *, is_plain: bool) -> Parsed:
    if not isinstance(columns, dict):
        raise InvalidInput("columns", "expected an object of device, at and quantities")
    device, at = columns.get("device"), columns.get("at")
    if not isinstance(device, str) or not device:
        raise InvalidInput("columns.device", "expected the device's id as text")
    if not isinstance(at, list):
        raise InvalidInput("columns.at", "expected a list of instants")
    if len(at) > MAX_ROWS:
        raise TooManyRows(len(at))
    values = {name: column for name, column in columns.items() if name not in ("device", "at")}
    for name, column in values.items():
        if name not in QUANTITIES:
            raise InvalidInput(f"columns.{name}", "unknown quantity")
        if not isinstance(column, list) or len(column) != len(at):
            raise InvalidInput(f"columns.{name}", f"expected a list of {len(at)} values")
    parsed = _swift_columns(device, at, values, now_ms) if is_plain else None
    if parsed is None:
        names = list(values)
        rows = [
            {"device": device, "at": instant, **dict(zip(names, cells, strict=True))}
            for instant, *cells in zip(at, *values.values(), strict=True)
        ]
        parsed = _careful_rows(rows, now_ms)
    return parsed


def _decode(body: bytes) -> tuple[Any, bool]:
    """The content, and whether all its numbers are finite."""
    try:
        return msgspec.json.decode(body), True
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Python's own reader takes NaN, Infinity and 1e999, so that the row that has one can be named.
        try:
            return json.loads(body.decode()), False
        except (ValueError, RecursionError) as error:
            raise InvalidInput("body", "not readable as JSON") from error


def _swift_row(row: Any, now_ms: int) -> Parsed | None:
    """A row by itself, which is what most devices send: its values share one array."""
    if type(row) is not dict:
        return None
    device = row.get("device")
    if type(device) is not str or not device:
        return None
    try:
        at_ms = parse_instant(row.get("at"))
    except ValueError:
        return None
    if instant_problem(at_ms, now_ms) is not None:
        return None
    names: list[str] = []
    cells: list[float] = []
    for name, cell in row.items():
        if name not in QUANTITIES:
            if name not in ("device", "at"):
                return None
        elif type(cell) in (float, int) or (type(cell) is bool and name in FLAGS):
            names.append(name)
            cells.append(cell)
        elif cell is not None:
            return None
    try:
        values = np.array(cells, dtype=np.float64)
    except OverflowError:
        return None
    group = DeviceRows(
        device=device,
        indices=(0,),
        times_ms=np.array((at_ms,), dtype=np.int64),
        columns={name: values[place : place + 1] for place, name in enumerate(names)},
    )
    return Parsed(count=1, groups=[group])


def _swift_rows(rows: Sequence[Any], now_ms: int) -> Parsed | None:
    if set(map(type, rows)) != {dict}:
        return None
    names = list(dict.fromkeys(("device", "at", *rows[0])))
    if set(map(len, rows)) == {len(names)}:
        try:
            found: list[Sequence[Any]] = list(zip(*map(itemgetter(*names), rows), strict=True))
        except KeyError:
            return None
    else:
        names = list(dict.fromkeys(name for row in rows for name in ("device", "at", *row)))
        found = [[row.get(name) for row in rows] for name in names]
    device_column, at, *cells = found
    quantities = names[2:]
    if not all(map(QUANTITIES.__contains__, quantities)) or set(map(type, device_column)) != {str}:
        return None
    columns = dict(zip(quantities, cells, strict=True))
    devices = set(device_column)
    if "" in devices:
        return None
    if len(devices) == 1:
        return _swift_columns(device_column[0], at, columns, now_ms)
    times_ms = _swift_instants(at, now_ms)
    values = _swift_values(columns)
    if times_ms is None or values is None:
        return None
    return Parsed(count=len(rows), groups=split_by_device(device_column, times_ms, values))


def _swift_columns(
    device: str, at: Sequence[Any], columns: Mapping[str, Sequence[Any]], now_ms: int
) -> Parsed | None:
    times_ms = _swift_instants(at, now_ms)
    values = _swift_values(columns)
    if times_ms is None or values is None:
        return None
    count = len(at)
    group = DeviceRows(device=device, indices=range(count), times_ms=times_ms, columns=values)
    return Parsed(count=count, groups=[group] if count else [])


def _swift_instants(at: Sequence[Any], now_ms: int) -> Instants | None:
    try:
        times_ms = parse_instants(at)
    except ValueError:
        return None
    return times_ms if are_instants_sound(times_ms, now_ms) else None


def _swift_values(columns: Mapping[str, Sequence[Any]]) -> dict[str, Values] | None:
    """The columns that hold any value; None when there is a cell that is not one."""
    found: dict[str, Values] = {}
    for name, cells in columns.items():
        kinds = set(map(type, cells))
        if not kinds <= (_NUMBERS_AND_FLAGS if name in FLAGS else _NUMBERS):
            return None
        if kinds == _ONLY_ABSENT:
            continue
        try:
            found[name] = np.array(cells, dtype=np.float64)
        except OverflowError:
            return None
    return found


def _careful_rows(rows: Sequence[Any], now_ms: int) -> Parsed:
    problems: dict[int, str] = {}
    devices: list[str] = []
    indices: list[int] = []
    times: list[int] = []
    cells: list[dict[str, float]] = []
    for index, row in enumerate(rows):
        try:
            device, at_ms, values = _careful_row(row, now_ms)
        except ValueError as error:
            problems[index] = str(error)
            continue
        devices.append(device)
        indices.append(index)
        times.append(at_ms)
        cells.append(values)
    names = dict.fromkeys(name for values in cells for name in values)
    columns = {name: np.array([values.get(name, math.nan) for values in cells]) for name in names}
    groups = split_by_device(devices, np.array(times, dtype=np.int64), columns, indices)
    return Parsed(count=len(rows), groups=groups, problems=problems)


def _careful_row(row: Any, now_ms: int) -> tuple[str, int, dict[str, float]]:
    """Raises ValueError with the reason why the row cannot be taken."""
    if not isinstance(row, dict):
        raise ValueError("expected an object of device, at and quantities")  # noqa: TRY004 - one kind for all
    device = row.get("device")
    if not isinstance(device, str) or not device:
        raise ValueError("device: expected the device's id as text")
    if "at" not in row:
        raise ValueError("at: missing")
    try:
        at_ms = parse_instant(row["at"])
    except ValueError as error:
        raise ValueError(f"at: {error}") from error
    if problem := instant_problem(at_ms, now_ms):
        raise ValueError(f"at: {problem}")
    values = {
        name: checked_value(name, cell)
        for name, cell in row.items()
        if name not in ("device", "at") and (cell is not None or name not in QUANTITIES)
    }
    return device, at_ms, values


def checked_value(name: str, cell: Any) -> float:
    """Raises ValueError with the reason why the cell is not a value of the quantity."""
    if name not in QUANTITIES:
        raise ValueError(f"{name}: unknown quantity")
    if isinstance(cell, bool) and name not in FLAGS:
        raise ValueError(f"{name}: expected a number, not true or false")
    if not isinstance(cell, (int, float)):
        raise ValueError(f"{name}: expected a number")  # noqa: TRY004 - one kind for all
    try:
        value = float(cell)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError(f"{name}: expected a finite number")
    return value


def split_by_device(
    devices: Sequence[str],
    times_ms: Instants,
    columns: Mapping[str, Values],
    indices: Sequence[int] | None = None,
) -> list[DeviceRows]:
    """Rows by device, in the order in which the devices first occur; columns without a value left out."""
    if len(devices) == 1:
        present = {name: column for name, column in columns.items() if column[0] == column[0]}
        group = DeviceRows(device=devices[0], indices=indices or [0], times_ms=times_ms, columns=present)
        return [group]
    places: dict[str, list[int]] = {}
    for place, device in enumerate(devices):
        places.setdefault(device, []).append(place)
    # One take a column brings each device's rows together; after it a device's rows are a slice.
    order = np.fromiter(chain.from_iterable(places.values()), dtype=np.intp, count=len(devices))
    times_ms = times_ms[order]
    sorted_columns = {name: column[order] for name, column in columns.items()}
    gappy = {name for name, column in sorted_columns.items() if np.isnan(column).any()}
    groups = []
    start = 0
    for device, wanted in places.items():
        rows = slice(start, start := start + len(wanted))
        cells = {name: column[rows] for name, column in sorted_columns.items()}
        groups.append(
            DeviceRows(
                device=device,
                indices=wanted if indices is None else [indices[place] for place in wanted],
                times_ms=times_ms[rows],
                columns={n: v for n, v in cells.items() if n not in gappy or not np.isnan(v).all()},
            )
        )
    return groups
