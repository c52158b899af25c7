"""Our own face as the vendor's cloud: what it answers is answered again by who collected from it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from tests.contract.vendors.test_netatmo_recordings import unexplained
from tests.contract.vendors.test_netatmo_there_and_back import JPEG, Server, pictured, targets
from tests.fakes import FakeClock
from tests.fakes.collecting import Collecting
from tests.fakes.live import passed_on, serving

TYPES = {
    "NAMain": "temperature,co2,humidity,pressure,noise",
    "NAModule1": "temperature,humidity",
    "NAModule2": "windstrength,windangle,guststrength,gustangle",
    "NAModule3": "rain",
    "NAModule4": "temperature,co2,humidity",
    "NHC": "temperature,co2,humidity,pressure,noise,health_idx",
}


@contextlib.asynccontextmanager
async def listening(server: Server) -> AsyncIterator[str]:
    """The server's face over HTTP, with a token of its household for whoever asks."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/oauth2/token":
            return web.json_response({"access_token": "ada", "refresh_token": "r", "expires_in": 10_800})
        found = await passed_on(request, server.client)
        headers = {"content-type": found.headers.get("content-type", "")}
        return web.Response(status=found.status, body=found.body, headers=headers)

    async with serving(answer) as url:
        yield url


async def measured(server: Server) -> dict[str, Any]:
    """By device the whole past of what measures weather and air."""
    found = {}
    for method in ("getstationsdata", "gethomecoachsdata"):
        for station in (await server.ask(method))["body"]["devices"]:
            for thing in (one for one in (station, *station.get("modules", ())) if one["data_type"]):
                query = f"device_id={station['_id']}&module_id={thing['_id']}&type={TYPES[thing['type']]}"
                answer = await server.ask(f"getmeasure?{query}&scale=max&optimize=false&date_begin=0")
                found[thing["_id"]] = answer["body"]
    return found


@pytest.fixture
async def pair(clock: FakeClock) -> tuple[Server, Server]:
    """One with a furnished household, and one that collected from it."""
    first, second = await Server.start(1, clock), await Server.start(2, clock)
    await first.furnish()
    async with listening(first) as url:
        secrets = {"client_secret": "s", "refresh_token": "r"}
        owner_id, limits = second.account.owner_id, ("10000/10",)
        household = await Collecting.into(
            second.ports, owner_id, "netatmo", url, clock, secrets, client_id="5f00", limits=limits
        )
        engine = await household.collect()
    assert not engine.live.last_error
    return first, second


def coarsen(body: dict[str, Any]) -> None:
    """Sensors of other makes measure in degrees Fahrenheit. What they measure now is told in tenths of a
    degree, and by getmeasure as it was measured; who has both tells the better one."""
    listed = [*body.get("devices", ()), body.get("home", {})]
    for module in (module for holder in listed for module in holder.get("modules", ())):
        for values in (module, module.get("dashboard_data", {})):
            values |= {
                name: round(values[name], 1) for name in ("Temperature", "temperature") if name in values
            }


async def test_who_collected_answers_as_the_cloud_does(pair) -> None:
    first, second = pair
    wrong = {}
    for target in await targets(first):
        if target == "gethomedata":
            continue  # Is being closed by the vendor, and is not collected.
        said, told = (await first.ask(target)).get("body", {}), (await second.ask(target)).get("body", {})
        assert len(pictured(said)) == len(pictured(told))
        for body in (said, told):
            # The cloud gives no order of stations.
            body.get("devices", []).sort(key=lambda device: device["_id"])
            coarsen(body)
        if differing := unexplained(said, told):
            wrong[target] = differing[:8]

    assert wrong == {}


async def test_its_past_and_its_pictures_came_along(pair) -> None:
    first, second = pair
    past = await measured(first)

    assert await measured(second) == past
    assert all(past.values())
    assert len(past) >= 6
    events = next(target for target in await targets(second) if target.startswith("getevents"))
    copies = pictured((await second.ask(events))["body"])
    assert copies
    for copy in copies:
        fetched = await second.client.get(copy["url"].removeprefix("http://climate.test"))
        assert (fetched.status, fetched.body) == (200, JPEG)
