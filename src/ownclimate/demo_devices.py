"""The simulated devices at a broker: each with a connection and a last will of its own, keeping the
contract of docs/mqtt.md from the device's side. This is the only way by which commands reach them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from ownclimate.core.errors import UpstreamError
from ownclimate.core.ids import Clock, Entropy
from ownclimate.demo_broker import DemoBroker
from ownclimate.ingest.instants import parse_instant
from ownclimate.links.devices import native
from ownclimate.links.devices.said import Outcome
from ownclimate.links.mqtt import Broker, Message, MqttLink, Will
from ownclimate.sim.devices import SimulatedDevices
from ownclimate.sim.world import SimDevice

MEMORY: Final = "demo-devices.json"
"""Below the data folder: what the simulated devices were told, so that they know it after a restart."""
CLIENT_PREFIX: Final = "simulated-"
FAREWELL_S: Final = 2.0

log = structlog.get_logger("ownclimate")


class _Order(msgspec.Struct, kw_only=True):
    """A message on `command`."""

    id: str
    name: str
    fields: dict[str, Any]
    expires_at: str | int


class _Query(msgspec.Struct, kw_only=True):
    id: str


def devices_with_memory(devices: SimulatedDevices, data: Path) -> SimulatedDevices:
    """The devices, remembering in the data folder what they are told."""
    file = data / MEMORY
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
        devices.recall(json.loads(file.read_bytes()))

    def remember(memory: dict[str, Any]) -> None:
        temporary = file.with_suffix(".tmp")
        temporary.write_text(json.dumps(memory))
        temporary.replace(file)

    devices.remember = remember
    return devices


@dataclass(slots=True)
class DevicesAtBroker:
    """All controllable devices, connected while `connected()` is open."""

    devices: SimulatedDevices
    ends: Mapping[str, DeviceEnd]

    @classmethod
    def over(
        cls, devices: SimulatedDevices, broker: DemoBroker, clock: Clock, entropy: Entropy, prefix: str
    ) -> DevicesAtBroker:
        ends = {
            device.vendor_id: DeviceEnd(devices, device, broker, clock, entropy, prefix)
            for device in devices.controllable
        }
        return cls(devices, ends)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Connects them; says farewell at the end."""
        tasks = [asyncio.create_task(end.run()) for end in self.ends.values()]
        try:
            yield
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    await asyncio.gather(*(end.leave() for end in self.ends.values()))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def send(self, body: dict[str, Any]) -> bool:
        """Sends a body of readings by its device's connection; False when the device has none now."""
        rows = body.get("readings")
        name = rows[0]["device"] if rows else body["columns"]["device"]
        end = self.ends.get(name)
        return end is not None and await end.send(body)


@dataclass(slots=True)
class DeviceEnd:
    """One device's end of the connection."""

    devices: SimulatedDevices
    device: SimDevice
    broker: DemoBroker
    clock: Clock
    entropy: Entropy
    prefix: str
    _link: MqttLink = field(init=False)
    _shown: dict[str, Any] = field(default_factory=dict, init=False)
    _shown_at_ms: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        where = Broker(
            url=self.broker.url,
            client_id=f"{CLIENT_PREFIX}{self.prefix}-{self.device.vendor_id}",
            user=self.broker.user,
            password=self.broker.password,
            will=Will(topic=self._topic(native.AVAILABILITY), payload=native.OFFLINE),
        )
        topics = [self._topic(native.COMMAND), self._topic(native.QUERY)]
        self._link = MqttLink(where, topics, self._hear, clock=self.clock, entropy=self.entropy)

    async def run(self) -> None:
        """Connected for ever; each time it comes up it says who it is and what it holds."""
        connection = asyncio.create_task(self._link.run())
        try:
            while True:
                await self._link.connected()
                with contextlib.suppress(UpstreamError):
                    await self._introduce()
                await self._link.disconnected()
        finally:
            connection.cancel()
            await asyncio.gather(connection, return_exceptions=True)

    async def leave(self) -> None:
        with contextlib.suppress(UpstreamError):
            await self._link.publish(self._topic(native.AVAILABILITY), native.OFFLINE, retain=True)

    async def send(self, body: dict[str, Any]) -> bool:
        if not self._link.is_connected:
            return False
        try:
            await self._publish(native.READINGS, body)
            await self._show()
        except UpstreamError as error:
            log.debug("simulated_device_unheard", device=self.device.key, reason=error.message)
            return False
        return True

    async def _introduce(self) -> None:
        device = self.device
        about = {
            "vendor": device.vendor,
            "model": device.model,
            "name": device.name,
            "firmware": device.firmware,
            "mac": device.mac,
            "keepalive_s": device.step_s,
            "abilities": sorted(ability.value for ability in device.abilities),
        }
        await self._publish(native.ABOUT, about, retain=True)
        await self._show(anyway=True)
        await self._link.publish(self._topic(native.AVAILABILITY), native.ONLINE, retain=True)

    async def _show(self, *, anyway: bool = False) -> None:
        """Publishes the state when it is another one."""
        now_ms = self.clock.now_ms()
        state = self.devices.state(self.device, now_ms)
        if state and (anyway or state != self._shown):
            self._shown, self._shown_at_ms = state, now_ms
            await self._publish(native.STATE, self._dated_state, retain=True)

    async def _hear(self, message: Message) -> None:
        kind = message.topic.rpartition("/")[2]
        try:
            if kind == native.COMMAND:
                await self._obey(msgspec.json.decode(message.payload, type=_Order))
            else:
                await self._answer(msgspec.json.decode(message.payload, type=_Query).id)
        except (msgspec.DecodeError, ValueError) as error:
            log.warning("simulated_device_confused", device=self.device.key, reason=str(error))
        except UpstreamError:
            # Not acknowledged, so it comes again when the connection is back.
            await self._link.disconnected()

    async def _obey(self, order: _Order) -> None:
        now_ms, until_ms = self.clock.now_ms(), parse_instant(order.expires_at)
        self.devices.obey(self.device, order.id, order.name, order.fields, now_ms, until_ms)
        await self._show()
        await self._answer(order.id)

    async def _answer(self, command_id: str) -> None:
        answer = self.devices.answer_to(command_id)
        result: dict[str, Any] = {"id": command_id, "outcome": Outcome.UNKNOWN.value}
        if answer is not None:
            result |= {"outcome": answer.outcome, "reason": answer.reason, "state": self._dated_state}
        await self._publish(native.RESULT, result)

    @property
    def _dated_state(self) -> dict[str, Any]:
        """As it was shown last."""
        return {"at": self._shown_at_ms or self.clock.now_ms(), **self._shown}

    async def _publish(self, kind: str, content: dict[str, Any], *, retain: bool = False) -> None:
        await self._link.publish(self._topic(kind), msgspec.json.encode(content), retain=retain)

    def _topic(self, kind: str) -> str:
        return native.topic(self.prefix, self.device.vendor_id, kind)
