"""The tokens of one account: every refresh kills the pair before it, so one place keeps them.

A new pair is on disk before it is used. A reply that was lost is asked for again with the same refresh
token, which clouds with a grace answer with the same pair; by others the account must be connected again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.errors import AppError, Garbled, RateLimited, Refused, Unreachable, UpstreamError
from ownclimate.core.ids import Clock
from ownclimate.links.http import TOO_MANY, Answer, Cloud, read_object
from ownclimate.sync.tokens import Tokens, TokenShelf, renewal_ms
from ownclimate.vendors.netatmo.face.faults import LIMIT

PATH: Final = "/oauth2/token"
RENEW_PART: Final = 0.9
"""Of a token's life, after which it is renewed."""
TEMPORARY: Final = frozenset({"too_many_connections", "temporarily_unavailable", "server_error"})
CONNECT_AGAIN: Final = "connect its account again"
_HANDED_IN: Final = {"refresh_token": "the refresh token", "authorization_code": "the code"}


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(slots=True)
class TokenChain:
    """`first` is the refresh token that the owner handed in, empty before there was one. `shelf` keeps the
    pair that descends from it."""

    cloud: Cloud
    shelf: TokenShelf
    clock: Clock
    app: App
    first: str = field(repr=False)
    _pair: Tokens | None = field(default=None, repr=False)
    _unsaved: Tokens | None = field(default=None, repr=False)
    """Fresh, but the store could not take it yet: another refresh could no more be asked for."""
    _spent: str = field(default="", repr=False)
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _renewal: asyncio.Task[Tokens] | None = None

    async def access(self) -> str:
        """A token to call with. Raises Refused when the account must be connected again."""
        async with self._renewing:
            pair = self._pair or await self.shelf.load()
            if self._is_over(pair):
                pair = await self._latest(pair)
            if pair is None or self._is_over(pair):
                # Who is cancelled now must not lose the pair that the cloud is giving out.
                if self._renewal is None or self._renewal.done():
                    refresh = self.first if pair is None else pair.refresh
                    self._renewal = asyncio.create_task(self._renew(refresh))
                pair = await asyncio.shield(self._renewal)
            self._pair = pair
            return pair.access

    def spend(self, access: str) -> None:
        """The cloud does not take this token any more: the next one is a new one."""
        self._spent = access

    async def close(self) -> None:
        """Lets a renewal that is under way come to its end."""
        if self._renewal is not None:
            with contextlib.suppress(Exception):
                await self._renewal

    async def _renew(self, refresh: str) -> Tokens:
        if self._unsaved is None:
            self._unsaved = await self._asked(refresh)
        await self.shelf.save(self._unsaved)
        fresh, self._unsaved = self._unsaved, None
        self._pair = fresh
        return fresh

    async def _asked(self, refresh: str) -> Tokens:
        if not refresh:
            raise Refused(f"the account is not connected: {CONNECT_AGAIN}")
        form = {"grant_type": "refresh_token", "refresh_token": refresh}
        asked_ms = self.clock.now_ms()
        document = await ask_for_tokens(self.cloud, self.app, form)
        access, fresh = document.get("access_token"), document.get("refresh_token", refresh)
        if not isinstance(access, str) or not isinstance(fresh, str) or not access or not fresh:
            raise Garbled("the cloud's answer to a refresh holds no tokens")
        life_s = document.get("expires_in", document.get("expire_in"))
        return Tokens(access=access, refresh=fresh, renew_ms=renewal_ms(asked_ms, life_s, RENEW_PART))

    def _is_over(self, pair: Tokens | None) -> bool:
        return pair is None or pair.access == self._spent or self.clock.now_ms() >= pair.renew_ms

    async def _latest(self, known: Tokens | None) -> Tokens | None:
        """Of the known pair and the kept one. A process that thought itself the only one may have renewed
        the pair meanwhile, which spent ours; or kept one late that was spent already."""
        pairs = [pair for pair in (known, await self.shelf.load()) if pair is not None]
        return max(pairs, key=lambda pair: pair.renew_ms, default=None)


async def ask_for_tokens(cloud: Cloud, app: App, form: Mapping[str, str]) -> dict[str, Any]:
    """What the cloud answers to a grant. Raises Refused when it gives none; another UpstreamError."""
    proof = {"client_id": app.client_id, "client_secret": app.client_secret}
    answer = await cloud.post(PATH, {**form, **proof})
    document = read_object(answer)
    if answer.status != 200 or "error" in document:
        raise _denial(answer, document, _HANDED_IN[form["grant_type"]])
    return document


def _denial(answer: Answer, document: Mapping[str, Any], handed_in: str) -> AppError:
    """Why there is no token: its shape differs from that of other faults (a text under `error`); what stands
    before all methods of the cloud answers as everywhere."""
    name = document.get("error")
    if isinstance(name, Mapping):
        if name.get("code") == LIMIT:
            return RateLimited(answer.retry_after_s, "the cloud gives no tokens at the moment")
        name = name.get("message")
    name = name if isinstance(name, str) else ""
    if answer.status == TOO_MANY or name in TEMPORARY:
        return Unreachable("the cloud gives no tokens at the moment")
    if answer.status >= 500:
        return UpstreamError(f"the cloud is out of order (status {answer.status})")
    if name == "invalid_grant":
        return Refused(f"{handed_in} does not hold any more: {CONNECT_AGAIN}")
    return Refused(f"the cloud gives no tokens to this app ({name[:60] or answer.status})")
