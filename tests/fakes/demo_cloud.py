"""Two servers: the demo as the vendor's cloud, and a household's that collects from it."""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ownclimate import data_folder
from ownclimate.config import Settings
from ownclimate.core.accounts import get_account
from ownclimate.core.partitions import SYNC, owner_partition
from ownclimate.vendors.netatmo.collector_account import Account
from ownclimate.vendors.netatmo.collector_tasks import ACCOUNT
from tests.fakes.server import Server, run, run_json

DAY_S = 86_400
PAGE_ROWS = 1024
SCOPES = "read_station read_homecoach read_thermostat read_magellan read_smarther"
OWNER = "ada@example.org"
_COUNT = re.compile(r'ownclimate_requests_total\{dialect="netatmo",route="([^"]+)",status="(\d+)"\} (\S+)')

Rows = dict[str, Any]


@dataclass
class DemoCloud:
    """The demo's data, served with one limit or another: counts begin anew with the server."""

    data: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    server: Server | None = None

    def serving(self, **settings: int) -> Server:
        """`settings` are those of Netatmo's limits; without them it refuses nothing by itself."""
        counts = ("user_10s", "user_hour", "app_10s", "app_hour")
        told = settings or {f"netatmo_requests_per_{name}": 0 for name in counts}
        wanted = {f"OWNCLIMATE_{name.upper()}": str(value) for name, value in told.items()}
        # A server without limits has counted nothing that another test could mind.
        if self.server is None or self.settings != wanted or settings:
            self.stop()
            self.settings = wanted
            self.server = Server.start(self.data, "--demo", **wanted)
        return self.server

    def stop(self) -> None:
        if self.server is not None:
            self.server.process.terminate()
            self.server.process.wait()
        self.server = None


def sign_in(cloud: Server, scopes: str = SCOPES) -> dict[str, str]:
    """An app at the cloud, and a refresh token of its user."""
    told = json.loads((cloud.data / "demo.json").read_text())
    client = told["clients"]["netatmo"]
    form = {
        "grant_type": "password",
        "username": told["email"],
        "password": told["password"],
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        "scope": scopes,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urllib.parse.urlencode(form).encode()
    answer = cloud.request("POST", "/oauth2/token", body, headers=headers)
    return {**client, **answer.json}


def connect(cloud: Server, access: Mapping[str, str], data: Path, days: float, *limits: str) -> str:
    """A household in the folder with the account as its source; the source's id."""
    run(data, "user", "add", OWNER, stdin="correct horse battery\n")
    since_ms = time.time_ns() // 1_000_000 - round(days * DAY_S * 1000)
    told = [part for limit in limits for part in ("--limit", limit)]
    made = run_json(
        data,
        *("source", "add", "netatmo", "--owner", OWNER, "--client-id", access["client_id"]),
        *("--base-url", cloud.url, "--since", str(since_ms), *told),
        stdin=f"{access['client_secret']}\n{access['refresh_token']}\n",
    )
    return str(made["id"])


def status_of(data: Path) -> Any:
    (status,) = run_json(data, "sync", "status")
    return status


def until_whole(data: Path, patience_s: float = 120) -> Any:
    """The status, once everything is collected."""
    until_s = time.monotonic() + patience_s
    while time.monotonic() < until_s:
        status = status_of(data)
        if status["histories"] and status["state"] == "up to date":
            return status
        time.sleep(patience_s / 1000)
    raise AssertionError(f"it does not come to an end: {status}")


def answers(server: Server) -> dict[tuple[str, int], int]:
    """How many times each of Netatmo's methods was answered so far, by method and status."""
    text = server.request("GET", "/metrics").body.decode()
    return {
        (route.rpartition("/")[2], int(status)): int(float(count))
        for route, status, count in _COUNT.findall(text)
    }


def histories(data: Path, source_id: str) -> dict[str, dict[str, str]]:
    """What was asked for of each thing with a past: the parameters of its getmeasure."""

    async def read() -> Account:
        async with data_folder.open_ports(data, Settings(store_map_gib=1)) as ports:
            owner_id = (await get_account(ports.directory, OWNER)).owner_id
            key = f"{source_id}/memory/{ACCOUNT}"
            found = await ports.directory.find(owner_partition(owner_id), SYNC, key)
            assert found is not None
            return Account.of_body(found.body)

    return {
        name: {
            "device_id": past.gateway,
            **({"module_id": name} if name != past.gateway else {}),
            "type": ",".join(past.types),
            "scale": past.scale,
            "optimize": "false",
            "real_time": "true",
        }
        for name, past in asyncio.run(read()).pasts.items()
    }


def measures(server: Server, token: str, asked: Mapping[str, str], begin_s: int, end_s: int) -> Rows:
    """All rows of a stretch, page after page."""
    rows: Rows = {}
    while begin_s <= end_s:
        query = urllib.parse.urlencode({**asked, "date_begin": begin_s, "date_end": end_s})
        page = server.request("GET", f"/api/getmeasure?{query}", token=token)
        if page.status == 429:
            time.sleep(1)
            continue
        assert page.status == 200, page.body
        found = page.json["body"] or {}
        rows |= found
        if len(found) < PAGE_ROWS:
            break
        begin_s = max(map(int, found)) + 1
    return rows
