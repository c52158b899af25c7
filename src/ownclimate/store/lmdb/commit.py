"""Group commit: the one thread that writes to an environment.

A durable commit costs an fsync, some 0.3 ms, whether it carries one write or a thousand. So writers
queue, and this thread takes whatever has gathered, applies it in one transaction, syncs once and
answers all of them. While it syncs, the next group gathers.

The writes of one round of an event loop come together. Waking this thread at the first of them would
make it and the loop take turns at the interpreter, a write at a time, which costs more than the writes.

Each write's preconditions are evaluated in order inside the transaction. A write that fails them
fails alone; one that breaks the transaction is found by repeating the group one by one.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import lmdb

from ownclimate.core.errors import (
    AppError,
    OutcomeUnknown,
    StoreClosed,
    StoreError,
    StoreUnavailable,
)
from ownclimate.store.lmdb.faults import out_of_space, to_store_error
from ownclimate.store.lmdb.space import Space

T = TypeVar("T")
Apply = Callable[["lmdb.Transaction[bytes]"], T]
"""Evaluates every precondition before its first modification, and raises an AppError only then.

One that may find damage half way through, as those of series do, is submitted with `undo_on_error`:
whatever it raises, an AppError too, then undoes what it did.
"""

QUEUE_BYTES: Final = 64 << 20
GROUP_BYTES: Final = 8 << 20
GROUP_TIME_S: Final = 0.020
"""A write transaction shuts out writers of other processes, so it is kept this short."""
_READER_CHECK_S: Final = 60.0
"""How often slots of readers that died are freed; each would keep old pages from being reused."""


@dataclass(slots=True, eq=False)
class _Write:
    apply: Callable[[lmdb.Transaction[bytes]], Any]
    size_bytes: int
    may_use_reserve: bool
    undo_on_error: bool
    loop: asyncio.AbstractEventLoop | None
    answer: asyncio.Future[Any] | Future[Any]


@dataclass(slots=True, eq=False)
class _Outcome:
    """Each has an exception of its own: raising one writes into it."""

    write: _Write
    result: Any
    error: BaseException | None


class Committer:
    """Applies writes durably, many to a commit; safe to call from any thread and any event loop.

    `space` is asked before writes that may not use the reserve.
    """

    def __init__(
        self,
        env: lmdb.Environment,
        name: str,
        space: Space,
        *,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        self._env = env
        self._name = name
        self._space = space
        self._queue_bytes = queue_bytes
        self._queue: queue.SimpleQueue[list[_Write] | None] = queue.SimpleQueue()
        self._gathering: dict[asyncio.AbstractEventLoop, list[_Write]] = {}
        self._left: deque[_Write] = deque()
        self._lock = threading.Lock()
        self._queued_bytes = 0
        self._is_closed = False
        self._is_ending = False
        self._broken: str | None = None
        self.commits = 0
        """Transactions committed so far."""
        self.writes = 0
        """Writes that they carried."""
        self._thread = threading.Thread(target=self._run, name=f"commit-{name}", daemon=True)
        self._thread.start()

    @property
    def queued_bytes(self) -> int:
        return self._queued_bytes

    async def submit(
        self,
        apply: Apply[T],
        *,
        size_bytes: int,
        may_use_reserve: bool = False,
        undo_on_error: bool = False,
    ) -> T:
        """Runs `apply` on the commit thread; its result once it is on disk.

        Raises what `apply` raised; StoreUnavailable when the queue, the disk or the map is full
        (nothing was applied); OutcomeUnknown when the disk failed during the commit; StoreClosed.
        Cancelling the caller does not take the write out of the queue.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._enqueue(_Write(apply, size_bytes, may_use_reserve, undo_on_error, loop, answer))
        return await answer

    def submit_and_wait(
        self,
        apply: Apply[T],
        *,
        size_bytes: int,
        may_use_reserve: bool = False,
        undo_on_error: bool = False,
    ) -> T:
        """`submit` for threads; never call it on an event loop or from inside an `apply`."""
        assert threading.current_thread() is not self._thread, "the commit thread would wait for itself"
        answer: Future[T] = Future()
        self._enqueue(_Write(apply, size_bytes, may_use_reserve, undo_on_error, None, answer))
        return answer.result()

    def close(self) -> None:
        """Finishes what is queued, then stops; later writes raise StoreClosed."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                for gathered in self._gathering.values():
                    self._queue.put(gathered)
                self._gathering.clear()
                self._queue.put(None)
        self._thread.join()

    def _enqueue(self, write: _Write) -> None:
        with self._lock:
            if self._is_closed:
                raise StoreClosed(f"{self._name} is closed")
            # An oversized write is let in when it is alone, or it could never be written.
            if self._queued_bytes and self._queued_bytes + write.size_bytes > self._queue_bytes:
                raise StoreUnavailable(f"{self._name}: too many writes are waiting", retry_after_s=1.0)
            self._queued_bytes += write.size_bytes
            if write.loop is None:
                self._queue.put([write])
            elif (gathering := self._gathering.get(write.loop)) is not None:
                gathering.append(write)
            else:
                self._gathering[write.loop] = [write]
                write.loop.call_soon(self._hand_over, write.loop)

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        """The end of a loop's round: its writes go to the commit thread together."""
        with self._lock:
            if gathered := self._gathering.pop(loop, None):
                self._queue.put(gathered)

    def _run(self) -> None:
        try:
            self._serve()
        finally:
            # However this thread ends, nobody may be left waiting for it.
            with self._lock:
                self._is_closed = True
            self._refuse_queued()

    def _serve(self) -> None:
        checked_s = time.monotonic()
        while self._wait():
            while self._left:
                # What has come in the meantime goes along.
                self._take_waiting()
                group = self._next_group()
                while group:
                    group = self._commit(group)
            if time.monotonic() - checked_s > _READER_CHECK_S:
                with contextlib.suppress(lmdb.Error):
                    self._env.reader_check()
                checked_s = time.monotonic()

    def _wait(self) -> bool:
        """Until there are writes, or for a while; False when none will follow."""
        if self._is_ending:
            return False
        with contextlib.suppress(queue.Empty):
            self._take(self._queue.get(timeout=_READER_CHECK_S))
        return True

    def _take_waiting(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._take(self._queue.get_nowait())

    def _take(self, writes: list[_Write] | None) -> None:
        if writes is None:
            self._is_ending = True
        else:
            self._left.extend(writes)

    def _next_group(self) -> list[_Write]:
        """The writes that waited longest, up to the group's size."""
        group: list[_Write] = []
        size_bytes = 0
        while self._left and size_bytes < GROUP_BYTES:
            group.append(write := self._left.popleft())
            size_bytes += write.size_bytes
        return group

    def _commit(self, group: Sequence[_Write]) -> list[_Write]:
        """Commits as many of the group as fit the time; returns the rest."""
        refusal = self._refuse()
        outcomes: list[_Outcome] = []
        deadline_s = time.monotonic() + GROUP_TIME_S
        is_committing = False
        try:
            with self._env.begin(write=True) as transaction:
                for write in group:
                    if refusal is not None and not write.may_use_reserve:
                        outcomes.append(_Outcome(write, None, copy(refusal)))
                        continue
                    try:
                        outcomes.append(_Outcome(write, write.apply(transaction), None))
                    except AppError as error:
                        if write.undo_on_error:
                            raise
                        outcomes.append(_Outcome(write, None, error))
                    if time.monotonic() > deadline_s:
                        break
                is_committing = True
        except BaseException as error:  # Whatever it is, it is the writer's, and this thread goes on.
            if is_committing:
                self._abandon(outcomes, error)
            else:
                self._isolate(group[: len(outcomes) + 1], error)
            taken = len(outcomes) + (not is_committing)
        else:
            self.commits += 1
            self.writes += sum(done.error is None for done in outcomes)
            self._settle(outcomes)
            taken = len(outcomes)
        return list(group[taken:])

    def _refuse(self) -> StoreUnavailable | None:
        if self._broken is not None:
            return StoreUnavailable(self._broken)
        return self._space.refusal()

    def _isolate(self, group: Sequence[_Write], error: BaseException) -> None:
        """The transaction broke under one of the writes: each gets its own, or the reason it cannot."""
        if len(group) == 1:
            self._settle([_Outcome(group[0], None, self._translate(error))])
            return
        if self._space.is_cause_of(error):
            # Repeating all of them would only meet the same full disk, one failure after another.
            full = out_of_space(str(error))
            self._settle([_Outcome(write, None, copy(full)) for write in group if not write.may_use_reserve])
            group = [write for write in group if write.may_use_reserve]
        for write in group:
            self._commit([write])

    def _abandon(self, outcomes: Sequence[_Outcome], error: BaseException) -> None:
        """The commit itself failed. Without room nothing was written; after any other failure of the
        disk nobody knows, and what the kernel still holds cannot be trusted: refuse until reopened."""
        verdict: BaseException
        if self._space.is_cause_of(error):
            verdict = out_of_space(str(error))
        else:
            self._broken = f"{self._name}: the disk failed ({error}); check the disk, then restart"
            verdict = OutcomeUnknown(self._broken)
        self._settle([_Outcome(done.write, None, done.error or copy(verdict)) for done in outcomes])

    def _translate(self, error: BaseException) -> BaseException:
        if isinstance(error, StopIteration):
            return RuntimeError("a write ended in StopIteration, which no future can carry")
        if not isinstance(error, lmdb.Error):
            return error
        if self._space.is_cause_of(error):
            return out_of_space(str(error))
        if error.code == errno.EIO or isinstance(error, lmdb.PanicError):
            self._broken = f"{self._name}: the disk failed ({error}); check the disk, then restart"
            return StoreUnavailable(self._broken)
        translated: StoreError = to_store_error(error, self._name)
        translated.__cause__ = error
        return translated

    def _refuse_queued(self) -> None:
        self._take_waiting()
        self._settle([_Outcome(write, None, StoreClosed(f"{self._name} is closed")) for write in self._left])
        self._left.clear()

    def _settle(self, outcomes: Sequence[_Outcome]) -> None:
        """Answers the writers: one wake-up a loop, since waking a loop costs more than an answer."""
        with self._lock:
            self._queued_bytes -= sum(done.write.size_bytes for done in outcomes)
        by_loop: dict[asyncio.AbstractEventLoop | None, list[_Outcome]] = {}
        for done in outcomes:
            by_loop.setdefault(done.write.loop, []).append(done)
        for loop, answers in by_loop.items():
            if loop is None:
                _answer(answers)
                continue
            try:
                loop.call_soon_threadsafe(_answer, answers)
            except RuntimeError:
                continue  # The loop ended while its writes were queued; they landed, nobody is waiting.


def _answer(outcomes: Sequence[_Outcome]) -> None:
    for done in outcomes:
        answer = done.write.answer
        if answer.done():
            continue
        if done.error is not None:
            answer.set_exception(done.error)
        else:
            answer.set_result(done.result)
