"""Shapes of answers exactly as on the wire."""

from __future__ import annotations

from typing import Any

import msgspec

Cell = int | float | None
MeasureRow = list[Cell]


class MeasureRun(msgspec.Struct, kw_only=True):
    """Values of equal spacing. A run of one value has no spacing."""

    beg_time: int
    step_time: int | msgspec.UnsetType = msgspec.UNSET
    value: list[MeasureRow]


MeasureBody = list[MeasureRun] | dict[str, MeasureRow]
"""`optimize=true` or false; no data is an empty list in both."""


class ErrorDetail(msgspec.Struct, kw_only=True):
    code: int
    message: str


class Error(msgspec.Struct, kw_only=True):
    error: ErrorDetail


class Enveloped(msgspec.Struct, kw_only=True):
    """What every success is wrapped in."""

    body: Any
    status: str = "ok"
    time_exec: float
    time_server: int
