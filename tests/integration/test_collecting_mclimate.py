"""MClimate's API as the cloud, behind a real socket, and a household that collects from it."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from ownclimate import data_folder
from ownclimate.authorization import open_authorization, with_token_doors
from ownclimate.config import Settings
from ownclimate.control.timetable import Timetable
from ownclimate.core.access import Access
from ownclimate.core.accounts import get_account, set_password
from ownclimate.core.commands import (
    accept_command,
    get_command,
    list_device_command_ids,
    list_device_commands,
    list_pending,
)
from ownclimate.core.devices import edit_device, find_device, hide_device, list_devices
from ownclimate.core.geofences import list_geofences
from ownclimate.core.ordering import give_order
from ownclimate.core.partitions import SYNC, owner_partition
from ownclimate.core.readings import Interval, Series
from ownclimate.core.routines import list_routines
from ownclimate.core.sites import create_room, create_site, list_rooms, list_sites
from ownclimate.core.thermostats import list_thermostats
from ownclimate.core.things import Ability, Command, CommandState, Device, SiteKind
from ownclimate.oauth.passwords import hash_password
from ownclimate.oauth.tokens import check
from ownclimate.quotas import quotas_of
from ownclimate.sync.collector import Collector, TaskKind
from ownclimate.sync.engine import Engine
from ownclimate.sync.status import Status, status_of
from ownclimate.web.dispatch import Application
from ownclimate.web.limits import Limits
from tests.contract.vendors.mclimate_world import World
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.carriers import delivering
from tests.fakes.collecting import Collecting
from tests.fakes.faulty_cloud import Fault, FaultyCloud, cut, drop, page
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.live import listening
from tests.fakes.server import Server, run, run_json

EMAIL, PASSWORD = "ada@example.org", "correct horse battery"
SECRETS = {"client_secret": "mclimate_core", "user_name": EMAIL, "password": PASSWORD}
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def method_of(request: web.Request) -> str:
    """`controllers`, `provider/send`, `controller_log`: the path without its serial."""
    parts = request.path.split("/")[2:]
    return "/".join(parts[:2] if parts[0] in ("auth", "provider") else parts[:1])


def problem(code: int, detail: str, *, retry_after: str = "", status: int = 0) -> Fault:
    """The vendor's shape of an error; `status` where it is sent under another one."""
    body = {"type": "", "status": code, "title": "Trouble", "detail": detail}
    headers = {"retry-after": retry_after} if retry_after else {}
    return lambda _: web.json_response(
        body, status=status or code, headers=headers, content_type="application/problem+json"
    )


