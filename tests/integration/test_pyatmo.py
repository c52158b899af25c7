"""pyatmo, unmodified but for its base URL, over the demo and over an imported home.

Its server runs as a process of its own; what it sets is read back through it and through other dialects.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pyatmo
import pytest
from pyatmo import modules
from pyatmo.auth import AbstractAsyncAuth

from tests.fakes.server import Server, run

DATA = Path(__file__).parents[1] / "data" / "netatmo"
WORKSHOP = "5f0000000000000000000002"
PLUG, LAMP, SHUTTER = (f"00:04:74:00:00:0a:00:0{number}" for number in (1, 2, 3))
CAMERA = "70:ee:50:0b:00:20"


class Auth(AbstractAsyncAuth):
    def __init__(self, session: aiohttp.ClientSession, base_url: str, token: str) -> None:
        super().__init__(session, base_url)
        self.token = token

    async def async_get_access_token(self) -> str:
        return self.token


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server.start(tmp_path_factory.mktemp("pyatmo") / "data", "--demo") as running:
        email = access_of(running)["email"]
        for name in ("wiring_homesdata", "wiring_homestatus"):
            run(running.data, "import", "netatmo", str(DATA / f"{name}.json"), "--owner", email)
        yield running


def access_of(server: Server) -> dict[str, str]:
    return json.loads((server.data / "demo.json").read_text())


@pytest.fixture
async def account(server):
    async with aiohttp.ClientSession() as session:
        yield pyatmo.AsyncAccount(Auth(session, f"{server.url}/", access_of(server)["token"]))


@pytest.fixture
async def home(account) -> Any:
    """The demo's home, with its status."""
    await account.async_update_topology()
    found = next(home for home in account.homes.values() if home.name == "Demo home")
    await account.async_update_status(found.entity_id)
    return found


@pytest.fixture
async def workshop(account) -> Any:
    await account.async_update_topology()
    await account.async_update_status(WORKSHOP)
    return account.homes[WORKSHOP]


async def test_the_demos_home_is_understood_whole(server, account, home) -> None:
    assert account.user == access_of(server)["email"]
    rooms = {room.name: room for room in home.rooms.values()}
    living = rooms["Living room"]
    valve = next(module for module in living.modules.values() if module.device_type == "NRV")
    kinds = {module.device_type.value for module in home.modules.values()}

    assert kinds >= {"NAMain", "NAModule1", "NAModule2", "NAModule3", "NAModule4", "NHC", "NRV", "NAPlug"}
    assert "NLunknown" not in kinds
    assert living.reachable is True
    assert 5 < living.therm_measured_temperature < 40
    assert living.climate_type is not None
    assert valve.reachable is True
    assert home.modules[valve.bridge].device_type == "NAPlug"
    assert home.temperature_control_mode is not None


async def test_stations_and_air_monitors_have_values(account, home) -> None:
    await account.async_update_weather_stations()
    await account.async_update_air_care()
    station = next(m for m in home.modules.values() if m.device_type == "NAMain")
    monitor = next(m for m in account.modules.values() if m.device_type == "NHC")

    assert -30 < station.temperature < 45
    assert 300 < station.co2 < 5000
    assert station.wifi_strength
    assert monitor.health_idx in range(5)


async def test_public_weather_of_an_area_without_public_stations_is_empty(account) -> None:
    area = account.register_public_weather_area("42.8", "23.5", "42.5", "23.1")

    await account.async_update_public_weather(area)

    assert account.public_weather_areas[area].modules == []


async def test_a_rooms_set_point_is_set_held_and_let_go(account, home) -> None:
    room = next(room for room in home.rooms.values() if room.name == "Bedroom")

    await room.async_therm_manual(22.5, 1_900_000_000)
    await account.async_update_status(home.entity_id)
    assert (room.therm_setpoint_mode, room.therm_setpoint_temperature) == ("manual", 22.5)
    assert room.therm_setpoint_end_time == 1_900_000_000

    await room.async_therm_home()
    await account.async_update_status(home.entity_id)
    assert room.therm_setpoint_mode in ("schedule", "home")


