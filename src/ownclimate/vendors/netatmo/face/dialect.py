"""The table of this API: what every row has in common, and the rows."""

from __future__ import annotations

from typing import Any

import msgspec

from ownclimate.core.access import Permission
from ownclimate.vendors.netatmo import wire
from ownclimate.vendors.netatmo.face import measure
from ownclimate.vendors.netatmo.face.faults import faults
from ownclimate.vendors.netatmo.face.parameters import coerce
from ownclimate.web.call import Call
from ownclimate.web.gathering import bracketed
from ownclimate.web.tables import (
    BodyKind,
    Certainty,
    Check,
    Credential,
    Dialect,
    Endpoint,
    Envelope,
    Place,
    Success,
)

NAME = "netatmo"
BODIES = (BodyKind.FORM, BodyKind.JSON)


def netatmo_dialect(*, limit_is_403: bool = False) -> Dialect:
    """Netatmo Connect under `/api`; every method answers GET and POST alike, with or without a body.

    `limit_is_403` see `faults`.
    """
    return Dialect(
        name=NAME,
        title="Netatmo Connect",
        version="1",
        prefixes=("/api", "/webhooks"),
        endpoints=_ENDPOINTS,
        fault=faults(limit_is_403=limit_is_403),
        fault_shape=wire.Error,
        fault_statuses=(400, 401, 403, 404, 413, 429, 500, 503),
        envelope=Envelope(wrap=_enveloped, shape=_enveloped_shape),
        default_place=Place.ANYWHERE,
        gather=bracketed,
        coerce=coerce,
        credentials=(Credential.BEARER, Credential.QUERY, Credential.BODY),
        checks=(Check.BODY, Check.AUTHENTICATE, Check.SCOPE, Check.PARAMETERS),
        collapses_slashes=True,
    )


def _enveloped(body: Any, call: Call) -> wire.Enveloped:
    return wire.Enveloped(
        body=body,
        time_exec=round(call.elapsed_s(), 6),
        time_server=call.ports.clock.now_ms() // 1000,
    )


def _enveloped_shape(item: Any) -> Any:
    name = getattr(item, "__name__", "Result")
    fields = [("body", item), ("status", str), ("time_exec", float), ("time_server", int)]
    return msgspec.defstruct(f"{name}Enveloped", fields, kw_only=True)


_ENDPOINTS = (
    Endpoint(
        operation_id="getmeasure",
        path="/api/getmeasure",
        methods=("GET", "POST"),
        handler=measure.get_measure,
        params=measure.MeasureQuery,
        bodies=BODIES,
        successes=(Success(item=wire.MeasureBody),),
        permission=Permission.DEVICE_READ,
        narrowed_scopes=measure.SCOPES,
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
