"""The same seed gives the same data to the bit, whatever window it is asked for in."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from ownclimate.core.readings import Series
from ownclimate.sim.noise import Noise
from ownclimate.sim.plan import plan
from ownclimate.sim.simulate import live, simulate
from ownclimate.sim.timegrid import SEAM_MS, WEEK_MS, Grid
from ownclimate.sim.world import World
from tests.unit.sim.conftest import END_MS, SEED, START_MS, at_ms, gathered

WEEK_DIGEST = "3a52553be86de94b"
"""Of the week from 9 March 2026 with the tests' seed. A change of the simulation changes it, and then
the demo's history no longer joins what older versions recorded: change it knowingly."""


def _cut(series: Series, start_ms: int, end_ms: int) -> Series:
    inside = (series.times_ms >= start_ms) & (series.times_ms < end_ms)
    return Series(times_ms=series.times_ms[inside], columns={n: v[inside] for n, v in series.columns.items()})


def _same(one: dict[str, Series], other: dict[str, Series]) -> None:
    assert one.keys() == other.keys()
    for key, series in one.items():
        assert np.array_equal(series.times_ms, other[key].times_ms), key
        for name, values in series.columns.items():
            assert np.array_equal(values, other[key].columns[name], equal_nan=True), (key, name)


@pytest.mark.parametrize(
    ("start_ms", "end_ms"),
    [
        pytest.param(at_ms(2026, 3, 10, 7, 3), at_ms(2026, 3, 11, 19, 44), id="a day within a week"),
        pytest.param(at_ms(2026, 7, 2, 1, 58), at_ms(2026, 7, 10, 0, 1), id="across a week's seam"),
        pytest.param(at_ms(2026, 3, 28, 12), at_ms(2026, 3, 30, 12), id="across a change of clocks"),
        pytest.param(at_ms(2026, 5, 20), at_ms(2026, 5, 22), id="across two pieces of a year"),
    ],
)
def test_a_window_is_the_same_as_the_part_of_a_year(
    world: World, year: dict[str, Series], start_ms: int, end_ms: int
) -> None:
    part = gathered(world, start_ms, end_ms)

    _same(part, {key: _cut(series, start_ms, end_ms) for key, series in year.items()})


def test_another_seed_is_another_world(year: dict[str, Series], world: World) -> None:
    other = plan(SEED + 1)
    end_ms = START_MS + 3_600_000

    there = gathered(other, START_MS, end_ms)

    here = _cut(year["home/outdoor"], START_MS, end_ms)
    assert not np.array_equal(there["home/outdoor"].columns["temperature_c"], here.columns["temperature_c"])
    ids = {device.vendor_id for device in world.devices}
    assert ids.isdisjoint(device.vendor_id for device in other.devices)


def test_live_windows_join_without_gap_or_repetition(world: World, year: dict[str, Series]) -> None:
    start_ms = at_ms(2026, 6, 4, 1, 30)  # half an hour before a seam
    times: dict[str, list[int]] = {}
    for step in range(240):
        after_ms = start_ms + step * 15_000 - 1
        for series in live(world, after_ms, after_ms + 15_000):
            times.setdefault(series.device_key, []).extend(series.times_ms.tolist())

    end_ms = start_ms + 240 * 15_000
    expected = {key: _cut(series, start_ms, end_ms).times_ms.tolist() for key, series in year.items()}
    assert {k: t for k, t in times.items() if t} == {k: t for k, t in expected.items() if t}


def test_rooms_go_on_across_a_week_without_a_jump(year: dict[str, Series]) -> None:
    """Weeks are simulated apart, so what one leaves is not quite what the next begins with."""
    for key, series in year.items():
        if "temperature_c" not in series.columns or key == "home/outdoor":
            continue
        is_seam = np.diff((series.times_ms - SEAM_MS) // WEEK_MS) > 0
        is_short = np.diff(series.times_ms) < 1_300_000
        steps = np.abs(np.diff(series.columns["temperature_c"]))
        assert steps[is_seam & is_short].mean() < 0.15, key
        assert steps[is_seam & is_short].max() < 0.7, key


def test_a_week_is_what_it_was() -> None:
    digest = hashlib.blake2b(digest_size=8)
    for series in simulate(plan(SEED), at_ms(2026, 3, 9), at_ms(2026, 3, 16)):
        digest.update(series.times_ms.tobytes())
        for values in series.columns.values():
            digest.update(values.tobytes())

    assert digest.hexdigest() == WEEK_DIGEST


def test_an_empty_window_has_no_rows(world: World) -> None:
    assert list(simulate(world, END_MS, END_MS)) == []
    assert list(simulate(world, END_MS, END_MS - 1)) == []


def test_noise_is_the_same_at_a_place_wherever_one_starts() -> None:
    noise = Noise(3)

    whole = noise.normal("wind", 1_000_000, 400)

    assert np.array_equal(whole[150:250], noise.normal("wind", 1_000_150, 100))
    assert not np.array_equal(whole, noise.normal("rain", 1_000_000, 400))


def test_noise_has_mean_nought_and_variance_one() -> None:
    values = Noise(3).normal("wind", 0, 200_000)

    assert abs(values.mean()) < 0.01
    assert abs(values.std() - 1) < 0.01
    assert np.abs(values).max() < 3.5


def test_wander_remembers_as_long_as_it_is_told_and_no_longer() -> None:
    memory_s = 12 * 3_600
    values = Noise(3).wander("air mass", Grid(5_900_000, 288 * 2000), knot_s=3_600, memory_s=memory_s)

    def likeness(lag_s: int) -> float:
        lag = lag_s // 300
        return float(np.corrcoef(values[:-lag], values[lag:])[0, 1])

    assert abs(values.std() - 1) < 0.1
    assert abs(likeness(memory_s) - np.exp(-1)) < 0.07
    assert abs(likeness(6 * memory_s)) < 0.1
