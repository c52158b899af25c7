"""What the engine asks of a vendor's collector, and what it hands to it."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ownclimate.sync.gaps import Page, PageRead
from ownclimate.sync.quota import Meter


class TaskKind(enum.IntEnum):
    """In the order in which they go first."""

    TOPOLOGY = 0
    STATE = 1
    HISTORY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to be asked again and again; one call each time, `every_ms` apart.

    `key` never changes for the same thing. `label` is for people. `since_ms` of a history: older values
    are not wanted.
    """

    key: str
    kind: TaskKind
    label: str
    every_ms: int
    since_ms: int = 0


class Memory(Protocol):
    """Small documents of a source that must be there after a crash."""

    async def recall(self, name: str) -> Mapping[str, Any]:
        """Empty when there is none."""
        ...

    async def remember(self, name: str, body: Mapping[str, Any]) -> None:
        """On disk when it returns."""
        ...


class Collector(Protocol):
    """Calls one account of a vendor's cloud and records what it answers. Recording is idempotent.

    `prepare` and the fetches raise RateLimited when the cloud refuses for its limits (`retry_after_s` 0:
    it does not say until when); Refused when the credentials do not hold; other UpstreamErrors while it
    is out of order; InvalidInput, NotFound, Forbidden or Unsupported when this one thing cannot be had.
    """

    @property
    def meters(self) -> Sequence[Meter]: ...

    @property
    def page_rows(self) -> int:
        """Rows in a full page of history."""
        ...

    async def prepare(self) -> None:
        """Sees to it that calls can be made: fetches a fresh token where one is needed."""
        ...

    async def plan(self) -> Sequence[Task]:
        """All tasks, by what is known of the account so far. Makes no call."""
        ...

    async def fetch(self, task: Task) -> bool:
        """One call, recorded durably; False when there was nothing, so that it need not be asked so often."""
        ...

    async def fetch_page(self, task: Task, page: Page) -> PageRead:
        """One call for a stretch of history, its oldest rows first, recorded durably."""
        ...

    async def close(self) -> None: ...
