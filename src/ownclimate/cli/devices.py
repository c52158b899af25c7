"""`ownclimate device …`"""

from __future__ import annotations

from typing import Any

import click

from ownclimate.cli.session import (
    ACTOR,
    Session,
    account_of,
    console,
    json_option,
    locate_device,
    owner_option,
    print_json,
    print_members,
    print_rows,
)
from ownclimate.cli.times import utc_text
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.devices import checked_vendor_id, create_device, list_devices, remove_device
from ownclimate.core.errors import InvalidInput
from ownclimate.core.ports import Ports
from ownclimate.core.publishing import can_be_public, set_public
from ownclimate.core.readings import LatestValue
from ownclimate.core.sites import checked_name, list_rooms, list_sites
from ownclimate.core.things import Device
from ownclimate.ingest.lorawan.replays import Replayed, correct_model
from ownclimate.makers import kind_of
from ownclimate.vendors.mclimate.codecs import FrameTable

COLUMNS = {
    "name": "NAME",
    "model": "MODEL",
    "vendor_id": "MAKER'S ID",
    "site": "SITE",
    "room": "ROOM",
    "last_at": "LAST READING",
    "id": "ID",
}


@click.group()
def device() -> None:
    """The devices whose data is kept here."""


@device.command("list")
@click.option("--owner", metavar="EMAIL", help="Only this owner's.")
@json_option
@click.pass_obj
def list_(session: Session, owner: str | None, as_json: bool) -> None:
    """List the devices."""

    async def work(ports: Ports) -> list[dict[str, Any]]:
        owner_ids = (
            [(await account_of(ports, owner)).owner_id] if owner else await list_owner_ids(ports.directory)
        )
        return [row for owner_id in owner_ids for row in await _rows(ports, owner_id)]

    empty = "no devices yet: import some, or let them send (ownclimate hook add --owner EMAIL)"
    print_rows(session.run(work), COLUMNS, empty=empty, as_json=as_json)


@device.command("show")
@click.argument("id")
@click.option("--owner", metavar="EMAIL", help="Needed when several owners have such a device.")
@json_option
@click.pass_obj
def show(session: Session, id: str, owner: str | None, as_json: bool) -> None:
    """Show the device ID (our id or any of its aliases) with its latest values."""

    async def work(ports: Ports) -> dict[str, Any]:
        owner_id, found = await locate_device(ports, id, owner)
        (row,) = [row for row in await _rows(ports, owner_id) if row["id"] == found.id]
        return row | {
            "serial": found.serial,
            "mac": found.mac,
            "firmware": found.firmware,
            "abilities": sorted(ability.value for ability in found.abilities),
            "aliases": found.aliases,
            "settings": found.settings,
            "reports": {name: report.value for name, report in found.reports.items()},
            "kept": found.kept,
            "owner_id": owner_id,
            "created": utc_text(found.created_ms),
        }

    print_members(session.run(work), as_json=as_json)


@device.command("add")
@owner_option
@click.option("--model", required=True, help="What it is: vicki, NAMain, generic_sensor, …")
@click.option("--id", "vendor_id", required=True, help="The id its maker gave it: DevEUI, MAC, serial.")
@click.option("--name", default="", help="What you call it.")
@json_option
@click.pass_obj
def add(session: Session, owner: str, model: str, vendor_id: str, name: str, as_json: bool) -> None:
    """Add a device before it is first heard."""
    checked_vendor_id(vendor_id)
    try:
        model = checked_name(model)
    except InvalidInput as error:
        raise InvalidInput("model", error.reason) from error
    name = checked_name(name or vendor_id)

    async def work(ports: Ports) -> Device:
        account = await account_of(ports, owner)
        kind = kind_of(model)
        return await create_device(
            ports,
            account.owner_id,
            ACTOR,
            vendor=kind.vendor,
            model=model,
            vendor_id=vendor_id,
            name=name,
            abilities=kind.abilities,
            given_aliases={kind.dialect: vendor_id} if kind.dialect else None,
            is_heard=True,
        )

    made = session.run(work)
    if as_json:
        print_json({"id": made.id, "model": made.model, "vendor_id": made.vendor_id, "aliases": made.aliases})
    else:
        click.echo(f"added {made.model} {made.vendor_id} as {made.id}")


