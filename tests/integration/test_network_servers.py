"""Commands to LoRaWAN devices through network servers that answer late, twice, wrongly or not at all."""

from __future__ import annotations

import itertools
import json
import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from ownclimate.control.delivery import OVERTAKEN, Deliverer
from ownclimate.core.commands import get_command
from ownclimate.core.linking import CHIRPSTACK, THINGS_STACK, link_source, pause_source, remove_source
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import SET_SETPOINT
from ownclimate.core.things import Ability, Command, CommandState, Device, Source
from ownclimate.ingest.keys import SourceKey
from ownclimate.ingest.lorawan import chirpstack, things_stack
from ownclimate.ingest.lorawan.ways import through
from ownclimate.links import api
from ownclimate.links.kinds import openers
from ownclimate.links.supervisor import Supervisor
from ownclimate.oauth.encryption import Cipher
from ownclimate.vendors.mclimate.codecs import FrameTable
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.network_server import (
    API_KEY,
    APPLICATION,
    HOLD_S,
    Mood,
    NetworkServer,
    Queued,
    chirpstack_event,
    things_stack_event,
)
from tests.unit.ingest.conftest import chirpstack_up, envelope

S = CommandState
EUI = "70B3D52DD3000001"
SET_21 = bytes.fromhex("0e15")
AT_21 = "8115AF4BAB2A129030"
"""A keep-alive of a Vicki whose target is 21 °C."""
KINDS = (THINGS_STACK, CHIRPSTACK)
DAY_COMMANDS = 250 if os.environ.get("TEST_FULL") else 20


@dataclass
class World:
    """A household with a Vicki behind a network server."""

    households: Households
    clock: FakeClock
    server: NetworkServer
    source: Source
    supervisor: Supervisor
    deliverer: Deliverer
    device: Device
    heard: int = 0

    @property
    def ports(self) -> Any:
        return self.households.ports

    @property
    def queue(self) -> list[Queued]:
        name = "vicki-1" if self.source.kind == THINGS_STACK else EUI.lower()
        return self.server.queues[name]

    async def order(self, temperature_c: float = 21, **more: Any) -> Command:
        fields = {"temperature_c": temperature_c}
        return await give_order(
            self.ports, self.device.owner_id, ACTOR, self.device, SET_SETPOINT, fields, **more
        )

    async def look(self) -> None:
        await self.supervisor.look()
        await self.deliverer.look()
        await self.deliverer.idle()

    async def found(self, command: Command) -> Command:
        return await get_command(self.ports.directory, self.device.owner_id, command.id)

    async def tell(self, stage: str, queued: Queued, **more: Any) -> None:
        """What the network server says of a downlink, as its own event."""
        key = SourceKey(id=self.source.id, owner_id=self.device.owner_id, source_number=self.source.number)
        way = through(self.source.id)
        if self.source.kind == THINGS_STACK:
            name = {"sent": "downlink_sent", "ack": "downlink_ack", "nack": "downlink_nack"}.get(stage, stage)
            body = json.dumps(things_stack_event(name, queued, **more)).encode()
            await things_stack.take_message(self.ports, key, body, FrameTable(), way=way)
            return
        event, members = {
            "sent": ("txack", {}),
            "ack": ("ack", {"acknowledged": True}),
            "nack": ("ack", {}),
        }[stage]
        body = json.dumps(chirpstack_event(queued.id, **members)).encode()
        await chirpstack.take_event(self.ports, key, event, body, FrameTable(), way=way)

    async def hear(self, payload_hex: str) -> None:
        """An uplink of the device."""
        self.heard += 1
        key = SourceKey(id=self.source.id, owner_id=self.device.owner_id, source_number=self.source.number)
        way, at = through(self.source.id), "2026-11-21T11:00:00Z"
        if self.source.kind == THINGS_STACK:
            body = json.dumps(envelope(payload_hex, received_at=at, f_cnt=self.heard)).encode()
            await things_stack.take_message(self.ports, key, body, FrameTable(), way=way)
        else:
            body = json.dumps(chirpstack_up(payload_hex, time=at, deduplicationId=str(self.heard))).encode()
            await chirpstack.take_event(self.ports, key, "up", body, FrameTable(), way=way)


