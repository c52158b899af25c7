"""Unmodified clients of Netatmo's cloud against a running server: people, events, pictures and webhooks.

`pyatmo` and `lnetatmo` change nothing but their base URL; deliveries come to a webhook of ours.
"""

from __future__ import annotations

import importlib
import json
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import pyatmo
import pytest
from pyatmo.auth import AbstractAsyncAuth

from tests.fakes.receiver import Receiver, receiving
from tests.fakes.server import Server, run, run_json

DATA = Path(__file__).parents[1] / "data" / "netatmo"
EMAIL, PASSWORD = "ada@example.org", "a long enough password"
HOME = "5f0000000000000000000009"
CAMERA, SMOKE = "70:ee:50:0a:00:60", "70:ee:50:0a:00:62"
ADA, BEN = (f"11111111-aaaa-4000-8000-{n:012d}" for n in (1, 2))
JPEG = b"\xff\xd8\xff\xe0 a picture"


class Auth(AbstractAsyncAuth):
    def __init__(self, session: aiohttp.ClientSession, base_url: str, token: str) -> None:
        super().__init__(session, base_url)
        self.token = token

    async def async_get_access_token(self) -> str:
        return self.token


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("security") / "data"
    run_json(data, "user", "add", EMAIL, stdin=f"{PASSWORD}\n")
    # lnetatmo reads the name of every home, and the recording has one without.
    said = json.loads((DATA / "gethomedata.json").read_bytes())
    said["body"]["homes"] = [home for home in said["body"]["homes"] if "name" in home]
    recorded = data.parent / "gethomedata.json"
    recorded.write_text(json.dumps(said))
    run(data, "import", "netatmo", str(recorded), "--owner", EMAIL)
    settings = {"OWNCLIMATE_WEBHOOK_PRIVATE_ADDRESSES": "true", "OWNCLIMATE_WEBHOOK_PORTS": ""}
    with Server.start(data, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def app(server: Server) -> dict[str, str]:
    """A client of Ada's with the password grant, and her tokens for it."""
    client = run_json(
        server.data, "client", "add", "--owner", EMAIL, "--name", "App", "--dialect", "netatmo",
        "--password-grant",
    )  # fmt: skip
    form = {
        "grant_type": "password",
        "username": EMAIL,
        "password": PASSWORD,
        "scope": "read_camera write_camera read_presence read_smokedetector",
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
    }
    body = "&".join(f"{name}={value.replace(' ', '%20')}" for name, value in form.items()).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = server.request("POST", "/oauth2/token", body, headers=headers)
    assert answer.status == 200, answer.body
    return {"token": answer.json["access_token"], "secret": client["client_secret"]}


@pytest.fixture(scope="module")
def hook_key(server: Server) -> str:
    return str(run_json(server.data, "hook", "add", "--owner", EMAIL)["key"])


@pytest.fixture
async def account(server: Server, app: dict[str, str]) -> AsyncIterator[pyatmo.AsyncAccount]:
    async with aiohttp.ClientSession() as session:
        found = pyatmo.AsyncAccount(Auth(session, f"{server.url}/", app["token"]))
        await found.async_update_topology()
        yield found


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


def notice(server: Server, key: str, **event: Any) -> None:
    answer = server.request("POST", "/hooks/events", event, token=key)
    assert answer.status == 200, answer.body


async def test_people_can_be_sent_away_and_called_home(account: pyatmo.AsyncAccount) -> None:
    home = account.homes[HOME]
    await home.async_set_persons_away(ADA)
    await account.async_update_status(HOME)
    assert home.persons[ADA].out_of_sight is True

    await home.async_set_persons_home([ADA, BEN])
    await account.async_update_status(HOME)

    assert [home.persons[person].out_of_sight for person in (ADA, BEN)] == [False, False]
    assert home.persons[ADA].pseudo == "Ada"
    await home.async_set_persons_away()
    await account.async_update_status(HOME)
    assert all(person.out_of_sight for person in home.persons.values())


async def test_events_are_understood(server: Server, account: pyatmo.AsyncAccount, hook_key: str) -> None:
    notice(server, hook_key, device=SMOKE, kind="smoke", sub_kind=1)

    await account.async_update_events(HOME)

    events = account.homes[HOME].events.values()
    kinds = {event.event_type for event in events}
    assert {"smoke", "outdoor", "tag_open", "movement"} <= kinds
    outdoor = next(event for event in events if event.event_type == "outdoor")
    assert [part.event_type for part in outdoor.subevents] == ["human", "vehicle"]


async def test_webhooks_are_registered_replaced_listed_and_dropped(
    account: pyatmo.AsyncAccount, receiver: Receiver, app: dict[str, str]
) -> None:
    await account.auth.async_addwebhook(receiver.url)
    await account.auth.async_addwebhook(f"{receiver.url}/again")

    assert await account.auth.async_list_webhooks() == [f"{receiver.url}/again"]
    while (await receiver.next()).json != {"push_type": "webhook_activation"}:
        continue
    await account.auth.async_dropwebhook()
    await account.auth.async_dropwebhook()
    assert await account.auth.async_list_webhooks() == []


async def test_what_the_webhook_is_told_is_understood(
    server: Server, account: pyatmo.AsyncAccount, receiver: Receiver, app: dict[str, str], hook_key: str
) -> None:
    await account.auth.async_addwebhook(receiver.url)
    assert (await receiver.next()).is_signed_by(app["secret"])
    picture = server.request("PUT", f"/hooks/pictures?device={CAMERA}", JPEG, token=hook_key)
    seen = [{"id": ADA}, {"id": "the postman"}]
    notice(
        server,
        hook_key,
        device=CAMERA,
        kind="person",
        persons=seen,
        picture=picture.json["id"],
        message="Two",
    )
    delivery = await receiver.next()
    await account.auth.async_dropwebhook()

    result = await account.process_webhook(delivery.json)

    assert delivery.is_signed_by(app["secret"])
    assert result.home_id == HOME
    known, stranger = result.events
    assert (known.event_type, known.person_id, known.person_name) == ("person", ADA, "Ada")
    assert (known.is_known, stranger.is_known) == (True, False)
    async with aiohttp.ClientSession() as session, session.get(known.snapshot_url) as image:
        assert (image.status, await image.read()) == (200, JPEG)


@pytest.fixture
def lnetatmo(server: Server, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The library, which keeps its address in constants; only they are set to ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        module = importlib.import_module("lnetatmo")
    for name in dir(module):
        value = getattr(module, name)
        if name.startswith("_") and isinstance(value, str) and value.startswith("https://api.netatmo.com/"):
            ours = value.replace("https://api.netatmo.com/", f"{server.url}/")
            monkeypatch.setattr(module, name, ours)
    return module


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_lnetatmo_lists_cameras_people_events_and_pictures(
    server: Server, lnetatmo: ModuleType, hook_key: str
) -> None:
    token = run_json(server.data, "token", "add", "--owner", EMAIL, "--name", "lnetatmo")["token"]

    class Authorization:
        accessToken = token  # noqa: N815 - the library's name

    picture = server.request("PUT", f"/hooks/pictures?device={CAMERA}", JPEG, token=hook_key).json["id"]
    # Each in a second of its own: the library keeps one event a camera and second.
    soon_ms = time.time_ns() // 1_000_000 + 60_000
    notice(server, hook_key, device=CAMERA, kind="movement", picture=picture, at=soon_ms)
    home = lnetatmo.HomeData(Authorization(), home="Lake House")

    assert home.cameraByName("Hall")["id"] == CAMERA
    assert home.motionDetected(home="Lake House", camera="Hall") is True
    newest = home.lastEvent[CAMERA]
    content, _ = home.getCameraPicture(newest["snapshot"]["id"], newest["snapshot"]["key"])
    assert content == JPEG
    notice(server, hook_key, device=CAMERA, kind="person", persons=[{"id": ADA}], at=soon_ms + 5000)
    # Its own `updateEvent` fails before it asks: it looks for a home among the members of one.
    again = lnetatmo.HomeData(Authorization(), home="Lake House")
    assert again.personSeenByCamera("Ada", home="Lake House", camera="Hall") is True
    assert again.someoneUnknownSeen(home="Lake House", camera="Hall") is False
    assert {person["pseudo"] for person in again.persons.values() if "pseudo" in person} >= {"Ada", "Ben"}
