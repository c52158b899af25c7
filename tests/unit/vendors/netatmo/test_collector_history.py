"""Walking a past by getmeasure's own rules: which rows a request gets, and how many requests it takes."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any

import pytest

from ownclimate.core.errors import Garbled
from ownclimate.sync.gaps import DUE_MS, Page, Track
from ownclimate.vendors.netatmo.collector_account import Past
from ownclimate.vendors.netatmo.collector_history import PAGE_ROWS, History

NOW_MS = 1_795_255_200_000
DAY_MS = 86_400_000
STEP_MS = 300_000
MODULE = Past(gateway="70:ee:50:00:00:01", product="NAModule1", types=("temperature", "humidity"))
METER = Past(gateway="00:04:74:00:00:00", product="NLPC", types=("sum_energy_elec$0",), scale="30min")
KEY = "past x"

Choice = Callable[[list[int], int | None, int | None], list[int]]


def newest_before_an_end(times_s: list[int], begin_s: int | None, end_s: int | None) -> list[int]:
    """As spec'd: with an end alone the newest up to it."""
    first = bisect_left(times_s, begin_s or 0)
    end = len(times_s) if end_s is None else bisect_right(times_s, end_s)
    if begin_s is None and end_s is not None:
        return times_s[max(first, end - PAGE_ROWS) : end]
    return times_s[first : min(end, first + PAGE_ROWS)]


def always_the_oldest(times_s: list[int], begin_s: int | None, end_s: int | None) -> list[int]:
    """A cloud that pays no attention to the lack of a beginning."""
    return newest_before_an_end(times_s, begin_s or 0, end_s)


