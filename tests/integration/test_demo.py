"""`serve --demo` shows the main job on a fresh machine, and the calls it prints work as printed."""

from __future__ import annotations

import json
import shlex
import stat
import subprocess
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import lnetatmo
import pytest

from ownclimate.demo import Access, _guide
from tests.fakes.server import Server, run, run_json

KINDS = ("vicki", "NAMain", "melissa")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server.start(tmp_path_factory.mktemp("demo") / "data", "--demo", is_loaded=False) as running:
        yield running


@pytest.fixture(scope="module")
def access(server) -> dict[str, str]:
    return json.loads((server.data / "demo.json").read_text())


def test_the_way_in_is_written_for_the_owner_only(server, access) -> None:
    mode = stat.S_IMODE((server.data / "demo.json").stat().st_mode)

    assert mode == 0o600
    assert access["base_url"] == server.url
    assert set(access) >= {"base_url", "email", "password", "token", "hook_key"}


def test_there_is_a_client_for_every_dialect_and_each_gets_tokens(server, access) -> None:
    clients = access["clients"]
    assert set(clients) == {"mclimate", "netatmo", "smartbuildings", "standard"}

    def ask(dialect: str, path: str, **members: str) -> dict[str, str]:
        named = {name: clients[dialect][name] for name in ("client_id", "client_secret")}
        body = urlencode(named | members).encode()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = server.request("POST", path, body, headers=form)
        assert answer.status == 200, answer.body
        return answer.json

    person = {"username": access["email"], "password": access["password"]}
    machine = {"grant_type": "client_credentials"}
    audience = {"audience": "https://api.sb.ecobee.com"}
    tokens = [
        ask("netatmo", "/oauth2/token", grant_type="password", **person),
        ask("smartbuildings", "/token", **machine, **audience),
        ask("standard", "/oauth2/token", **machine),
    ]

    assert all(token["access_token"] for token in tokens)
    assert clients["mclimate"]["redirect_uri"].startswith("http://")


@pytest.mark.parametrize("kind", KINDS)
def test_devices_of_every_origin_are_controllers(server, access, kind) -> None:
    query = f"type={kind}&sort=-created&fields=serial_number,name,type,controller_log&limit=2"

    answer = server.request("GET", f"/v1/controllers?{query}", token=access["token"])

    items = answer.json["_embedded"]["controller"]
    assert 1 <= len(items) <= 2
    for item in items:
        assert set(item) == {"serial_number", "name", "type", "controller_log", "_links"}
        assert item["type"] == kind
        assert isinstance(item["controller_log"], dict)


def test_the_printed_calls_work_as_printed(server, access) -> None:
    guide = _guide(Access(**access), server.data / "demo.json").replace("\\\n", " ")
    calls = [line.strip() for line in guide.splitlines() if line.strip().startswith("curl ")]
    assert len(calls) == len(KINDS) + 1

    for call in calls:
        done = subprocess.run(shlex.split(call), capture_output=True, check=True, timeout=20)
        answer = json.loads(done.stdout)
        assert "_embedded" in answer or answer == {"stored": 1, "unchanged": 0}


def test_there_is_a_year_of_history_with_seasons(server) -> None:
    (outdoor,) = [d for d in run_json(server.data, "device", "list") if d["model"] == "NAModule1"]
    months = json.loads(
        run(
            server.data,
            *("readings", outdoor["id"], "--step", "1month", "--quantity", "temperature_c"),
            *("--format", "json"),
        ).stdout
    )

    means = [month["temperature_c"] for month in months]
    assert 12 <= len(means) <= 14
    assert max(means) - min(means) > 10


def test_the_other_dialects_rows_serve_the_demo(server, access) -> None:
    (station,) = [d for d in run_json(server.data, "device", "list") if d["model"] == "NAMain"]
    mac = station["vendor_id"]

    path = f"/api/getmeasure?device_id={mac}&scale=1day&type=temperature,co2&date_end=last&optimize=false"
    answer = server.request("GET", path, token=access["token"])

    assert answer.json["status"] == "ok"
    ((temperature, co2),) = answer.json["body"].values()
    assert 10 < temperature < 35
    assert 300 < co2 < 5000


