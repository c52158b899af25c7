"""The table of this API: what every row has in common, and the rows."""

from __future__ import annotations

from ownclimate.core.access import Permission
from ownclimate.vendors.mclimate import wire
from ownclimate.vendors.mclimate.face import hal, users
from ownclimate.vendors.mclimate.face.controllers import FIELD_TYPES, ControllerQuery, ControllersFace
from ownclimate.vendors.mclimate.face.logs import LogQuery, LogsFace
from ownclimate.vendors.mclimate.face.numbers import Numbers
from ownclimate.vendors.mclimate.face.problems import CONTENT_TYPE, problems
from ownclimate.vendors.mclimate.wire import Link
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Dialect, Endpoint, Success, Unknown

NAME = "mclimate"
BASIC = "basic"
"""The vendor's smaller scope; a trusted client has it too."""
_FILTERS = ",".join(name for name, kind in FIELD_TYPES.items() if kind is not None)


def mclimate_dialect(*, contact: str = "", total_mode: str = "page") -> Dialect:
    """The API under `/v1`. `contact` is named in the answer to a 500; `total_mode` is one of `hal.Totals`."""
    totals = hal.Totals(total_mode)
    return Dialect(
        name=NAME,
        title="MClimate API",
        version="1",
        prefixes=("/v1",),
        endpoints=_endpoints(ControllersFace(Numbers(), totals), LogsFace(totals)),
        fault=problems(contact),
        fault_shape=wire.Problem,
        fault_type=CONTENT_TYPE,
        fault_statuses=(400, 401, 403, 429, 500, 503),
        content_type="application/hal+json; charset=utf-8",
        unknown=Unknown.REFUSE,
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


def _endpoints(controllers: ControllersFace, logs: LogsFace) -> tuple[Endpoint, ...]:
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
        Endpoint(
            operation_id="getMe",
            path="/v1/users/me",
            aliases=("/v1/users",),
            handler=users.get_me,
            params=hal.EntityQuery,
            successes=(Success(item=wire.UserEntity),),
            permission=Permission.ACCOUNT_READ,
            scopes=(BASIC,),
            errors=(404,),
            is_conditional=True,
            summary="The user whose token this is",
        ),
        Endpoint(
            operation_id="listControllers",
            path="/v1/controllers",
            handler=controllers.list_controllers,
            params=hal.CollectionQuery,
            unknown=Unknown.COLLECT,
            successes=(Success(item=wire.ControllerCollection),),
            permission=Permission.DEVICE_READ,
            scopes=(BASIC,),
            is_conditional=True,
            summary="Every device, filtered, sorted and in pages",
            examples={"sort": "-created", "fields": "serial_number,name,online", "limit": 10},
        ),
        Endpoint(
            operation_id="getController",
            path="/v1/controllers/{serial}",
            aliases=("/v1/controller/{serial}",),
            handler=controllers.get_controller,
            params=ControllerQuery,
            successes=(Success(item=wire.ControllerEntity),),
            permission=Permission.DEVICE_READ,
            scopes=(BASIC,),
            owned=("serial",),
            errors=(404,),
            is_conditional=True,
            summary="One device with its last reading",
        ),
        Endpoint(
            operation_id="listControllerLog",
            path="/v1/controllers/{serial}/controller_log",
            aliases=("/v1/controller_log/{serial}",),
            handler=logs.list_log,
            params=LogQuery,
            unknown=Unknown.COLLECT,
            successes=(Success(item=wire.LogCollection),),
            permission=Permission.DEVICE_READ,
            scopes=(BASIC,),
            owned=("serial",),
            errors=(404,),
            is_conditional=True,
            summary="A device's readings, filtered, sorted and in pages",
            examples={"created_from": "2026-11-21T00:00:00Z", "sort": "-created"},
            certainty=Certainty.RULED,
        ),
    )
