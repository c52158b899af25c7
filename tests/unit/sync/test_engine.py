"""The engine with a cloud in memory: what is asked in which order, and what failures mean."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from structlog.testing import capture_logs

from ownclimate.core.commands import accept_command, move_command
from ownclimate.core.devices import create_device
from ownclimate.core.errors import (
    Forbidden,
    Garbled,
    NotFound,
    RateLimited,
    Refused,
    StoreUnavailable,
    Unreachable,
    UpstreamError,
)
from ownclimate.core.ids import DeviceId, DeviceNumber, OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.store.memory import MemoryDirectory
from ownclimate.sync.quota import Allowance, Quota
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, memory_ports
from tests.unit.sync.imagined import DAY_MS, HOUR_MS, PAGE_ROWS, STEP_MS, Account, Cloud, World

OWNER = OwnerId("owner")
DEVICE = Device(
    id=DeviceId("d"),
    number=DeviceNumber(1),
    owner_id=OWNER,
    model="valve",
    vendor="netatmo",
    vendor_id="d",
)
COMMAND = Command(id="c", device_id=DEVICE.id, name="set", state=CommandState.SENDING)


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """Tracebacks take longer to print than all else here."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def world(clock: FakeClock) -> World:
    return World(memory_ports(clock, SeededEntropy(1)), clock, Cloud(clock))


def days(clock: FakeClock, count: float, *, step_ms: int = STEP_MS, more_ms: int = 0) -> list[int]:
    """Stamps of so many days until now, and a while further, as time will come."""
    now_ms = clock.now_ms()
    return list(range(now_ms - round(count * DAY_MS), now_ms + more_ms, step_ms))


def check_whole(world: World) -> None:
    """All that the cloud has is here, and nothing but that."""
    settled_ms = world.cloud.now_ms - 2 * HOUR_MS
    for name, rows in world.cloud.rows.items():
        assert set(world.recorded.get(name, ())) >= {at_ms for at_ms in rows if at_ms <= settled_ms}
        assert set(world.recorded.get(name, ())) <= set(rows)


# What is asked in which order


