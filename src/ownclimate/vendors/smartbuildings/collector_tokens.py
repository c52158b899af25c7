"""The access token of one client: fetched before it is needed, renewed before it expires, by one at a time.

It is kept, sealed, so that a process that begins anew goes on with the one there is: the vendor asks that a
token be used until it expires. There is no refresh token; the client's secret fetches the next one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from ownclimate.core.errors import Garbled, RateLimited, Refused, UpstreamError
from ownclimate.core.ids import Clock
from ownclimate.links.http import TOO_MANY, Answer, Cloud, read_object
from ownclimate.sync.tokens import Tokens, TokenShelf, renewal_ms
from ownclimate.vendors.smartbuildings.collector_http import MOST_WORDS
from ownclimate.vendors.smartbuildings.tokens import AUDIENCE

PATH: Final = "/token"
RENEW_PART: Final = 0.95
"""Of a token's life, after which the next one is fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(slots=True)
class TokenKeeper:
    cloud: Cloud
    shelf: TokenShelf
    clock: Clock
    client: Client
    _token: Tokens | None = field(default=None, repr=False)
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def access(self, spent: str = "") -> str:
        """A token to call with; another one than `spent`. Raises Refused for a client that gets none."""
        async with self._renewing:
            token = self._token or await self.shelf.load()
            if token is None or token.access == spent or self.clock.now_ms() >= token.renew_ms:
                token = await self._fetch()
                await self.shelf.save(token)
            self._token = token
            return token.access

    async def forget(self, refused: str) -> None:
        """The cloud refuses the token, which has not expired: the next call is made with another."""
        async with self._renewing:
            if self._token is not None and self._token.access == refused:
                self._token = None
                await self.shelf.forget()

    async def _fetch(self) -> Tokens:
        asked = {
            "audience": AUDIENCE,
            "grant_type": "client_credentials",
            "client_id": self.client.client_id,
            "client_secret": self.client.client_secret,
        }
        asked_ms = self.clock.now_ms()
        answer = await self.cloud.request("POST", PATH, json=orjson.dumps(asked))
        document = read_object(answer)
        access = document.get("access_token")
        if answer.status != 200 or "error" in document:
            raise _denial(answer, document)
        if not isinstance(access, str) or not access:
            raise Garbled("the cloud's answer holds no token")
        life_s = document.get("expires_in")
        return Tokens(access=access, renew_ms=renewal_ms(asked_ms, life_s, RENEW_PART))


def _denial(answer: Answer, document: dict[str, Any]) -> RateLimited | UpstreamError:
    if answer.status == TOO_MANY:
        return RateLimited(answer.retry_after_s, "the cloud gives no more tokens at the moment")
    if answer.status >= 500:
        return UpstreamError(f"the cloud is out of order (status {answer.status})")
    said = str(document.get("error_description") or document.get("error") or document.get("message") or "")
    return Refused(f"the cloud gives no token to this client: {said[:MOST_WORDS]} ({answer.status})")
