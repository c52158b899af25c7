"""Counting in spans: what is taken, what is refused, how long to wait, what is remembered."""

from __future__ import annotations

import random
from collections import deque

import pytest

from ownclimate.web import windows
from ownclimate.web.windows import FixedWindows, Limiter, SlidingWindows
from tests.fakes import FakeClock

MINUTE_MS = 60_000


def taken(limiter: Limiter, clock: FakeClock, attempts: int, key: str = "ada") -> int:
    return sum(limiter.take(key, 1, clock.ms)[1] == 0 for _ in range(attempts))


def test_a_fixed_window_takes_its_count_and_then_tells_when_the_next_begins(clock: FakeClock) -> None:
    limiter = FixedWindows(3, 60)
    clock.ms += -clock.ms % MINUTE_MS + 15_000

    remaining = [limiter.take("ada", 1, clock.ms)[0] for _ in range(3)]
    refused = limiter.take("ada", 1, clock.ms)

    assert remaining == [2, 1, 0]
    assert refused == (0, 45.0)
    clock.advance(45)
    assert limiter.take("ada", 1, clock.ms) == (2, 0.0)


def test_a_refused_attempt_counts_nothing(clock: FakeClock) -> None:
    limiter = SlidingWindows(2, 10)
    taken(limiter, clock, 50)
    clock.advance(10)

    assert taken(limiter, clock, 50) == 2


@pytest.mark.parametrize("kind", [FixedWindows, SlidingWindows])
def test_names_are_counted_apart(kind: type, clock: FakeClock) -> None:
    limiter = kind(1, 60)

    assert taken(limiter, clock, 2, "ada") == 1
    assert taken(limiter, clock, 2, "ben") == 1


@pytest.mark.parametrize("kind", [FixedWindows, SlidingWindows])
def test_what_is_given_back_can_be_taken_again(kind: type, clock: FakeClock) -> None:
    limiter = kind(5, 60)
    limiter.take("ada", 5, clock.ms)
    limiter.give_back("ada", 5, clock.ms)

    assert limiter.take("ada", 5, clock.ms) == (0, 0.0)


@pytest.mark.parametrize("kind", [FixedWindows, SlidingWindows])
def test_a_cost_that_does_not_fit_leaves_room_for_one_that_does(kind: type, clock: FakeClock) -> None:
    limiter = kind(5, 60)

    assert limiter.take("ada", 4, clock.ms)[0] == 1
    assert limiter.take("ada", 2, clock.ms)[1] > 0
    assert limiter.take("ada", 1, clock.ms) == (0, 0.0)


def test_a_sliding_span_has_no_edge_at_which_twice_the_count_passes(clock: FakeClock) -> None:
    limiter = SlidingWindows(50, 10)
    clock.ms += -clock.ms % 10_000 + 9_900
    taken(limiter, clock, 50)
    clock.advance(0.2)

    assert taken(limiter, clock, 50) == 0


def test_a_sliding_span_says_when_enough_of_it_is_past(clock: FakeClock) -> None:
    limiter = SlidingWindows(3, 10)
    for _ in range(3):
        limiter.take("ada", 1, clock.ms)
        clock.advance(2)

    first, both = limiter.take("ada", 1, clock.ms), limiter.take("ada", 2, clock.ms)

    assert (first[1], both[1]) == (4.0, 6.0)


def test_no_span_ever_holds_more_than_the_count_and_waiting_as_told_is_enough(clock: FakeClock) -> None:
    limiter, chance = SlidingWindows(20, 10), random.Random(7)
    part_ms = 10_000 // windows.SLOTS
    passed: deque[int] = deque(maxlen=21)
    for _ in range(5_000):
        clock.ms += chance.choice((0, 1, 30, 400, 2_500))
        verdict = limiter.take("ada", 1, clock.ms)
        if verdict[1]:
            assert passed[-20] > clock.ms - 10_000 - part_ms, "refused though the span had room"
            clock.advance(verdict[1])
            assert limiter.take("ada", 1, clock.ms)[1] == 0
        passed.append(clock.ms)
        assert len(passed) <= 20 or passed[0] <= clock.ms - 10_000


def test_names_of_a_past_span_are_forgotten(clock: FakeClock) -> None:
    fixed, sliding = FixedWindows(5, 60), SlidingWindows(5, 60)
    for number in range(1000):
        fixed.take(f"client {number}", 1, clock.ms)
        sliding.take(f"client {number}", 1, clock.ms)
    clock.advance(120)
    fixed.take("ada", 1, clock.ms)
    sliding.take("ada", 1, clock.ms)

    assert list(fixed._used) == list(sliding._histories) == ["ada"]


@pytest.mark.parametrize("kind", [FixedWindows, SlidingWindows])
def test_memory_is_bounded_whatever_names_come(
    kind: type, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "REMEMBERED", 100)
    limiter = kind(5, 60)
    for number in range(1000):
        limiter.take(f"client {number}", 1, clock.ms)

    held = limiter._used if isinstance(limiter, FixedWindows) else limiter._histories
    assert len(held) <= 100
    assert "client 999" in held


def test_a_clock_that_steps_back_locks_nobody_out_for_longer(clock: FakeClock) -> None:
    limiter = FixedWindows(2, 60)
    taken(limiter, clock, 2)
    clock.advance(-3600)

    assert taken(limiter, clock, 3) == 2
