"""Two servers on loopback: the demo as the vendor's cloud, and a household that collects from it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
import urllib.parse
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ownclimate import data_folder
from ownclimate.collecting import open_engine
from ownclimate.config import Settings
from ownclimate.core.accounts import get_account
from ownclimate.core.devices import find_device
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import link_source
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Interval
from ownclimate.core.things import Source
from ownclimate.oauth.encryption import Cipher
from ownclimate.sync.engine import Engine
from ownclimate.sync.settings import checked_cloud
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.faulty_cloud import FaultyCloud, cut, drop, error, page
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.server import COMMAND, Server, environment, run, run_json

DAY_MS = 24 * 3_600_000
KILLED_DAYS = 8
PAGE_ROWS = 1024
SCOPES = "read_station read_homecoach read_thermostat"
LIMITS = ("150/10", "500/3600")
KILLS = 20 if os.environ.get("TEST_FULL") else 1


@dataclass
class CloudFolder:
    """The demo's data, served with one limit or another: counts begin anew with the server."""

    data: Path
    limit: str = ""
    server: Server | None = None

    def serving(self, limit: str) -> Server:
        if self.server is None or self.limit != limit:
            self.stop()
            self.limit = limit
            allowed = {f"OWNCLIMATE_NETATMO_REQUESTS_PER_{name}": "0" for name in ("APP_10S", "APP_HOUR")}
            allowed |= {"OWNCLIMATE_NETATMO_REQUESTS_PER_USER_10S": limit}
            allowed |= {"OWNCLIMATE_NETATMO_REQUESTS_PER_USER_HOUR": "500" if limit != "0" else "0"}
            self.server = Server.start(self.data, "--demo", **allowed)
        return self.server

    def stop(self) -> None:
        if self.server is not None:
            self.server.process.terminate()
            self.server.process.wait()
        self.server = None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudFolder]:
    made = CloudFolder(tmp_path_factory.mktemp("cloud") / "data")
    yield made
    made.stop()


@pytest.fixture
def cloud(folder: CloudFolder) -> Server:
    """It refuses what is beyond `LIMITS`, and has counted nothing of another test's yet."""
    folder.stop()
    return folder.serving("150")


@pytest.fixture
def patient_cloud(folder: CloudFolder) -> Server:
    """It refuses nothing by itself."""
    return folder.serving("0")


