"""Plugs as their firmware makes them speak, at a real broker, over a client that is not ours."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import aiomqtt

from tests.fakes.broker import Mosquitto


class Plug:
    """A relay with a meter. `orders` are the payloads that came to it."""

    will: tuple[str, str]
    listens_to: str

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_on = False
        self.is_deaf = False
        self.orders: list[str] = []
        self._client: aiomqtt.Client | None = None

    @contextlib.asynccontextmanager
    async def plugged_in(self, broker: Mosquitto) -> AsyncIterator[Plug]:
        topic, lost = self.will
        async with aiomqtt.Client(
            "127.0.0.1",
            broker.port,
            username=broker.user,
            password=broker.password,
            identifier=self.name,
            will=aiomqtt.Will(topic, lost, 1, retain=True),
        ) as client:
            self._client = client
            await client.subscribe(self.listens_to, 1)
            await self.greet()
            listening = asyncio.create_task(self._listen())
            try:
                yield self
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def press(self) -> None:
        """A person presses its button."""
        self.is_on = not self.is_on
        await self.show()

    async def greet(self) -> None:
        raise NotImplementedError

    async def show(self) -> None:
        raise NotImplementedError

    async def tell_all(self) -> None:
        """What it says when it is asked for its state."""

    async def say(self, topic: str, content: object, *, retain: bool = False) -> None:
        assert self._client is not None
        payload = content if isinstance(content, str) else json.dumps(content)
        await self._client.publish(topic, payload, 1, retain)

    async def _listen(self) -> None:
        assert self._client is not None
        async for message in self._client.messages:
            word = bytes(message.payload).decode()
            if message.topic.value.endswith("/STATE"):
                await self.tell_all()
                continue
            self.orders.append(word)
            if not self.is_deaf and word in ("ON", "OFF"):
                self.is_on = word == "ON"
                await self.show()


class TasmotaPlug(Plug):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.will = (f"tele/{name}/LWT", "Offline")
        self.listens_to = f"cmnd/{name}/+"

    async def greet(self) -> None:
        await self.say(f"tele/{self.name}/LWT", "Online", retain=True)
        await self.say(
            "tasmota/discovery/A0B1C2D3E4F5/config",
            {"dn": "Kettle", "md": "Sonoff S31", "sw": "13.4.0", "t": self.name, "mac": "A0B1C2D3E4F5"},
            retain=True,
        )

    async def tell_all(self) -> None:
        await self.say(
            f"stat/{self.name}/RESULT",
            {"Time": "2026-11-22T10:00:00", "POWER": self._word, "Wifi": {"RSSI": 78, "Signal": -61}},
        )

    async def show(self) -> None:
        await self.say(f"stat/{self.name}/RESULT", {"POWER": self._word})
        await self.say(f"stat/{self.name}/POWER", self._word)

    async def measure(self) -> None:
        energy = {"Total": 12.345, "Power": 1980, "Voltage": 231, "Current": 8.571, "Factor": 0.98}
        climate = {"Temperature": 68.0, "Humidity": 51.2, "DewPoint": 49.1}
        await self.say(
            f"tele/{self.name}/SENSOR",
            {"Time": "2026-11-22T10:00:00", "ENERGY": energy, "AM2301": climate, "TempUnit": "F"},
        )

    @property
    def _word(self) -> str:
        return "ON" if self.is_on else "OFF"


class ESPHomePlug(Plug):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.will = (f"{name}/status", "offline")
        self.listens_to = f"{name}/switch/relay/command"

    async def greet(self) -> None:
        await self.say(f"{self.name}/status", "online", retain=True)
        await self.show()

    async def show(self) -> None:
        await self.say(f"{self.name}/switch/relay/state", "ON" if self.is_on else "OFF", retain=True)

    async def measure(self) -> None:
        for sensor, word in (("plug_power", "42.5"), ("plug_energy", "nan"), ("box_temperature", "31.25")):
            await self.say(f"{self.name}/sensor/{sensor}/state", word, retain=True)
