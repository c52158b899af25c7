"""Series of simulated devices over any window, and what falls due from moment to moment."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ownclimate.core.readings import Instants, Values
from ownclimate.sim import instruments
from ownclimate.sim.climate import SiteClimate, site_climate
from ownclimate.sim.noise import Noise
from ownclimate.sim.standing import Orders
from ownclimate.sim.timegrid import DAY_S, STEP_MS, Weeks, weeks_of
from ownclimate.sim.world import SimDevice, SimSite, World

DAY_MS = DAY_S * 1000
OUTAGE_DRAWS = 3
DEVICE_OUTAGES_A_DAY = 0.018
"""Batteries being changed, a module out of reach: six or seven a year each."""
SITE_OUTAGES_A_DAY = 0.006
"""The line or the power fails for the whole site: two a year."""
SHORTEST_OUTAGE_MS = 20 * 60_000
LONGEST_OUTAGE_MS = 30 * 3_600_000
SPAN_WEEKS = 27
"""Weeks simulated side by side: half a year needs some 60 MB while it is worked on."""
KEPT_WEEKS = 4
"""Single weeks that are remembered: this one and the next, for two sites."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimSeries:
    """Rows of one device in time order; NaN where a row lacks a quantity."""

    device_key: str
    times_ms: Instants
    columns: dict[str, Values]


def simulate(world: World, start_ms: int, end_ms: int, orders: Orders = ()) -> Iterator[SimSeries]:
    """Every device's rows in `[start_ms, end_ms)`, the same to the bit as in any other window.

    `orders` are what devices were told. One changes nothing before the step in which it was given.

    They come in pieces of at most half a year, in time order. A device without a row due in a piece
    is left out; one whose rows are all lost has none.
    """
    for piece in _pieces(start_ms, end_ms):
        for site in world.sites:
            devices = world.devices_at(site.key)
            keys = {device.key for device in devices}
            given = tuple(order for order in orders if order.device in keys)
            climate = (_week if piece.weeks.count == 1 else site_climate)(world, site, piece.weeks, given)
            for device in devices:
                first, times_ms = _due(world, device, piece.start_ms, piece.end_ms)
                if len(times_ms):
                    yield _measure(world, device, climate, first, times_ms, given)


def live(world: World, after_ms: int, until_ms: int, orders: Orders = ()) -> Iterator[SimSeries]:
    """The rows that fell due after `after_ms`, up to and with `until_ms`.

    Cheap within a week once asked for: the weeks around now are remembered, until a device gets an order.
    """
    return simulate(world, after_ms + 1, until_ms + 1, orders)


@lru_cache(maxsize=KEPT_WEEKS)
def _week(world: World, site: SimSite, weeks: Weeks, orders: Orders) -> SiteClimate:
    return site_climate(world, site, weeks, orders)


def _measure(
    world: World, device: SimDevice, climate: SiteClimate, first: int, times_ms: Instants, orders: Orders
) -> SimSeries:
    rows = instruments.Rows(
        device=device,
        noise=Noise(world.seed),
        site=climate,
        altitude_m=world.site(device.site).place.altitude_m or 0.0,
        first=first,
        times_ms=times_ms,
        steps=times_ms // STEP_MS - climate.weeks.grid().first,
        orders=tuple(order for order in orders if order.device == device.key),
    )
    arrives = _arrives(rows)
    return SimSeries(
        device_key=device.key,
        times_ms=times_ms[arrives],
        columns={name: values[arrives] for name, values in instruments.columns(rows).items()},
    )


def _due(world: World, device: SimDevice, start_ms: int, end_ms: int) -> tuple[int, Instants]:
    """The number of the first row in the window, and when each row is measured."""
    step_ms = device.step_s * 1000
    early_ms = math.ceil(device.jitter_s) * 1000
    first = (start_ms - device.phase_s * 1000 - early_ms) // step_ms
    last = (end_ms - device.phase_s * 1000 + early_ms) // step_ms
    numbers = np.arange(first, last + 1)
    shake = 2 * Noise(world.seed).uniform(f"{device.key}/clock", first, len(numbers)) - 1
    # Whole seconds, as devices' clocks tell them.
    seconds = device.phase_s + np.rint(shake * device.jitter_s).astype(np.int64)
    times_ms = numbers * step_ms + seconds * 1000
    inside = np.flatnonzero((times_ms >= start_ms) & (times_ms < end_ms))
    if not len(inside):
        return first, times_ms[:0]
    return first + int(inside[0]), times_ms[inside]


def _arrives(rows: instruments.Rows) -> npt.NDArray[np.bool_]:
    """Which rows reach the owner; `rows` is not empty."""
    device, times_ms = rows.device, rows.times_ms
    arrives = rows.chance("loss") >= device.loss
    for stream, a_day in ((device.key, DEVICE_OUTAGES_A_DAY), (device.site, SITE_OUTAGES_A_DAY)):
        for start_ms, end_ms in _outages(rows.noise, stream, a_day, int(times_ms[0]), int(times_ms[-1])):
            arrives &= (times_ms < start_ms) | (times_ms >= end_ms)
    return arrives


def _outages(
    noise: Noise, stream: str, a_day: float, first_ms: int, last_ms: int
) -> Iterator[tuple[int, int]]:
    """When nothing is heard, `[start, end)`: all that touch the time between, and some more."""
    day = (first_ms - LONGEST_OUTAGE_MS) // DAY_MS
    days = last_ms // DAY_MS - day + 1
    draws = noise.uniform(f"{stream}/outage", day * OUTAGE_DRAWS, days * OUTAGE_DRAWS)
    for number, (happens, when, length) in enumerate(draws.reshape(days, OUTAGE_DRAWS)):
        if happens < a_day:
            start_ms = (day + number) * DAY_MS + int(when * DAY_MS)
            # Most last an hour or two, few a whole day.
            yield start_ms, start_ms + SHORTEST_OUTAGE_MS + int(length**3 * LONGEST_OUTAGE_MS * 0.9)


@dataclass(frozen=True, slots=True)
class _Piece:
    weeks: Weeks
    start_ms: int
    end_ms: int


def _pieces(start_ms: int, end_ms: int) -> Iterator[_Piece]:
    if start_ms >= end_ms:
        return
    whole = weeks_of(start_ms, end_ms)
    last = whole.first + whole.count
    for first in range(whole.first, last, SPAN_WEEKS):
        weeks = Weeks(first, min(SPAN_WEEKS, last - first))
        yield _Piece(weeks, max(start_ms, weeks.start_ms), min(end_ms, weeks.end_ms))
