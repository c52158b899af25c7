"""Randomness that is addressed by position: value number n of a stream is the same in every window.

A stream is one PCG64 generator, entered at any position by `advance`. That works only while each
value uses up a fixed number of draws, which numpy's own normal distribution does not; sums of four
uniforms do, need no function whose last bit differs between processors, and stay within ±3.5 sigma.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from ownclimate.core.readings import Values
from ownclimate.sim.timegrid import STEP_S, Grid

DRAWS_A_NORMAL = 4
MEMORY_TAPS = 4
"""An autoregressive process is cut off after so many time constants: exp(-4) = 2 % of it is lost."""


@dataclass(frozen=True, slots=True)
class Noise:
    """The streams of one seed; a stream is named by a text."""

    seed: int

    def uniform(self, stream: str, first: int, count: int) -> Values:
        """Values number `first` to `first + count` of the stream, uniform in [0, 1)."""
        bits = np.random.PCG64(np.random.SeedSequence([self.seed, zlib.crc32(stream.encode())]))
        bits.advance(first)
        return np.random.Generator(bits).random(count)

    def normal(self, stream: str, first: int, count: int) -> Values:
        """The same for mean 0 and variance 1."""
        draws = self.uniform(stream, first * DRAWS_A_NORMAL, count * DRAWS_A_NORMAL)
        quarters = draws.reshape(count, DRAWS_A_NORMAL)
        total = (quarters[:, 0] + quarters[:, 1]) + (quarters[:, 2] + quarters[:, 3])
        # Four uniforms have mean 2 and variance 4/12.
        return np.asarray((total - 2.0) * np.sqrt(3.0))

    def wander(self, stream: str, grid: Grid, *, knot_s: int, memory_s: int) -> Values:
        """A first-order autoregressive process with mean 0 and variance 1, on every step of the grid.

        It is drawn at knots `knot_s` apart, remembers for about `memory_s`, and runs smoothly
        between the knots.
        """
        decay = float(np.round(np.exp(-knot_s / memory_s), 9))
        taps = max(1, round(MEMORY_TAPS * memory_s / knot_s))
        first = grid.first * STEP_S // knot_s - 1
        count = (grid.first + grid.count) * STEP_S // knot_s + 3 - first
        shocks = self.normal(stream, first - taps + 1, count + taps - 1)
        knots = np.zeros(count)
        weight, power = 1.0, 0.0
        for tap in range(taps):
            knots += weight * shocks[taps - 1 - tap : taps - 1 - tap + count]
            power += weight * weight
            weight *= decay
        return _between(knots / np.sqrt(power), grid, knot_s, first)


def _between(knots: Values, grid: Grid, knot_s: int, first: int) -> Values:
    """Catmull-Rom spline through the knots: passes through them, with continuous slope."""
    seconds = grid.steps() * STEP_S
    index = seconds // knot_s - first
    x = (seconds % knot_s) / knot_s
    before, left, right, after = knots[index - 1], knots[index], knots[index + 1], knots[index + 2]
    bend = 2 * before - 5 * left + 4 * right - after
    twist = 3 * (left - right) + after - before
    return np.asarray(left + 0.5 * x * (right - before + x * (bend + x * twist)))
