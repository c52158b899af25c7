from __future__ import annotations

import pytest

from ownclimate.sync.quota import Allowance, Meter, Quota
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import memory_ports

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
