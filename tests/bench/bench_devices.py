"""Wi-Fi devices over MQTT: readings into the embedded store, and commands there and back.

A reading counts once it is on disk; only then is the broker told so. A command goes from being accepted to
being confirmed by a simulated device, through a real broker. Baseline: see `bench_uplinks`, broker alone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import statistics
import tempfile
import time
from pathlib import Path

import structlog
import uvloop

from ownclimate import data_folder
from ownclimate.config import Settings
from ownclimate.core.accounts import register_account
from ownclimate.core.commands import OVER, settled
from ownclimate.core.devices import find_device
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import MQTT, link_source
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import SET_RELAY
from ownclimate.core.ports import Ports
from ownclimate.core.things import CommandState
from ownclimate.core.writes import Actor
from ownclimate.demo_broker import DemoBroker
from ownclimate.demo_devices import DevicesAtBroker
from ownclimate.sim.devices import SimulatedDevices
from ownclimate.sim.plan import plan
from tests.bench.bench_uplinks import _publish, _publisher, _working
from tests.fakes.broker import Mosquitto
from tests.integration.links_child import vault_of

ACTOR = Actor(via="bench")
DEVICES = 64
MESSAGES = 3_000
COMMANDS = 100
START_MS = 1_750_000_000_000


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="ownclimate-bench-") as folder:
        data = Path(folder) / "data"
        with Mosquitto(Path(folder) / "broker").start("max_queued_messages 0") as broker:
            uvloop.run(_measure(data, broker))


async def _measure(data: Path, broker: Mosquitto) -> None:
    async with data_folder.open_ports(data, Settings()) as ports:
        account = await register_account(ports, ACTOR, email="bench@example.org", password_hash="")
        await link_source(
            ports,
            vault_of(data),
            account.owner_id,
            ACTOR,
            kind=MQTT,
            name="devices",
            settings={"broker": broker.url, "user": broker.user},
            secrets={"password": broker.password},
        )
        async with _working(ports, data):
            await _readings(ports, account.owner_id, broker)
            await _commands(ports, account.owner_id, broker)


async def _readings(ports: Ports, owner_id: OwnerId, broker: Mosquitto) -> None:
    def reading(device: int, number: int) -> tuple[str, bytes]:
        row = {"at": START_MS + number * 60_000, "temperature_c": 20 + number % 7, "humidity_pct": 45}
        return f"ownclimate/sensor-{device}/readings", json.dumps(row).encode()

    async with _publisher(broker) as publisher:
        await _publish(publisher, [reading(device, 0) for device in range(DEVICES)])
        sent = [reading(m % DEVICES, 1 + m // DEVICES) for m in range(MESSAGES)]
        begin_s = time.perf_counter()
        sending = asyncio.create_task(_publish(publisher, sent))
        while await _stored(ports, owner_id) < MESSAGES:
            await asyncio.sleep(0.02)
        rate = MESSAGES / (time.perf_counter() - begin_s)
        await sending
    print(f"devices: readings over MQTT    {rate:9,.0f} messages/s", flush=True)


async def _stored(ports: Ports, owner_id: OwnerId) -> int:
    """By how far each device has come: messages of one device are handled in their order."""
    found = [await find_device(ports.directory, owner_id, f"sensor-{n}") for n in range(DEVICES)]
    latest = await ports.series.latest([device.number for device in found if device])
    return sum(
        (max(value.at_ms for value in values.values()) - START_MS) // 60_000 for values in latest.values()
    )


async def _commands(ports: Ports, owner_id: OwnerId, broker: Mosquitto) -> None:
    devices = SimulatedDevices(plan(1))
    where = DemoBroker(url=broker.url, user=broker.user, password=broker.password)
    ends = DevicesAtBroker.over(devices, where, ports.clock, ports.entropy, "ownclimate")
    name = devices.world.device("home/plug").vendor_id
    async with ends.connected():
        while (device := await find_device(ports.directory, owner_id, name)) is None or not device.link:
            await asyncio.sleep(0.05)
        taken_ms = []
        for number in range(COMMANDS):
            begin_s = time.perf_counter()
            command = await give_order(ports, owner_id, ACTOR, device, SET_RELAY, {"is_on": number % 2 == 0})
            over = await settled(ports, owner_id, command, timeout_s=30, states=OVER)
            if over.state is not CommandState.CONFIRMED:
                raise RuntimeError(f"a command became {over.state.value}: {over.reason}")
            taken_ms.append((time.perf_counter() - begin_s) * 1000)
    print(
        f"devices: accepted to confirmed    p50 {statistics.median(taken_ms):6.1f} ms"
        f"  p95 {statistics.quantiles(taken_ms, n=20)[-1]:6.1f} ms",
        flush=True,
    )


if __name__ == "__main__":
    main()
