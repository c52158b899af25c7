"""The tokens of one account: fetched with its user name and password, renewed, and kept encrypted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from ownclimate.core.errors import AppError, Garbled, RateLimited, Refused, UpstreamError
from ownclimate.core.ids import Clock
from ownclimate.links.http import TOO_MANY, Answer, Cloud, read_object
from ownclimate.sync.tokens import Tokens, TokenShelf, renewal_ms
from ownclimate.vendors.mclimate.collector_http import MOST_WORDS, Patience

LOGIN: Final = "/v1/auth/login"
RENEW: Final = "/v1/auth/renew"
RENEW_PART: Final = 0.8
"""Of a token's life, after which it is renewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    client_id: str
    client_secret: str = field(repr=False)
    user_name: str
    password: str = field(repr=False)


@dataclass(slots=True)
class TokenKeeper:
    """Safe to be asked by several at once."""

    cloud: Cloud
    shelf: TokenShelf
    clock: Clock
    credentials: Credentials
    patience: Patience
    _tokens: Tokens | None = field(default=None, repr=False)
    _is_spent: bool = False
    _is_doubtful: bool = False
    """The token was renewed because the one before it was refused, and was not taken yet."""
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def access(self) -> str:
        """A token to call with. Raises Refused when the account must be connected anew, RateLimited, or
        another UpstreamError."""
        async with self._fetching:
            tokens = self._tokens or await self.shelf.load()
            if tokens is None or self._is_spent or self.clock.now_ms() >= tokens.renew_ms:
                tokens = await self._fresh(tokens)
                await self.shelf.save(tokens)
                self._is_spent = False
            self._tokens = tokens
            return tokens.access

    def spend(self, access: str) -> None:
        """The cloud does not take the token any more: the next one is renewed, or fetched by logging in
        where that was tried already."""
        if self._tokens is not None and self._tokens.access == access:
            self._is_spent = True

    def hold(self) -> None:
        """The cloud took the token."""
        self._is_doubtful = False

    async def _fresh(self, tokens: Tokens | None) -> Tokens:
        if tokens is not None and tokens.refresh and not self._is_doubtful:
            renewed = await self._renew(tokens)
            if renewed is not None:
                self._is_doubtful = self._is_spent
                return renewed
        logged_in = await self._log_in()
        self._is_doubtful = False
        return logged_in

    async def _renew(self, tokens: Tokens) -> Tokens | None:
        """None when the cloud gives nothing for the refresh token any more."""
        asked_ms = self.clock.now_ms()
        body = {
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.client_secret,
            "refresh_token": tokens.refresh,
        }
        answer = await self._post(RENEW, body)
        document = read_object(answer)
        if answer.status != 200:
            denial = _denial(answer, document)
            if isinstance(denial, Refused):
                return None
            raise denial
        return _tokens_in(document, asked_ms, tokens.refresh)

    async def _log_in(self) -> Tokens:
        asked_ms = self.clock.now_ms()
        body = {
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.client_secret,
            "username": self.credentials.user_name,
            "password": self.credentials.password,
        }
        answer = await self._post(LOGIN, body)
        document = read_object(answer)
        if answer.status != 200:
            raise _denial(answer, document)
        return _tokens_in(document, asked_ms, "")

    async def _post(self, path: str, body: Mapping[str, str]) -> Answer:
        answer = await self.cloud.request("POST", path, json=orjson.dumps(body))
        if answer.status == TOO_MANY:
            refusal = RateLimited(answer.retry_after_s, "the cloud takes no more logins for now")
            raise self.patience.waits(refusal)
        return answer


def _tokens_in(document: Mapping[str, Any], asked_ms: int, refresh: str) -> Tokens:
    """`refresh` is that which stays valid where the answer brings no other. Raises Garbled."""
    envelope = document.get("auth")
    told = envelope if isinstance(envelope, Mapping) else document
    access = told.get("access_token")
    fresh = told.get("refresh_token") or refresh
    if not isinstance(access, str) or not access or not isinstance(fresh, str):
        raise Garbled("the cloud's answer to a login holds no token")
    life_s = told.get("expires_in")
    return Tokens(access=access, refresh=fresh, renew_ms=renewal_ms(asked_ms, life_s, RENEW_PART))


def _denial(answer: Answer, document: Mapping[str, Any]) -> AppError:
    """Why there is no token: the answer keeps the `auth` envelope, with the names of OAuth 2."""
    envelope = document.get("auth")
    told = envelope if isinstance(envelope, Mapping) else document
    name = str(told.get("error", ""))[:MOST_WORDS]
    if answer.status >= 500:
        return UpstreamError(f"the cloud is out of order (status {answer.status})")
    if name == "invalid_grant":
        return Refused("the cloud does not know this user name with this password: connect its account again")
    return Refused(f"the cloud gives no tokens to this app ({name or answer.status})")
