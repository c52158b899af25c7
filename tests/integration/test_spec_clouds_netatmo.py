"""Collecting from Netatmo's cloud as it was recorded, with a past that is measured as its documents say."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from ownclimate.core.devices import find_device, list_devices
from ownclimate.core.ordering import give_order
from ownclimate.core.readings import Interval
from ownclimate.sync.engine import Engine
from ownclimate.sync.link import CloudLink
from tests.fakes import FakeClock
from tests.fakes.collecting import Collecting
from tests.fakes.households import ACTOR
from tests.fakes.recorded_cloud import CLIENT, SECRET, Measured, RecordedCloud

NONE: dict[str, Any] = {"devices": [], "user": {"mail": "ada@example.org", "administrative": {"unit": 0}}}
NO_HOMES: dict[str, Any] = {"homes": [], "user": {"id": "91763b24c43d3e344f424e8b"}}
STATION, OUTDOOR, WIND, RAIN = (
    "70:ee:50:00:00:01",
    "02:00:00:00:00:01",
    "06:00:00:00:00:01",
    "05:00:00:00:00:01",
)
MINUTE_S = 60
DAY_S = 86_400


@pytest.fixture
async def cloud(clock: FakeClock) -> AsyncIterator[RecordedCloud]:
    cloud = RecordedCloud(clock)
    cloud.answers = {"homesdata": NO_HOMES, "getstationsdata": NONE, "gethomecoachsdata": NONE}
    async with cloud.listening() as listening:
        yield listening


@pytest.fixture
async def household(cloud: RecordedCloud, clock: FakeClock) -> Collecting:
    return await connected(cloud, clock)


async def connected(cloud: RecordedCloud, clock: FakeClock, **settings: Any) -> Collecting:
    secrets = {"client_secret": SECRET, "refresh_token": cloud.refresh}
    return await Collecting.of("netatmo", cloud.url, clock, secrets, client_id=CLIENT, **settings)


async def stored(household: Collecting, vendor_id: str, quantity: str) -> dict[int, float]:
    """By epoch seconds what is stored; nothing where there is no value."""
    device = await find_device(household.ports.directory, household.owner_id, vendor_id)
    assert device is not None
    interval = Interval(start_ms=0, end_ms=household.clock.now_ms() + DAY_S * 1000)
    series = await household.ports.series.read(device.number, interval, [quantity])
    rows = zip(series.times_ms.tolist(), series.columns[quantity].tolist(), strict=True)
    return {at_ms // 1000: value for at_ms, value in rows if not np.isnan(value)}


def station(clock: FakeClock) -> dict[str, Any]:
    """A station with three modules, none of which says anything at the moment."""
    kinds = {OUTDOOR: ("NAModule1", "Temperature"), WIND: ("NAModule2", "Wind"), RAIN: ("NAModule3", "Rain")}
    modules = [
        {
            "_id": key,
            "type": kind,
            "module_name": kind,
            "data_type": [word],
            "reachable": True,
            "rf_status": 60,
        }
        for key, (kind, word) in kinds.items()
    ]
    return {
        "_id": STATION,
        "type": "NAMain",
        "station_name": "Cottage (Hall)",
        "home_name": "Cottage",
        "module_name": "Hall",
        "data_type": ["Temperature", "CO2", "Humidity", "Noise", "Pressure"],
        "place": {"timezone": "Europe/Berlin", "country": "DE", "altitude": 30, "location": [13.4, 52.5]},
        "modules": modules,
    }


def past(clock: FakeClock, count: int, **columns: float) -> Measured:
    """About every five minutes up to two hours and a bit ago, with a day's hole in the middle, cells without
    a value, and numbers that are text."""
    end_s = clock.now_ms() // 1000 - 8000
    rows: Measured = {}
    for place in range(count):
        hole_s = DAY_S if place < count // 2 else 0
        at = end_s - (count - place) * 300 - hole_s + place % 7
        rows[at] = {name: round(value + place % 40 / 10, 1) for name, value in columns.items()}
        if place % 50 == 3:
            rows[at] |= dict.fromkeys(list(columns)[1:])
        if place % 50 == 7:
            rows[at] = {name: str(value) for name, value in rows[at].items()}
    return rows


def weather(cloud: RecordedCloud, clock: FakeClock, count: int = 1100) -> None:
    cloud.answers["getstationsdata"] = NONE | {"devices": [station(clock)]}
    cloud.measured = {
        STATION: past(clock, count, temperature=20, co2=500, humidity=40, pressure=1010, noise=35),
        OUTDOOR: past(clock, count, temperature=-5, humidity=80),
        WIND: past(clock, count, windstrength=12, windangle=270, guststrength=30, gustangle=280),
        RAIN: past(clock, count, rain=0.101),
    }


QUANTITIES = {
    STATION: {
        "temperature": "temperature_c",
        "co2": "co2_ppm",
        "humidity": "humidity_pct",
        "pressure": "pressure_sea_hpa",
        "noise": "noise_db",
    },
    OUTDOOR: {"temperature": "temperature_c", "humidity": "humidity_pct"},
    WIND: {
        "windstrength": "wind_speed_kmh",
        "windangle": "wind_direction_deg",
        "guststrength": "gust_speed_kmh",
        "gustangle": "gust_direction_deg",
    },
    RAIN: {"rain": "rain_mm"},
}


async def assert_all_arrived(cloud: RecordedCloud, household: Collecting) -> None:
    for key, names in QUANTITIES.items():
        for name, quantity in names.items():
            there = {
                at: float(value)
                for at, row in cloud.measured[key].items()
                if (value := row[name]) is not None
            }
            assert await stored(household, key, quantity) == pytest.approx(there), (key, name)


async def until_done(household: Collecting) -> Engine:
    for _ in range(50):
        engine = household.engine()
        if await engine.run_once():
            return engine
        household.clock.advance(3600)
    raise AssertionError(engine.live.last_error)


ODDITIES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "an answer without its time": {"tells_time": False},
    "scopes as text": {"scopes_as_text": True},
    "the old name of a token's life": {"life_name": "expire_in"},
    "a cloud that gives the oldest rows before an end": {"goes_back": False},
    "narrow limits with the old status": {"limit_status": 403, "spans": ((10, 6), (3600, 40))},
    "narrow limits": {"spans": ((10, 6), (3600, 40))},
}


@pytest.mark.parametrize("oddity", ODDITIES)
async def test_the_whole_past_arrives_whatever_is_odd_about_the_cloud(
    oddity: str, cloud: RecordedCloud, clock: FakeClock, household: Collecting
) -> None:
    for name, value in ODDITIES[oddity].items():
        setattr(cloud, name, value)
    weather(cloud, clock)
    with capture_logs() as logs:
        engine = await until_done(household)

    await assert_all_arrived(cloud, household)
    for secret in (SECRET, *cloud.tokens, *(token.partition("|")[2] for token in cloud.tokens)):
        assert secret not in f"{logs} {engine.live}"
    if "limits" not in oddity:
        assert cloud.refused == 0
    if oddity == "as it is":
        assert cloud.calls["getmeasure"] == 4 * 2
        asked = cloud.of("getmeasure")[0].fields
        assert {name: asked[name] for name in ("scale", "optimize", "real_time", "limit")} == {
            "scale": "max",
            "optimize": "false",
            "real_time": "true",
            "limit": "1024",
        }


async def test_within_the_vendors_limits_no_call_is_refused_and_a_second_run_makes_none(
    cloud: RecordedCloud, clock: FakeClock, household: Collecting
) -> None:
    weather(cloud, clock, 60)
    some = cloud.answers["getstationsdata"]["devices"][0]["modules"]
    for number in range(90):
        key = f"03:00:00:00:00:{number:02x}"
        some.append({"_id": key, "type": "NAModule4", "module_name": f"Room {number}", "data_type": ["CO2"]})
        cloud.measured[key] = past(clock, 2, temperature=20, co2=400, humidity=40)
    await household.collect()

    assert cloud.refused == 0
    await assert_all_arrived(cloud, household)
    before = len(cloud.asked)
    await household.collect()
    assert len(cloud.asked) == before


async def test_a_token_that_expires_on_the_way_is_replaced_and_every_pair_is_used_once(
    cloud: RecordedCloud, clock: FakeClock, household: Collecting
) -> None:
    weather(cloud, clock, 30)
    for _ in range(4):
        cloud.access_until_ms = 0
        await household.collect()
        clock.advance(3 * 3600)

    used = [asked.fields["refresh_token"] for asked in cloud.of("token")]
    assert len(used) == len(set(used)) >= 4


async def test_what_a_room_measures_is_of_when_the_cloud_answered_where_it_tells_no_time(
    cloud: RecordedCloud, clock: FakeClock, household: Collecting
) -> None:
    cloud.tells_time = False
    room = {"id": "7", "name": "Loft", "type": "bedroom", "module_ids": ["climate"]}
    modules = [
        {"id": "gateway", "type": "NXG", "modules_bridged": ["climate"]},
        {"id": "climate", "type": "NXS", "bridge": "gateway", "room_id": "7"},
    ]
    cloud.answers["homesdata"] = {"homes": [{"id": HOME, "rooms": [room], "modules": modules}]}
    sensed = {"id": "7", "temperature": 249, "co2": 812, "humidity": 56, "lux": 6}
    cloud.answers["homestatus"] = {"home": {"id": HOME, "rooms": [sensed], "modules": modules[1:]}}
    first_s = clock.now_ms() // 1000
    await household.collect()
    clock.advance(5 * MINUTE_S)
    sensed["temperature"] = 251
    await household.collect()

    assert await stored(household, "climate", "temperature_c") == {first_s: 24.9, first_s + 300: 25.1}
    assert await stored(household, "climate", "co2_ppm") == {first_s: 812, first_s + 300: 812}


HOME = "91763b24c43d3e344f424e8c"
RELAY, VALVE, GATEWAY, PLUG, COVER = (
    "70:ee:50:00:00:11",
    "09:00:00:00:00:11",
    "00:04:74:00:00:00:00:01",
    "00:04:74:00:00:00:00:02",
    "00:04:74:00:00:00:00:03",
)
HEATED: dict[str, Any] = {
    "id": HOME,
    "timezone": "Europe/Berlin",
    "rooms": [{"id": "2255031728", "name": "Bath", "type": "bathroom", "module_ids": [VALVE]}],
    "modules": [
        {"id": RELAY, "type": "NAPlug", "modules_bridged": [VALVE]},
        {"id": VALVE, "type": "NRV", "bridge": RELAY, "room_id": "2255031728"},
        {"id": GATEWAY, "type": "NLG", "modules_bridged": [PLUG, COVER]},
        {"id": PLUG, "type": "NLP", "bridge": GATEWAY},
        {"id": COVER, "type": "NLV", "bridge": GATEWAY},
    ],
}


def setstate(**module: Any) -> dict[str, Any]:
    return {"home": {"id": HOME, "modules": [{"bridge": GATEWAY, **module}]}}


ORDERS: dict[str, tuple[str, str, dict[str, Any], str, dict[str, Any]]] = {
    "a room's set-point": (
        VALVE,
        "set_setpoint",
        {"temperature_c": 21.5},
        "setroomthermpoint",
        {"home_id": HOME, "room_id": "2255031728", "mode": "manual", "temp": "21.5"},
    ),
    "a switch": (PLUG, "set_relay", {"is_on": False}, "setstate", setstate(id=PLUG, on=False)),
    "a shutter": (
        COVER,
        "set_position",
        {"position_pct": 40},
        "setstate",
        setstate(id=COVER, target_position=40),
    ),
}


@pytest.mark.parametrize("what", ORDERS)
async def test_an_order_is_one_post_as_the_documents_have_it(
    what: str, cloud: RecordedCloud, clock: FakeClock
) -> None:
    vendor_id, name, fields, method, wire = ORDERS[what]
    household = await connected(cloud, clock, relays=True)
    cloud.answers["homesdata"] = {"homes": [HEATED]}
    cloud.answers["homestatus"] = {"home": {"id": HOME}}
    cloud.answers[method] = {"status": "ok", "time_server": 1}
    await household.collect()
    device = await find_device(household.ports.directory, household.owner_id, vendor_id)
    assert device is not None
    link = CloudLink(household.engine(), relays=True)
    command = await give_order(household.ports, household.owner_id, ACTOR, device, name, fields)

    await link.deliver(household.owner_id, device, command)

    (sent,) = cloud.of(method)
    assert (sent.verb, sent.path) == ("POST", f"/api/{method}")
    assert sent.headers["authorization"] == f"Bearer {cloud.access}"
    if method == "setstate":
        assert sent.headers["content-type"].startswith("application/json")
        assert json.loads(sent.body) == wire
    else:
        assert sent.headers["content-type"].startswith("application/x-www-form-urlencoded")
        assert sent.fields.pop("endtime", "1").isdecimal()
        assert sent.fields == wire


def recorded(corpus: Path, path: str) -> Any:
    return json.loads((corpus / "netatmo" / path).read_text())


ACCOUNTS: dict[str, dict[str, str]] = {
    "heating and weather": {
        "homesdata": "gladys/homesdata.json",
        "homestatus": "gladys/homestatus.json",
        "getstationsdata": "gladys/getstationsdata.json",
    },
    "air-conditioners": {
        "homesdata": "pyatmo/homesdata_ac.json",
        "homestatus": "pyatmo/homestatus_ac_home_id.json",
    },
    "bridged": {
        "homesdata": "pyatmo/homesdata_bridged.json",
        "homestatus": "pyatmo/homestatus_bridged_home_id.json",
    },
    "windows": {
        "homesdata": "pyatmo/homesdata_velux.json",
        "homestatus": "pyatmo/homestatus_velux_home_id.json",
    },
    "stations and coaches": {
        "getstationsdata": "pyatmo/archive/weatherstation_data_unreachable_station.json",
        "gethomecoachsdata": "pyatmo/gethomecoachsdata.json",
    },
    "a station of 2016": {"getstationsdata": "homebridge-netatmo/getstationsdata-default.json"},
    "homes that say nothing": {
        "homesdata": "gladys/homesdata.json",
        "homestatus": "pyatmo/home_status_error_disconnected.json",
    },
    "a status without a body": {
        "homesdata": "pyatmo/homesdata_velux.json",
        "homestatus": "pyatmo/archive/home_status_empty.json",
    },
    "coaches of which there are none": {"gethomecoachsdata": "pyatmo/archive/home_coach_no_devices.json"},
    "no homes": {"homesdata": "pyatmo/archive/home_data_no_homes.json"},
    "no stations, not even a list": {"getstationsdata": "pyatmo/archive/home_status_empty.json"},
}


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_recorded_accounts_are_collected_and_every_module_told_of_is_there(
    account: str, cloud: RecordedCloud, household: Collecting, corpus: Path
) -> None:
    cloud.answers |= {method: recorded(corpus, path) for method, path in ACCOUNTS[account].items()}
    engine = household.engine()

    assert await engine.run_once(), engine.live.last_error
    told = json.dumps(
        {name: cloud.answers[name] for name in ("homesdata", "getstationsdata", "gethomecoachsdata")}
    )
    ids = set(_ids(json.loads(told)))
    devices = await list_devices(household.ports.directory, household.owner_id)
    assert {device.vendor_id for device in devices} >= ids
    before = len(cloud.asked)
    await household.collect()
    assert len(cloud.asked) == before
    entries = await household.ports.raw.scan(household.owner_id)
    assert len(entries) >= len(set(ACCOUNTS[account]) - {"homestatus"})


def _ids(said: Any) -> list[str]:
    """Of modules and devices, wherever they stand."""
    found: list[str] = []
    body = said if isinstance(said, dict) else {}
    for name, value in body.items():
        if name in ("modules", "devices") and isinstance(value, list):
            things = [thing for thing in value if isinstance(thing, dict) and "type" in thing]
            found += [str(thing.get("_id") or thing["id"]) for thing in things if not thing.get("favorite")]
        for inner in value if isinstance(value, list) else [value]:
            if name not in ("schedules", "zones"):
                found += _ids(inner)
    return found
