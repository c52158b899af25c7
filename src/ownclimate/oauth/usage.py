"""How much an app was used, day by day: kept beside the client, for its developer to see.

Counts are for people to read: they are written a minute late, and a crash loses that minute. Days are
UTC's, since a developer's users live everywhere.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import AppError
from ownclimate.core.ports import ABSENT, Change, Delete, Ports, Put
from ownclimate.core.writes import write_surely
from ownclimate.oauth.clients import TABLE as CLIENTS
from ownclimate.oauth.clients import USAGE, client_partition
from ownclimate.web.dispatch import RequestEntry

DAY_MS: Final = 24 * 3_600_000
WRITE_EVERY_S: Final = 60.0
SHOWN_DAYS: Final = 30
KEPT_DAYS: Final = 90
FAILED: Final = 400

log = structlog.get_logger("ownclimate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Calls, how many of them failed, tokens taken. A day's is a row of `usage` in the client's
    partition, keyed by the date."""

    calls: int = 0
    errors: int = 0
    tokens: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)

    def plus(self, other: Usage) -> Usage:
        return dataclasses.replace(
            self,
            calls=self.calls + other.calls,
            errors=self.errors + other.errors,
            tokens=self.tokens + other.tokens,
        )


CALL, ERROR, TOKEN = Usage(calls=1), Usage(calls=1, errors=1), Usage(tokens=1)


class DailyUsage:
    """Told of every request; `token_routes` are where tokens are had.

    `write` is called by itself a minute after something was noted; `settle` waits for what is being
    written.
    """

    def __init__(self, ports: Ports, token_routes: Collection[str]) -> None:
        self._ports = ports
        self._token_routes = frozenset(token_routes)
        self._unsaved: dict[tuple[str, int], Usage] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._writing: set[asyncio.Task[None]] = set()

    def note(self, entry: RequestEntry) -> None:
        """A success where tokens are had is a token and no call; a refusal there is neither."""
        has_failed = entry.status >= FAILED
        if entry.route in self._token_routes:
            if has_failed:
                return
            more = TOKEN
        else:
            more = ERROR if has_failed else CALL
        if entry.client_id:
            self._add(entry.client_id, self._ports.clock.now_ms() // DAY_MS, more)

    async def of(self, client_id: str) -> Usage:
        """The last 30 days, what was not written yet included."""
        first = self._ports.clock.now_ms() // DAY_MS - SHOWN_DAYS + 1
        total = Usage()
        partition = client_partition(client_id)
        for document in await self._ports.directory.scan(partition, USAGE, start=_date(first)):
            total = total.plus(from_body(Usage, document.body))
        for (of_client, day), usage in self._unsaved.items():
            if of_client == client_id and day >= first:
                total = total.plus(usage)
        return total

    async def write(self) -> None:
        """Writes what was counted since the last time; what cannot be written now is left for the next."""
        unsaved, self._unsaved = self._unsaved, {}
        for (client_id, day), usage in unsaved.items():
            try:
                await self._store(client_id, day, usage)
            except AppError as error:
                log.warning("usage_postponed", code=error.code, reason=error.message)
                self._add(client_id, day, usage)

    async def settle(self) -> None:
        await asyncio.gather(*self._writing)

    def _add(self, client_id: str, day: int, more: Usage) -> None:
        key = client_id, day
        before = self._unsaved.get(key)
        self._unsaved[key] = more if before is None else before.plus(more)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_EVERY_S, self._begin)

    def _begin(self) -> None:
        self._timer = None
        task = asyncio.get_running_loop().create_task(self.write())
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _store(self, client_id: str, day: int, usage: Usage) -> None:
        """Raises Conflict when another process adds at this moment."""
        directory, partition = self._ports.directory, client_partition(client_id)
        if await directory.find(partition, CLIENTS, client_id) is None:
            # Personal tokens and device keys count for limits like clients, but nobody registered them.
            return
        found = await directory.find(partition, USAGE, _date(day))
        total = usage if found is None else from_body(Usage, found.body).plus(usage)
        expect = ABSENT if found is None else found.version
        old = await directory.scan(partition, USAGE, end=_date(day - KEPT_DAYS), limit=100)
        changes: list[Change] = [
            Put(table=USAGE, key=_date(day), body=to_body(total), expect=expect),
            *(Delete(table=USAGE, key=document.key) for document in old),
        ]
        await write_surely(self._ports, partition, changes, of="usage")


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_MS / 1000, UTC).date().isoformat()
