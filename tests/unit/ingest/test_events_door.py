"""The door for what cameras and alarms notice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ownclimate.core.devices import find_device, list_devices
from ownclimate.core.events import find_event, list_events
from ownclimate.core.partitions import OUTBOX, owner_partition
from ownclimate.core.people import people_of
from ownclimate.core.pictures import find_picture, read_picture
from ownclimate.core.sites import create_site, list_sites
from ownclimate.core.things import Ability, Account, Event
from ownclimate.ingest.doors import CREDENTIAL_KIND, doors_dialect
from ownclimate.ingest.keys import hook_authenticator
from ownclimate.oauth.keys import KeyKind, check_hook, create_key
from ownclimate.vendors.mclimate.codecs import FrameTable
from ownclimate.web.dispatch import Application
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.http import Answered, Client

JPEG = b"\xff\xd8\xff\xe0" + b"x" * 1_200_000
"""Longer than a document may be."""
AT = "2026-11-21T09:59:00Z"
AT_MS = 1_795_255_140_000


class House:
    def __init__(self, households: Households, ada: Account, http: Client, keys: dict[str, str]) -> None:
        self.households, self.ada, self.http, self.keys = households, ada, http, keys
        self.ports = households.ports

    async def send(self, body: Any, query: str = "?device_model=generic_camera", **more: Any) -> Answered:
        return await self.post("/hooks/events" + query, json.dumps(body).encode(), **more)

    async def post(self, target: str, body: bytes, *, key: str = "ada", method: str = "POST") -> Answered:
        headers = {"authorization": f"Bearer {self.keys[key]}"}
        return await self.http.request(method, target, body=body, headers=headers)

    async def events(self) -> list[Event]:
        return await list_events(self.ports.directory, self.ada.owner_id, AT_MS)


@pytest.fixture
async def house(clock, entropy) -> House:
    households = Households(memory_ports(clock, entropy))
    keys = {}
    for name in ("ada", "ben"):
        account = await households.add(name)
        await create_site(households.ports, account.owner_id, ACTOR, name=f"{name}'s home")
        _, keys[name] = await create_key(households.ports, ACTOR, account, kind=KeyKind.HOOK, name="camera")
    dialect, entries = doors_dialect(FrameTable(), max_picture_bytes=2_000_000), []
    app = Application(
        dialects=(dialect,),
        ports=households.ports,
        authenticators={CREDENTIAL_KIND: hook_authenticator(households.ports.directory, check_hook)},
        observers=[entries.append],
    )
    return House(households, households.accounts["ada"], Client(app, entries, (dialect,)), keys)


async def test_a_first_event_makes_the_camera_in_the_only_home(house: House) -> None:
    answer = await house.send({"device": "porch", "kind": "movement", "at": AT, "message": "A cat"})

    (event,) = await house.events()
    (device,) = await list_devices(house.ports.directory, house.ada.owner_id)
    (site,) = await list_sites(house.ports.directory, house.ada.owner_id)
    assert (answer.status, answer.json) == (200, {"events": [event.id]})
    assert (event.kind, event.at_ms, event.details) == ("movement", AT_MS, {"message": "A cat"})
    assert (event.site_id, event.device_id, device.site_id) == (site.id, device.id, site.id)
    assert Ability.CAMERA in device.abilities


async def test_listeners_are_told(house: House) -> None:
    await house.send({"device": "porch", "kind": "movement", "at": AT})

    waiting = await house.ports.directory.scan(owner_partition(house.ada.owner_id), OUTBOX)
    (told,) = [document.body for document in waiting if document.body["verb"] == "happen"]
    assert [event_id for event_id, _ in told["details"]["events"]] == [told["object_id"]]


async def test_an_event_sent_again_is_the_same_event(house: House) -> None:
    event = {"device": "porch", "kind": "movement", "at": AT, "id": "clip-7"}
    first, second = [await house.send(event) for _ in range(2)]

    assert first.json == second.json
    assert len(await house.events()) == 1


async def test_people_seen_join_the_home_and_are_there(house: House) -> None:
    persons = [{"id": "ada", "name": "Ada"}, {"id": "11111111-2222-4333-8444-555555555555"}]
    answer = await house.send({"device": "porch", "kind": "person", "at": AT, "persons": persons})

    (site,) = await list_sites(house.ports.directory, house.ada.owner_id)
    people = people_of(site)
    events = await house.events()
    assert sorted(person.name for person in people) == ["", "Ada"]
    assert not any(person.is_away for person in people)
    assert {event.details["people"][0] for event in events} == {person.id for person in people}
    assert all(event.details["is_arrival"] for event in events)
    assert len(answer.json["events"]) == 2
    again = await house.send({"device": "porch", "kind": "person", "persons": persons[:1]})
    newest = await find_event(house.ports.directory, house.ada.owner_id, again.json["events"][0])
    assert newest is not None
    assert newest.details["is_arrival"] is False


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_picture_larger_than_a_document_is_kept_whole(house: House, method: str) -> None:
    await house.send({"device": "porch", "kind": "on", "at": AT})
    kept = await house.post("/hooks/pictures?device=porch", JPEG, method=method)
    await house.send({"device": "porch", "kind": "movement", "picture": kept.json["id"]})

    picture = await find_picture(house.ports.directory, kept.json["id"])
    assert kept.status == 201
    assert picture is not None
    assert await read_picture(house.ports.directory, picture) == JPEG
    newest, _ = await house.events()
    assert newest.details["picture"] == {"id": picture.id, "key": picture.key}


@pytest.mark.parametrize(
    ("body", "query", "expected"),
    [
        ({"device": "porch", "kind": "movement"}, "", "unknown device"),
        ({"device": "porch", "kind": "movement"}, "?device_model=toaster", "device_model"),
        ({"device": "porch", "kind": "Big Bang"}, "?device_model=generic_camera", "kind"),
        ({"device": "porch", "kind": ""}, "?device_model=generic_camera", "kind"),
        ({"kind": "movement"}, "?device_model=generic_camera", "device"),
        ({"device": "porch", "kind": "movement", "at": "noon"}, "?device_model=generic_camera", "RFC 3339"),
        ({"device": "porch", "kind": "movement", "at": 1}, "?device_model=generic_camera", "1990"),
        ({"device": "porch", "kind": "movement", "id": "a"}, "?device_model=generic_camera", "instant"),
        ({"device": "porch", "kind": "movement", "picture": "x"}, "?device_model=generic_camera", "picture"),
        ({"device": "\x00", "kind": "movement"}, "?device_model=generic_camera", "id"),
        (["movement"], "?device_model=generic_camera", "event"),
    ],
)
async def test_a_bad_event_is_refused_with_its_reason_and_nothing_is_stored(
    house: House, body: Any, query: str, expected: str
) -> None:
    answer = await house.send(body, query)

    assert answer.status == 400
    assert expected in answer.json["detail"]
    assert await house.events() == []
    assert await list_devices(house.ports.directory, house.ada.owner_id) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"GIF89a", 400), (b"", 400), (b"\x89PNG\r\n\x1a\n", 400), (b"\xff\xd8\xff" + b"x" * 2_000_000, 413)],
)
async def test_what_is_no_jpeg_or_too_large_is_refused(house: House, body: bytes, status: int) -> None:
    await house.send({"device": "porch", "kind": "on", "at": AT})

    assert (await house.post("/hooks/pictures?device=porch", body)).status == status


async def test_a_neighbours_camera_and_picture_are_as_good_as_none(house: House) -> None:
    await house.send({"device": "porch", "kind": "on", "at": AT})
    kept = await house.post("/hooks/pictures?device=porch", JPEG[:100])
    device = await find_device(house.ports.directory, house.ada.owner_id, "porch")
    assert device is not None

    picture = await house.post(f"/hooks/pictures?device={device.id}", JPEG[:100], key="ben")
    event = await house.send({"device": device.id, "kind": "smoke"}, "", key="ben")
    named = await house.send({"device": "door", "kind": "on", "picture": kept.json["id"]}, key="ben")

    assert (picture.status, event.status, named.status) == (400, 400, 400)
    assert "no such picture" in named.json["detail"]
