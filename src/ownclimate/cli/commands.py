"""`ownclimate command …`: telling devices to do something, and seeing what became of it."""

from __future__ import annotations

import asyncio
from typing import Any

import click
import msgspec

from ownclimate.cli.session import (
    ACTOR,
    Session,
    json_option,
    locate_device,
    print_members,
    print_rows,
)
from ownclimate.cli.times import utc_text
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.commands import OVER, get_command, list_commands, list_device_commands
from ownclimate.core.devices import list_devices
from ownclimate.core.errors import InvalidInput, NotFound
from ownclimate.core.ids import OwnerId
from ownclimate.core.ordering import give_order
from ownclimate.core.ports import Ports
from ownclimate.core.things import Command, Device

LISTED = 50
LOOK_EVERY_S = 0.2

COLUMNS = {
    "at": "GIVEN",
    "device": "DEVICE",
    "name": "ORDER",
    "fields": "FIELDS",
    "state": "STATE",
    "reason": "WHY",
    "id": "ID",
}

owner_option = click.option("--owner", metavar="EMAIL", help="Needed when several owners have such a device.")


@click.group()
def command() -> None:
    """What devices were told to do, and what became of it."""


@command.command("send")
@click.argument("id")
@click.argument("order")
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--wait", "wait_s", type=float, default=0.0, metavar="SECONDS", help="Wait for the outcome.")
@owner_option
@json_option
@click.pass_obj
def send(
    session: Session,
    id: str,
    order: str,
    fields: tuple[str, ...],
    wait_s: float,
    owner: str | None,
    as_json: bool,
) -> None:
    """Give the device ID an ORDER: set_setpoint temperature_c=21, set_relay is_on=true, …

    A running server delivers it; without one it waits on disk. `command show` tells what became of it.
    """
    values = dict(_field(text) for text in fields)

    async def work(ports: Ports) -> dict[str, Any]:
        owner_id, device = await locate_device(ports, id, owner)
        given = await give_order(ports, owner_id, ACTOR, device, order, values)
        return _row(await _outcome(ports, owner_id, given, wait_s), device)

    print_members(session.run(work), as_json=as_json)


@command.command("list")
@click.argument("id", required=False)
@owner_option
@json_option
@click.pass_obj
def list_(session: Session, id: str | None, owner: str | None, as_json: bool) -> None:
    """List the latest orders, of the device ID or of this month, newest first."""

    async def work(ports: Ports) -> list[dict[str, Any]]:
        if id is not None:
            owner_id, device = await locate_device(ports, id, owner)
            found = await list_device_commands(ports, owner_id, device.id, since_ms=0, limit=LISTED)
            return [_row(each, device) for each in found]
        return [
            row for owner_id in await list_owner_ids(ports.directory) for row in await _all(ports, owner_id)
        ]

    print_rows(session.run(work), COLUMNS, empty="nothing was ordered yet", as_json=as_json)


@command.command("show")
@click.argument("id")
@json_option
@click.pass_obj
def show(session: Session, id: str, as_json: bool) -> None:
    """Show the order ID with all that is known of it."""

    async def work(ports: Ports) -> dict[str, Any]:
        for owner_id in await list_owner_ids(ports.directory):
            try:
                found = await get_command(ports.directory, owner_id, id)
            except NotFound:
                continue
            devices = await list_devices(ports.directory, owner_id)
            return _row(found, next((d for d in devices if d.id == found.device_id), None))
        raise NotFound("command", id)

    print_members(session.run(work), as_json=as_json)


async def _outcome(ports: Ports, owner_id: OwnerId, given: Command, wait_s: float) -> Command:
    """The command once its life is over, at the latest when the time is up.

    Another process moves it, so no bell rings here: it is looked for.
    """
    deadline = asyncio.get_running_loop().time() + wait_s
    found = given
    while found.state not in OVER and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(LOOK_EVERY_S)
        found = await get_command(ports.directory, owner_id, given.id)
    return found


async def _all(ports: Ports, owner_id: OwnerId) -> list[dict[str, Any]]:
    devices = {device.id: device for device in await list_devices(ports.directory, owner_id)}
    found = await list_commands(ports.directory, owner_id, ports.clock.now_ms(), limit=LISTED)
    newest = sorted(found, key=lambda each: each.created_ms, reverse=True)
    return [_row(each, devices.get(each.device_id)) for each in newest]


def _row(found: Command, device: Device | None) -> dict[str, Any]:
    return {
        "id": found.id,
        "at": utc_text(found.created_ms),
        "device": found.device_id if device is None else device.name or device.vendor_id,
        "device_id": found.device_id,
        "name": found.name,
        "fields": found.fields,
        "state": found.state.value,
        "reason": found.reason,
        "attempts": found.attempts,
        "receipt": found.receipt,
        "executor": found.executor,
        "changed": utc_text(found.changed_ms),
        "expires": utc_text(found.expires_ms) if found.expires_ms else None,
    }


def _field(text: str) -> tuple[str, Any]:
    """`is_on=true` as JSON reads it, a bare word as text. Raises InvalidInput without an equals sign."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise InvalidInput(text, "expected FIELD=VALUE")
    try:
        return name, msgspec.json.decode(value)
    except msgspec.DecodeError:
        return name, value
