"""Published clients of MClimate's API, unmodified but for its address, and a HAL client of anybody's."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import mclimate.async_wrapper
import melissa.wrapper
import pytest

from ownclimate.authorization import open_authorization, with_token_doors
from ownclimate.config import Settings
from ownclimate.core.access import Access
from ownclimate.core.accounts import set_password
from ownclimate.core.orders import SET_AIR_CONDITIONER, SET_RELAY
from ownclimate.core.sites import create_room, create_site, edit_site
from ownclimate.oauth.passwords import hash_password
from ownclimate.oauth.tokens import check
from ownclimate.vendors.mclimate.face.dialect import mclimate_dialect
from ownclimate.vendors.mclimate.face.parts import SPACE, SPACES
from ownclimate.vendors.mclimate.firmware import request_update
from ownclimate.web.dispatch import Application
from tests.contract.vendors.mclimate_world import World
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.carriers import delivering
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.live import listening

HERE = Path(__file__).parent
MODULES = HERE.parents[1] / "node_modules"
EMAIL, PASSWORD = "ada@example.org", "correct horse battery"


@pytest.fixture
async def world(clock: FakeClock, entropy: SeededEntropy) -> World:
    households = Households(memory_ports(clock, entropy))
    account = await households.add("ada")
    await set_password(households.ports, account.id, await hash_password(PASSWORD))
    return World(households)


@pytest.fixture
async def address(world: World, tmp_path: Path) -> AsyncIterator[str]:
    """Where MClimate's API answers, its tokens included; a household's name is a token too."""
    authorization = open_authorization(world.ports, tmp_path, Settings())
    faces = with_token_doors(authorization, [mclimate_dialect()])

    async def authenticate(token: str) -> Access:
        if token in world.households.accesses:
            return await world.households.authenticate(token)
        now_ms = world.ports.clock.now_ms()
        return await check(world.ports.directory, authorization.dialects, token, now_ms)

    application = Application(
        dialects=faces, ports=world.ports, authenticators={"token": authenticate}, observers=[]
    )
    async with listening(application) as url:
        yield url


async def test_melissas_own_library_reads_and_switches_the_airconditioner(
    world: World, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(melissa.wrapper, "MELISSA_URL", f"{address}/v1/%s")
    device = await world.heard(await world.device("melissa"), temperature_c=21.5, humidity_pct=40)
    await world.heard(await world.device("bobbie"), temperature_c=19, relay_on=1)

    def use() -> tuple[object, ...]:
        client = melissa.wrapper.Melissa(username=EMAIL, password=PASSWORD)
        devices, status = client.fetch_devices(), client.status()
        sent = client.send("melissa1", state_data={"temp": "23", "mode": client.MODE_COOL})
        return devices, status, sent, client.cur_settings("melissa1")

    async with delivering(world.ports, world.carrier):
        devices, status, sent, settings = await asyncio.to_thread(use)

    assert devices.keys() == {"melissa1", "bobbie1"}
    assert status["melissa1"]["temp"] == 21.5
    assert status["bobbie1"]["relay_state"] == 1
    assert sent is True
    on = {"is_on": True, "mode": "cool", "temperature_c": 23.0, "fan": "medium"}
    assert world.carrier.handed == [(device.vendor_id, SET_AIR_CONDITIONER, on)]
    told = settings["controller"]["_relation"]["command_log"]
    assert told == {"state": 1, "mode": 3, "temp": 23, "fan": 2}


async def test_mclimates_own_library_reads_and_switches_a_bobbie(
    world: World, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mclimate.async_wrapper, "MCLIMATE_URL", f"{address}/v1/%s")
    device = await world.heard(await world.device("bobbie"), temperature_c=19, relay_on=0)
    client = mclimate.async_wrapper.AsyncMclimate(username=EMAIL, password=PASSWORD)
    try:
        await client.async_connect()
        devices, status = await client.async_fetch_devices(), await client.async_status()
        async with delivering(world.ports, world.carrier):
            sent = await client.async_send("bobbie1", "bobbie", {"state": "on"})
        settings = await client.async_cur_settings("bobbie1")
    finally:
        connector = client.session.connector
        await client.session.close()
        await connector.close()  # the library leaves it open

    assert devices["bobbie1"]["type"] == "bobbie"
    assert status["bobbie1"]["home"] == 19
    assert sent is True
    assert world.carrier.handed == [(device.vendor_id, SET_RELAY, {"is_on": True})]
    assert settings["controller"]["relay_state"] == 1


async def test_a_hal_client_reaches_every_resource_from_the_entry_point_by_links_alone(
    world: World, address: str
) -> None:
    node = shutil.which("node")
    if node is None or not (MODULES / "ketting").is_dir():
        message = "ketting (npm) is not installed: run `make setup` where there is Node"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    await _furnish(world)

    process = await asyncio.create_subprocess_exec(
        node, str(HERE / "walk_links.mjs"), str(MODULES), f"{address}/v1", "ada",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()

    assert process.returncode == 0, err.decode()
    led = json.loads(out)
    wrong = {
        url: answer
        for url, answer in led.items()
        if answer["status"] != 200 and not (answer["status"] == 405 and "POST" in answer["allow"])
    }
    assert wrong == {}
    reached = [unquote(urlsplit(url).path) for url in led]
    rows = {endpoint.path for endpoint in world.dialect.endpoints}
    assert {path for path in rows if not any(_template(path).fullmatch(found) for found in reached)} == set()


def _template(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+(?::\w+)?\}", "[^/]+", path))


async def _furnish(world: World) -> None:
    """Something of every kind, so that every kind of link is somewhere."""
    owner_id = world.households.accounts["ada"].owner_id
    site = await create_site(world.ports, owner_id, ACTOR, name="House")
    site = await edit_site(
        world.ports,
        owner_id,
        ACTOR,
        site.id,
        lambda s: dataclasses.replace(
            s, floors=("First",), settings={SPACES: [{"name": "Flat", "floor": "First"}]}
        ),
    )
    room = await create_room(
        world.ports, owner_id, ACTOR, site_id=site.id, name="Hall", floor="First", settings={SPACE: "Flat"}
    )
    vicki = await world.device("vicki", "70B3D52DD3000001", site_id=site.id, room_id=room.id)
    await world.heard(vicki, temperature_c=20, setpoint_c=21)
    await world.send(vicki, "set_keepalive_time", time=10)
    await request_update(world.ports, ACTOR, vicki)
    week = {"days": "1111100", "from_time": 360, "to_time": 480, "action": "command", "target": 22}
    plug = await world.heard(await world.device("smart_plug", site_id=site.id), relay_on=0)
    mode = {"sensor_id": vicki.number, "target_temperature": 21, "delta": 0.5}
    fence = {"latitude": 42.7, "longitude": 23.3, "radius": 150, "active": 1}
    fence |= {"enter_command_name": "switch_on_off", "enter_command_fields": '{"state": "on"}'}
    fence |= {"exit_command_name": "switch_on_off", "exit_command_fields": '{"state": "off"}'}
    made = [
        await world.post("thermostat_mode", {"serial_number": plug.vendor_id, **mode}),
        await world.post("geofences", {"controller_id": plug.vendor_id, **fence}),
        await world.post("schedules", {"controller_id": vicki.vendor_id, "active": 1, **week}),
        await world.post("schedule-profile", {"name": "Working week", "schedules": [week]}),
    ]
    assert {answer.status for answer in made} == {201}, [answer.body for answer in made]
    await world.heard(await world.device("melissa", settings={"brand_id": 9}), temperature_c=20)
