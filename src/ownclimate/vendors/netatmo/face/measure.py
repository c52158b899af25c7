"""`/api/getmeasure`: the history of one module, as it was measured or in bins (contract §5.3)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
import numpy as np

from ownclimate.core.access import Permission
from ownclimate.core.devices import find_device_by_alias
from ownclimate.core.errors import InvalidInput, NotFound
from ownclimate.core.ids import DeviceNumber
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Instants, Interval, Values
from ownclimate.core.sites import get_site
from ownclimate.core.things import Device, Site
from ownclimate.vendors.netatmo import presented, vocabulary
from ownclimate.vendors.netatmo.face import heating
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.parameters import Epoch, WireId, is_wire_id, wire_id
from ownclimate.vendors.netatmo.measuretypes import (
    SCALES,
    MeasureType,
    Scale,
    stamps_s,
    valid_type,
)
from ownclimate.vendors.netatmo.vocabulary import DIALECT
from ownclimate.vendors.netatmo.wire import Cell, MeasureBody, MeasureRow, MeasureRun
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Success

MAX_VALUES: Final = 1024
LAST: Final = "last"
MAX_TYPES: Final = 50
"""There are some seventy types, and no module measures a quarter of them."""
SCOPES: Final = tuple(sorted({vocabulary.read_scope(code) for code in vocabulary.PRODUCTS}))

_DIGITS_OF_MEANS: Final = 6
"""Means are rounded far below what any sensor resolves, which removes the noise of binary fractions."""
_SECOND_MS: Final = 1000


class MeasureQuery(msgspec.Struct, kw_only=True):
    device_id: WireId
    scale: Annotated[str, msgspec.Meta(description=", ".join(SCALES))]
    type: list[str]
    module_id: WireId | msgspec.UnsetType = msgspec.UNSET
    date_begin: Epoch | msgspec.UnsetType = msgspec.UNSET
    date_end: Annotated[int | str, msgspec.Meta(description="Epoch seconds, inclusive, or `last`")] | (
        msgspec.UnsetType
    ) = msgspec.UNSET
    limit: Annotated[int, msgspec.Meta(description=f"At most {MAX_VALUES}; more is cut")] = MAX_VALUES
    optimize: bool = True
    real_time: bool = False


def rows() -> tuple[Endpoint, ...]:
    return (
        method(
            "getmeasure",
            get_measure,
            params=MeasureQuery,
            successes=(Success(item=MeasureBody),),
            permission=Permission.DEVICE_READ,
            narrowed_scopes=SCOPES,
            owned=("device_id", "module_id"),
            summary="Values of one module over time",
            examples={
                "device_id": "70:ee:50:00:00:01",
                "module_id": "02:00:00:00:00:01",
                "scale": "1hour",
                "type": ["temperature", "min_temp"],
                "date_begin": 1795200000,
            },
            certainty=Certainty.SEEN,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which rows: stamps from `begin_s` to `end_s`, both inclusive; the first `limit`, or the newest."""

    begin_s: int | None
    end_s: int | None
    limit: int
    newest: bool


async def get_measure(call: Call, query: MeasureQuery) -> MeasureBody:
    """Values of one device; an empty list when there are none. Raises NotFound for another's device."""
    scale = SCALES.get(query.scale.lower())
    if scale is None:
        raise InvalidInput("scale", f"expected one of {', '.join(SCALES)}")
    if len(query.type) > MAX_TYPES:
        raise InvalidInput("type", f"at most {MAX_TYPES} types")
    span = span_of(query)
    device, site = await _find(call, query)
    call.require(Permission.DEVICE_READ, presented.read_scope(device))
    types = [valid_type(name.lower(), scale, device.abilities) for name in query.type]
    if not any(types):
        raise InvalidInput("type", "the device measures none of these at this scale")
    zone = "UTC" if site is None else site.time_zone
    if not scale.step:
        stamps, rows = await _as_measured(call.ports, device.number, types, span)
    else:
        stamps, rows = await _in_bins(call.ports, device.number, types, span, scale, zone)
        if not query.real_time:
            stamps = stamps_s(stamps, scale, zone)
    if not stamps:
        return []
    if query.optimize:
        return runs(stamps, rows, scale.longest_s)
    return {str(stamp): row for stamp, row in zip(stamps, rows, strict=True)}


