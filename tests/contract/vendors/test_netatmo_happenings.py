"""Events from every door of the vendor's: timelines that are polled, and messages of webhooks."""

from __future__ import annotations

from typing import Any

import pytest

from ownclimate.core import events
from ownclimate.core.months import partitions_of
from tests.contract.vendors.netatmo_world import OWNER, World, payload
from tests.contract.vendors.test_netatmo_security import ADA, BEN, CAMERA, HOME, client

AT = 0x6B016B00
EVENT = f"{AT:08x}00000000000000aa"
PUSH = {
    "push_type": "NACamera-person",
    "event_type": "person",
    "user_id": "91763b24c43d3e344f424e8b",
    "home_id": HOME,
    "home_name": "Cabin",
    "camera_id": CAMERA,
    "device_id": CAMERA,
    "event_id": EVENT,
    "message": "<b>Ada</b> and <b>Ben</b> seen",
    "snapshot_id": "5f00000000000000000000bb",
    "snapshot_key": "k",
    "snapshot_url": "https://cloud.example/5f00000000000000000000bb",
    "persons": [
        {"id": ADA, "face_id": "f1", "face_key": "k1", "is_known": True},
        {"id": BEN, "face_id": "f2", "face_key": "k2", "is_known": True},
    ],
}


@pytest.fixture
async def world() -> World:
    world = World()
    await world.take(payload("gethomedata"))
    return world


async def timeline(world: World, method: str = "getevents", more: str = "") -> list[dict[str, Any]]:
    answer = await client(world).get(f"/api/{method}?home_id={HOME}{more}")
    body = answer.json["body"]
    listed = body["home"]["events"] if "home" in body else body["events_list"]
    return [event for event in listed if event["id"] == EVENT]


async def stored(world: World) -> dict[str, str]:
    """The version of every event."""
    partitions = await partitions_of(world.directory, OWNER, events.KIND)
    found = [document for p in partitions for document in await world.directory.scan(p, events.TABLE)]
    return {document.key: document.version for document in found}


async def test_a_webhooks_message_becomes_the_event_that_it_tells_of(world: World) -> None:
    report = await world.take(PUSH)

    (told,) = await timeline(world)
    assert (report.is_taken, report.events.created) == (True, 1)
    assert (told["type"], told["time"], told["module_id"]) == ("person", AT, CAMERA)
    assert (told["message"], told["person_id"]) == (PUSH["message"], ADA)
    assert [wanted.key for wanted in report.pictures] == ["k"]
    assert await timeline(world, "getlasteventof", f"&person_id={BEN}")
    assert report.kept_fields == (
        "home_name",
        "persons[].face_id",
        "persons[].face_key",
        "persons[].is_known",
        "push_type",
        "user_id",
    )


@pytest.mark.parametrize("seconds_off", [0, 3, -2])
async def test_the_timeline_tells_of_the_same_event_and_it_stays_one(world: World, seconds_off: int) -> None:
    event = {
        "id": EVENT,
        "type": "person",
        "time": AT + seconds_off,
        "module_id": CAMERA,
        "person_id": ADA,
        "message": "Ada seen",
        "snapshot": {"url": PUSH["snapshot_url"]},
    }
    page = {"status": "ok", "time_server": AT + 60, "body": {"home": {"id": HOME, "events": [event]}}}

    await world.take(PUSH)
    report = await world.take(page, method="getevents")

    assert (report.events.created, report.events.updated) == (0, 1)
    assert await timeline(world) == [event]
    await world.take(PUSH)
    assert await timeline(world) == [event]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"event_id": None}, id="no-id"),
        pytest.param({"event_id": "a1b2c3d4e5f6abcdef123461"}, id="an-id-of-the-future"),
        pytest.param({"event_id": "12345678aaaaaaaaaaaaaaaa"}, id="an-id-of-long-ago"),
        pytest.param({"event_id": "x" * 24}, id="no-object-id"),
        pytest.param({"event_type": 7}, id="no-type"),
        pytest.param({"home_id": None}, id="no-home"),
        pytest.param({"home_id": ["x"]}, id="an-odd-home"),
    ],
)
async def test_a_message_without_what_makes_an_event_is_kept_raw(
    world: World, changes: dict[str, Any]
) -> None:
    before = await stored(world)
    said = {name: value for name, value in {**PUSH, **changes}.items() if value is not None}

    report = await world.take(said)

    assert (report.is_taken, report.is_kept_raw) == (False, True)
    assert await stored(world) == before
    assert {"message", "camera_id"} <= set(report.kept_fields)


@pytest.mark.parametrize(
    "odd", [{"persons": 7}, {"persons": [None, {}]}, {"snapshot_url": []}, {"message": None}]
)
async def test_an_odd_member_of_a_message_takes_nothing_else_along(world: World, odd: dict[str, Any]) -> None:
    assert (await world.take({**PUSH, **odd})).events.created == 1


async def test_a_timeline_that_says_the_same_again_writes_no_event() -> None:
    world, page = World(), payload("getevents")
    await world.take(payload("gethomedata"))
    await world.take(page, method="getevents")
    before = await stored(world)
    page["time_server"] += 600
    page["body"]["home"]["events"][0]["message"] = "Somebody else"

    report = await world.take(page, method="getevents")

    changed = {key for key, version in (await stored(world)).items() if version != before[key]}
    assert (len(changed), report.events.updated, report.events.created) == (1, 1, 0)
