"""What each client did lately: for its developer to see, in the memory of this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from ownclimate.core.ids import Clock
from ownclimate.web.dispatch import RequestEntry

CLIENTS = 2_000
"""Remembered at once, each about 4 kB; the one that has been quiet longest is forgotten first."""
RECENT = 20
FAILED = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentRequest:
    """A request that an app made: its row, not its address."""

    at_ms: int
    method: str
    route: str
    status: int

    @property
    def has_failed(self) -> bool:
        return self.status >= FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientUse:
    """Since this server started: calls, how many of them failed, tokens taken; the latest requests first."""

    calls: int = 0
    errors: int = 0
    tokens: int = 0
    recent: tuple[RecentRequest, ...] = ()


@dataclass(slots=True)
class _Count:
    calls: int = 0
    errors: int = 0
    tokens: int = 0
    recent: deque[RecentRequest] = field(default_factory=lambda: deque(maxlen=RECENT))


class ClientUses:
    """Counts the requests whose client is known. `token_routes` are where tokens are had: a success
    there is a token, and no call."""

    def __init__(self, clock: Clock, token_routes: Collection[str]) -> None:
        self._clock = clock
        self._token_routes = frozenset(token_routes)
        self._counts: dict[str, _Count] = {}

    def note(self, entry: RequestEntry) -> None:
        if not entry.client_id:
            return
        count = self._counts.pop(entry.client_id, None) or _Count()
        self._counts[entry.client_id] = count
        if len(self._counts) > CLIENTS:
            del self._counts[next(iter(self._counts))]
        if entry.status >= FAILED:
            count.errors += 1
        if entry.route not in self._token_routes:
            count.calls += 1
        elif entry.status < FAILED:
            count.tokens += 1
        count.recent.appendleft(
            RecentRequest(
                at_ms=self._clock.now_ms(), method=entry.method, route=entry.route, status=entry.status
            )
        )

    def of(self, client_id: str) -> ClientUse:
        count = self._counts.get(client_id)
        if count is None:
            return ClientUse()
        return ClientUse(
            calls=count.calls, errors=count.errors, tokens=count.tokens, recent=tuple(count.recent)
        )
