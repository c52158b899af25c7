"""What the engine asks of a vendor's collector, and what it hands to it."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ownclimate.control.carriers import Delivery
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.sync.gaps import Page, PageRead
from ownclimate.sync.quota import Meter


class TaskKind(enum.IntEnum):
    """In the order in which they go first."""

    TOPOLOGY = 0
    STATE = 1
    EVENTS = 2
    HISTORY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to be asked again and again; one call each time, `every_ms` apart.

    `key` never changes for the same thing. `label` is for people. `since_ms` and `until_ms` of a history:
    older values are not wanted, nor newer ones unless `until_ms` is 0.
    """

    key: str
    kind: TaskKind
    label: str
    every_ms: int
    since_ms: int = 0
    until_ms: int = 0
    is_backlog: bool = False
    """Goes in turn with histories and out of the same part of what is allowed."""

    @property
    def rank(self) -> TaskKind:
        return TaskKind.HISTORY if self.is_backlog else self.kind


class Memory(Protocol):
    """Small documents of a source that must be there after a crash."""

    async def recall(self, name: str) -> Mapping[str, Any]:
        """Empty when there is none."""
        ...

    async def remember(self, name: str, body: Mapping[str, Any]) -> None:
        """On disk when it returns."""
        ...

    async def recall_all(self, prefix: str) -> Mapping[str, Mapping[str, Any]]:
        """By name those whose name begins so."""
        ...

    async def forget(self, name: str) -> None:
        """Gone from disk when it returns; one that there is not is none."""
        ...


class Collector(Protocol):
    """Calls one account of a vendor's cloud and records what it answers. Recording is idempotent.

    `prepare` and the fetches raise RateLimited when the cloud refuses for its limits (`retry_after_s` 0:
    it does not say until when); Refused when the credentials do not hold; other UpstreamErrors while it
    is out of order; InvalidInput, NotFound, Forbidden or Unsupported when this one thing cannot be had.

    The engine may relay while it fetches, so what both change (tokens) is guarded by the collector.
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
        """All tasks, by what is known of the account so far. Makes no call. A task that is no longer in
        the plan is never asked again."""
        ...

    async def fetch(self, task: Task) -> bool:
        """One call, recorded durably; False when there was nothing, so that it need not be asked so often.

        When it is due again says the plan that is made afterwards: at once with an `every_ms` of 0.
        """
        ...

    async def fetch_page(self, task: Task, page: Page) -> PageRead:
        """One call for a stretch of history, its oldest rows first, recorded durably."""
        ...

    async def relay(self, device: Device, command: Command) -> Delivery:
        """One call that has the cloud carry the command out.

        It is CONFIRMED where the cloud's answer says that the device did it, else SENT and awaited.
        Raises Unreachable when the cloud certainly did nothing; InvalidInput, NotFound, Forbidden, Refused
        or Unsupported when it never will; RateLimited. Anything else: nobody knows.
        """
        ...

    async def shown_in(self, device: Device, command: Command) -> Sequence[str]:
        """Keys of the tasks that show what came of the command: they are asked soon. Makes no call and does
        not raise; empty where nothing shows it."""
        ...

    async def outcome(self, device: Device, command: Command) -> CommandState | None:
        """What has been recorded since says of a command that was relayed: CONFIRMED, FAILED, or None
        while it does not show. Makes no call. Asked after each fetch, until the command's life ends."""
        ...

    async def close(self) -> None: ...