@device.command("remove")
@click.argument("id")
@click.option("--owner", metavar="EMAIL", help="Needed when several owners have such a device.")
@click.pass_obj
def remove(session: Session, id: str, owner: str | None) -> None:
    """Remove the device ID with its readings and raw payloads, for good."""

    async def work(ports: Ports) -> Device:
        owner_id, found = await locate_device(ports, id, owner)
        await remove_device(ports, owner_id, ACTOR, found.id)
        return found

    click.echo(f"removed {session.run(work).id}")


@device.command("model")
@click.argument("id")
@click.argument("model")
@click.option("--owner", metavar="EMAIL", help="Needed when several owners have such a device.")
@json_option
@click.pass_obj
def model_(session: Session, id: str, model: str, owner: str | None, as_json: bool) -> None:
    """Say that the LoRaWAN device ID is a MODEL (see `lorawan models`), and read its history anew.

    All its frames that were kept as they came are read as that model's, in place of what was recorded.
    """
    out = console(stderr=True)

    async def work(ports: Ports) -> Replayed:
        owner_id, found = await locate_device(ports, id, owner)
        with out.status("reading payloads anew") as status:
            return await correct_model(
                ports,
                owner_id,
                ACTOR,
                found.id,
                model,
                FrameTable(),
                lambda count: status.update(f"reading payloads anew: {count}"),
            )

    done = session.run(work)
    row = {"id": done.device.id, "model": done.device.model, "frames": done.frames, "unread": done.unread}
    if as_json:
        print_json(row)
        return
    click.echo(f"{done.device.id} is a {done.device.model}; {done.frames} frames were read anew")
    if done.unread:
        click.echo(f"{done.unread} of them say nothing that such a device measures", err=True)


@device.command("public")
@click.argument("id")
@click.argument("switch", type=click.Choice(["on", "off"]))
@click.option("--owner", metavar="EMAIL", help="Needed when several owners have such a device.")
@click.pass_obj
def public(session: Session, id: str, switch: str, owner: str | None) -> None:
    """Show what the weather station ID measures outdoors to every app of this server, or no longer.

    What it measures indoors, its name and its address are never shown.
    """
    is_public = switch == "on"

    async def work(ports: Ports) -> Device:
        owner_id, found = await locate_device(ports, id, owner)
        if is_public and not can_be_public(found):
            raise InvalidInput("id", "only weather stations can be public")
        return await set_public(ports, owner_id, ACTOR, found.id, is_public=is_public)

    done = session.run(work)
    click.echo(f"{done.id} is {'public' if is_public else 'public no longer'}")


async def _rows(ports: Ports, owner_id: Any) -> list[dict[str, Any]]:
    sites = {site.id: site.name for site in await list_sites(ports.directory, owner_id)}
    rooms = {room.id: room.name for room in await list_rooms(ports.directory, owner_id)}
    found = await list_devices(ports.directory, owner_id)
    latest = await ports.series.latest([each.number for each in found])
    return [
        _row(
            each,
            sites.get(each.site_id, "") if each.site_id else "",
            rooms.get(each.room_id, "") if each.room_id else "",
            values,
        )
        for each in found
        for values in [latest.get(each.number, {})]
    ]


def _row(found: Device, site: str, room: str, latest: dict[str, LatestValue]) -> dict[str, Any]:
    last_ms = max((value.at_ms for value in latest.values()), default=0)
    return {
        "id": found.id,
        "name": found.name,
        "vendor": found.vendor,
        "model": found.model,
        "vendor_id": found.vendor_id,
        "site": site,
        "room": room,
        "last_at": utc_text(last_ms) if last_ms else None,
        "latest": {name: value.value for name, value in latest.items()},
    }
