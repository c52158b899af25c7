"""Works one source: what is due, in which order, how fast, and what a failure means.

The cursor of a history moves after its rows are on disk. Rows are recorded idempotently, so a process
that dies between the two repeats a call and never leaves a gap.

Commands go to the cloud beside that (`relay`), out of the part of the quota that reading leaves alone; what
came of them shows in what is fetched next.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from ownclimate.control.carriers import Delivery
from ownclimate.control.pauses import pause
from ownclimate.core.commands import NEXT, list_pending, move_command
from ownclimate.core.devices import find_device
from ownclimate.core.errors import (
    AppError,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    RateLimited,
    Refused,
    Unreachable,
    Unsupported,
    UpstreamError,
)
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.links.backoff import Backoff
from ownclimate.sync.book import Book, Live, TaskState
from ownclimate.sync.collector import Collector, Task, TaskKind
from ownclimate.sync.gaps import Track
from ownclimate.sync.quota import BACKLOG_SHARE, LIVE_SHARE, RELAY_SHARE, Quota

OUTAGE_FIRST_S: Final = 1.0
OUTAGE_LONGEST_S: Final = 900.0
BLOCKED_MS: Final = 3_600_000
"""After a refusal that does not say how long it holds."""
DENIED_MS: Final = 3_600_000
"""Between attempts with credentials that do not hold: somebody has to do something first."""
UNAVAILABLE_MS: Final = 24 * 3_600_000
"""Until a thing is asked for again that the cloud says it does not have, or may not give."""
NEVER_MS: Final = 100 * 365 * 24 * 3_600_000
"""Until a history is asked for again that ended and is whole."""
RARER: Final = 6
"""How many times less often a thing is asked for that had nothing new."""
LONGEST_NAP_MS: Final = 60_000
LOOK_AGAIN_MS: Final = 3_000
"""After a command: until its outcome is looked for, for the first time."""
LOOKS_AGAIN: Final = 4
"""Each later than the one before it; then the usual rhythm shows it."""
GIVE_UP_MS: Final = 30 * 60_000
"""A pause after a failure that `run_once` does not wait for."""
TROUBLES_AT_ONCE: Final = 8
"""In a row, after which `run_once` gives up."""

log = structlog.get_logger("ownclimate")


@dataclass(slots=True)
class Engine:
    """`sleep` waits for seconds of the ports' clock. `live`, `tasks` and `plan` are for others to read."""

    book: Book
    collector: Collector
    quota: Quota
    backoff: Backoff
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    live: Live = field(default_factory=Live)
    tasks: dict[str, TaskState] = field(default_factory=dict)
    plan: Mapping[str, Task] = field(default_factory=dict)
    _not_before_ms: int = 0
    _refused_until_ms: int = 0
    _hastened: dict[str, list[int]] = field(default_factory=dict)
    """By task when to ask besides, ascending: a command is to show there."""
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _loading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _delayed: dict[str, int] = field(default_factory=dict)
    """Tasks that failed while the cloud was out of order, and until when others go first."""
    _troubles: int = 0
    _is_loaded: bool = False
    _calls_before: int = 0

    @property
    def calls(self) -> int:
        """Since this process works the source."""
        return self.live.calls - self._calls_before

    async def run(self) -> None:
        """Works for ever; cancel it to stop."""
        try:
            while True:
                self._bell.clear()
                wait_ms = await self.step()
                if wait_ms > 0:
                    await pause(self.sleep, min(wait_ms, LONGEST_NAP_MS) / 1000, self._bell)
        finally:
            await self.collector.close()

    async def run_once(self) -> bool:
        """Works until nothing is due; False when it had to give up before."""
        try:
            while self._troubles < TROUBLES_AT_ONCE:
                wait_ms = await self.step()
                if not await self.is_behind():
                    return True
                if self._not_before_ms - self.now_ms >= GIVE_UP_MS:
                    return False
                if wait_ms > 0:
                    await self.sleep(wait_ms / 1000)
            return False
        finally:
            await self.collector.close()

    async def is_behind(self) -> bool:
        """Whether something is due."""
        return self._next_task(self.now_ms) is not None

    async def step(self) -> int:
        """At most one task; returns for how many milliseconds there is nothing to do."""
        await self._load()
        now_ms = self.now_ms
        if self._not_before_ms > now_ms:
            return self._not_before_ms - now_ms
        task = self._next_task(now_ms)
        if task is None:
            next_ms = min((self._due_ms(key) for key in self.plan), default=now_ms + LONGEST_NAP_MS)
            await self._note("up to date", next_ms=next_ms)
            return max(1, next_ms - now_ms)
        try:
            return await self._work(task)
        except (UpstreamError, RateLimited) as error:
            return await self._put_off(task, error)
        except (InvalidInput, NotFound, Forbidden, Unsupported) as error:
            state = self._state(task)
            await self._finish(
                task, dataclasses.replace(state, problem=error.message), self.now_ms + UNAVAILABLE_MS
            )
        except AppError as error:
            # The store cannot take it now, or somebody else changed the same thing again and again.
            self._postpone(task, error.message)
        except Exception as error:
            # A fault of ours with this one answer: the other tasks go on, and this one is tried again.
            log.exception("collecting_failed", source=self.book.source_id, task=task.label)
            self._postpone(task, f"{task.label}: its answer could not be worked ({type(error).__name__})")
        return 0

    async def relay(self, device: Device, command: Command) -> Delivery:
        """Has the cloud carry the command out. Raises what `control.carriers.Carrier.deliver` says."""
        await self._load()
        if self._refused_until_ms > self.now_ms:
            raise Unreachable("the cloud refuses calls at the moment")
        await self._prepare_to_relay()
        wait_ms = await self.quota.take(RELAY_SHARE)
        if wait_ms > 0:
            raise Unreachable(f"the calls that the cloud allows are used up for {-(-wait_ms // 1000)} s")
        self.live = dataclasses.replace(self.live, calls=self.live.calls + 1, relayed=self.live.relayed + 1)
        try:
            relayed = await self.collector.relay(device, command)
        except RateLimited as error:
            await self._refuse(error)
            raise Unreachable(error.message) from error
        except Forbidden as error:
            raise Refused(error.message) from error
        for key in relayed.look_again:
            self._hastened[key] = [self.now_ms + LOOK_AGAIN_MS * 2**step for step in range(LOOKS_AGAIN)]
        self._bell.set()
        return relayed.delivery

    async def _prepare_to_relay(self) -> None:
        """What fails here leaves no doubt: the cloud was told nothing yet."""
        try:
            await self.collector.prepare()
        except Refused:
            raise
        except (UpstreamError, RateLimited) as error:
            raise Unreachable(error.message) from error

    async def _take_outcomes(self) -> None:
        """What was fetched last may show what came of commands."""
        for command in await list_pending(self.book.ports, self.book.owner_id):
            if CommandState.CONFIRMED not in NEXT[command.state] or command.state is CommandState.SENDING:
                continue
            device = await find_device(self.book.ports.directory, self.book.owner_id, command.device_id)
            if device is None or device.link.get("source") != self.book.source_id:
                continue
            outcome = await self.collector.outcome(device, command)
            if outcome is None:
                continue
            reason = "the cloud says otherwise" if outcome is CommandState.FAILED else ""
            with contextlib.suppress(Conflict):  # Who delivers it moved it at this very moment.
                await move_command(self.book.ports, self.book.owner_id, command.id, outcome, reason=reason)

    @property
    def now_ms(self) -> int:
        return self.book.ports.clock.now_ms()

    async def _work(self, task: Task) -> int:
        state = self._state(task)
        share = BACKLOG_SHARE if task.rank is TaskKind.HISTORY else LIVE_SHARE
        await self.collector.prepare()
        wait_ms = await self.quota.take(share)
        if wait_ms > 0:
            await self._note("waits, so as not to ask more than is allowed", next_ms=self.now_ms + wait_ms)
            return wait_ms
        self.live = dataclasses.replace(self.live, activity=task.label, calls=self.live.calls + 1)
        if task.kind is TaskKind.HISTORY:
            state, due_ms = await self._work_history(task, state)
        else:
            had_something = await self.collector.fetch(task)
            await self._take_outcomes()
            self.plan = {planned.key: planned for planned in await self.collector.plan()}
            due_ms = self._due_after(self.plan.get(task.key, task), had_something=had_something)
        self._troubles = 0
        self.backoff.reset()
        self.live = dataclasses.replace(self.live, last_success_ms=self.now_ms)
        await self._finish(task, dataclasses.replace(state, problem=""), due_ms)
        return 0

    async def _work_history(self, task: Task, state: TaskState) -> tuple[TaskState, int]:
        track = state.track or Track(since_ms=task.since_ms, until_ms=task.until_ms)
        page = track.next_page(self.now_ms, self.collector.page_rows)
        read = await self.collector.fetch_page(task, page)
        track = track.with_page(page, read)
        state = dataclasses.replace(state, track=track)
        if track.is_behind(read.asked_ms):
            return state, self.now_ms
        if track.is_closed(read.asked_ms):
            return state, self.now_ms + NEVER_MS
        return state, self._due_after(task, had_something=read.rows > 0)

    def _due_after(self, task: Task, *, had_something: bool) -> int:
        if had_something:
            return self.now_ms + task.every_ms
        self.live = dataclasses.replace(self.live, saved=self.live.saved + RARER - 1)
        return self.now_ms + task.every_ms * RARER

    async def _put_off(self, task: Task, error: UpstreamError | RateLimited) -> int:
        """The cloud does not answer now: how long it is left alone depends on why."""
        now_ms = self.now_ms
        self._fail(error.message)
        self._troubles += 1
        if isinstance(error, RateLimited):
            wait_ms = await self._refuse(error)
        elif isinstance(error, Refused):
            wait_ms = DENIED_MS
        else:
            wait_ms = max(1, round(self.backoff.next_s() * 1000))
            self._delayed[task.key] = now_ms + 2 * wait_ms
        self._not_before_ms = now_ms + wait_ms
        log.warning("cloud_left_alone", source=self.book.source_id, reason=error.message, wait_ms=wait_ms)
        await self._note("waits after a failure", next_ms=self._not_before_ms)
        return wait_ms

    async def _refuse(self, error: RateLimited) -> int:
        """The cloud refused for its limits; returns for how long it is left alone."""
        wait_ms = round(error.retry_after_s * 1000) or BLOCKED_MS
        self.live = dataclasses.replace(self.live, refused=self.live.refused + 1)
        self._refused_until_ms = self._not_before_ms = self.now_ms + wait_ms
        await self.quota.block(self._refused_until_ms)
        return wait_ms

    def _next_task(self, now_ms: int) -> Task | None:
        """The most pressing of what is due. Histories take turns, so that none waits for another's years."""
        due = [task for key, task in self.plan.items() if self._due_ms(key) <= now_ms]
        ready = [task for task in due if self._delayed.get(task.key, 0) <= now_ms]
        return min(ready or due, key=lambda task: (task.rank, self._due_ms(task.key), task.key), default=None)

    def _due_ms(self, key: str) -> int:
        due_ms = self.tasks[key].due_ms if key in self.tasks else 0
        return min(due_ms, *self._hastened.get(key, [due_ms]))

    def _state(self, task: Task) -> TaskState:
        return self.tasks.get(task.key, TaskState())

    async def _finish(self, task: Task, state: TaskState, due_ms: int) -> None:
        done = dataclasses.replace(state, due_ms=due_ms, done_ms=self.now_ms, label=task.label)
        self.live = dataclasses.replace(self.live, at_ms=self.now_ms, activity=task.label, next_ms=due_ms)
        await self.book.save(self.live, {task.key: done})
        self.tasks[task.key] = done
        self._delayed.pop(task.key, None)
        later = [at_ms for at_ms in self._hastened.pop(task.key, ()) if at_ms > self.now_ms]
        if later:
            self._hastened[task.key] = later

    def _fail(self, reason: str) -> None:
        self.live = dataclasses.replace(self.live, last_error=reason, last_error_ms=self.now_ms)

    def _postpone(self, task: Task, reason: str) -> None:
        self._fail(reason)
        self._troubles += 1
        wait_ms = max(1, round(self.backoff.next_s() * 1000))
        self._not_before_ms = self.now_ms + wait_ms
        self._delayed[task.key] = self._not_before_ms + wait_ms
        log.warning("collecting_postponed", source=self.book.source_id, reason=reason)

    async def _note(self, activity: str, *, next_ms: int) -> None:
        if (self.live.activity, self.live.next_ms) == (activity, next_ms):
            return
        self.live = dataclasses.replace(self.live, at_ms=self.now_ms, activity=activity, next_ms=next_ms)
        await self.book.save(self.live, {})

    async def _load(self) -> None:
        async with self._loading:
            if self._is_loaded:
                return
            self.live, self.tasks = await self.book.load()
            self._calls_before = self.live.calls
            self.plan = {task.key: task for task in await self.collector.plan()}
            self._is_loaded = True