async def test_the_home_goes_away_and_comes_back(account, home) -> None:
    assert await home.async_set_thermmode("away", end_time=1_900_000_000)
    await account.async_update_topology()
    await account.async_update_status(home.entity_id)
    away = {room.therm_setpoint_mode for room in home.rooms.values() if room.climate_type}
    assert (home.therm_mode, away) == ("away", {"away"})

    assert await home.async_set_thermmode("schedule")
    await account.async_update_topology()
    assert home.therm_mode == "schedule"


async def test_a_mode_that_is_none_is_told_as_the_cloud_tells_it(home) -> None:
    with pytest.raises(pyatmo.ApiError) as refusal:
        await home.async_set_thermmode("holidays")

    assert (refusal.value.status, str(refusal.value.code)) == (400, "21")


async def test_schedules_are_switched_and_changed(account, home, server) -> None:
    token = access_of(server)["token"]
    rooms = [room.entity_id for room in home.rooms.values() if room.climate_type]
    made = []
    for name, temperature in (("Weekdays", 20), ("Holidays", 16)):
        asked = [{"id": room, "therm_setpoint_temperature": temperature} for room in rooms]
        content = {
            "home_id": home.entity_id,
            "name": name,
            "zones": [{"id": 0, "type": 0, "name": "Day", "rooms": asked}],
            "timetable": [{"zone_id": 0, "m_offset": 0}],
            "hg_temp": 7,
            "away_temp": 13,
        }
        answer = server.request("POST", "/api/createnewhomeschedule", content, token=token)
        made.append(answer.json["schedule_id"])
    await account.async_update_topology()

    assert await home.async_switch_schedule(made[0])
    selected = home.get_selected_schedule()
    assert (selected.name, home.get_away_temp(), home.get_hg_temp()) == ("Weekdays", 13, 7)
    await home.async_set_schedule_temperatures(0, dict.fromkeys(rooms, 20.5))
    await account.async_update_topology()
    await account.async_update_status(home.entity_id)

    assert {home.rooms[room].therm_setpoint_temperature for room in rooms} == {20.5}
    assert home.get_selected_schedule().entity_id == made[0]
    assert await home.async_set_thermmode("schedule", schedule_id=made[1])


async def test_wired_modules_obey(account, workshop) -> None:
    plug, lamp, shutter = (workshop.modules[module] for module in (PLUG, LAMP, SHUTTER))
    camera = workshop.modules[CAMERA]
    assert isinstance(lamp, modules.NLFN)
    assert (plug.on, lamp.brightness, shutter.current_position) == (False, 40, 100)
    assert camera.monitoring is True

    assert await plug.async_on()
    assert await lamp.async_set_brightness(80)
    assert await shutter.async_close()
    assert await camera.async_floodlight_auto()
    assert await camera.async_monitoring_off()
    await account.async_update_status(WORKSHOP)

    assert (plug.on, lamp.brightness, shutter.target_position) == (True, 80, 0)
    assert (camera.floodlight, camera.monitoring) == ("auto", False)


async def test_a_pilot_wire_room_is_a_climate_room(account, workshop) -> None:
    office = workshop.rooms["200000002"]
    assert (office.support_pilot_wire, office.setpoint_fp) == (True, "comfort")

    await office.async_therm_set("hg", pilot_wire="frost_guard")
    await account.async_update_status(WORKSHOP)

    assert (office.setpoint_mode, office.setpoint_fp) == ("hg", "frost_guard")


async def test_a_home_that_is_not_there_is_an_invalid_home(account, home) -> None:
    account.homes["5f0000000000000000000099"] = home

    with pytest.raises(pyatmo.InvalidHomeError):
        await account.async_update_status("5f0000000000000000000099")