@pytest.fixture(params=KINDS)
async def world(
    request: pytest.FixtureRequest,
    clock: FakeClock,
    entropy: SeededEntropy,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[World]:
    monkeypatch.setattr(api, "TOTAL_S", HOLD_S - 0.5)
    households = Households(memory_ports(clock, entropy))
    await households.add("ada")
    vault = Cipher(entropy(32), entropy)
    async with NetworkServer() as server:
        source = await link_source(
            households.ports,
            vault,
            households.accounts["ada"].owner_id,
            ACTOR,
            kind=request.param,
            name="attic",
            settings={"base_url": server.url, "application": APPLICATION},
            secrets={"api_key": API_KEY},
        )
        device = await households.device(
            "ada",
            "vicki",
            EUI,
            mac=EUI,
            abilities=frozenset({Ability.HEATING_SETPOINT}),
            keepalive_s=600,
        )
        made = World(
            households,
            clock,
            server,
            source,
            supervisor := Supervisor(
                households.ports, vault, openers(households.ports, FrameTable()), "test"
            ),
            Deliverer(households.ports, [supervisor], "test"),
            device,
        )
        await made.hear("1200")
        yield made
        await supervisor._stop_all()


async def test_an_order_becomes_a_downlink_and_the_next_report_confirms_it(world: World) -> None:
    command = await world.order()
    await world.look()

    assert [queued.payload for queued in world.queue] == [SET_21]
    sent = await world.found(command)
    assert (sent.state, sent.receipt["frame"], sent.receipt["sent_as"]) == (
        S.SENT,
        "0e15",
        "SetTargetTemperature",
    )

    await world.tell("sent", world.queue[0])
    assert (await world.found(command)).receipt["network_server"] == "transmitted"
    await world.hear(AT_21)

    assert (await world.found(command)).state is S.CONFIRMED


async def test_a_report_that_says_otherwise_confirms_nothing(world: World) -> None:
    command = await world.order()
    await world.look()

    await world.hear("8105AF4BAB2A129030")

    assert (await world.found(command)).state is S.SENT


async def test_an_acknowledgement_confirms_and_its_absence_fails(world: World) -> None:
    first, second = await world.order(21), await world.order(22)
    await world.look()
    queued = {item.payload: item for item in world.queue}

    await world.tell("ack", queued[SET_21])
    await world.tell("nack", queued[bytes.fromhex("0e16")])

    assert (await world.found(first)).state is S.CONFIRMED
    failed = await world.found(second)
    assert (failed.state, failed.reason) == (S.FAILED, "the device did not acknowledge it")


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "ack", "sent", "ack"]))[:12:2])
async def test_events_in_any_order_and_twice_end_alike(world: World, order: tuple[str, ...]) -> None:
    command = await world.order()
    await world.look()

    for stage in order:
        await world.tell(stage, world.queue[0])

    found = await world.found(command)
    assert (found.state, found.receipt["network_server"]) == (S.CONFIRMED, "acknowledged")


TAKEN = (Mood.LOSE_ANSWER, Mood.HOLD_ANSWER, Mood.FAIL_AFTER, Mood.GARBLE)
LOST = (Mood.LOSE_REQUEST, Mood.FAIL)


@pytest.mark.parametrize("mood", [*TAKEN, *LOST])
async def test_what_nobody_knows_is_found_in_the_queue_or_else_sent_again(world: World, mood: Mood) -> None:
    world.server.moods = [mood]
    command = await world.order()
    await world.look()
    assert (await world.found(command)).state is S.UNKNOWN
    assert len(world.queue) == (mood in TAKEN)

    world.clock.advance(2)
    await world.look()

    assert (await world.found(command)).state is S.SENT
    assert [queued.payload for queued in world.queue] == [SET_21]


async def test_while_events_may_still_wait_at_the_broker_nothing_is_sent_again(world: World) -> None:
    nowhere = {**world.source.settings, "broker": "mqtt://127.0.0.1:1", "user": "gate"}
    world.source = await link_source(
        world.ports,
        world.supervisor.vault,
        world.device.owner_id,
        ACTOR,
        kind=world.source.kind,
        name="with a broker",
        settings=nowhere,
        secrets={"api_key": API_KEY},
    )
    await world.hear("1201")
    world.server.moods = [Mood.LOSE_REQUEST]
    command = await world.order()
    await world.look()

    world.clock.advance(2)
    await world.look()

    assert (await world.found(command)).state is S.UNKNOWN
    assert world.queue == []


@pytest.mark.parametrize("world", [THINGS_STACK], indirect=True)
async def test_an_event_settles_what_nobody_knew(world: World) -> None:
    world.server.moods = [Mood.LOSE_ANSWER]
    command = await world.order()
    await world.look()

    await world.tell("downlink_queued", world.queue[0])

    assert (await world.found(command)).state is S.SENT


async def test_a_server_that_is_down_or_busy_is_asked_again(world: World) -> None:
    world.server.moods = [Mood.BUSY]
    command = await world.order()
    await world.look()
    assert (await world.found(command)).state is S.ACCEPTED

    await world.server.stop()
    world.clock.advance(2)
    await world.look()
    down = await world.found(command)
    assert (down.state, len(world.queue)) == (S.ACCEPTED, 0)
    assert "cannot be reached" in down.reason


async def test_a_server_that_knows_no_such_device_ends_the_command(world: World) -> None:
    world.server.known.clear()
    command = await world.order()

    await world.look()

    failed = await world.found(command)
    assert failed.state is S.FAILED
    assert "not found" in failed.reason


