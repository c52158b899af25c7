"""A household's devices at a broker that is a list of what was published."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from ownclimate.core.devices import find_device
from ownclimate.core.errors import Unreachable
from ownclimate.core.ids import AccountId, OwnerId
from ownclimate.core.readings import OriginKind
from ownclimate.core.things import Device
from ownclimate.links.devices.link import DeviceLink
from ownclimate.links.devices.settings import LinkSettings
from ownclimate.links.mqtt import Message
from tests.fakes.households import Households, memory_ports


@dataclass(frozen=True)
class Key:
    """What a source is to the doors."""

    id: str
    owner_id: OwnerId
    account_id: AccountId
    source_number: int = 7
    origin: OriginKind = OriginKind.DEVICE


@dataclass
class Bench:
    """One owner's link; `published` is what it sent, by topic."""

    home: Households
    link: DeviceLink
    owner_id: OwnerId
    published: list[tuple[str, Any]] = field(default_factory=list)
    is_up: bool = True

    async def publish(self, topic: str, payload: bytes) -> None:
        if not self.is_up:
            raise Unreachable("the broker is not connected")
        self.published.append((topic, payload.decode()))

    async def hears(self, topic: str, content: Any, *, retained: bool = False) -> None:
        payload = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        await self.link.handle(Message(topic=topic, payload=payload, is_retained=retained))

    async def device(self, name: str) -> Device | None:
        return await find_device(self.home.ports.directory, self.owner_id, name)

    async def latest(self, name: str) -> dict[str, float]:
        device = await self.device(name)
        found = await self.home.ports.series.latest([device.number])
        return {quantity: known.value for quantity, known in found.get(device.number, {}).items()}

    async def notes(self) -> list[str]:
        return [entry.note for entry in await self.home.ports.raw.scan(self.owner_id)]


@pytest.fixture
def bench(clock, entropy):
    """Makes benches, each for an owner of its own."""
    home = Households(memory_ports(clock, entropy))

    async def make(name: str = "ada", **settings: Any) -> Bench:
        account = await home.add(name)
        key = Key(f"source-{name}", account.owner_id, account.id)
        made = Bench(home, None, account.owner_id)  # type: ignore[arg-type]  # the link needs its publish
        made.link = DeviceLink(home.ports, key, LinkSettings(**settings), lambda t, p: made.publish(t, p))
        return made

    return make
