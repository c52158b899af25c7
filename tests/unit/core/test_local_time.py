"""A local time happens at the first instant at which the clock on the wall reads it or a later one."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ownclimate.core.errors import InvalidInput
from ownclimate.core.local_time import (
    MINUTES_A_DAY,
    Occurrence,
    Turn,
    instant_of,
    local_day,
    minute_of_week,
    next_turn,
    occurrences,
    turn_at,
)

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS

LARGE = bool(os.environ.get("TEST_FULL"))
examples = settings(max_examples=20_000 if LARGE else 100, deadline=None)

ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Sofia",
        "Europe/London",
        "America/New_York",
        "America/Sao_Paulo",
        "America/St_Johns",
        "Africa/Cairo",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "Asia/Gaza",
        "Asia/Pyongyang",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Pacific/Kwajalein",
        "Pacific/Chatham",
        "Antarctica/Troll",
        "Atlantic/Azores",
    ]
)
MINUTES = st.integers(0, MINUTES_A_DAY - 1)
DAYS = st.dates(date(1990, 1, 2), date(2045, 1, 1))
INSTANTS = st.integers(631_238_400_000, 2_366_841_600_000)
TIMETABLES = st.sets(st.integers(0, 7 * MINUTES_A_DAY - 1), min_size=1, max_size=30).map(sorted)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def wall(zone: str, at_ms: int) -> datetime:
    shown = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))
    return shown.replace(tzinfo=None, fold=0)


def happens(zone: str, local: str) -> int:
    meant = datetime.fromisoformat(local)
    return instant_of(zone, meant.date(), meant.hour * 60 + meant.minute)


@pytest.mark.parametrize(
    ("zone", "local", "expected"),
    [
        ("Europe/Sofia", "2026-03-29T02:59", "2026-03-29T00:59"),
        ("Europe/Sofia", "2026-03-29T03:00", "2026-03-29T01:00"),
        ("Europe/Sofia", "2026-03-29T03:30", "2026-03-29T01:00"),
        ("Europe/Sofia", "2026-03-29T04:00", "2026-03-29T01:00"),
        ("Europe/Sofia", "2026-03-29T04:01", "2026-03-29T01:01"),
        ("Europe/Sofia", "2026-10-25T03:30", "2026-10-25T00:30"),
        ("Europe/Sofia", "2026-10-25T04:00", "2026-10-25T02:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30"),
        ("Australia/Lord_Howe", "2026-10-04T02:30", "2026-10-03T15:30"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45"),
        ("Australia/Lord_Howe", "2026-04-05T02:00", "2026-04-04T15:30"),
        ("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T03:00"),
        ("America/Sao_Paulo", "2018-11-04T00:30", "2018-11-04T03:00"),
        ("America/Sao_Paulo", "2018-02-17T23:30", "2018-02-18T01:30"),
        ("America/Sao_Paulo", "2018-02-18T00:00", "2018-02-18T03:00"),
        ("Africa/Cairo", "2024-04-26T00:00", "2024-04-25T22:00"),
        ("Africa/Cairo", "2024-10-31T23:59", "2024-10-31T20:59"),
        ("Africa/Cairo", "2024-11-01T00:00", "2024-10-31T22:00"),
        ("Pacific/Apia", "2011-12-29T23:59", "2011-12-30T09:59"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00"),
        ("Pacific/Apia", "2011-12-31T00:00", "2011-12-30T10:00"),
    ],
)
def test_skipped_times_happen_at_the_change_and_repeated_ones_the_first_time(
    zone: str, local: str, expected: str
) -> None:
    assert at(expected) == happens(zone, local)


@examples
@given(ZONES, DAYS, MINUTES)
def test_a_time_happens_when_the_wall_first_reads_it_or_later(zone: str, day: date, minute: int) -> None:
    meant = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)

    at_ms = instant_of(zone, day, minute)

    assert wall(zone, at_ms) >= meant
    # Nothing in the day and a half before, looked at quarter by quarter and just before, read as much.
    before = [at_ms - 1000, *(at_ms - 15 * MINUTE_MS * step for step in range(1, 150))]
    assert all(wall(zone, earlier_ms) < meant for earlier_ms in before)


@examples
@given(ZONES, DAYS, st.integers(0, 3 * MINUTES_A_DAY), st.integers(0, 3 * MINUTES_A_DAY))
def test_instants_rise_with_local_times(zone: str, day: date, one: int, other: int) -> None:
    earlier, later = sorted((one, other))

    assert instant_of(zone, day, earlier) <= instant_of(zone, day, later)


@examples
@given(
    ZONES, st.sets(st.integers(0, 6)), MINUTES, INSTANTS, st.lists(st.integers(0, 40 * DAY_MS), max_size=4)
)
def test_each_day_has_its_occurrence_once_however_the_time_is_cut(
    zone: str, weekdays: set[int], minute: int, start_ms: int, cuts: list[int]
) -> None:
    edges = [start_ms, *(start_ms + cut for cut in sorted(cuts)), start_ms + 40 * DAY_MS]
    first, last = local_day(zone, edges[0]) - timedelta(days=2), local_day(zone, edges[-1])
    days = [first + timedelta(days=n) for n in range((last - first).days + 3)]

    found = [
        occurrence
        for low, high in pairwise(edges)
        for occurrence in occurrences(zone, weekdays, minute, start_ms=low, end_ms=high)
    ]

    label = f"T{minute // 60:02d}:{minute % 60:02d}"
    assert found == [
        Occurrence(local=f"{day}{label}", at_ms=at_ms)
        for day in days
        if day.weekday() in weekdays and start_ms <= (at_ms := instant_of(zone, day, minute)) < edges[-1]
    ]


@examples
@given(ZONES, TIMETABLES, INSTANTS)
def test_the_entry_that_holds_began_last(zone: str, minutes: list[int], at_ms: int) -> None:
    began = [
        (occurrence.at_ms, occurrence.local, place)
        for place, minute in enumerate(minutes)
        for occurrence in occurrences(
            zone,
            {minute // MINUTES_A_DAY},
            minute % MINUTES_A_DAY,
            start_ms=at_ms - 10 * DAY_MS,
            end_ms=at_ms + 1,
        )
    ]
    since_ms, local, place = max(began)

    assert Turn(place=place, local=local, at_ms=since_ms) == turn_at(zone, minutes, at_ms)


@examples
@given(ZONES, TIMETABLES, INSTANTS)
def test_nothing_changes_before_the_next_turn(zone: str, minutes: list[int], after_ms: int) -> None:
    following = next_turn(zone, minutes, after_ms)

    assert following is not None
    assert following.at_ms > after_ms
    assert turn_at(zone, minutes, following.at_ms) == following
    assert turn_at(zone, minutes, following.at_ms - 1) == turn_at(zone, minutes, after_ms)


def test_an_empty_timetable_has_no_turns() -> None:
    assert turn_at("Europe/Sofia", (), at("2026-11-21T10:00")) is None
    assert next_turn("Europe/Sofia", (), at("2026-11-21T10:00")) is None


def test_the_week_begins_on_monday_on_the_wall() -> None:
    assert minute_of_week("Asia/Kathmandu", at("2026-11-22T18:15")) == 0
    assert minute_of_week("Asia/Kathmandu", at("2026-11-22T18:14")) == 7 * MINUTES_A_DAY - 1


@pytest.mark.parametrize("zone", ["", "Europe/Nowhere", "../etc/passwd", "Europe"])
def test_an_unknown_zone_is_named(zone: str) -> None:
    with pytest.raises(InvalidInput, match="time_zone"):
        instant_of(zone, date(2026, 1, 1), 0)