async def test_a_wrong_key_is_told_and_never_shown(world: World) -> None:
    world.server.moods = []
    wrong = "NNSXS.another"
    source = await link_source(
        world.ports,
        world.supervisor.vault,
        world.device.owner_id,
        ACTOR,
        kind=world.source.kind,
        name="second",
        settings=world.source.settings,
        secrets={"api_key": wrong},
    )
    world.source = source
    await world.hear("1201")
    command = await world.order()

    await world.look()

    failed = await world.found(command)
    assert failed.state is S.FAILED
    assert "API key" in failed.reason
    assert wrong not in repr(failed)
    assert wrong.encode() not in source.sealed


async def test_one_of_two_like_downlinks_whose_answer_was_lost_is_told_apart(world: World) -> None:
    first = await world.order(21)
    await world.look()
    world.server.moods = [Mood.LOSE_REQUEST]
    second = await world.order(21)
    await world.look()
    assert (await world.found(second)).state is S.UNKNOWN

    world.clock.advance(2)
    await world.look()

    assert (await world.found(first)).state is S.SENT
    assert (await world.found(second)).state is S.SENT
    assert [queued.payload for queued in world.queue] == [SET_21, SET_21]


async def test_while_a_source_is_paused_its_commands_wait(world: World) -> None:
    owner_id = world.device.owner_id
    await world.supervisor.look()
    await pause_source(world.ports, owner_id, ACTOR, world.source.id, is_paused=True)
    command = await world.order()
    await world.look()
    assert (await world.found(command)).state is S.ACCEPTED

    await pause_source(world.ports, owner_id, ACTOR, world.source.id, is_paused=False)
    world.clock.advance(2)
    await world.look()

    assert (await world.found(command)).state is S.SENT


async def test_without_its_source_a_device_cannot_be_told_anything(world: World) -> None:
    await remove_source(world.ports, world.device.owner_id, ACTOR, world.source.id)
    command = await world.order()

    await world.look()

    assert (await world.found(command)).state is S.REFUSED
    assert world.server.calls == 0


async def test_a_neighbours_source_carries_nothing_of_ours(world: World) -> None:
    ben = await world.households.add("ben")
    stolen = await world.households.device(
        "ben",
        "vicki",
        EUI,
        mac=EUI,
        abilities=frozenset({Ability.HEATING_SETPOINT}),
    )
    object.__setattr__(stolen, "link", {"source": world.source.id, "device_id": "vicki-1"})

    assert not await world.supervisor.carries(ben.owner_id, stolen)


async def test_a_day_of_lost_answers_and_shuffled_events_ends_well_for_every_command(world: World) -> None:
    chance = random.Random(5)
    waits = [mood for mood in Mood if mood is not Mood.HOLD_ANSWER]
    commands = [await world.order(5 + number % 25) for number in range(DAY_COMMANDS)]
    for _ in range(DAY_COMMANDS * 6):
        if not world.server.moods:
            world.server.moods = chance.choices([None, *waits], [4, *(1 for _ in waits)], k=4)
        await world.look()
        world.clock.advance(2)
        found = [await world.found(command) for command in commands]
        if all(command.state in (S.SENT, S.EXPIRED) for command in found):
            break

    sent = [command for command in found if command.state is S.SENT]
    assert {c.reason for c in found if c.state is not S.SENT} <= {OVERTAKEN}
    assert found[-1] in sent
    wanted = [bytes((0x0E, command.fields["temperature_c"])) for command in sent]
    assert [queued.payload for queued in world.queue] == wanted, "in order, none twice"

    events = [(stage, queued) for queued in world.queue for stage in ("sent", "ack", "sent")]
    chance.shuffle(events)
    for stage, queued in events:
        await world.tell(stage, queued)

    assert {(await world.found(command)).state for command in sent} == {S.CONFIRMED}


@pytest.mark.parametrize("world", [CHIRPSTACK], indirect=True)
async def test_an_entry_of_the_log_that_tells_of_a_loss_fails_the_command(world: World) -> None:
    command = await world.order()
    await world.look()
    key = SourceKey(id=world.source.id, owner_id=world.device.owner_id, source_number=world.source.number)
    event = chirpstack_event(
        "", level="ERROR", code="EXPIRED", description="gone", context={"queue_item_id": world.queue[0].id}
    )

    await chirpstack.take_event(
        world.ports, key, "log", json.dumps(event).encode(), FrameTable(), way=through("")
    )

    failed = await world.found(command)
    assert (failed.state, failed.reason) == (S.FAILED, "EXPIRED: gone")


@pytest.mark.parametrize("world", [THINGS_STACK], indirect=True)
async def test_a_downlink_that_failed_says_why(world: World) -> None:
    command = await world.order()
    await world.look()

    error = {"namespace": "pkg/applicationserver", "name": "no_session", "message_format": "no session yet"}
    await world.tell("downlink_failed", world.queue[0], error=error)

    failed = await world.found(command)
    assert (failed.state, failed.reason) == (S.FAILED, "no session yet")
