"""A server that is killed between taking an order and sending it neither loses nor doubles it.

The device is not killed with it: it goes on at the broker, and knows what it obeyed.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ownclimate.core.commands import OVER, get_command
from ownclimate.core.devices import find_device
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import MQTT, link_source
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import SET_SETPOINT
from ownclimate.core.ports import Ports
from ownclimate.core.things import Ability, Command, CommandState, Device
from ownclimate.demo_broker import DemoBroker
from ownclimate.demo_devices import DevicesAtBroker
from ownclimate.sim.devices import Answer, SimulatedDevices
from ownclimate.sim.plan import plan
from ownclimate.sim.world import SimDevice
from tests.fakes import SeededEntropy
from tests.fakes.broker import Mosquitto
from tests.integration.links_child import vault_of
from tests.integration.test_lorawan_kills import ACTOR, household, kill, start

ROUNDS = 50 if os.environ.get("TEST_FULL") else 5
WAIT_S = 30
WORLD = plan(3)
VALVE = WORLD.device("home/valve study")


class Valves(SimulatedDevices):
    """They say when an order comes, before they obey it and after."""

    def __init__(self) -> None:
        super().__init__(WORLD)
        self.on_order: Callable[[str], None] = lambda stage: None

    def obey(self, device: SimDevice, command_id: str, *order: Any) -> Answer:
        self.on_order("coming")
        answer = super().obey(device, command_id, *order)
        self.on_order("obeyed")
        return answer


async def test_an_order_is_obeyed_once_wherever_the_server_dies(tmp_path: Path) -> None:
    data, chance, valves = tmp_path / "data", random.Random(11), Valves()
    with Mosquitto(tmp_path / "broker") as broker:
        where = DemoBroker(url=broker.url, user=broker.user, password=broker.password)
        async with household(data) as (ports, owner_id):
            await _connect(ports, data, owner_id, broker)
            ends = DevicesAtBroker.over(valves, where, ports.clock, SeededEntropy(1), "ownclimate")
            async with ends.connected():
                child = start(data)
                device = await _met(ports, owner_id)
                for number in range(ROUNDS):
                    point = ("accepted", "coming", "obeyed", "anytime")[number % 4]
                    loop, victim = asyncio.get_running_loop(), child
                    valves.on_order = lambda stage, v=victim, p=point: v.kill() if stage == p else None
                    temperature_c = 10 + number % 15
                    command = await give_order(
                        ports, owner_id, ACTOR, device, SET_SETPOINT, {"temperature_c": temperature_c}
                    )
                    if point == "accepted":
                        kill(victim)
                    if point == "anytime":
                        loop.call_later(chance.random() * 0.1, victim.kill)
                    await _until(lambda v=victim: not v.is_alive())
                    valves.on_order = lambda stage: None

                    child = start(data)
                    found = await _over(ports, owner_id, command)

                    assert found.state is CommandState.CONFIRMED, (number, point, found)
                    obeyed = [order.get("temperature_c") for order in valves.orders]
                    assert obeyed == [10 + n % 15 for n in range(number + 1)], (number, point)
                kill(child)


async def _connect(ports: Ports, data: Path, owner_id: OwnerId, broker: Mosquitto) -> None:
    await link_source(
        ports,
        vault_of(data),
        owner_id,
        ACTOR,
        kind=MQTT,
        name="broker",
        settings={"broker": broker.url, "user": broker.user},
        secrets={"password": broker.password},
    )


async def _met(ports: Ports, owner_id: OwnerId) -> Device:
    async with asyncio.timeout(WAIT_S):
        while True:
            device = await find_device(ports.directory, owner_id, VALVE.vendor_id)
            if device is not None and device.link and Ability.HEATING_SETPOINT in device.abilities:
                return device
            await asyncio.sleep(0.02)


async def _over(ports: Ports, owner_id: OwnerId, command: Command) -> Command:
    async with asyncio.timeout(WAIT_S):
        while True:
            found = await get_command(ports.directory, owner_id, command.id)
            if found.state in OVER:
                return found
            await asyncio.sleep(0.02)


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not is_so():
            await asyncio.sleep(0.01)
