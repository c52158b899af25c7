from __future__ import annotations

import random
from bisect import bisect_left

import pytest

from ownclimate.sync.gaps import DUE_MS, Coverage, Page, PageRead, Track, runs_of

NOW_MS = 1_795_255_200_000
STEP_MS = 300_000
PAGE_ROWS = 50
DAY_MS = 86_400_000


def test_stretches_that_touch_become_one() -> None:
    coverage = Coverage().add(10, 20).add(40, 50).add(20, 30)

    assert coverage.spans == ((10, 30), (40, 50))
    assert coverage.add(25, 60).spans == ((10, 60),)
    assert coverage.add(5, 5) == coverage


def test_gaps_are_what_is_not_known_newest_first() -> None:
    coverage = Coverage().add(10, 20).add(30, 40)

    assert coverage.gaps(0, 50) == [(40, 50), (20, 30), (0, 10)]
    assert coverage.gaps(12, 35) == [(20, 30)]
    assert coverage.gaps(10, 20) == []


@pytest.mark.parametrize("seed", range(20))
def test_coverage_is_the_union_of_what_was_added(seed: int) -> None:
    dice, coverage, known = random.Random(seed), Coverage(), set[int]()
    for _ in range(30):
        start = dice.randrange(100)
        end = start + dice.randrange(12)
        coverage = coverage.add(start, end)
        known |= set(range(start, end))

    missing = {at for start, end in coverage.gaps(0, 100) for at in range(start, end)}
    assert missing == set(range(100)) - known


class Cloud:
    """Answers as spec'd: what lies within, oldest first, at most a page."""

    def __init__(self, times_ms: list[int]) -> None:
        self.times_ms = times_ms
        self.calls = 0
        self.given: set[int] = set()

    def read(self, page: Page) -> PageRead:
        self.calls += 1
        assert self.calls < 5_000
        end_ms = page.end_ms or NOW_MS + 1
        first, last = (bisect_left(self.times_ms, at_ms) for at_ms in (page.start_ms, end_ms))
        rows = self.times_ms[first : min(last, first + PAGE_ROWS)]
        self.given |= set(rows)
        return PageRead(
            rows=len(rows),
            is_full=len(rows) == PAGE_ROWS,
            asked_ms=NOW_MS,
            first_ms=rows[0] if rows else 0,
            last_ms=rows[-1] if rows else 0,
            runs=runs_of(rows),
        )

    def drain(self, track: Track) -> Track:
        while track.is_behind(NOW_MS):
            page = track.next_page(NOW_MS, PAGE_ROWS)
            track = track.with_page(page, self.read(page))
        return track


def test_a_whole_history_costs_hardly_more_pages_than_it_fills() -> None:
    cloud = Cloud(list(range(NOW_MS - 200 * DAY_MS, NOW_MS, STEP_MS)))

    track = cloud.drain(Track())

    assert cloud.given == set(cloud.times_ms)
    # A stretch holds two rows less than a page of 50.
    assert cloud.calls <= len(cloud.times_ms) / (PAGE_ROWS - 2) + 2
    assert (track.oldest_ms, track.newest_ms) == (cloud.times_ms[0], cloud.times_ms[-1])


@pytest.mark.parametrize(("before_ms", "after_ms"), [(2 * STEP_MS, STEP_MS), (STEP_MS, 2 * STEP_MS)])
def test_a_rhythm_that_changed_is_noticed(before_ms: int, after_ms: int) -> None:
    changed_ms = NOW_MS - 100 * DAY_MS
    times_ms = [*range(NOW_MS - 200 * DAY_MS, changed_ms, before_ms), *range(changed_ms, NOW_MS, after_ms)]
    cloud = Cloud(times_ms)

    cloud.drain(Track())

    assert cloud.given == set(times_ms)
    assert cloud.calls <= len(times_ms) / (PAGE_ROWS - 3) + 4


def test_rows_that_are_lost_here_and_there_cost_few_pages_more() -> None:
    dice = random.Random(3)
    times_ms = [at for at in range(NOW_MS - 200 * DAY_MS, NOW_MS, STEP_MS) if dice.random() > 0.05]
    cloud = Cloud(times_ms)

    cloud.drain(Track())

    assert cloud.given == set(times_ms)
    assert cloud.calls <= 1.25 * len(times_ms) / PAGE_ROWS


