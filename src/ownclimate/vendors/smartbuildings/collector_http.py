"""What SmartBuildings' cloud answered, its failures told apart by what to do next.

Its API speaks JSend; the gateway in front of it does not: what that says of a token stands outside the
envelope. Both forms are read, also where generated servers put the one into the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ownclimate.core.errors import (
    AppError,
    Forbidden,
    Garbled,
    InvalidInput,
    NotFound,
    RateLimited,
    Refused,
    UpstreamError,
)
from ownclimate.links.http import TOO_MANY, Answer, read_object
from ownclimate.sync.tokens import TokenSpent

MOST_WORDS: Final = 200
EXPIRED: Final = "exp"
_SUCCESSES: Final = (200, 201)


def read_data(answer: Answer) -> Any:
    """The `data` of a success; None for one without a body.

    Raises what `sync.collector.Collector` says; TokenSpent for a token that has expired; Refused for one
    that does not hold for another reason.
    """
    if answer.status == 204 and not answer.payload.strip():
        return None
    document = read_object(answer)
    if answer.status in _SUCCESSES and document.get("status") == "success":
        return document.get("data")
    raise _failure(answer, document)


def _failure(answer: Answer, document: Mapping[str, Any]) -> AppError:
    said = document.get("message")
    status = answer.status
    if status in _SUCCESSES:
        # An error in a success: it says itself which one it is.
        code = document.get("code")
        if document.get("status") not in ("fail", "error"):
            return Garbled("the cloud answered neither a success nor an error")
        status = (
            code if isinstance(code, int) and code >= 400 else 422 if "fail" in document.values() else 500
        )
    words = f"the cloud says: {_text(document)} (status {status})"
    if status == TOO_MANY:
        return RateLimited(answer.retry_after_s, words)
    if status >= 500:
        return UpstreamError(words)
    if status == 401:
        is_expired = EXPIRED in document or (isinstance(said, Mapping) and EXPIRED in said)
        return TokenSpent(words) if is_expired else Refused(words)
    if status == 403:
        # Without an envelope it is the gateway that speaks, of the token and not of this one thing.
        return Forbidden(words) if "status" in document else Refused(words)
    if status == 404:
        return NotFound("what was asked of the cloud")
    return InvalidInput("", words) if 400 <= status < 500 else UpstreamError(words)


def _text(document: Mapping[str, Any]) -> str:
    """A fail names its fields in `data`, an error says it in `message`, as an object or a text."""
    for name in ("message", "data", EXPIRED):
        said = document.get(name)
        if isinstance(said, Mapping) and said:
            return ", ".join(f"{field}: {reason}" for field, reason in said.items())[:MOST_WORDS]
        if isinstance(said, str) and said:
            return said[:MOST_WORDS]
    return "nothing"
