"""`ownclimate source show|set|connect|remove` and what `sync status` tells, without any cloud."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ownclimate import data_folder
from ownclimate.authorization import KEY_FILE
from ownclimate.config import Settings
from ownclimate.core.accounts import get_account
from ownclimate.core.devices import create_device
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import find_linked, open_secrets
from ownclimate.core.ports import Ports
from ownclimate.core.things import Report
from ownclimate.oauth.encryption import Cipher, load_key
from ownclimate.sync.book import Book, Live, TaskState
from ownclimate.sync.gaps import HOLE_MS, Track
from tests.fakes.households import ACTOR
from tests.fakes.server import run, run_json

EMAIL = "ada@example.org"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    run(folder, "user", "add", EMAIL, stdin="a long enough password\n")
    return folder


@pytest.fixture
def cloud(data: Path) -> str:
    made = run_json(
        data, "source", "add", "netatmo", "--owner", EMAIL, "--client-id", "my-app", stdin="hush\nfirst\n"
    )
    return str(made["id"])


def within(data: Path, work: Callable[[Ports, OwnerId], Awaitable[Any]]) -> Any:
    async def opened() -> Any:
        async with data_folder.open_ports(data, Settings(store_map_gib=1)) as ports:
            return await work(ports, (await get_account(ports.directory, EMAIL)).owner_id)

    return asyncio.run(opened())


def secrets_of(data: Path, source_id: str) -> dict[str, str]:
    async def look(ports: Ports, owner_id: OwnerId) -> dict[str, str]:
        found = await find_linked(ports.directory, owner_id, source_id)
        assert found is not None
        return open_secrets(
            found, Cipher(load_key(data / KEY_FILE, secrets.token_bytes), secrets.token_bytes)
        )

    found: dict[str, str] = within(data, look)
    return found


def half_collected(data: Path, source_id: str) -> None:
    async def note(ports: Ports, owner_id: OwnerId) -> None:
        now_ms = ports.clock.now_ms()
        start_ms = now_ms - 10 * DAY_MS
        track = Track(
            since_ms=start_ms,
            known=((start_ms + 5 * DAY_MS, now_ms),),
            rows=77,
            oldest_ms=start_ms,
            newest_ms=now_ms,
            runs=(
                (start_ms + 5 * DAY_MS, start_ms + 6 * DAY_MS + HOLE_MS),
                (start_ms + 7 * DAY_MS, now_ms),
            ),
        )
        rain = Track(since_ms=start_ms, known=((now_ms - DAY_MS, now_ms),), rows=1, oldest_ms=start_ms)
        live = Live(
            at_ms=now_ms,
            activity="waits after a failure",
            calls=9,
            saved=4,
            relayed=2,
            last_success_ms=now_ms - 2 * DAY_MS,
            last_error="the refresh token does not hold any more: connect its account again",
            last_error_ms=now_ms - 1000,
        )
        tasks = {
            "past a": TaskState(label="history of station", track=track),
            "past b": TaskState(label="history of rain", track=rain, problem="not yours"),
        }
        await Book(ports, owner_id, source_id).save(live, tasks)

    within(data, note)


def test_status_and_show_tell_what_is_missing_what_can_be_had_and_what_to_do(data: Path, cloud: str) -> None:
    half_collected(data, cloud)

    (status,) = run_json(data, "sync", "status")
    shown = run_json(data, "source", "show", cloud)
    for_people = run(data, "source", "show", cloud).stdout
    table = run(data, "sync", "status").stdout

    station, rain = status["histories"]
    assert (status["saved"], status["relayed"], status["calls"]) == (4, 2, 9)
    assert status["left"] == 50
    assert status["missing_seconds"] == pytest.approx((5 + 9) * 86_400, abs=5)
    assert [gap["cloud_can_give"] for gap in station["gaps"]] == [True]
    assert [gap["cloud_can_give"] for gap in rain["gaps"]] == [False]
    assert len(station["holes"]) == 1
    assert status["silent_since"]
    advice = f"connect its account again: ownclimate source connect {cloud}"
    assert status["last_error"].endswith(advice)
    assert {name: shown[name] for name in status} == status
    assert shown["settings"] == {"client_id": "my-app"}
    assert advice in for_people
    assert "history of rain" in for_people
    assert "14.0 days" in table
    for text in (json.dumps(shown), for_people, table):
        assert "hush" not in text


def test_the_doctor_tells_of_a_cloud_that_has_not_answered_for_a_day(data: Path, cloud: str) -> None:
    half_collected(data, cloud)

    told = run(data, "doctor", check=False).stdout

    assert "WARN  cloud: Netatmo has not answered since" in told
    assert f"ownclimate source show {cloud}" in told


def test_only_what_is_given_is_set(data: Path, cloud: str) -> None:
    run(data, "source", "set", cloud, "--relay", "--limit", "10/1", "--limit", "500/3600")
    run(data, "source", "set", cloud, "--name", "Flat", "--since", "2024-01-01")

    shown = run_json(data, "source", "show", cloud)

    assert shown["name"] == "Flat"
    assert shown["settings"] == {
        "client_id": "my-app",
        "since_ms": 1_704_067_200_000,
        "limits": [{"calls": 10, "span_ms": 1000}, {"calls": 500, "span_ms": 3_600_000}],
        "relays": True,
    }
    back = ("--no-relay", "--since", "1970-01-01", "--limit", "default")
    assert run_json(data, "source", "set", cloud, *back)["settings"] == {"client_id": "my-app"}
    assert secrets_of(data, cloud) == {"client_secret": "hush", "refresh_token": "first"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "say what is to change"),
        (("--limit", "many"), "expected CALLS/SECONDS such as 50/10"),
        (("--name", " "), "expected 1 to 200"),
    ],
    ids=str,
)
def test_what_cannot_be_set_is_told(data: Path, cloud: str, arguments: tuple[str, ...], told: str) -> None:
    done = run(data, "source", "set", cloud, *arguments, check=False)

    assert done.returncode == 1
    assert told in done.stderr


def test_a_source_gets_new_credentials_and_stays_what_it_was(data: Path, cloud: str) -> None:
    before = run_json(data, "source", "show", cloud)

    run(data, "source", "connect", cloud, "--client-id", "other-app", stdin="whisper\nsecond\n")

    assert secrets_of(data, cloud) == {"client_secret": "whisper", "refresh_token": "second"}
    after = run_json(data, "source", "show", cloud)
    assert after["settings"] == {"client_id": "other-app"}
    assert after["created"] == before["created"]
    short = run(data, "source", "connect", cloud, stdin="whisper\n", check=False)
    assert "refresh token: expected on standard input" in short.stderr
    assert secrets_of(data, cloud)["refresh_token"] == "second"


def test_removing_the_data_too_has_to_be_meant(data: Path, cloud: str) -> None:
    async def furnish(ports: Ports, owner_id: OwnerId) -> None:
        said = {"wifi": Report(value=1, at_ms=1, source=cloud)}
        await create_device(
            ports, owner_id, ACTOR, vendor="netatmo", model="NAMain", vendor_id="a1", reports=said
        )
        await create_device(ports, owner_id, ACTOR, vendor="mclimate", model="vicki", vendor_id="v1")

    within(data, furnish)

    asked = run(data, "source", "remove", cloud, "--with-data", check=False)
    assert (asked.returncode, "with 1 device and 0 homes" in asked.stderr) == (1, True)
    assert len(run_json(data, "device", "list")) == 2
    done = run(data, "source", "remove", cloud, "--with-data", "--yes")

    assert "with 1 device, 0 homes and 0 payloads" in done.stdout
    assert [device["id"] for device in run_json(data, "device", "list")] != []
    assert len(run_json(data, "device", "list")) == 1
    assert run_json(data, "source", "list") == []
    gone = run(data, "source", "show", cloud, check=False)
    assert f"source {cloud} not found" in gone.stderr


def test_what_was_heard_through_a_broker_stays(data: Path) -> None:
    made = run_json(data, "source", "add", "mqtt", "--owner", EMAIL, "--broker", "mqtt://192.0.2.1")

    refused = run(data, "source", "remove", made["id"], "--with-data", "--yes", check=False)
    unfit = run(data, "source", "set", made["id"], "--relay", check=False)
    run(data, "source", "set", made["id"], "--name", "Hub")

    assert "heard from devices directly: it stays" in refused.stderr
    assert "only the name can be changed" in unfit.stderr
    assert run_json(data, "source", "show", made["id"])["name"] == "Hub"
    run(data, "source", "remove", made["id"])
    assert run_json(data, "source", "list") == []
