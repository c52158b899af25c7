"""Methods from before homes, over the same rooms and schedules as the newer ones (§10)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.contract.vendors.netatmo_world import HOME, RELAY, STATION, THERMOSTAT, World, payload
from tests.contract.vendors.test_netatmo_climate import NOW_S, fault
from tests.contract.vendors.test_netatmo_homes import client

THE = {"device_id": RELAY, "module_id": THERMOSTAT}
WINTER = "5f00000000000000000000aa"


@pytest.fixture
async def world() -> World:
    world = World()
    for name in ("station", "homesdata", "homestatus"):
        await world.take(payload(name))
    return world


async def call(world: World, method: str, json_body: Any = None, **query: Any) -> Any:
    return await client(world).request("POST", f"/api/{method}?{urlencode(query)}", json_body=json_body)


async def living(world: World) -> dict[str, Any]:
    home = (await call(world, "homestatus", home_id=HOME)).json["body"]["home"]
    return next(room for room in home["rooms"] if room["id"] == "100000001")


async def test_a_relay_is_told_with_its_thermostat_and_the_rooms_programs(world) -> None:
    body = (await call(world, "getthermostatsdata")).json["body"]

    (relay,) = body["devices"]
    (thermostat,) = relay["modules"]
    (program,) = thermostat["therm_program_list"]
    assert (relay["_id"], relay["type"], relay["place"]["timezone"]) == (RELAY, "NAPlug", "Europe/Berlin")
    assert (thermostat["_id"], thermostat["type"]) == (THERMOSTAT, "NATherm1")
    assert thermostat["setpoint"]["setpoint_mode"] == "manual"
    assert thermostat["measured"]["temperature"] == 19.5
    assert (program["program_id"], program["selected"]) == (WINTER, True)
    assert program["timetable"][1] == {"id": 1, "m_offset": 420}
    assert {(zone["type"], zone.get("temp")) for zone in program["zones"]} >= {
        (1, 17),
        (0, 21),
        (2, 12),
        (3, 7),
    }
    assert body["user"]["administrative"]["unit"] == 0


async def test_one_thermostats_state_is_part_of_that(world) -> None:
    state = (await call(world, "getthermstate", **THE)).json["body"]
    whole = (await call(world, "getthermostatsdata", device_id=RELAY)).json["body"]

    thermostat = whole["devices"][0]["modules"][0]
    assert state == {name: thermostat[name] for name in ("setpoint", "therm_program_list", "measured")}


@pytest.mark.parametrize(
    ("mode", "more", "shown"),
    [
        ("manual", {"setpoint_temp": 18.5, "setpoint_endtime": NOW_S + 60}, ("manual", 18.5, NOW_S + 60)),
        ("max", {"setpoint_endtime": NOW_S + 60}, ("max", 30, NOW_S + 60)),
        ("away", {}, ("away", 12, 0)),
        ("hg", {}, ("hg", 7, 0)),
        ("program", {}, ("schedule", 17, 0)),
    ],
)
async def test_what_is_set_at_a_thermostat_is_its_rooms_or_its_homes(world, mode, more, shown) -> None:
    answer = await call(world, "setthermpoint", setpoint_mode=mode, **THE, **more)

    room = await living(world)
    told = (await call(world, "getthermstate", **THE)).json["body"]["setpoint"]
    assert answer.json["status"] == "ok"
    # Saturday at eleven the timetable has the night's zone since Monday evening.
    assert (
        room["therm_setpoint_mode"],
        room["therm_setpoint_temperature"],
        room["therm_setpoint_end_time"],
    ) == shown
    assert told["setpoint_mode"] == mode


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"setpoint_mode": "eco"}, (400, 21, "mode not authorized")),
        ({"setpoint_mode": "manual"}, (400, 10, "Missing setpoint_temp")),
        ({}, (400, 10, "Missing setpoint_mode")),
        ({"setpoint_mode": "off", "module_id": "nonsense"}, (400, 21, "device id is invalid")),
        ({"setpoint_mode": "off", "module_id": "04:00:00:0a:00:99"}, (404, 9, "Device not found")),
    ],
    ids=["unknown mode", "no temperature", "no mode", "no MAC", "unknown thermostat"],
)
async def test_what_a_thermostat_cannot_be_set_to_is_refused(world, asked, expected) -> None:
    assert fault(await call(world, "setthermpoint", **{**THE, **asked})) == expected


async def test_a_thermostats_schedules_are_its_homes(world) -> None:
    zones = [
        {"id": 0, "type": 0, "name": "Day", "temp": 22},
        {"id": 5, "type": 2, "temp": 14},
        {"id": 6, "type": 3, "temp": 8},
    ]
    content = {"zones": zones, "timetable": [{"id": 0, "m_offset": 0}], "name": "Spring"}
    made = (await call(world, "createnewschedule", content, **THE)).json["body"]["schedule_id"]
    await call(world, "switchschedule", schedule_id=made, **THE)
    await call(world, "renameschedule", schedule_id=made, name="May", **THE)
    await call(world, "setthermpoint", setpoint_mode="program", **THE)

    home = (await call(world, "homesdata", home_id=HOME)).json["body"]["homes"][0]
    may = next(schedule for schedule in home["schedules"] if schedule["id"] == made)
    assert (may["name"], may["selected"], may["away_temp"], may["hg_temp"]) == ("May", True, 14, 8)
    assert (await living(world))["therm_setpoint_temperature"] == 22
    assert fault(await call(world, "deleteschedule", schedule_id=made, **THE))[:2] == (400, 21)
    assert (await call(world, "deleteschedule", schedule_id=WINTER, **THE)).json["status"] == "ok"


async def test_a_thermostats_new_temperatures_leave_other_rooms_theirs(world) -> None:
    zones = [{"id": 0, "type": 1, "temp": 15}, {"id": 1, "type": 0, "temp": 20}]
    timetable = [{"id": 0, "m_offset": 0}, {"id": 1, "m_offset": 480}]

    await call(world, "syncschedule", {"zones": zones, "timetable": timetable}, **THE)

    home = (await call(world, "homesdata", home_id=HOME)).json["body"]["homes"][0]
    winter = next(schedule for schedule in home["schedules"] if schedule["id"] == WINTER)
    night = {room["id"]: room["therm_setpoint_temperature"] for room in winter["zones"][0]["rooms"]}
    assert night == {"100000001": 15, "100000002": 16.5}
    assert winter["timetable"] == [{"zone_id": 0, "m_offset": 0}, {"zone_id": 1, "m_offset": 480}]


async def test_old_clients_still_find_their_devices(world) -> None:
    stations = (await call(world, "devicelist", app_type="app_station")).json["body"]
    relays = (await call(world, "devicelist", app_type="app_thermostat")).json["body"]
    user = (await call(world, "getuser")).json["body"]
    partner = (await call(world, "partnerdevices")).json["body"]

    assert [station["_id"] for station in stations["devices"]] == [STATION]
    assert {module["main_device"] for module in stations["modules"]} == {STATION}
    assert [module["_id"] for module in relays["modules"]] == [THERMOSTAT]
    assert {STATION, RELAY} <= set(user["devices"])
    assert set(partner) == set(user["devices"])
    assert THERMOSTAT not in partner
