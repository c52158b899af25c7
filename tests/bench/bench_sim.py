"""How fast the simulator makes the demo's history, and what a live tick costs.

Baseline: the same weeks one after another. The rooms' feedback forces a loop over time, so what is
measured is what simulating the weeks side by side brings.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from ownclimate.sim.plan import plan
from ownclimate.sim.simulate import SimSeries, live, simulate
from ownclimate.sim.timegrid import WEEK_MS, Weeks

WEEKS_A_YEAR = 52
BASELINE_WEEKS = 4
FIRST = Weeks(2_914, 1)
"""Begins in November 2025."""
TICKS = 50
TICK_MS = 5_000


def main() -> None:
    world = plan(1)
    start_ms = FIRST.start_ms
    end_ms = start_ms + WEEKS_A_YEAR * WEEK_MS
    count, year_s = _timed(lambda: simulate(world, start_ms, end_ms))
    baseline_s = 0.0
    for week in range(BASELINE_WEEKS):
        week_ms = start_ms + week * WEEK_MS
        baseline_s += _timed(lambda week_ms=week_ms: simulate(world, week_ms, week_ms + WEEK_MS))[1]
    baseline_year_s = baseline_s / BASELINE_WEEKS * WEEKS_A_YEAR
    print(f"sim: a year of {len(world.devices)} devices, weeks side by side")
    print(f"  {1 / year_s:6.2f} years/s   {count / year_s / 1e6:6.2f} M values/s   ({year_s:.2f} s a year)")
    print("sim: the same, one week after another (baseline, from four weeks)")
    print(
        f"  {1 / baseline_year_s:6.2f} years/s   side by side is {baseline_year_s / year_s:.1f} times as fast"
    )
    _, first_s = _timed(lambda: live(world, end_ms + WEEK_MS, end_ms + WEEK_MS + TICK_MS))
    ticks_s = 0.0
    for tick in range(1, TICKS + 1):
        after_ms = end_ms + WEEK_MS + tick * TICK_MS
        ticks_s += _timed(lambda after_ms=after_ms: live(world, after_ms, after_ms + TICK_MS))[1]
    print("sim: a live tick of 5 s")
    print(f"  {ticks_s / TICKS * 1000:6.2f} ms, the first of a week {first_s * 1000:.0f} ms")


def _timed(run: Callable[[], Iterable[SimSeries]]) -> tuple[int, float]:
    """How many values came, and seconds of the processor's time: other processes do not count."""
    start_s = time.process_time()
    count = sum(len(series.times_ms) * len(series.columns) for series in run())
    return count, time.process_time() - start_s


if __name__ == "__main__":
    main()
