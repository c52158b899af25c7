"""The rows under `/v1/provider`."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate import wire
from ownclimate.vendors.mclimate.face import controllers, hal
from ownclimate.vendors.mclimate.face.provider import fetching, sending
from ownclimate.vendors.mclimate.face.provider.answers import queued
from ownclimate.vendors.mclimate.face.resources import Resource
from ownclimate.vendors.mclimate.face.scopes import BASIC, CONTROL
from ownclimate.vendors.mclimate.wire import Link
from ownclimate.web.call import Call
from ownclimate.web.limits import COMMAND
from ownclimate.web.tables import BodyKind, Certainty, Endpoint, Place, Success, Unknown

FETCH = "/v1/provider/fetch"
SEND = "/v1/provider/send"
PENDING = "/v1/provider/pending"

Executor = Annotated[str, msgspec.Meta(max_length=100), Place.BODY]
"""Who ordered it, in the client's own words; kept in the command log."""

QUEUE: Resource[wire.QueuedCommand] = Resource(
    "provider",
    wire.QueuedCommand,
    {
        "status": str,
        "_id": str,
        "commandName": str,
        "commandParams": None,
        "deviceId": str,
        "createdAt": str,
        "__v": int,
    },
)


class FetchBody(msgspec.Struct, kw_only=True):
    serial_number: Annotated[str, Place.BODY]
    command: Annotated[str, Place.BODY] = ""
    executor: Executor = ""


class SendBody(msgspec.Struct, kw_only=True):
    serial_number: Annotated[str, Place.BODY]
    command: Annotated[str, Place.BODY]
    executor: Executor = ""


class PendingQuery(hal.CollectionQuery, kw_only=True):
    serial: str


def rows(totals: hal.Totals, *, wait_s: float = sending.DEFAULT_WAIT_S) -> tuple[Endpoint, ...]:
    face = ProviderFace(totals, wait_s)
    return (
        Endpoint(
            operation_id="fetchProvider",
            path=FETCH,
            methods=("POST",),
            handler=face.fetch,
            params=FetchBody,
            bodies=(BodyKind.JSON,),
            unknown=Unknown.COLLECT_BODY,
            successes=(Success(item=wire.ProviderEntity),),
            permission=Permission.DEVICE_READ,
            scopes=BASIC,
            owned=("serial_number",),
            errors=(404, 502),
            summary="What is known of a device now",
        ),
        Endpoint(
            operation_id="sendProvider",
            path=SEND,
            methods=("POST",),
            handler=face.send,
            params=SendBody,
            bodies=(BodyKind.JSON,),
            unknown=Unknown.COLLECT_BODY,
            successes=(Success(item=wire.ProviderEntity),),
            permission=Permission.DEVICE_CONTROL,
            scopes=CONTROL,
            owned=("serial_number",),
            errors=(404, 502),
            is_repeatable=False,
            limit_class=COMMAND,
            audit="command",
            summary="A command for a device, with the command's own arguments beside its name",
            examples={"command": "get_keepalive_time"},
        ),
        Endpoint(
            operation_id="listPendingCommands",
            path=f"{PENDING}/{{serial}}",
            handler=face.list_pending,
            params=PendingQuery,
            unknown=Unknown.COLLECT,
            successes=(Success(item=QUEUE.collection),),
            permission=Permission.DEVICE_READ,
            scopes=BASIC,
            owned=("serial",),
            errors=(404,),
            is_conditional=True,
            summary="The commands that a device was not yet seen to follow, in order",
            certainty=Certainty.RULED,
        ),
    )


class ProviderFace:
    def __init__(self, totals: hal.Totals, wait_s: float) -> None:
        self._totals = totals
        self._wait_s = wait_s

    async def fetch(self, call: Call, body: FetchBody) -> wire.ProviderEntity:
        """With a `command` it is a command: the vendor documents asking a T-Valve for all it knows so."""
        device = await controllers.device_of(call, body.serial_number)
        if body.command:
            call.require(Permission.DEVICE_CONTROL, "control")
            return await self._commanded(call, device, body.command, body.executor)
        told = await fetching.fetch(call, device)
        return wire.ProviderEntity(provider=told, links={"self": Link(FETCH)})

    async def send(self, call: Call, body: SendBody) -> wire.ProviderEntity:
        device = await controllers.device_of(call, body.serial_number)
        return await self._commanded(call, device, body.command, body.executor)

    async def list_pending(self, call: Call, query: PendingQuery) -> Any:
        device = await controllers.device_of(call, query.serial)
        items = [
            msgspec.convert(queued(device, command), wire.QueuedCommand)
            for command in await fetching.queue_of(call, device)
        ]
        path = f"{PENDING}/{hal.segment(query.serial)}"
        # The list narrowed to the one command: clients tell items apart by their own links.
        return QUEUE.listed(
            call, query, items, lambda item: {"self": Link(f"{path}?_id={item.id}")}, self._totals
        )

    async def _commanded(
        self, call: Call, device: Device, command: str, executor: str
    ) -> wire.ProviderEntity:
        answer = await sending.send(call, device, command, call.more, executor=executor, wait_s=self._wait_s)
        return wire.ProviderEntity(provider=answer, links={"self": Link(SEND)})
