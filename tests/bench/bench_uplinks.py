"""Uplinks from network servers into the embedded store, and commands back to them.

The server is the real command in a process of its own; an uplink counts once it is on disk: when the
webhook is answered, or when the store holds it and the broker was told so. A Mosquitto stands between
for MQTT; what it can do alone, from one publisher to one subscriber at QoS 1, is the baseline of that run.
Commands go from being accepted to what the receiver got, over its API and over the broker.
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from ownclimate import data_folder
from ownclimate.config import Settings
from ownclimate.control.delivery import Deliverer
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.devices import edit_device, list_devices
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import CHIRPSTACK, link_source
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import SET_SETPOINT
from ownclimate.core.ports import Ports
from ownclimate.core.things import Device
from ownclimate.core.writes import Actor
from ownclimate.links.kinds import openers
from ownclimate.links.mqtt import Broker, Message, MqttLink
from ownclimate.links.supervisor import Supervisor
from ownclimate.vendors.mclimate.codecs import FrameTable
from tests.bench.load import prepare, run
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.broker import Mosquitto
from tests.fakes.network_server import API_KEY, APPLICATION, NetworkServer
from tests.fakes.server import Server, run_json
from tests.integration.links_child import vault_of

EMAIL = "bench@example.org"
DEVICES = 64
CALLS = 12_000
MESSAGES = 3_000
COMMANDS = 100
LIMIT_S = 4.0
START_S = 1_700_000_000
KEEPALIVE = base64.b64encode(bytes.fromhex("811BAF4BAB2A129030")).decode()
HOOK = "/hooks/lorawan/chirpstack?event=up"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ownclimate-bench-") as folder:
        data = Path(folder) / "data"
        run_json(data, "user", "add", EMAIL, stdin="a long enough password\n")
        key = run_json(data, "hook", "add", "--owner", EMAIL)["key"]
        with Mosquitto(Path(folder) / "broker").start("max_queued_messages 0") as broker:
            arguments = ("--broker", broker.url, "--user", broker.user)
            source = ("source", "add", "chirpstack", "--owner", EMAIL, *arguments)
            run_json(data, *source, stdin=f"{broker.password}\n")
            with Server.start(data) as server:
                _webhook(server, key)
                uvloop.run(_over_mqtt(data, broker))
            uvloop.run(_commands(data, broker))


def event(device: int, number: int) -> bytes:
    """An uplink of a Vicki, as large as ChirpStack sends it with two gateways."""
    received = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START_S + number * 600))
    return json.dumps(
        {
            "deduplicationId": f"{device:08x}-0000-4000-8000-{number:012x}",
            "time": f"{received}.123456+00:00",
            "deviceInfo": {
                "tenantId": "52f14cd4-c6f1-4fbd-8f87-4025e1d49242",
                "tenantName": "ChirpStack",
                "applicationId": APPLICATION,
                "applicationName": "home",
                "deviceProfileName": "MClimate Vicki",
                "deviceName": f"vicki-{device}",
                "devEui": eui(device),
                "deviceClassEnabled": "CLASS_A",
                "tags": {},
            },
            "devAddr": "00189440",
            "adr": True,
            "dr": 5,
            "fCnt": number,
            "fPort": 2,
            "confirmed": False,
            "data": KEEPALIVE,
            "rxInfo": [
                {"gatewayId": f"0016c001f153a14{i}", "uplinkId": 4217106255, "rssi": -60 - i, "snr": 9.2 - i}
                for i in range(2)
            ],
            "txInfo": {"frequency": 867100000, "modulation": {"lora": {"bandwidth": 125000}}},
            "regionConfigId": "eu868",
        }
    ).encode()


def eui(device: int) -> str:
    return f"70b3d52dd30000{device:02x}"


def _webhook(server: Server, key: str) -> None:
    made = [prepare(server.url, HOOK, event(device, 0), key) for device in range(DEVICES)]
    run(server.url, made, 4, 60)
    calls = [prepare(server.url, HOOK, event(c % DEVICES, 1 + c // DEVICES), key) for c in range(CALLS)]
    load = run(server.url, calls, DEVICES, LIMIT_S)
    if load.refused:
        raise RuntimeError(f"{load.refused} uplinks were refused: {load.first_refusal[:500]!r}")
    print(
        f"uplinks: through the webhook   {load.per_second:9,.0f} uplinks/s"
        f"  p50 {load.percentile_ms(0.5):6.1f} ms  p99 {load.percentile_ms(0.99):6.1f} ms",
        flush=True,
    )


async def _over_mqtt(data: Path, broker: Mosquitto) -> None:
    first = 10_000
    sent = [
        (
            f"application/{APPLICATION}/device/{eui(m % DEVICES)}/event/up",
            event(m % DEVICES, first + m // DEVICES),
        )
        for m in range(MESSAGES)
    ]
    last_ms = (START_S + (first + (MESSAGES - 1) // DEVICES) * 600) * 1000
    async with data_folder.open_ports(data, Settings()) as ports, _publisher(broker) as publisher:
        (owner_id,) = await list_owner_ids(ports.directory)
        devices = await list_devices(ports.directory, owner_id)
        begin_s = time.perf_counter()
        sending = asyncio.create_task(_publish(publisher, sent))
        while not await _are_stored(ports, devices, last_ms):
            await asyncio.sleep(0.02)
        taken_s = time.perf_counter() - begin_s
        await sending
        print(f"uplinks: through MQTT          {MESSAGES / taken_s:9,.0f} uplinks/s", flush=True)
        await _baseline(broker, publisher, sent)


async def _are_stored(ports: Ports, devices: list[Device], last_ms: int) -> bool:
    latest = await ports.series.latest([device.number for device in devices])
    newest = [max(value.at_ms for value in values.values()) for values in latest.values()]
    # Messages of one device are handled in their order, but the last ones of all are not sent at once.
    return (
        sum(at_ms >= last_ms for at_ms in newest) >= (MESSAGES - 1) % DEVICES + 1
        and min(newest) >= last_ms - 600_000
    )


async def _baseline(broker: Mosquitto, publisher: MqttLink, sent: list[tuple[str, bytes]]) -> None:
    count, done = 0, asyncio.Event()

    async def count_it(_: Message) -> None:
        nonlocal count
        count += 1
        if count == len(sent):
            done.set()

    where = Broker(url=broker.url, client_id="baseline", user=broker.user, password=broker.password)
    link = MqttLink(where, ["bench/#"], count_it, clock=FakeClock(), entropy=SeededEntropy(1))
    task = asyncio.create_task(link.run())
    await link.connected()
    begin_s = time.perf_counter()
    await asyncio.gather(_publish(publisher, [("bench/x", body) for _, body in sent]), done.wait())
    rate = len(sent) / (time.perf_counter() - begin_s)
    print(f"uplinks:   broker and client alone (baseline) {rate:9,.0f} messages/s", flush=True)
    task.cancel()


async def _publish(publisher: MqttLink, sent: list[tuple[str, bytes]]) -> None:
    slots = asyncio.Semaphore(20)

    async def one(topic: str, body: bytes) -> None:
        async with slots:
            await publisher.publish(topic, body)

    await asyncio.gather(*(one(topic, body) for topic, body in sent))


@asynccontextmanager
async def _publisher(
    broker: Mosquitto, *topics: str, told: asyncio.Queue[float] | None = None
) -> AsyncIterator[MqttLink]:
    async def hear(_: Message) -> None:
        if told is not None:
            told.put_nowait(time.perf_counter())

    where = Broker(url=broker.url, client_id="network", user=broker.user, password=broker.password)
    link = MqttLink(where, topics, hear, clock=FakeClock(), entropy=SeededEntropy(1))
    task = asyncio.create_task(link.run())
    try:
        await link.connected()
        yield link
    finally:
        task.cancel()


async def _commands(data: Path, broker: Mosquitto) -> None:
    async with data_folder.open_ports(data, Settings()) as ports, NetworkServer() as server:
        (owner_id,) = await list_owner_ids(ports.directory)
        (device, *_) = await list_devices(ports.directory, owner_id)
        server.known.add(device.vendor_id.lower())
        told: asyncio.Queue[float] = asyncio.Queue()
        topic = f"application/{APPLICATION}/device/{device.vendor_id.lower()}/command/down"
        async with _publisher(broker, topic, told=told), _working(ports, data):
            await _round_trips(ports, owner_id, device, told, "over the broker")
        source = await link_source(
            ports,
            vault_of(data),
            owner_id,
            Actor(via="bench"),
            kind=CHIRPSTACK,
            name="by its API",
            settings={"base_url": server.url},
            secrets={"api_key": API_KEY},
        )
        await _relink(ports, owner_id, device, source.id)

        def witness(stage: str) -> None:
            if stage == "read":
                told.put_nowait(time.perf_counter())

        server.witnesses = [witness] * COMMANDS
        async with _working(ports, data):
            await _round_trips(ports, owner_id, device, told, "over the API")


async def _relink(ports: Ports, owner_id: OwnerId, device: Device, source_id: str) -> None:
    await edit_device(
        ports,
        owner_id,
        Actor(),
        device.id,
        lambda known: dataclasses.replace(known, link={**known.link, "source": source_id}),
    )


@asynccontextmanager
async def _working(ports: Ports, data: Path) -> AsyncIterator[None]:
    supervisor = Supervisor(ports, vault_of(data), openers(ports, FrameTable()), "bench")
    deliverer = Deliverer(ports, [supervisor], "bench")
    tasks = [asyncio.create_task(supervisor.run()), asyncio.create_task(deliverer.run())]
    await asyncio.sleep(1.0)  # Connections are made, leases taken.
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _round_trips(
    ports: Ports, owner_id: OwnerId, device: Device, told: asyncio.Queue[float], how: str
) -> None:
    taken_ms = []
    for number in range(COMMANDS):
        begin_s = time.perf_counter()
        fields = {"temperature_c": 10 + number % 15}
        await give_order(ports, owner_id, Actor(via="bench"), device, SET_SETPOINT, fields)
        taken_ms.append((await told.get() - begin_s) * 1000)
    p99 = sorted(taken_ms)[int(len(taken_ms) * 0.99) - 1]
    print(
        f"uplinks: a command {how:16} p50 {statistics.median(taken_ms):6.1f} ms  p99 {p99:6.1f} ms"
        " from being told until the receiver has it",
        flush=True,
    )


if __name__ == "__main__":
    main()
