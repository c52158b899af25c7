"""Every status that the API documents, provoked by requests alone (contract §3)."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable

import pytest

from ownclimate.core.access import Permission
from ownclimate.core.errors import Garbled
from ownclimate.core.partitions import DEVICES, owner_partition
from ownclimate.core.ports import Put
from ownclimate.web.dispatch import Application, RequestEntry
from ownclimate.web.limits import By, Limits, Quota
from tests.contract.vendors.mclimate_world import World
from tests.fakes.carriers import delivering
from tests.fakes.households import Households, memory_ports
from tests.fakes.http import Answered, Client

DEV_EUI = "70B3D52DD3000001"
NEW = {"serial_number": "UV4X00000001", "mac": "5ECF7F000001", "type": "melissa"}
W3 = "http://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"


@pytest.fixture
async def world(clock, entropy) -> World:
    households = Households(memory_ports(clock, entropy))
    await households.add("ada")
    return World(households)


async def read(world: World) -> Answered:
    return await world.client.get("/v1/controllers")


async def command(world: World) -> Answered:
    return await world.send(await world.device("vicki", DEV_EUI), "get_keepalive_time")


async def create(world: World) -> Answered:
    return await world.post("controllers", NEW)


async def start_update(world: World) -> Answered:
    await world.device("vicki", DEV_EUI)
    return await world.post(f"fuota/{DEV_EUI}", {})


async def delete(world: World) -> Answered:
    await world.device("melissa")
    return await world.client.request("DELETE", "/v1/controllers/melissa1")


async def read_again(world: World) -> Answered:
    etag = (await read(world)).headers["etag"]
    return await world.client.get("/v1/controllers", if_none_match=etag)


async def filter_by_nothing(world: World) -> Answered:
    return await world.client.get("/v1/controllers?foo=bar")


async def send_no_json(world: World) -> Answered:
    return await world.client.request("POST", "/v1/provider/fetch", body=b"{")


async def send_a_form(world: World) -> Answered:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return await world.client.request("POST", "/v1/provider/fetch", body=b"a=b", headers=headers)


async def ask_as_nobody(world: World) -> Answered:
    return await world.client.get("/v1/controllers", authorization="Bearer nobody")


async def command_without_control(world: World) -> Answered:
    access = world.households.accesses["ada"]
    permissions = frozenset({Permission.DEVICE_READ})
    world.households.accesses["reader"] = dataclasses.replace(access, permissions=permissions)
    world.client.headers["authorization"] = "Bearer reader"
    return await command(world)


async def command_with_a_basic_client(world: World) -> Answered:
    access = world.households.accesses["ada"]
    world.households.accesses["basic"] = dataclasses.replace(access, scopes=frozenset({"basic"}))
    world.client.headers["authorization"] = "Bearer basic"
    return await command(world)


async def read_what_is_not_there(world: World) -> Answered:
    return await world.client.get("/v1/controllers/NONE")


async def read_a_path_that_is_not_there(world: World) -> Answered:
    return await world.client.get("/v1/nothing")


async def patch(world: World) -> Answered:
    return await world.client.request("PATCH", "/v1/controllers")


async def ask_too_often(world: World) -> Answered:
    quota = Quota(count=1, span_s=60, by=By.TOKEN)
    entries: list[RequestEntry] = []
    application = Application(
        dialects=[world.dialect],
        ports=world.ports,
        authenticators={"token": world.households.authenticate},
        observers=[entries.append],
        limits=Limits({("mclimate", "read"): [quota]}, world.ports.clock),
    )
    client = Client(application, entries, (world.dialect,))
    client.headers["authorization"] = "Bearer ada"
    await client.get("/v1/controllers")
    return await client.get("/v1/controllers")


async def read_what_is_damaged(world: World) -> Answered:
    """A device's document that no release wrote."""
    partition = owner_partition(world.households.accounts["ada"].owner_id)
    put = Put(table=DEVICES, key="damaged", body={"id": 7})
    await world.ports.directory.write(partition, [put], "v")
    return await read(world)


async def command_through_nonsense(world: World) -> Answered:
    device = await world.heard(await world.device("melissa"))
    world.carrier.trouble = Garbled("what came back was no answer")
    async with delivering(world.ports, world.carrier):
        return await world.send(device, "turn_led_off")


async def fetch_what_was_never_heard(world: World) -> Answered:
    return await world.fetch(await world.device("melissa"))


async def command_what_fell_silent(world: World) -> Answered:
    return await world.send(await world.device("smart_plug"), "switch_on_off", state="on")


Ask = Callable[[World], Awaitable[Answered]]
WAYS: dict[Ask, int] = {
    read: 200,
    command: 200,
    create: 201,
    start_update: 202,
    delete: 204,
    read_again: 304,
    filter_by_nothing: 400,
    send_no_json: 400,
    send_a_form: 400,
    ask_as_nobody: 401,
    command_without_control: 403,
    command_with_a_basic_client: 403,
    read_what_is_not_there: 404,
    read_a_path_that_is_not_there: 404,
    patch: 405,
    ask_too_often: 429,
    read_what_is_damaged: 500,
    command_through_nonsense: 502,
    fetch_what_was_never_heard: 503,
    command_what_fell_silent: 503,
}
DOCUMENTED = {200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 429, 500, 502, 503}
HEADERS = {
    201: "location",
    202: "location",
    304: "etag",
    401: "www-authenticate",
    405: "allow",
    429: "retry-after",
    503: "retry-after",
}


def test_there_is_a_way_to_every_documented_status() -> None:
    assert set(WAYS.values()) == DOCUMENTED


@pytest.mark.parametrize("ask", WAYS, ids=lambda ask: f"{WAYS[ask]} {ask.__name__}")
async def test_a_request_provokes_its_status_with_what_belongs_to_it(world: World, ask: Ask) -> None:
    status = WAYS[ask]

    answer = await ask(world)

    assert answer.status == status, answer.body
    assert answer.headers.get(HEADERS.get(status, "x-request-id"))
    if status in (204, 304):
        assert answer.body == b""
    elif status < 300:
        assert answer.headers["content-type"] == "application/hal+json; charset=utf-8"
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.json["type"], answer.json["status"]) == (W3, status)
        assert answer.json["detail"]
