"""`/v1/controllers/{serial}/controller_log`: a controller's readings as a collection (contract §7.1)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt

from ownclimate.core.access import Permission
from ownclimate.core.errors import InvalidInput
from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.readings import Interval, Series
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate import mapping, vocabulary, wire
from ownclimate.vendors.mclimate.face import controllers, hal
from ownclimate.vendors.mclimate.face.scopes import BASIC
from ownclimate.vendors.mclimate.wire import Link
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Success, Unknown

Rows = npt.NDArray[np.int64]
"""Row numbers of a series."""
Columns = dict[str, tuple[str, vocabulary.Word]]
"""By the name that a field has here, the quantity that it shows and the type's word for it."""

RFC3339 = msgspec.Meta(
    description="RFC 3339 instant with its offset; readings before it are left out",
    extra_json_schema={"format": "date-time"},
)
RFC3339_END = msgspec.Meta(
    description="RFC 3339 instant with its offset; readings at it and after it are left out",
    extra_json_schema={"format": "date-time"},
)


class LogQuery(hal.CollectionQuery, kw_only=True):
    serial: str
    created_from: Annotated[str, RFC3339] | msgspec.UnsetType = msgspec.UNSET
    created_to: Annotated[str, RFC3339_END] | msgspec.UnsetType = msgspec.UNSET


def rows(totals: hal.Totals) -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            operation_id="listControllerLog",
            path="/v1/controllers/{serial}/controller_log",
            aliases=("/v1/controller_log/{serial}",),
            handler=LogsFace(totals).list_log,
            params=LogQuery,
            unknown=Unknown.COLLECT,
            successes=(Success(item=wire.LogCollection),),
            permission=Permission.DEVICE_READ,
            scopes=BASIC,
            owned=("serial",),
            errors=(404,),
            is_conditional=True,
            summary="A device's readings, filtered, sorted and in pages",
            examples={"created_from": "2026-11-21T00:00:00Z", "sort": "-created"},
            certainty=Certainty.RULED,
        ),
    )


class LogsFace:
    def __init__(self, totals: hal.Totals) -> None:
        self._totals = totals

    async def list_log(self, call: Call, query: LogQuery) -> wire.LogCollection:
        """A page of readings. Their `id` is the instant in epoch milliseconds: by default oldest first."""
        device = await controllers.device_of(call, query.serial)
        columns = _columns_by_name(device)
        asked = hal.asked(query, call.extra, _field_types(columns))
        interval = Interval(
            start_ms=_instant("created_from", query.created_from),
            end_ms=_instant("created_to", query.created_to),
        )
        series = await call.ports.series.read(device.number, interval)
        rows = _arranged(series, asked, columns)
        page = hal.page_of(range(len(rows)), asked)
        if not page.items:
            return wire.LogCollection(controller_log=[], links={"self": hal.own_link(call)})
        items = [_item(series, int(rows[place]), device, asked.fields) for place in page.items]
        return wire.LogCollection(
            embedded=wire.Logs(controller_log=items),
            total=self._totals.of(page),
            links=hal.page_links(call, page),
        )


def _columns_by_name(device: Device) -> Columns:
    words = {quantity: vocabulary.word_for(device.model, quantity) for quantity in QUANTITIES}
    return {word.name: (quantity, word) for quantity, word in words.items()}


def _field_types(columns: Columns) -> dict[str, type | None]:
    """Derived codes and the controller, which the path gives, can be shown and nothing else."""
    shown_only = dict.fromkeys(("controller_id", "raw_temperature", "raw_humidity"))
    kinds = {name: word.kind for name, (_, word) in columns.items()}
    return {"id": int, "created": str, **kinds, **shown_only}


def _instant(name: str, text: str | msgspec.UnsetType) -> int | None:
    if text is msgspec.UNSET:
        return None
    at_ms = mapping.instant_ms(text)
    if at_ms is None:
        raise InvalidInput(name, "expected an RFC 3339 instant such as 2026-11-21T10:00:00Z")
    return at_ms


def _arranged(series: Series, asked: hal.Asked, columns: Columns) -> Rows:
    """The rows that pass the filters, in the order asked for; ties by instant."""
    rows = np.arange(len(series), dtype=np.int64)
    for wanted in asked.filters:
        rows = rows[_passes(series, wanted, columns)[rows]]
    # lexsort takes the last key as the first to sort by, and keeps ties in the order they came in.
    keys = [_sort_column(series, order, columns)[rows] for order in reversed(asked.orders)]
    return rows[np.lexsort(keys)] if keys else rows


def _passes(series: Series, wanted: hal.Filter, columns: Columns) -> npt.NDArray[np.bool_]:
    if wanted.field in ("id", "created"):
        at_ms = wanted.value if wanted.field == "id" else mapping.instant_ms(wanted.value or "")
        same: npt.NDArray[np.bool_] = series.times_ms == (-1 if at_ms is None else at_ms)
        return same
    quantity, word = columns[wanted.field]
    column = _column(series, quantity)
    if wanted.value is None:
        return np.isnan(column)
    passes: npt.NDArray[np.bool_] = _as_written(column, word) == wanted.value
    return passes


def _as_written(column: npt.NDArray[np.float64], word: vocabulary.Word) -> npt.NDArray[np.float64]:
    """What clients see of the column, so that they can ask for what they have seen."""
    if word.write is vocabulary.plain:
        return column
    return np.array([value if value != value else float(word.write(value)) for value in column.tolist()])


def _sort_column(series: Series, order: hal.Order, columns: Columns) -> npt.NDArray[Any]:
    """Nulls sort below every value, so they come first going up and last going down."""
    column: npt.NDArray[Any]
    if order.field in ("id", "created"):
        column = series.times_ms
    else:
        column = np.nan_to_num(_column(series, columns[order.field][0]), nan=-np.inf)
    return -column if order.is_descending else column


def _column(series: Series, quantity: str) -> npt.NDArray[np.float64]:
    column = series.columns.get(quantity)
    return np.full(len(series), np.nan) if column is None else column


def _item(series: Series, row: int, device: Device, fields: tuple[str, ...]) -> dict[str, Any]:
    at_ms = int(series.times_ms[row])
    values = {
        quantity: float(column[row])
        for quantity, column in series.columns.items()
        if column[row] == column[row]
    }
    item: dict[str, Any] = {"id": at_ms, "controller_id": device.number}
    item |= mapping.written_log(device.model, values, at_ms)
    if fields:
        item = {name: item[name] for name in fields if name in item}
    path = f"{controllers.PATH}/{hal.segment(mapping.serial_of(device))}/controller_log"
    span = f"created_from={mapping.instant(at_ms)}&created_to={mapping.instant(at_ms + 1)}"
    item["_links"] = {"self": Link(f"{path}?{span}")}
    return item