def span_of(query: MeasureQuery) -> Span:
    """Without a beginning the newest values count if an end is given, else the oldest of all."""
    if query.limit < 1:
        raise InvalidInput("limit", "expected a number from 1 on")
    limit = min(query.limit, MAX_VALUES)
    begin_s = None if query.date_begin is msgspec.UNSET else query.date_begin
    end = query.date_end
    if isinstance(end, str):
        if end.lower() != LAST:
            raise InvalidInput("date_end", f"expected epoch seconds or {LAST}")
        is_newest = begin_s is None
        return Span(begin_s=begin_s, end_s=None, limit=1 if is_newest else limit, newest=is_newest)
    end_s = end if isinstance(end, int) else None
    return Span(begin_s=begin_s, end_s=end_s, limit=limit, newest=begin_s is None and end_s is not None)


def runs(stamps: Sequence[int], rows: Sequence[MeasureRow], longest_s: int = 0) -> list[MeasureRun]:
    """Rows as runs of equal spacing. A longer spacing than `longest_s` (0: any) or than the next one is
    a gap, and starts a run."""
    found: list[MeasureRun] = []
    start = 0
    while start < len(stamps):
        end = start + 1
        step = stamps[end] - stamps[start] if end < len(stamps) else 0
        following = stamps[end + 1] - stamps[end] if end + 1 < len(stamps) else step
        is_gap = (longest_s and step > longest_s) or step > following
        while not is_gap and end < len(stamps) and stamps[end] - stamps[end - 1] == step:
            end += 1
        run = MeasureRun(beg_time=stamps[start], value=list(rows[start:end]))
        if end - start > 1:
            run.step_time = step
        found.append(run)
        start = end
    return found


async def _find(call: Call, query: MeasureQuery) -> tuple[Device, Site | None]:
    """The module (or the device itself), if it stands behind the given gateway and may be seen."""
    gateway_id = wire_id(query.device_id)
    module_id = None if query.module_id is msgspec.UNSET else wire_id(query.module_id)
    owner_id, directory = call.access.owner_id, call.ports.directory
    device = await find_device_by_alias(directory, owner_id, DIALECT, module_id or gateway_id)
    if device is None or not call.access.reaches(device.site_id):
        raise _nothing_at(gateway_id, module_id)
    device = await _with_all_abilities(call.ports, device)
    if presented.product_code(device) is None:
        raise _nothing_at(gateway_id, module_id)
    site = await _site_of(call, device)
    if module_id is not None:
        gateway = await find_device_by_alias(directory, owner_id, DIALECT, gateway_id)
        parent = gateway if gateway is not None and gateway.id == device.parent_id else None
        if gateway_id not in presented.gateway_ids(device, parent, site):
            raise _nothing_at(gateway_id, module_id)
    return device, site


def _nothing_at(gateway_id: str, module_id: str | None) -> InvalidInput | NotFound:
    """Why nothing was found: what cannot be an id at all is told apart."""
    for name, given in (("device_id", gateway_id), ("module_id", module_id)):
        if given is not None and not is_wire_id(given):
            return InvalidInput(name, "is no MAC address")
    return NotFound("device")


async def _with_all_abilities(ports: Ports, device: Device) -> Device:
    """The device with what it has measured so far: a generic sensor's model does not tell."""
    latest = (await ports.series.latest([device.number])).get(device.number, {})
    return presented.with_measured(device, latest)


async def _site_of(call: Call, device: Device) -> Site | None:
    if device.site_id is None:
        return None
    try:
        return await get_site(call.ports.directory, call.access.owner_id, device.site_id)
    except NotFound:
        return None


async def _as_measured(
    ports: Ports, number: DeviceNumber, types: Sequence[MeasureType | None], span: Span
) -> tuple[list[int], list[MeasureRow]]:
    quantities = sorted({kind.quantity for kind in types if kind is not None and kind.quantity})
    interval = Interval(
        start_ms=None if span.begin_s is None else span.begin_s * _SECOND_MS,
        end_ms=None if span.end_s is None else (span.end_s + 1) * _SECOND_MS,
    )
    series = await ports.series.read(number, interval, quantities, limit=span.limit, newest=span.newest)
    seconds = series.times_ms // _SECOND_MS
    # Stamps are whole seconds: of several values within one second the last counts.
    is_last = np.append(np.diff(seconds) > 0, True)[: len(seconds)]
    columns: list[Values | None] = []
    for kind in types:
        column = None if kind is None else series.columns[kind.quantity]
        if column is not None and kind is not None and kind.is_heating:
            lengths_s = await heating.lengths_s(ports, number, series.times_ms, column)
            column = heating.seconds(kind.function, column, lengths_s)
        columns.append(None if column is None else column[is_last])
    return seconds[is_last].tolist(), _rows(columns, int(is_last.sum()))