class Cloud:
    def __init__(self, times_ms: list[int], choice: Choice = newest_before_an_end) -> None:
        self.times_s = [at_ms // 1000 for at_ms in times_ms]
        self.choice = choice
        self.given = set[int]()
        self.calls = 0

    @property
    def least(self) -> int:
        return -(-len(self.times_s) // PAGE_ROWS)

    def has_given_all(self) -> bool:
        """But what comes with the next look."""
        due_s = (NOW_MS - DUE_MS) // 1000
        return self.given >= {at_s for at_s in self.times_s if at_s < due_s}

    def ask(self, parameters: dict[str, str]) -> Any:
        self.calls += 1
        assert self.calls < 2_000
        begin_s, end_s = (
            int(value) if (value := parameters.get(n)) else None for n in ("date_begin", "date_end")
        )
        rows = self.choice(self.times_s, begin_s, end_s)
        self.given |= set(rows)
        return {str(at_s): [20.0] for at_s in rows} or []

    def drain(self, past: Past = MODULE, track: Track | None = None) -> Track:
        history, track = History(), track or Track()
        while track.is_behind(NOW_MS):
            page = track.next_page(NOW_MS, PAGE_ROWS)
            asked = history.ask_device(KEY, "02:00:00:00:00:01", past, page, NOW_MS)
            track = track.with_page(page, history.read(KEY, asked, self.ask(asked.parameters), NOW_MS))
        return track


def year(lost: float = 0.0, holes: int = 0, seed: int = 1) -> list[int]:
    """The times of a device that measures every five minutes, loses rows and is silent now and then."""
    dice = random.Random(seed)
    times = [at + dice.randrange(-3, 4) * 1000 for at in range(NOW_MS - 365 * DAY_MS, NOW_MS - 9000, STEP_MS)]
    silent: set[int] = set()
    for _ in range(holes):
        first = dice.randrange(len(times))
        silent |= set(range(first, first + dice.randrange(4, 600)))
    return [at for place, at in enumerate(times) if place not in silent and dice.random() >= lost]


@pytest.mark.parametrize(("lost", "holes"), [(0.0, 0), (0.004, 8), (0.05, 0), (0.004, 60)])
def test_a_year_costs_the_least_calls_there_can_be(lost: float, holes: int) -> None:
    cloud = Cloud(year(lost, holes))

    track = cloud.drain()

    assert cloud.has_given_all()
    assert track.gaps(NOW_MS) == []
    assert cloud.calls <= cloud.least + 1


def test_a_cloud_that_gives_the_oldest_whatever_is_asked_costs_hardly_more() -> None:
    cloud = Cloud(year(0.004, 8), always_the_oldest)

    track = cloud.drain()

    assert cloud.has_given_all()
    assert track.gaps(NOW_MS) == []
    assert cloud.calls <= 1.06 * cloud.least + 5


@pytest.mark.parametrize("choice", [newest_before_an_end, always_the_oldest])
@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_missed_whatever_the_holes_and_the_rhythm(seed: int, choice: Choice) -> None:
    dice = random.Random(seed)
    times_ms, at_ms = [], NOW_MS - dice.randrange(200, 900) * DAY_MS
    rhythm_ms = 10 * STEP_MS
    while at_ms < NOW_MS - dice.choice([0, 0, 3 * DAY_MS]):
        times_ms.append(at_ms)
        at_ms += dice.choice([60_000, rhythm_ms, rhythm_ms, rhythm_ms])
        if dice.random() < 0.001:
            at_ms += dice.randrange(60) * DAY_MS
            rhythm_ms = dice.choice([STEP_MS, 5 * STEP_MS, 40 * STEP_MS])
    cloud = Cloud(times_ms, choice)

    track = cloud.drain()

    assert cloud.has_given_all()
    assert track.gaps(NOW_MS) == []


def test_a_device_that_fell_silent_long_ago_is_known_without_a_call_a_day() -> None:
    cloud = Cloud([at for at in year() if at < NOW_MS - 90 * DAY_MS])

    cloud.drain()

    assert cloud.has_given_all()
    assert cloud.calls <= cloud.least + 8


@pytest.mark.parametrize("zone", ["", "Europe/Berlin", "Asia/Kathmandu"])
def test_bins_are_never_cut_short(zone: str) -> None:
    offset_s = {"Asia/Kathmandu": 900}.get(zone, 0)
    first_s = (NOW_MS - 60 * DAY_MS) // 1000 // 1800 * 1800 + offset_s
    cloud = Cloud([at * 1000 for at in range(first_s, NOW_MS // 1000, 1800)])
    past = Past(gateway="g", product="NLPC", types=METER.types, scale=METER.scale, zone=zone)
    edges = set[int]()
    ask = cloud.ask

    def noting(parameters: dict[str, str]) -> Any:
        edges.update(
            int(parameters[n]) + (n == "date_end") for n in ("date_begin", "date_end") if n in parameters
        )
        return ask(parameters)

    cloud.ask = noting  # type: ignore[method-assign]
    cloud.drain(past)

    assert edges
    assert all((edge - offset_s) % 1800 == 0 for edge in edges)
    assert cloud.has_given_all()
    assert cloud.calls <= cloud.least + 1


def test_a_room_is_asked_for_means_up_to_where_it_was_looked_at() -> None:
    page = Track(until_ms=NOW_MS).next_page(NOW_MS, PAGE_ROWS)
    asked = History().ask_room(KEY, "5f00", "100000001", "30min", page, NOW_MS)

    assert asked.parameters == {
        "home_id": "5f00",
        "room_id": "100000001",
        "scale": "30min",
        "type": "temperature,sp_temperature",
        "limit": "1024",
        "optimize": "false",
        "real_time": "true",
        "date_begin": "0",
        "date_end": str(NOW_MS // 1000 - 1),
    }


@pytest.mark.parametrize(
    ("body", "page"),
    [
        ({"100": [1.0]}, Page(start_ms=200_000)),
        ({"500": [1.0]}, Page(start_ms=200_000, end_ms=400_000)),
        ({"x": [1.0]}, Page(start_ms=0)),
        ([{"beg_time": 100, "value": [[1]]}], Page(start_ms=0)),
        (None, Page(start_ms=0)),
        ("", Page(start_ms=0)),
    ],
)
def test_an_answer_to_something_else_is_not_taken_for_a_known_stretch(body: Any, page: Page) -> None:
    history = History()
    asked = history.ask_device(KEY, "02:00:00:00:00:01", MODULE, page, NOW_MS)

    with pytest.raises(Garbled):
        history.read(KEY, asked, body, NOW_MS)
