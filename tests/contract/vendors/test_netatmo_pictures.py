"""Pictures that answers name: what is lacking is said, what was fetched is told at our own address."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ownclimate.core.errors import InvalidInput
from ownclimate.core.pictures import find_picture
from ownclimate.vendors.netatmo.pictures import keep_picture
from tests.contract.vendors.netatmo_world import ACTOR, OWNER, World, payload
from tests.contract.vendors.test_netatmo_security import CAMERA, HOME, JPEG, client

OURS = "http://climate.test/api/getcamerapicture"
THEIRS = "https://cloud.example/api/getcamerapicture?image_id=5f00000000000000000000aa&key=k1"


def events_page(*events: dict[str, Any], at: int = 1_795_253_000) -> dict[str, Any]:
    return {"status": "ok", "time_server": at, "body": {"home": {"id": HOME, "events": list(events)}}}


def seen(number: int, **members: Any) -> dict[str, Any]:
    event_id, at = f"5f00000000000000000000{number:02x}", 1_795_200_000 + number
    return {"id": event_id, "type": "human", "time": at, "module_id": CAMERA, **members}


async def told(world: World, number: int) -> dict[str, Any]:
    answer = await client(world).get(f"/api/getevents?home_id={HOME}&size=300")
    listed = answer.json["body"]["home"]["events"]
    return next(event for event in listed if event["id"] == seen(number)["id"])


async def opened(world: World, url: str) -> bytes:
    assert url.startswith(OURS)
    return (await client(world).get(url.removeprefix("http://climate.test"))).body


@pytest.fixture
def world() -> World:
    return World()


async def test_the_pictures_of_events_and_faces_are_wanted_until_they_are_kept(world: World) -> None:
    said = payload("gethomedata")
    first = await world.take(said)
    for wanted in first.pictures:
        await keep_picture(world.ports, OWNER, ACTOR, wanted, JPEG)

    again = await world.take(said)

    assert {bool(wanted.person_id) for wanted in first.pictures} == {True, False}
    assert again.pictures == []


async def test_a_kept_picture_is_told_at_our_address_and_nothing_else_of_its_event_changes(
    world: World,
) -> None:
    event = seen(1, snapshot={"url": THEIRS}, message="Person seen")
    (wanted,) = (await world.take(events_page(event))).pictures
    before = await told(world, 1)

    await keep_picture(world.ports, OWNER, ACTOR, wanted, JPEG)

    after = await told(world, 1)
    assert before == event
    assert (wanted.image_id, wanted.key) == ("5f00000000000000000000aa", "k1")
    assert after | {"snapshot": 0} == event | {"snapshot": 0}
    assert after["snapshot"].keys() == {"url"}
    assert await opened(world, after["snapshot"]["url"]) == JPEG


async def test_a_picture_in_a_part_of_an_event_is_told_in_its_part(world: World) -> None:
    parts = [{"id": "a", "type": "human", "vignette": {"filename": "vod/1.jpg"}, "snapshot": {"url": THEIRS}}]
    (wanted,) = (await world.take(events_page(seen(2, subevents=parts)))).pictures

    await keep_picture(world.ports, OWNER, ACTOR, wanted, JPEG)

    (part,) = (await told(world, 2))["subevents"]
    assert part["vignette"] == {"filename": "vod/1.jpg"}
    assert await opened(world, part["snapshot"]["url"]) == JPEG


async def test_two_events_with_one_picture_want_it_once_and_both_get_it(world: World) -> None:
    """The second event hears of it when its page comes again: nobody walks through all events for it."""
    page = events_page(seen(4, snapshot={"url": THEIRS}), seen(3, snapshot={"url": THEIRS}))
    (wanted,) = (await world.take(page)).pictures
    await keep_picture(world.ports, OWNER, ACTOR, wanted, JPEG)

    assert (await world.take(page)).pictures == []

    urls = {(await told(world, number))["snapshot"]["url"] for number in (3, 4)}
    assert len(urls) == 1
    assert urls.pop().startswith(OURS)


async def test_the_signature_of_an_address_may_change_and_the_picture_stays_the_same(world: World) -> None:
    blob = "https://store.example/production/abc?sig="
    (wanted,) = (await world.take(events_page(seen(5, snapshot={"url": f"{blob}1"})))).pictures
    await keep_picture(world.ports, OWNER, ACTOR, wanted, JPEG)
    later = events_page(seen(5, snapshot={"url": f"{blob}2"}), at=1_795_254_000)

    assert (await world.take(later)).pictures == []
    assert (await told(world, 5))["snapshot"]["url"].startswith(OURS)


async def test_a_face_is_told_at_our_address_in_every_answer(world: World) -> None:
    for wanted in (await world.take(payload("gethomedata"))).pictures:
        await keep_picture(world.ports, OWNER, ACTOR, wanted, JPEG)

    body = (await client(world).get(f"/api/gethomedata?home_id={HOME}")).json["body"]
    faces = [person["face"] for person in body["homes"][0]["persons"] if "url" in person.get("face", {})]

    assert faces
    assert {await opened(world, face["url"]) for face in faces} == {JPEG}


async def test_keeping_a_picture_twice_keeps_one(world: World) -> None:
    (wanted,) = (await world.take(events_page(seen(6, snapshot={"url": THEIRS})))).pictures

    first, second = [await keep_picture(world.ports, OWNER, ACTOR, wanted, JPEG) for _ in range(2)]

    assert first == second == await find_picture(world.directory, wanted.id)


async def test_what_is_no_picture_is_refused_and_stays_wanted(world: World) -> None:
    page = events_page(seen(7, snapshot={"url": THEIRS}))
    (wanted,) = (await world.take(page)).pictures

    with pytest.raises(InvalidInput):
        await keep_picture(world.ports, OWNER, ACTOR, wanted, b"<html>")

    assert (await world.take(page)).pictures == [wanted]


@pytest.mark.parametrize(
    "picture",
    [
        {"filename": "vod/1.jpg"},
        {"url": "file:///etc/passwd"},
        {"url": "http://[::1"},
        {"url": "https://"},
        {"id": "5f"},
        {"id": "7", "key": ""},
        {"url": "https://x.example/" + "a" * 3000},
        {},
    ],
    ids=lambda picture: json.dumps(picture)[:30],
)
async def test_what_cannot_be_fetched_from_a_cloud_is_not_wanted(world: World, picture: Any) -> None:
    report = await world.take(events_page(seen(8, snapshot=picture)))

    assert (report.pictures, report.events.created) == ([], 1)
    assert (await told(world, 8))["snapshot"] == picture


async def test_an_empty_page_of_events_says_nothing_of_the_homes_state(world: World) -> None:
    await world.take(payload("homesdata"))
    await world.take(payload("homestatus"))
    before = await world.versions()

    for home in ({"id": HOME}, {"id": HOME, "events": []}):
        report = await world.take({"status": "ok", "body": {"home": home}}, method="getevents")
        assert report.kind == "getevents"

    homes = [key for table, key in before if table == "site"]
    assert {key: version for key, version in (await world.versions()).items() if key[1] in homes} == {
        key: version for key, version in before.items() if key[1] in homes
    }
