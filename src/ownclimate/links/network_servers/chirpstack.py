"""ChirpStack v4: topics and the device queue.

Source: github.com/chirpstack/chirpstack at d77207c; "MQTT integration", chirpstack-rest-api.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ownclimate.core.errors import Garbled, InvalidInput
from ownclimate.core.ports import Ports
from ownclimate.ingest.keys import HookKey
from ownclimate.ingest.lorawan import chirpstack
from ownclimate.ingest.lorawan.codecs import CodecTable
from ownclimate.ingest.lorawan.correlation import command_uuid
from ownclimate.ingest.lorawan.ways import through
from ownclimate.links.api import Api
from ownclimate.links.network_servers.dialect import Downlink, is_plain_id
from ownclimate.links.settings import NetworkServer

QUEUE_ITEM: Final = "queue_item_id"
EUI_DIGITS: Final = 16


class QueueItem(msgspec.Struct, rename="camel"):
    """An entry of a device's queue; an absent member is at its default."""

    id: str = ""
    confirmed: bool = False
    f_port: int = 0
    data: str = ""


class Queue(msgspec.Struct):
    result: list[QueueItem] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class ChirpStack:
    settings: NetworkServer

    @property
    def broker_user(self) -> str:
        return self.settings.user

    @property
    def subscriptions(self) -> Sequence[str]:
        return [f"{self._prefix}application/{self.settings.application or '+'}/device/+/event/+"]

    def api_headers(self, api_key: str) -> Mapping[str, str]:
        return {"grpc-metadata-authorization": f"Bearer {api_key}"}

    async def take(
        self, ports: Ports, key: HookKey, topic: str, payload: bytes, codecs: CodecTable, source_id: str
    ) -> None:
        event = topic.rpartition("/")[2]
        await chirpstack.take_event(ports, key, event, payload, codecs, way=through(source_id))

    def publication(self, downlink: Downlink) -> tuple[str, Any]:
        eui = _eui(downlink)
        application = downlink.address.get("application") or self.settings.application
        if not is_plain_id(application):
            raise InvalidInput("application", "the network server has not yet said the device's application")
        body = {"id": command_uuid(downlink.command_id), "devEui": eui, **_item(downlink)}
        return f"{self._prefix}application/{application}/device/{eui}/command/down", body

    async def push(self, api: Api, downlink: Downlink) -> Mapping[str, str]:
        answer = await api.call("POST", _queue(downlink), {"queueItem": _item(downlink)})
        item_id = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(item_id, str) or not item_id:
            raise Garbled("the network server's answer names no queue item")
        return {QUEUE_ITEM: item_id}

    async def find_queued(self, api: Api, downlink: Downlink) -> Sequence[Mapping[str, str]]:
        answer = await api.call("GET", _queue(downlink))
        try:
            queue = msgspec.convert(answer, Queue)
        except msgspec.ValidationError as error:
            raise Garbled("the network server's queue cannot be read") from error
        # The API gives a new item an id of its own, so one whose answer was lost is known by what it is.
        wanted = _item(downlink)
        return [
            {QUEUE_ITEM: item.id}
            for item in queue.result
            if item.id == command_uuid(downlink.command_id)
            or (item.data, item.f_port, item.confirmed)
            == (wanted["data"], wanted["fPort"], wanted["confirmed"])
        ]

    @property
    def _prefix(self) -> str:
        prefix = self.settings.topic_prefix.strip("/")
        return f"{prefix}/" if prefix else ""


def _queue(downlink: Downlink) -> str:
    return f"/api/devices/{_eui(downlink)}/queue"


def _eui(downlink: Downlink) -> str:
    eui = downlink.dev_eui.lower()
    if len(eui) != EUI_DIGITS or any(digit not in "0123456789abcdef" for digit in eui):
        raise InvalidInput("device", "the device has no DevEUI")
    return eui


def _item(downlink: Downlink) -> dict[str, Any]:
    return {
        "confirmed": downlink.is_confirmed,
        "fPort": downlink.port,
        "data": base64.b64encode(downlink.payload).decode(),
    }
