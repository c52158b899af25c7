"""A network server at work: its events taken in, commands queued for its devices."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ownclimate.control.carriers import Delivery
from ownclimate.core.commands import find_by_receipt, move_command
from ownclimate.core.errors import InvalidInput, Refused, Unreachable, Unsupported
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import CHIRPSTACK
from ownclimate.core.orders import is_repeatable
from ownclimate.core.ports import Ports, RawEntry
from ownclimate.core.things import Command, CommandState, Device, Source
from ownclimate.ingest.keys import SourceKey
from ownclimate.ingest.lorawan.codecs import CodecTable, Frame
from ownclimate.ingest.lorawan.fates import STAGE
from ownclimate.links.api import Api
from ownclimate.links.mqtt import Broker, LinkState, Message, MqttLink
from ownclimate.links.network_servers.chirpstack import ChirpStack
from ownclimate.links.network_servers.dialect import Downlink, ServerDialect
from ownclimate.links.network_servers.things_stack import ThingsStack
from ownclimate.links.settings import API_KEY, PASSWORD, NetworkServer, network_server

CLIENT_PREFIX: Final = "ownclimate-"
UNREADABLE: Final = "lorawan.unreadable"
MASKED: Final = b'"masked"'
DIGEST_BYTES: Final = 16
CATCH_UP_MS: Final = 5_000
"""How long after connecting the events that a broker kept for us have come in."""


class NetworkServerLink:
    """Works one network server. Without a broker it is only spoken to, and heard by its webhooks."""

    def __init__(
        self, ports: Ports, codecs: CodecTable, owner_id: OwnerId, source: Source, secrets: Mapping[str, str]
    ) -> None:
        settings = network_server(source.settings)
        api_key = secrets.get(API_KEY, "")
        self._ports = ports
        self._codecs = codecs
        self._source = source
        self._settings = settings
        self._key = SourceKey(id=source.id, owner_id=owner_id, source_number=source.number)
        self._dialect: ServerDialect = _dialect_of(source.kind, settings)
        self._api = (
            Api(base_url=settings.base_url, headers=self._dialect.api_headers(api_key))
            if settings.base_url
            else None
        )
        self._mqtt = self._mqtt_link(secrets.get(PASSWORD, "") or api_key) if settings.broker else None
        self._idle = LinkState()

    @property
    def state(self) -> LinkState:
        return self._idle if self._mqtt is None else self._mqtt.state

    async def run(self) -> None:
        if self._mqtt is None:
            await asyncio.Event().wait()
        else:
            await self._mqtt.run()

    async def forget(self) -> None:
        if self._mqtt is not None:
            await self._mqtt.forget()

    async def deliver(self, owner_id: OwnerId, device: Device, command: Command) -> Delivery:
        """Queues the command at the server: by its API where there is one, since that says at once what is
        wrong, else by MQTT."""
        frame = self._frame(device, command)
        downlink = self._downlink(device, command, frame)
        receipt = dict(await self._queue(downlink))
        receipt |= {"source": self._source.name, "sent_as": frame.name, "port": str(downlink.port)}
        if MASKED not in msgspec.json.encode(frame.params):
            receipt["frame"] = frame.payload.hex()
        # Our own orders name a state that the device's next reports show; of others only an
        # acknowledgement will tell.
        is_awaited = downlink.is_confirmed or is_repeatable(command.name)
        return Delivery(state=CommandState.SENT, receipt=receipt, is_awaited=is_awaited)

    async def inquire(self, owner_id: OwnerId, device: Device, command: Command) -> CommandState | None:
        """SENT when the server has told of it, or has it in its queue. What is not in the queue may have
        been sent already: once whatever the server said of it must have come in, nobody can tell, which is
        Unsupported; before that Unreachable."""
        if command.receipt.get(STAGE):
            return CommandState.SENT
        if self._api is not None and await self._is_queued(self._api, owner_id, device, command):
            return CommandState.SENT
        if self._mqtt is not None and not self._has_caught_up(self._mqtt.state):
            raise Unreachable("what waits at the broker has not come in yet")
        raise Unsupported("inquiry", "neither the network server's queue nor its events know of it")

    def _has_caught_up(self, state: LinkState) -> bool:
        since_ms = state.connected_since_ms
        return bool(since_ms) and self._ports.clock.now_ms() - since_ms >= CATCH_UP_MS

    async def _is_queued(self, api: Api, owner_id: OwnerId, device: Device, command: Command) -> bool:
        """Whether the server has it in its queue; then its name for it is noted."""
        downlink = self._downlink(device, command, self._frame(device, command))
        try:
            found = await self._dialect.find_queued(api, downlink)
        except Refused as error:
            raise Unsupported("inquiry", error.message) from error
        for receipt in found:
            if await self._is_anothers(owner_id, command, receipt):
                continue
            await move_command(self._ports, owner_id, command.id, command.state, receipt=receipt)
            return True
        return False

    async def _queue(self, downlink: Downlink) -> Mapping[str, str]:
        if self._api is not None:
            return await self._dialect.push(self._api, downlink)
        if self._mqtt is None:
            raise Unreachable("the source has neither an API nor a broker")
        topic, body = self._dialect.publication(downlink)
        await self._mqtt.publish(topic, msgspec.json.encode(body))
        return {}

    async def _is_anothers(self, owner_id: OwnerId, command: Command, receipt: Mapping[str, str]) -> bool:
        owners = [await find_by_receipt(self._ports, owner_id, text) for text in receipt.values()]
        return any(other is not None and other.id != command.id for other in owners)

    def _frame(self, device: Device, command: Command) -> Frame:
        codec = self._codecs.named(device.model) if device.vendor == self._codecs.vendor else None
        if codec is None:
            raise Unsupported(command.name, f"frames for {device.model} cannot be made")
        return codec.frame(command.name, command.fields, device.firmware)

    def _downlink(self, device: Device, command: Command, frame: Frame) -> Downlink:
        return Downlink(
            command_id=command.id,
            dev_eui=device.mac or device.vendor_id,
            address=device.link,
            payload=frame.payload,
            port=self._settings.f_port,
            is_confirmed=self._settings.confirmed and frame.may_be_confirmed,
        )

    async def _handle(self, message: Message) -> None:
        try:
            await self._dialect.take(
                self._ports, self._key, message.topic, message.payload, self._codecs, self._source.id
            )
        except InvalidInput as error:
            await self._keep_unreadable(message, error.message)

    async def _keep_unreadable(self, message: Message, note: str) -> None:
        data: Any = message.topic.encode() + b"\0" + message.payload
        entry = RawEntry(
            owner=self._key.owner_id,
            source=self._key.id,
            kind=UNREADABLE,
            received_ms=self._ports.arrivals.next_ms(),
            payload=message.payload,
            digest=hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest(),
            note=f"{message.topic}: {note}",
        )
        await self._ports.raw.keep(entry)

    def _mqtt_link(self, password: str) -> MqttLink:
        broker = Broker(
            url=self._settings.broker,
            client_id=f"{CLIENT_PREFIX}{self._source.id}",
            user=self._dialect.broker_user,
            password=password,
            ca_file=self._settings.ca_file,
        )
        return MqttLink(
            broker,
            self._dialect.subscriptions,
            self._handle,
            clock=self._ports.clock,
            entropy=self._ports.entropy,
        )


def _dialect_of(kind: str, settings: NetworkServer) -> ServerDialect:
    return ChirpStack(settings=settings) if kind == CHIRPSTACK else ThingsStack(settings=settings)
