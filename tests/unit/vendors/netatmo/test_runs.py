"""Rows as runs of equal spacing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownclimate.vendors.netatmo.face.history import runs
from ownclimate.vendors.netatmo.wire import MeasureRun


def shape(found: list[MeasureRun]) -> list[tuple[int, int, int]]:
    """Beginning, step (0 without) and length of each run."""
    return [(run.beg_time, run.step_time or 0, len(run.value)) for run in found]


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([5], [(5, 0, 1)], id="one"),
        pytest.param([0, 300, 600], [(0, 300, 3)], id="regular"),
        pytest.param([0, 300, 600, 3600, 3900], [(0, 300, 3), (3600, 300, 2)], id="gap"),
        pytest.param([0, 3600, 3900, 4200], [(0, 0, 1), (3600, 300, 3)], id="lone-value-before-a-gap"),
        pytest.param([0, 301, 600], [(0, 0, 1), (301, 299, 2)], id="jitter"),
    ],
)
def test_runs_of_measured_values(stamps: list[int], expected: list[tuple[int, int, int]]) -> None:
    assert shape(_runs(stamps)) == expected


def test_a_missing_bin_is_a_gap_even_where_spacing_stays_equal() -> None:
    assert shape(_runs([0, 7200, 14400], longest_s=3600)) == [(0, 0, 1), (7200, 0, 1), (14400, 0, 1)]


@given(st.lists(st.integers(0, 5000), unique=True).map(sorted), st.sampled_from([0, 300]))
def test_runs_hold_every_row_at_its_stamp(stamps: list[int], longest_s: int) -> None:
    found = _runs(stamps, longest_s)

    unrolled = [
        (run.beg_time + place * (run.step_time or 0), row)
        for run in found
        for place, row in enumerate(run.value)
    ]
    assert unrolled == [(stamp, [place]) for place, stamp in enumerate(stamps)]


def _runs(stamps: list[int], longest_s: int = 0) -> list[MeasureRun]:
    return runs(stamps, [[place] for place in range(len(stamps))], longest_s)
