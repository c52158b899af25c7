from __future__ import annotations

import os
from bisect import bisect_right

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ownclimate.sync.quota import BACKLOG_SHARE, LIVE_SHARE, RELAY_SHARE, Allowance, Meter, Quota
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import memory_ports

FULL = bool(os.environ.get("TEST_FULL"))
USER = Meter(
    name="user one", allowances=(Allowance(calls=5, span_ms=10_000), Allowance(calls=20, span_ms=100_000))
)
APP = Meter(name="app", allowances=(Allowance(calls=8, span_ms=10_000),))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def quota(clock: FakeClock) -> Quota:
    return Quota(memory_ports(clock, SeededEntropy(1)), (USER, APP))


async def test_in_no_span_are_more_calls_made_than_it_allows(quota: Quota, clock: FakeClock) -> None:
    made = []
    while len(made) < 80:
        wait_ms = await quota.take(1.0)
        if wait_ms:
            clock.advance(wait_ms / 1000)
        else:
            made.append(clock.now_ms())

    for allowance in USER.allowances:
        for index, first_ms in enumerate(made):
            within = [at_ms for at_ms in made[index:] if at_ms < first_ms + allowance.span_ms]
            assert len(within) <= allowance.calls


async def test_waiting_is_no_longer_than_it_must_be(quota: Quota, clock: FakeClock) -> None:
    for _ in range(5):
        assert await quota.take(1.0) == 0
    wait_ms = await quota.take(1.0)

    clock.advance((wait_ms - 1) / 1000)
    assert await quota.take(1.0) == 1
    clock.advance(0.001)
    assert await quota.take(1.0) == 0


async def test_a_share_leaves_calls_to_others(quota: Quota) -> None:
    backlog = [await quota.take(0.6) for _ in range(4)]

    assert [wait_ms == 0 for wait_ms in backlog] == [True, True, True, False]
    assert await quota.take(1.0) == 0


async def test_calls_are_remembered_by_the_next_process(quota: Quota) -> None:
    for _ in range(5):
        await quota.take(1.0)

    assert await Quota(quota.ports, quota.meters).take(1.0) > 0


async def test_sources_of_one_app_share_its_calls(quota: Quota) -> None:
    other = Quota(quota.ports, (Meter(name="user two", allowances=USER.allowances), APP))
    for _ in range(5):
        assert await quota.take(1.0) == 0

    taken = [await other.take(1.0) == 0 for _ in range(4)]

    assert taken == [True, True, True, False]


async def test_a_refusal_holds_for_everyone_until_it_ends(quota: Quota, clock: FakeClock) -> None:
    await quota.block(clock.now_ms() + 60_000)

    assert await Quota(quota.ports, quota.meters).take(1.0) == 60_000
    clock.advance(60)
    assert await quota.take(1.0) == 0


class SlottedCloud:
    """Counts calls when they arrive, in slots of a twentieth of a span; a slot is forgotten whole."""

    def __init__(self, allowance: Allowance) -> None:
        self.allowance, self.slot_ms = allowance, allowance.span_ms // 20
        self.slots: list[tuple[int, int, int]] = []

    def arrive(self, at_ms: int) -> bool:
        self.slots = [slot for slot in self.slots if slot[1] > at_ms - self.allowance.span_ms]
        if sum(slot[2] for slot in self.slots) >= self.allowance.calls:
            return False
        if self.slots and at_ms - self.slots[-1][0] < self.slot_ms:
            first_ms, _, calls = self.slots.pop()
            self.slots.append((first_ms, at_ms, calls + 1))
        else:
            self.slots.append((at_ms, at_ms, 1))
        return True


allowances = st.tuples(
    st.builds(Allowance, calls=st.integers(2, 30), span_ms=st.sampled_from([1_000, 10_000])),
    st.builds(Allowance, calls=st.integers(2, 60), span_ms=st.sampled_from([20_000, 60_000])),
)
wishes = st.lists(
    st.tuples(
        st.sampled_from([BACKLOG_SHARE, BACKLOG_SHARE, LIVE_SHARE, RELAY_SHARE]),
        st.integers(0, 3_000),
        st.sampled_from([0, 5, 80, 900, 4_000]),
    ),
    min_size=5,
    max_size=120 if not FULL else 600,
)


@settings(max_examples=400 if FULL else 20, deadline=None)
@given(allowances=allowances, wishes=wishes, gives_way=st.booleans())
async def test_whatever_is_read_no_call_is_refused_and_commands_find_the_part_kept_for_them(
    allowances: tuple[Allowance, ...],
    wishes: list[tuple[float, int, int]],
    gives_way: bool,
) -> None:
    clock = FakeClock()
    quota = Quota(memory_ports(clock, SeededEntropy(1)), (Meter(name="user", allowances=allowances),))
    clouds = [SlottedCloud(allowance) for allowance in allowances]
    relayed: list[int] = []
    for share, pause_ms, way_ms in wishes:
        clock.ms += pause_ms
        wait_ms = await quota.take(share)
        if wait_ms and share == RELAY_SHARE:
            reserves = [
                (allowance.calls - max(1, int(allowance.calls * LIVE_SHARE)), allowance.guarded_ms)
                for allowance in allowances
            ]
            used = [len(relayed) - bisect_right(relayed, clock.ms - guarded_ms) for _, guarded_ms in reserves]
            assert any(count >= reserve for count, (reserve, _) in zip(used, reserves, strict=True))
        if wait_ms:
            clock.ms += wait_ms if gives_way else 0
            continue
        clock.ms += way_ms
        assert all(cloud.arrive(clock.ms) for cloud in clouds)
        quota.end(quota.made_ms)
        if share == RELAY_SHARE:
            relayed.append(clock.ms)
