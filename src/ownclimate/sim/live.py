"""Goes on living: posts each reading when it falls due, to the door that real devices use."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from ownclimate.core.errors import AppError, InvalidInput
from ownclimate.core.ids import Clock
from ownclimate.sim.devices import SimulatedDevices
from ownclimate.sim.simulate import SimSeries, live
from ownclimate.sim.standing import Orders
from ownclimate.sim.world import World

Post = Callable[[dict[str, Any]], Awaitable[None]]
"""Posts one body to `/hooks/readings` and returns once it is stored.

Raises InvalidInput when repeating the call is useless (the door answered 400 or 413), any other
AppError or OSError when it should be repeated.
"""
Trouble = Callable[[str], None]

PERIOD_S = 5.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
MAX_ROWS = 10_000
"""As many as the door takes in one call."""


async def run_live(
    world: World,
    post: Post,
    clock: Clock,
    *,
    after_ms: int,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    trouble: Trouble = lambda message: None,
    devices: SimulatedDevices | None = None,
) -> None:
    """Posts every reading due after `after_ms`, for ever; cancel it to stop.

    `devices` have been told something, and take note of what they measure.

    What cannot be delivered is tried again, ever more slowly, and nothing that came due meanwhile is
    lost. What the door refuses for good (a device that its owner removed) is reported and dropped.
    """
    while True:
        until_ms = clock.now_ms()
        if until_ms > after_ms:
            # A new week is worked out in some tenths of a second, too long for an event loop.
            orders = () if devices is None else devices.orders
            due = await asyncio.to_thread(_due, world, after_ms, until_ms, orders)
            for series in due:
                if devices is not None:
                    devices.see(series)
                for body in bodies(world, [series]):
                    await _deliver(body, post, sleep, trouble)
            after_ms = until_ms
        await sleep(PERIOD_S)


def _due(world: World, after_ms: int, until_ms: int, orders: Orders) -> list[SimSeries]:
    return list(live(world, after_ms, until_ms, orders))


def bodies(world: World, due: list[SimSeries]) -> Iterator[dict[str, Any]]:
    """The door's JSON for the series, a call a device: a single row as a row, more as columns."""
    for series in due:
        device = world.device(series.device_key).vendor_id
        count = len(series.times_ms)
        if count == 1:
            yield {"readings": [_row(device, series)]}
            continue
        for start in range(0, count, MAX_ROWS):
            rows = slice(start, start + MAX_ROWS)
            cells = {name: _cells(values[rows].tolist()) for name, values in series.columns.items()}
            yield {"columns": {"device": device, "at": series.times_ms[rows].tolist(), **cells}}


def _row(device: str, series: SimSeries) -> dict[str, Any]:
    values = {name: float(values[0]) for name, values in series.columns.items()}
    present = {name: value for name, value in values.items() if not math.isnan(value)}
    return {"device": device, "at": int(series.times_ms[0]), **present}


def _cells(values: list[float]) -> list[float | None]:
    """JSON has no NaN."""
    return [None if math.isnan(value) else value for value in values]


async def _deliver(
    body: dict[str, Any], post: Post, sleep: Callable[[float], Awaitable[None]], trouble: Trouble
) -> None:
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            return await post(body)
        except InvalidInput as error:
            return trouble(f"a simulated reading was refused: {error}")
        except (AppError, OSError) as error:
            trouble(f"a simulated reading could not be delivered yet: {error}")
        await sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
