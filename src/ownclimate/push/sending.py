"""One delivery: a POST to a checked address, with every limit that a stranger's server calls for."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Final

import aiohttp

from ownclimate.push.addresses import AddressPolicy, CheckedResolver, parsed

TIMEOUT_S: Final = 10.0
"""From the name's resolution to the status line."""
JSON: Final = "application/json"
SUCCESSES: Final = range(200, 300)


class Sender(AbstractAsyncContextManager["Sender"]):
    """Sends through one pool of connections. Follows no redirects, reads no answers, keeps no cookies."""

    def __init__(self, policy: AddressPolicy, *, timeout_s: float = TIMEOUT_S) -> None:
        self._policy = policy
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Sender:
        connector = aiohttp.TCPConnector(resolver=CheckedResolver(self._policy), use_dns_cache=False)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> str:
        """Why the delivery failed, empty when the receiver took it. Never raises for what a receiver does."""
        assert self._session is not None, "used inside its context"
        try:
            # aiohttp asks no resolver for addresses written as numbers.
            await self._policy.addresses(parsed(url)[1])
            async with self._session.post(
                url,
                data=body,
                headers={"Content-Type": JSON, "Accept": "*/*", **headers},
                allow_redirects=False,
            ) as answer:
                return "" if answer.status in SUCCESSES else f"answered {answer.status}"
        except TimeoutError:
            return f"no answer within {self._timeout.total:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"could not be reached ({type(error).__name__})"
