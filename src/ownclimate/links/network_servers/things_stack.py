"""The Things Stack v3: topics and the application server's downlink queue.

Source: github.com/TheThingsNetwork/lorawan-stack at 1d21821; "MQTT Server" and "Scheduling Downlinks".
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.errors import Garbled, InvalidInput
from ownclimate.core.ports import Ports
from ownclimate.ingest.keys import HookKey
from ownclimate.ingest.lorawan import things_stack
from ownclimate.ingest.lorawan.codecs import CodecTable
from ownclimate.ingest.lorawan.correlation import correlation_id
from ownclimate.ingest.lorawan.ways import through
from ownclimate.links.api import Api
from ownclimate.links.network_servers.dialect import Downlink, is_plain_id
from ownclimate.links.settings import NetworkServer

TOPICS: Final = (
    "up",
    "join",
    "down/queued",
    "down/sent",
    "down/ack",
    "down/nack",
    "down/failed",
    "down/queue/invalidated",
    "down/invalidated",
    "location/solved",
    "service/data",
)
"""`up/normalized` repeats what `up` says; `down/push` and `down/replace` are what others tell the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingsStack:
    settings: NetworkServer

    @property
    def broker_user(self) -> str:
        """Its own server takes the application; another broker in between may want somebody else."""
        return self.settings.user or self._application

    @property
    def subscriptions(self) -> Sequence[str]:
        return [f"v3/{self._application}/devices/+/{topic}" for topic in TOPICS]

    def api_headers(self, api_key: str) -> Mapping[str, str]:
        return {"authorization": f"Bearer {api_key}"}

    async def take(
        self, ports: Ports, key: HookKey, topic: str, payload: bytes, codecs: CodecTable, source_id: str
    ) -> None:
        await things_stack.take_message(ports, key, payload, codecs, way=through(source_id))

    def publication(self, downlink: Downlink) -> tuple[str, Any]:
        return f"v3/{self._application}/devices/{_device_id(downlink)}/down/push", _body(downlink)

    async def push(self, api: Api, downlink: Downlink) -> Mapping[str, str]:
        await api.call("POST", f"{self._queue(downlink)}/push", _body(downlink))
        return {}

    async def find_queued(self, api: Api, downlink: Downlink) -> Sequence[Mapping[str, str]]:
        answer = await api.call("GET", self._queue(downlink, is_listed=True))
        queued = answer.get("downlinks", []) if isinstance(answer, dict) else None
        if not isinstance(queued, list):
            raise Garbled("the network server's queue is not a list")
        ours = correlation_id(downlink.command_id)
        known = [item.get("correlation_ids", []) for item in queued if isinstance(item, dict)]
        return [{} for ids in known if ours in ids]

    @property
    def _application(self) -> str:
        """`{application}@{tenant}`; installations with a single tenant go without the second."""
        at_tenant = f"@{self.settings.tenant}" if self.settings.tenant else ""
        return f"{self.settings.application}{at_tenant}"

    def _queue(self, downlink: Downlink, *, is_listed: bool = False) -> str:
        # A webhook's key may push through its webhook alone; its queue is listed without it.
        webhook = self.settings.webhook
        through_webhook = f"/webhooks/{webhook}" if webhook and not is_listed else ""
        application = self.settings.application or downlink.address.get("application", "")
        device = f"/devices/{_device_id(downlink)}/down"
        return f"/api/v3/as/applications/{application}{through_webhook}{device}"


def _device_id(downlink: Downlink) -> str:
    device_id = downlink.address.get("device_id", "")
    if not is_plain_id(device_id):
        raise InvalidInput("device", "the network server has not yet said by which id it knows the device")
    return device_id


def _body(downlink: Downlink) -> dict[str, Any]:
    item: dict[str, Any] = {
        "f_port": downlink.port,
        "frm_payload": base64.b64encode(downlink.payload).decode(),
        "priority": "NORMAL",
        "correlation_ids": [correlation_id(downlink.command_id)],
    }
    if downlink.is_confirmed:
        item["confirmed"] = True
    return {"downlinks": [item]}
