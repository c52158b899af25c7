"""The real command: starts, says what is wrong, serves what came in, stops without losing anything."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.server import Server, run, run_json

AT = "2026-06-01T10:00:00Z"
EMAIL = "a@example.org"
PASSWORD = "correct horse battery\n"


@dataclass(frozen=True)
class Access:
    """A fresh token and device key, with their ids."""

    token: str
    key: str
    token_id: str
    key_id: str


def make_folder(folder: Path) -> Path:
    run(folder, "user", "add", EMAIL, stdin=PASSWORD)
    return folder


def make_access(data: Path) -> Access:
    token = run_json(data, "token", "add", "--owner", EMAIL, "--name", "t")
    key = run_json(data, "hook", "add", "--owner", EMAIL)
    return Access(token["token"], key["key"], token["id"], key["id"])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "data")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the tests that leave it running as they found it."""
    with Server.start(make_folder(tmp_path_factory.mktemp("serve") / "data"), is_loaded=False) as running:
        yield running


@pytest.fixture
def access(server: Server) -> Access:
    return make_access(server.data)


def reading(value: float, at: str = AT) -> dict[str, object]:
    return {"readings": [{"device": "shed", "at": at, "temperature_c": value}]}


def test_a_posted_reading_comes_back_through_every_way_out(server, access) -> None:
    door = "/hooks/readings?device_model=generic_sensor"
    taken = server.request("POST", door, reading(21.4), token=access.key)
    entity = server.request("GET", "/v1/controllers/shed", token=access.token)
    beside = run(server.data, "readings", "shed", "--format", "json")

    assert (taken.status, taken.json) == (200, {"stored": 1, "unchanged": 0})
    assert entity.json["controller"]["type"] == "generic_sensor"
    assert json.loads(beside.stdout) == [{"at": AT, "temperature_c": 21.4}]
    (listed,) = run_json(server.data, "device", "list")
    assert listed["latest"] == {"temperature_c": 21.4}


def test_a_revoked_token_and_key_stop_working_at_once(server, access) -> None:
    assert server.request("GET", "/v1/controllers", token=access.token).status == 200

    run(server.data, "token", "revoke", access.token_id)
    run(server.data, "hook", "revoke", access.key_id)

    assert server.request("GET", "/v1/controllers", token=access.token).status == 401
    assert server.request("POST", "/hooks/readings", reading(1), token=access.key).status == 401


def test_a_key_is_no_token_and_a_token_no_key(server, access) -> None:
    assert server.request("GET", "/v1/controllers", token=access.key).status == 401
    assert server.request("POST", "/hooks/readings", reading(1), token=access.token).status == 401


def test_operations_answer(server) -> None:
    assert server.request("GET", "/healthz").json["status"] == "ok"
    assert server.request("GET", "/readyz").json["status"] == "ready"
    assert b"ownclimate_requests_total" in server.request("GET", "/metrics").body
    for dialect in ("mclimate", "netatmo", "smartbuildings"):
        document = server.request("GET", f"/docs/{dialect}/openapi.json").json
        assert document["openapi"].startswith("3.1")


def test_a_taken_port_is_told_plainly(data) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])

        refused = run(data, "serve", "--port", port, check=False)

    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert f"127.0.0.1:{port} is taken" in line


def test_a_second_server_on_the_same_folder_is_refused_by_name(server) -> None:
    refused = run(server.data, "serve", "--port", "0", check=False)

    assert refused.returncode == 1
    assert str(server.process.pid) in refused.stderr.splitlines()[-1]
    assert server.request("GET", "/healthz").status == 200


def test_stopping_answers_what_is_under_way_and_loses_nothing(data) -> None:
    key = make_access(data).key
    server = Server.start(data)
    server.request("POST", "/hooks/readings?device_model=generic_sensor", reading(1), token=key)
    outcomes: list[tuple[int, int]] = []

    def post_until_refused() -> None:
        try:
            for number in range(100_000):
                at = 1_780_000_000_000 + number * 1000
                body = {"readings": [{"device": "shed", "at": at, "temperature_c": 1}]}
                outcomes.append((at, server.request("POST", "/hooks/readings", body, token=key).status))
        except OSError:
            return

    poster = threading.Thread(target=post_until_refused)
    poster.start()
    time.sleep(0.3)
    written = server.stop()
    poster.join()

    assert server.process.returncode == 0
    assert '"event": "stopping"' in written
    assert {status for _, status in outcomes} == {200}
    rows = json.loads(run(data, "readings", "shed", "--format", "json").stdout)
    assert len(rows) == len(outcomes) + 1


def test_no_secret_is_written_to_the_log(data) -> None:
    access = make_access(data)
    token, key = access.token, access.key
    with Server.start(data) as server:
        server.request("GET", f"/v1/controllers?access_token={token}", token=token)
        server.request("POST", f"/hooks/lorawan/things-stack?key={key}", {})
        written = server.stop()

    for secret in (token, key, PASSWORD.strip()):
        assert secret not in written
    assert '"route":"/v1/controllers"' in written


def test_a_wrong_setting_stops_the_server_with_its_name(data) -> None:
    (data / "ownclimate.toml").write_text('port = "high"\n')

    refused = run(data, "serve", check=False)

    assert refused.returncode == 1
    assert "port" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [("user", "list"), ("serve",)])
def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path, command) -> None:
    (tmp_path / "file").write_text("not a folder")

    refused = run(tmp_path / "file" / "data", *command, check=False)

    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert str(tmp_path / "file") in line


def test_checking_a_folder_without_a_store_is_no_assurance(tmp_path) -> None:
    refused = run(tmp_path, "store", "check", check=False)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"ownclimate: data: there is no store in {tmp_path}\n"