@pytest.fixture(scope="module")
def lnetatmo_auth(server, access) -> Iterator[lnetatmo.ClientAuth]:
    """The library with nothing changed but where the cloud is, and signed in."""
    app = access["clients"]["netatmo"]
    person = {"username": access["email"], "password": access["password"]}
    scope = {"scope": "read_station read_homecoach read_thermostat"}
    named = {name: app[name] for name in ("client_id", "client_secret")}
    form = urlencode({"grant_type": "password", **named, **person, **scope}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    tokens = server.request("POST", "/oauth2/token", form, headers=headers).json
    cloud = lnetatmo._BASE_URL
    with pytest.MonkeyPatch.context() as patch:
        for name, value in vars(lnetatmo).items():
            if isinstance(value, str) and value.startswith(cloud):
                patch.setattr(lnetatmo, name, value.replace(cloud, f"{server.url}/", 1))
        yield lnetatmo.ClientAuth(
            clientId=app["client_id"],
            clientSecret=app["client_secret"],
            refreshToken=tokens["refresh_token"],
        )


def test_lnetatmo_reads_stations_modules_and_their_last_values(lnetatmo_auth) -> None:
    weather = lnetatmo.WeatherStationData(lnetatmo_auth)

    names = weather.modulesNamesList(weather.default_station)
    last = weather.lastData()

    assert set(names) == set(last)
    assert {"Temperature", "CO2", "Noise", "Pressure", "wifi_status", "When"} <= last[names[-1]].keys()
    assert any("sum_rain_24" in values for values in last.values())
    assert any("max_wind_str" in values for values in last.values())
    assert all("battery_vp" in last[name] and "rf_status" in last[name] for name in names[:-1])
    assert weather.checkUpdated(delay=3600) == list(last)
    assert weather.checkNotUpdated(delay=4 * 3600) is None
    assert weather.user.unit == "metric"
    assert weather.user.mail.endswith("@example.org")


def test_lnetatmo_reads_history_and_its_extremes(lnetatmo_auth) -> None:
    weather = lnetatmo.WeatherStationData(lnetatmo_auth)
    station = weather.default_station_data
    outdoor = next(m for m in station["modules"] if m["type"] == "NAModule1")

    indoors = weather.MinMaxTH()
    outdoors = weather.MinMaxTH(module=outdoor["module_name"], frame="last24")
    week = weather.getMeasure(
        device_id=station["_id"],
        module_id=outdoor["_id"],
        scale="1day",
        mtype="min_temp,max_temp",
        date_begin=time.time() - 7 * 86_400,
        date_end=time.time(),
    )

    low_c, high_c, low_pct, high_pct = indoors
    assert 10 < low_c <= high_c < 35
    assert 0 < low_pct <= high_pct <= 100
    assert outdoors[0] <= outdoors[1]
    assert len(week["body"]) == 7
    assert all(low <= high for low, high in week["body"].values())


def test_lnetatmo_reads_air_monitors(lnetatmo_auth) -> None:
    coaches = lnetatmo.HomeCoach(lnetatmo_auth)
    hid = coaches.rawData[0]["_id"]

    assert coaches.HomecoachDevice(hid)["type"] == "NHC"
    assert {"health_idx", "CO2", "Noise"} <= coaches.Dashboard(hid).keys()
    assert coaches.checkUpdated(coaches.lastData(hid), hid) == [{hid: "Device up-to-date"}]


def test_lnetatmo_reads_homes_and_their_status(lnetatmo_auth) -> None:
    home = lnetatmo.HomesData(lnetatmo_auth).Homes_Data
    status = lnetatmo.HomeStatus(lnetatmo_auth, home["id"])
    room = next(room["id"] for room in home["rooms"] if room["name"] == "Bedroom")
    valve = next(module for module in home["modules"] if module["type"] == "NRV")

    assert room in status.getRoomsId()
    assert 5 < status.getRoomParam(room, "therm_measured_temperature") < 40
    assert status.getModuleParam(valve["id"], "reachable") is True
    assert status.getModuleParam(valve["id"], "bridge") == valve["bridge"]


def test_lnetatmo_asks_for_public_stations_and_for_nothing_that_is_not_granted(lnetatmo_auth) -> None:
    box = {"lat_ne": 43.0, "lon_ne": 24.0, "lat_sw": 42.0, "lon_sw": 23.0}

    assert lnetatmo.rawAPI(lnetatmo_auth, "getpublicdata", box) == []
    with pytest.raises(lnetatmo.OutOfScope):
        lnetatmo.rawAPI(lnetatmo_auth, "gethomedata", {"size": 1})


def test_a_tokens_bar_may_stand_in_the_address_as_it_is(server, lnetatmo_auth) -> None:
    target = f"//api//getstationsdata?access_token={lnetatmo_auth.accessToken}"

    answer = server.request("GET", target)

    assert "|" in target
    assert (answer.status, answer.json["status"]) == (200, "ok")


def test_a_second_start_finds_the_demo_as_it_was(server, access) -> None:
    count = len(run_json(server.data, "device", "list"))
    server.stop()

    with Server.start(server.data, "--demo") as again:
        second = json.loads((again.data / "demo.json").read_text())

        assert second["token"] == access["token"]
        assert again.request("GET", "/v1/controllers", token=access["token"]).status == 200
        assert len(run_json(again.data, "device", "list")) == count
    server.start_again("--demo")
