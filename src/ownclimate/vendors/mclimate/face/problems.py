"""How faults look in this API: RFC 7807 bodies (§3.1 of the contract), with the vendor's statuses."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ownclimate.core.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from ownclimate.vendors.mclimate.wire import Problem
from ownclimate.web.call import Reply
from ownclimate.web.faults import Fault, detail_of, status_of, title_of
from ownclimate.web.tables import FaultContext

ABOUT = "http://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"
CONTENT_TYPE = "application/problem+json"
_OWN_STATUSES = {409: 400, 415: 400}
"""The vendor knows neither: a serial in use and a wrong content type are bad requests."""


def problems(contact: str) -> Callable[[Fault, FaultContext], Reply]:
    """The fault function; `contact` is whom users are asked to tell about a 500."""

    def problem(fault: Fault, context: FaultContext) -> Reply:
        status = _status(fault)
        body = Problem(
            type=ABOUT,
            status=status,
            title=title_of(status),
            detail=_apology(context.request_id, contact) if status == 500 else _detail(fault),
            validation=_validation(fault),
        )
        headers = (("www-authenticate", "Bearer"),) if isinstance(fault, Unauthenticated) else ()
        return Reply(
            status=status, body=msgspec.json.encode(body), content_type=CONTENT_TYPE, headers=headers
        )

    return problem


def _status(fault: Fault) -> int:
    status = 400 if isinstance(fault, Conflict) else status_of(fault)
    return _OWN_STATUSES.get(status, status)


def _detail(fault: Fault) -> str:
    if isinstance(fault, NotFound):
        return f"{fault.kind.capitalize()} not found"
    return detail_of(fault)


def _apology(request_id: str, contact: str) -> str:
    whom = contact or "the operator of this server"
    return f"The request could not be answered. Please tell {whom} and name the request {request_id}"


def _validation(fault: Fault) -> dict[str, str]:
    return {fault.field: fault.reason} if isinstance(fault, InvalidInput) and fault.field else {}
