"""Two servers on loopback: the demo as the vendor's cloud, and a household that collects from it.

TEST_FULL collects the whole year of every device with Netatmo's limits, their spans shortened, and takes
an hour and some minutes more for limits as they really are.
"""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import FakeClock
from tests.fakes.collecting import Collecting
from tests.fakes.demo_cloud import (
    DAY_S,
    OWNER,
    PAGE_ROWS,
    DemoCloud,
    answers,
    connect,
    histories,
    measures,
    sign_in,
    status_of,
    until_whole,
)
from tests.fakes.faulty_cloud import FaultyCloud
from tests.fakes.processes import PROCESSES
from tests.fakes.server import Server, run, run_json
from tests.integration import collector_child

FULL = bool(os.environ.get("TEST_FULL"))
DAYS = 366 if FULL else 5
KILLS = 20
KILLED_DAYS = 60 if FULL else 10
LONGEST_LIFE_S = 0.6
SLACK_S = 3 * 3600
"""What is younger may come in while we look."""
SHORT_SPANS = {
    "netatmo_requests_per_user_10s": 50,
    "netatmo_requests_per_user_hour": 500,
    "netatmo_requests_per_app_10s": 200,
    "netatmo_requests_per_app_hour": 2000,
    "netatmo_burst_s": 1,
    "netatmo_hour_s": 10,
}
REAL_SPANS = {name: SHORT_SPANS[name] for name in SHORT_SPANS if "requests" in name}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCloud]:
    made = DemoCloud(tmp_path_factory.mktemp("cloud") / "data")
    yield made
    made.stop()


@pytest.fixture
def patient_cloud(folder: DemoCloud) -> Server:
    """It refuses nothing by itself."""
    return folder.serving()


@pytest.fixture
def access(patient_cloud: Server) -> dict[str, str]:
    return sign_in(patient_cloud)


