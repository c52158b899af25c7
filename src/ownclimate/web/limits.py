"""How much a client may ask of a dialect, and what it is told of it.

A row's `limit_class` names the budget that it draws from; a budget is the quotas of that class in one
dialect. Quotas count by client or by token. A token here is what one person let one client do: a
refreshed or second token of the same grant is the same to a limit, else a limit could be had anew by
asking for a token. A personal token is a client of its own, so only the quotas of clients count for it:
its owner needs no guarding from an app.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ownclimate.core.access import Access
from ownclimate.core.errors import RateLimited
from ownclimate.core.ids import Clock
from ownclimate.web.tables import Dialect, Endpoint
from ownclimate.web.windows import FixedWindows, Limiter, SlidingWindows

READ: Final = "read"
COMMAND: Final = "command"
"""What reaches a device; a budget of its own, so that polling never stands in a command's way."""
INGEST: Final = "ingest"
TOKEN: Final = "token"  # noqa: S105 - a class of rows
CLASSES: Final = frozenset({READ, COMMAND, INGEST, TOKEN})
"""`TOKEN` rows are public: who asks is known in their handler only, which limits them itself."""

LIMIT_HEADER: Final = "X-RateLimit-Limit-Minute"
REMAINING_HEADER: Final = "X-RateLimit-Remaining-Minute"

Headers = tuple[tuple[str, str], ...]


class By(Enum):
    """Under which name a quota counts."""

    CLIENT = "client"
    TOKEN = "token"  # noqa: S105 - a word


class Window(Enum):
    FIXED = "fixed"
    SLIDING = "sliding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """At most `count` in `span_s`; a count of 0 is no limit."""

    count: int
    span_s: int
    by: By
    window: Window = Window.FIXED

    def limiter(self) -> Limiter:
        kind = SlidingWindows if self.window is Window.SLIDING else FixedWindows
        return kind(self.count, self.span_s)


class QuotaUsedUp(RateLimited):
    """`by` says whose quota it was: the app's with all its users, or this user's of the app."""

    def __init__(self, retry_after_s: float, by: By) -> None:
        super().__init__(retry_after_s, f"too many requests of this {by.value}")
        self.by = by


Standing = tuple[int, int, QuotaUsedUp | None]
"""How a request left its budget: the tightest quota, what remains of it, and the refusal if it is one."""


class Budget:
    """Quotas that are taken together or not at all."""

    def __init__(self, quotas: Sequence[Quota], clock: Clock) -> None:
        self._clock = clock
        self._counters = tuple(
            (quota.limiter(), quota.by is By.CLIENT, quota) for quota in quotas if quota.count
        )
        self._of_clients = tuple(counter for counter in self._counters if counter[1])

    def __bool__(self) -> bool:
        return bool(self._counters)

    def take(self, access: Access, cost: int) -> Standing:
        now_ms = self._clock.now_ms()
        client = access.client_id
        token = f"{client} {access.account_id or ''}"
        limit, remaining = 0, -1
        counters = self._of_clients if access.is_personal else self._counters
        for place, (limiter, is_by_client, quota) in enumerate(counters):
            left, wait_s = limiter.take(client if is_by_client else token, cost, now_ms)
            if wait_s:
                for earlier, was_by_client, _ in counters[:place]:
                    earlier.give_back(client if was_by_client else token, cost, now_ms)
                return quota.count, 0, QuotaUsedUp(wait_s, quota.by)
            if remaining < 0 or left < remaining:
                limit, remaining = quota.count, left
        return limit, remaining, None

    def cost(self, asked: int) -> int:
        """What a row's cost comes to: never above a quota, else the row could not be used at all."""
        return min(asked, *(quota.count for _, _, quota in self._counters))


Guard = Callable[[Access], tuple[Headers, QuotaUsedUp | None]]
"""Counts one request: what its answer is to carry, and the refusal if it is one too many."""


class Limits:
    """The budgets of an application: by dialect and limit class, one for all rows that name it."""

    def __init__(self, quotas: Mapping[tuple[str, str], Sequence[Quota]], clock: Clock) -> None:
        unknown = {limit_class for _, limit_class in quotas} - CLASSES
        if unknown:
            raise ValueError(f"no such limit class: {', '.join(sorted(unknown))}")
        self._budgets = {key: Budget(of_class, clock) for key, of_class in quotas.items()}

    def guard(self, dialect: Dialect, endpoint: Endpoint) -> Guard | None:
        """What the row runs once its caller is known; None when nothing limits it.

        Raises ValueError for a class that nobody knows.
        """
        if endpoint.limit_class not in CLASSES:
            raise ValueError(f"{endpoint.operation_id}: no such limit class: {endpoint.limit_class}")
        budget = self._budgets.get((dialect.name, endpoint.limit_class))
        if not budget:
            return None
        told = frozenset(dialect.rate_headers) & {LIMIT_HEADER, REMAINING_HEADER}
        asked = budget.cost(endpoint.limit_cost)

        def silent(access: Access) -> tuple[Headers, QuotaUsedUp | None]:
            return (), budget.take(access, asked)[2]

        def telling(access: Access) -> tuple[Headers, QuotaUsedUp | None]:
            limit, remaining, refusal = budget.take(access, asked)
            values = ((LIMIT_HEADER, str(limit)), (REMAINING_HEADER, str(remaining)))
            return tuple(value for value in values if value[0] in told), refusal

        return telling if told else silent
