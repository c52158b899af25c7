"""The table of this API: what every row has in common, and the rows."""

from __future__ import annotations

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
from ownclimate.vendors.smartbuildings.face.checking import strictly
from ownclimate.vendors.smartbuildings.face.faults import faults
from ownclimate.web.tables import Dialect, Place

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
        coerce=strictly,
        rate_headers=("Retry-After", "X-RateLimit-Limit-Minute", "X-RateLimit-Remaining-Minute"),
    )
