"""Wi-Fi devices through a real broker: what they say is known, what they are told they do, once."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from ownclimate.control.delivery import Deliverer
from ownclimate.core.commands import get_command
from ownclimate.core.devices import find_device
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import MQTT, link_source
from ownclimate.core.liveness import is_online
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import SET_AIR_CONDITIONER, SET_LIGHT, SET_RELAY, SET_SETPOINT
from ownclimate.core.things import Ability, Command, CommandState, Device
from ownclimate.demo_broker import DemoBroker
from ownclimate.demo_devices import DevicesAtBroker
from ownclimate.links import backoff
from ownclimate.links.kinds import openers
from ownclimate.links.supervisor import Supervisor
from ownclimate.oauth.encryption import Cipher
from ownclimate.sim.devices import SimulatedDevices
from ownclimate.sim.plan import plan
from ownclimate.vendors.mclimate.codecs import FrameTable
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.broker import Mosquitto
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.plugs import ESPHomePlug, TasmotaPlug

WAIT_S = 20
WORLD = plan(3)
PLUG, AC = WORLD.device("home/plug"), WORLD.device("home/ac")
VALVE = WORLD.device("home/valve study")

S = CommandState


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses that people would not notice; what follows what stays as it is."""
    monkeypatch.setattr(backoff, "FIRST_S", 0.05)
    monkeypatch.setattr(backoff.Backoff.__init__, "__defaults__", (0.05, 0.2))


@dataclass
class House:
    """A server in this process with sources at one broker."""

    homes: Households
    clock: FakeClock
    broker: Mosquitto
    vault: Cipher

    async def owner(self, name: str, **settings: Any) -> OwnerId:
        account = await self.homes.add(name)
        await link_source(
            self.homes.ports,
            self.vault,
            account.owner_id,
            ACTOR,
            kind=MQTT,
            name="broker",
            settings={"broker": self.broker.url, "user": self.broker.user, **settings},
            secrets={"password": self.broker.password},
        )
        return account.owner_id

    async def find(self, owner_id: OwnerId, name: str) -> Device | None:
        return await find_device(self.homes.ports.directory, owner_id, name)

    async def meets(self, owner_id: OwnerId, name: str) -> Device:
        """The device once it can be reached and told something."""

        async def is_linked() -> bool:
            device = await self.find(owner_id, name)
            can = {Ability.RELAY, Ability.HEATING_SETPOINT, Ability.AIR_CONDITIONING}
            return device is not None and "reachable" in device.reports and bool(can & device.abilities)

        await until(is_linked)
        device = await self.find(owner_id, name)
        assert device is not None
        return device

    async def misses(self, owner_id: OwnerId, name: str) -> None:
        """Returns once the device counts as offline."""

        async def is_away() -> bool:
            now_ms, known = self.clock.now_ms(), await self.find(owner_id, name)
            return known is not None and not is_online(known, now_ms, now_ms)

        await until(is_away)

    async def order(self, device: Device, name: str, **fields: Any) -> Command:
        return await give_order(self.homes.ports, device.owner_id, ACTOR, device, name, fields)

    async def becomes(self, device: Device, command: Command, *states: CommandState) -> Command:
        async def is_there() -> bool:
            return (await self.now(device, command)).state in states

        await until(is_there)
        return await self.now(device, command)

    async def now(self, device: Device, command: Command) -> Command:
        return await get_command(self.homes.ports.directory, device.owner_id, command.id)

    async def latest(self, device: Device) -> dict[str, float]:
        found = await self.homes.ports.series.latest([device.number])
        return {name: known.value for name, known in found.get(device.number, {}).items()}

    @contextlib.asynccontextmanager
    async def simulated(self, devices: SimulatedDevices, prefix: str = "ownclimate") -> AsyncIterator[None]:
        where = DemoBroker(url=self.broker.url, user=self.broker.user, password=self.broker.password)
        ends = DevicesAtBroker.over(devices, where, self.clock, SeededEntropy(8), prefix)
        async with ends.connected():
            yield

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[aiomqtt.Client]:
        async with aiomqtt.Client(
            "127.0.0.1", self.broker.port, username=self.broker.user, password=self.broker.password
        ) as client:
            yield client