def sign_in(server: Server) -> dict[str, str]:
    """An app at the cloud, and a refresh token of its user."""
    told = json.loads((server.data / "demo.json").read_text())
    client = told["clients"]["netatmo"]
    form = {
        "grant_type": "password",
        "username": told["email"],
        "password": told["password"],
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        "scope": SCOPES,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urllib.parse.urlencode(form).encode()
    answer = server.request("POST", "/oauth2/token", body, headers=headers)
    return {**client, **answer.json}


@pytest.fixture
def access(patient_cloud: Server) -> dict[str, str]:
    return sign_in(patient_cloud)


@pytest.fixture
async def proxy(patient_cloud: Server) -> AsyncIterator[FaultyCloud]:
    async with FaultyCloud(patient_cloud.url).listening() as listening:
        yield listening


class Household:
    """Collects in this process, into memory; time stands still but for pauses, which take no time."""

    def __init__(self, ports: Ports, clock: FakeClock, owner_id: OwnerId, source: Source) -> None:
        self.ports, self.clock, self.owner_id, self.source = ports, clock, owner_id, source
        self.vault = Cipher(bytes(32), SeededEntropy(2))
        self.pauses: list[float] = []

    @classmethod
    async def connected(cls, access: dict[str, str], url: str, clock: FakeClock, days: int) -> Household:
        ports = memory_ports(clock, SeededEntropy(1))
        owner_id = (await Households(ports).add("ada")).owner_id
        secrets = {"client_secret": access["client_secret"], "refresh_token": access["refresh_token"]}
        settings = checked_cloud(
            client_id=access["client_id"],
            base_url=url,
            since_ms=clock.now_ms() - days * DAY_MS,
            limits=LIMITS,
        )
        vault = Cipher(bytes(32), SeededEntropy(2))
        source = await link_source(
            ports,
            vault,
            owner_id,
            ACTOR,
            kind="netatmo",
            name="cloud",
            settings=settings,
            secrets=secrets,
        )
        household = cls(ports, clock, owner_id, source)
        household.secrets = secrets
        return household

    secrets: dict[str, str]

    def engine(self) -> Engine:
        async def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            self.clock.advance(seconds)
            await asyncio.sleep(0)

        return open_engine(self.ports, self.vault, self.owner_id, self.source, self.secrets, pause)

    async def collect(self) -> Engine:
        engine = self.engine()
        assert await engine.run_once(), engine.live.last_error
        return engine


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(time.time_ns() // 1_000_000)


async def station_rows(ports: Ports, owner_id: OwnerId, wire_id: str, interval: Interval) -> Any:
    device = await find_device(ports.directory, owner_id, wire_id)
    assert device is not None
    return await ports.series.read(device.number, interval, ["temperature_c", "humidity_pct"])


def stations_of(cloud: Server, access: dict[str, str]) -> list[str]:
    """Ids of the stations' outdoor modules, as the cloud tells them."""
    answer = cloud.request("GET", "/api/getstationsdata", token=access["access_token"])
    return [m["_id"] for d in answer.json["body"]["devices"] for m in d.get("modules", [])]


async def test_a_months_history_arrives_equal_in_the_fewest_calls(cloud, clock) -> None:
    access = sign_in(cloud)
    module = stations_of(cloud, access)[0]
    async with FaultyCloud(cloud.url).listening() as proxy:
        household = await Household.connected(access, proxy.url, clock, days=31)
        await check_a_month(cloud, module, household, proxy, clock)


async def check_a_month(
    cloud: Server, module: str, household: Household, proxy: FaultyCloud, clock: FakeClock
) -> None:
    until_ms = clock.now_ms() - 3_600_000

    engine = await household.collect()

    interval = Interval(start_ms=until_ms - 30 * DAY_MS, end_ms=until_ms)
    collected = await station_rows(household.ports, household.owner_id, module, interval)
    async with data_folder.open_ports(cloud.data, Settings(store_map_gib=1)) as there:
        email = json.loads((cloud.data / "demo.json").read_text())["email"]
        owner_id = (await get_account(there.directory, email)).owner_id
        original = await station_rows(there, owner_id, module, interval)
    assert len(collected.times_ms) > 8_000
    # The wire has whole seconds.
    np.testing.assert_array_equal(collected.times_ms, original.times_ms // 1000 * 1000)
    for name in ("temperature_c", "humidity_pct"):
        np.testing.assert_allclose(collected.columns[name], original.columns[name], atol=0.051)
    tracks = [state.track for state in engine.tasks.values() if state.track is not None]
    least = sum(-(-track.rows // PAGE_ROWS) for track in tracks)
    assert proxy.calls["getmeasure"] <= least + len(tracks)
    assert all(track.gaps(clock.now_ms()) == [] for track in tracks)
    assert proxy.statuses[429] == 0


def add_source(cloud: Server, access: dict[str, str], data: Path, since: str) -> str:
    run(data, "user", "add", "ada@example.org", stdin="correct horse battery\n")
    limits = [part for limit in LIMITS for part in ("--limit", limit)]
    made = run_json(
        data,
        *("source", "add", "netatmo", "--owner", "ada@example.org", "--client-id", access["client_id"]),
        *("--base-url", cloud.url, "--since", since, *limits),
        stdin=f"{access['client_secret']}\n{access['refresh_token']}\n",
    )
    return str(made["id"])


def test_a_killed_collector_goes_on_where_it_was(cloud, tmp_path, clock) -> None:
    data = tmp_path / "data"
    source_id = add_source(cloud, sign_in(cloud), data, str(clock.now_ms() - KILLED_DAYS * DAY_MS))
    rows = 0
    for _ in range(KILLS):
        child = subprocess.Popen(
            [*COMMAND, "--data", str(data), "serve", "--port", "0"],
            env=environment(),
            stdout=subprocess.DEVNULL,
        )
        rows = progress_beyond(data, rows)
        child.send_signal(signal.SIGKILL)
        child.wait()
    with Server.start(data):
        status = until_whole(data)

    assert status["id"] == source_id
    assert status["refused"] == 0
    assert all(history["gaps"] == [] for history in status["histories"])
    assert sum(use["used"] for use in status["quota"][:1]) <= 150


def progress_beyond(data: Path, rows: int) -> int:
    for _ in range(600):
        (status,) = run_json(data, "sync", "status")
        if status["rows"] > rows:
            return int(status["rows"])
        time.sleep(0.05)
    raise AssertionError(f"nothing more was collected than {rows} rows")


def until_whole(data: Path) -> Any:
    for _ in range(600):
        (status,) = run_json(data, "sync", "status")
        if status["histories"] and status["state"] == "up to date":
            return status
        time.sleep(0.1)
    raise AssertionError(f"it does not come to an end: {status}")


async def test_a_second_run_asks_for_nothing_and_an_hour_later_for_one_page_each(
    access, proxy, clock
) -> None:
    household = await Household.connected(access, proxy.url, clock, days=4)
    engine = await household.collect()
    proxy.calls.clear()

    await household.collect()

    assert proxy.calls == {}
    clock.advance(3700)
    await household.collect()
    histories = sum(state.track is not None for state in engine.tasks.values())
    assert 0 < proxy.calls["getmeasure"] <= histories + 1
    assert proxy.calls["homesdata"] == 0


FAULTS = {
    "a refusal without a word until when": (error(429, 26, "API limit exceeded"), True),
    "a refusal of the years before": (error(403, 26, "User usage reached"), True),
    "a refusal for seconds": (error(429, 26, "API limit exceeded", "7"), False),
    "too many callers at once": (error(429, 11, "Failed to enter concurrency limited section"), False),
    "an expired token": (error(403, 3, "Access token expired"), False),
    "a server error": (error(500, 500, "Internal Server Error"), False),
    "an error in a success": (error(200, 0, "failed to connect to server"), False),
    "a proxy's page": (page(502), False),
    "a page as a success": (page(200), False),
    "half an answer": (cut, False),
    "a dropped connection": (drop, False),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_delays_and_leaves_no_gap(name, access, proxy, clock) -> None:
    fault, gives_up = FAULTS[name]
    household = await Household.connected(access, proxy.url, clock, days=4)
    began_ms = clock.now_ms()  # The cloud's clock does not move with ours.
    proxy.spoil("homesdata", fault)
    proxy.spoil("getmeasure", fault)

    engine = household.engine()
    if gives_up:
        for _ in range(2):
            assert not await engine.run_once()
            clock.advance(3600)
            engine = household.engine()
    assert await engine.run_once(), engine.live.last_error

    tracks = [state.track for state in engine.tasks.values() if state.track is not None]
    assert tracks
    assert all(track.rows and not track.gaps(began_ms) for track in tracks)
    assert engine.live.last_error


async def test_a_refresh_whose_reply_was_lost_is_asked_for_again(access, proxy, clock) -> None:
    household = await Household.connected(access, proxy.url, clock, days=1)
    proxy.spoil("token", drop)

    engine = await household.collect()

    assert proxy.calls["token"] == 2
    assert engine.tasks


async def test_a_rotated_token_is_on_disk_before_it_is_used(access, proxy, clock) -> None:
    household = await Household.connected(access, proxy.url, clock, days=1)
    engine = household.engine()
    await engine.collector.prepare()
    await engine.collector.close()

    again = await household.collect()  # A new process: it knows the pair without asking.

    assert proxy.calls["token"] == 1
    assert again.tasks


async def test_credentials_that_do_not_hold_are_not_hammered(access, proxy, clock) -> None:
    household = await Household.connected(
        access | {"refresh_token": "0" * 24 + "|" + "0" * 32}, proxy.url, clock, days=1
    )
    engine = household.engine()

    assert not await engine.run_once()

    assert proxy.calls["token"] == 1
    assert "refresh token does not hold" in engine.live.last_error
    assert access["client_secret"] not in engine.live.last_error


def test_by_hand_it_is_collected_and_told_how_far_it_is(patient_cloud, access, tmp_path, clock) -> None:
    data = tmp_path / "data"
    source_id = add_source(patient_cloud, access, data, str(clock.now_ms() - DAY_MS))

    done = run(data, "sync", "run", "--once")
    (status,) = run_json(data, "sync", "status", "--source", source_id)

    assert done.stdout == ""
    assert status["percent"] == 100.0
    assert status["rows"] == sum(history["rows"] for history in status["histories"]) > 1_000
    assert status["calls"] == status["quota"][1]["used"]
    assert access["client_secret"] not in json.dumps(status)
    assert source_id in run(data, "sync", "status").stdout
    run(data, "source", "remove", source_id)
    assert run_json(data, "sync", "status") == []
    assert len(run_json(data, "device", "list")) > 10


def test_by_hand_an_account_that_refuses_is_said_and_counts_as_partly_done(
    patient_cloud, access, tmp_path, clock
) -> None:
    data = tmp_path / "data"
    add_source(patient_cloud, access | {"client_secret": "wrong"}, data, str(clock.now_ms() - DAY_MS))

    done = run(data, "sync", "run", "--once", check=False)

    assert done.returncode == 2
    assert "gives no tokens to this app" in done.stderr
    assert access["refresh_token"] not in done.stderr


def test_without_a_cloud_there_is_nothing_to_run(tmp_path) -> None:
    done = run(tmp_path / "data", "sync", "run", "--once", check=False)

    assert done.returncode == 1
    assert "no cloud to collect from" in done.stderr
