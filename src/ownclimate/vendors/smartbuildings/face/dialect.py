"""The table of this API: what every row has in common, and the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ownclimate.core.errors import InvalidInput
from ownclimate.core.forecasts import Forecasts, no_forecasts
from ownclimate.vendors.smartbuildings import wire
from ownclimate.vendors.smartbuildings.face import (
    alerts,
    buildings,
    control,
    events,
    extras,
    sensors,
    status,
    tenant_mode,
    thermostats,
    weather,
)
from ownclimate.vendors.smartbuildings.face.faults import faults
from ownclimate.web.tables import Dialect, Parameter, Place

NAME = "smartbuildings"


def smartbuildings_dialect(
    *, wraps_expiry: bool = False, limits_move: bool = False, forecasts: Forecasts = no_forecasts
) -> Dialect:
    """The API under `/api/v1`, version 1.7.0. `wraps_expiry` see `faults`; `limits_move` see
    `alerts.changed_settings`; `forecasts` provides the weather to come."""
    return Dialect(
        name=NAME,
        title="SmartBuildings Public API",
        version="1.7.0",
        prefixes=("/api/v1", "/token"),
        endpoints=(
            *buildings.ROWS,
            *thermostats.ROWS,
            *status.ROWS,
            *sensors.ROWS,
            *alerts.rows(limits_move=limits_move),
            *weather.rows(forecasts),
            *events.ROWS,
            *control.ROWS,
            *tenant_mode.ROWS,
            *extras.ROWS,
        ),
        fault=faults(wraps_expiry=wraps_expiry),
        fault_shape=wire.Error,
        fault_shapes={400: wire.BadRequest, 401: wire.CredentialFault, 422: wire.Fail},
        fault_statuses=(401, 403, 404, 422, 429, 500, 503),
        envelope=wire.ENVELOPE,
        default_place=Place.BODY,
        coerce=_strictly,
        rate_headers=("Retry-After", "X-RateLimit-Limit-Minute", "X-RateLimit-Remaining-Minute"),
    )


def _strictly(value: Any, parameter: Parameter) -> Any:
    """JSON's own types count in a body: neither "true" is a boolean nor "5000" a number."""
    if parameter.place is not Place.BODY:
        return value
    return _checked(value, parameter.type, parameter.name)


def _checked(value: Any, kind: msgspec.inspect.Type, path: str) -> Any:
    if isinstance(kind, msgspec.inspect.Metadata):
        return _checked(value, kind.type, path)
    if isinstance(kind, msgspec.inspect.StructType) and isinstance(value, Mapping):
        known = {field.encode_name: field.type for field in kind.fields}
        return {
            name: _checked(inner, known[name], f"{path}.{name}") if name in known else inner
            for name, inner in value.items()
        }
    if isinstance(kind, msgspec.inspect.BoolType) and not isinstance(value, bool):
        raise InvalidInput(path, "must be a boolean")
    if isinstance(kind, (msgspec.inspect.FloatType, msgspec.inspect.IntType)):
        return _number(value, kind, path)
    if isinstance(kind, msgspec.inspect.LiteralType) and all(isinstance(v, int) for v in kind.values):
        number = _number(value, msgspec.inspect.IntType(), path)
        if number not in kind.values:
            raise InvalidInput(path, f"must be one of {', '.join(map(str, kind.values))}")
        return number
    return value


def _number(value: Any, kind: msgspec.inspect.Type, path: str) -> Any:
    """JSON does not tell 5 from 5.0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidInput(path, "must be a number")
    is_whole = isinstance(kind, msgspec.inspect.IntType) and float(value).is_integer()
    return int(value) if is_whole else value
