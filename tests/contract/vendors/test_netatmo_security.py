"""Cameras, alarms, people and events: recordings come back from the core; what happens here joins them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from ownclimate.core.access import ALL_PERMISSIONS, Access
from ownclimate.core.devices import edit_device, remove_device
from ownclimate.core.events import find_event, record_event
from ownclimate.core.people import note_seen
from ownclimate.core.pictures import find_picture, store_picture
from ownclimate.core.sites import edit_site
from ownclimate.core.things import Site
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.netatmo.recognise import EVENTS, EVENTS_LIST, SECURITY, recognise
from ownclimate.web.dispatch import Application
from tests.contract.vendors.netatmo_world import ACTOR, OWNER, World, payload
from tests.fakes.http import Answered, Client

HOME = "5f0000000000000000000009"
CAMERA, GARDEN, SMOKE, TAG = (f"70:ee:50:0a:00:{n}" for n in (60, 61, 62, 64))
ADA, BEN, NOBODY = (f"11111111-aaaa-4000-8000-{n:012d}" for n in (1, 2, 9))
E0, E1, E2, E3, E4, E5, E6 = (f"5f0000000000000000000e{n:02d}" for n in range(7))
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4
READS = frozenset({"read_camera", "read_presence", "read_smokedetector"})


def client(world: World, **changes: Any) -> Client:
    dialect, entries = netatmo_dialect(), []
    access = Access(owner_id=OWNER, account_id=None, client_id="test", permissions=ALL_PERMISSIONS, **changes)

    async def authenticate(token: str) -> Access:
        return access

    app = Application(
        dialects=(dialect,),
        ports=world.ports,
        authenticators={"token": authenticate},
        observers=[entries.append],
    )
    found = Client(app, entries, (dialect,))
    found.headers["authorization"] = "Bearer any"
    return found


@pytest.fixture
async def world() -> World:
    world = World()
    await world.take(payload("gethomedata"))
    return world


@pytest.fixture
def http(world: World) -> Client:
    return client(world)


async def site_of(world: World) -> Site:
    return next(site for site in await world.sites() if site.aliases["netatmo"] == HOME)


async def listed(http: Client, target: str) -> list[str]:
    answer = await http.get(target)
    assert answer.status == 200, answer.body
    body = answer.json["body"]
    events = body["events_list"] if "events_list" in body else body["home"]["events"]
    return [event["id"] for event in events]


async def home_data(http: Client) -> dict[str, Any]:
    return (await http.get(f"/api/gethomedata?home_id={HOME}")).json["body"]["homes"][0]


async def test_a_recorded_gethomedata_comes_back_as_it_was(http: Client) -> None:
    answer = await http.get("/api/gethomedata")

    assert answer.json["body"] == payload("gethomedata")["body"]


async def test_recorded_getevents_comes_back_and_adds_to_what_the_older_method_said(world: World) -> None:
    await world.take(payload("getevents"))
    http = client(world)
    said = {event["id"]: event for event in payload("getevents")["body"]["home"]["events"]}

    told = (await http.get(f"/api/getevents?home_id={HOME}")).json["body"]["home"]["events"]

    assert [event["id"] for event in told] == [E6, E5, E4, E3, E2, E1, E0]
    assert {event["id"]: event for event in told if event["id"] in said} == said
    older = {event["id"]: event for event in (await home_data(http))["events"]}
    assert older[E6]["video_status"] == "deleted", "the newer answer's word counts for both methods"


async def test_recorded_answers_of_cameras_come_back_from_the_core(corpus: Path) -> None:
    """In every member; our list is newest first, which not every recording is."""
    checked = 0
    for file in sorted((corpus / "netatmo").rglob("*.json")):
        recognised = recognise(file.read_bytes())
        if recognised.kind not in (SECURITY, EVENTS):
            continue
        world = World()
        await world.take(file.read_bytes())
        http = client(world)
        if recognised.kind == EVENTS:
            homes = [recognised.body["home"]]
            told = [
                (await http.get(f"/api/getevents?size=300&home_id={homes[0]['id']}")).json["body"]["home"]
            ]
        else:
            homes = recognised.body["homes"]
            told = (await http.get("/api/gethomedata?size=300")).json["body"]["homes"]
        assert _sorted(told) == _sorted(homes)
        checked += 1
    assert checked >= 1


async def test_recorded_events_of_an_older_method_come_back_once_their_home_is_known(corpus: Path) -> None:
    world = World()
    files = sorted((corpus / "netatmo").rglob("*.json"), key=lambda file: recognise(file.read_bytes()).kind)
    known = {
        kind: [f for f in files if recognise(f.read_bytes()).kind == kind] for kind in (SECURITY, EVENTS_LIST)
    }
    for file in (*known[SECURITY], *known[EVENTS_LIST]):
        await world.take(file.read_bytes())
    said = [e for file in known[EVENTS_LIST] for e in recognise(file.read_bytes()).body["events_list"]]
    http, told = client(world), {}
    for home in (await http.get("/api/gethomedata?size=300")).json["body"]["homes"]:
        told |= {event["id"]: event for event in home.get("events", [])}

    assert said
    assert [told[event["id"]] for event in said] == said


def _sorted(homes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**home, "events": sorted(home["events"], key=lambda event: event["id"])}
        if "events" in home
        else home
        for home in homes
    ]


async def test_renaming_a_camera_changes_its_name_and_nothing_else(world: World, http: Client) -> None:
    before = await home_data(http)
    camera = await world.device(CAMERA)
    await edit_device(
        world.ports, OWNER, ACTOR, camera.id, lambda device: dataclasses.replace(device, name="Entrance")
    )

    after = await home_data(http)

    assert after["cameras"][0]["name"] == "Entrance"
    after["cameras"][0]["name"] = before["cameras"][0]["name"]
    assert after == before


async def test_a_page_ends_before_the_event_it_pages_on_from_and_shrinks_to_nothing(http: Client) -> None:
    pages, last = [], ""
    for _ in range(5):
        page = await listed(
            http, f"/api/getevents?home_id={HOME}&size=2" + (f"&event_id={last}" if last else "")
        )
        pages.append(page)
        last = page[-1] if page else last

    assert pages == [[E6, E5], [E4, E3], [E2, E1], [], []]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("getevents?offset=4", [E2, E1], id="offset"),
        pytest.param("getevents?size=0", [], id="none"),
        pytest.param(f"getevents?person_id={ADA}", [E5], id="person"),
        pytest.param(f"getevents?person_id={ADA.upper()}", [E5], id="person-in-capitals"),
        pytest.param(f"getevents?device_id={SMOKE}", [E3], id="device"),
        pytest.param(f"getevents?device_id={CAMERA}", [E5, E4, E2, E1], id="camera-with-its-modules"),
        pytest.param(f"getevents?module_id={TAG}", [E4], id="module"),
        pytest.param("getevents?device_types=NOC,NSD", [E6, E3], id="types"),
        pytest.param(f"getevents?locale=fr&event_id={E2}", [E1], id="older-than"),
        pytest.param(f"geteventsuntil?event_id={E4}", [E6, E5], id="until"),
        pytest.param(f"geteventsuntil?event_id={E6}", [], id="until-the-newest"),
        pytest.param(f"getnextevents?event_id={E5}&size=2", [E4, E3], id="next"),
        pytest.param(f"getlasteventof?person_id={BEN}", [E6, E5, E4, E3, E2], id="last-of"),
        pytest.param(
            f"getlasteventof?person_id={BEN}&offset=1", [E6, E5, E4, E3, E2, E1], id="last-of-and-one"
        ),
    ],
)
async def test_events_are_listed_newest_first(http: Client, query: str, expected: list[str]) -> None:
    assert await listed(http, f"/api/{query}&home_id={HOME}") == expected


@pytest.mark.parametrize(
    ("target", "code", "message"),
    [
        ("getevents", 10, "Missing home_id"),
        ("getevents?home_id=5f00000000000000000000ff", 21, "Invalid home_id"),
        (f"getevents?home_id={HOME}&event_id=zzz", 21, "Invalid event_id"),
        (f"getevents?home_id={HOME}&person_id={NOBODY}", 21, "Invalid person_id"),
        (f"getevents?home_id={HOME}&device_id=70:ee:50:00:00:00", 21, "Invalid device_id"),
        (f"getevents?home_id={HOME}&module_id=x", 21, "Invalid module_id"),
        (f"getevents?home_id={HOME}&size=-1", 21, "Invalid size"),
        (f"getevents?home_id={HOME}&size=many", 21, "Invalid size"),
        ("gethomedata?home_id=x", 21, "Invalid home_id"),
        ("gethomedata?size=-2", 21, "Invalid size"),
        (f"geteventsuntil?home_id={HOME}", 10, "Missing event_id"),
        (f"getnextevents?home_id={HOME}", 10, "Missing event_id"),
        (f"getlasteventof?home_id={HOME}", 10, "Missing person_id"),
        (f"setpersonshome?home_id={HOME}", 10, "Missing person_ids"),
        (f"setpersonshome?home_id={HOME}&person_ids={NOBODY}", 21, "Invalid person_ids"),
        (f"setpersonsaway?home_id={HOME}&person_id={NOBODY}", 21, "Invalid person_id"),
        ("setpersonsaway?home_id=x", 21, "Invalid home_id"),
        ("getcamerapicture", 10, "Missing image_id"),
    ],
)
async def test_what_is_wrong_is_said_in_the_vendors_words(
    http: Client, target: str, code: int, message: str
) -> None:
    answer = await http.get(f"/api/{target}")

    assert (answer.status, answer.json) == (400, {"error": {"code": code, "message": message}})


async def test_a_family_is_shown_by_its_own_scope(world: World) -> None:
    alarms = client(world, scopes=frozenset({"read_smokedetector"}))
    home = await home_data(alarms)

    assert (home["persons"], home["cameras"]) == ([], [])
    assert [device["id"] for device in home["smokedetectors"]] == [SMOKE]
    assert [event["id"] for event in home["events"]] == [E3]
    assert await listed(alarms, f"/api/getevents?home_id={HOME}") == [E3]


@pytest.mark.parametrize(
    "target", [f"getevents?event_id={E5}", f"getevents?person_id={ADA}", f"getlasteventof?person_id={ADA}"]
)
async def test_what_another_family_shows_is_forbidden_by_name(world: World, target: str) -> None:
    answer = await client(world, scopes=frozenset({"read_smokedetector"})).get(
        f"/api/{target}&home_id={HOME}"
    )

    assert (answer.status, answer.json["error"]["code"]) == (403, 13)


async def test_only_the_access_scope_of_a_camera_opens_its_videos(world: World) -> None:
    home = await home_data(client(world, scopes=READS | {"access_presence"}))
    hall, garden = home["cameras"]
    videos = {event["id"]: event.get("video_id") for event in home["events"] if event["id"] in (E6, E5)}

    assert not {"vpn_url", "is_local"} & hall.keys()
    assert garden["vpn_url"].startswith("https://vpn.example/")
    assert videos == {E6: "v-3", E5: None}


async def test_who_leaves_is_away_in_every_answer_and_in_the_timeline(world: World, http: Client) -> None:
    answer = await http.request("POST", f"/api/setpersonsaway?home_id={HOME}&person_id={ADA}")

    assert (answer.status, answer.json["status"]) == (200, "ok")
    home = await home_data(http)
    assert [person["out_of_sight"] for person in home["persons"]] == [True, True, True]
    newest = home["events"][0]
    assert (newest["type"], newest["person_id"], newest["camera_id"]) == ("person_away", ADA, CAMERA)
    assert "Ada" in newest["message"]


@pytest.mark.parametrize(
    "request_",
    [
        {
            "body": f"home_id={HOME}&person_ids[]={BEN}&person_ids[]={ADA}",
            "type": "application/x-www-form-urlencoded",
        },
        {"body": f"home_id={HOME}&person_ids[0]={BEN}", "type": "application/x-www-form-urlencoded"},
        {"body": json.dumps({"home_id": HOME, "person_ids": [BEN]}), "type": "application/json"},
    ],
    ids=["brackets", "numbered", "json"],
)
async def test_people_come_home_in_every_spelling(http: Client, request_: dict[str, str]) -> None:
    answer = await http.request(
        "POST",
        "/api/setpersonshome",
        body=request_["body"].encode(),
        headers={"content-type": request_["type"]},
    )

    assert answer.status == 200, answer.body
    away = {person["id"]: person["out_of_sight"] for person in (await home_data(http))["persons"]}
    assert not away[BEN]
    assert (await home_data(http))["events"][0]["type"] == "person_home"


async def test_everybody_leaves_at_once_and_who_is_away_already_leaves_no_event(http: Client) -> None:
    await http.request("POST", f"/api/setpersonsaway?home_id={HOME}")
    first = (await home_data(http))["events"]
    await http.request("POST", f"/api/setpersonsaway?home_id={HOME}")

    assert [event["person_id"] for event in first if event["type"] == "person_away"] == [ADA, BEN]
    assert (await home_data(http))["events"] == first


async def test_a_later_recording_says_anew_who_is_there(world: World, http: Client) -> None:
    await http.request("POST", f"/api/setpersonsaway?home_id={HOME}&person_id={ADA}")
    said = payload("gethomedata")
    said["time_server"] = world.clock.ms // 1000 + 60
    world.clock.advance(120)
    await world.take(said)

    assert [person["out_of_sight"] for person in (await home_data(http))["persons"]] == [False, True, True]


async def test_an_event_type_that_nobody_knows_is_stored_and_told(world: World, http: Client) -> None:
    camera = await world.device(CAMERA)
    await record_event(
        world.ports,
        OWNER,
        kind="levitation",
        at_ms=world.clock.ms,
        site_id=camera.site_id,
        device_id=camera.id,
    )

    newest = (await http.get(f"/api/getevents?home_id={HOME}&size=1")).json["body"]["home"]["events"][0]

    assert (newest["type"], newest["module_id"]) == ("levitation", CAMERA)


async def test_a_home_that_the_vendor_never_told_of_is_told_from_the_core(world: World, http: Client) -> None:
    site = next(s for s in await world.sites() if s.aliases["netatmo"] != HOME)
    await edit_site(
        world.ports, OWNER, ACTOR, site.id, lambda site: dataclasses.replace(site, kept={}, name="Hut")
    )
    await note_seen(world.ports, OWNER, ACTOR, await _again(world, site), {ADA: "Ada"}, world.clock.ms)

    home = (await http.get("/api/gethomedata")).json["body"]["homes"][1]

    seen = {"id": ADA, "last_seen": world.clock.ms // 1000, "out_of_sight": False, "pseudo": "Ada"}
    assert (home["name"], home["persons"], home["cameras"], home["events"]) == ("Hut", [seen], [], [])


async def _again(world: World, site: Site) -> Site:
    return next(s for s in await world.sites() if s.id == site.id)


async def _pictured(world: World) -> tuple[str, str]:
    """A picture of the camera's with the event that it belongs to."""
    camera = await world.device(CAMERA)
    picture = await store_picture(world.ports, OWNER, camera.id, JPEG)
    await record_event(
        world.ports,
        OWNER,
        kind="movement",
        at_ms=world.clock.ms,
        site_id=camera.site_id,
        device_id=camera.id,
        event_id=E0,
        details={"picture": {"id": picture.id, "key": picture.key}},
    )
    return picture.id, picture.key


