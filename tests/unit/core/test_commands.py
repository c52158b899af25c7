"""A command's life goes forward only, and asking twice orders once."""

from __future__ import annotations

import dataclasses

import pytest

from ownclimate.core.commands import (
    NEXT,
    accept_command,
    get_command,
    list_commands,
    list_device_commands,
    list_pending,
    move_command,
    record_command,
)
from ownclimate.core.errors import Conflict, InvalidInput, NotFound
from ownclimate.core.events import list_events, record_event
from ownclimate.core.ids import DeviceId, OwnerId
from ownclimate.core.things import Command, CommandState
from ownclimate.core.writes import Actor

OWNER = OwnerId("a" * 24)
DEVICE = DeviceId("d" * 24)
ACTOR = Actor(client_id="c", via="token")


async def accept(ports, **more):
    return await accept_command(ports, OWNER, ACTOR, DEVICE, "set_setpoint", {"setpoint_c": 21}, **more)


async def test_the_usual_life_ends_confirmed(ports) -> None:
    command = await accept(ports)

    for state in (CommandState.SENDING, CommandState.SENT, CommandState.CONFIRMED):
        await move_command(ports, OWNER, command.id, state)

    found = await get_command(ports.directory, OWNER, command.id)
    assert found.state is CommandState.CONFIRMED
    assert found.actor == {"client_id": "c", "via": "token"}


@pytest.mark.parametrize("state", CommandState, ids=lambda state: state.value)
async def test_from_accepted_only_its_next_states_can_be_reached(ports, state) -> None:
    command = await accept(ports)

    if state is CommandState.ACCEPTED or state in NEXT[CommandState.ACCEPTED]:
        assert (await move_command(ports, OWNER, command.id, state)).state is state
    else:
        with pytest.raises(Conflict):
            await move_command(ports, OWNER, command.id, state)


async def test_a_command_given_elsewhere_stands_in_the_log_once_and_is_carried_out_by_nobody(ports) -> None:
    now_ms = ports.clock.now_ms()
    command = Command(
        id=f"{now_ms // 1000:08x}{'0' * 16}",
        device_id=DEVICE,
        name="set_setpoint",
        fields={"temperature_c": 21},
        state=CommandState.SENT,
        created_ms=now_ms,
    )

    assert await record_command(ports, OWNER, command)
    assert not await record_command(ports, OWNER, command)

    assert await list_device_commands(ports, OWNER, DEVICE, since_ms=0, limit=9) == [command]
    assert await list_pending(ports, OWNER) == []
    with pytest.raises(InvalidInput):
        await record_command(ports, OWNER, dataclasses.replace(command, state=CommandState.ACCEPTED))


async def test_the_same_key_orders_once(ports) -> None:
    first = await accept(ports, idempotency_key="k")

    assert (await accept(ports, idempotency_key="k")).id == first.id
    assert (await accept(ports, idempotency_key="other")).id != first.id
    assert len(await list_commands(ports.directory, OWNER, ports.clock.now_ms())) == 2


async def test_an_unknown_or_foreign_command_is_not_found(ports) -> None:
    command = await accept(ports)

    for owner, command_id in ((OWNER, "f" * 24), (OwnerId("b" * 24), command.id), (OWNER, "no")):
        with pytest.raises(NotFound):
            await get_command(ports.directory, owner, command_id)


async def test_an_event_told_twice_by_its_source_is_one_event(ports, clock) -> None:
    for at_ms in (clock.ms, clock.ms, clock.ms + 1):
        await record_event(ports, OWNER, kind="motion", at_ms=at_ms, event_id=f"{at_ms}")

    events = await list_events(ports.directory, OWNER, clock.ms)

    assert [event.at_ms for event in events] == [clock.ms + 1, clock.ms]
