"""What MClimate's cloud answered, its failures told apart by what to do next.

Source: the vendor's API documents, "Status codes" and "Errors" (RFC 7807 bodies); what a server in front
of the cloud puts in between (HTML, half an answer) is told by its shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.errors import (
    AppError,
    Forbidden,
    Garbled,
    InvalidInput,
    NotFound,
    RateLimited,
    UpstreamError,
)
from ownclimate.links.http import TOO_MANY, Answer, read_object
from ownclimate.sync.tokens import TokenSpent

MOST_WORDS: Final = 200
FIRST_PAUSE_S: Final = 60.0
LONGEST_PAUSE_S: Final = 900.0
MOST_DOUBLINGS: Final = 4


class DeviceSilent(UpstreamError):
    """The cloud itself answered that it has nothing from this very device, or cannot reach it, for now."""


class DeviceGarbled(DeviceSilent):
    """What stands between the cloud and the device gave it no good answer: nobody knows what came of it."""


_OF_A_DEVICE: Final = {502: DeviceGarbled, 503: DeviceSilent}


@dataclass(slots=True)
class Patience:
    """How long the cloud is left alone after it refused for its limits."""

    _refusals: int = 0
    """In a row, without a word until when."""

    def waits(self, error: RateLimited) -> RateLimited:
        """With the time that the cloud names, else with a minute, then twice as long each time."""
        if error.retry_after_s:
            return error
        pause_s = min(FIRST_PAUSE_S * 2**self._refusals, LONGEST_PAUSE_S)
        self._refusals = min(self._refusals + 1, MOST_DOUBLINGS)
        return RateLimited(pause_s, error.message)

    def reset(self) -> None:
        """The cloud answered."""
        self._refusals = 0


def read_success(answer: Answer, of: str) -> dict[str, Any]:
    """The document of a success; `of` names what was asked for, for people.

    Raises what `sync.collector.Collector` says, TokenSpent, and DeviceSilent.
    """
    try:
        document = read_object(answer)
    except Garbled:
        if answer.status != 401:
            raise
        # What stands before the cloud may refuse a token in words of its own.
        document = {}
    status = document.get("status")
    if answer.status == 200 and isinstance(status, int) and "title" in document:
        # A problem that was sent as a success.
        raise failure(status, document, of)
    if answer.status != 200:
        raise failure(answer.status, document, of, answer.retry_after_s)
    return document


def failure(status: int, document: Mapping[str, Any], of: str, retry_after_s: float = 0.0) -> AppError:
    """The error that an answer is. `document` is empty where its body told nothing."""
    said = str(document.get("detail") or document.get("title") or "")[:MOST_WORDS]
    words = f"the cloud says: {said} ({status})" if said else f"the cloud answered with status {status}"
    if status == 401:
        return TokenSpent(words)
    if status == TOO_MANY:
        return RateLimited(retry_after_s, "the cloud refuses more calls")
    if status == 404:
        return NotFound(f"{of} in the cloud")
    if status == 403:
        return Forbidden(f"{of}: {words}")
    if status in _OF_A_DEVICE and document:
        return _OF_A_DEVICE[status](words)
    return InvalidInput("", f"{of}: {words}") if 400 <= status < 500 else UpstreamError(words)
