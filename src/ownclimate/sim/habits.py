"""What people do to rooms, and how days are drawn.

Every day of every person is drawn from the day's own place in a stream, so a day is the same in
whatever window it is looked at. Times of day are minutes since local midnight.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ownclimate.core.readings import Instants, Values
from ownclimate.sim.noise import Noise
from ownclimate.sim.timegrid import LocalTime

Flags = npt.NDArray[np.bool_]

HOUR = 60
"""Minutes, for times of day: 7 * HOUR is seven o'clock."""
DRAWS_A_DAY = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Habits:
    """For every step (rows) and room (columns)."""

    awake: Values
    """How many people."""
    asleep: Values
    window: Values
    """0 shut, 1 wide open."""
    cooking: Values
    """1 while somebody cooks."""
    setpoint_c: Values
    setpoint_cool_c: Values


def daily_draws(noise: Noise, stream: str, time: LocalTime) -> Values:
    """For every step the four draws of its local day: an array (4, steps)."""
    return _draws(noise, stream, time.day)


def weekly_draws(noise: Noise, stream: str, time: LocalTime) -> Values:
    """The same of its local week from Monday."""
    return _draws(noise, stream, (time.day + 3) // 7)


def is_between(minute: Instants, start: Values | float, end: Values | float) -> Flags:
    return np.asarray((minute >= start) & (minute < end))


def _draws(noise: Noise, stream: str, number: Instants) -> Values:
    first, last = int(number[0]), int(number[-1])
    draws = noise.uniform(stream, first * DRAWS_A_DAY, (last - first + 1) * DRAWS_A_DAY)
    return np.asarray(draws.reshape(-1, DRAWS_A_DAY)[number - first].T)
