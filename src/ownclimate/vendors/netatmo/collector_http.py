"""One call to Netatmo's cloud, its failures told apart by what to do next.

Source: spec of the wire as `face/faults.py` speaks it, and what was seen of outages: HTML, empty bodies.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import aiohttp
import orjson

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
from ownclimate.vendors.netatmo.face.faults import (
    EXPIRED,
    FORBIDDEN,
    LIMIT,
    MISSING,
    SWITCHED_OFF,
    UNKNOWN,
)

CONNECT_S: Final = 10.0
TOTAL_S: Final = 60.0
MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
MOST_WORDS: Final = 200
TOO_MANY: Final = 429


class TokenSpent(UpstreamError):
    """The access token does not hold any more; another is to be fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    payload: bytes
    retry_after_s: float = 0.0


@dataclass(slots=True)
class Cloud:
    """Keeps connections open between calls until it is closed."""

    base_url: str
    _session: aiohttp.ClientSession | None = field(default=None, init=False)

    async def post(self, path: str, form: Mapping[str, str], token: str = "") -> Answer:
        """Whatever came back. Raises Unreachable when nothing did; Garbled for an answer without end."""
        headers = {"accept": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        url = self.base_url.rstrip("/") + path
        try:
            async with self._opened().post(url, data=form, headers=headers, allow_redirects=False) as answer:
                payload = bytearray()
                async for chunk in answer.content.iter_any():
                    payload += chunk
                    if len(payload) > MAX_ANSWER_BYTES:
                        raise Garbled("the cloud's answer has no end")
                return Answer(
                    status=answer.status,
                    payload=bytes(payload),
                    retry_after_s=_seconds(answer.headers.get("retry-after", "")),
                )
        except TimeoutError as error:
            raise Unreachable("the cloud did not answer in time") from error
        except aiohttp.ClientError as error:
            raise Unreachable("the connection to the cloud broke or could not be made") from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=_tls()),
                timeout=aiohttp.ClientTimeout(total=TOTAL_S, connect=CONNECT_S),
            )
        return self._session


def read_success(answer: Answer) -> dict[str, Any]:
    """The document of a success. Raises what `sync.collector.Collector` says, and TokenSpent."""
    document = read_json(answer)
    fault = document.get("error")
    if fault is not None:
        raise _failure(answer, fault if isinstance(fault, Mapping) else {"message": fault})
    if answer.status != 200:
        raise _failure(answer, {})
    if document.get("status") != "ok":
        raise Garbled("the cloud answered neither a success nor an error")
    return document


def read_json(answer: Answer) -> dict[str, Any]:
    """Raises for an answer that is no JSON object: a proxy's page, half an answer, nothing."""
    try:
        document = orjson.loads(answer.payload)
    except orjson.JSONDecodeError:
        document = None
    if isinstance(document, dict):
        return document
    if answer.status == TOO_MANY:
        raise RateLimited(answer.retry_after_s, "the cloud refuses more calls")
    if answer.status >= 500:
        raise UpstreamError(f"the cloud is out of order (status {answer.status})")
    raise Garbled(f"the cloud's answer cannot be read (status {answer.status})")


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


def _seconds(text: str) -> float:
    """Of a Retry-After; 0 for a date, which this vendor was never seen to send."""
    return float(text) if text.isdecimal() and len(text) < 7 else 0.0


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the system's certificates takes tens of milliseconds."""
    return ssl.create_default_context()