def test_silence_does_not_make_a_device_seem_slow() -> None:
    times_ms = [*range(NOW_MS - 200 * DAY_MS, NOW_MS - 120 * DAY_MS, STEP_MS)]
    times_ms += range(NOW_MS - 60 * DAY_MS, NOW_MS, STEP_MS)
    cloud = Cloud(times_ms)

    track = cloud.drain(Track())

    assert cloud.given == set(times_ms)
    assert cloud.calls <= len(times_ms) / (PAGE_ROWS - 2) + 20
    assert track.spacing_ms == pytest.approx(STEP_MS, rel=0.01)
    assert track.holes() == [(times_ms[len(times_ms) - 60 * 288 - 1], NOW_MS - 60 * DAY_MS)]


def test_a_device_that_measures_seldom_is_asked_from_its_newest_on_too() -> None:
    cloud = Cloud(list(range(NOW_MS - 600 * DAY_MS, NOW_MS, 3 * 3_600_000)))
    first = Track().next_page(NOW_MS, PAGE_ROWS)
    track = Track().with_page(first, cloud.read(first))

    assert track.spacing_ms == 3 * 3_600_000
    assert track.next_page(NOW_MS, PAGE_ROWS).is_of_longer_gap
    cloud.drain(track)
    assert cloud.calls <= len(cloud.times_ms) / (PAGE_ROWS - 2) + 2


def test_what_a_collector_covered_counts_whatever_it_was_asked_for() -> None:
    track = Track(known=((0, 10 * DAY_MS), (90 * DAY_MS, NOW_MS)), spacing_ms=STEP_MS)
    page = track.next_page(NOW_MS, PAGE_ROWS)
    read = PageRead(
        rows=PAGE_ROWS, is_full=True, asked_ms=NOW_MS, covered=(70 * DAY_MS, 90 * DAY_MS), last_ms=89 * DAY_MS
    )

    track = track.with_page(page, read)

    assert page.is_of_longer_gap
    assert page.gap_start_ms == 10 * DAY_MS
    assert track.gaps(NOW_MS) == [(10 * DAY_MS, 70 * DAY_MS)]


def test_what_fits_into_two_pages_is_asked_for_from_its_beginning() -> None:
    track = Track(known=((0, 10 * STEP_MS), (80 * STEP_MS, NOW_MS)), spacing_ms=STEP_MS)

    page = track.next_page(NOW_MS, PAGE_ROWS)

    assert page == Page(start_ms=10 * STEP_MS, end_ms=80 * STEP_MS, gap_start_ms=10 * STEP_MS)
    assert not page.is_of_longer_gap


def test_a_history_that_ended_is_whole_for_ever() -> None:
    until_ms = NOW_MS - 30 * DAY_MS
    cloud = Cloud(list(range(NOW_MS - 60 * DAY_MS, NOW_MS, STEP_MS)))

    track = cloud.drain(Track(until_ms=until_ms))

    assert cloud.given == {at_ms for at_ms in cloud.times_ms if at_ms < until_ms}
    assert track.is_closed(NOW_MS)
    assert not Track(until_ms=until_ms).is_closed(NOW_MS)
    assert not cloud.drain(Track()).is_closed(NOW_MS)


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_missed_whatever_the_holes_and_the_rhythm(seed: int) -> None:
    dice = random.Random(seed)
    times_ms, at_ms = [], NOW_MS - dice.randrange(20, 90) * DAY_MS
    while at_ms < NOW_MS:
        times_ms.append(at_ms)
        at_ms += dice.choice([1_000, 60_000, STEP_MS, STEP_MS, STEP_MS, STEP_MS])
        if dice.random() < 0.002:
            at_ms += dice.randrange(20) * DAY_MS
    cloud = Cloud(times_ms)

    track = cloud.drain(Track())

    assert cloud.given == set(times_ms)
    assert track.gaps(NOW_MS) == []


def test_after_the_oldest_page_the_newest_comes() -> None:
    cloud = Cloud(list(range(NOW_MS - 30 * DAY_MS, NOW_MS, STEP_MS)))
    first = Track().next_page(NOW_MS, PAGE_ROWS)
    track = Track().with_page(first, cloud.read(first))

    second = track.next_page(NOW_MS, PAGE_ROWS)

    assert first == Page(start_ms=0, gap_start_ms=0)
    assert second.end_ms is None
    assert second.start_ms > NOW_MS - DAY_MS


def test_a_device_that_never_measured_is_known_after_one_call() -> None:
    cloud = Cloud([])

    cloud.drain(Track())

    assert cloud.calls == 1


def test_what_may_still_arrive_is_asked_for_again() -> None:
    cloud = Cloud(list(range(NOW_MS - DAY_MS, NOW_MS - 10 * 60_000, STEP_MS)))
    track = cloud.drain(Track())

    page = track.next_page(NOW_MS + DUE_MS // 2, PAGE_ROWS)

    assert page.start_ms <= cloud.times_ms[-1] + 1
    assert page.end_ms is None