@pytest.fixture
async def proxy(patient_cloud: Server) -> AsyncIterator[FaultyCloud]:
    async with FaultyCloud(patient_cloud.url).listening() as listening:
        yield listening


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(time.time_ns() // 1_000_000)


async def connected(access: dict[str, str], url: str, clock: FakeClock, days: int) -> Collecting:
    secrets = {"client_secret": access["client_secret"], "refresh_token": access["refresh_token"]}
    since_ms = clock.now_ms() - days * DAY_S * 1000
    settings = {"client_id": access["client_id"], "since_ms": since_ms, "limits": ("150/10", "500/3600")}
    return await Collecting.of("netatmo", url, clock, secrets, **settings)


def check_equal(cloud: Server, ours: Server, source_id: str, begin_s: int) -> int:
    """Both servers answer the same of every device's past, value for value as the wire has them; returns
    how many rows."""
    end_s = int(time.time()) - SLACK_S
    email = json.loads((cloud.data / "demo.json").read_text())["email"]
    its_token, our_token = personal_token(cloud.data, email), personal_token(ours.data, OWNER)
    rows = 0
    pasts = histories(ours.data, source_id)
    products = {asked["type"] for asked in pasts.values()}
    assert len(products) >= 7
    for name, asked in pasts.items():
        there = measures(cloud, its_token, asked, begin_s, end_s)
        here = measures(ours, our_token, asked, begin_s, end_s)
        assert here == there, (name, asked)
        assert there or asked["scale"] != "max", (name, asked)
        rows += len(there)
    return rows


def personal_token(data: Path, email: str) -> str:
    """Which no limit of an app's users counts."""
    return str(run_json(data, "token", "add", "--owner", email, "--name", "check")["token"])


def until_more_than(data: Path, calls: int) -> None:
    """Or until nothing more comes."""
    for _ in range(100):
        status = status_of(data)
        if status["calls"] > calls or status["state"] == "up to date":
            return
        time.sleep(0.05)
    raise AssertionError(f"no more than {calls} calls were made: {status}")


def least_pages(data: Path) -> int:
    return sum(-(-history["rows"] // PAGE_ROWS) for history in status_of(data)["histories"])


async def test_a_second_run_asks_for_nothing_and_an_hour_later_for_one_page_each(
    access, proxy, clock
) -> None:
    household = await connected(access, proxy.url, clock, days=4)
    engine = await household.collect()
    proxy.calls.clear()

    await household.collect()

    assert proxy.calls == {}
    clock.advance(3700)
    await household.collect()
    pasts = sum(state.track is not None for state in engine.tasks.values())
    assert 0 < proxy.calls["getmeasure"] <= pasts + 1
    assert proxy.calls["homesdata"] == 0


async def test_a_rotated_token_is_on_disk_before_it_is_used(access, proxy, clock) -> None:
    household = await connected(access, proxy.url, clock, days=1)
    engine = household.engine()
    await engine.collector.prepare()
    await engine.collector.close()

    again = await household.collect()  # A new process: it knows the pair without asking.

    assert proxy.calls["token"] == 1
    assert again.tasks


async def test_credentials_that_do_not_hold_are_not_hammered(access, proxy, clock) -> None:
    household = await connected(
        access | {"refresh_token": "0" * 24 + "|" + "0" * 32}, proxy.url, clock, days=1
    )
    engine = household.engine()

    assert not await engine.run_once()

    assert proxy.calls["token"] == 1
    assert "refresh token does not hold" in engine.live.last_error
    assert access["client_secret"] not in engine.live.last_error


def test_by_hand_it_is_collected_and_told_how_far_it_is(patient_cloud, access, tmp_path) -> None:
    data = tmp_path / "data"
    source_id = connect(patient_cloud, access, data, 1, "150/10", "500/3600")

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
    patient_cloud, access, tmp_path
) -> None:
    data = tmp_path / "data"
    connect(patient_cloud, access | {"client_secret": "wrong"}, data, 1, "150/10")

    done = run(data, "sync", "run", "--once", check=False)

    assert done.returncode == 2
    assert "gives no tokens to this app" in done.stderr
    assert access["refresh_token"] not in done.stderr


def test_without_a_cloud_there_is_nothing_to_run(tmp_path) -> None:
    done = run(tmp_path / "data", "sync", "run", "--once", check=False)

    assert done.returncode == 1
    assert "no cloud to collect from" in done.stderr


def test_when_the_cloud_is_switched_off_for_good_all_goes_on_without_it(folder, tmp_path) -> None:
    cloud, data = folder.serving(), tmp_path / "data"
    access = sign_in(cloud)
    source_id = connect(cloud, access, data, 2, "5000/1")
    with Server.start(data) as ours:
        until_whole(data)
        token = personal_token(data, OWNER)
        key = run_json(data, "hook", "add", "--owner", OWNER)["key"]
        before = read_all(ours, token, data, source_id)
        folder.stop()
        # A station's state is asked for at once, in place of in ten minutes.
        run(data, "source", "pause", source_id)
        run(data, "source", "resume", source_id)

        calls = status_of(data)["calls"]
        sent = ours.request(
            "POST",
            "/hooks/readings?device_model=ours",
            {"readings": [{"device": "ours-1", "at": time.time_ns() // 1_000_000, "temperature_c": 21.5}]},
            token=key,
        )
        time.sleep(1)

        assert sent.status == 200, sent.body
        (device,) = [d for d in run_json(data, "device", "list") if d["vendor_id"] == "ours-1"]
        assert "21.5" in run(data, "readings", device["id"]).stdout
        after = read_all(ours, token, data, source_id)
        assert len(before["/v1/controllers"]) > 5
        assert after.pop("/v1/controllers") >= before.pop("/v1/controllers")
        assert after == before
        assert status_of(data)["calls"] - calls <= 3
        assert ours.process.poll() is None


def read_all(server: Server, token: str, data: Path, source_id: str) -> dict[str, Any]:
    """What the three faces say of what was collected."""
    end_s = int(time.time()) - SLACK_S
    end_s -= end_s % DAY_S
    pasts = histories(data, source_id)
    found: dict[str, Any] = {
        name: measures(server, token, asked, end_s - DAY_S, end_s) for name, asked in pasts.items()
    }
    homes = server.request("GET", "/api/homesdata", token=token).json["body"]["homes"]
    found["homes"] = sorted((home["name"], len(home.get("modules", ()))) for home in homes)
    for path in ("/v1/controllers", "/v1/buildings", "/api/v1/thermostatIds"):
        answer = server.request("GET", path, token=token)
        assert answer.status == 200, (path, answer.body)
        serials = {str(serial) for serial in re.findall(rb'"serial_number":"([^"]+)"', answer.body)}
        found[path] = serials or answer.body
    assert sum(len(found[name]) for name in pasts) > 1000
    return found


def test_all_that_a_cloud_has_of_the_past_arrives_equal_in_the_fewest_calls(folder, tmp_path) -> None:
    cloud, data = folder.serving(**SHORT_SPANS), tmp_path / "data"
    access = sign_in(cloud)
    source_id = connect(cloud, access, data, DAYS, "50/1", "500/10")
    begin_s = int(time.time()) - DAYS * DAY_S + 3600

    with Server.start(data) as ours:
        began_s = time.monotonic()
        status = until_whole(data, 600 if FULL else 120)
        took_s = time.monotonic() - began_s
        told = answers(cloud)
        calls, least = told["getmeasure", 200], least_pages(data)

        rows = check_equal(cloud, ours, source_id, begin_s)

    print(f"\n{rows} rows of {len(status['histories'])} devices in {took_s:.0f} s, {calls} of {least} calls")
    assert [key for key in told if key[1] == 429] == []
    assert status["refused"] == 0
    assert status["last_error"] == ""
    assert all(history["gaps"] == [] for history in status["histories"])
    # A short past has more pages that are not full: the newest of each device, at least.
    assert calls <= (least * 1.02 if FULL else least + len(status["histories"]))


@pytest.mark.skipif(not FULL, reason="waits for an hour: the spans are those of Netatmo")
def test_with_the_spans_that_the_vendor_has_no_call_is_refused_either(folder, tmp_path) -> None:
    cloud, data = folder.serving(**REAL_SPANS), tmp_path / "data"
    # A little more than may be used for the past in an hour.
    connect(cloud, sign_in(cloud), data, 110)

    with Server.start(data):
        status = until_whole(data, 2 * 3600)

    told = answers(cloud)
    print(f"\n{status['rows']} rows, {told['getmeasure', 200]} calls, quota {status['quota']}")
    assert [key for key in told if key[1] == 429] == []
    assert status["refused"] == 0
    assert told["getmeasure", 200] > 0.6 * 500
    assert told["getmeasure", 200] <= least_pages(data) * 1.02


def test_a_collector_killed_at_any_moment_goes_on_where_it_was(folder, tmp_path) -> None:
    cloud, data = folder.serving(**SHORT_SPANS), tmp_path / "data"
    access = sign_in(cloud)
    source_id = connect(cloud, access, data, KILLED_DAYS, "50/1", "500/10")
    begin_s = int(time.time()) - KILLED_DAYS * DAY_S + 3600
    dice, seen = random.Random(7), {0}
    for number in range(KILLS):
        child = PROCESSES.Process(target=collector_child.main, args=(data,), daemon=True)
        child.start()
        if number % 2:
            until_more_than(data, max(seen))
        time.sleep(dice.uniform(0, LONGEST_LIFE_S / (1 + 9 * (number % 2))))
        child.kill()
        child.join()
        seen.add(status_of(data)["calls"])

    with Server.start(data) as ours:
        status = until_whole(data)
        told = answers(cloud)
        rows = check_equal(cloud, ours, source_id, begin_s)

    assert len(seen) > KILLS / 4
    assert [key for key in told if key[1] == 429] == []
    assert status["refused"] == 0
    assert all(history["gaps"] == [] for history in status["histories"])
    # What was asked for again: at most a page for each time that it was killed.
    assert told["getmeasure", 200] <= least_pages(data) + len(status["histories"]) + KILLS
    assert rows > 1000
