"""Published clients switch the demo's devices, which hear of it through the demo's own Mosquitto."""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mclimate.wrapper
import melissa.wrapper
import pytest

from ownclimate.demo import Access, _guide
from tests.fakes.broker import find_mosquitto
from tests.fakes.server import Server, run_json

WAIT_S = 30


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    find_mosquitto()
    with Server.start(tmp_path_factory.mktemp("demo") / "data", "--demo") as running:
        _meets(running)
        yield running


@pytest.fixture
def access(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((server.data / "demo.json").read_text())
    return found


def _meets(server: Server) -> None:
    _until(
        lambda: all(_device(server, model).get("reports") for model in ("melissa", "smart_plug", "bobbie"))
    )


def _device(server: Server, model: str) -> dict[str, Any]:
    (found,) = [d for d in run_json(server.data, "device", "list") if d["model"] == model]
    shown: dict[str, Any] = run_json(server.data, "device", "show", found["id"])
    return shown


def _until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.1)


def _broker_port(data: Path) -> int:
    found = re.search(r"listener (\d+)", (data / "demo-broker" / "mosquitto.conf").read_text())
    assert found is not None
    return int(found[1])


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_melissas_library_switches_the_airconditioner_and_the_device_confirms(
    server: Server, access: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(melissa.wrapper, "MELISSA_URL", f"{server.url}/v1/%s")
    client = melissa.wrapper.Melissa(username=access["email"], password=access["password"])
    serial = _device(server, "melissa")["serial"]

    assert client.fetch_devices()[serial]["type"] == "melissa"
    assert client.status()[serial]["temp"] > 5
    wanted = {"state": client.STATE_ON, "mode": client.MODE_HEAT, "temp": 26, "fan": client.FAN_LOW}
    assert client.send(serial, state_data=wanted)

    told = f"/v1/command_log/{serial}?sort=-created&limit=1"

    def entry() -> dict[str, Any]:
        answer = server.request("GET", told, token=access["token"])
        logged: dict[str, Any] = answer.json["_embedded"]["command_log"][0]
        return logged

    _until(lambda: entry()["status"] == "delivered")
    assert {name: int(entry()["executed_resource"][name]) for name in wanted} == wanted
    assert (
        _device(server, "melissa")["latest"] | {"heating_on": 1, "setpoint_c": 26}
        == (_device(server, "melissa")["latest"])
    )
    (order,) = _remembered(server, "home/ac")
    assert order["mode"] == "heat"


def test_mclimates_library_switches_the_plug(
    server: Server, access: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mclimate.wrapper, "MCLIMATE_URL", f"{server.url}/v1/%s")
    client = mclimate.wrapper.Mclimate(username=access["email"], password=access["password"])
    serial = _device(server, "smart_plug")["serial"]

    assert client.fetch_devices()[serial]["type"] == "smart_plug"
    assert client.status()[serial]["online"] is True
    assert client.send(serial, "smart_plug", {"state": "off"})

    _until(lambda: _command(server, serial)["state"] == "confirmed")
    latest = _device(server, "smart_plug")["latest"]
    assert (latest["relay_on"], latest["power_w"]) == (0, 0)


def test_a_valve_takes_its_target_under_the_name_that_homebridge_uses(
    server: Server, access: dict[str, Any]
) -> None:
    valves = [d for d in run_json(server.data, "device", "list") if d["model"] == "vicki"]
    serial = valves[0]["vendor_id"]

    body = {"serial_number": serial, "command": "set_motor_position", "position": 24}
    answer = server.request("POST", "/v1/provider/send", body, token=access["token"])

    assert answer.status == 200, answer.body
    _until(lambda: _command(server, serial)["state"] == "confirmed")
    assert run_json(server.data, "device", "show", serial)["latest"]["setpoint_c"] == 24


def test_the_printed_calls_switch_the_airconditioner(server: Server, access: dict[str, Any]) -> None:
    guide = _guide(Access(**access), server.data / "demo.json", _device(server, "melissa")["serial"])
    lines = guide.replace("\\\n", " ").splitlines()
    calls = [line.strip() for line in lines if "/provider/send" in line or "/command_log/" in line]

    sent, logged = (
        json.loads(subprocess.run(shlex.split(call), capture_output=True, check=True, timeout=20).stdout)
        for call in calls
    )

    assert sent["provider"] == [254, 2, 0, 0]
    assert logged["_embedded"]["command_log"][0]["executed_resource"]["temp"] == 24


def test_the_broker_lets_nobody_in_without_its_password(server: Server) -> None:
    passwords = server.data / "demo-broker" / "passwords"

    assert passwords.stat().st_mode & 0o777 == 0o600
    assert "$7$" in passwords.read_text()
    assert "allow_anonymous false" in (server.data / "demo-broker" / "mosquitto.conf").read_text()


CHILD = """
import asyncio, secrets, sys
from pathlib import Path
from ownclimate.demo_broker import open_broker

async def main():
    async with open_broker(Path(sys.argv[1]), "auto", secrets.token_bytes):
        print("open", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def test_no_broker_outlives_a_server_that_is_killed(tmp_path: Path) -> None:
    find_mosquitto()
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        port = _broker_port(tmp_path)
        assert _listens(port)
        child.kill()

    _until(lambda: not _listens(port))


def test_after_a_restart_without_a_broker_nothing_is_sent_and_what_was_told_still_stands(
    server: Server, access: dict[str, Any]
) -> None:
    plug = {"serial_number": _device(server, "smart_plug")["serial"], "command": "switch_on_off"}
    for state in ("on", "off"):
        server.request("POST", "/v1/provider/send", plug | {"state": state}, token=access["token"])
    _until(lambda: _device(server, "smart_plug")["latest"].get("relay_on") == 0)
    before, port = _remembered(server, "home/plug"), _broker_port(server.data)
    assert _listens(port)
    server.stop()
    assert not _listens(port)

    with Server.start(server.data, "--demo", OWNCLIMATE_DEMO_BROKER="off") as quiet:
        _until(lambda: not _device(quiet, "smart_plug").get("reports"))
        answer = quiet.request("POST", "/v1/provider/send", plug | {"state": "on"}, token=access["token"])

        assert answer.status == 503, answer.body
        assert _remembered(quiet, "home/plug") == before
        assert _device(quiet, "smart_plug")["latest"]["relay_on"] == 0
    server.start_again("--demo")
    _meets(server)


def _command(server: Server, serial: str) -> dict[str, Any]:
    newest: dict[str, Any] = run_json(server.data, "command", "list", serial)[0]
    return newest


def _remembered(server: Server, key: str) -> list[dict[str, Any]]:
    memory = json.loads((server.data / "demo-devices.json").read_text())
    return [fields for _, device, _, fields in memory["orders"] if device == key]
