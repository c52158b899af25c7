"""The devices behind one source: what they say is taken in, what they are told is sent."""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from ownclimate.control.carriers import Delivery
from ownclimate.core.errors import InvalidInput, Unreachable, Unsupported, UpstreamError
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.ingest.keys import HookKey
from ownclimate.links.devices.intake import (
    MAX_KEPT_BYTES,
    REACHABLE,
    find_or_make,
    keep_raw,
    take_said,
)
from ownclimate.links.devices.profiles import Heard, Profile, Publication
from ownclimate.links.devices.results import STATES, confirm_by_state, hasten, take_result
from ownclimate.links.devices.said import Outcome, Result, Said
from ownclimate.links.devices.settings import LinkSettings, profiles_of
from ownclimate.links.mqtt import Message

LOCKS: Final = 64
"""Devices are spread over so many: enough that they rarely wait for one another."""
MOST_EARLY: Final = 1_000
"""Names whose availability is remembered before they say anything else."""
ANSWER_S: Final = 10.0
"""How long a device may take to say what became of a command."""


class Publish(Protocol):
    """`MqttLink.publish`: returns once the broker has it, raises Unreachable when it certainly has not."""

    def __call__(self, topic: str, payload: bytes, /) -> Awaitable[None]: ...


@dataclass(slots=True)
class DeviceLink:
    """A source's devices: handles what its connection brings, carries commands to them.

    `key` says whose the source is and under which number its readings stand.
    """

    ports: Ports
    key: HookKey
    settings: LinkSettings
    publish: Publish
    profiles: Mapping[str, Profile] = field(init=False)
    _locks: Sequence[asyncio.Lock] = field(init=False)
    _asked: dict[str, asyncio.Future[Result]] = field(default_factory=dict, init=False)
    _early: dict[str, bool] = field(default_factory=dict, init=False)
    """Whether names are online that have no device yet: brokers hand out what they kept in no order."""

    def __post_init__(self) -> None:
        self._locks = [asyncio.Lock() for _ in range(LOCKS)]
        self.profiles = {profile.name: profile for profile in profiles_of(self.settings)}

    @property
    def subscriptions(self) -> Sequence[str]:
        return [topic for profile in self.profiles.values() for topic in profile.subscriptions()]

    async def handle(self, message: Message) -> None:
        """On disk when it returns; a message that cannot be used is kept raw."""
        for profile in self.profiles.values():
            if (heard := profile.hear(message.topic)) is not None:
                await self._take(profile, heard, message)
                return

    async def _take(self, profile: Profile, heard: Heard, message: Message) -> None:
        now_ms = self.ports.clock.now_ms()
        said, name, note = Said(), heard.device, ""
        try:
            if len(message.payload) > MAX_KEPT_BYTES:
                raise InvalidInput("payload", f"longer than {MAX_KEPT_BYTES} bytes")
            name = profile.named(heard, message.payload)
            said = profile.read(heard, message.payload, now_ms)
            note = "; ".join(said.notes)
        except InvalidInput as error:
            note = error.message
        if said.is_online:
            await self._greet(profile, name)
        for wanted in self._named(name, heard, said):
            # One message of a device after the other: what was read of it holds until it is written.
            async with self._locks[zlib.crc32(wanted.encode()) % LOCKS]:
                await self._take_of(profile, heard, wanted, name, said, note, message)

    async def _take_of(
        self,
        profile: Profile,
        heard: Heard,
        wanted: str,
        name: str,
        said: Said,
        note: str,
        message: Message,
    ) -> None:
        """`wanted` is the device that goes by `name` on the topic."""
        device = await self._device(profile, wanted, name, said)
        if device is not None and (not note or said.notes):
            link = self._link(profile, heard, name, said, device)
            note = await self._take_said(profile, device, said, link, message) or note
        elif device is None and said.is_online is not None:
            self._early[name] = said.is_online
            if len(self._early) > MOST_EARLY:
                del self._early[next(iter(self._early))]
            return
        elif device is None and said != Said():
            note = note or "of a device that is not known or not shown"
        if note:
            await keep_raw(self.ports, self.key, heard, message.topic, message.payload, device, note)

    def _named(self, name: str, heard: Heard, said: Said) -> Sequence[str]:
        """The devices that go by the name. A node that is gone takes all that stand behind it along."""
        given = self.settings.names
        if said.is_online is not None:
            parts = [device for key, device in given.items() if key.startswith(f"{name}/")]
            return [*dict.fromkeys([*parts, given[name]])] if name in given else parts or [name]
        return [given.get(f"{name}/{heard.part}") or given.get(name) or name]

    async def _take_said(
        self,
        profile: Profile,
        device: Device,
        said: Said,
        link: Mapping[str, str] | None,
        message: Message,
    ) -> str:
        owner_id, now_ms = self.key.owner_id, self.ports.clock.now_ms()
        await take_said(
            self.ports, self.key, device, said, link=link, is_retained=message.is_retained, now_ms=now_ms
        )
        if said.is_online:
            await hasten(self.ports, owner_id, device.id)
        if said.state is not None:
            await confirm_by_state(self.ports, owner_id, device, profile, said.state.values)
        if said.result is None:
            return ""
        note = await take_result(self.ports, owner_id, device, said.result)
        asked = self._asked.get(said.result.command_id)
        if not note and asked is not None and not asked.done():
            asked.set_result(said.result)
        return note

    async def _device(self, profile: Profile, wanted: str, name: str, said: Said) -> Device | None:
        may_make = not self.settings.known_only
        device = await find_or_make(self.ports, self.key, profile, wanted, said, may_make=may_make)
        if device is None or name not in self._early:
            return device
        early = Said(is_online=self._early.pop(name))
        now_ms = self.ports.clock.now_ms()
        await take_said(self.ports, self.key, device, early, link=None, is_retained=True, now_ms=now_ms)
        return await find_or_make(self.ports, self.key, profile, wanted, said, may_make=False)

    async def _greet(self, profile: Profile, name: str) -> None:
        greeting = profile.greeting(name)
        if greeting is not None:
            with contextlib.suppress(UpstreamError):
                await self.publish(greeting.topic, greeting.payload)

    def _link(
        self, profile: Profile, heard: Heard, name: str, said: Said, device: Device
    ) -> dict[str, str] | None:
        """Where the device can be reached, as this message shows it; a script that only sends readings
        of a device does not stand in its way."""
        if said.about is None and said.state is None and said.is_online is None:
            return None
        link = {"source": self.key.id, "profile": profile.name, "name": name}
        is_relay = said.state is not None and bool(heard.part)
        part = (
            heard.part
            if is_relay
            else device.link.get("part", "")
            if link.items() <= device.link.items()
            else ""
        )
        return {**link, "part": part}

    async def deliver(self, owner_id: OwnerId, device: Device, command: Command) -> Delivery:
        profile, link = self._way_to(device)
        order = profile.order(link["name"], link["part"], command)
        await self.publish(order.topic, order.payload)
        return Delivery(
            state=CommandState.SENT,
            receipt={"topic": order.topic, "payload": order.payload.decode()},
            is_awaited=True,
        )

    async def inquire(self, owner_id: OwnerId, device: Device, command: Command) -> CommandState | None:
        profile, link = self._way_to(device)
        query = profile.query(link["name"], command.id)
        if query is None:
            raise Unsupported("query", "such a device cannot say what became of a command")
        result = await self._ask(query, command.id)
        return None if result.outcome is Outcome.UNKNOWN else STATES[result.outcome]

    async def _ask(self, query: Publication, command_id: str) -> Result:
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._asked[command_id] = answer
        try:
            await self.publish(query.topic, query.payload)
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError as error:
            raise Unreachable("the device does not answer") from error
        finally:
            del self._asked[command_id]

    def _way_to(self, device: Device) -> tuple[Profile, Mapping[str, str]]:
        """Raises Unreachable while the device is known to be offline."""
        reachable = device.reports.get(REACHABLE)
        if reachable is not None and not reachable.value:
            raise Unreachable("the device is offline")
        profile = self.profiles.get(device.link["profile"])
        if profile is None:
            raise Unsupported(
                "profile", f"its source no longer speaks to devices of {device.link['profile']}"
            )
        return profile, device.link
