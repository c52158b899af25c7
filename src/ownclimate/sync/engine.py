"""Works one source: what is due, in which order, how fast, and what a failure means.

The cursor of a history moves after its rows are on disk. Rows are recorded idempotently, so a process
that dies between the two repeats a call and never leaves a gap.

Commands go to the cloud beside that (`relay`), out of the part of the quota that reading leaves alone; what
came of them shows in what is fetched next.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from ownclimate.control.carriers import Delivery
from ownclimate.control.pauses import pause
from ownclimate.core.errors import (
    AppError,
    Forbidden,
    InvalidInput,
    NotFound,
    RateLimited,
    Refused,
    StoreError,
    Unreachable,
    Unsupported,
    UpstreamError,
)
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.sync.book import Book, Live, TaskState
from ownclimate.sync.collector import Collector, Task, TaskKind
from ownclimate.sync.looks import Looks
from ownclimate.sync.pages import Pages
from ownclimate.sync.quota import BACKLOG_SHARE, LIVE_SHARE, RELAY_SHARE, Quota
from ownclimate.sync.troubles import Troubles

BLOCKED_MS: Final = 3_600_000
"""After a refusal that does not say how long it holds."""
DENIED_MS: Final = 3_600_000
"""Between attempts with credentials that do not hold: somebody has to do something first."""
UNAVAILABLE_MS: Final = 24 * 3_600_000
"""Until a thing is asked for again that the cloud says it does not have, or may not give."""
MOST_KEY_BYTES: Final = 400
"""Of a task's key, in which ids stand that a cloud made up; the store takes hardly more."""
NEVER_MS: Final = 1 << 53
RARER: Final = 6
"""How many times less often a thing is asked for that had nothing new."""
LONGEST_NAP_MS: Final = 60_000
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
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    live: Live = field(default_factory=Live)
    tasks: dict[str, TaskState] = field(default_factory=dict)
    plan: Mapping[str, Task] = field(default_factory=dict)
    _troubles: Troubles = field(init=False)
    _looks: Looks = field(init=False)
    _pages: Pages = field(init=False)
    _inquired_ms: dict[str, int] = field(default_factory=dict)
    """By command of which nobody knows whether it arrived since when what came of it is looked for."""
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _loading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _is_loaded: bool = False
    _is_stopped: bool = False
    _calls_before: int = 0
    _seen_ms: int = 0

    def __post_init__(self) -> None:
        self._troubles = Troubles(self.book.ports.entropy)
        self._looks = Looks(self.book, self.collector)
        self._pages = Pages(self.collector, self.book.ports.clock)

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
            self._is_stopped = True
            await self.collector.close()

    async def run_once(self) -> bool:
        """Works until nothing is due; False when it had to give up before."""
        try:
            while self._troubles.in_a_row < TROUBLES_AT_ONCE:
                wait_ms = await self.step()
                if self._is_loaded and not self._due(self.now_ms):
                    return True
                if self._troubles.until_ms - self.now_ms >= GIVE_UP_MS:
                    return False
                if wait_ms > 0:
                    await self.sleep(wait_ms / 1000)
            return False
        finally:
            await self.collector.close()

    async def step(self) -> int:
        """At most one task; returns for how many milliseconds there is nothing to do."""
        try:
            await self._load()
            self._follow_clock()
            now_ms = self.now_ms
            if self._troubles.until_ms > now_ms:
                return self._troubles.until_ms - now_ms
            task = self._next_task(now_ms)
            if task is None:
                activity = "waits after a failure" if self._due(now_ms) else "up to date"
                await self._note(activity, next_ms=self._next_ms(now_ms))
                return max(1, self.live.next_ms - now_ms)
            return await self._try(task)
        except StoreError as error:
            # Nothing can be written down at the moment, not even that.
            self._fail(error.message)
            return self._troubles.outage("", self.now_ms)

    async def relay(self, device: Device, command: Command) -> Delivery:
        """Has the cloud carry the command out. Raises what `control.carriers.Carrier.deliver` says."""
        try:
            await self._load()
            if self._troubles.refused_until_ms > self.now_ms:
                raise Unreachable("the cloud refuses calls at the moment")
            await self.collector.prepare()
            wait_ms = await self.quota.take(RELAY_SHARE)
        except RateLimited as error:
            await self._refuse(error)
            raise Unreachable(error.message) from error
        except (UpstreamError, StoreError) as error:
            if isinstance(error, Refused):
                raise
            raise Unreachable(error.message) from error
        if wait_ms > 0:
            raise Unreachable(f"the calls that the cloud allows are used up for {-(-wait_ms // 1000)} s")
        if self._is_stopped:
            # Its owner paused or changed the source while a token was on its way.
            raise Unreachable("the source is not worked any more")
        made_ms = self.quota.made_ms
        self.live = dataclasses.replace(self.live, calls=self.live.calls + 1, relayed=self.live.relayed + 1)
        try:
            delivery = await self.collector.relay(device, command)
        except RateLimited as error:
            await self._refuse(error)
            raise Unreachable(error.message) from error
        except (InvalidInput, NotFound, Forbidden, Refused, Unsupported) as error:
            # What was wished is shown until the cloud says what is.
            self._looks.look_once(await self.collector.shown_in(device, command), self.now_ms)
            self._bell.set()
            if isinstance(error, Forbidden):
                raise Refused(error.message) from error
            raise
        finally:
            self.quota.end(made_ms)
        self._troubles.answered(self.now_ms)
        if delivery.state is not CommandState.CONFIRMED:
            self._looks.look_again(await self.collector.shown_in(device, command), self.now_ms)
            self._bell.set()
        return delivery

    async def inquire(self, device: Device, command: Command) -> CommandState | None:
        """What became of a command that may have gone out, as the state of things shows.

        Raises Unreachable until that was asked for since, Unsupported when it does not show it: a cloud
        cannot be asked for a command by our id.
        """
        await self._load()
        outcome = await self.collector.outcome(device, command)
        if outcome is not None:
            return outcome
        asked_ms = self._inquired_ms.setdefault(command.id, self.now_ms)
        keys = [key for key in await self.collector.shown_in(device, command) if key in self.plan]
        unasked = [key for key in keys if self._state(self.plan[key]).done_ms <= asked_ms]
        if not unasked:
            del self._inquired_ms[command.id]
            raise Unsupported("inquiry")
        self._looks.look_now(unasked, self.now_ms)
        self._bell.set()
        raise Unreachable("what came of it is being looked for")

    @property
    def now_ms(self) -> int:
        return self.book.ports.clock.now_ms()

    async def _try(self, task: Task) -> int:
        """What the failures of a task mean; returns how long to wait."""
        try:
            return await self._work(task)
        except StoreError:
            raise
        except (UpstreamError, RateLimited) as error:
            return await self._put_off(task, error)
        except (InvalidInput, NotFound, Forbidden, Unsupported) as error:
            # An answer, too: the cloud is well.
            self._troubles.success(task.key)
            state = dataclasses.replace(self._state(task), problem=error.message)
            await self._finish(task, state, self.now_ms + UNAVAILABLE_MS)
        except AppError as error:
            # Somebody else changed the same thing again and again.
            self._postpone(task, error.message)
        except Exception as error:
            # A fault of ours with this one answer: the other tasks go on, and this one is tried again.
            log.exception("collecting_failed", source=self.book.source_id, task=task.label)
            self._postpone(task, f"{task.label}: its answer could not be worked ({type(error).__name__})")
        return 0

    async def _work(self, task: Task) -> int:
        state = self._state(task)
        share = BACKLOG_SHARE if task.rank is TaskKind.HISTORY else LIVE_SHARE
        await self.collector.prepare()
        wait_ms = await self.quota.take(share)
        if wait_ms > 0:
            await self._note("waits, so as not to ask more than is allowed", next_ms=self.now_ms + wait_ms)
            # By then something may have become due that may use more of what is allowed.
            return min(wait_ms, self._next_ms(self.now_ms) - self.now_ms)
        made_ms = self.quota.made_ms
        self.live = dataclasses.replace(self.live, activity=task.label, calls=self.live.calls + 1)
        try:
            if task.kind is TaskKind.HISTORY:
                state, due_ms = await self._work_history(task, state)
            else:
                had_something = await self.collector.fetch(task)
                await self._looks.take_outcomes()
                self.plan = await self._planned()
                due_ms = self._due_after(self.plan.get(task.key, task), had_something=had_something)
        finally:
            self.quota.end(made_ms)
        self._troubles.success(task.key)
        self.live = dataclasses.replace(self.live, last_success_ms=self.now_ms)
        await self._finish(task, dataclasses.replace(state, problem=""), due_ms)
        return 0

    async def _work_history(self, task: Task, state: TaskState) -> tuple[TaskState, int]:
        turned = await self._pages.turn(task, state.track)
        state = dataclasses.replace(state, track=turned.track)
        if turned.is_closed:
            return state, NEVER_MS
        return state, self.now_ms if turned.has_more else self._due_after(task, had_something=turned.had_rows)

    def _due_after(self, task: Task, *, had_something: bool) -> int:
        if had_something:
            return self.now_ms + task.every_ms
        self.live = dataclasses.replace(self.live, saved=self.live.saved + RARER - 1)
        return self.now_ms + task.every_ms * RARER

    async def _put_off(self, task: Task, error: UpstreamError | RateLimited) -> int:
        """The cloud does not answer now: how long it is left alone depends on why."""
        self._fail(error.message)
        if isinstance(error, RateLimited):
            wait_ms = await self._refuse(error)
        elif isinstance(error, Refused):
            wait_ms = DENIED_MS
            self._troubles.leave_alone(self.now_ms + wait_ms)
        else:
            wait_ms = self._troubles.outage(task.key, self.now_ms)
        log.warning("cloud_left_alone", source=self.book.source_id, reason=error.message, wait_ms=wait_ms)
        await self._note("waits after a failure", next_ms=self.now_ms + wait_ms)
        return wait_ms

    async def _refuse(self, error: RateLimited) -> int:
        """The cloud refused for its limits; returns for how long it is left alone."""
        wait_ms = round(error.retry_after_s * 1000) or BLOCKED_MS
        self.live = dataclasses.replace(self.live, refused=self.live.refused + 1)
        self._troubles.leave_alone(self.now_ms + wait_ms)
        self._troubles.refused_until_ms = self._troubles.until_ms
        await self.quota.block(self._troubles.until_ms)
        return wait_ms

    async def _planned(self) -> Mapping[str, Task]:
        """Without tasks of which could not be noted that they were done: they would be due for ever."""
        tasks = await self.collector.plan()
        return {task.key: task for task in tasks if len(task.key.encode()) <= MOST_KEY_BYTES}

    def _due(self, now_ms: int) -> list[Task]:
        return [task for key, task in self.plan.items() if self._due_ms(key, now_ms) <= now_ms]

    def _next_task(self, now_ms: int) -> Task | None:
        """The most pressing of what is due. Histories take turns, so that none waits for another's years."""
        ready = [task for task in self._due(now_ms) if self._troubles.delayed_until_ms(task.key) <= now_ms]
        return min(
            ready, key=lambda task: (task.rank, self._due_ms(task.key, now_ms), task.key), default=None
        )

    def _due_ms(self, key: str, now_ms: int) -> int:
        state = self.tasks.get(key, TaskState())
        # What was done later than now was done before the clock was put back.
        due_ms = state.due_ms if state.done_ms <= now_ms or state.due_ms == NEVER_MS else now_ms
        return self._looks.first_ms(key, due_ms)

    def _next_ms(self, now_ms: int) -> int:
        """When something becomes due that is not yet."""
        times_ms = [max(self._due_ms(key, now_ms), self._troubles.delayed_until_ms(key)) for key in self.plan]
        return min(
            (at_ms for at_ms in times_ms if now_ms < at_ms < NEVER_MS), default=now_ms + LONGEST_NAP_MS
        )

    def _state(self, task: Task) -> TaskState:
        return self.tasks.get(task.key, TaskState())

    async def _finish(self, task: Task, state: TaskState, due_ms: int) -> None:
        now_ms = self.now_ms
        done = dataclasses.replace(state, due_ms=due_ms, done_ms=now_ms, label=task.label)
        next_ms = now_ms if due_ms == NEVER_MS else due_ms
        self.live = dataclasses.replace(self.live, at_ms=now_ms, activity=task.label, next_ms=next_ms)
        await self.book.save(self.live, {task.key: done})
        self.tasks[task.key] = done
        self._looks.looked(task.key, now_ms)

    def _fail(self, reason: str) -> None:
        self.live = dataclasses.replace(self.live, last_error=reason, last_error_ms=self.now_ms)

    def _postpone(self, task: Task, reason: str) -> None:
        self._fail(reason)
        self._troubles.fault(task.key, self.now_ms)
        log.warning("collecting_postponed", source=self.book.source_id, reason=reason)

    async def _note(self, activity: str, *, next_ms: int) -> None:
        if (self.live.activity, self.live.next_ms) == (activity, next_ms):
            return
        self.live = dataclasses.replace(self.live, at_ms=self.now_ms, activity=activity, next_ms=next_ms)
        await self.book.save(self.live, {})

    def _follow_clock(self) -> None:
        """A clock that is put back would leave everything alone until it is there again."""
        by_ms, self._seen_ms = self._seen_ms - self.now_ms, self.now_ms
        if by_ms > 0:
            self._troubles.shift(by_ms)
            self._looks.shift(by_ms)

    async def _load(self) -> None:
        async with self._loading:
            if self._is_loaded:
                return
            self.live, self.tasks = await self.book.load()
            self._calls_before = self.live.calls
            self.plan = await self._planned()
            self._is_loaded = True
