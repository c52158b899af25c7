"""Two servers: the demo as the vendor's cloud, whose simulated devices follow orders, and a household whose
app switches them; a kill at the worst moment between."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.fakes.broker import find_mosquitto
from tests.fakes.demo_cloud import sign_in
from tests.fakes.faulty_cloud import FaultyCloud
from tests.fakes.server import Server, run, run_json

EMAIL = "ada@example.org"
WAIT_S = 40
READ_AT_MOST = "36/3600"
"""Calls: so few that reading the past is soon over, for an hour."""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    find_mosquitto()
    with Server.start(tmp_path_factory.mktemp("cloud") / "data", "--demo") as running:
        yield running


@pytest.fixture
async def way(cloud: Server) -> AsyncIterator[FaultyCloud]:
    async with FaultyCloud(cloud.url).listening() as listening:
        yield listening


@dataclass
class Household:
    data: Path
    token: str
    server: Server

    def start(self) -> None:
        self.server = Server.start(self.data)

    async def ask(self, target: str, body: Any = None) -> Any:
        method = "GET" if body is None else "POST"
        answer = await asyncio.to_thread(
            self.server.request, method, f"/api/{target}", body, token=self.token
        )
        return answer.json

    async def command(self) -> dict[str, Any]:
        """The one that was given last."""
        (found, *_) = await asyncio.to_thread(run_json, self.data, "command", "list")
        return dict(found)


@pytest.fixture
async def household(cloud: Server, way: FaultyCloud, tmp_path: Path) -> AsyncIterator[Household]:
    made = await asyncio.to_thread(connected, cloud, way.url, tmp_path / "data")
    yield made
    await asyncio.to_thread(made.server.stop)


def connected(cloud: Server, url: str, data: Path) -> Household:
    access = sign_in(cloud, "read_station read_thermostat write_thermostat")
    run(data, "user", "add", EMAIL, stdin="correct horse battery\n")
    run(
        data,
        *("source", "add", "netatmo", "--owner", EMAIL, "--client-id", access["client_id"], "--relay"),
        *("--base-url", url, "--limit", READ_AT_MOST),
        stdin=f"{access['client_secret']}\n{access['refresh_token']}\n",
    )
    token = run_json(data, "token", "add", "--owner", EMAIL, "--name", "app")["token"]
    return Household(data, token, Server.start(data))


async def until(is_so: Callable[[], Any], last: Any = None) -> Any:
    deadline_s = time.monotonic() + WAIT_S
    while time.monotonic() < deadline_s:
        found = await is_so()
        if found:
            return found
        await asyncio.sleep(0.5)
    raise AssertionError(f"it did not come to be: {await last()}" if last else "it did not come to be")


async def room_of(cloud: Server, home_id: str, room_id: str) -> dict[str, Any]:
    token = json.loads((cloud.data / "demo.json").read_text())["token"]
    path = f"/api/homestatus?home_id={home_id}"
    answer = await asyncio.to_thread(cloud.request, "GET", path, token=token)
    return next(found for found in answer.json["body"]["home"]["rooms"] if found["id"] == room_id)


async def test_an_apps_order_reaches_the_cloud_past_all_reading_and_outlives_a_kill(
    cloud, way, household
) -> None:
    async def heated() -> tuple[str, str] | None:
        homes = (await household.ask("homesdata"))["body"]["homes"]
        valves = [
            (home["id"], m["room_id"])
            for home in homes
            for m in home.get("modules", ())
            if m["type"] == "NRV"
        ]
        return valves[0] if valves else None

    home_id, room_id = await until(heated)
    await until(lambda: is_waiting(household))

    target = f"setroomthermpoint?home_id={home_id}&room_id={room_id}&mode=manual"
    assert (await household.ask(f"{target}&temp=24.5", {}))["status"] == "ok"
    await until(lambda: has_become(household, "confirmed"), household.command)
    assert (await room_of(cloud, home_id, room_id))["therm_setpoint_temperature"] == 24.5

    way.spoil("setroomthermpoint", dying(household))
    assert (await household.ask(f"{target}&temp=12.5", {}))["status"] == "ok"
    await until(lambda: is_dead(household))
    assert (await room_of(cloud, home_id, room_id))["therm_setpoint_temperature"] == 12.5
    assert (await household.command())["state"] == "sending"
    await asyncio.to_thread(household.start)
    await until(lambda: has_become(household, "confirmed"), household.command)

    assert way.calls["setroomthermpoint"] == 2
    assert way.statuses[429] == 0


def dying(household: Household) -> Callable[[bytes], web.Response | None]:
    def fault(_: bytes) -> None:
        household.server.kill()

    return fault


async def is_waiting(household: Household) -> bool:
    (status,) = await asyncio.to_thread(run_json, household.data, "sync", "status")
    return str(status["state"]).startswith("waits, so as not to ask more")


async def has_become(household: Household, state: str) -> bool:
    return (await household.command())["state"] == state


async def is_dead(household: Household) -> bool:
    return household.server.process.poll() is not None
