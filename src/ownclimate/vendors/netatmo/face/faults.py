"""How errors look in this API: `{"error":{"code":…,"message":…}}` with the vendor's numbers (§2.3).

What the core's errors cannot tell apart a handler raises as a `Refusal` with the vendor's own words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from ownclimate.core.errors import (
    AppError,
    Forbidden,
    InvalidInput,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unsupported,
)
from ownclimate.core.programmes import NotRelayed
from ownclimate.vendors.netatmo.wire import Error, ErrorDetail
from ownclimate.web.call import Reply
from ownclimate.web.faults import Fault, HttpFault, MissingInput, status_of, title_of
from ownclimate.web.limits import By, QuotaUsedUp
from ownclimate.web.routing import collapsed
from ownclimate.web.tables import FaultContext

MISSING, UNKNOWN, EXPIRED, SWITCHED_OFF = 1, 2, 3, 5
NOT_FOUND, PARAMETER_MISSING, FORBIDDEN, INVALID, LIMIT = 9, 10, 13, 21, 26
NO_SUCH_METHOD, UNABLE = 31, 35
WEBHOOKS: Final = "/webhooks/"
"""Below it codes are texts."""
ARRAY: Final = "Invalid array arg"
"""The vendor's words for a list or nested value that it cannot read."""
INVALID_DEVICE: Final = "device id is invalid"

_CREDENTIALS: Final = {
    "missing": (401, MISSING, "Access token is missing"),
    "invalid": (403, UNKNOWN, "Invalid access token"),
    "expired": (403, EXPIRED, "Access token expired"),
    "switched_off": (406, SWITCHED_OFF, "Application is deactivated"),
}
_MISSING_WORDS: Final = {"mode": "mode is missing"}
"""Of the one parameter whose absence the vendor words otherwise than `Missing <name>`."""


class InvalidArray(InvalidInput):
    """A parameter that should be a list or an object is something else."""

    def __init__(self, field: str) -> None:
        super().__init__(field, "expected a list")


class Refusal(AppError):
    """A failure in the vendor's own number and words; HTTP `status` as in the table of §2.3."""

    code = "refusal"

    def __init__(self, message: str, *, code: int | str = INVALID, status: int = 400) -> None:
        super().__init__(message)
        self.number = code
        self.status = status


def faults(*, limit_is_403: bool = False) -> Callable[[Fault, FaultContext], Reply]:
    """The fault function. `limit_is_403` answers too many requests as the vendor did until August 2025."""

    def fault_reply(fault: Fault, context: FaultContext) -> Reply:
        is_old_limit = limit_is_403 and isinstance(fault, RateLimited)
        status, code, message = _old_limit(fault) if is_old_limit else _wording(fault)
        if collapsed(context.path).startswith(WEBHOOKS):
            code = str(code)
        body = Error(error=ErrorDetail(code=code, message=message))
        return Reply(status=status, body=msgspec.json.encode(body))

    return fault_reply


def _old_limit(fault: Fault) -> tuple[int, int, str]:
    is_apps = isinstance(fault, QuotaUsedUp) and fault.by is By.CLIENT
    return 403, LIMIT, f"{'Application' if is_apps else 'User'} usage reached"


def _wording(fault: Fault) -> tuple[int, int | str, str]:
    match fault:
        case Refusal():
            return fault.status, fault.number, fault.message
        case Unauthenticated():
            return _CREDENTIALS.get(fault.reason, _CREDENTIALS["invalid"])
        case Forbidden():
            return 403, FORBIDDEN, "Operation is forbidden"
        case MissingInput():
            return 400, PARAMETER_MISSING, _MISSING_WORDS.get(fault.field, f"Missing {fault.field}")
        case InvalidArray():
            return 400, INVALID, ARRAY
        case InvalidInput():
            return 400, INVALID, f"Invalid {fault.field}" if fault.field else fault.reason
        case NotFound():
            return 404, NOT_FOUND, f"{fault.kind.capitalize()} not found"
        case NotRelayed():
            return 400, UNABLE, fault.message
        case Unsupported():
            return 400, UNABLE, "Unable to execute"
        case RateLimited():
            return 429, LIMIT, "API limit exceeded. This could be your Application limit or User limit."
        case HttpFault(status=404):
            return 404, 404, "Not Found"
        case HttpFault(status=405):
            return 405, NO_SUCH_METHOD, "Method not found"
        case HttpFault(status=400 | 415):
            return 400, INVALID, fault.detail
    status = status_of(fault)
    return status, status, title_of(status)
