"""What this room is handed: a vendor's voice, and what the authorization server knows of an app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ownclimate.core.access import Access
from ownclimate.core.ports import Ports
from ownclimate.core.writes import AuditEntry
from ownclimate.push.hooks import Hook

Word = Callable[[Ports, AuditEntry, Access], Awaitable[Sequence[Any]]]
"""What an app with this access is told of a change, as JSON values; empty for what it may not know or does
not care for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How one dialect speaks to webhooks. `sign` gives the headers of a body under the app's secret.

    `greeting` is the first message that a new webhook gets, None for none.
    """

    word: Word
    sign: Callable[[bytes, str], Mapping[str, str]]
    greeting: Any = None


class Apps(Protocol):
    """What is known of apps where tokens are given out."""

    async def access_of(self, hook: Hook) -> Access | None:
        """What the webhook's app may see now; None when everything was taken back from it."""
        ...

    async def secret_of(self, hook: Hook) -> str:
        """What deliveries are signed with; empty for an app that has no secret."""
        ...
