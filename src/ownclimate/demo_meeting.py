"""Where the demo's server and its simulated devices meet: a broker, and the server's source for it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ownclimate.core.devices import edit_device, find_device
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import MQTT, Vault, offer_source
from ownclimate.core.liveness import CONNECTION
from ownclimate.core.ports import Ports
from ownclimate.core.things import Device
from ownclimate.core.writes import Actor
from ownclimate.demo_broker import DemoBroker, open_broker
from ownclimate.links.settings import PASSWORD

SOURCE: Final = "demo-broker"
"""The id of the source through which the simulated devices are reached."""


@dataclass(frozen=True, slots=True)
class MeetingPlace:
    """The broker where the server and the simulated devices meet, and the server's source for it."""

    data: Path
    setting: str
    ports: Ports
    vault: Vault
    owner_id: OwnerId
    actor: Actor
    vendor_ids: Sequence[str]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[DemoBroker | None]:
        async with open_broker(self.data, self.setting, self.ports.entropy) as broker:
            if broker is None:
                await self._part()
            else:
                await self._meet(broker)
            yield broker

    async def _meet(self, broker: DemoBroker) -> None:
        settings = {"broker": broker.url, "is_simulated": True, "known_only": True}
        await offer_source(
            self.ports,
            self.vault,
            self.owner_id,
            self.actor,
            SOURCE,
            kind=MQTT,
            name="Simulated devices",
            settings=settings | ({"user": broker.user} if broker.user else {}),
            secrets={PASSWORD: broker.password} if broker.user else {},
        )

    async def _part(self) -> None:
        """Devices that met us at a broker once are no longer reached there."""
        for vendor_id in self.vendor_ids:
            found = await find_device(self.ports.directory, self.owner_id, vendor_id)
            if found is not None and found.link.get("source") == SOURCE:
                await edit_device(
                    self.ports, self.owner_id, self.actor, found.id, _without_link, verb="report"
                )


def _without_link(device: Device) -> Device:
    reports = {name: report for name, report in device.reports.items() if report.source != CONNECTION}
    return dataclasses.replace(device, link={}, reports=reports)
