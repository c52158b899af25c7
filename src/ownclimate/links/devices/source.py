"""A broker with Wi-Fi devices at work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ownclimate.control.carriers import Delivery
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.readings import OriginKind
from ownclimate.core.things import Command, CommandState, Device, Source
from ownclimate.ingest.keys import SourceKey
from ownclimate.links.devices.link import DeviceLink
from ownclimate.links.devices.settings import link_settings
from ownclimate.links.mqtt import Broker, LinkState, MqttLink
from ownclimate.links.settings import PASSWORD, connection
from ownclimate.links.source_link import OpenLink, SourceLink

CLIENT_PREFIX: Final = "ownclimate-"


class DeviceSource:
    """The connection of a source of the kind `mqtt`, and the devices behind it."""

    def __init__(self, ports: Ports, owner_id: OwnerId, source: Source, secrets: Mapping[str, str]) -> None:
        """Raises InvalidInput when its settings cannot be used."""
        settings, where = link_settings(source.settings), connection(source.settings)
        key = SourceKey(
            id=source.id,
            owner_id=owner_id,
            source_number=source.number,
            origin=OriginKind.SIMULATION if settings.is_simulated else OriginKind.DEVICE,
        )
        self._devices = DeviceLink(ports, key, settings, self._publish)
        self._mqtt = MqttLink(
            Broker(
                url=where.broker,
                client_id=CLIENT_PREFIX + source.id,
                user=where.user,
                password=secrets.get(PASSWORD, ""),
                ca_file=where.ca_file,
            ),
            self._devices.subscriptions,
            self._devices.handle,
            clock=ports.clock,
            entropy=ports.entropy,
        )

    @property
    def state(self) -> LinkState:
        return self._mqtt.state

    async def run(self) -> None:
        await self._mqtt.run()

    async def forget(self) -> None:
        await self._mqtt.forget()

    async def deliver(self, owner_id: OwnerId, device: Device, command: Command) -> Delivery:
        return await self._devices.deliver(owner_id, device, command)

    async def inquire(self, owner_id: OwnerId, device: Device, command: Command) -> CommandState | None:
        return await self._devices.inquire(owner_id, device, command)

    async def _publish(self, topic: str, payload: bytes) -> None:
        await self._mqtt.publish(topic, payload)


def opener(ports: Ports) -> OpenLink:
    """For sources of the kind `mqtt`."""

    def open_link(owner_id: OwnerId, source: Source, secrets: Mapping[str, str]) -> SourceLink:
        return DeviceSource(ports, owner_id, source, secrets)

    return open_link
