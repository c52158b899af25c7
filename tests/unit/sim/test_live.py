"""Live readings reach the door once each, whatever the door does meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ownclimate.core.errors import InvalidInput, StoreUnavailable
from ownclimate.ingest.rows import parse_body
from ownclimate.sim.live import MAX_ROWS, bodies, run_live
from ownclimate.sim.simulate import SimSeries, simulate
from tests.fakes import FakeClock
from tests.unit.sim.conftest import WORLD, at_ms

Rows = dict[str, list[int]]
FAR_MS = at_ms(2027, 1, 1)


class Door:
    """Reads bodies as `/hooks/readings` does, and refuses what it is told to."""

    def __init__(self, refuse: Callable[[dict[str, Any]], None] = lambda body: None) -> None:
        self.rows: Rows = {}
        self._refuse = refuse

    async def post(self, body: dict[str, Any]) -> None:
        self._refuse(body)
        parsed = parse_body(json.dumps(body, allow_nan=False).encode(), now_ms=FAR_MS)
        assert not parsed.problems
        for group in parsed.groups:
            assert group.columns
            self.rows.setdefault(group.device, []).extend(group.times_ms.tolist())


class Sleeper:
    """Moves the clock instead of sleeping, and ends the run at a time."""

    def __init__(self, clock: FakeClock, until_ms: int) -> None:
        self.clock = clock
        self.until_ms = until_ms
        self.pauses_s: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.pauses_s.append(seconds)
        self.clock.advance(seconds)
        if self.clock.ms > self.until_ms:
            raise asyncio.CancelledError


async def _run(clock: FakeClock, door: Door, *, after_ms: int, seconds: float) -> tuple[Sleeper, list[str]]:
    sleeper = Sleeper(clock, clock.ms + round(seconds * 1000))
    troubles: list[str] = []
    with pytest.raises(asyncio.CancelledError):
        await run_live(WORLD, door.post, clock, after_ms=after_ms, sleep=sleeper, trouble=troubles.append)
    return sleeper, troubles


def _expected(after_ms: int, until_ms: int) -> Rows:
    found: Rows = {}
    for series in simulate(WORLD, after_ms + 1, until_ms + 1):
        if len(series.times_ms):
            found[WORLD.device(series.device_key).vendor_id] = series.times_ms.tolist()
    return found


async def test_every_reading_is_posted_once_when_it_is_due(clock: FakeClock) -> None:
    door = Door()
    start_ms = clock.ms

    sleeper, troubles = await _run(clock, door, after_ms=start_ms, seconds=1_200)

    assert door.rows == _expected(start_ms, clock.ms - round(sleeper.pauses_s[-1] * 1000))
    assert len(door.rows) > 15
    assert troubles == []


async def test_a_long_pause_is_made_up_for_in_columns(clock: FakeClock) -> None:
    door = Door()
    shapes: set[str] = set()
    door = Door(lambda body: shapes.update(body))
    after_ms = clock.ms - 7_200_000

    await _run(clock, door, after_ms=after_ms, seconds=1)

    assert door.rows == _expected(after_ms, clock.ms - 5_000)
    assert "columns" in shapes


async def test_what_the_door_cannot_take_now_is_posted_again_ever_more_slowly(clock: FakeClock) -> None:
    refusals = iter([StoreUnavailable("the disk is full"), ConnectionRefusedError("nobody there")] * 4)

    def refuse(body: dict[str, Any]) -> None:
        if (error := next(refusals, None)) is not None:
            raise error

    door = Door(refuse)
    after_ms = clock.ms - 600_000

    sleeper, troubles = await _run(clock, door, after_ms=after_ms, seconds=400)

    assert door.rows == _expected(after_ms, clock.ms - 5_000)
    assert sleeper.pauses_s[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert len(troubles) == 8


async def test_a_device_that_the_door_refuses_for_good_does_not_hold_up_the_others(
    clock: FakeClock,
) -> None:
    removed = WORLD.devices[0].vendor_id

    def refuse(body: dict[str, Any]) -> None:
        if removed in json.dumps(body):
            raise InvalidInput("device", "unknown")

    door = Door(refuse)
    after_ms = clock.ms - 1_200_000

    _, troubles = await _run(clock, door, after_ms=after_ms, seconds=1)

    expected = _expected(after_ms, clock.ms - 5_000)
    del expected[removed]
    assert door.rows == expected
    assert len(troubles) == 1


async def test_a_clock_set_back_posts_nothing_twice(clock: FakeClock) -> None:
    door = Door()
    after_ms = clock.ms
    clock.advance(-600)

    await _run(clock, door, after_ms=after_ms, seconds=900)

    times = [instant for instants in door.rows.values() for instant in instants]
    assert min(times) > after_ms
    assert all(len(set(instants)) == len(instants) for instants in door.rows.values())


def test_no_call_has_more_rows_than_the_door_takes() -> None:
    count = MAX_ROWS * 2 + 1
    series = SimSeries(
        device_key=WORLD.devices[0].key,
        times_ms=np.arange(count) * 300_000,
        columns={"temperature_c": np.where(np.arange(count) % 2, 20.5, np.nan)},
    )

    calls = list(bodies(WORLD, [series]))

    assert [len(call.get("columns", {}).get("at", [0])) for call in calls] == [MAX_ROWS, MAX_ROWS, 1]
    assert calls[0]["columns"]["temperature_c"][:2] == [None, 20.5]
