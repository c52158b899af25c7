"""Seconds for which a heater was on or off, from how large a share of a time it was on.

The vendor's thermostats count these seconds themselves; here a value says on or off at an instant, and
stands for the time since the value before it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ownclimate.core.ids import DeviceNumber
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Instants, Interval, Values
from ownclimate.vendors.netatmo.measuretypes import IDLE_SECONDS

LONGEST_MS: Final = 10 * 60_000
"""For how much time one value can stand: after a gap nobody knows what the heater did in it."""


def seconds(function: str, shares: Values, length_s: float | Values) -> Values:
    """`shares` are those of being on, `length_s` the seconds that each is a share of."""
    counted = 1 - shares if function == IDLE_SECONDS else shares
    return np.rint(counted * length_s)


async def lengths_s(ports: Ports, number: DeviceNumber, times_ms: Instants, shares: Values) -> Values:
    """For how many seconds each value stands; NaN where there is none."""
    lengths = np.full(len(times_ms), np.nan)
    is_known = ~np.isnan(shares)
    known_ms = times_ms[is_known]
    if not len(known_ms):
        return lengths
    first_ms = int(known_ms[0])
    interval = Interval(start_ms=first_ms - LONGEST_MS, end_ms=first_ms)
    before = await ports.series.read(number, interval, ["heating_on"], limit=1, newest=True)
    begin_ms = int(before.times_ms[0]) if len(before) else first_ms - LONGEST_MS
    lengths[is_known] = np.minimum(np.diff(known_ms, prepend=begin_ms), LONGEST_MS) / 1000
    return lengths