def _is_refused(answer: Answered) -> bool:
    return (answer.status, answer.json["error"]["code"]) == (404, 21)


async def test_a_picture_is_had_at_the_address_that_its_event_tells(world: World, http: Client) -> None:
    image_id, key = await _pictured(world)
    newest = (await home_data(http))["events"][0]
    anybody = client(world)
    del anybody.headers["authorization"]

    answer = await anybody.get(newest["snapshot"]["url"].removeprefix("http://climate.test"))

    assert (newest["snapshot"]["id"], newest["snapshot"]["key"]) == (image_id, key)
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "image/jpeg", JPEG)
    assert "immutable" in answer.headers["cache-control"]
    again = await anybody.get(
        f"/api/getcamerapicture?image_id={image_id}&key={key}", if_none_match=answer.headers["etag"]
    )
    assert again.status == 304


async def test_without_its_key_a_picture_is_as_good_as_none(world: World, http: Client) -> None:
    image_id, key = await _pictured(world)

    for image, tried in ((image_id, "0" * 64), (image_id, key[:-1]), (E1, key), ("../x", key)):
        assert _is_refused(await http.get(f"/api/getcamerapicture?image_id={image}&key={tried}"))


async def test_pictures_and_events_go_with_their_device(world: World, http: Client) -> None:
    image_id, key = await _pictured(world)
    camera = await world.device(CAMERA)

    await remove_device(world.ports, OWNER, ACTOR, camera.id)

    assert _is_refused(await http.get(f"/api/getcamerapicture?image_id={image_id}&key={key}"))
    assert await find_picture(world.directory, image_id) is None
    assert await find_event(world.directory, OWNER, E5) is None
    assert await find_event(world.directory, OWNER, E3) is not None


