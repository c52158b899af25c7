"""What collectors share about the tokens of an account: kept encrypted, renewed before they expire."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

import orjson

from ownclimate.core.errors import StoreCorrupt, UpstreamError
from ownclimate.core.linking import Vault
from ownclimate.sync.collector import Memory

LONGEST_LIFE_S: Final = 366 * 24 * 3600
"""However long a cloud says: a number without end could not be kept, and the token would be lost."""
SHORTEST_LIFE_S: Final = 60
"""Of a token of which the cloud does not say how long it lives."""
_NAME: Final = "tokens"
_MARK: Final = "mark"
_DIGEST_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """`refresh` is empty where the cloud gives none. From `renew_ms` on others are to be had."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    renew_ms: int


class TokenSpent(UpstreamError):
    """The cloud does not take the access token any more; another is to be fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenShelf:
    """Keeps tokens in a source's memory, so that a process that begins anew goes on with them.

    `context` binds what is sealed to its source. Tokens that other `credentials` fetched are no longer
    found: the account was connected anew.
    """

    memory: Memory
    vault: Vault
    context: str
    credentials: tuple[str, ...] = field(repr=False)

    async def load(self) -> Tokens | None:
        """What was saved last; None when there is nothing, also for what was sealed under a lost key."""
        body = await self.memory.recall(_NAME)
        if not body:
            return None
        try:
            told: dict[str, Any] = orjson.loads(self.vault.decrypt(body["sealed"], self.context))
        except StoreCorrupt:
            return None
        # Tokens that older versions kept have no mark.
        if told.get(_MARK, self._mark()) != self._mark():
            return None
        return Tokens(access=told["access"], refresh=told.get("refresh", ""), renew_ms=told["renew_ms"])

    async def save(self, tokens: Tokens) -> None:
        """On disk when it returns."""
        told = {"access": tokens.access, "refresh": tokens.refresh, "renew_ms": tokens.renew_ms}
        plain = orjson.dumps({**told, _MARK: self._mark()})
        await self.memory.remember(_NAME, {"sealed": self.vault.encrypt(plain, self.context)})

    async def forget(self) -> None:
        await self.memory.forget(_NAME)

    def _mark(self) -> str:
        """Tells these credentials from others; is sealed with the tokens."""
        return blake2b(orjson.dumps(self.credentials), digest_size=_DIGEST_BYTES).hexdigest()


def renewal_ms(asked_ms: int, life_s: Any, part: float) -> int:
    """When a token is to be renewed that was asked for at `asked_ms`: after a part of its life, which is what
    the cloud said of it."""
    is_told = isinstance(life_s, (int, float)) and life_s > 0
    return asked_ms + int((min(life_s, LONGEST_LIFE_S) if is_told else SHORTEST_LIFE_S) * part * 1000)
