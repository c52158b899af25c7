"""Every dialect's document against its server: nothing fails, nothing answers what it does not say.

schemathesis makes requests from the documents alone: examples, the edges of every schema, random ones, and
sequences in which one answer's ids go into the next request. What is refused for what it means, though its
shape is right (a hold outside the device's range), is no fault of ours, so valid data need not be accepted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.server import Server

EXAMPLES = 100 if os.environ.get("TEST_FULL") else 1
PHASES = "examples,coverage,fuzzing,stateful" if os.environ.get("TEST_FULL") else "fuzzing,stateful"
UNLIMITED = (
    "MCLIMATE_REQUESTS_PER_TOKEN",
    "MCLIMATE_REQUESTS_PER_CLIENT",
    "SMARTBUILDINGS_REQUESTS_PER_CLIENT",
    "NETATMO_REQUESTS_PER_USER_10S",
    "NETATMO_REQUESTS_PER_USER_HOUR",
    "NETATMO_REQUESTS_PER_APP_10S",
    "NETATMO_REQUESTS_PER_APP_HOUR",
    "COMMANDS_PER_TOKEN",
    "COMMANDS_PER_CLIENT",
)
SETTINGS = {**{f"OWNCLIMATE_{name}": "0" for name in UNLIMITED}, "OWNCLIMATE_DEMO_BROKER": "off"}
LAX = {"netatmo": "negative_data_rejection"}
"""Netatmo takes null, empty texts and lists of nothing as absent, and odd booleans as booleans (§1.2)."""

EXPECTED = '["2xx", "3xx", "4xx", "503"]'
"""503 is said on purpose: of a device that was never heard, or that is out of reach."""


@dataclass(frozen=True)
class Demo:
    server: Server
    token: str
    ids: dict[str, dict[str, str]]
    """By dialect: parameters that name a thing, and one that there is."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    data = tmp_path_factory.mktemp("schemathesis") / "data"
    server = Server.start(data, "--demo", **SETTINGS)
    try:
        token = json.loads((data / "demo.json").read_text())["token"]
        yield Demo(server, token, _ids(server, token))
    finally:
        server.stop()


def _ids(server: Server, token: str) -> dict[str, dict[str, str]]:
    def ask(path: str) -> Any:
        return server.request("GET", path, token=token).json

    serial = ask("/v1/controllers?type=vicki")["_embedded"]["controller"][0]["serial_number"]
    (home, *_) = ask("/api/homesdata")["body"]["homes"]
    station = ask("/api/getstationsdata")["body"]["devices"][0]["_id"]
    return {
        "mclimate": {"serial": serial, "serial_number": serial},
        "netatmo": {"home_id": home["id"], "room_id": home["rooms"][0]["id"], "device_id": station},
        "smartbuildings": {
            "buildingId": ask("/api/v1/buildingIds")["data"]["items"][0]["id"],
            "thermostatId": ask("/api/v1/thermostatIds")["data"]["items"][0]["id"],
        },
    }


def test_every_dialect_keeps_to_its_document(demo: Demo, tmp_path: Path) -> None:
    """One test, so that one server does for all."""
    for dialect in demo.ids:
        done = _run(demo, dialect, tmp_path)
        assert done.returncode == 0, f"{dialect}\n{done.stdout[-8000:]}{done.stderr}"
        assert demo.server.process.poll() is None


def _run(demo: Demo, dialect: str, folder: Path) -> subprocess.CompletedProcess[str]:
    parameters = "\n".join(f'"{name}" = "{value}"' for name, value in demo.ids[dialect].items())
    checks = f"[checks.not_a_server_error]\nexpected-statuses = {EXPECTED}\n"
    (folder / "schemathesis.toml").write_text(f"{checks}[parameters]\n{parameters}\n")
    excluded = ",".join(name for name in ("positive_data_acceptance", LAX.get(dialect)) if name)
    command = [
        Path(sys.executable).with_name("schemathesis"),
        "run",
        f"{demo.server.url}/docs/{dialect}/openapi.json",
        f"--header=Authorization: Bearer {demo.token}",
        f"--max-examples={EXAMPLES}",
        f"--phases={PHASES}",
        "--checks=all",
        f"--exclude-checks={excluded}",
        "--seed=1",
        "--no-color",
        "--workers=1",
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=3600)
