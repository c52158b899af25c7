"""A LoRaWAN network server's API with the strictness of the real ones, and with bad days.

It speaks as The Things Stack v3 and as ChirpStack v4 (spec of both servers' downlink APIs): it checks the
credential, every member of a body and the correlation ids, keeps a queue for each device, and words the
events that tell of a downlink. What goes wrong with the next calls is put into `moods`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from aiohttp import web

from tests.fakes.live import broken_off

API_KEY = "NNSXS.the-key-of-a-test"
APPLICATION = "home"
PRIORITIES = {"LOWEST", "LOW", "BELOW_NORMAL", "NORMAL", "ABOVE_NORMAL", "HIGH", "HIGHEST"}
HOLD_S = 1.5
"""How late an answer is that comes too late: longer than a test lets its client wait."""


class Mood(Enum):
    """What becomes of one call."""

    LOSE_REQUEST = "the connection breaks before anything is done"
    LOSE_ANSWER = "it is done, and the connection breaks"
    HOLD_ANSWER = "it is done, and the answer comes too late"
    FAIL_AFTER = "it is done, and a proxy in front answers 502"
    GARBLE = "it is done, and the answer cannot be read"
    FAIL = "it answers 500 and does nothing"
    BUSY = "it answers 429"


@dataclass
class Queued:
    """A downlink in a device's queue."""

    id: str
    port: int
    payload: bytes
    is_confirmed: bool
    correlation_ids: list[str]


Witness = Callable[[str], None]
"""Called with `read`, then with `done`."""


