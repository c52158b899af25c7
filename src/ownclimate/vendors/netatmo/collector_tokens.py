"""The tokens of one account: every refresh kills the pair before it, so one place keeps them.

A new pair is on disk before it is used. A reply that was lost is asked for again with the same refresh
token, which clouds with a grace answer with the same pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from ownclimate.core.errors import Garbled, Refused, Unreachable, UpstreamError
from ownclimate.core.ids import Clock
from ownclimate.core.linking import Vault
from ownclimate.links.http import Answer, Cloud
from ownclimate.sync.collector import Memory
from ownclimate.vendors.netatmo.collector_http import TOO_MANY, read_json

PATH: Final = "/oauth2/token"
RENEW_PART: Final = 0.9
"""Of a token's life, after which it is renewed."""
SHORTEST_LIFE_S: Final = 60
TOKENS: Final = "tokens"
TEMPORARY: Final = frozenset({"too_many_connections", "temporarily_unavailable", "server_error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    renew_ms: int


@dataclass(slots=True)
class TokenChain:
    """`first` is the refresh token that the owner handed in; `context` binds what is sealed to its source."""

    cloud: Cloud
    memory: Memory
    vault: Vault
    clock: Clock
    app: App
    first: str = field(repr=False)
    context: str
    _pair: Pair | None = field(default=None, repr=False)
    _unsaved: Pair | None = field(default=None, repr=False)
    """Fresh, but the store could not take it yet: another refresh could no more be asked for."""
    _is_spent: bool = False

    async def access(self) -> str:
        """A token to call with. Raises Refused when the account must be connected anew."""
        pair = self._pair or await self._load()
        if pair is None or self._is_spent or self.clock.now_ms() >= pair.renew_ms:
            if self._unsaved is None:
                self._unsaved = await self._renew(self.first if pair is None else pair.refresh)
            await self._save(self._unsaved)
            pair, self._unsaved, self._is_spent = self._unsaved, None, False
        self._pair = pair
        return pair.access

    def spend(self) -> None:
        """The cloud does not take the token any more: the next one is a new one."""
        self._is_spent = True

    async def _renew(self, refresh: str) -> Pair:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh,
            "client_id": self.app.client_id,
            "client_secret": self.app.client_secret,
        }
        asked_ms = self.clock.now_ms()
        answer = await self.cloud.post(PATH, form)
        document = read_json(answer)
        if answer.status != 200 or "error" in document:
            raise _denial(answer, document)
        access, fresh = document.get("access_token"), document.get("refresh_token", refresh)
        if not isinstance(access, str) or not isinstance(fresh, str) or not access or not fresh:
            raise Garbled("the cloud's answer to a refresh holds no tokens")
        life_s = document.get("expires_in", document.get("expire_in"))
        seconds = life_s if isinstance(life_s, int) and life_s > 0 else SHORTEST_LIFE_S
        return Pair(access=access, refresh=fresh, renew_ms=asked_ms + int(seconds * RENEW_PART * 1000))

    async def _load(self) -> Pair | None:
        body = await self.memory.recall(TOKENS)
        if not body:
            return None
        told = orjson.loads(self.vault.decrypt(body["sealed"], self.context))
        return Pair(access=told["access"], refresh=told["refresh"], renew_ms=told["renew_ms"])

    async def _save(self, pair: Pair) -> None:
        told = {"access": pair.access, "refresh": pair.refresh, "renew_ms": pair.renew_ms}
        await self.memory.remember(TOKENS, {"sealed": self.vault.encrypt(orjson.dumps(told), self.context)})


def _denial(answer: Answer, document: Mapping[str, Any]) -> UpstreamError:
    """Why there is no token: its shape differs from that of other faults (a text under `error`)."""
    name = document.get("error")
    if answer.status == TOO_MANY or name in TEMPORARY:
        return Unreachable("the cloud gives no tokens at the moment")
    if answer.status >= 500:
        return UpstreamError(f"the cloud is out of order (status {answer.status})")
    if name == "invalid_grant":
        return Refused("the refresh token does not hold any more: remove the source and add it again")
    return Refused(f"the cloud gives no tokens to this app ({str(name)[:60]})")
