"""Network servers' words for downlinks, through their webhooks, take the command behind them on."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from ownclimate.core.accounts import register_account
from ownclimate.core.commands import accept_command, get_command, move_command
from ownclimate.core.orders import SET_SETPOINT
from ownclimate.core.things import Command, CommandState
from ownclimate.core.writes import Actor
from ownclimate.ingest.lorawan.correlation import command_uuid, correlation_id
from ownclimate.oauth.keys import KeyKind, create_key
from tests.fakes.network_server import Queued, chirpstack_event, things_stack_event
from tests.unit.ingest.conftest import CHIRPSTACK, THINGS_STACK, House, envelope

S = CommandState
EUI = "70B3D52DD3000001"


async def sent(house: House, state: CommandState = S.SENT) -> Command:
    """A command to the house's Vicki that was handed over."""
    await house.post(THINGS_STACK, envelope("1200"))
    device = await house.device(EUI)
    fields = {"temperature_c": 21}
    owner_id = house.key.owner_id
    command = await accept_command(house.ports, owner_id, Actor(), device.id, SET_SETPOINT, fields)
    for step in {S.SENT: (S.SENDING, S.SENT), S.SENDING: (S.SENDING,), S.ACCEPTED: ()}[state]:
        command = await move_command(house.ports, owner_id, command.id, step)
    return command


async def found(house: House, command: Command) -> Command:
    return await get_command(house.ports.directory, house.key.owner_id, command.id)


def told(name: str, command: Command, **more: Any) -> dict[str, Any]:
    return things_stack_event(name, Queued("", 1, b"\x0e\x15", False, [correlation_id(command.id)]), **more)


@pytest.mark.parametrize(
    ("path", "name", "state", "stage"),
    [
        ("/down/queued", "downlink_queued", S.SENT, "queued"),
        ("/down/sent", "downlink_sent", S.SENT, "transmitted"),
        ("/down/ack", "downlink_ack", S.CONFIRMED, "acknowledged"),
        ("", "downlink_nack", S.FAILED, "failed"),
        ("/down/failed", "downlink_failed", S.FAILED, "failed"),
    ],
)
async def test_each_event_of_the_things_stack_says_how_far_it_got(
    house: House, path: str, name: str, state: CommandState, stage: str
) -> None:
    command = await sent(house)

    answer = await house.post(THINGS_STACK + path, told(name, command))

    assert answer.status == 202
    after = await found(house, command)
    assert (after.state, after.receipt["network_server"]) == (state, stage)


@pytest.mark.parametrize(
    ("event", "members", "state"),
    [
        ("txack", {}, S.SENT),
        ("ack", {"acknowledged": True}, S.CONFIRMED),
        ("ack", {}, S.FAILED),
    ],
    ids=["txack", "ack", "nack"],
)
async def test_each_event_of_chirpstack_does(
    house: House, event: str, members: dict[str, Any], state: CommandState
) -> None:
    command = await sent(house)

    body = chirpstack_event(command_uuid(command.id), **members)
    answer = await house.post(f"{CHIRPSTACK}?event={event}", body)

    assert answer.status == 202
    assert (await found(house, command)).state is state


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["downlink_queued", "downlink_sent", "downlink_ack"]))
)
async def test_events_never_take_a_command_back(house: House, order: tuple[str, ...]) -> None:
    command = await sent(house)

    for name in (*order, *order):
        await house.post(THINGS_STACK, told(name, command))

    after = await found(house, command)
    assert (after.state, after.receipt["network_server"]) == (S.CONFIRMED, "acknowledged")


async def test_an_event_that_is_faster_than_its_answer_leaves_the_sender_its_word(house: House) -> None:
    command = await sent(house, S.SENDING)

    await house.post(THINGS_STACK, told("downlink_queued", command))

    after = await found(house, command)
    assert (after.state, after.receipt) == (S.SENDING, {"network_server": "queued"})


async def test_an_event_for_what_was_never_sent_changes_nothing(house: House) -> None:
    command = await sent(house, S.ACCEPTED)

    for name in ("downlink_ack", "downlink_sent"):
        assert (await house.post(THINGS_STACK, told(name, command))).status == 202

    assert await found(house, command) == command


@pytest.mark.parametrize("ids", [[], ["ownclimate:command:none"], ["as:downlink:01"]])
async def test_a_downlink_of_others_is_kept_and_means_nothing(house: House, ids: list[str]) -> None:
    command = await sent(house)
    event = things_stack_event("downlink_ack", Queued("", 1, b"", False, ids))

    assert (await house.post(THINGS_STACK, event)).status == 202

    assert await found(house, command) == command
    assert "things_stack.downlink_ack" in [e.kind for e in await house.ports.raw.scan(house.key.owner_id)]


async def test_a_neighbour_cannot_move_a_command_by_naming_it(house: House) -> None:
    command = await sent(house)
    ben = await register_account(house.ports, Actor(), email="ben@example.org", password_hash="")
    _, text = await create_key(house.ports, Actor(), ben, kind=KeyKind.HOOK, name="ben")
    headers = {"authorization": f"Bearer {text}"}

    for target, body in (
        (THINGS_STACK, told("downlink_ack", command)),
        (f"{CHIRPSTACK}?event=ack", chirpstack_event(command_uuid(command.id), acknowledged=True)),
    ):
        answer = await house.client.request("POST", target, headers=headers, json_body=body)
        assert answer.status == 202

    assert await found(house, command) == command
