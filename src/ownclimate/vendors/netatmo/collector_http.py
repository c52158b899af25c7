"""What Netatmo's cloud answered, its failures told apart by what to do next.

Source: spec of the wire as `face/faults.py` speaks it, and what was seen of outages: HTML, empty bodies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ownclimate.core.errors import (
    AppError,
    Forbidden,
    Garbled,
    InvalidInput,
    RateLimited,
    Refused,
    Unreachable,
    UpstreamError,
)
from ownclimate.links.http import TOO_MANY, Answer, read_object
from ownclimate.sync.tokens import TokenSpent
from ownclimate.vendors.netatmo.face.faults import (
    EXPIRED,
    FORBIDDEN,
    LIMIT,
    MISSING,
    SWITCHED_OFF,
    UNKNOWN,
)

MOST_WORDS: Final = 200


def read_success(answer: Answer) -> dict[str, Any]:
    """The document of a success. Raises what `sync.collector.Collector` says, and TokenSpent."""
    document = read_object(answer)
    fault = document.get("error")
    if fault is not None:
        raise _failure(answer, fault if isinstance(fault, Mapping) else {"message": fault})
    if answer.status != 200:
        raise _failure(answer, {})
    if document.get("status") != "ok":
        raise Garbled("the cloud answered neither a success nor an error")
    return document


def _failure(answer: Answer, fault: Mapping[str, Any]) -> AppError:
    code = fault.get("code")
    words = f"the cloud says: {str(fault.get('message', ''))[:MOST_WORDS]} ({answer.status}, code {code})"
    if code == LIMIT:
        return RateLimited(answer.retry_after_s, words)
    if answer.status == TOO_MANY:
        # Code 11, its guard against too many callers at once: over in seconds.
        return Unreachable(words)
    if answer.status >= 500:
        return UpstreamError(words)
    if code in (MISSING, UNKNOWN, EXPIRED):
        return TokenSpent(words)
    if code == SWITCHED_OFF:
        return Refused(words)
    if code == FORBIDDEN:
        return Forbidden(words)
    return InvalidInput("", words) if 400 <= answer.status < 500 else UpstreamError(words)
