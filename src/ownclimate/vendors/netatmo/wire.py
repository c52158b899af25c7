"""Shapes of answers exactly as on the wire, and what every success is wrapped in (contract §2).

A handler gives back the `body`; the dialect's envelope adds status and times. Rows whose answers lack
`time_exec` (homestatus, setstate) are bare: their handler gives back `untimed(…)`, and their success is
`UNTIMED` of the body's shape.
"""

from __future__ import annotations

import functools
from typing import Any, Final, get_args

import msgspec

from ownclimate.web.call import Call
from ownclimate.web.tables import Success

Cell = int | float | None
MeasureRow = list[Cell]
OK: Final = "ok"


class MeasureRun(msgspec.Struct, kw_only=True):
    """Values of equal spacing. A run of one value has no spacing."""

    beg_time: int
    step_time: int | msgspec.UnsetType = msgspec.UNSET
    value: list[MeasureRow]


MeasureBody = list[MeasureRun] | dict[str, MeasureRow]
"""`optimize=true` or false; no data is an empty list in both."""


class ErrorDetail(msgspec.Struct, kw_only=True):
    """`code` is a text under `/webhooks/v1` only."""

    code: int | str
    message: str


class Error(msgspec.Struct, kw_only=True):
    error: ErrorDetail


class DeviceError(msgspec.Struct, kw_only=True):
    """What did not work with one device in an answer that otherwise did (§2.2, codes of their own)."""

    code: int
    id: str
    message: str | msgspec.UnsetType = msgspec.UNSET
    command: str | msgspec.UnsetType = msgspec.UNSET


DEVICE_UNREACHABLE: Final = 6
NOTHING_TO_MODIFY: Final = 23


class NoBody(msgspec.Struct, kw_only=True):
    """Shape of a command's plain answer: status and times alone. Its handler gives back None."""


class Enveloped(msgspec.Struct, kw_only=True):
    """What every success is wrapped in."""

    body: Any = msgspec.UNSET
    status: str = OK
    time_exec: float
    time_server: int


class Untimed(msgspec.Struct, kw_only=True):
    """The envelope of answers that do not tell how long they took; the body may be missing."""

    body: Any = msgspec.UNSET
    status: str = OK
    time_server: int


PLAIN: Final = Success(item=NoBody)
"""How a row succeeds whose answer says no more than that it worked."""


def enveloped(body: Any, call: Call) -> Enveloped:
    return Enveloped(
        body=msgspec.UNSET if body is None else body,
        time_exec=round(call.elapsed_s(), 6),
        time_server=call.ports.clock.now_ms() // 1000,
    )


def untimed(call: Call, body: Any = msgspec.UNSET) -> Untimed:
    return Untimed(body=body, time_server=call.ports.clock.now_ms() // 1000)


@functools.cache
def enveloped_shape(item: Any) -> Any:
    """The type of `enveloped` around a body of this type."""
    fields: list[Any] = [("status", str), ("time_exec", float), ("time_server", int)]
    if item is not NoBody:
        fields.append(("body", item))
    return msgspec.defstruct(f"{_name(item)}Enveloped", fields, kw_only=True)


@functools.cache
def untimed_shape(item: Any) -> Any:
    """The type of `untimed` around a body of this type, for a success that is bare."""
    fields: list[Any] = [("status", str), ("time_server", int)]
    if item is not NoBody:
        fields.append(("body", item | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct(f"{_name(item)}Untimed", fields, kw_only=True)


def untimed_success(item: Any) -> Success:
    """How a row succeeds whose handler gives back `untimed(…)` around a body of this type."""
    return Success(item=untimed_shape(item), is_bare=True)


def _name(item: Any) -> str:
    """A name for a component of the document: the structs that the type is made of, in their order."""
    if isinstance(item, type) and issubclass(item, msgspec.Struct):
        return item.__name__
    return "".join(dict.fromkeys(_name(part) for part in get_args(item))) + getattr(
        item, "__name__", ""
    ).title().replace("Union", "")