@pytest.fixture
async def house(broker: Mosquitto) -> AsyncIterator[House]:
    clock = FakeClock()
    homes = Households(memory_ports(clock, SeededEntropy(5)))
    vault = Cipher(b"k" * 32, SeededEntropy(6))
    supervisor = Supervisor(homes.ports, vault, openers(homes.ports, FrameTable()), "test", look_every_s=0.02)
    deliverer = Deliverer(homes.ports, [supervisor], "test", look_every_s=0.02)
    tasks = [asyncio.create_task(supervisor.run()), asyncio.create_task(deliverer.run())]
    yield House(homes, clock, broker, vault)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def until(is_so: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not await is_so():
            await asyncio.sleep(0.01)


async def test_a_simulated_device_does_as_told_and_its_new_state_shows(house: House) -> None:
    ada = await house.owner("ada")
    devices = SimulatedDevices(WORLD)
    async with house.simulated(devices):
        device = await house.meets(ada, AC.vendor_id)
        air = {"is_on": True, "mode": "heat", "temperature_c": 26, "fan": "low"}

        command = await house.order(device, SET_AIR_CONDITIONER, **air)
        await house.becomes(device, command, S.CONFIRMED)

        latest, known = await house.latest(device), await house.find(ada, AC.vendor_id)
        assert (latest["heating_on"], latest["cooling_on"], latest["setpoint_c"]) == (1, 0, 26)
        assert known is not None
        assert known.settings["air_conditioner"] == air
        assert [order.name for order in devices.orders] == [SET_AIR_CONDITIONER]


async def test_what_a_device_cannot_do_it_says(house: House) -> None:
    ada = await house.owner("ada")
    async with house.simulated(SimulatedDevices(WORLD)):
        device = await house.meets(ada, VALVE.vendor_id)

        command = await house.order(device, SET_SETPOINT, temperature_c=40)

        failed = await house.becomes(device, command, S.FAILED)
        assert failed.reason == "temperature_c must be from 5 to 30"


async def test_an_order_to_a_device_that_is_away_waits_and_expires(house: House) -> None:
    ada = await house.owner("ada")
    async with house.simulated(SimulatedDevices(WORLD)):
        device = await house.meets(ada, PLUG.vendor_id)

    await house.misses(ada, PLUG.vendor_id)
    command = await house.order(device, SET_RELAY, is_on=False)

    async def is_put_off() -> bool:
        return bool((await house.now(device, command)).reason)

    await until(is_put_off)
    waiting = await house.now(device, command)
    assert (waiting.state, waiting.reason) == (S.ACCEPTED, "the device is offline")
    house.clock.advance((command.expires_ms - command.created_ms) / 1000 + 1)
    await house.becomes(device, command, S.EXPIRED)


async def test_an_order_that_waits_is_carried_out_when_the_device_is_back(house: House) -> None:
    ada = await house.owner("ada")
    devices = SimulatedDevices(WORLD)
    async with house.simulated(devices):
        device = await house.meets(ada, PLUG.vendor_id)

    await house.misses(ada, PLUG.vendor_id)
    command = await house.order(device, SET_RELAY, is_on=False)

    async def is_put_off() -> bool:
        return (await house.now(device, command)).due_ms > 0

    await until(is_put_off)

    async with house.simulated(devices):
        # The clock stands still: that it is due at all is because the device is back.
        await house.becomes(device, command, S.CONFIRMED)


async def test_a_broker_that_restarts_loses_no_order(house: House) -> None:
    ada = await house.owner("ada")
    devices = SimulatedDevices(WORLD)
    async with house.simulated(devices):
        device = await house.meets(ada, PLUG.vendor_id)
        await asyncio.to_thread(house.broker.stop)
        command = await house.order(device, SET_RELAY, is_on=False)

        async def is_put_off() -> bool:
            return bool((await house.now(device, command)).reason)

        await until(is_put_off)
        await asyncio.to_thread(house.broker.start)

        async def is_done() -> bool:
            house.clock.advance(0.05)
            return (await house.now(device, command)).state is S.CONFIRMED

        await until(is_done)
        assert len(devices.orders) == 1
        assert (await house.latest(device))["relay_on"] == 0


async def test_a_command_that_comes_again_is_answered_again_and_obeyed_once(house: House) -> None:
    devices = SimulatedDevices(WORLD)
    order = {
        "id": "6740a1b20f3c5d7e9a1b2c3d",
        "name": SET_RELAY,
        "fields": {"is_on": False},
        "expires_at": house.clock.now_ms() + 60_000,
    }
    async with house.simulated(devices), house.client() as client:
        await client.subscribe(f"ownclimate/{PLUG.vendor_id}/+", 1)
        answers: list[dict[str, Any]] = []
        is_online = False
        async with asyncio.timeout(WAIT_S):
            async for message in client.messages:
                kind = message.topic.value.rpartition("/")[2]
                if kind == "availability" and not is_online:
                    is_online = True
                    for _ in range(3):
                        await client.publish(f"ownclimate/{PLUG.vendor_id}/command", json.dumps(order), 1)
                if kind == "result":
                    answers.append(json.loads(message.payload))
                if len(answers) == 3:
                    break

    assert {(answer["id"], answer["outcome"]) for answer in answers} == {(order["id"], "confirmed")}
    assert len(devices.orders) == 1


async def test_a_tasmota_plug_is_known_read_and_switched_as_it_is(house: House) -> None:
    ada = await house.owner("ada", profiles=["tasmota"])
    async with TasmotaPlug("kettle").plugged_in(house.broker) as plug:
        device = await house.meets(ada, "kettle")
        await plug.measure()

        command = await house.order(device, SET_RELAY, is_on=True)
        await house.becomes(device, command, S.CONFIRMED)

        assert plug.orders == ["ON"]

        async def is_measured() -> bool:
            return "power_w" in await house.latest(device)

        await until(is_measured)
        latest, known = await house.latest(device), await house.find(ada, "kettle")
        assert latest | {"rssi_dbm": -61, "relay_on": 1, "power_w": 1980, "voltage_v": 231} == latest
        assert latest["energy_total_wh"] == pytest.approx(12_345)
        assert latest["temperature_c"] == pytest.approx(20)
        assert known is not None
        assert (known.vendor, known.mac) == ("tasmota", "A0B1C2D3E4F5")
        assert known.abilities >= {Ability.RELAY, Ability.POWER, Ability.ENERGY}

        light = await house.order(device, SET_LIGHT, is_on=True)
        assert (await house.becomes(device, light, S.FAILED)).reason.endswith("cannot follow set_light")


async def test_a_button_that_a_person_presses_shows(house: House) -> None:
    ada = await house.owner("ada", profiles=["tasmota"])
    async with TasmotaPlug("kettle").plugged_in(house.broker) as plug:
        device = await house.meets(ada, "kettle")
        await plug.press()

        async def is_on() -> bool:
            return (await house.latest(device)).get("relay_on") == 1

        await until(is_on)


async def test_a_plug_that_is_deaf_leaves_the_order_unconfirmed(house: House) -> None:
    ada = await house.owner("ada", profiles=["tasmota"])
    async with TasmotaPlug("kettle").plugged_in(house.broker) as plug:
        device = await house.meets(ada, "kettle")
        plug.is_deaf = True

        command = await house.order(device, SET_RELAY, is_on=True)

        await house.becomes(device, command, S.SENT)
        house.clock.advance((command.expires_ms - command.created_ms) / 1000 + 1)
        await house.becomes(device, command, S.EXPIRED)


async def test_an_esphome_node_is_known_read_and_switched_as_it_is(house: House) -> None:
    ada = await house.owner("ada", profiles=["esphome"])
    async with ESPHomePlug("heater").plugged_in(house.broker) as plug:
        device = await house.meets(ada, "heater")
        await plug.measure()

        command = await house.order(device, SET_RELAY, is_on=True)
        await house.becomes(device, command, S.CONFIRMED)

        async def is_measured() -> bool:
            return "temperature_c" in await house.latest(device)

        await until(is_measured)
        assert await house.latest(device) == {"relay_on": 1, "power_w": 42.5, "temperature_c": 31.25}


async def test_profiles_share_a_source(house: House) -> None:
    ada = await house.owner("ada", profiles=["native", "tasmota", "esphome"])
    async with (
        TasmotaPlug("kettle").plugged_in(house.broker),
        ESPHomePlug("heater").plugged_in(house.broker),
        house.simulated(SimulatedDevices(WORLD)),
    ):
        found = [await house.meets(ada, name) for name in ("kettle", "heater", PLUG.vendor_id)]

    assert [device.link["profile"] for device in found] == ["tasmota", "esphome", "native"]


async def test_two_owners_sources_at_one_broker_do_not_touch_each_others_devices(house: House) -> None:
    ada, bob = await house.owner("ada", prefix="ada"), await house.owner("bob", prefix="bob")
    adas, bobs = SimulatedDevices(WORLD), SimulatedDevices(WORLD)
    async with house.simulated(adas, "ada"), house.simulated(bobs, "bob"):
        hers, his = await house.meets(ada, PLUG.vendor_id), await house.meets(bob, PLUG.vendor_id)
        command = await house.order(hers, SET_RELAY, is_on=False)
        await house.becomes(hers, command, S.CONFIRMED)

        async with house.client() as client:
            # Bob's device speaks of Ada's command and under Ada's ids.
            forged = {"id": command.id, "outcome": "failed"}
            await client.publish(f"bob/{PLUG.vendor_id}/result", json.dumps(forged), 1)
            await client.publish(f"bob/{hers.id}/state", json.dumps({"relay_on": True}), 1)

            async def is_taken() -> bool:
                return await house.find(bob, hers.id) is not None

            await until(is_taken)

    assert len(adas.orders) == 1
    assert bobs.orders == ()
    assert (await house.latest(hers))["relay_on"] == 0
    assert (await house.latest(his))["relay_on"] == 1
    assert (await house.now(hers, command)).state is S.CONFIRMED
    assert (await house.find(bob, hers.id)).owner_id == bob
