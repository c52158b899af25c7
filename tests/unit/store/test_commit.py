"""The committer: who shares a commit, who fails with whom, and what an end does to those who wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import lmdb
import pytest

from ownclimate.core.errors import Conflict, StoreClosed, StoreCorrupt, StoreUnavailable
from ownclimate.store.lmdb.environment import Environment
from tests.unit.store.conftest import OpenEnvironment

Apply = Callable[[lmdb.Transaction], object]


def put(environment: Environment, key: bytes, value: bytes = b"v") -> Apply:
    return lambda transaction: transaction.put(key, value, db=environment.database("rows"))


def get(environment: Environment, key: bytes) -> bytes | None:
    with environment.read() as transaction:
        return transaction.get(key, db=environment.database("rows"))


class Gate:
    """An apply that holds up the commit thread, so that the writes after it gather in one group."""

    def __init__(self) -> None:
        self.is_reached = threading.Event()
        self.is_open = threading.Event()

    def __call__(self, transaction: lmdb.Transaction) -> None:
        self.is_reached.set()
        assert self.is_open.wait(10)


async def gathered(
    environment: Environment, applies: list[Apply], **options: bool
) -> list[object | BaseException]:
    """The outcomes of writes that are all in one group."""
    gate = Gate()
    held_up = asyncio.create_task(environment.committer.submit(gate, size_bytes=1))
    await asyncio.to_thread(gate.is_reached.wait, 10)
    waiting = asyncio.gather(
        *(environment.committer.submit(apply, size_bytes=1, **options) for apply in applies),
        return_exceptions=True,
    )
    await asyncio.sleep(0)
    gate.is_open.set()
    await held_up
    return await waiting


async def test_writers_that_wait_together_share_a_commit(environment: Environment) -> None:
    before = environment.committer.commits

    await gathered(environment, [put(environment, b"%d" % n) for n in range(100)])

    assert environment.committer.commits == before + 2
    assert get(environment, b"0") == get(environment, b"99") == b"v"


async def test_writes_of_one_round_of_the_loop_share_a_commit(environment: Environment) -> None:
    before = environment.committer.commits

    await asyncio.gather(
        *(environment.committer.submit(put(environment, b"%d" % n), size_bytes=1) for n in range(100))
    )

    assert environment.committer.commits == before + 1


async def test_a_write_that_any_error_undoes_leaves_nothing_and_fails_alone(environment: Environment) -> None:
    def fail_half_way(transaction: lmdb.Transaction) -> None:
        put(environment, b"half")(transaction)
        raise StoreCorrupt("found on the way")

    ours, other = await asyncio.gather(
        environment.committer.submit(fail_half_way, size_bytes=1, undo_on_error=True),
        environment.committer.submit(put(environment, b"other"), size_bytes=1),
        return_exceptions=True,
    )

    assert isinstance(ours, StoreCorrupt)
    assert other is True
    assert get(environment, b"half") is None
    assert get(environment, b"other") == b"v"


async def test_the_answer_is_what_apply_returned(environment: Environment) -> None:
    assert await environment.committer.submit(lambda transaction: 42, size_bytes=1) == 42
    assert (
        await asyncio.to_thread(environment.committer.submit_and_wait, lambda transaction: 43, size_bytes=1)
        == 43
    )


async def test_a_failed_expectation_fails_only_its_own_write(environment: Environment) -> None:
    def refuse(transaction: lmdb.Transaction) -> None:
        raise Conflict("row", "b")

    outcomes = await gathered(environment, [put(environment, b"a"), refuse, put(environment, b"c")])

    assert isinstance(outcomes[1], Conflict)
    assert get(environment, b"a") == get(environment, b"c") == b"v"


async def test_a_write_that_breaks_the_transaction_fails_alone(environment: Environment) -> None:
    def spoil(transaction: lmdb.Transaction) -> None:
        put(environment, b"half")(transaction)
        raise ZeroDivisionError

    def overlong(transaction: lmdb.Transaction) -> None:
        put(environment, b"k" * 600)(transaction)

    outcomes = await gathered(environment, [put(environment, b"a"), spoil, overlong, put(environment, b"b")])

    assert [True, ZeroDivisionError, True] == [outcomes[0], type(outcomes[1]), outcomes[3]]
    assert isinstance(outcomes[2], Exception)
    assert get(environment, b"half") is None
    assert get(environment, b"a") == get(environment, b"b") == b"v"


@pytest.mark.parametrize("fault", [StopIteration, SystemExit, KeyboardInterrupt, MemoryError])
async def test_no_fault_of_a_write_ends_the_committer(
    environment: Environment, fault: type[BaseException]
) -> None:
    def spoil(transaction: lmdb.Transaction) -> None:
        raise fault

    def submit(apply: Apply) -> object:
        return environment.committer.submit_and_wait(apply, size_bytes=1)

    with pytest.raises(BaseException):  # noqa: B017  Which one is not the point.
        await asyncio.to_thread(submit, spoil)

    assert await asyncio.to_thread(submit, put(environment, b"a"))


async def test_a_later_write_of_a_group_sees_the_earlier_ones(environment: Environment) -> None:
    rows = environment.database("rows")

    def increment(transaction: lmdb.Transaction) -> None:
        count = int(transaction.get(b"count", b"0", db=rows))
        transaction.put(b"count", b"%d" % (count + 1), db=rows)

    await gathered(environment, [increment] * 300)

    assert get(environment, b"count") == b"300"


async def test_many_threads_and_loops_write_at_once(environment: Environment) -> None:
    rows = environment.database("rows")

    def increment(transaction: lmdb.Transaction) -> None:
        count = int(transaction.get(b"count", b"0", db=rows))
        transaction.put(b"count", b"%d" % (count + 1), db=rows)

    async def from_a_loop() -> None:
        for _ in range(10):
            await asyncio.gather(*(environment.committer.submit(increment, size_bytes=1) for _ in range(20)))

    def from_a_thread() -> None:
        for _ in range(100):
            environment.committer.submit_and_wait(increment, size_bytes=1)

    loops = [asyncio.to_thread(asyncio.run, from_a_loop()) for _ in range(3)]
    threads = [asyncio.to_thread(from_a_thread) for _ in range(3)]
    await asyncio.gather(from_a_loop(), *loops, *threads)

    assert get(environment, b"count") == b"1100"
    assert environment.committer.queued_bytes == 0


async def test_a_cancelled_writer_does_not_cancel_its_write(environment: Environment) -> None:
    gate = Gate()
    held_up = asyncio.create_task(environment.committer.submit(gate, size_bytes=1))
    await asyncio.to_thread(gate.is_reached.wait, 10)
    writer = asyncio.create_task(environment.committer.submit(put(environment, b"a"), size_bytes=1))
    await asyncio.sleep(0)
    writer.cancel()
    gate.is_open.set()
    await held_up
    with pytest.raises(asyncio.CancelledError):
        await writer

    await environment.committer.submit(lambda transaction: None, size_bytes=1)

    assert get(environment, b"a") == b"v"


async def test_a_full_queue_refuses_at_once(open_environment: OpenEnvironment) -> None:
    environment = open_environment(queue_bytes=100)
    gate = Gate()
    held_up = asyncio.create_task(environment.committer.submit(gate, size_bytes=60))
    await asyncio.to_thread(gate.is_reached.wait, 10)

    with pytest.raises(StoreUnavailable) as refusal:
        await environment.committer.submit(put(environment, b"a"), size_bytes=41)
    assert refusal.value.retry_after_s > 0

    gate.is_open.set()
    await held_up
    await environment.committer.submit(put(environment, b"b"), size_bytes=1000)
    assert get(environment, b"b") == b"v"


async def test_closing_finishes_what_is_queued(
    environment: Environment, open_environment: OpenEnvironment
) -> None:
    writers = [
        asyncio.create_task(environment.committer.submit(put(environment, b"%d" % n), size_bytes=1))
        for n in range(100)
    ]
    await asyncio.sleep(0)

    await asyncio.to_thread(environment.close)

    assert await asyncio.gather(*writers) == [True] * 100
    with pytest.raises(StoreClosed):
        await environment.committer.submit(put(environment, b"late"), size_bytes=1)
    again = open_environment()
    assert get(again, b"99") == b"v"
    assert get(again, b"late") is None


def test_a_loop_that_ended_holds_up_nobody(environment: Environment) -> None:
    async def leave_early() -> None:
        task = asyncio.create_task(environment.committer.submit(put(environment, b"a"), size_bytes=1))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(leave_early())

    environment.committer.submit_and_wait(put(environment, b"b"), size_bytes=1)
    assert get(environment, b"a") == get(environment, b"b") == b"v"


def test_reading_after_the_end_says_so(environment: Environment) -> None:
    environment.close()

    with pytest.raises(StoreClosed), environment.read():
        pass