async def status(household: Collecting) -> Status:
    return await status_of(
        household.ports.directory, household.owner_id, household.source, household.clock.now_ms()
    )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(time.time_ns() // 1_000_000)


@pytest.fixture
async def world(clock: FakeClock) -> World:
    households = Households(memory_ports(clock, SeededEntropy(7)))
    account = await households.add("ada")
    await set_password(households.ports, account.id, await hash_password(PASSWORD))
    return World(households)


@pytest.fixture
async def cloud(world: World, tmp_path: Path) -> AsyncIterator[FaultyCloud]:
    """It refuses what is beyond its usual limits."""
    settings = Settings()
    authorization = open_authorization(world.ports, tmp_path, settings)

    async def authenticate(token: str) -> Access:
        now_ms = world.ports.clock.now_ms()
        return await check(world.ports.directory, authorization.dialects, token, now_ms)

    application = Application(
        dialects=with_token_doors(authorization, [world.dialect]),
        ports=world.ports,
        authenticators={"token": authenticate},
        limits=Limits(quotas_of(settings), world.ports.clock),
    )
    async with (
        listening(application) as url,
        FaultyCloud(url, method_of).listening() as proxy,
    ):
        yield proxy


@pytest.fixture
async def household(cloud: FaultyCloud, clock: FakeClock) -> Collecting:
    return await Collecting.of("mclimate", cloud.url, clock, SECRETS, client_id="mclimate", relays=True)


async def fill(world: World, device: Device, days: int, **columns: float) -> None:
    """Rows every five minutes up to now, at odd milliseconds, each a little more than the one before."""
    count = days * 288
    now_ms = world.ports.clock.now_ms()
    times_ms = [now_ms - (count - place) * 5 * MINUTE_MS + place % 7 * 131 for place in range(count)]
    rows = {
        name: [round(value + place % 50 / 10, 1) for place in range(count)] for name, value in columns.items()
    }
    await world.households.record(device, times_ms, rows)


async def both(world: World, household: Collecting, device: Device) -> tuple[Series, Series]:
    """The device's readings in the cloud and here."""
    ours = await find_device(household.ports.directory, household.owner_id, device.vendor_id)
    assert ours is not None
    return (
        await world.ports.series.read(device.number, Interval()),
        await household.ports.series.read(ours.number, Interval()),
    )


def assert_equal(there: Series, here: Series) -> None:
    np.testing.assert_array_equal(here.times_ms, there.times_ms)
    assert here.columns.keys() == there.columns.keys()
    for name, column in there.columns.items():
        np.testing.assert_allclose(here.columns[name], column, rtol=1e-12)


async def test_a_past_arrives_equal_in_the_fewest_calls(world, cloud, household) -> None:
    devices = [
        await world.device("melissa"),
        await world.device("vicki"),
        await world.device("bobbie"),
    ]
    await fill(world, devices[0], 5, temperature_c=20, humidity_pct=40)
    await fill(world, devices[1], 4, temperature_c=19, setpoint_c=21, battery_v=3)
    await fill(world, devices[2], 3, temperature_c=18, water_temperature_c=50, energy_total_wh=1000)

    engine = await household.collect()

    for device in devices:
        assert_equal(*await both(world, household, device))
    tracks = [state.track for state in engine.tasks.values() if state.track is not None]
    least = sum(-(-track.rows // 100) for track in tracks)
    assert cloud.calls["controller_log"] <= least + len(tracks)
    assert cloud.statuses[429] == 0


async def test_a_second_run_asks_for_nothing_and_later_for_one_page_of_each_log(
    world, cloud, household, clock
) -> None:
    for model in ("melissa", "vicki"):
        await fill(world, await world.device(model), 1, temperature_c=20)
    await household.collect()
    cloud.calls.clear()

    await household.collect()

    assert cloud.calls == {}
    clock.advance(660)
    await household.collect()
    assert cloud.calls == {"controllers": 1, "provider/fetch": 2, "controller_log": 2}


async def ask_for_topology(collector: Collector) -> None:
    """All that goes first, also what only shows while it is asked."""
    asked: set[str] = set()
    while left := [
        task for task in await collector.plan() if task.kind is TaskKind.TOPOLOGY and task.key not in asked
    ]:
        await collector.fetch(left[0])
        asked.add(left[0].key)


async def test_many_controllers_come_page_by_page_and_one_that_is_removed_is_marked(
    world, cloud, household
) -> None:
    devices = [await world.device("ht_sensor", f"ht{number}") for number in range(105)]
    collector = household.engine().collector
    await ask_for_topology(collector)
    assert cloud.calls["controllers"] == 2
    assert await find_device(household.ports.directory, household.owner_id, "ht104") is not None

    await hide_device(world.ports, world.households.accounts["ada"].owner_id, ACTOR, devices[3].id)
    await ask_for_topology(collector)
    await collector.close()

    gone = await find_device(household.ports.directory, household.owner_id, "ht3")
    there = await find_device(household.ports.directory, household.owner_id, "ht4")
    assert gone is not None
    assert there is not None
    assert gone.reports["gone_from_cloud"].value is True
    assert "gone_from_cloud" not in there.reports


async def test_a_controller_that_cannot_be_fetched_is_looked_for_before_it_counts_as_gone(
    world, cloud, household, clock
) -> None:
    await world.heard(await world.device("melissa"), temperature_c=20)
    cloud.spoil("provider/fetch", problem(404, "Controller not found"))

    await household.collect()

    ours = await find_device(household.ports.directory, household.owner_id, "melissa1")
    assert ours is not None
    assert cloud.calls["controllers"] == 2
    assert "gone_from_cloud" not in ours.reports


async def test_a_device_that_its_owner_put_out_of_sight_here_is_asked_about_no_more(
    world, cloud, household, clock
) -> None:
    await world.heard(await world.device("melissa"), temperature_c=20)
    await household.collect()
    ours = await find_device(household.ports.directory, household.owner_id, "melissa1")
    assert ours is not None
    await hide_device(household.ports, household.owner_id, ACTOR, ours.id)
    clock.advance(660)
    await household.collect()
    cloud.calls.clear()

    clock.advance(3700)
    engine = await household.collect()

    assert await find_device(household.ports.directory, household.owner_id, "melissa1") is None
    assert not any("melissa1" in key for key in engine.plan)
    assert cloud.calls["provider/fetch"] == cloud.calls["controller_log"] == 0


async def test_buildings_rooms_and_what_a_device_says_of_itself_arrive(world, cloud, household) -> None:
    there = world.ports
    owner_id = world.households.accounts["ada"].owner_id
    site = await create_site(
        there,
        owner_id,
        ACTOR,
        name="Mill Lane",
        kind=SiteKind.BUILDING,
        time_zone="Europe/Sofia",
        floors=("Attic",),
    )
    room = await create_room(there, owner_id, ACTOR, site_id=site.id, name="Study", floor="Attic")
    vicki = await world.device(
        "vicki", site_id=site.id, room_id=room.id, settings={"child_lock": True}, keepalive_s=600
    )
    await world.heard(vicki, temperature_c=20.5, setpoint_c=21)

    await household.collect()

    here = household.ports
    (our_site,) = await list_sites(here.directory, household.owner_id)
    (our_room,) = await list_rooms(here.directory, household.owner_id)
    ours = await find_device(here.directory, household.owner_id, "vicki1")
    assert ours is not None
    assert (our_site.name, our_site.time_zone, our_site.floors) == ("Mill Lane", "Europe/Sofia", ("Attic",))
    assert (our_room.name, our_room.floor, our_room.site_id) == ("Study", "Attic", our_site.id)
    assert (ours.room_id, ours.site_id, ours.vendor, ours.model) == (
        our_room.id, our_site.id, "mclimate", "vicki",
    )  # fmt: skip
    assert ours.settings["child_lock"] is True
    assert ours.keepalive_s == 600
    assert ours.link == {"source": household.source.id}
    assert ours.reports["reachable"].value is True
    assert {entry.kind for entry in await here.raw.scan(household.owner_id)} >= {
        "mclimate.controllers", "mclimate.fetch", "mclimate.controller_log", "mclimate.rooms",
    }  # fmt: skip


ODD = [
    {
        "serial_number": "X1",
        "type": "hyperspace_heater",
        "id": "7",
        "online": "1",
        "name": None,
        "room_id": "12",
        "created": "0000-00-00 00:00:00",
        "controller_log": [],
        "relay_state": "1",
        "colour": "red",
        "seen_at": "2026-11-21 10:00:00",
        "_links": {"self": {"href": "/v1/controllers"}},
    },
    {"serial_number": 4711, "type": "melissa", "controller_log": {"temp": "21.5", "created": "yesterday"}},
    {"serial_number": "V1", "type": "vicki", "controller_log": None, "mac": 5},
    {"type": "melissa"},
    "no controller",
]


async def test_whatever_a_list_holds_devices_come_of_it_and_what_has_no_word_is_kept(
    world, cloud, household
) -> None:
    document = {"_embedded": {"controller": ODD}, "total": "5", "_links": {}}
    cloud.spoil("controllers", lambda _: web.json_response(document))
    cloud.spoil("buildings", problem(403, "not yours"))
    cloud.spoil("rooms", problem(404, "Not found"))
    cloud.spoil("users", lambda _: web.json_response({"users": {"_relation": {"country": []}}}))
    collector = household.engine().collector

    await ask_for_topology(collector)

    await collector.close()
    devices = await list_devices(household.ports.directory, household.owner_id)
    (site,) = await list_sites(household.ports.directory, household.owner_id)
    (room,) = await list_rooms(household.ports.directory, household.owner_id)
    found = {device.vendor_id: device for device in devices}
    assert found.keys() == {"X1", "4711", "V1"}
    assert found["X1"].model == "hyperspace_heater"
    assert found["X1"].abilities == {Ability.RELAY}
    assert found["X1"].kept["mclimate.cloud"]["colour"] == "red"
    assert "seen_at" not in found["X1"].kept["mclimate.cloud"]  # It would change with every answer.
    assert found["X1"].room_id == room.id
    assert {device.site_id for device in devices} == {site.id}
    assert (site.name, room.name) == ("cloud", "Room 12")


async def test_a_name_given_here_stays_until_it_is_changed_in_the_cloud(
    world, cloud, household, clock
) -> None:
    melissa = await world.heard(await world.device("melissa", name="Parlour"), temperature_c=20)
    await household.collect()
    ports, owner_id = household.ports, household.owner_id

    async def renamed(name: str) -> None:
        ours = await find_device(ports.directory, owner_id, "melissa1")
        assert ours is not None
        await edit_device(ports, owner_id, ACTOR, ours.id, lambda d: dataclasses.replace(d, name=name))

    async def name_after_a_while() -> str:
        clock.advance(660)
        await household.collect()
        ours = await find_device(ports.directory, owner_id, "melissa1")
        assert ours is not None
        return ours.name

    await renamed("Salon")
    assert await name_after_a_while() == "Salon"
    await world.client.request("PUT", "/v1/controllers/melissa1", json_body={"name": "Lounge"})
    assert melissa.name == "Parlour"
    assert await name_after_a_while() == "Lounge"


@pytest.mark.parametrize("ahead_s", [7200, -7200])
async def test_a_clock_that_is_wrong_here_leaves_no_gap(ahead_s, world, cloud, clock) -> None:
    melissa = await world.device("melissa")
    await fill(world, melissa, 1, temperature_c=20)
    wrong = FakeClock(clock.now_ms() + ahead_s * 1000)
    household = await Collecting.of("mclimate", cloud.url, wrong, SECRETS, client_id="mclimate")

    engine = await household.collect()

    assert_equal(*await both(world, household, melissa))
    assert all(not state.track.gaps(clock.now_ms()) for state in engine.tasks.values() if state.track)


async def test_what_devices_were_told_comes_into_their_logs_and_is_carried_out_by_nobody(
    world, cloud, household, clock
) -> None:
    melissa = await world.heard(await world.device("melissa"), temperature_c=20)
    async with delivering(world.ports, world.carrier):
        for temp in (20, 21, 22):
            await world.send(melissa, "send_ir_code", state=1, mode=3, temp=temp, fan=0)
    await household.collect()

    ours = await find_device(household.ports.directory, household.owner_id, "melissa1")
    assert ours is not None
    told = await list_device_commands(household.ports, household.owner_id, ours.id, since_ms=0, limit=10)
    assert [command.fields["temperature_c"] for command in told] == [22, 21, 20]
    assert {command.state for command in told} == {CommandState.CONFIRMED}
    assert await list_pending(household.ports, household.owner_id) == []
    clock.advance(4000)
    await household.collect()
    again = await list_device_commands(household.ports, household.owner_id, ours.id, since_ms=0, limit=10)
    assert again == told


async def test_a_long_log_of_commands_is_read_to_its_beginning(world, cloud, household) -> None:
    melissa = await world.heard(await world.device("melissa"), temperature_c=20)
    owner_id = world.households.accounts["ada"].owner_id
    for number in range(230):
        fields = {"is_on": True, "mode": "cool", "temperature_c": 16.0 + number % 14, "fan": "auto"}
        await accept_command(world.ports, owner_id, ACTOR, melissa.id, "set_air_conditioner", fields)

    await household.collect()

    ours = await find_device(household.ports.directory, household.owner_id, "melissa1")
    assert ours is not None
    ids = await list_device_command_ids(household.ports, household.owner_id, ours.id, since_ms=0)
    assert len(ids) == 230
    assert cloud.calls["command_log"] == 3


async def test_schedules_are_copies_on_which_only_the_cloud_acts(world, cloud, household, clock) -> None:
    vicki = await world.heard(await world.device("vicki"), temperature_c=20)
    made = await world.post(
        "schedules",
        {"controller_id": "vicki1", "days": "1111111", "from_time": 0, "to_time": 1440, "target": 23},
    )
    await world.heard(await world.device("bobbie"), temperature_c=19, relay_on=0)
    mode = {"serial_number": "bobbie1", "sensor_id": vicki.number, "target_temperature": 21, "delta": 1}
    await world.post("thermostat_mode", mode)
    fence = {"controller_id": "bobbie1", "latitude": 1, "longitude": 2, "radius": 100}
    fence |= {"enter_command_name": "switch_on_off", "enter_command_fields": '{"state":"on"}'}
    await world.post("geofences", fence)

    await household.collect()

    directory, owner_id = household.ports.directory, household.owner_id
    (routine,) = await list_routines(directory, owner_id)
    (thermostat,) = await list_thermostats(directory, owner_id)
    (geofence,) = await list_geofences(directory, owner_id)
    assert (routine.from_minute, routine.to_minute, routine.target, routine.is_active) == (0, 1440, 23, True)
    assert (thermostat.target_c, thermostat.delta_c) == (21, 1)
    assert (geofence.is_active, geofence.on_enter.fields) == (False, {"state": "on"})
    await Timetable(household.ports, "test").look()
    assert await list_pending(household.ports, owner_id) == []
    number = made.json["schedules"]["id"]
    await world.client.request("DELETE", f"/v1/schedules/{number}")
    clock.advance(25 * 3600)
    await household.collect()
    assert await list_routines(directory, owner_id) == []


async def ordered(household: Collecting, serial: str, name: str, **fields: Any) -> Command:
    """An order of ours, given to a device of the cloud's and delivered; then it is looked for once."""
    engine = household.engine()
    ports, owner_id = household.ports, household.owner_id
    device = await find_device(ports.directory, owner_id, serial)
    assert device is not None
    command = await give_order(ports, owner_id, ACTOR, device, name, fields)
    deliverer = household.deliverer(engine)
    await deliverer.look()
    await deliverer.idle()
    household.clock.advance(3.1)
    await engine.run_once()
    return await get_command(ports.directory, owner_id, command.id)


ORDERS = {
    "a set-point": ("vicki", "set_setpoint", {"temperature_c": 22.0}),
    "an air-conditioner": (
        "melissa",
        "set_air_conditioner",
        {"is_on": True, "mode": "cool", "temperature_c": 23.0, "fan": "low"},
    ),
    "a relay": ("bobbie", "set_relay", {"is_on": True}),
    "a lock": ("vicki", "set_child_lock", {"is_on": True}),
    "a word of the maker's": ("ht_sensor", "mclimate.SetKeepAlive", {"time": 15}),
}


@pytest.mark.parametrize("what", ORDERS)
async def test_an_order_goes_through_the_cloud_to_the_device_and_ends_confirmed(
    what, world, cloud, household
) -> None:
    model, name, fields = ORDERS[what]
    await world.heard(await world.device(model), temperature_c=20)
    await household.collect()

    async with delivering(world.ports, world.carrier):
        command = await ordered(household, f"{model}1", name, **fields)

    assert command.state is CommandState.CONFIRMED, command
    assert world.carrier.handed == [(f"{model}1", name, fields)]
    assert cloud.calls["provider/send"] == 1
    ours = await find_device(household.ports.directory, household.owner_id, f"{model}1")
    assert ours is not None
    told = await list_device_commands(household.ports, household.owner_id, ours.id, since_ms=0, limit=10)
    assert [each.id for each in told] == [command.id]


async def test_what_a_device_says_of_itself_confirms_too(world, cloud, household) -> None:
    vicki = await world.heard(await world.device("vicki"), temperature_c=20, setpoint_c=18)
    await household.collect()
    cloud.spoil("command_log", page(404), page(404))

    async with delivering(world.ports, world.carrier):
        await world.heard(vicki, setpoint_c=22)
        command = await ordered(household, "vicki1", "set_setpoint", temperature_c=22.0)

    assert command.state is CommandState.CONFIRMED


async def test_what_the_cloud_cannot_do_fails_in_its_words(world, cloud, household) -> None:
    await world.heard(await world.device("melissa"), temperature_c=20)
    await household.collect()
    cloud.spoil("provider/send", problem(400, "temp: this air-conditioner takes 18 to 26 °C"))

    air = {"is_on": True, "mode": "cool", "temperature_c": 30.0, "fan": "low"}
    command = await ordered(household, "melissa1", "set_air_conditioner", **air)

    assert command.state is CommandState.FAILED
    assert "18 to 26" in command.reason


FAULTS = {
    "a refusal that says until when": problem(429, "too many", retry_after="7"),
    "a refusal without a word until when": problem(429, "too many"),
    "an expired token": problem(401, "the token has expired"),
    "a server error": problem(500, "please tell"),
    "a proxy's page": page(502),
    "a page as a success": page(200),
    "a problem as a success": problem(503, "for now not", status=200),
    "half an answer": cut,
    "a dropped connection": drop,
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_delays_and_leaves_no_gap(name, world, cloud, household, clock) -> None:
    melissa = await world.device("melissa")
    await fill(world, melissa, 1, temperature_c=20)
    for method in ("controllers", "controller_log", "auth/login"):
        cloud.spoil(method, FAULTS[name])

    engine = await household.collect() if name != "an expired token" else await after_a_while(household)

    assert engine.live.last_error
    assert_equal(*await both(world, household, melissa))


async def after_a_while(household: Collecting) -> Engine:
    """A login that is answered 401 is taken for wrong credentials, and tried again an hour later."""
    assert not await household.engine().run_once()
    household.clock.advance(3601)
    return await household.collect()


async def test_a_refusal_without_a_word_pauses_a_minute_and_then_twice_as_long(
    world, cloud, household
) -> None:
    cloud.spoil("controllers", *[problem(429, "too many")] * 3)

    await household.collect()

    assert household.pauses[:3] == [60.0, 120.0, 240.0]


async def test_a_cloud_without_a_log_gives_what_it_tells_at_the_moment(
    world, cloud, household, clock
) -> None:
    melissa = await world.device("melissa")
    await fill(world, melissa, 1, temperature_c=20, humidity_pct=40)
    cloud.spoil("controller_log", *[problem(404, "Not found")] * 5)
    await household.collect()
    for _ in range(2):
        clock.advance(660)
        await world.heard(melissa, temperature_c=25.5, humidity_pct=-49.6)
        await household.collect()

    there, here = await both(world, household, melissa)
    assert here.times_ms.tolist()[-2:] == there.times_ms.tolist()[-2:]
    assert here.columns["humidity_pct"].tolist()[-2:] == [-49.6, -49.6]
    assert len(here) <= 3
    assert "history of melissa1 in the cloud not found" in (await status(household)).problems[0]


async def test_a_token_is_renewed_in_time_and_once_when_it_is_refused(world, cloud, household, clock) -> None:
    await world.device("melissa")
    await household.collect()
    assert cloud.calls["auth/login"] == 1

    clock.advance(0.8 * 86_400)
    await household.collect()
    assert (cloud.calls["auth/login"], cloud.calls["auth/renew"]) == (1, 1)

    cloud.spoil("controllers", problem(401, "the token is unknown"), problem(401, "the token is unknown"))
    clock.advance(1000)
    await household.collect()
    assert (cloud.calls["auth/login"], cloud.calls["auth/renew"]) == (2, 2)


async def test_other_credentials_begin_anew_and_wrong_ones_are_not_hammered(
    world, cloud, household, clock
) -> None:
    await household.collect()
    household.secrets = {**SECRETS, "password": "wrong"}
    clock.advance(4000)

    engine = household.engine()
    assert not await engine.run_once()

    assert cloud.calls["auth/login"] == 2
    assert "connect its account again" in engine.live.last_error
    assert "wrong" not in engine.live.last_error
    stored = await household.ports.directory.scan(owner_partition(household.owner_id), SYNC)
    assert not any(b"wrong" in repr(row.body).encode() for row in stored)


@pytest.mark.skipif("TEST_FULL" not in os.environ, reason="takes a quarter of an hour")
def test_a_year_of_the_demo_arrives_equal_between_two_servers_and_no_call_is_refused(tmp_path) -> None:
    """With the usual limits, their minute shortened to a second."""
    data = tmp_path / "household" / "data"
    with Server.start(tmp_path / "cloud" / "data", "--demo", OWNCLIMATE_MCLIMATE_MINUTE_S="1") as cloud:
        told = json.loads((cloud.data / "demo.json").read_text())
        run(data, "user", "add", "eve@example.org", stdin="correct horse battery\n")
        run(
            data,
            *("source", "add", "mclimate", "--owner", "eve@example.org", "--client-id", "mclimate"),
            *("--base-url", cloud.url, "--limit", "60/1"),
            stdin=f"mclimate_core\n{told['email']}\n{told['password']}\n",
        )
        until_ms = time.time_ns() // 1_000_000

        done = run(data, "sync", "run", "--once")

        (status,) = run_json(data, "sync", "status")
        assert done.returncode == 0
        assert status["refused"] == 0
        assert all(history["gaps"] == [] for history in status["histories"])
        rows = [history["rows"] for history in status["histories"]]
        pages = cloud.log_file.read_text().count('"route":"/v1/controller_log/{serial}"')
        assert sum(rows) > 1_500_000
        assert pages <= 1.02 * sum(-(-count // 100) for count in rows)
        asyncio.run(compare(cloud.data, told["email"], data, until_ms))


async def compare(there_data: Path, email: str, here_data: Path, until_ms: int) -> None:
    """Every device of the cloud's, point for point."""
    settings, interval = Settings(store_map_gib=2), Interval(end_ms=until_ms)
    async with (
        data_folder.open_ports(there_data, settings) as there,
        data_folder.open_ports(here_data, settings) as here,
    ):
        owner_id = (await get_account(there.directory, email)).owner_id
        our_id = (await get_account(here.directory, "eve@example.org")).owner_id
        for device in await list_devices(there.directory, owner_id):
            ours = await find_device(here.directory, our_id, device.aliases["mclimate"])
            assert ours is not None
            assert_equal(
                await there.series.read(device.number, interval),
                await here.series.read(ours.number, interval),
            )
