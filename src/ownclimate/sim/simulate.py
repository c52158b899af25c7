"""Series of simulated devices over any window, and what falls due from moment to moment."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ownclimate.core.readings import Instants, Values
from ownclimate.sim import instruments
from ownclimate.sim.climate import SiteClimate, site_climate
from ownclimate.sim.noise import Noise
from ownclimate.sim.timegrid import DAY_S, STEP_MS, STEPS_A_WEEK, Weeks, weeks_of
from ownclimate.sim.world import SimDevice, SimSite, World

DAY_MS = DAY_S * 1000
OUTAGE_DRAWS = 3
DEVICE_OUTAGES_A_DAY = 0.018
"""Batteries being changed, a module out of reach: six or seven a year each."""
SITE_OUTAGES_A_DAY = 0.006
"""The line or the power fails for the whole site: two a year."""
LONGEST_OUTAGE_MS = 30 * 3_600_000
SPAN_WEEKS = 27
"""Weeks simulated side by side: half a year needs some 60 MB while it is worked on."""
KEPT_WEEKS = 4
"""Single weeks a `Simulation` remembers: this one and the next, for two sites."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimSeries:
    """Rows of one device in time order; NaN where a row lacks a quantity."""

    device_key: str
    times_ms: Instants
    columns: dict[str, Values]


class Simulation:
    """A world with the weeks around now worked out, so that asking for the last seconds is cheap."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._noise = Noise(world.seed)
        self._weeks: OrderedDict[tuple[str, Weeks], SiteClimate] = OrderedDict()

    def series(self, start_ms: int, end_ms: int) -> Iterator[SimSeries]:
        """Every device's rows in `[start_ms, end_ms)`, in pieces of at most half a year.

        Pieces come in time order; devices without a row in a piece are left out.
        """
        for piece in _pieces(start_ms, end_ms):
            for site in self.world.sites:
                climate = self._climate(site, piece.weeks)
                for device in self.world.devices_at(site.key):
                    series = self._measure(device, site, climate, piece)
                    if len(series.times_ms):
                        yield series

    def _climate(self, site: SimSite, weeks: Weeks) -> SiteClimate:
        if weeks.count > 1:
            return site_climate(self.world, site, weeks)
        key = (site.key, weeks)
        if key not in self._weeks:
            self._weeks[key] = site_climate(self.world, site, weeks)
            while len(self._weeks) > KEPT_WEEKS:
                self._weeks.popitem(last=False)
        return self._weeks[key]

    def _measure(self, device: SimDevice, site: SimSite, climate: SiteClimate, piece: _Piece) -> SimSeries:
        first, times_ms = self._due(device, piece.start_ms, piece.end_ms)
        steps = times_ms // STEP_MS - climate.weeks.first * STEPS_A_WEEK
        rows = instruments.Rows(
            device=device,
            noise=self._noise,
            site=climate,
            altitude_m=site.place.altitude_m or 0.0,
            first=first,
            times_ms=times_ms,
            steps=steps,
        )
        arrives = self._arrives(device, first, times_ms)
        columns = instruments.columns(rows)
        return SimSeries(
            device_key=device.key,
            times_ms=times_ms[arrives],
            columns={name: values[arrives] for name, values in columns.items()},
        )

    def _due(self, device: SimDevice, start_ms: int, end_ms: int) -> tuple[int, Instants]:
        """The number of the first row in the window, and when each row is measured."""
        step_ms = device.step_s * 1000
        slack_ms = round((device.phase_s + device.jitter_s) * 1000)
        first = (start_ms - slack_ms) // step_ms - 1
        last = (end_ms + round(device.jitter_s * 1000)) // step_ms + 1
        numbers = np.arange(first, last + 1)
        shaken = (2 * self._noise.uniform(f"{device.key}/clock", first, len(numbers)) - 1) * device.jitter_s
        # Whole seconds, as devices' clocks tell them.
        times_ms = numbers * step_ms + (device.phase_s + np.rint(shaken).astype(np.int64)) * 1000
        inside = np.flatnonzero((times_ms >= start_ms) & (times_ms < end_ms))
        if not len(inside):
            return first, times_ms[:0]
        return first + int(inside[0]), times_ms[inside]

    def _arrives(self, device: SimDevice, first: int, times_ms: Instants) -> npt.NDArray[np.bool_]:
        arrives = self._noise.uniform(f"{device.key}/loss", first, len(times_ms)) >= device.loss
        if not len(times_ms):
            return arrives
        for stream, a_day in ((device.key, DEVICE_OUTAGES_A_DAY), (device.site, SITE_OUTAGES_A_DAY)):
            for start_ms, end_ms in self._outages(stream, a_day, int(times_ms[0]), int(times_ms[-1])):
                arrives &= (times_ms < start_ms) | (times_ms >= end_ms)
        return arrives

    def _outages(self, stream: str, a_day: float, first_ms: int, last_ms: int) -> list[tuple[int, int]]:
        day = (first_ms - LONGEST_OUTAGE_MS) // DAY_MS
        days = last_ms // DAY_MS - day + 1
        draws = self._noise.uniform(f"{stream}/outage", day * OUTAGE_DRAWS, days * OUTAGE_DRAWS)
        outages = []
        for number, (happens, when, length) in enumerate(draws.reshape(days, OUTAGE_DRAWS)):
            if happens < a_day:
                start_ms = (day + number) * DAY_MS + int(when * DAY_MS)
                # Most last an hour or two, few a whole day.
                outages.append((start_ms, start_ms + 1_200_000 + int(length**3 * LONGEST_OUTAGE_MS * 0.9)))
        return outages


def simulate(world: World, start_ms: int, end_ms: int) -> Iterator[SimSeries]:
    """Every device's rows in `[start_ms, end_ms)`: the same to the bit as in any other window."""
    return Simulation(world).series(start_ms, end_ms)


def live(simulation: Simulation, after_ms: int, until_ms: int) -> Iterator[SimSeries]:
    """The rows that fell due after `after_ms`, up to and with `until_ms`."""
    return simulation.series(after_ms + 1, until_ms + 1)


@dataclass(frozen=True, slots=True)
class _Piece:
    weeks: Weeks
    start_ms: int
    end_ms: int


def _pieces(start_ms: int, end_ms: int) -> Iterator[_Piece]:
    if start_ms >= end_ms:
        return
    week_ms = STEPS_A_WEEK * STEP_MS
    whole = weeks_of(start_ms, end_ms)
    last = whole.first + whole.count
    for first in range(whole.first, last, SPAN_WEEKS):
        weeks = Weeks(first, min(SPAN_WEEKS, last - first))
        end = (weeks.first + weeks.count) * week_ms
        yield _Piece(weeks, max(start_ms, first * week_ms), min(end_ms, end))