async def test_the_present_comes_before_the_past_and_devices_take_turns(world, clock) -> None:
    world.cloud.rows = {"attic": days(clock, 1), "cellar": days(clock, 1)}
    world.cloud.slow_s = 0.01

    assert await world.engine().run_once()

    names = world.cloud.names()
    assert names[:3] == ["topology", "state", "events"]
    assert names[3:] == ["attic", "cellar"] * (len(names[3:]) // 2)
    check_whole(world)


async def test_after_the_oldest_page_of_a_history_the_newest_come_first(world, clock) -> None:
    world.cloud.rows = {"attic": days(clock, 2)}

    await world.engine().run_once()

    recorded = world.recorded["attic"]
    pages = [
        recorded[first : first + PAGE_ROWS][0] for first in range(0, len(recorded) - PAGE_ROWS, PAGE_ROWS)
    ]
    assert pages[0] == world.cloud.rows["attic"][0]
    assert world.cloud.rows["attic"][-1] in recorded[PAGE_ROWS : 2 * PAGE_ROWS]
    check_whole(world)


async def test_years_of_backlog_never_delay_what_is_due_now(world, clock) -> None:
    world.cloud.rows = {"attic": days(clock, 250)}
    world.cloud.slow_s = 1.0
    engine = world.engine(limits=(Allowance(calls=500, span_ms=HOUR_MS),))

    await world.work(engine, 4 * 3600)

    states = [at_ms for at_ms, name in world.cloud.calls if name == "state"]
    assert max(later - sooner for sooner, later in pairwise(states)) <= 303_000
    assert Counter(world.cloud.names())["attic"] > 900


async def test_what_had_nothing_to_tell_is_asked_for_less_often_and_that_is_counted(world) -> None:
    world.cloud.is_empty = True
    engine = world.engine()

    await world.work(engine, 3600)

    assert Counter(world.cloud.names())["state"] == 2
    assert engine.live.saved == sum(5 for name in world.cloud.names())


async def test_a_second_run_asks_for_nothing_that_is_not_due(world, clock) -> None:
    world.cloud.rows = {"attic": days(clock, 3)}
    await world.engine().run_once()
    before = len(world.cloud.calls)

    assert await world.engine().run_once()

    assert len(world.cloud.calls) == before


async def test_after_a_command_its_device_is_looked_at_soon_and_ever_more_seldom(world, clock) -> None:
    engine = world.engine()
    await engine.run_once()
    relayed_ms = clock.now_ms()
    device = await create_device(
        world.ports, OWNER, ACTOR, model="valve", vendor="netatmo", vendor_id="d", link={"source": "source"}
    )
    command = await accept_command(world.ports, OWNER, ACTOR, device.id, "set", {})
    await move_command(world.ports, OWNER, command.id, CommandState.SENDING)

    assert (await engine.relay(device, command)).state is CommandState.SENT
    await world.work(engine, 60)

    looks = [(at_ms - relayed_ms) // 1000 for at_ms, name in world.cloud.calls if name == "state"]
    assert looks[1:] == [3, 6, 12, 24]
    assert engine.live.relayed == 1


# Histories of every shape


@pytest.mark.parametrize("since_days", [0, 0.5, 30, 4000])
async def test_history_is_whole_wherever_it_begins(world, clock, since_days) -> None:
    world.cloud.rows = {"attic": days(clock, 3)}
    since_ms = clock.now_ms() - round(since_days * DAY_MS) if since_days else 0

    assert await world.engine(since_ms=since_ms).run_once()

    wanted = {at_ms for at_ms in world.cloud.rows["attic"] if at_ms >= since_ms}
    assert set(world.recorded["attic"]) == wanted


async def test_an_empty_history_costs_one_call_and_is_looked_for_again_seldom(world) -> None:
    world.cloud.rows = {"attic": []}
    engine = world.engine()

    await engine.run_once()
    await world.work(engine, 12.1 * 3600)

    assert Counter(world.cloud.names())["attic"] == 3


async def test_a_sparse_history_is_whole_and_costs_few_calls(world, clock) -> None:
    world.cloud.rows = {"attic": days(clock, 300, step_ms=9 * DAY_MS)}

    await world.engine().run_once()

    check_whole(world)
    assert Counter(world.cloud.names())["attic"] < 10


async def test_a_start_that_is_still_to_come_is_waited_for(world, clock) -> None:
    world.cloud.rows = {"attic": days(clock, 1, more_ms=2 * DAY_MS)}
    engine = world.engine(since_ms=clock.now_ms() + DAY_MS)

    assert await engine.run_once()
    await world.work(engine, 1.5 * 86_400)

    assert Counter(world.cloud.names())["attic"] < 50
    assert len(world.recorded["attic"]) > 130


async def test_rows_that_come_in_later_come_too(world, clock) -> None:
    world.cloud.rows = {"attic": days(clock, 1, more_ms=DAY_MS)}
    engine = world.engine()

    await world.work(engine, 86_400)

    check_whole(world)
    assert len(set(world.recorded["attic"])) == len(world.recorded["attic"])


# Failures


async def test_an_outage_is_waited_for_longer_and_longer_but_never_longer_than_a_quarter_of_an_hour(
    world, clock
) -> None:
    began_ms = clock.now_ms()
    world.cloud.failure = lambda _: Unreachable("no way there")
    engine = world.engine()

    await world.work(engine, 6 * 3600)

    tries = [at_ms - began_ms for at_ms, _ in world.cloud.calls]
    waits = [(later - sooner) / 1000 for sooner, later in pairwise(tries)]
    assert waits[0] <= 1
    assert all(wait <= 900 for wait in waits)
    assert min(waits[-4:]) >= 450
    assert len(tries) < 60
    world.cloud.failure = lambda _: None
    world.cloud.rows = {"attic": days(clock, 1)}
    await world.work(engine, 1800)
    check_whole(world)
    assert engine.live.last_success_ms > engine.live.last_error_ms


@pytest.mark.parametrize(("told_s", "pause_s"), [(0, 3600), (45, 45)])
async def test_a_refusal_is_obeyed_by_this_process_and_the_next(world, clock, told_s, pause_s) -> None:
    answers = iter([RateLimited(told_s, "too many")])
    world.cloud.failure = lambda _: next(answers, None)
    engine = world.engine()

    await engine.step()
    await world.work(engine, pause_s - 1)
    await world.work(world.engine(), 0.5)
    assert len(world.cloud.calls) == 1
    with pytest.raises(Unreachable, match="refuses"):
        await engine.relay(DEVICE, COMMAND)
    assert engine.live.refused == 1

    await world.work(world.engine(), 2)
    assert len(world.cloud.calls) > 1


async def test_credentials_that_do_not_hold_are_tried_once_an_hour(world) -> None:
    world.cloud.failure = lambda _: Refused("connect the account again")
    engine = world.engine()

    await world.work(engine, 24 * 3600 - 1)

    assert len(world.cloud.calls) == 24
    assert engine.live.last_error == "connect the account again"
    assert not await world.engine().run_once()


@pytest.mark.parametrize("error", [NotFound("device", "attic"), Forbidden("no scope for that")])
async def test_what_cannot_be_had_is_told_and_asked_for_again_after_a_day(world, clock, error) -> None:
    world.cloud.rows = {"attic": days(clock, 1), "cellar": days(clock, 1)}
    world.cloud.failure = lambda name: error if name == "attic" else None
    engine = world.engine()

    assert await engine.run_once()
    assert engine.tasks["attic"].problem == error.message
    assert len(world.recorded["cellar"]) > 250
    world.cloud.failure = lambda _: None
    await world.work(engine, 24.1 * 3600)

    assert engine.tasks["attic"].problem == ""
    check_whole(world)


@pytest.mark.parametrize("error", [ZeroDivisionError("ours"), Garbled("not to be read")])
async def test_a_task_that_always_fails_holds_up_no_other_and_is_tried_ever_more_seldom(
    world, clock, error
) -> None:
    world.cloud.rows = {"attic": days(clock, 3, more_ms=DAY_MS), "cellar": days(clock, 3, more_ms=DAY_MS)}
    world.cloud.failure = lambda name: error if name in ("attic", "topology") else None
    engine = world.engine()

    await world.work(engine, 86_400)

    counts = Counter(world.cloud.names())
    assert "attic" not in world.recorded
    assert len(set(world.recorded["cellar"])) > 4 * 288 - 30
    assert counts["state"] > 270
    # Every quarter of an hour at least, at half of it for the dice.
    assert 90 < counts["attic"] < 230
    assert 90 < counts["topology"] < 230
    assert engine.live.last_error


async def test_a_cloud_that_is_never_right_is_not_hammered_and_by_hand_that_comes_to_an_end(world) -> None:
    world.cloud.failure = lambda _: Garbled("not to be read")
    engine = world.engine()

    assert not await engine.run_once()
    assert len(world.cloud.calls) == 8
    assert isinstance(engine.collector, Account)
    assert engine.collector.is_closed
    await world.work(world.engine(), 24 * 3600)
    assert len(world.cloud.calls) < 250


async def test_a_thing_with_an_endless_id_is_left_alone_and_all_else_goes_on(world, clock) -> None:
    world.cloud.rows = {"attic": days(clock, 1), "\U0001f600" * 200: days(clock, 1)}
    engine = world.engine()

    assert await engine.run_once()

    assert "attic" in world.recorded
    assert len(world.recorded) == 1


async def test_by_hand_a_fault_of_ours_comes_to_an_end_after_all_the_rest(world, clock) -> None:
    world.cloud.rows = {"attic": days(clock, 1), "cellar": days(clock, 1)}
    world.cloud.failure = lambda name: ZeroDivisionError() if name == "attic" else None

    assert not await world.engine().run_once()

    assert len(world.recorded["cellar"]) > 250


class FullDirectory(MemoryDirectory):
    is_full = False

    async def write(self, *arguments, **more):  # type: ignore[no-untyped-def]  # as it is handed on
        if self.is_full:
            raise StoreUnavailable("the disk is full")
        return await super().write(*arguments, **more)


async def test_while_the_disk_is_full_nothing_is_asked_and_afterwards_all_comes(clock) -> None:
    plain = memory_ports(clock, SeededEntropy(1))
    directory = FullDirectory()
    ports = Ports(
        directory=directory,
        series=plain.series,
        raw=plain.raw,
        clock=clock,
        entropy=plain.entropy,
        arrivals=plain.arrivals,
    )
    world = World(ports, clock, Cloud(clock, {"attic": days(clock, 2)}))
    directory.is_full = True
    engine = world.engine()

    await world.work(engine, 3600)
    assert world.cloud.calls == []
    assert engine.live.last_error == "the disk is full"
    with pytest.raises(Unreachable, match="disk is full"):
        await engine.relay(DEVICE, COMMAND)

    directory.is_full = False
    await world.work(engine, 3600)
    check_whole(world)


async def test_a_process_that_dies_between_recording_and_its_cursor_repeats_one_page(world, clock) -> None:
    world.cloud.rows = {"attic": days(clock, 2)}
    died = 0
    for number in range(20):
        engine = world.engine()
        assert isinstance(engine.collector, Account)
        engine.collector.dies_recorded = number % 2 == 0
        try:
            for _ in range(1 + number % 3):
                await engine.step()
        except KeyboardInterrupt:
            died += 1

    assert died > 3
    check_whole(world)
    assert len(world.recorded["attic"]) - len(set(world.recorded["attic"])) <= died * PAGE_ROWS


# Limits


async def test_two_sources_of_one_app_at_once_never_ask_more_than_the_app_may(world, clock) -> None:
    app = (Allowance(calls=30, span_ms=10_000), Allowance(calls=200, span_ms=200_000))
    world.cloud.limits = app
    world.cloud.rows = {"attic": days(clock, 20)}
    ben = World(world.ports, clock, world.cloud)
    engines = [
        world.engine(app_limits=app, source_id="of ada", owner_id="ada"),
        ben.engine(app_limits=app, source_id="of ben", owner_id="ben"),
    ]

    outcomes = await asyncio.gather(*(engine.run_once() for engine in engines))

    assert outcomes == [True, True]
    assert world.cloud.refused == 0
    check_whole(world)
    check_whole(ben)


async def test_on_a_slow_way_to_a_cloud_that_counts_late_no_call_is_one_too_many(world, clock) -> None:
    limits = (Allowance(calls=20, span_ms=10_000), Allowance(calls=60, span_ms=60_000))
    world.cloud.limits = limits
    world.cloud.rows = {"attic": days(clock, 30)}
    engine = world.engine(limits=limits)
    for number in range(700):
        world.cloud.slow_s = 3.0 if number % 17 == 0 else 0.01
        wait_ms = await engine.step()
        if wait_ms:
            await world.sleep(wait_ms / 1000)

    assert world.cloud.refused == 0
    check_whole(world)


async def test_while_reading_uses_all_it_may_a_command_finds_a_call(world, clock) -> None:
    limits = (Allowance(calls=20, span_ms=10_000), Allowance(calls=100, span_ms=100_000))
    world.cloud.limits = limits
    world.cloud.rows = {name: days(clock, 60) for name in ("attic", "cellar")}
    engine = world.engine(limits=limits)
    for number in range(500):
        wait_ms = await engine.step()
        if wait_ms:
            await world.sleep(wait_ms / 1000)
        if number % 100 == 99:
            for _ in range(2):
                await engine.relay(DEVICE, COMMAND)
            await world.sleep(10)

    assert world.cloud.refused == 0
    assert engine.live.relayed == 10
    assert engine.live.refused == 0


async def test_a_command_that_waits_for_a_token_does_not_go_out_once_the_source_is_stopped(world) -> None:
    engine = world.engine()
    working = asyncio.create_task(engine.run())
    while not world.cloud.calls:
        await asyncio.sleep(0)
    engine.collector.token = asyncio.Event()
    going = asyncio.create_task(engine.relay(DEVICE, COMMAND))
    await asyncio.sleep(0)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)

    engine.collector.token.set()

    with pytest.raises(Unreachable):
        await going
    assert "relay" not in world.cloud.names()


# Clocks


@pytest.mark.parametrize("when", range(1, 12, 2))
@pytest.mark.parametrize("hours", [-2, 2])
@pytest.mark.parametrize("whose", ["ours", "the cloud's", "what the cloud tells"])
async def test_a_clock_that_jumps_by_hours_delays_little_and_leaves_no_gap(
    world, clock, whose, hours, when
) -> None:
    world.cloud.rows = {"attic": days(clock, 2, more_ms=DAY_MS), "cellar": days(clock, 1, more_ms=DAY_MS)}
    limits = (Allowance(calls=50, span_ms=10_000), Allowance(calls=500, span_ms=HOUR_MS))
    engine = world.engine(limits=limits)
    for _ in range(when):
        await engine.step()

    by_ms = hours * HOUR_MS
    if whose == "ours":
        clock.ms += by_ms
        world.cloud.ahead_ms -= by_ms
    elif whose == "the cloud's":
        world.cloud.told_ahead_ms = world.cloud.ahead_ms = by_ms
        world.cloud.rows = {name: [at + by_ms for at in rows] for name, rows in world.cloud.rows.items()}
        world.recorded = {name: [at + by_ms for at in rows] for name, rows in world.recorded.items()}
    else:
        world.cloud.told_ahead_ms = by_ms
    before = len(world.cloud.calls)
    await world.work(engine, 3700)
    if whose != "the cloud's":  # Whose rows have all moved, so that what was known is not what it was.
        check_whole(world)
    assert "state" in world.cloud.names()[before:]

    await world.work(engine, 12 * 3600)
    if whose != "the cloud's":
        check_whole(world)
    histories = sum(name in world.cloud.rows for name in world.cloud.names())
    assert histories < 12 * 4 + 30
    assert engine.live.refused == 0


@pytest.mark.parametrize("told_ms", [0, 1, -(10**12), 10**15])
async def test_a_cloud_that_tells_an_impossible_time_is_read_by_our_clock(world, clock, told_ms) -> None:
    world.cloud.rows = {"attic": days(clock, 2, more_ms=DAY_MS)}
    world.cloud.told_ahead_ms = told_ms - clock.now_ms()
    engine = world.engine()

    assert await engine.run_once()
    check_whole(world)
    await world.work(engine, 6 * 3600)

    check_whole(world)
    assert Counter(world.cloud.names())["attic"] < 30


async def test_a_quota_outlives_a_clock_that_is_put_back(world, clock) -> None:
    quota = Quota(world.ports, world.engine(limits=(Allowance(calls=5, span_ms=10_000),)).quota.meters)
    for _ in range(5):
        assert await quota.take(1.0) == 0
    await quota.block(clock.now_ms() + 20_000)

    clock.ms -= 2 * HOUR_MS

    assert await quota.take(1.0) == 20_000
    clock.advance(20)
    assert await quota.take(1.0) == 0


async def test_an_outage_is_not_waited_for_again_by_a_clock_that_is_put_back(world, clock) -> None:
    failures = iter([UpstreamError("down")] * 6)
    world.cloud.failure = lambda _: next(failures, None)
    engine = world.engine()
    for _ in range(6):
        await world.sleep(await engine.step() / 1000)

    clock.ms -= 2 * HOUR_MS
    world.cloud.ahead_ms = 2 * HOUR_MS
    await world.work(engine, 120)

    assert {"topology", "state", "events"} <= set(world.cloud.names()[6:])


async def test_values_from_earlier_are_collected_once_their_owner_wants_them(world, clock) -> None:
    world.cloud.rows = {"attic": days(clock, 6)}
    since_ms = clock.now_ms() - 2 * DAY_MS
    later = world.engine(since_ms=since_ms)
    assert await later.run_once()
    assert min(world.recorded["attic"]) >= since_ms
    clock.advance(3700)

    assert await world.engine(since_ms=0).run_once()

    check_whole(world)
