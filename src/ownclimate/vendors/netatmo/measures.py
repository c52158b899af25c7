"""Bodies of getmeasure as they were recorded, without the request that says what they are.

Values become readings only where their stamp is the time of measuring: at `scale=max`, and for sums
(energy, rain) of 5 and 30 minutes, which are recorded at the start of what they sum up. Means,
minima and daily sums are not readings and stay in the raw archive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ownclimate.core.readings import Instants, Values
from ownclimate.core.record import instant_problem
from ownclimate.vendors.netatmo import vocabulary
from ownclimate.vendors.netatmo.recognise import MEASURE, Recognised
from ownclimate.vendors.netatmo.words import LAST_EPOCH_S, integer, number

MAX_ROWS: Final = 1_000_000
MINUTE_MS: Final = 60_000
SUM_STEPS_MS: Final = {
    "5min": 5 * MINUTE_MS,
    "30min": 30 * MINUTE_MS,
}
"""Longer steps begin at an hour of the home's zone, which the body does not tell."""
_SUMS: Final = {
    "sum_rain": "rain_mm",
    "sum_energy_buy_from_grid": "energy_wh",
    "sum_energy_elec": "energy_wh",
}
_SHARES: Final = ("$0", "$1", "$2")
"""Ends of the names of energy at one tariff each. Answers with shares leave the total out."""
NO_COLUMN: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRequest:
    """What a bare body answered, as the person says who imports it."""

    method: str
    device: str
    module: str
    types: tuple[str, ...]
    scale: str

    @classmethod
    def of(
        cls,
        *,
        method: str | None,
        device: str | None,
        module: str | None,
        types: Sequence[str] | None,
        scale: str | None,
    ) -> MeasureRequest:
        split = [part.strip().lower() for item in types or () for part in item.split(",")]
        return cls(
            method=(method or "").lower(),
            device=device or "",
            module=module or "",
            types=tuple(part for part in split if part),
            scale=(scale or "").lower(),
        )

    def fits(self, answer: Recognised) -> bool:
        """Whether the request is whole and the payload can be an answer to it."""
        is_whole = bool(self.device and self.types and self.scale)
        return is_whole and self.method in ("", MEASURE) and answer.kind in (MEASURE, "empty list")

    @property
    def subject(self) -> str:
        """Whose values they are: the module's if one was named."""
        return self.module or self.device

    @property
    def likely_model(self) -> str:
        """The product behind an id of which nothing else is known."""
        found = vocabulary.PREFIXES.get(self.subject[:8].lower())
        if found is None and not self.module and set(self.types) & {"co2", "pressure", "noise"}:
            return vocabulary.STATION
        return found or vocabulary.UNKNOWN_MODEL

    @property
    def likely_gateway(self) -> str:
        """The product behind the gateway's id, when nothing else is known of it."""
        return _GATEWAYS.get(self.likely_model, vocabulary.UNKNOWN_MODEL)


_GATEWAYS: Final = {
    vocabulary.OUTDOOR: vocabulary.STATION,
    vocabulary.INDOOR: vocabulary.STATION,
    vocabulary.RAIN_GAUGE: vocabulary.STATION,
    vocabulary.ANEMOMETER: vocabulary.STATION,
    vocabulary.THERMOSTAT: vocabulary.RELAY,
    vocabulary.VALVE: vocabulary.RELAY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows that have a value, as columns; `warnings` tell what was left out."""

    times_ms: Instants
    columns: dict[str, Values]
    warnings: tuple[str, ...] = ()


def read_measures(body: Any, request: MeasureRequest, now_ms: int) -> Table:
    """The rows of either answer shape as columns; rows that cannot be read are left out and counted."""
    names, warnings = _quantities(request)
    if not names:
        return _table([], [], {}, warnings)
    times, rows, skipped = [], [], 0
    for stamp, row in _rows(body):
        at_ms = None if stamp is None else _start_ms(stamp, request.scale)
        if at_ms is None or not isinstance(row, list) or instant_problem(at_ms, now_ms) is not None:
            skipped += 1
            continue
        times.append(at_ms)
        rows.append(row)
        if len(rows) >= MAX_ROWS:
            warnings.append(f"only the first {MAX_ROWS} rows were taken")
            break
    width = max((len(row) for row in rows), default=0)
    if width > len(request.types):
        warnings.append(f"rows have {width} values, but only {len(request.types)} types were given")
    if skipped:
        warnings.append(f"{skipped} rows without a usable instant were left out")
    return _table(times, rows, names, warnings)


def _quantities(request: MeasureRequest) -> tuple[dict[str, list[int]], list[str]]:
    """The columns of each quantity, and why others are none. The first holds it whole, unless it is
    `NO_COLUMN`; the others hold its shares."""
    columns: dict[str, list[int]] = {}
    warnings = []
    for index, kind in enumerate(request.types):
        is_share = kind.endswith(_SHARES)
        if request.scale == "max":
            name = vocabulary.MEASURE_QUANTITIES.get(kind)
        else:
            whole = kind.rpartition("$")[0] if is_share else kind
            name = _SUMS.get(whole) if request.scale in SUM_STEPS_MS else None
        if name is None or (not is_share and columns.get(name, [NO_COLUMN])[0] != NO_COLUMN):
            warnings.append(f"{kind} at scale {request.scale} is no reading; kept as it came")
        elif is_share:
            columns.setdefault(name, [NO_COLUMN]).append(index)
        else:
            columns.setdefault(name, [NO_COLUMN])[0] = index
    return columns, warnings


def _rows(body: Any) -> Iterator[tuple[int | None, Any]]:
    if isinstance(body, Mapping):
        for stamp, row in body.items():
            yield integer(stamp), row
    for run in body if isinstance(body, list) else ():
        if not isinstance(run, Mapping):
            continue
        begin, step, values = integer(run.get("beg_time")), integer(run.get("step_time")), run.get("value")
        for index, row in enumerate(values if isinstance(values, list) else ()):
            if begin is None or (step is None and index):
                yield None, row
            else:
                yield begin + index * (step or 0), row


def _start_ms(stamp_s: int, scale: str) -> int | None:
    """The instant a stamp means. A stamp in the middle of its step means the step's start."""
    if abs(stamp_s) > LAST_EPOCH_S:
        return None
    at_ms = stamp_s * 1000
    step_ms = SUM_STEPS_MS.get(scale)
    if step_ms is not None and at_ms % step_ms == step_ms // 2:
        return at_ms - step_ms // 2
    return at_ms


def _table(
    times: list[int], rows: list[list[Any]], names: Mapping[str, list[int]], warnings: Sequence[str]
) -> Table:
    columns = {name: _column(rows, indexes) for name, indexes in names.items()}
    filled = np.zeros(len(times), dtype=np.bool_)
    for values in columns.values():
        filled |= ~np.isnan(values)
    times_ms = np.array(times, dtype=np.int64)[filled]
    return Table(
        times_ms=times_ms,
        columns={name: values[filled] for name, values in columns.items()},
        warnings=tuple(warnings),
    )


def _column(rows: list[list[Any]], indexes: Sequence[int]) -> Values:
    """The first column, where it is empty the sum of its shares."""
    table = np.array([[_cell(row, index) for index in indexes] for row in rows], dtype=np.float64)
    table = table.reshape(len(rows), len(indexes))
    first: Values = table[:, 0]
    has_shares = ~np.isnan(table).all(axis=1)
    return np.where(np.isnan(first) & has_shares, np.nansum(table, axis=1), first)


def _cell(row: list[Any], index: int) -> float:
    found = number(row[index]) if 0 <= index < len(row) else None
    return float("nan") if found is None else float(found)
