"""Calls to a vendor's cloud over HTTP: whatever came back, or what is known when nothing did."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final

import aiohttp
import orjson
from aiohttp.abc import AbstractResolver

from ownclimate.core.errors import Garbled, RateLimited, Unreachable, UpstreamError

CONNECT_S: Final = 10.0
TOTAL_S: Final = 60.0
MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`retry_after_s` is 0 where the cloud does not say; `dated_ms`, by the cloud's clock, likewise."""

    status: int
    payload: bytes
    retry_after_s: float = 0.0
    content_type: str = ""
    dated_ms: int = 0


@dataclass(slots=True)
class Cloud:
    """Keeps connections open between calls until it is closed. `total_s`: a call may take so long.
    `resolver` finds the addresses of names in the system's stead."""

    base_url: str
    total_s: float = TOTAL_S
    resolver: AbstractResolver | None = None
    _session: aiohttp.ClientSession | None = field(default=None, init=False)

    async def get(self, path: str, query: Mapping[str, str] | None = None, token: str = "") -> Answer:
        return await self.request("GET", path, query=query, token=token)

    async def post(self, path: str, form: Mapping[str, str], token: str = "") -> Answer:
        """A form."""
        return await self.request("POST", path, form=form, token=token)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        token: str = "",
    ) -> Answer:
        """`token` goes as a bearer's. `json` is a body as it is sent; `path` may be a whole address.

        Raises Unreachable when the cloud certainly got nothing; another UpstreamError when nobody knows;
        Garbled for an answer without end. Redirects are not followed: they would carry the token along.
        """
        told = {"accept": "application/json", **(headers or {})}
        if not token.isprintable():
            raise Unreachable("the cloud gave a token that cannot be sent")
        if token:
            told["authorization"] = f"Bearer {token}"
        if json is not None:
            told.setdefault("content-type", "application/json")
        url = path if "://" in path else self.base_url.rstrip("/") + path
        body: Any = json if json is not None else form
        try:
            async with self._opened().request(
                method, url, params=query, data=body, headers=told, allow_redirects=False
            ) as answer:
                payload = bytearray()
                async for chunk in answer.content.iter_any():
                    payload += chunk
                    if len(payload) > MAX_ANSWER_BYTES:
                        raise Garbled("the cloud's answer has no end")
                return Answer(
                    status=answer.status,
                    payload=bytes(payload),
                    retry_after_s=_seconds(answer.headers.get("retry-after", "")),
                    content_type=answer.content_type,
                    dated_ms=_date_ms(answer.headers.get("date", "")),
                )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable("the cloud cannot be reached") from error
        except aiohttp.InvalidURL as error:
            raise Unreachable("the cloud named an address that is none") from error
        except TimeoutError as error:
            raise UpstreamError("the cloud did not answer in time") from error
        except aiohttp.ClientError as error:
            raise UpstreamError("the connection to the cloud broke") from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=system_tls(), resolver=self.resolver),
                timeout=aiohttp.ClientTimeout(total=self.total_s, connect=CONNECT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _date_ms(text: str) -> int:
    """Of a Date; 0 for what is none."""
    try:
        return round(parsedate_to_datetime(text).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0


def read_object(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer, whatever its status. Raises for one that is none: a proxy's page, half
    an answer, nothing."""
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


def _seconds(text: str) -> float:
    """Of a Retry-After; 0 for a date, which no vendor here was ever seen to send."""
    return float(text) if text.isdecimal() and len(text) < 7 else 0.0


@cache
def system_tls() -> ssl.SSLContext:
    """Made once: reading the system's certificates takes tens of milliseconds."""
    return ssl.create_default_context()
