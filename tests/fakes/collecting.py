"""A household that collects from a cloud in this process, into memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ownclimate.collecting import open_engine
from ownclimate.control.carriers import Delivery
from ownclimate.control.delivery import Deliverer
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import link_source
from ownclimate.core.ports import Ports
from ownclimate.core.things import Command, CommandState, Device, Source
from ownclimate.oauth.encryption import Cipher
from ownclimate.sync.engine import Engine
from ownclimate.sync.link import CloudLink
from ownclimate.sync.settings import checked_cloud
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports


@dataclass
class CloudCarrier:
    """In the place of a supervisor: the link of this one source, and no other."""

    source_id: str
    link: CloudLink

    async def carries(self, owner_id: OwnerId, device: Device) -> bool:
        return device.link.get("source") == self.source_id

    async def deliver(self, owner_id: OwnerId, device: Device, command: Command) -> Delivery:
        return await self.link.deliver(owner_id, device, command)

    async def inquire(self, owner_id: OwnerId, device: Device, command: Command) -> CommandState | None:
        return await self.link.inquire(owner_id, device, command)


@dataclass
class Collecting:
    """Time stands still but for pauses, which take no time."""

    ports: Ports
    clock: FakeClock
    vault: Cipher
    owner_id: OwnerId
    source: Source
    secrets: Mapping[str, str]
    pauses: list[float] = field(default_factory=list)

    @classmethod
    async def of(
        cls, kind: str, url: str, clock: FakeClock, secrets: Mapping[str, str], **settings: Any
    ) -> Self:
        """Somebody who has just connected an account of the cloud at `url`."""
        ports = memory_ports(clock, SeededEntropy(1))
        owner_id = (await Households(ports).add("eve")).owner_id
        return await cls.into(ports, owner_id, kind, url, clock, secrets, **settings)

    @classmethod
    async def into(
        cls,
        ports: Ports,
        owner_id: OwnerId,
        kind: str,
        url: str,
        clock: FakeClock,
        secrets: Mapping[str, str],
        **settings: Any,
    ) -> Self:
        """The same for an owner that there is already."""
        vault = Cipher(bytes(32), SeededEntropy(2))
        source = await link_source(
            ports,
            vault,
            owner_id,
            ACTOR,
            kind=kind,
            name="cloud",
            settings=checked_cloud(base_url=url, **settings),
            secrets=secrets,
        )
        return cls(ports, clock, vault, owner_id, source, secrets)

    def engine(self) -> Engine:
        async def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            self.clock.advance(seconds)
            await asyncio.sleep(0)

        return open_engine(self.ports, self.vault, self.owner_id, self.source, self.secrets, pause)

    def deliverer(self, engine: Engine) -> Deliverer:
        """Hands commands to the engine, which relays them."""
        carrier = CloudCarrier(self.source.id, CloudLink(engine, relays=True))
        return Deliverer(self.ports, [carrier], "test")

    async def collect(self) -> Engine:
        """Until nothing is due."""
        engine = self.engine()
        assert await engine.run_once(), engine.live.last_error
        return engine
