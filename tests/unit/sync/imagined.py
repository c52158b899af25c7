"""A cloud in memory with a clock and limits of its own, and the collector of an account there."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ownclimate.control.carriers import Delivery
from ownclimate.core.errors import RateLimited
from ownclimate.core.ports import Ports
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.sync.book import Book
from ownclimate.sync.collector import Task, TaskKind
from ownclimate.sync.engine import Engine
from ownclimate.sync.gaps import Page, PageRead, runs_of
from ownclimate.sync.quota import Allowance, Meter, Quota
from tests.fakes import FakeClock

PAGE_ROWS = 50
STEP_MS = 300_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
EVERY_MS = {"topology": 6 * HOUR_MS, "state": 300_000, "events": 600_000}
KINDS = {"topology": TaskKind.TOPOLOGY, "state": TaskKind.STATE, "events": TaskKind.EVENTS}
PLENTY = (Allowance(calls=1_000_000, span_ms=1000),)

Failure = Callable[[str], Exception | None]
"""What the call of a task comes to; None: it is answered."""


@dataclass
class Cloud:
    """`ahead_ms`: by how much its clock is ahead of ours. `limits` are kept by the time that passes, which
    `clock.ms + ahead_ms` follows. A device's rows come out as far as time has come."""

    clock: FakeClock
    rows: dict[str, list[int]] = field(default_factory=dict)
    limits: tuple[Allowance, ...] = ()
    ahead_ms: int = 0
    told_ahead_ms: int = 0
    """By how much the time that it tells is ahead of its own stamps."""
    slow_s: float = 0.0
    is_empty: bool = False
    """Whether states and events have nothing to tell."""
    failure: Failure = lambda _: None
    calls: list[tuple[int, str]] = field(default_factory=list)
    """When and for which task, also those that failed."""
    refused: int = 0

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms() + self.ahead_ms

    def names(self) -> list[str]:
        return [name for _, name in self.calls]

    async def call(self, name: str) -> None:
        await asyncio.sleep(0)
        self.clock.advance(self.slow_s)
        for allowance in self.limits:
            within = sum(at_ms > self.now_ms - allowance.span_ms for at_ms, _ in self.calls)
            if within >= allowance.calls:
                self.refused += 1
                raise RateLimited(allowance.span_ms / 1000)
        self.calls.append((self.now_ms, name))
        failure = self.failure(name)
        if failure is not None:
            raise failure

    def read(self, name: str, page: Page) -> list[int]:
        """Oldest first, at most a page."""
        end_ms = min(page.end_ms or self.now_ms + 1, self.now_ms + 1)
        rows = self.rows[name]
        first = bisect_left(rows, page.start_ms)
        return rows[first : min(first + PAGE_ROWS, bisect_left(rows, end_ms))]


@dataclass
class Account:
    """The collector; `recorded` is what it has on disk, which outlives it."""

    cloud: Cloud
    recorded: dict[str, list[int]]
    meters: Sequence[Meter]
    since_ms: int = 0
    page_rows: int = PAGE_ROWS
    dies_recorded: bool = False
    """The process ends right after a page is on disk."""
    is_closed: bool = False
    token: asyncio.Event | None = None
    """Set once there is one, where that takes long."""

    async def prepare(self) -> None:
        if self.token is not None:
            await self.token.wait()

    async def plan(self) -> Sequence[Task]:
        steady = [
            Task(key=name, kind=KINDS[name], label=name, every_ms=every) for name, every in EVERY_MS.items()
        ]
        return steady + [
            Task(
                key=name,
                kind=TaskKind.HISTORY,
                label=f"history of {name}",
                every_ms=HOUR_MS,
                since_ms=self.since_ms,
            )
            for name in self.cloud.rows
        ]

    async def fetch(self, task: Task) -> bool:
        await self.cloud.call(task.key)
        return not self.cloud.is_empty

    async def fetch_page(self, task: Task, page: Page) -> PageRead:
        await self.cloud.call(task.key)
        rows = self.cloud.read(task.key, page)
        self.recorded.setdefault(task.key, []).extend(rows)
        if self.dies_recorded:
            raise KeyboardInterrupt
        return PageRead(
            rows=len(rows),
            is_full=len(rows) == PAGE_ROWS,
            asked_ms=self.cloud.now_ms + self.cloud.told_ahead_ms,
            first_ms=rows[0] if rows else 0,
            last_ms=rows[-1] if rows else 0,
            runs=runs_of(rows),
        )

    async def relay(self, device: Device, command: Command) -> Delivery:
        await self.cloud.call("relay")
        return Delivery(state=CommandState.SENT, is_awaited=True)

    async def shown_in(self, device: Device, command: Command) -> Sequence[str]:
        return ["state"]

    async def outcome(self, device: Device, command: Command) -> CommandState | None:
        return None

    async def close(self) -> None:
        self.is_closed = True


@dataclass
class World:
    """Ours: a store, and engines that come and go over it. Pauses take no time, and move the clock."""

    ports: Ports
    clock: FakeClock
    cloud: Cloud
    recorded: dict[str, list[int]] = field(default_factory=dict)
    pauses: list[float] = field(default_factory=list)

    def engine(
        self,
        *,
        limits: tuple[Allowance, ...] = PLENTY,
        app_limits: tuple[Allowance, ...] = PLENTY,
        since_ms: int = 0,
        source_id: str = "source",
        owner_id: str = "owner",
    ) -> Engine:
        meters = (
            Meter(name=f"user {source_id}", allowances=limits),
            Meter(name="app", allowances=app_limits),
        )
        return Engine(
            book=Book(self.ports, owner_id, source_id),
            collector=Account(self.cloud, self.recorded, meters, since_ms),
            quota=Quota(self.ports, meters),
            sleep=self.sleep,
        )

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    async def work(self, engine: Engine, seconds: float) -> None:
        """As `run` does, for so long."""
        until_ms = self.clock.now_ms() + round(seconds * 1000)
        while self.clock.now_ms() < until_ms:
            wait_ms = await engine.step()
            if wait_ms:
                await self.sleep(min(wait_ms, until_ms - self.clock.now_ms()) / 1000)
