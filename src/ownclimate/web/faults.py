"""What can go wrong with a request itself, and the default statuses of the core's errors.

A face turns a `Fault` into its own status and body in one function; what is common to all of HTTP
(`Allow`, `Retry-After`) is added by the dispatcher, so that no face can forget it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus

from ownclimate.core import errors


class HttpFault(Exception):
    """A fault that the core knows nothing of: no such path, wrong method, body too large, …

    `detail` is safe to show to whoever asked.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


class MissingInput(errors.InvalidInput):
    """A required parameter is absent; some dialects tell this apart from a bad value."""

    def __init__(self, field: str) -> None:
        super().__init__(field, "is required")


Fault = errors.AppError | HttpFault

PATH_UNKNOWN = "There is nothing at this path"
UNFORESEEN = "The server could not answer; the operator's log has the details"

_STATUSES: tuple[tuple[type[errors.AppError], int], ...] = (
    (errors.InvalidInput, 400),
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Unsupported, 400),
    (errors.RateLimited, 429),
    (errors.StoreUnavailable, 503),
    (errors.Unreachable, 503),
    (errors.UpstreamError, 502),
)


def status_of(fault: Fault) -> int:
    """The status that HTTP itself suggests; a face may know better. What is not listed is a 500."""
    if isinstance(fault, HttpFault):
        return fault.status
    return next((status for kind, status in _STATUSES if isinstance(fault, kind)), 500)


def detail_of(fault: Fault) -> str:
    """What may be told about the fault; a 500 is bland on purpose, whatever its message says."""
    if status_of(fault) == 500:
        return UNFORESEEN
    return fault.detail if isinstance(fault, HttpFault) else fault.message


def title_of(status: int) -> str:
    return HTTPStatus(status).phrase


def common_headers(fault: Fault) -> dict[str, str]:
    """Headers that a fault carries in every dialect."""
    if isinstance(fault, HttpFault):
        return fault.headers
    retry_after_s = getattr(fault, "retry_after_s", None)
    return {} if retry_after_s is None else {"retry-after": str(max(1, math.ceil(retry_after_s)))}
