"""`/v1`: where a client that follows links begins (contract §2.6)."""

from __future__ import annotations

from ownclimate.vendors.mclimate import wire
from ownclimate.vendors.mclimate.face.controllers import FIELD_TYPES
from ownclimate.vendors.mclimate.wire import Link
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Success

_FILTERS = ",".join(name for name, kind in FIELD_TYPES.items() if kind is not None)


def rows() -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            operation_id="getEntryPoint",
            path="/v1",
            handler=get_entry_point,
            successes=(Success(item=wire.EntryPoint),),
            is_conditional=True,
            summary="Links to everything there is",
            certainty=Certainty.RULED,
        ),
    )


async def get_entry_point(call: Call, params: None) -> wire.EntryPoint:
    """Everything that is served can be reached from here by links alone."""
    links = {
        "self": Link("/v1"),
        "users/me": Link("/v1/users/me"),
        "controllers": Link(f"/v1/controllers{{?{_FILTERS},fields,sort,limit,page}}", templated=True),
        "controller": Link("/v1/controllers/{serial_number}{?fields}", templated=True),
    }
    return wire.EntryPoint(links=links)
