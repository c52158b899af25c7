"""`/v1/command_log/{serial}`: what a controller was told, by whom, and what became of it (contract §7.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ownclimate.core.access import Permission
from ownclimate.core.commands import get_command, list_device_command_ids
from ownclimate.core.errors import NotFound
from ownclimate.core.things import Command, Device
from ownclimate.vendors.mclimate import mapping, wire
from ownclimate.vendors.mclimate.face import controllers, hal, orders
from ownclimate.vendors.mclimate.face.numbers import Numbers
from ownclimate.vendors.mclimate.face.provider.answers import STATUSES
from ownclimate.vendors.mclimate.face.resources import Resource
from ownclimate.vendors.mclimate.face.scopes import BASIC
from ownclimate.vendors.mclimate.wire import Link, Links
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Success, Unknown

PATH = "/v1/command_log"

COMMAND_LOG: Resource[wire.LoggedCommand] = Resource(
    "command_log",
    wire.LoggedCommand,
    {
        "id": str,
        "controller_id": int,
        "user_id": int,
        "command": str,
        "executed_resource": None,
        "executor": str,
        "status": str,
        "reason": str,
        "created": str,
    },
)
_BY_AGE = frozenset({"created"})
"""Sorting by these needs no look at the commands: their log is kept in this order."""


class CommandLogQuery(hal.CollectionQuery, kw_only=True):
    serial: str


class CommandQuery(hal.EntityQuery, kw_only=True):
    serial: str
    command_id: str


def rows(numbers: Numbers, totals: hal.Totals) -> tuple[Endpoint, ...]:
    face = CommandLogFace(numbers, totals)
    return (
        Endpoint(
            operation_id="listCommandLog",
            path=f"{PATH}/{{serial}}",
            aliases=("/v1/controllers/{serial}/command_log",),
            handler=face.list_commands,
            params=CommandLogQuery,
            unknown=Unknown.COLLECT,
            successes=(Success(item=COMMAND_LOG.collection),),
            permission=Permission.DEVICE_READ,
            scopes=BASIC,
            owned=("serial",),
            errors=(404,),
            is_conditional=True,
            summary="What a device was told, filtered, sorted and in pages",
            examples={"sort": "-created", "limit": 10},
            certainty=Certainty.SEEN,
        ),
        Endpoint(
            operation_id="getCommandLogEntry",
            path=f"{PATH}/{{serial}}/{{command_id:hex24}}",
            handler=face.get_command,
            params=CommandQuery,
            successes=(Success(item=COMMAND_LOG.entity),),
            permission=Permission.DEVICE_READ,
            scopes=BASIC,
            owned=("serial", "command_id"),
            errors=(404,),
            is_conditional=True,
            summary="One command and what became of it",
            certainty=Certainty.RULED,
        ),
    )


class CommandLogFace:
    def __init__(self, numbers: Numbers, totals: hal.Totals) -> None:
        self._numbers = numbers
        self._totals = totals

    async def list_commands(self, call: Call, query: CommandLogQuery) -> Any:
        """By default oldest first. Only a page's commands are read where the order is that of the log."""
        device = await controllers.device_of(call, query.serial)
        asked = hal.asked(query, call.extra, COMMAND_LOG.types)
        ids = await list_device_command_ids(
            call.ports, call.access.owner_id, device.id, since_ms=device.created_ms
        )
        links = _links_of(mapping.serial_of(device))
        if not asked.filters and len(asked.orders) < 2 and asked.named <= _BY_AGE:
            is_newest_first = bool(asked.orders) and asked.orders[0].is_descending
            page = hal.page_of(ids if is_newest_first else ids[::-1], asked)
            items = await self._items(call, device, page.items)
            return COMMAND_LOG.page(call, page.holding(items), links, self._totals, asked.fields)
        everything = await self._items(call, device, ids[::-1])
        return COMMAND_LOG.listed(call, query, everything, links, self._totals)

    async def get_command(self, call: Call, query: CommandQuery) -> Any:
        device = await controllers.device_of(call, query.serial)
        command = await get_command(call.ports.directory, call.access.owner_id, query.command_id)
        if command.device_id != device.id:
            raise NotFound("command")
        item = await self._item(call, device, command)
        return COMMAND_LOG.shown(query, item, _links_of(mapping.serial_of(device))(item))

    async def _items(self, call: Call, device: Device, ids: Iterable[str]) -> list[wire.LoggedCommand]:
        directory, owner_id = call.ports.directory, call.access.owner_id
        return [await self._item(call, device, await get_command(directory, owner_id, id_)) for id_ in ids]

    async def _item(self, call: Call, device: Device, command: Command) -> wire.LoggedCommand:
        said = orders.as_asked(command.wording) or orders.from_core(device, command)
        account_id = command.actor.get("account_id", "")
        return wire.LoggedCommand(
            id=command.id,
            controller_id=device.number,
            user_id=await self._numbers.account(call.ports.directory, account_id),
            command=said.command,
            executed_resource=said.params,
            executor=command.executor,
            status=STATUSES[command.state],
            reason=command.reason or None,
            created=mapping.instant(command.created_ms),
        )


def _links_of(serial: str) -> Any:
    path = f"{PATH}/{hal.segment(serial)}"

    def links(item: wire.LoggedCommand) -> Links:
        return {
            "self": Link(f"{path}/{item.id}"),
            "controller": Link(f"{controllers.PATH}/{hal.segment(serial)}"),
        }

    return links
