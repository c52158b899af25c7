"""The access token of one client: fetched before it is needed, renewed before it expires, by one at a time.

It is kept, sealed, so that a process that begins anew goes on with the one there is: the vendor asks that a
token be used until it expires. There is no refresh token; the client's secret fetches the next one.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from ownclimate.core.errors import Garbled, RateLimited, Refused, StoreCorrupt, UpstreamError
from ownclimate.core.ids import Clock
from ownclimate.core.linking import Vault
from ownclimate.links.http import TOO_MANY, Answer, Cloud, read_object
from ownclimate.sync.collector import Memory
from ownclimate.vendors.smartbuildings.collector_http import MOST_WORDS
from ownclimate.vendors.smartbuildings.tokens import AUDIENCE

PATH: Final = "/token"
RENEW_PART: Final = 0.95
"""Of a token's life, after which the next one is fetched."""
SHORTEST_LIFE_S: Final = 60
TOKEN: Final = "token"  # noqa: S105 - a name, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    client_id: str
    client_secret: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Tells a token of these credentials from one of others; says nothing of them."""
        return hashlib.sha256(f"{self.client_id}\n{self.client_secret}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    access: str = field(repr=False)
    renew_ms: int


@dataclass(slots=True)
class TokenKeeper:
    """`context` binds what is sealed to its source."""

    cloud: Cloud
    memory: Memory
    vault: Vault
    clock: Clock
    client: Client
    context: str
    _token: Token | None = field(default=None, repr=False)
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def access(self, spent: str = "") -> str:
        """A token to call with; another one than `spent`. Raises Refused for a client that gets none."""
        async with self._renewing:
            token = self._token or await self._load()
            if token is None or token.access == spent or self.clock.now_ms() >= token.renew_ms:
                token = await self._fetch()
                await self._save(token)
            self._token = token
            return token.access

    async def forget(self, refused: str) -> None:
        """The cloud refuses the token, which has not expired: the next call is made with another."""
        async with self._renewing:
            if self._token is not None and self._token.access == refused:
                self._token = None
                await self.memory.remember(TOKEN, {})

    async def _fetch(self) -> Token:
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
        seconds = life_s if isinstance(life_s, int) and life_s > 0 else SHORTEST_LIFE_S
        return Token(access=access, renew_ms=asked_ms + int(seconds * RENEW_PART * 1000))

    async def _load(self) -> Token | None:
        """None also for one of other credentials, or sealed under a key that was lost."""
        body = await self.memory.recall(TOKEN)
        if body.get("client") != self.client.fingerprint:
            return None
        try:
            told = orjson.loads(self.vault.decrypt(body["sealed"], self.context))
        except StoreCorrupt:
            return None
        return Token(access=told["access"], renew_ms=told["renew_ms"])

    async def _save(self, token: Token) -> None:
        plain = orjson.dumps({"access": token.access, "renew_ms": token.renew_ms})
        sealed = self.vault.encrypt(plain, self.context)
        await self.memory.remember(TOKEN, {"client": self.client.fingerprint, "sealed": sealed})


def _denial(answer: Answer, document: dict[str, Any]) -> RateLimited | UpstreamError:
    if answer.status == TOO_MANY:
        return RateLimited(answer.retry_after_s, "the cloud gives no more tokens at the moment")
    if answer.status >= 500:
        return UpstreamError(f"the cloud is out of order (status {answer.status})")
    said = str(document.get("error_description") or document.get("error") or document.get("message") or "")
    return Refused(f"the cloud gives no token to this client: {said[:MOST_WORDS]} ({answer.status})")
