"""Where buckets begin, by hand-checked calendar facts; loops over `datetime` check the rest elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ownclimate.store.buckets import Aggregator, bucket_starts, offsets_between


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def starts(instants: list[str], step: str, zone: str) -> list[str]:
    found = bucket_starts(np.array([at(text) for text in instants], np.int64), step, zone)
    return [datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M") for ms in found.tolist()]


@pytest.mark.parametrize(
    ("step", "zone", "instant", "start"),
    [
        pytest.param("30min", "Asia/Kathmandu", "2026-06-01T10:50", "2026-06-01T10:45", id="quarter offset"),
        pytest.param("1h", "Asia/Kolkata", "2026-06-01T10:20", "2026-06-01T09:30", id="half-hour offset"),
        pytest.param("1day", "Europe/Berlin", "2026-06-01T21:59", "2026-05-31T22:00", id="summer day"),
        pytest.param("1day", "Europe/Berlin", "2026-06-01T22:00", "2026-06-01T22:00", id="next summer day"),
        pytest.param("1week", "America/New_York", "2026-11-16T04:59", "2026-11-09T05:00", id="week, Sunday"),
        pytest.param("1week", "America/New_York", "2026-11-16T05:00", "2026-11-16T05:00", id="week, Monday"),
        pytest.param("1month", "Australia/Lord_Howe", "2026-03-31T12:00", "2026-02-28T13:00", id="month"),
        pytest.param("1month", "UTC", "1970-01-01T00:00", "1970-01-01T00:00", id="the epoch"),
        pytest.param("1week", "UTC", "1970-01-01T00:00", "1969-12-29T00:00", id="week of the epoch"),
    ],
)
def test_a_bucket_begins_at_the_zones_edge(step: str, zone: str, instant: str, start: str) -> None:
    assert starts([instant], step, zone) == [start]


def test_the_day_clocks_go_forward_has_23_hours() -> None:
    days = starts(["2026-03-28T23:00", "2026-03-29T21:59", "2026-03-29T22:00"], "1day", "Europe/Berlin")

    assert days == ["2026-03-28T23:00", "2026-03-28T23:00", "2026-03-29T22:00"]


def test_the_day_clocks_go_back_has_25_hours() -> None:
    days = starts(["2026-10-24T22:00", "2026-10-25T22:59", "2026-10-25T23:00"], "1day", "Europe/Berlin")

    assert days == ["2026-10-24T22:00", "2026-10-24T22:00", "2026-10-25T23:00"]


def test_three_hours_that_hold_a_repeated_hour_last_four() -> None:
    found = starts(["2026-10-24T22:00", "2026-10-25T01:59", "2026-10-25T02:00"], "3h", "Europe/Berlin")

    assert found == ["2026-10-24T22:00", "2026-10-24T22:00", "2026-10-25T02:00"]


def test_a_day_whose_midnight_is_skipped_begins_with_the_change() -> None:
    """Cairo's clocks go from 00:00 to 01:00 on 2026-04-24."""
    days = starts(["2026-04-23T21:59", "2026-04-23T22:00"], "1day", "Africa/Cairo")

    assert days == ["2026-04-22T22:00", "2026-04-23T22:00"]


def test_a_day_that_a_zone_skipped_has_no_bucket() -> None:
    """Samoa went from 2011-12-29 to 2011-12-31."""
    days = starts(["2011-12-30T09:59", "2011-12-30T10:00"], "1day", "Pacific/Apia")

    assert days == ["2011-12-29T10:00", "2011-12-30T10:00"]


def test_an_hour_follows_an_offset_that_moves_by_a_quarter() -> None:
    """Nepal moved from +5:30 to +5:45 with the year 1986, at 18:30 UTC."""
    found = starts(["1985-12-31T18:29", "1985-12-31T18:30", "1985-12-31T19:15"], "1h", "Asia/Kathmandu")

    assert found == ["1985-12-31T17:30", "1985-12-31T18:15", "1985-12-31T19:15"]


def test_changes_of_offset_are_found_across_years() -> None:
    changes, offsets = offsets_between("Europe/Berlin", at("2024-12-01T00:00"), at("2026-02-01T00:00"))

    inside = [(c, o) for c, o in zip(changes.tolist(), offsets[1:].tolist(), strict=True)]
    assert (at("2025-03-30T01:00"), 7_200_000) in inside
    assert (at("2025-10-26T01:00"), 3_600_000) in inside


def test_calm_does_not_turn_the_wind() -> None:
    aggregator = Aggregator(["wind_direction_deg"], ["circular_mean", "count"], "1h", "UTC")
    hour = at("2026-01-01T00:00")
    aggregator.add(
        np.array([hour, hour + 1, hour + 2]), {"wind_direction_deg": np.array([350.0, -1.0, 20.0])}
    )

    buckets = aggregator.result()

    assert buckets.columns["wind_direction_deg", "circular_mean"].round(6).tolist() == [5.0]
    assert buckets.columns["wind_direction_deg", "count"].tolist() == [3.0]


@pytest.mark.parametrize("cut", [1, 2, 5, 9])
def test_chunks_give_what_one_piece_gives(cut: int) -> None:
    functions = ("mean", "min", "max", "sum", "count", "first", "last", "min_at", "max_at", "circular_mean")
    times_ms = at("2026-01-01T00:00") + np.arange(10) * 700_000
    column = np.array([3.0, np.nan, 1.0, 1.0, np.nan, np.nan, np.nan, 9.0, 9.0, 2.0])
    whole = Aggregator(["co2_ppm"], functions, "1h", "UTC")
    whole.add(times_ms, {"co2_ppm": column})
    pieces = Aggregator(["co2_ppm"], functions, "1h", "UTC")
    for low in range(0, 10, cut):
        pieces.add(times_ms[low : low + cut], {"co2_ppm": column[low : low + cut]})

    expected, found = whole.result(), pieces.result()

    assert found.starts_ms.tolist() == expected.starts_ms.tolist()
    for key, values in expected.columns.items():
        np.testing.assert_allclose(found.columns[key], values, rtol=1e-12, err_msg=str(key))
