"""`POST /broker/{network}`: what was set up for the vendor's broker works here under another host name."""

from __future__ import annotations

from typing import Any

import pytest

from ownclimate.core.linking import list_linked, open_secrets, remove_source
from ownclimate.core.things import Source
from ownclimate.core.writes import Actor
from ownclimate.ingest.lorawan.door import UNREAD_NETWORKS
from tests.fakes.http import Answered
from tests.unit.ingest.conftest import THINGS_STACK, House, chirpstack_up, envelope

EUI = "70B3D52DD3000001"
KEEPALIVE = "811BAF4BAB2A129030"
PUSH = "https://eu1.example.org/api/v3/as/applications/home/webhooks/own/devices/vicki-1/down/push"


async def post(house: House, target: str, body: Any, **headers: str) -> Answered:
    sent = {"m-token": house.text, **headers}
    return await house.client.request("POST", target, headers=sent, json_body=body)


async def sources(house: House) -> list[Source]:
    return await list_linked(house.ports.directory, house.key.owner_id)


@pytest.mark.parametrize("network", ["chirpstack", "ChirpStack", "the-things-stack", "ttn"])
@pytest.mark.parametrize("body", [envelope(KEEPALIVE), chirpstack_up(KEEPALIVE)], ids=["tts", "chirpstack"])
async def test_what_it_is_is_told_by_content_whatever_the_path_says(
    house: House, network: str, body: dict[str, Any]
) -> None:
    answer = await post(house, f"/broker/{network}?event=up", body)

    assert (answer.status, answer.body) == (202, b"")
    assert (await house.rows(EUI))[0]["temperature_c"] == 25.88


async def test_the_token_may_stand_in_the_query(house: House) -> None:
    target = f"/broker/chirpstack?event=up&m-token={house.text}"

    answer = await house.client.request("POST", target, json_body=chirpstack_up(KEEPALIVE))

    assert answer.status == 202


@pytest.mark.parametrize("token", ["", "och_000000000000000000000000_00"], ids=["none", "unknown"])
async def test_without_a_token_that_holds_nothing_is_taken(house: House, token: str) -> None:
    answer = await house.client.request(
        "POST", "/broker/chirpstack", headers={"m-token": token}, json_body=chirpstack_up(KEEPALIVE)
    )

    assert answer.status == 401
    assert await house.devices() == []


@pytest.mark.parametrize("network", UNREAD_NETWORKS)
async def test_networks_that_cannot_be_read_yet_are_refused_by_name(house: House, network: str) -> None:
    answer = await post(house, f"/broker/{network}", {"data": "00"})

    assert answer.status == 400
    assert network in answer.json["detail"]


async def test_a_network_that_nobody_knows_is_not_found(house: House) -> None:
    assert (await post(house, "/broker/carrier-pigeon", {})).status == 404


@pytest.mark.parametrize("body", [{}, {"data": {"x": 1}}], ids=["empty", "something else"])
async def test_what_no_server_sends_is_refused(house: House, body: dict[str, Any]) -> None:
    answer = await post(house, "/broker/chirpstack", body)

    assert answer.status == 400
    assert "neither" in answer.json["detail"]


async def test_the_api_that_chirpstack_offers_becomes_the_way_back(house: House) -> None:
    offered = {"token": "a-secret-of-theirs", "url": "http://ns.example.org:8090"}
    for number in range(2):
        event = chirpstack_up(KEEPALIVE, deduplicationId=str(number))
        await post(house, "/broker/chirpstack?event=up", event, **offered)

    (source,) = await sources(house)
    assert (source.kind, source.settings) == ("chirpstack", {"base_url": "http://ns.example.org:8090"})
    assert (await house.device(EUI)).link["source"] == source.id
    assert b"a-secret-of-theirs" not in source.sealed


async def test_a_key_that_changed_takes_the_place_of_the_old_one(house: House) -> None:
    for number, token in enumerate(("first", "second")):
        event = chirpstack_up(KEEPALIVE, deduplicationId=str(number))
        await post(house, "/broker/chirpstack?event=up", event, token=token, url="ns.example.org:8090")

    (source,) = await sources(house)
    assert open_secrets(source, house.vault) == {"api_key": "second"}


async def test_the_webhook_that_the_things_stack_offers_becomes_the_way_back(house: House) -> None:
    offered = {"x-downlink-push": PUSH, "x-downlink-apikey": "NNSXS.theirs"}

    await house.post(THINGS_STACK, envelope(KEEPALIVE), **offered)

    (source,) = await sources(house)
    assert source.settings == {
        "base_url": "https://eu1.example.org",
        "application": "home",
        "webhook": "own",
    }
    assert (await house.device(EUI)).link == {
        "source": source.id,
        "device_id": "vicki-1",
        "application": "home",
    }


@pytest.mark.parametrize(
    "url", ["https://eu1.example.org/elsewhere", "file:///etc/passwd", PUSH.replace("https://", "https://a@")]
)
async def test_an_offer_of_another_address_is_refused(house: House, url: str) -> None:
    offered = {"x-downlink-push": url, "x-downlink-apikey": "NNSXS.theirs"}

    assert (await house.post(THINGS_STACK, envelope(KEEPALIVE), **offered)).status == 400
    assert await sources(house) == []


async def test_an_offer_that_its_owner_removed_does_not_come_back(house: House) -> None:
    offered = {"x-downlink-push": PUSH, "x-downlink-apikey": "NNSXS.theirs"}
    await house.post(THINGS_STACK, envelope(KEEPALIVE), **offered)
    (source,) = await sources(house)
    await remove_source(house.ports, house.key.owner_id, Actor(), source.id)

    answer = await house.post(THINGS_STACK, envelope(KEEPALIVE, f_cnt=18), **offered)

    assert answer.status == 202
    assert await sources(house) == []