async def test_a_person_whom_only_events_name_can_be_asked_for(world: World, http: Client) -> None:
    event = {
        "id": "5f0000000000000000000e77",
        "type": "person",
        "time": 1_795_000_000,
        "module_id": CAMERA,
        "person_id": NOBODY,
    }
    await world.take({"status": "ok", "body": {"home": {"id": HOME, "events": [event]}}})

    assert await listed(http, f"/api/getevents?home_id={HOME}&person_id={NOBODY}") == [event["id"]]
    assert await listed(http, f"/api/getlasteventof?home_id={HOME}&person_id={NOBODY}") != []


LIVE = {"home_id": HOME, "device_id": CAMERA, "session_id": "af6da83b", "sdp": "v=0\r\n", "tag_id": "OZ="}


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("offer", {"code": 41, "message": "Device is unreachable"}),
        ("terminate", {"code": 21, "message": "Nil session"}),
    ],
)
async def test_a_live_picture_fails_inside_a_success(
    http: Client, method: str, error: dict[str, Any]
) -> None:
    answer = await http.request("POST", f"/api/webrtc/{method}", json_body=LIVE)

    assert "time_exec" not in answer.json
    body = answer.json["body"]
    assert answer.status == 200
    assert (body["type"], body["status"], body["error"]) == ("ack", "error", error)
    assert body["correlation_id"].isdecimal()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"home_id": "x"}, "Invalid home_id"),
        ({"device_id": SMOKE}, f"Invalid device_id, {SMOKE}"),
        ({"device_id": "x"}, "Invalid device_id, x"),
    ],
)
async def test_only_a_camera_of_the_home_has_a_live_picture(
    http: Client, changed: dict[str, str], message: str
) -> None:
    answer = await http.request("POST", "/api/webrtc/offer", json_body=LIVE | changed)

    assert (answer.status, answer.json["error"]) == (400, {"code": 21, "message": message})


async def test_the_access_scope_of_another_family_opens_no_live_picture(world: World) -> None:
    other = client(world, scopes=frozenset({"access_presence", "read_camera"}))

    assert (await other.request("POST", "/api/webrtc/offer", json_body=LIVE)).status == 403


async def test_an_alarm_that_was_listed_is_told_though_it_smells_no_smoke(world: World, http: Client) -> None:
    said = payload("gethomedata")
    said["time_server"] += 10
    said["body"]["homes"][0]["smokedetectors"].append({"id": "70:ee:50:0a:00:79", "type": "NCO"})
    await world.take(said)

    home = (await http.get("/api/gethomedata")).json["body"]["homes"][0]
    assert home["smokedetectors"] == said["body"]["homes"][0]["smokedetectors"]
