"""Rows of getmeasure and getroommeasure as columns of readings.

Values become readings only where their stamp is the time of measuring: at `scale=max`, and for sums (rain,
energy, seconds of heating) of 5 and 30 minutes, which are recorded at the start of what they sum up. Of a
room also the means of 5 and 30 minutes count: its valves have no finer past. Minima, maxima, longer means
and longer sums are no readings and stay in the raw archive.

Seconds of heating become the share of the time in which the heater was on. At `max` that needs both
seconds, on and off: for how long a value stands is not told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ownclimate.core.readings import Instants, Values
from ownclimate.core.record import instant_problem
from ownclimate.vendors.netatmo import vocabulary
from ownclimate.vendors.netatmo.measure_request import MeasureRequest
from ownclimate.vendors.netatmo.words import LAST_EPOCH_S, integer, number

MAX_ROWS: Final = 1_000_000
AS_MEASURED: Final = "max"
MINUTE_S: Final = 60
STEPS_S: Final = {"5min": 5 * MINUTE_S, "30min": 30 * MINUTE_S}
"""Longer steps begin at an hour of the home's zone; their sums say too little to be readings."""
HEATING: Final = "heating_on"
_SUMS: Final = {
    "sum_rain": "rain_mm",
    "sum_energy_buy_from_grid": "energy_wh",
    "sum_energy_elec": "energy_wh",
}
_MEANS: Final = {name: vocabulary.MEASURE_QUANTITIES[name] for name in ("temperature", "sp_temperature")}
_SHARES: Final = ("$0", "$1", "$2")
"""Ends of the names of energy at one tariff each. Answers with shares leave the total out."""
_ON: Final = ("boileron", "sum_boiler_on")
_OFF: Final = ("boileroff", "sum_boiler_off")
_PLAIN: Final = frozenset({int, float, type(None)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows that have a value, as columns. `is_whole` tells whether every cell is in them; what is not is in
    the `warnings`, as far as a person could mend it."""

    times_ms: Instants
    columns: dict[str, Values]
    is_whole: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Plan:
    """Which places of a row hold what. `whole` are quantities in one place, `shares` those in several that
    add up; a quantity may be in both, and its whole then counts where it is filled."""

    whole: dict[str, int] = field(default_factory=dict)
    shares: dict[str, list[int]] = field(default_factory=dict)
    on: int | None = None
    off: int | None = None
    untaken: bool = False
    """Whether there are types that are no readings."""
    warnings: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.whole or self.shares or self.has_heating)

    @property
    def has_heating(self) -> bool:
        return self.on is not None or self.off is not None


def read_measures(body: Any, request: MeasureRequest, now_ms: int, offset_s: int = 0) -> Table:
    """The rows of either answer shape as columns; rows that cannot be read are left out and counted.

    `offset_s` is that of the time zone in which bins were cut.
    """
    plan = _plan(request)
    if plan.is_empty:
        return _table([], {}, plan, is_whole=False)
    times, rows, skipped = [], [], 0
    for stamp, row in _rows(body):
        at_ms = None if stamp is None else _start_ms(stamp, request, offset_s)
        if at_ms is None or not isinstance(row, list) or instant_problem(at_ms, now_ms) is not None:
            skipped += 1
            continue
        times.append(at_ms)
        rows.append(row)
        if len(rows) >= MAX_ROWS:
            plan.warnings.append(f"only the first {MAX_ROWS} rows were taken")
            break
    widths = set(map(len, rows))
    if widths and max(widths) > len(request.types):
        plan.warnings.append(
            f"rows have {max(widths)} values, but only {len(request.types)} types were given"
        )
    if skipped:
        plan.warnings.append(f"{skipped} rows without a usable instant were left out")
    cells = _cells(rows, len(request.types), is_even=widths == {len(request.types)})
    columns = _columns(cells, plan, STEPS_S.get(request.scale))
    is_whole = not (skipped or plan.untaken or len(rows) >= MAX_ROWS) and _hold_all(
        rows, cells, columns, plan
    )
    return _table(times, columns, plan, is_whole=is_whole)


def _plan(request: MeasureRequest) -> _Plan:
    plan = _Plan()
    is_measured, is_step = request.scale == AS_MEASURED, request.scale in STEPS_S
    for place, kind in enumerate(request.types):
        is_share = kind.endswith(_SHARES)
        summed = _SUMS.get(kind.rpartition("$")[0] if is_share else kind)
        plain = vocabulary.MEASURE_QUANTITIES.get(kind) if is_measured else None
        if is_step and request.is_of_room:
            plain = _MEANS.get(kind)
        if is_step and summed is not None and is_share:
            plan.shares.setdefault(summed, []).append(place)
        elif is_step and summed is not None and summed not in plan.whole:
            plan.whole[summed] = place
        elif plain is not None and plain not in plan.whole:
            plan.whole[plain] = place
        elif (is_measured or is_step) and kind in _ON and plan.on is None:
            plan.on = place
        elif (is_measured or is_step) and kind in _OFF and plan.off is None:
            plan.off = place
        else:
            _leave(plan, f"{kind} at scale {request.scale} is no reading; kept as it came")
    if is_measured and (plan.on is None) is not (plan.off is None):
        plan.on = plan.off = None
        _leave(plan, "boileron and boileroff at scale max say something only together; kept")
    return plan


def _leave(plan: _Plan, why: str) -> None:
    plan.untaken = True
    plan.warnings.append(why)


def _rows(body: Any) -> Iterator[tuple[int | None, Any]]:
    if isinstance(body, Mapping):
        for stamp, row in body.items():
            yield integer(stamp), row
    for run in body if isinstance(body, list) else ():
        if not isinstance(run, Mapping):
            yield None, run
            continue
        begin, step, values = integer(run.get("beg_time")), integer(run.get("step_time")), run.get("value")
        for index, row in enumerate(values if isinstance(values, list) else (values,)):
            if begin is None or (step is None and index):
                yield None, row
            else:
                yield begin + index * (step or 0), row


def _start_ms(stamp_s: int, request: MeasureRequest, offset_s: int) -> int | None:
    """The instant a stamp means. A stamp in the middle of its step means the step's start."""
    if abs(stamp_s) > LAST_EPOCH_S:
        return None
    step_s = STEPS_S.get(request.scale)
    if step_s is not None and request.is_real_time is not True:
        is_middle = (stamp_s + offset_s) % step_s == step_s // 2
        if request.is_real_time is False or is_middle:
            stamp_s -= step_s // 2
    return stamp_s * 1000


def _cells(rows: Sequence[list[Any]], width: int, *, is_even: bool) -> Values:
    """A row a stamp and a column a type; NaN where there is no number."""
    if is_even and all(type(cell) in _PLAIN for row in rows for cell in row):
        try:
            cells = np.array(rows, dtype=np.float64)
        except OverflowError:
            pass
        else:
            # Numbers as the wire has them; whole ones beyond 64 bits are none.
            if not (np.abs(cells) >= 2**63).any():
                return cells
    read = [[_cell(row, place) for place in range(width)] for row in rows]
    return np.array(read, dtype=np.float64).reshape(len(rows), width)


def _cell(row: list[Any], place: int) -> float:
    found = number(row[place]) if place < len(row) else None
    return float("nan") if found is None else float(found)


def _columns(cells: Values, plan: _Plan, step_s: int | None) -> dict[str, Values]:
    columns: dict[str, Values] = {name: cells[:, place] for name, place in plan.whole.items()}
    for name, places in plan.shares.items():
        parts = cells[:, places]
        added = np.where(np.isnan(parts).all(axis=1), np.nan, np.nansum(parts, axis=1))
        columns[name] = np.where(np.isnan(columns[name]), added, columns[name]) if name in columns else added
    if plan.has_heating:
        nothing = np.full(len(cells), np.nan)
        on_s = nothing if plan.on is None else cells[:, plan.on]
        off_s = nothing if plan.off is None else cells[:, plan.off]
        columns[HEATING] = _share_on(on_s, off_s, step_s)
    return columns


def _share_on(on_s: Values, off_s: Values, step_s: int | None) -> Values:
    """For which share of the time a heater was on; NaN where the seconds cannot tell."""
    if step_s is not None:
        on_s = np.where(np.isnan(on_s), step_s - off_s, on_s)
        off_s = np.where(np.isnan(off_s), step_s - on_s, off_s)
    length_s = on_s + off_s
    is_told = (on_s >= 0) & (off_s >= 0) & (length_s > 0)
    return np.where(is_told, on_s / np.where(is_told, length_s, 1), np.nan)


def _hold_all(rows: Sequence[list[Any]], cells: Values, columns: Mapping[str, Values], plan: _Plan) -> bool:
    """Whether the columns hold every cell that is not null."""
    told = sum(len(row) - row.count(None) for row in rows)
    if told != np.count_nonzero(~np.isnan(cells)):
        return False
    if not plan.has_heating:
        return True
    places = [place for place in (plan.on, plan.off) if place is not None]
    seconds = ~np.isnan(cells[:, places])
    return not (np.isnan(columns[HEATING]) & seconds.any(axis=1)).any()


def _table(times: list[int], columns: dict[str, Values], plan: _Plan, *, is_whole: bool) -> Table:
    filled = np.zeros(len(times), dtype=np.bool_)
    for values in columns.values():
        filled |= ~np.isnan(values)
    return Table(
        times_ms=np.array(times, dtype=np.int64)[filled],
        columns={name: values[filled] for name, values in columns.items()},
        is_whole=is_whole,
        warnings=tuple(plan.warnings),
    )
