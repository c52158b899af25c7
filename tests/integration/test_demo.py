"""`serve --demo` shows the main job on a fresh machine, and the calls it prints work as printed."""

from __future__ import annotations

import json
import shlex
import stat
import subprocess
from urllib.parse import urlencode

import pytest

from ownclimate.demo import Access, _guide
from tests.fakes.server import Server, run, run_json

KINDS = ("vicki", "NAMain", "melissa")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server.start(tmp_path_factory.mktemp("demo") / "data", "--demo") as running:
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


def test_a_second_start_finds_the_demo_as_it_was(server, access) -> None:
    count = len(run_json(server.data, "device", "list"))
    server.stop()

    with Server.start(server.data, "--demo") as again:
        second = json.loads((again.data / "demo.json").read_text())

        assert second["token"] == access["token"]
        assert again.request("GET", "/v1/controllers", token=access["token"]).status == 200
        assert len(run_json(again.data, "device", "list")) == count
