"""Answers of getmeasure and getroommeasure taken in: what becomes a reading, whose, and what only once."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from ownclimate.vendors.netatmo.measure_request import MeasureRequest
from ownclimate.vendors.netatmo.measures import read_measures
from tests.contract.vendors.netatmo_world import GARDEN, HOME, RELAY, STATION, THERMOSTAT, World, payload
from tests.contract.vendors.test_netatmo_security import client

START = 1_795_249_800
"""A full half hour, in Germany too."""
METER = "00:04:74:00:00:0a:00:41"
NOW_MS = 1_795_256_000_000


@pytest.fixture
async def world() -> World:
    world = World()
    await world.take(payload("station"))
    await world.take(payload("homesdata"))
    return world


async def asked(world: World, **parameters: str) -> Any:
    named = {
        "device_id": RELAY,
        "module_id": THERMOSTAT,
        "optimize": "false",
        "real_time": "true",
        **parameters,
    }
    query = "&".join(f"{name}={value}" for name, value in named.items())
    return (await client(world).get(f"/api/getmeasure?{query}")).json["body"]


async def test_seconds_of_heating_come_back_as_they_were_measured(world: World) -> None:
    types = "temperature,sp_temperature,boileron,boileroff"
    said = {
        str(START): [19.5, 21, 0, 300],
        str(START + 300): [19.4, 21, 300, 0],
        str(START + 580): [19.6, 21, 280, 0],
        str(START + 900): [19.9, None, 0, 320],
    }
    before = {str(START - 300): [19.5, 21, 0, 300]}
    request = {"device": RELAY, "module": THERMOSTAT, "types": [types], "scale": "max"}

    for body in (before, said):
        await world.take({"body": body}, method="getmeasure", **request)

    assert await asked(world, scale="max", type=types, date_begin=str(START)) == said


@pytest.mark.parametrize(
    ("types", "rows"),
    [
        ("sum_boiler_on,sum_boiler_off", [[600, 1200], [0, 1800], [1800, 0]]),
        ("sum_boiler_on", [[600], [0], [1800]]),
        ("sum_boiler_off", [[1200], [1800], [0]]),
        ("boileron,boileroff", [[17, 1783], [900, 900], [1799, 1]]),
    ],
)
async def test_seconds_of_heating_in_half_hours_come_back(
    world: World, types: str, rows: list[list[int]]
) -> None:
    said = [{"beg_time": START + 900, "step_time": 1800, "value": rows}]
    await world.take({"body": said}, device=RELAY, module=THERMOSTAT, types=[types], scale="30min")

    told = await asked(world, scale="30min", type=types, date_begin=str(START))

    assert told == {str(START + 1800 * place): row for place, row in enumerate(rows)}


async def test_one_of_both_seconds_says_nothing_at_max(world: World) -> None:
    body = {str(START): [19.5, 300]}
    report = await world.take(
        {"body": body}, device=RELAY, module=THERMOSTAT, types=["temperature,boileron"], scale="max"
    )

    thermostat = await world.device(THERMOSTAT)
    assert await world.values_at(thermostat, START * 1000) == {"temperature_c": 19.5}
    assert any("only together" in warning for warning in report.warnings)


async def test_sums_are_taken_at_one_scale_only(world: World) -> None:
    request = {"device": RELAY, "module": METER, "types": ["sum_energy_elec$0"]}
    await world.take({"body": {str(START): [60]}}, scale="30min", real_time=True, **request)

    report = await world.take({"body": {str(START + 300): [10]}}, scale="5min", real_time=True, **request)

    meter = await world.device(METER)
    assert await world.values_at(meter, START * 1000) == {"energy_wh": 60}
    assert await world.values_at(meter, (START + 300) * 1000) == {}
    assert (report.is_taken, report.is_kept_raw) == (False, True)
    assert any("30min before" in warning for warning in report.warnings)


async def test_rain_as_measured_is_taken_after_its_sums_and_no_sums_after_it(world: World) -> None:
    request = {"device": STATION, "module": GARDEN}
    sums = {"types": ["sum_rain"], "scale": "30min", "real_time": True, **request}
    await world.take({"body": {str(START): [0.3]}}, **sums)

    tips = await world.take({"body": {str(START + 60): [0.101]}}, types=["rain"], scale="max", **request)
    more = await world.take({"body": {str(START + 1800): [0.2]}}, **sums)

    assert (tips.readings, more.readings) == (1, 0)
    assert any("counts twice" in warning for warning in tips.warnings)


@pytest.mark.parametrize(
    ("stamp", "real_time", "start"),
    [
        pytest.param(START, None, START, id="start"),
        pytest.param(START + 900, None, START, id="middle"),
        pytest.param(START, True, START, id="said-to-be-start"),
        pytest.param(START + 900, True, START + 900, id="a-zone-of-quarters"),
        pytest.param(START + 900, False, START, id="said-to-be-middle"),
        pytest.param(START, False, START - 900, id="a-zone-of-quarters-in-the-middle"),
    ],
)
async def test_a_stamp_of_a_half_hour_is_its_start(
    world: World, stamp: int, real_time: bool | None, start: int
) -> None:
    await world.take(
        {"body": {str(stamp): [60]}},
        device=METER,
        types=["sum_energy_elec"],
        scale="30min",
        real_time=real_time,
    )

    assert await world.values_at(await world.device(METER), start * 1000) == {"energy_wh": 60}


async def test_half_hours_of_a_zone_that_is_off_by_a_quarter_are_told_by_it() -> None:
    world, homes = World(), payload("homesdata")
    homes["body"]["homes"][0]["timezone"] = "Asia/Kathmandu"
    await world.take(homes)
    middle = START  # 05:45 from UTC: half hours begin at a quarter past and to.

    await world.take(
        {"body": {str(middle): [600]}},
        device=RELAY,
        module=THERMOSTAT,
        types=["sum_boiler_on"],
        scale="30min",
    )

    thermostat = await world.device(THERMOSTAT)
    assert await world.values_at(thermostat, (middle - 900) * 1000) == {"heating_on": 600 / 1800}


ROOM = {"method": "getroommeasure", "home": HOME, "scale": "30min", "real_time": True}


def _one_valve_in_the_bath() -> Any:
    homes = payload("homesdata")
    del homes["body"]["homes"][0]["modules"][1]["room_id"]
    homes["body"]["homes"][0]["rooms"][1]["module_ids"] = ["09:00:00:0a:00:12"]
    return homes


async def test_a_rooms_past_is_that_of_its_only_valve() -> None:
    world = World()
    await world.take(_one_valve_in_the_bath())

    report = await world.take(
        {"body": {str(START): [20.1, 21]}}, room="100000002", types=["temperature,sp_temperature"], **ROOM
    )

    valve = await world.device("09:00:00:0a:00:12")
    assert (report.is_taken, report.readings) == (True, 1)
    assert await world.values_at(valve, START * 1000) == {"temperature_c": 20.1, "setpoint_c": 21}


async def test_means_of_a_room_are_of_one_step() -> None:
    world = World()
    await world.take(_one_valve_in_the_bath())
    request = {"room": "100000002", "types": ["temperature"]}
    await world.take({"body": {str(START): [20.1]}}, **ROOM, **request)

    finer = await world.take({"body": {str(START): [20.3]}}, **{**ROOM, "scale": "5min"}, **request)
    exact = await world.take({"body": {str(START + 7): [20.4]}}, **{**ROOM, "scale": "max"}, **request)

    assert (finer.readings, exact.readings) == (0, 1)
    assert exact.warnings == []


@pytest.mark.parametrize(
    ("room", "why"),
    [
        pytest.param("100000002", "2 devices", id="two-valves"),
        pytest.param("100000001", "tells its own", id="a-thermostat-with-a-past-of-its-own"),
        pytest.param("100000003", "0 devices", id="nothing-there"),
        pytest.param("100000009", "no room", id="no-such-room"),
    ],
)
async def test_a_rooms_past_that_is_no_devices_stays_raw(world: World, room: str, why: str) -> None:
    report = await world.take({"body": {str(START): [20.1]}}, room=room, types=["temperature"], **ROOM)

    assert (report.is_taken, report.is_kept_raw, report.readings) == (False, True, 0)
    assert any(why in warning for warning in report.warnings)


async def test_a_rooms_energy_is_that_of_its_only_meter(world: World) -> None:
    meter = {"id": METER, "type": "NLPC", "bridge": RELAY, "room_id": "100000003"}
    homes = payload("homesdata")
    homes["body"]["homes"][0]["modules"].append(meter)
    homes["time_server"] += 60
    await world.take(homes)

    await world.take({"body": {str(START): [5]}}, room="100000003", types=["sum_energy_elec$0"], **ROOM)

    assert await world.values_at(await world.device(METER), START * 1000) == {"energy_wh": 5}


async def test_minima_and_long_sums_stay_raw_beside_what_is_taken(world: World) -> None:
    types = ["sum_boiler_on,min_temp,date_min_temp"]
    report = await world.take(
        {"body": {str(START): [900, 17.5, START]}},
        device=RELAY,
        module=THERMOSTAT,
        types=types,
        scale="30min",
        real_time=True,
    )

    assert await world.values_at(await world.device(THERMOSTAT), START * 1000) == {"heating_on": 0.5}
    assert [warning.split()[0] for warning in report.warnings] == ["min_temp", "date_min_temp"]


def test_plain_rows_are_read_as_odd_ones_are() -> None:
    """Rows of plain numbers take a short way; one odd cell, and all of them go the long one."""
    chance = random.Random(5)
    cells = [None, 0, 1, -3, 21.5, 1e308, -0.0, 2**62, 2**63, 2**70, 1013.2]
    request = MeasureRequest.of(method="", device="x", types=["temperature,humidity,co2"], scale="max")
    for _ in range(50):
        rows = {str(START + n): [chance.choice(cells) for _ in range(3)] for n in range(chance.randint(1, 6))}
        plain = read_measures(rows, request, NOW_MS)
        odd = read_measures({**rows, str(START + 99): ["1", "x", True]}, request, NOW_MS)

        assert plain.times_ms.tolist() == [at for at in odd.times_ms.tolist() if at < (START + 99) * 1000]
        for name, values in plain.columns.items():
            assert np.array_equal(values, odd.columns[name][: len(values)], equal_nan=True)
