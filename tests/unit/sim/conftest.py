"""One year of the demo's world, simulated once for all tests that look at it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ownclimate.core.readings import Series
from ownclimate.sim.plan import plan
from ownclimate.sim.simulate import simulate
from ownclimate.sim.standing import Orders
from ownclimate.sim.world import World

SEED = 7
WORLD = plan(SEED)


def at_ms(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp() * 1000)


START_MS = at_ms(2025, 11, 20)
END_MS = at_ms(2026, 11, 20)


def gathered(world: World, start_ms: int, end_ms: int, orders: Orders = ()) -> dict[str, Series]:
    """All pieces of each device, joined."""
    pieces: dict[str, list[Series]] = {}
    for series in simulate(world, start_ms, end_ms, orders):
        joined = Series(times_ms=series.times_ms, columns=series.columns)
        pieces.setdefault(series.device_key, []).append(joined)
    return {
        key: Series(
            times_ms=np.concatenate([part.times_ms for part in parts]),
            columns={
                name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns
            },
        )
        for key, parts in pieces.items()
    }


@pytest.fixture(scope="session")
def world() -> World:
    return WORLD


@pytest.fixture(scope="session")
def year(world: World) -> dict[str, Series]:
    return gathered(world, START_MS, END_MS)
