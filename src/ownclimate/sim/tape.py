"""Inputs of the loop over a week's steps, laid out so that a step of all weeks is one piece of memory."""

from __future__ import annotations

import numpy as np

from ownclimate.core.readings import Values
from ownclimate.sim.timegrid import STEPS_A_WEEK


class Tape:
    """An input, (weeks × steps, rooms), by step of the week: (weeks, rooms) at a time, without copies."""

    def __init__(self, values: Values) -> None:
        cube = values.reshape(-1, STEPS_A_WEEK, values.shape[1]).transpose(1, 0, 2)
        self._cube = np.ascontiguousarray(cube)

    def at(self, step: int) -> Values:
        """Of every week but the first; a step below 0 lies in the week before it, which warms up."""
        if step < 0:
            return self._cube[step + STEPS_A_WEEK, :-1]
        return self._cube[step, 1:]
