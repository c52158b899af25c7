"""A proxy spoils answers in every way at any moment: what is collected in the end is the same as without."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from ownclimate.core.devices import list_devices
from ownclimate.core.events import list_events
from ownclimate.core.readings import Interval
from ownclimate.core.sites import list_rooms, list_sites
from ownclimate.vendors.netatmo.collector import NetatmoCollector
from tests.fakes import FakeClock
from tests.fakes.collecting import Collecting
from tests.fakes.faulty_cloud import LATE_S, Fault, FaultyCloud, cut, drop, error, late, page, told_otherwise
from tests.fakes.netatmo_cloud import JPEG, NetatmoCloud

FULL = bool(os.environ.get("TEST_FULL"))
HOUR_S = 3600
DAY_S = 24 * HOUR_S
HOME = "5f0000000000000000000001"
RELAY, THERMOSTAT, VALVE = "70:ee:50:00:00:0a", "04:00:00:00:00:0b", "09:00:00:00:00:0c"
GATEWAY, METER = "00:04:74:00:00:00:00:01", "00:04:74:00:00:00:00:02"
CAMERA, COACH = "70:ee:50:00:00:0d", "70:ee:50:00:00:0e"
STATION, OUTDOOR = "70:ee:50:00:00:01", "02:00:00:00:00:02"
UNHEARD_OF = "70:ee:50:00:00:ff"
METHODS = (
    "homesdata",
    "homestatus",
    "getstationsdata",
    "gethomecoachsdata",
    "getmeasure",
    "getroommeasure",
    "getevents",
    "token",
)
LIMITS = ("5000/10",)


def furnish(cloud: NetatmoCloud) -> None:
    """One of everything that a history, a state or events are asked of."""
    now_s = cloud.clock.now_ms() // 1000
    rooms = [{"id": room, "name": f"Room {room}", "type": "bedroom"} for room in ("1", "2")]
    modules = [
        {"id": RELAY, "type": "NAPlug", "modules_bridged": [THERMOSTAT, VALVE]},
        {"id": THERMOSTAT, "type": "NATherm1", "bridge": RELAY, "room_id": "1"},
        {"id": VALVE, "type": "NRV", "bridge": RELAY, "room_id": "2"},
        {"id": GATEWAY, "type": "NLG", "modules_bridged": [METER]},
        {"id": METER, "type": "NLPC", "bridge": GATEWAY},
        {"id": CAMERA, "type": "NACamera", "name": "Hall"},
    ]
    cloud.homes = [
        {"id": HOME, "name": "Cottage", "timezone": "Europe/Berlin", "rooms": rooms, "modules": modules}
    ]
    cloud.states[HOME] = {
        "modules": [{"id": RELAY, "type": "NAPlug"}, {"id": VALVE, "type": "NRV", "reachable": True}],
        "rooms": [{"id": "2", "reachable": True, "therm_measured_temperature": 19.5}],
    }
    cloud.stations = [
        {
            "_id": STATION,
            "type": "NAMain",
            "data_type": ["Temperature", "CO2", "Humidity", "Pressure", "Noise"],
            "modules": [{"_id": OUTDOOR, "type": "NAModule1", "data_type": ["Temperature", "Humidity"]}],
        }
    ]
    cloud.coaches = [{"_id": COACH, "type": "NHC"}]
    every_5 = range(now_s - 4 * DAY_S, now_s - 4 * HOUR_S, 300)
    every_30 = range(now_s - 4 * DAY_S, now_s - 4 * HOUR_S, 1800)
    cloud.measures = {
        (STATION, "max"): {at: [20 + at % 70 / 10, 400 + at % 90, 40, 1013.2, 35] for at in every_5},
        (OUTDOOR, "max"): {at + 3: [at % 200 / 10, 70] for at in every_30},
        (COACH, "max"): {at: [21.5, 600, 45, 1012.0, 33, at % 5] for at in every_30},
        (THERMOSTAT, "max"): {at + 7: [20.0, 21.0, 240, 60] for at in every_30},
        (METER, "30min"): {at: [120, None, None] for at in every_30},
        ("2", "30min"): {at: [18.5, 19.0] for at in every_30},
    }
    cloud.pictures = {f"picture{number}": JPEG + bytes([number]) for number in range(3)}
    cloud.events[HOME] = [
        {
            "id": f"{number:024x}",
            "type": "movement",
            "time": now_s - 600 - number * 1800,
            "module_id": CAMERA,
            "message": f"Motion {number}",
            "snapshot": {"url": f"{cloud.url}/api/getcamerapicture?image_id=picture{number}&key=k"}
            if number < 3
            else {},
        }
        for number in range(40)
    ]


@pytest.fixture
async def cloud(clock: FakeClock) -> AsyncIterator[NetatmoCloud]:
    async with NetatmoCloud(clock).listening() as listening:
        furnish(listening)
        yield listening


@pytest.fixture
async def proxy(cloud: NetatmoCloud) -> AsyncIterator[FaultyCloud]:
    async with FaultyCloud(cloud.url).listening() as listening:
        yield listening


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def household(cloud: NetatmoCloud, url: str, clock: FakeClock) -> Collecting:
    secrets = {"client_secret": "s3cret", "refresh_token": cloud.refresh}
    return await Collecting.of("netatmo", url, clock, secrets, client_id="app", limits=LIMITS)


async def collect(home: Collecting, *, patience: int = 40) -> None:
    """Until nothing is due, by one process after the other where one gives up."""
    for _ in range(patience):
        engine = home.engine()
        assert isinstance(engine.collector, NetatmoCollector)
        engine.collector.cloud.total_s = LATE_S / 2
        if await engine.run_once():
            return
        home.clock.advance(HOUR_S)
    raise AssertionError(engine.live.last_error)


async def collected(home: Collecting, until_s: int) -> dict[str, Any]:
    """All that is known of the time until then, in words that do not depend on when it was asked for."""
    directory, owner_id = home.ports.directory, home.owner_id
    sites = {site.id: site.name for site in await list_sites(directory, owner_id)}
    rooms = {room.id: (room.name, sites[room.site_id]) for room in await list_rooms(directory, owner_id)}
    devices = {device.id: device for device in await list_devices(directory, owner_id)}
    names = {device.id: device.vendor_id for device in devices.values()}
    months = range(until_s * 1000 - 40 * DAY_S * 1000, until_s * 1000 + 1, 20 * DAY_S * 1000)
    found = [event for at in months for event in await list_events(directory, owner_id, at, limit=1000)]
    events = {
        event.id: (event.at_ms, event.kind, names.get(event.device_id or ""), tuple(sorted(event.details)))
        for event in found
    }
    series = {}
    for device in devices.values():
        rows = await home.ports.series.read(device.number, Interval(start_ms=0, end_ms=until_s * 1000))
        series[device.vendor_id] = {
            name: dict(zip(rows.times_ms.tolist(), column.tolist(), strict=True))
            for name, column in rows.columns.items()
            if not np.isnan(column).all()
        }
    return {
        "rooms": sorted(rooms.values()),
        "devices": {
            device.vendor_id: (device.model, device.name, names.get(device.parent_id or ""))
            for device in devices.values()
        },
        "events": sorted(events.values(), key=repr),
        "series": series,
    }


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return asyncio.run(expected())


async def expected() -> dict[str, Any]:
    """What is collected where nothing is spoilt."""
    clock = FakeClock()
    until_s = clock.now_ms() // 1000 - 3 * HOUR_S
    async with NetatmoCloud(clock).listening() as listening:
        furnish(listening)
        home = await household(listening, listening.url, clock)
        await collect(home)
        clock.advance(7 * HOUR_S)
        await collect(home)
        found = await collected(home, until_s)
    assert len(found["devices"]) == 9
    assert len(found["events"]) == 40
    assert sum(len(rows) for of in found["series"].values() for rows in of.values()) > 6_000
    return found


async def check_same(home: Collecting, whole: dict[str, Any], until_s: int, *, but: str = "") -> None:
    found = await collected(home, until_s)
    found["devices"].pop(but, None)
    found["series"].pop(but, None)
    assert found["devices"] == whole["devices"]
    assert found["rooms"] == whole["rooms"]
    assert found["events"] == whole["events"]
    for name, rows in whole["series"].items():
        assert np.all(found["series"][name].keys() == rows.keys()), name
        for quantity, values in rows.items():
            same = values.items() ^ found["series"][name][quantity].items()
            assert not [item for item in same if not np.isnan(item[1])], (name, quantity)


def each(document: Any) -> list[dict[str, Any]]:
    """All objects in a document, whatever holds them."""
    if isinstance(document, list):
        return [found for item in document for found in each(item)]
    if not isinstance(document, dict):
        return []
    return [document, *(found for item in document.values() for found in each(item))]


def without(*names: str) -> Fault:
    def remove(document: Any) -> None:
        for found in each(document):
            for name in names:
                found.pop(name, None)

    return told_otherwise(remove)


def with_a_module_nobody_knows(document: Any) -> None:
    for found in each(document):
        for name, key in (("modules", "id" if "id" in found else "_id"), ("devices", "_id")):
            if isinstance(found.get(name), list):
                found[name].append({key: UNHEARD_OF, "type": "NXYZ9", "battery_state": "?", "reach": [1, {}]})


def clock_off(hours: int) -> Fault:
    def shift(document: Any) -> None:
        if isinstance(document, dict) and isinstance(document.get("time_server"), int):
            document["time_server"] += hours * HOUR_S

    return told_otherwise(shift)


def error_without_token_words(status: int, name: str) -> Fault:
    return lambda _: web.json_response({"error": name}, status=status)


FAULTS: dict[str, Fault] = {
    "429 with code 26": error(429, 26, "API limit exceeded"),
    "429 with code 26 and a word until when": error(429, 26, "API limit exceeded", "7"),
    "429 with code 11": error(429, 11, "Failed to enter concurrency limited section"),
    "403 with code 26, as it was": error(403, 26, "User usage reached"),
    "403 with code 3, expired": error(403, 3, "Access token expired"),
    "500": error(500, 500, "Internal Server Error"),
    "503 of a proxy": page(503),
    "a page as a success": page(200),
    "half an answer": cut,
    "an empty answer": lambda _: web.Response(body=b""),
    "an error as a success": error(200, 0, "failed to connect to server"),
    "an answer that comes too late": late,
    "a dropped connection": drop,
    "no time_server": without("time_server"),
    "no body": without("body"),
    "no modules": without("modules"),
    "no types": without("type"),
    "no ids": without("id", "_id"),
    "no names": without("name"),
    "a module nobody knows": told_otherwise(with_a_module_nobody_knows),
    "a clock two hours ahead": clock_off(2),
    "a clock two hours behind": clock_off(-2),
}
OF_TOKENS = {
    "no refresh token": without("refresh_token"),
    "no access token": without("access_token"),
    "temporarily unavailable": error_without_token_words(503, "temporarily_unavailable"),
}


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with capture_logs() as entries:
        yield entries


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_at_any_call_loses_nothing_and_doubles_nothing(
    name, whole, cloud, proxy, clock
) -> None:
    until_s = clock.now_ms() // 1000 - 3 * HOUR_S
    dice = random.Random(name)
    spoilt: dict[str, int] = dict.fromkeys(METHODS, 0)

    def choose(method: str) -> Fault | None:
        if spoilt.get(method, 9) >= 2 or dice.random() < 0.3:
            return None
        spoilt[method] += 1
        return FAULTS[name]

    proxy.choose = choose
    home = await household(cloud, proxy.url, clock)

    while not all(spoilt.values()):
        await collect(home)
        clock.advance(7 * HOUR_S)
    proxy.choose = lambda _: None
    await collect(home)
    clock.advance(7 * HOUR_S)
    await collect(home)

    await check_same(home, whole, until_s, but=UNHEARD_OF)


@pytest.mark.parametrize("seed", range(20 if FULL else 2))
async def test_faults_of_all_kinds_together_lose_nothing(seed, whole, cloud, proxy, clock) -> None:
    until_s = clock.now_ms() // 1000 - 3 * HOUR_S
    dice = random.Random(seed)
    rest = 40

    def choose(method: str) -> Fault | None:
        nonlocal rest
        rest -= method in METHODS
        if rest < 0 or method not in METHODS or dice.random() < 0.4:
            return None
        return dice.choice([*(FAULTS | OF_TOKENS if method == "token" else FAULTS).values()])

    proxy.choose = choose
    home = await household(cloud, proxy.url, clock)

    while rest >= 0:
        await collect(home)
        clock.advance(7 * HOUR_S)
    proxy.choose = lambda _: None
    for seconds in (DAY_S, 7 * HOUR_S):  # What it was told not to ask for is asked for again after a day.
        clock.advance(seconds)
        await collect(home)
    await check_same(home, whole, until_s, but=UNHEARD_OF)


@pytest.mark.parametrize("name", [*OF_TOKENS, "a lost reply"])
async def test_a_refresh_that_goes_wrong_is_tried_again_with_what_still_holds(
    name, cloud, proxy, clock
) -> None:
    proxy.spoil("token", (OF_TOKENS | {"a lost reply": drop})[name])
    home = await household(cloud, proxy.url, clock)

    await collect(home)
    clock.advance(4 * HOUR_S)
    proxy.spoil("token", (OF_TOKENS | {"a lost reply": drop})[name])
    await collect(home)

    # An answer without a refresh token leaves the old one as it was.
    assert proxy.calls["token"] == (2 if name == "no refresh token" else 4)
    assert len(await list_devices(home.ports.directory, home.owner_id)) == 9


@pytest.mark.parametrize("hours", [-2, 2])
@pytest.mark.parametrize("whose", ["ours", "the cloud's"])
async def test_a_clock_that_is_two_hours_off_all_the_time_costs_nothing(
    whose, hours, whole, cloud, proxy, clock
) -> None:
    until_s = clock.now_ms() // 1000 - 3 * HOUR_S
    ours = clock
    if whose == "ours":
        ours = FakeClock(clock.now_ms() + hours * HOUR_S * 1000)
    else:
        proxy.choose = lambda _: clock_off(hours)
    home = await household(cloud, proxy.url, ours)

    await collect(home)
    ours.advance(7 * HOUR_S)
    if ours is not clock:
        clock.advance(7 * HOUR_S)
    await collect(home)

    await check_same(home, whole, until_s)
    assert proxy.calls["getmeasure"] + proxy.calls["getroommeasure"] < 40


async def test_a_cloud_that_never_answers_rightly_again_is_asked_ever_more_seldom(
    cloud, proxy, clock
) -> None:
    home = await household(cloud, proxy.url, clock)
    await collect(home)
    proxy.choose = lambda _: page(200)
    proxy.calls.clear()
    engine, until_ms = home.engine(), clock.now_ms() + DAY_S * 1000

    while clock.now_ms() < until_ms:
        clock.advance(max(1, await engine.step()) / 1000)
        await asyncio.sleep(0)
    await engine.collector.close()

    assert 90 < proxy.calls.total() < 300
    assert engine.live.last_error
