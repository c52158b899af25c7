"""The table of this API: what every row has in common, and the rows."""

from __future__ import annotations

from typing import Any

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.errors import InvalidInput
from ownclimate.vendors.smartbuildings import wire
from ownclimate.vendors.smartbuildings.face import thermostats
from ownclimate.vendors.smartbuildings.face.faults import faults
from ownclimate.vendors.smartbuildings.vocabulary import WRITE_TENANT_MODE
from ownclimate.web.tables import BodyKind, Dialect, Endpoint, Parameter, Place, Success

NAME = "smartbuildings"


def smartbuildings_dialect(*, wraps_expiry: bool = False) -> Dialect:
    """The API under `/api/v1`, version 1.7.0. `wraps_expiry` see `faults`."""
    return Dialect(
        name=NAME,
        title="SmartBuildings Public API",
        version="1.7.0",
        prefixes=("/api/v1", "/token"),
        endpoints=_ENDPOINTS,
        fault=faults(wraps_expiry=wraps_expiry),
        fault_shape=wire.Error,
        fault_shapes={401: wire.CredentialFault, 422: wire.Fail},
        fault_statuses=(401, 403, 404, 422, 429, 500, 503),
        default_place=Place.BODY,
        coerce=_strictly,
        rate_headers=("Retry-After", "X-RateLimit-Limit-Minute", "X-RateLimit-Remaining-Minute"),
    )


def _strictly(value: Any, parameter: Parameter) -> Any:
    """JSON's own types count here: the text "true" is not a boolean."""
    is_flag = any(isinstance(kind, msgspec.inspect.BoolType) for kind in parameter.kinds)
    if is_flag and parameter.place is Place.BODY and not isinstance(value, bool):
        raise InvalidInput(parameter.name, "must be a boolean")
    return value


_ENDPOINTS = (
    Endpoint(
        operation_id="setTenantMode",
        path="/api/v1/thermostats/{thermostatId}/tenantMode",
        methods=("PATCH",),
        handler=thermostats.set_tenant_mode,
        params=thermostats.TenantModeRequest,
        bodies=(BodyKind.JSON,),
        successes=(Success(status=204),),
        permission=Permission.DEVICE_CONTROL,
        scopes=(WRITE_TENANT_MODE,),
        owned=("thermostatId",),
        errors=(413,),
        limit_class="command",
        audit="set_tenant_mode",
        summary="Set or unset tenant mode on a thermostat",
        examples={"thermostatId": "511863314842", "isTenantMode": True},
    ),
)
