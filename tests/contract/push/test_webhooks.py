"""Webhooks end to end: registered over HTTP, worked by the courier, received by a server of the app's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from ownclimate.core.climate import Channel
from ownclimate.core.events import announce_events, record_event
from ownclimate.core.operate import set_home_mode, set_setpoint
from ownclimate.core.people import set_presence
from ownclimate.core.pictures import store_picture
from ownclimate.core.schedules import create_schedule
from ownclimate.core.sites import create_room, create_site, get_site
from ownclimate.core.things import SetpointMode
from ownclimate.core.writes import relay_outbox
from ownclimate.oauth.departures import disconnect
from ownclimate.oauth.grants import revoke_grants_of_client
from ownclimate.oauth.keys import KeyKind, create_key, stored_digest
from ownclimate.push import hooks
from ownclimate.push.addresses import AddressPolicy
from ownclimate.push.courier import BACK_OFF_S, BAN_MS
from tests.contract.push.post import AUNT, COUSIN, Post, register
from tests.fakes.households import ACTOR
from tests.fakes.receiver import PATIENCE_S, Delivery, Receiver, receiving

ACTIVATION = {"push_type": "webhook_activation"}
HOOK = "/webhooks/v1"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def post() -> Post:
    return await Post.build()


async def happen(post: Post, kind: str, **details: Any) -> None:
    """Something at the camera, announced."""
    ports, owner = post.world.ports, post.ada.owner_id
    event = await record_event(
        ports,
        owner,
        kind=kind,
        at_ms=post.world.clock.now_ms(),
        site_id=post.home.id,
        device_id=post.camera.id,
        details=details,
    )
    await announce_events(ports, owner, ACTOR, [event])


async def kinds(receiver: Receiver, count: int) -> list[str]:
    return [(await receiver.next()).json["push_type"] for _ in range(count)]


async def test_a_new_webhook_is_greeted_with_a_signed_activation(post: Post, receiver: Receiver) -> None:
    app, client = await post.app()
    async with post.at_work():
        await register(client, receiver.url)
        delivery = await receiver.next()

    assert delivery.json == ACTIVATION
    assert delivery.headers["content-type"] == "application/json"
    assert delivery.is_signed_by(app.secret or "")


async def test_a_forged_delivery_fails_verification(post: Post, receiver: Receiver) -> None:
    app, client = await post.app()
    async with post.at_work():
        await register(client, receiver.url)
        genuine = await receiver.next()

    altered = Delivery(genuine.body.replace(b"activation", b"deactivate"), genuine.headers)
    unsigned = Delivery(genuine.body, {})
    assert not genuine.is_signed_by("another app's secret")
    assert not altered.is_signed_by(app.secret or "")
    assert not unsigned.is_signed_by(app.secret or "")


async def test_one_webhook_for_each_app_and_user(post: Post, receiver: Receiver) -> None:
    _, client = await post.app()
    await register(client, receiver.url)

    second = await client.request("POST", HOOK, json_body={"url": receiver.url})

    assert second.status == 409
    assert second.json == {"error": {"code": "WH009", "message": "webhook limit reached"}}
    assert (await client.get(HOOK)).json["body"] == [{"url": receiver.url}]
    assert (await client.request("DELETE", HOOK)).json["status"] == "ok"
    assert (await client.request("DELETE", HOOK)).json["status"] == "ok"
    assert (await client.get(HOOK)).json["body"] == []
    _, other = await post.app()
    await register(other, receiver.url)
    assert (await client.get(HOOK)).json["body"] == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_older_methods_replace_and_drop_it(post: Post, receiver: Receiver, method: str) -> None:
    _, client = await post.app()
    for number in (1, 2):
        target = f"/api/addwebhook?url={receiver.url}/{number}&app_types=app_security"
        assert (await client.request(method, target)).json["status"] == "ok"

    assert (await client.get(HOOK)).json["body"] == [{"url": f"{receiver.url}/2"}]
    for _ in range(2):
        assert (await client.request(method, "/api/dropwebhook?app_types=app_security")).status == 200
    assert await post.hooks() == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://example.org:8443/", "Allowed ports for webhooks are 80, 88, 443 and 9443."),
        ("http://127.0.0.1/", "Invalid url parameter"),
        ("http://[::1]/", "Invalid url parameter"),
        ("http://nowhere.example/", "Invalid url parameter"),
        ("http://2130706433/", "Invalid url parameter"),
        ("ftp://example.org/", "Invalid url parameter"),
        ("hello", "Invalid url parameter"),
    ],
)
async def test_addresses_that_may_not_be_called_are_refused(url: str, message: str) -> None:
    async def lookup(host: str) -> list[str]:
        if host == "nowhere.example":
            raise OSError("no such name")
        return ["127.0.0.1" if host == "2130706433" else "93.184.215.14"]

    post = await Post.build(AddressPolicy(lookup=lookup))
    _, client = await post.app()

    older = await client.request("POST", "/api/addwebhook", json_body={"url": url})
    newer = await client.request("POST", HOOK, json_body={"url": url})

    assert (older.status, older.json["error"]) == (400, {"code": 21, "message": message})
    assert (newer.status, newer.json["error"]) == (400, {"code": "21", "message": message})
    assert await post.hooks() == []


async def test_a_webhook_without_a_url_is_a_missing_parameter(post: Post) -> None:
    _, client = await post.app()

    answer = await client.get("/api/addwebhook")

    assert answer.json == {"error": {"code": 10, "message": "Missing url"}}


async def test_changes_arrive_in_their_order(post: Post, receiver: Receiver) -> None:
    _, client = await post.app()
    ports, owner, clock = post.world.ports, post.ada.owner_id, post.world.clock
    week = await create_schedule(
        ports,
        owner,
        ACTOR,
        site_id=post.home.id,
        name="Week",
        is_selected=True,
        entries=((0, 1),),
        zones=({"id": 1, "kind": "comfort", "rooms": [{"room_id": post.room.id, "temperature_c": 20.0}]},),
    )
    async with post.at_work():
        await register(client, receiver.url)
        assert (await receiver.next()).json == ACTIVATION
        clock.advance(1)
        await set_setpoint(
            ports,
            owner,
            ACTOR,
            post.home.id,
            post.room.id,
            Channel.HEATING,
            SetpointMode.MANUAL,
            temperature_c=21.5,
            until_ms=clock.now_ms() + 3_600_000,
        )
        chosen = (await receiver.next()).json
        clock.advance(1)
        await set_home_mode(ports, owner, ACTOR, post.home.id, SetpointMode.AWAY)
        away = (await receiver.next()).json

    room = chosen["home"]["rooms"][0]
    assert (chosen["push_type"], chosen["event_type"]) == ("display_change", "set_point")
    assert (chosen["room_id"], chosen["mode"], chosen["temperature"]) == (room["id"], "manual", 21.5)
    assert room["therm_setpoint_temperature"] == 21.5
    assert room["therm_setpoint_end_time"] - room["therm_setpoint_start_time"] == 3600
    assert (away["push_type"], away["event_type"]) == ("home_event_changed", "therm_mode")
    assert (away["mode"], away["previous_mode"]) == ("away", "schedule")
    assert away["home"] == {"id": post.home.aliases["netatmo"], "therm_mode": "away"}
    assert week.is_selected


async def test_a_set_point_that_is_taken_back_is_a_cancel(post: Post, receiver: Receiver) -> None:
    _, client = await post.app()
    ports, owner = post.world.ports, post.ada.owner_id
    async with post.at_work():
        await register(client, receiver.url)
        await receiver.next()
        for mode, degrees in ((SetpointMode.MANUAL, 22.0), (SetpointMode.HOME, None)):
            post.world.clock.advance(1)
            await set_setpoint(
                ports, owner, ACTOR, post.home.id, post.room.id, Channel.HEATING, mode, temperature_c=degrees
            )
        events = [(await receiver.next()).json["event_type"] for _ in range(2)]

    assert events == ["set_point", "cancel_set_point"]


async def test_people_seen_together_are_one_message(post: Post, receiver: Receiver) -> None:
    _, client = await post.app()
    ports, owner = post.world.ports, post.ada.owner_id
    async with post.at_work():
        await register(client, receiver.url)
        await receiver.next()
        events = [
            await record_event(
                ports,
                owner,
                kind="person",
                at_ms=post.world.clock.now_ms(),
                site_id=post.home.id,
                device_id=post.camera.id,
                details={"people": [person]},
            )
            for person in (AUNT, COUSIN)
        ]
        await announce_events(ports, owner, ACTOR, events)
        seen = (await receiver.next()).json

    assert (seen["push_type"], seen["event_type"], seen["home_name"]) == ("NACamera-person", "person", "Mill")
    assert seen["persons"] == [{"id": AUNT, "is_known": True}, {"id": COUSIN, "is_known": False}]
    assert seen["camera_id"] == seen["device_id"] == post.camera.aliases["netatmo"]
    assert (seen["user_id"], seen["home_id"]) == (post.ada.id, post.home.aliases["netatmo"])


async def test_a_picture_is_told_with_the_address_where_it_is_had(post: Post, receiver: Receiver) -> None:
    _, client = await post.app()
    ports, owner = post.world.ports, post.ada.owner_id
    picture = await store_picture(ports, owner, post.camera.id, b"\xff\xd8\xff picture")
    async with post.at_work():
        await register(client, receiver.url)
        await receiver.next()
        await happen(post, "movement", picture={"id": picture.id, "key": picture.key}, message="A fox")
        told = (await receiver.next()).json

    assert told["message"] == "A fox"
    assert (told["snapshot_id"], told["snapshot_key"]) == (picture.id, picture.key)
    assert told["snapshot_url"].startswith("https://climate.example/api/getcamerapicture?image_id=")
    answer = await client.get(told["snapshot_url"].removeprefix("https://climate.example"))
    assert answer.body == b"\xff\xd8\xff picture"


async def test_a_room_and_a_device_that_come_are_changes_of_topology(post: Post, receiver: Receiver) -> None:
    _, client = await post.app()
    async with post.at_work():
        await register(client, receiver.url)
        await receiver.next()
        room = await create_room(
            post.world.ports, post.ada.owner_id, ACTOR, site_id=post.home.id, name="Attic"
        )
        told = (await receiver.next()).json

    assert (told["push_type"], told["change"]) == ("topology_changed", "room_created")
    assert told["room_id"] == room.aliases["netatmo"]


async def test_an_app_is_told_only_what_its_scopes_show(post: Post, receiver: Receiver) -> None:
    _, energy = await post.app(["read_thermostat"])
    ports, owner = post.world.ports, post.ada.owner_id
    async with post.at_work():
        await register(energy, receiver.url)
        await receiver.next()
        await happen(post, "movement")
        site = await get_site(ports.directory, owner, post.home.id)
        await set_presence(ports, owner, ACTOR, site, [AUNT], is_away=True)
        post.world.clock.advance(1)
        await set_home_mode(ports, owner, ACTOR, post.home.id, SetpointMode.AWAY)
        assert await kinds(receiver, 1) == ["home_event_changed"]
    assert receiver.is_empty


async def test_an_app_is_told_nothing_of_a_site_outside_its_grant(post: Post, receiver: Receiver) -> None:
    _, client = await post.app()
    ports, owner = post.world.ports, post.ada.owner_id
    cabin = await create_site(ports, owner, ACTOR, name="Cabin")
    courier, apps = post.courier, post.courier.apps

    class Narrowed:
        async def access_of(self, hook: hooks.Hook) -> Any:
            access = await apps.access_of(hook)
            return None if access is None else replace(access, sites=frozenset({cabin.id}))

        async def secret_of(self, hook: hooks.Hook) -> str:
            return await apps.secret_of(hook)

    courier.apps = Narrowed()
    async with post.at_work():
        await register(client, receiver.url)
        await receiver.next()
        await happen(post, "movement")
        await set_home_mode(ports, owner, ACTOR, post.home.id, SetpointMode.AWAY)
        post.world.clock.advance(1)
        await create_room(ports, owner, ACTOR, site_id=cabin.id, name="Bunk")
        assert await kinds(receiver, 1) == ["topology_changed"]
    assert receiver.is_empty


async def test_nothing_is_lost_while_the_receiver_is_down(post: Post, receiver: Receiver) -> None:
    _, client = await post.app()
    async with post.at_work():
        await register(client, receiver.url)
        await receiver.next()
        receiver.status = 503
        await happen(post, "movement", message="first")
        await failures(post, 1)
        await happen(post, "movement", message="second")
        receiver.status = 200
        post.pass_time(BACK_OFF_S[0])
        messages = [(await receiver.next()).json["message"] for _ in range(2)]

    assert messages == ["first", "second"]
    assert post.courier.counts["failed"] == 1


async def test_what_waits_survives_the_courier(post: Post, receiver: Receiver) -> None:
    """The messages are in the store, not in a process: another courier delivers them."""
    _, client = await post.app()
    await register(client, receiver.url)
    await happen(post, "movement", message="before the crash")
    await relay_outbox(
        post.world.ports,
        post.ada.owner_id,
        deliver=lambda entry: post.courier.take(post.ada.owner_id, entry),
    )

    post.courier = replace(post.courier, holder="another process")
    async with post.at_work():
        first, second = [(await receiver.next()).json for _ in range(2)]

    assert (first, second.get("message", second)) == (ACTIVATION, "before the crash")


async def failures(post: Post, count: int) -> None:
    """Returns once the one webhook has failed so often in a row, or is banned."""
    async with asyncio.timeout(PATIENCE_S):
        while (hook := (await post.hooks())[0]).failures < count and not hook.banned_ms:
            await asyncio.sleep(0.001)


async def _ban(post: Post, receiver: Receiver) -> None:
    """Fails until the webhook is banned."""
    receiver.status = 500
    await happen(post, "movement")
    for count, delay_s in enumerate((*BACK_OFF_S, 0), 1):
        await failures(post, count)
        post.pass_time(delay_s)


async def test_after_more_than_five_failures_a_webhook_is_banned_for_a_day(
    post: Post, receiver: Receiver
) -> None:
    _, client = await post.app()
    async with post.at_work():
        await register(client, receiver.url)
        await receiver.next()
        await _ban(post, receiver)
        (banned,) = await post.hooks()
        attempts = receiver.attempts
        receiver.status = 200
        await happen(post, "movement", message="during the ban")
        await relay_outbox(post.world.ports, post.ada.owner_id)
        listed = (await client.get(HOOK)).json["body"]
        post.pass_time(BAN_MS / 1000)
        await happen(post, "movement", message="after the ban")
        assert (await receiver.next()).json["message"] == "after the ban"

    assert attempts == 1 + 1 + len(BACK_OFF_S)
    assert listed == [{"url": receiver.url}], "a banned webhook is still listed"
    assert banned.problem == "answered 500"
    assert post.courier.counts["banned"] == 1


@pytest.mark.parametrize("way", ["released", "registered again"])
async def test_its_owner_can_lift_a_ban(post: Post, receiver: Receiver, way: str) -> None:
    _, client = await post.app()
    async with post.at_work():
        await register(client, receiver.url)
        await receiver.next()
        await _ban(post, receiver)
        receiver.status = 200
        (banned,) = await post.hooks()
        if way == "released":
            await hooks.release_hook(post.world.ports, ACTOR, post.ada.owner_id, banned.id)
        else:
            await client.request("POST", f"/api/addwebhook?url={receiver.url}")
            assert (await receiver.next()).json == ACTIVATION
        await happen(post, "movement", message="again")
        assert (await receiver.next()).json["message"] == "again"


async def test_a_redirect_is_a_failure_and_is_not_followed(post: Post, receiver: Receiver) -> None:
    _, client = await post.app()
    async with receiving() as inside, post.at_work():
        receiver.status, receiver.elsewhere = 302, inside.url
        await register(client, receiver.url)
        await failures(post, 1)
        receiver.status, receiver.elsewhere = 200, ""
        post.pass_time(BACK_OFF_S[0])
        await receiver.next()
        assert inside.attempts == 0


async def test_a_name_that_moves_into_this_network_is_not_called_there(receiver: Receiver) -> None:
    """Registered while it was public; by the time of the delivery its name leads to this machine."""
    port = receiver.url.split(":")[2].split("/")[0]
    answers = ["93.184.215.14", "127.0.0.1"]

    async def lookup(host: str) -> list[str]:
        return [answers.pop(0) if len(answers) > 1 else answers[0]]

    post = await Post.build(AddressPolicy(ports=frozenset(), lookup=lookup))
    _, client = await post.app()
    async with post.at_work():
        await register(client, f"http://rebinding.example:{port}/hook")
        await failures(post, 1)

    assert receiver.attempts == 0
    assert "could not be reached" in (await post.hooks())[0].problem


@pytest.mark.parametrize("ending", ["the grant", "the app"])
async def test_a_webhook_goes_with_what_it_came_with(post: Post, receiver: Receiver, ending: str) -> None:
    app, client = await post.app()
    server, owner = post.world.server, post.ada.owner_id
    async with post.at_work():
        await register(client, receiver.url)
        await receiver.next()
        if ending == "the grant":
            await disconnect(server, ACTOR, owner)
        else:
            await revoke_grants_of_client(server, ACTOR, app.id)
        async with asyncio.timeout(PATIENCE_S):
            while await post.hooks():
                await asyncio.sleep(0.001)
        await happen(post, "movement")
        await relay_outbox(post.world.ports, owner)

    assert receiver.attempts == 1


async def test_a_personal_token_has_a_webhook_signed_with_the_hash_of_the_token(
    post: Post, receiver: Receiver
) -> None:
    key, text = await create_key(post.world.ports, ACTOR, post.ada, kind=KeyKind.TOKEN, name="script")
    async with post.at_work():
        await register(post.client(text), receiver.url)
        delivery = await receiver.next()

    assert delivery.is_signed_by(await stored_digest(post.world.ports.directory, key.id))


async def test_two_processes_deliver_once(post: Post, receiver: Receiver) -> None:
    _, client = await post.app()
    other = replace(post.courier, holder="another process", counts=type(post.courier.counts)())
    async with post.at_work():
        await register(client, receiver.url)
        await receiver.next()
        mine, post.courier = post.courier, other
        async with post.at_work():
            for number in range(5):
                post.world.clock.advance(0.01)
                await happen(post, "movement", message=str(number))
            messages = [(await receiver.next()).json["message"] for _ in range(5)]
        post.courier = mine

    assert messages == list("01234")
    assert receiver.is_empty
    assert other.counts["delivered"] == 0
