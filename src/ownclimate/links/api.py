"""One call to a network server's HTTP API, its failures told apart by what is known afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import msgspec

from ownclimate.core.errors import Garbled, InvalidInput, NotFound, Refused, Unreachable, UpstreamError
from ownclimate.links.http import system_tls

CONNECT_S: Final = 5.0
TOTAL_S: Final = 15.0
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
MOST_REASON: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """`headers` go with every call and hold the credential."""

    base_url: str
    headers: Mapping[str, str] = field(repr=False)

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON that came back.

        Raises Unreachable when the server certainly did nothing; Refused for the credential; NotFound and
        InvalidInput when it says that it will never do it. UpstreamError, Garbled among them: nobody
        knows whether it did.
        """
        timeout = aiohttp.ClientTimeout(total=TOTAL_S, connect=CONNECT_S)
        # A kept connection may be closed by the other side just when it is used again, and nobody could
        # tell whether the request had been read.
        connector = aiohttp.TCPConnector(force_close=True, ssl=system_tls())
        data = None if body is None else msgspec.json.encode(body)
        headers = {**self.headers, "content-type": "application/json", "accept": "application/json"}
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers) as session,
                session.request(
                    method, self.base_url.rstrip("/") + path, data=data, allow_redirects=False
                ) as answer,
            ):
                content = bytearray()
                async for chunk in answer.content.iter_any():
                    content += chunk
                    if len(content) > MAX_ANSWER_BYTES:
                        raise Garbled(f"the answer of {self.base_url} has no end")
                return _result(answer.status, bytes(content))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable(f"{self.base_url} cannot be reached") from error
        except TimeoutError as error:
            raise UpstreamError(f"{self.base_url} did not answer in time") from error
        except aiohttp.ClientError as error:
            raise UpstreamError(f"the connection to {self.base_url} broke") from error


def _result(status: int, content: bytes) -> Any:
    if 200 <= status < 300:
        try:
            return msgspec.json.decode(content) if content.strip() else {}
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Garbled("the network server's answer is not JSON") from error
    reason = _reason(content) or f"status {status}"
    if status in (401, 403):
        raise Refused(f"the network server refuses the API key: {reason}")
    if status == 404:
        raise NotFound("device", f"at the network server ({reason})")
    if status == 429:
        raise Unreachable(f"the network server asks to wait: {reason}")
    if status >= 500:
        raise UpstreamError(f"the network server failed: {reason}")
    raise InvalidInput("", f"the network server refuses it: {reason}")


def _reason(content: bytes) -> str:
    """What the server says in the `message` of both vendors' errors."""
    try:
        told = msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    text = told.get("message")
    return text[:MOST_REASON] if isinstance(text, str) else ""
