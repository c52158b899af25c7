"""Schedules in a running server: through midnight, clock changes, restarts and sudden death, once each."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ownclimate import data_folder
from ownclimate.config import Settings
from ownclimate.core.accounts import register_account
from ownclimate.core.commands import list_device_commands
from ownclimate.core.devices import create_device
from ownclimate.core.ids import OwnerId
from ownclimate.core.readings import Batch, OriginKind, origin_number
from ownclimate.core.routines import End, Plan, create_routine
from ownclimate.core.sites import create_site
from ownclimate.core.things import Ability, Device
from ownclimate.core.writes import Actor
from tests.fakes.processes import PROCESSES
from tests.fakes.server import Server
from tests.integration import timetable_child

ACTOR = Actor(via="test")
VALVE = frozenset({Ability.HEATING_SETPOINT})
EVERY_DAY = frozenset(range(7))
PATIENCE_S = 60
ROUNDS = 50 if os.environ.get("TEST_FULL") else 5


def trial(start: str, speed: int = 1) -> Settings:
    return Settings(clock_start=start, clock_speed=speed)


def serve(data: Path, start: str, speed: int) -> Server:
    return Server.start(data, OWNCLIMATE_CLOCK_START=start, OWNCLIMATE_CLOCK_SPEED=str(speed))


@contextlib.contextmanager
def working(data: Path, start: datetime, speed: int) -> Iterator[None]:
    """A process that works the timetable, and is killed in the end."""
    is_working = PROCESSES.Event()
    arguments = (data, trial(start.isoformat(), speed), start.isoformat(), is_working)
    child = PROCESSES.Process(target=timetable_child.run, args=arguments, daemon=True)
    child.start()
    assert is_working.wait(PATIENCE_S), "the child ended by itself; see its output"
    yield
    child.kill()
    child.join()


async def orders(data: Path, device: Device, since: str) -> list[Any]:
    """What the device was told since then, oldest first, by whom it was told it and its first field."""
    since_ms = round(datetime.fromisoformat(since).timestamp() * 1000)
    async with data_folder.open_ports(data, trial(since)) as ports:
        found = await list_device_commands(ports, device.owner_id, device.id, since_ms=since_ms, limit=500)
    return [(command.executor, next(iter(command.fields.values()))) for command in reversed(found)]


async def until(data: Path, device: Device, since: str, holds: Callable[[list[Any]], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds(await orders(data, device, since)):
        assert time.monotonic() < deadline, "the server does nothing"
        time.sleep(0.02)


async def test_nights_clock_changes_and_restarts_act_once(tmp_path: Path) -> None:
    """The same night Sofia's clocks go forward and Asunción's back. The server is stopped in the one's
    window and killed in the other's."""
    data, since = tmp_path / "data", "2022-03-26T12:00:00+00:00"
    async with data_folder.open_ports(data, trial(since)) as ports:
        account = await register_account(ports, ACTOR, email="ada@example.org", password_hash="-")
        owner_id = account.owner_id
        sofia = await _valve(ports, owner_id, "Europe/Sofia", "23:30", "03:30")
        asuncion = await _valve(ports, owner_id, "America/Asuncion", "23:15", "00:30")

    with serve(data, "2022-03-26T20:00:00Z", 7200):
        await until(data, sofia, since, partial(_has, 1))
    with serve(data, "2022-03-27T00:00:00Z", 7200) as server:
        await until(data, asuncion, since, partial(_has, 1))
        server.kill()
    with serve(data, "2022-03-27T02:45:00Z", 7200):
        await until(data, asuncion, since, partial(_has, 2))

    told = [target for _, target in await orders(data, sofia, since)]
    assert told == [21, 18]
    told = [target for _, target in await orders(data, asuncion, since)]
    assert told == [21, 18]


async def test_killed_around_each_due_minute_it_acts_once_on_every_occurrence(tmp_path: Path) -> None:
    data, since = tmp_path / "data", "2026-06-01T00:00:00+00:00"
    windows = -(-ROUNDS // 2)
    async with data_folder.open_ports(data, trial(since)) as ports:
        account = await register_account(ports, ACTOR, email="ada@example.org", password_hash="-")
        plug = await create_device(
            ports, account.owner_id, ACTOR, vendor="mclimate", model="smart_plug", vendor_id="PLUG1",
            abilities=frozenset({Ability.RELAY}),
        )  # fmt: skip
        for window in range(windows):
            plan = Plan(
                days=EVERY_DAY,
                from_minute=60 + window * 20,
                to_minute=70 + window * 20,
                target=1,
                at_end=End.OFF,
            )
            await create_routine(ports, account.owner_id, ACTOR, plan, device_id=plug.id)
    chance = random.Random(11)
    edges = [datetime(2026, 6, 1, 1, tzinfo=UTC) + timedelta(minutes=10 * number) for number in range(ROUNDS)]

    for number, edge in enumerate(edges):
        with working(data, edge - timedelta(seconds=15), 60):
            # What the one before it was killed over is still meant to hold, and done first.
            await until(data, plug, since, partial(_has, number))
            time.sleep(chance.random() * 0.5)
    with working(data, edges[-1] + timedelta(minutes=1), 1):
        await until(data, plug, since, partial(_has, ROUNDS))

    told = await orders(data, plug, since)
    assert [is_on for _, is_on in told] == [number % 2 == 0 for number in range(ROUNDS)]
    assert len({occurrence for occurrence, _ in told}) == ROUNDS


def _has(count: int, told: list[Any]) -> bool:
    return len(told) >= count


async def _valve(ports: Any, owner_id: OwnerId, zone: str, begin: str, end: str) -> Device:
    """A valve in a home of that zone that says it holds 18 °C, and is to hold 21 °C in between."""
    site = await create_site(ports, owner_id, ACTOR, name=zone, time_zone=zone)
    valve = await create_device(
        ports, owner_id, ACTOR, vendor="mclimate", model="vicki", vendor_id=f"V-{zone}", site_id=site.id,
        abilities=VALVE,
    )  # fmt: skip
    batch = Batch(
        device=valve.number,
        times_ms=np.array([ports.clock.now_ms()]),
        columns={"setpoint_c": np.array([18.0])},
        origin=origin_number(1, OriginKind.DEVICE),
        arrived_ms=ports.arrivals.next_ms(),
    )
    await ports.series.record([batch])
    minutes = [int(text[:2]) * 60 + int(text[3:]) for text in (begin, end)]
    plan = Plan(days=EVERY_DAY, from_minute=minutes[0], to_minute=minutes[1], target=21)
    await create_routine(ports, owner_id, ACTOR, plan, device_id=valve.id)
    return valve