@dataclass
class NetworkServer:
    """`queues` hold what was taken, by the device's id or DevEUI. `calls` counts what reached it."""

    moods: list[Mood | None] = field(default_factory=list)
    queues: dict[str, list[Queued]] = field(default_factory=lambda: defaultdict(list))
    known: set[str] = field(default_factory=lambda: {"vicki-1", "70b3d52dd3000001"})
    calls: int = 0
    witnesses: list[Witness] = field(default_factory=list)
    """Told of the next call once it was read, and once it was done, before it is answered."""
    url: str = ""
    _runner: web.AppRunner | None = None

    async def start(self) -> NetworkServer:
        app = web.Application()
        things_stack = "/api/v3/as/applications/{application}"
        for path in (
            f"{things_stack}/devices/{{device}}",
            f"{things_stack}/webhooks/{{hook}}/devices/{{device}}",
        ):
            app.router.add_post(f"{path}/down/push", self._guarded(self._push, "Authorization"))
        app.router.add_get(
            f"{things_stack}/devices/{{device}}/down", self._guarded(self._list_pushed, "Authorization")
        )
        header = "Grpc-Metadata-Authorization"
        app.router.add_post("/api/devices/{eui}/queue", self._guarded(self._enqueue, header))
        app.router.add_get("/api/devices/{eui}/queue", self._guarded(self._list_queue, header))
        self._runner = web.AppRunner(app, shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> NetworkServer:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def taken(self, device: str) -> list[bytes]:
        return [queued.payload for queued in self.queues[device]]

    def _guarded(
        self, act: Callable[[web.Request], Awaitable[web.Response]], header: str
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            self.calls += 1
            mood = self.moods.pop(0) if self.moods else None
            witness = self.witnesses.pop(0) if self.witnesses else None
            if witness is not None:
                witness("read")
            if mood is Mood.LOSE_REQUEST:
                return broken_off(request)
            if request.headers.get(header) != f"Bearer {API_KEY}":
                return _error(401, "error:pkg/auth:unauthenticated (authenticate first)")
            if mood in (Mood.FAIL, Mood.BUSY):
                return _error(500 if mood is Mood.FAIL else 429, "later")
            done = await act(request)
            if witness is not None:
                witness("done")
            if mood is Mood.LOSE_ANSWER:
                return broken_off(request)
            if mood is Mood.HOLD_ANSWER:
                await asyncio.sleep(HOLD_S)
            if mood is Mood.FAIL_AFTER:
                return _error(502, "bad gateway")
            if mood is Mood.GARBLE:
                return web.Response(text="<html>who are you</html>", content_type="text/html")
            return done

        return answer

    async def _push(self, request: web.Request) -> web.Response:
        if request.match_info["application"] != APPLICATION or request.match_info["device"] not in self.known:
            return _error(404, "error:pkg/applicationserver:device_not_found (device not found)")
        body = await request.json()
        if set(body) != {"downlinks"} or not isinstance(body["downlinks"], list):
            return _error(400, "unknown field")
        taken = []
        for item in body["downlinks"]:
            unknown = set(item) - {"f_port", "frm_payload", "confirmed", "priority", "correlation_ids"}
            ids = item.get("correlation_ids", [])
            if (
                unknown
                or item.get("priority", "LOWEST") not in PRIORITIES
                or not all(0 < len(i) <= 100 for i in ids)
            ):
                return _error(400, f"invalid downlink {sorted(unknown)}")
            queued = _queued(
                item.get("f_port", 0), item.get("frm_payload", ""), item.get("confirmed", False), ids
            )
            if queued is None:
                return _error(400, "invalid f_port or frm_payload")
            taken.append(queued)
        self.queues[request.match_info["device"]] += taken
        return web.json_response({})

    async def _list_pushed(self, request: web.Request) -> web.Response:
        queue = self.queues[request.match_info["device"]]
        if not queue:
            return web.json_response({})  # protobuf JSON: an empty list is absent
        return web.json_response(
            {
                "downlinks": [
                    {
                        "session_key_id": "AYf0",
                        "f_port": queued.port,
                        "f_cnt": place,
                        "frm_payload": base64.b64encode(queued.payload).decode(),
                        "priority": "NORMAL",
                        "correlation_ids": [*queued.correlation_ids, "rpc:/ttn.lorawan.v3/push"],
                    }
                    for place, queued in enumerate(queue)
                ]
            }
        )

    async def _enqueue(self, request: web.Request) -> web.Response:
        eui = request.match_info["eui"]
        if eui not in self.known:
            return _error(404, "Object does not exist (id: " + eui + ")")
        item = (await request.json()).get("queueItem")
        if not isinstance(item, dict) or set(item) - {"confirmed", "fPort", "data", "object", "expiresAt"}:
            return _error(400, "queue_item is missing or has unknown fields")
        queued = _queued(item.get("fPort", 0), item.get("data", ""), item.get("confirmed", False), [])
        if queued is None:
            return _error(400, "f_port must be > 0")
        self.queues[eui].append(queued)
        return web.json_response({"id": queued.id})

    async def _list_queue(self, request: web.Request) -> web.Response:
        eui = request.match_info["eui"]
        items = [
            {
                "id": queued.id,
                "devEui": eui,
                "confirmed": queued.is_confirmed,
                "fPort": queued.port,
                "data": base64.b64encode(queued.payload).decode(),
                "isPending": False,
            }
            for queued in self.queues[eui]
        ]
        return web.json_response({"totalCount": len(items), "result": items})


def things_stack_event(name: str, queued: Queued, **more: Any) -> dict[str, Any]:
    """What The Things Stack tells of a downlink: `name` is `downlink_queued`, `downlink_ack`, …"""
    downlink = {
        "session_key_id": "AYf0",
        "f_port": queued.port,
        "f_cnt": 3,
        "frm_payload": base64.b64encode(queued.payload).decode(),
        "correlation_ids": queued.correlation_ids,
    }
    content = {"downlink": downlink, **more} if name == "downlink_failed" else downlink
    return {
        "end_device_ids": {
            "device_id": "vicki-1",
            "application_ids": {"application_id": APPLICATION},
            "dev_eui": "70B3D52DD3000001",
        },
        "correlation_ids": ["as:downlink:01"],
        "received_at": "2026-11-21T10:00:05Z",
        name: content,
    }


def chirpstack_event(queue_item_id: str, **members: Any) -> dict[str, Any]:
    """What ChirpStack tells of a downlink; the event's name goes beside it."""
    return {
        "deduplicationId": str(uuid.uuid4()),
        "time": "2026-11-21T10:00:05+00:00",
        "deviceInfo": {"devEui": "70b3d52dd3000001", "applicationId": APPLICATION, "tags": {}},
        "queueItemId": queue_item_id,
        "fCntDown": 3,
        **members,
    }


def _queued(port: Any, data: str, is_confirmed: Any, ids: list[str]) -> Queued | None:
    try:
        payload = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    if not isinstance(port, int) or not 1 <= port <= 255 or not isinstance(is_confirmed, bool):
        return None
    return Queued(str(uuid.uuid4()), port, payload, is_confirmed, ids)


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"code": 16, "message": message, "details": []}, status=status)
