"""How faults look in this API.

Bad input is a JSend "fail" that names the field, everything else a JSend "error"; only the gateway in
front of the vendor's API speaks otherwise: what it says of a token stands outside the envelope.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ownclimate.core.errors import InvalidInput, NotFound, Unauthenticated
from ownclimate.vendors.smartbuildings.wire import CredentialFault, Error, Fail
from ownclimate.web.call import Reply
from ownclimate.web.faults import Fault, HttpFault, detail_of, status_of
from ownclimate.web.tables import FaultContext

EXPIRED = "token expired"
CREATE_BUILDING = "createBuilding"
UNREADABLE = 415
"""A body of another kind is bad input here."""


def faults(*, wraps_expiry: bool) -> Callable[[Fault, FaultContext], Reply]:
    """The fault function. `wraps_expiry` adds the envelope to the answer to an expired token, which
    clients generated from the vendor's document need and the vendor's own service does not send."""

    def fault_reply(fault: Fault, context: FaultContext) -> Reply:
        if isinstance(fault, Unauthenticated):
            return _reply(401, _credential_fault(fault, wraps_expiry))
        if isinstance(fault, InvalidInput):
            is_unreadable = not fault.field
            status = _unreadable_status(context) if is_unreadable else 422
            return _reply(status, Fail(data={fault.field or "body": fault.reason}))
        if isinstance(fault, HttpFault) and fault.status == UNREADABLE:
            return _reply(_unreadable_status(context), Fail(data={"body": fault.detail}))
        status = status_of(fault)
        return _reply(status, Error(message={"error": _detail(fault)}, code=status))

    return fault_reply


def _unreadable_status(context: FaultContext) -> int:
    """A body that cannot be read at all is a validation failure, but of the one row that has both."""
    return 400 if context.endpoint is not None and context.endpoint.operation_id == CREATE_BUILDING else 422


def _credential_fault(fault: Unauthenticated, wraps_expiry: bool) -> CredentialFault:
    if fault.reason == "missing":
        return CredentialFault(message="Unauthorized")
    if fault.reason != "expired":
        return CredentialFault(message="Bad token; it is unknown or was revoked")
    if not wraps_expiry:
        return CredentialFault(exp=EXPIRED)
    return CredentialFault(exp=EXPIRED, status="error", message={"exp": EXPIRED}, code=401)


def _detail(fault: Fault) -> str:
    if isinstance(fault, NotFound):
        return f"{fault.kind.capitalize()} not found"
    return detail_of(fault)


def _reply(status: int, body: msgspec.Struct) -> Reply:
    return Reply(status=status, body=msgspec.json.encode(body))