async def _in_bins(
    ports: Ports,
    number: DeviceNumber,
    types: Sequence[MeasureType | None],
    span: Span,
    scale: Scale,
    zone: str,
) -> tuple[list[int], list[MeasureRow]]:
    """Whole bins whose start lies in the span, by their start."""
    known = [kind for kind in types if kind is not None and kind.quantity]
    quantities = sorted({kind.quantity for kind in known})
    if not quantities:
        return [], []
    functions = sorted({_core_function(kind) for kind in known})
    begin_s = await _begin_of_newest(ports, number, quantities, scale) if _is_last(span) else span.begin_s
    interval = Interval(
        start_ms=None if begin_s is None else begin_s * _SECOND_MS,
        end_ms=None if span.end_s is None else (span.end_s + scale.longest_s) * _SECOND_MS,
    )
    buckets = await ports.series.aggregate(number, quantities, interval, scale.step, zone, functions)
    starts = buckets.starts_ms // _SECOND_MS
    wanted = np.ones(len(starts), dtype=np.bool_)
    if begin_s is not None:
        wanted &= starts >= begin_s
    if span.end_s is not None:
        wanted &= starts <= span.end_s
    columns = {key: values[wanted] for key, values in buckets.columns.items()}
    return _limited(starts[wanted], columns, types, span, scale)


def _limited(
    starts: Instants,
    columns: Mapping[tuple[str, str], Values],
    types: Sequence[MeasureType | None],
    span: Span,
    scale: Scale,
) -> tuple[list[int], list[MeasureRow]]:
    """The rows that hold a value, as many of them as the span wants from its end."""
    shown = [_column(kind, columns, scale) for kind in types]
    filled = np.zeros(len(starts), dtype=np.bool_)
    for column in shown:
        if column is not None:
            filled |= ~np.isnan(column)
    rows: slice = slice(-span.limit, None) if span.newest else slice(None, span.limit)
    chosen = np.flatnonzero(filled)[rows]
    return starts[chosen].tolist(), _rows(
        [None if column is None else column[chosen] for column in shown], len(chosen)
    )


def _is_last(span: Span) -> bool:
    return span.newest and span.end_s is None


async def _begin_of_newest(
    ports: Ports, number: DeviceNumber, quantities: Sequence[str], scale: Scale
) -> int | None:
    """Some instant before the newest bin begins, so that the whole history need not be read for it."""
    latest = (await ports.series.latest([number])).get(number, {})
    newest_ms = max((latest[name].at_ms for name in quantities if name in latest), default=None)
    return None if newest_ms is None else newest_ms // _SECOND_MS - scale.longest_s


def _core_function(kind: MeasureType) -> str:
    return "mean" if kind.is_heating else kind.function


def _column(
    kind: MeasureType | None, columns: Mapping[tuple[str, str], Values], scale: Scale
) -> Values | None:
    if kind is None or not kind.quantity:
        return None
    values = columns[kind.quantity, _core_function(kind)]
    if kind.is_instant:
        return values // _SECOND_MS
    if kind.is_heating:
        # Of a bin's usual length; a bin of a clock change counts like any other.
        return heating.seconds(kind.function, values, scale.middle_s * 2)
    return np.round(values, _DIGITS_OF_MEANS)


def _rows(columns: Sequence[Values | None], count: int) -> list[MeasureRow]:
    cells: list[list[Cell]] = [
        [None] * count if column is None else [_cell(value) for value in column.tolist()]
        for column in columns
    ]
    return [list(row) for row in zip(*cells, strict=True)]


def _cell(value: float) -> Cell:
    """Whole numbers are written without a fraction, missing ones as null."""
    if math.isnan(value):
        return None
    return int(value) if value.is_integer() else value
