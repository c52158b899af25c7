"""A server that is killed at counted points neither loses nor doubles what goes through network servers."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import random
import uuid
from collections.abc import AsyncIterator, Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

from ownclimate.core.accounts import register_account
from ownclimate.core.commands import OVER, get_command
from ownclimate.core.devices import create_device, edit_device, find_device
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import CHIRPSTACK, THINGS_STACK, link_source
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import SET_SETPOINT
from ownclimate.core.ports import Ports
from ownclimate.core.things import Ability, Command, CommandState, Device
from ownclimate.core.writes import Actor
from ownclimate.links.mqtt import Broker, Message, MqttLink
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.broker import Mosquitto
from tests.fakes.network_server import API_KEY, APPLICATION, Mood, NetworkServer
from tests.fakes.processes import PROCESSES
from tests.integration import links_child
from tests.integration.links_child import opened, vault_of
from tests.unit.ingest.conftest import chirpstack_up

ROUNDS = 50 if os.environ.get("TEST_FULL") else 5
UPLINK_ROUNDS = 20 if os.environ.get("TEST_FULL") else 3
POINTS = ("accepted", "read", "done", "answered")
WAIT_S = 30
EUIS = {THINGS_STACK: "70B3D52DD3000001", CHIRPSTACK: "70B3D52DD3000002"}
ACTOR = Actor(via="test")


def start(data: Path, *, dies_before_acknowledging: bool = False) -> BaseProcess:
    child = PROCESSES.Process(target=links_child.run, args=(data, dies_before_acknowledging), daemon=True)
    child.start()
    return child


def kill(child: BaseProcess) -> None:
    child.kill()
    child.join()


async def until(what: str, is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not is_so():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def household(data: Path) -> AsyncIterator[tuple[Ports, OwnerId]]:
    async with opened(data) as ports:
        account = await register_account(ports, ACTOR, email="ada@example.org", password_hash="")
        yield ports, account.owner_id


async def behind(ports: Ports, data: Path, owner_id: OwnerId, kind: str, **settings: str) -> Device:
    """A Vicki behind a source of the kind."""
    source = await link_source(
        ports,
        vault_of(data),
        owner_id,
        ACTOR,
        kind=kind,
        name=kind,
        settings={"application": APPLICATION, **settings},
        secrets={"api_key": API_KEY, "password": settings.get("password", "")},
    )
    device = await create_device(
        ports,
        owner_id,
        ACTOR,
        vendor="mclimate",
        model="vicki",
        vendor_id=EUIS[kind],
        mac=EUIS[kind],
        abilities=frozenset({Ability.HEATING_SETPOINT}),
    )
    link = {"source": source.id, "device_id": "vicki-1", "application": APPLICATION}
    return await edit_device(
        ports, owner_id, ACTOR, device.id, lambda known: dataclasses.replace(known, link=link)
    )


async def settled(ports: Ports, owner_id: OwnerId, command: Command) -> Command:
    async with asyncio.timeout(WAIT_S):
        while True:
            found = await get_command(ports.directory, owner_id, command.id)
            if found.state in OVER or found.state is CommandState.SENT:
                return found
            await asyncio.sleep(0.01)


async def test_a_command_is_neither_lost_nor_doubled_wherever_its_sender_dies(tmp_path: Path) -> None:
    data, chance = tmp_path / "data", random.Random(7)
    async with household(data) as (ports, owner_id), NetworkServer() as server:
        server.known = {"vicki-1", EUIS[CHIRPSTACK].lower()}
        devices = [
            await behind(ports, data, owner_id, kind, base_url=server.url)
            for kind in (THINGS_STACK, CHIRPSTACK)
        ]
        for number in range(ROUNDS):
            device = devices[number // len(POINTS) % 2] if ROUNDS > 5 else devices[number % 2]
            point = POINTS[number % len(POINTS)]
            server.queues.clear()
            child, loop = start(data), asyncio.get_running_loop()
            if point != "accepted":
                server.witnesses = [_killer(child, point, loop, chance)]
            if point == "read":
                server.moods = [Mood.LOSE_REQUEST]

            temperature_c = 10 + number % 15
            command = await give_order(
                ports, owner_id, ACTOR, device, SET_SETPOINT, {"temperature_c": temperature_c}
            )
            if point == "accepted":
                kill(child)
            await until(f"the child dies when {point}", lambda child=child: not child.is_alive())
            successor = start(data)
            found = await settled(ports, owner_id, command)
            kill(successor)

            server.witnesses, server.moods = [], []
            taken = [payload for queue in server.queues.values() for payload in queue]
            assert found.state is CommandState.SENT, (number, point, found)
            assert [queued.payload for queued in taken] == [bytes((0x0E, temperature_c))], (number, point)


def _killer(
    child: BaseProcess, point: str, loop: asyncio.AbstractEventLoop, chance: random.Random
) -> Callable[[str], None]:
    def witness(stage: str) -> None:
        if point == "answered" and stage == "done":
            loop.call_later(chance.random() * 0.02, child.kill)
        elif stage == point:
            child.kill()

    return witness


async def test_an_uplink_is_on_disk_before_it_is_acknowledged_and_stored_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Mosquitto(tmp_path / "broker") as broker:
        async with household(data) as (ports, owner_id), publisher(broker) as outside:
            device = await behind(
                ports,
                data,
                owner_id,
                CHIRPSTACK,
                broker=broker.url,
                user=broker.user,
                password=broker.password,
            )
            sent = 0
            for _ in range(UPLINK_ROUNDS):
                child = start(data, dies_before_acknowledging=True)
                await subscribed(ports, child, broker)
                await send(outside, sent)
                await until("the child dies", lambda child=child: not child.is_alive())
                assert len(await times_of(ports, owner_id)) == sent + 1, "acknowledging comes after storing"

                successor = start(data)
                await send(outside, sent + 1)
                await stored(ports, owner_id, sent + 2)
                kill(successor)
                sent += 2
                assert len(await ports.raw.scan(owner_id)) == sent
            assert device.id == (await find_device(ports.directory, owner_id, EUIS[CHIRPSTACK])).id  # type: ignore[union-attr]


@contextlib.asynccontextmanager
async def publisher(broker: Mosquitto) -> AsyncIterator[MqttLink]:
    async def ignore(message: Message) -> None:
        pass

    where = Broker(url=broker.url, client_id="outside", user=broker.user, password=broker.password)
    link = MqttLink(where, [], ignore, clock=FakeClock(), entropy=SeededEntropy(1))
    task = asyncio.create_task(link.run())
    try:
        await asyncio.wait_for(link.connected(), WAIT_S)
        yield link
    finally:
        task.cancel()


async def subscribed(ports: Ports, child: BaseProcess, broker: Mosquitto) -> None:
    """The first session has to be there before the first uplink, or the broker drops that."""
    log = broker.folder / "log"
    await until("a session", lambda: "as ownclimate-" in log.read_text())
    await asyncio.sleep(0.2)


async def send(outside: MqttLink, number: int) -> None:
    info = chirpstack_up("")["deviceInfo"] | {"devEui": EUIS[CHIRPSTACK].lower()}
    event = chirpstack_up(
        "811BAF4BAB2A129030",
        deviceInfo=info,
        deduplicationId=str(uuid.UUID(int=number)),
        fCnt=number,
        time=f"2026-11-21T10:00:{number:02d}+00:00",
    )
    topic = f"application/{APPLICATION}/device/{info['devEui']}/event/up"
    await outside.publish(topic, json.dumps(event).encode())


async def times_of(ports: Ports, owner_id: OwnerId) -> list[int]:
    device = await find_device(ports.directory, owner_id, EUIS[CHIRPSTACK])
    assert device is not None
    return (await ports.series.read(device.number)).times_ms.tolist()


async def stored(ports: Ports, owner_id: OwnerId, count: int) -> None:
    async with asyncio.timeout(WAIT_S):
        while len(await times_of(ports, owner_id)) < count:
            await asyncio.sleep(0.02)
