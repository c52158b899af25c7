"""What is stored of codes and tokens: rows keyed by the hash of the text that a client holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

DAY_MS: Final = 24 * 3_600_000
EXPIRED_KEPT_MS: Final = 7 * DAY_MS
"""How long a token's row outlives the token, so that a client hears "expired" and not "unknown"."""
USED_KEPT_MS: Final = 30 * DAY_MS
"""How long a spent code or refresh token is known as spent; later it is merely unknown."""


class TokenKind(Enum):
    ACCESS = "access"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A row of `token`, keyed by the text's hash. `expires_ms` 0: it ends with its grant.

    `partner` is the hash of the access token that a refresh token was given with, `previous` of the
    refresh token it replaced.
    """

    kind: TokenKind
    grant_id: str
    birth: str
    family: str
    scopes: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    partner: str = ""
    previous: str = ""
    created_ms: int = 0
    expires_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)

    def is_expired(self, now_ms: int) -> bool:
        return bool(self.expires_ms) and self.expires_ms <= now_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A row of `code`, keyed by the text's hash."""

    grant_id: str
    birth: str
    client_id: str
    scopes: tuple[str, ...]
    redirect_uri: str
    redirect_uri_was_sent: bool = False
    challenge: str = ""
    created_ms: int = 0
    expires_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A row of `used`: a code or refresh token that was spent, and which family it gave.

    `answer` is what it gave, encrypted under the spent text itself, until `grace_ms`.
    """

    grant_id: str
    birth: str
    client_id: str
    family: str
    answer: bytes = field(default=b"", repr=False)
    grace_ms: int = 0
    expires_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)
