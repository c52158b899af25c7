"""What every command shares: the data folder, the stores, printing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from rich.console import Console
from rich.table import Table

from ownclimate import config, data_folder
from ownclimate.cli.plain import plain
from ownclimate.core.accounts import get_account, list_owner_ids
from ownclimate.core.devices import find_device
from ownclimate.core.errors import Conflict, InvalidInput, NotFound
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.things import Account, Device
from ownclimate.core.writes import Actor

T = TypeVar("T")

ACTOR = Actor(via="cli")


@dataclass(frozen=True, slots=True)
class Session:
    """One call of the command line."""

    data: Path

    def settings(self, **overrides: Any) -> config.Settings:
        return config.load(self.data, **overrides)

    def run(self, work: Callable[[Ports], Awaitable[T]]) -> T:
        """Opens the store (beside a running server if there is one), does the work, closes it."""

        async def opened() -> T:
            async with data_folder.open_ports(self.data, self.settings()) as ports:
                return await work(ports)

        return asyncio.run(opened())


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")
owner_option = click.option("--owner", required=True, metavar="EMAIL", help="Whose it is.")


def print_json(value: Any) -> None:
    click.echo(msgspec.json.encode(value).decode())


def print_rows(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, empty: str, as_json: bool
) -> None:
    """A list: JSON with every member, or for people a table of `columns` (member → heading)."""
    if as_json:
        print_json(list(rows))
        return
    if not rows:
        click.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(member)) for member in columns))
    console().print(table)


def print_members(row: Mapping[str, Any], *, as_json: bool) -> None:
    """One thing: JSON, or a line a member."""
    if as_json:
        print_json(row)
        return
    width = max(len(name) for name in row)
    for name, value in row.items():
        if value not in (None, "", [], {}):
            click.echo(f"{name:<{width}}  {_cell(value)}")


def console(stderr: bool = False) -> Console:
    """A console that never wraps when its output goes to a file or a pipe.

    It prints what it is given: rich would make a picture of the `:cd:` in an address.
    """
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        file=stream, width=None if stream.isatty() else 10_000, highlight=False, emoji=False, markup=False
    )


async def account_of(ports: Ports, email: str) -> Account:
    """Raises NotFound with advice."""
    return await get_account(ports.directory, email)


async def locate_device(ports: Ports, text: str, owner_email: str | None = None) -> tuple[OwnerId, Device]:
    """The device under our id or any alias, among all owners unless one is named.

    Raises NotFound; Conflict when several owners have such a device.
    """
    if owner_email:
        owner_ids = [(await account_of(ports, owner_email)).owner_id]
    else:
        owner_ids = await list_owner_ids(ports.directory)
    found = [
        (owner_id, device)
        for owner_id in owner_ids
        if (device := await find_device(ports.directory, owner_id, text)) is not None
    ]
    if not found:
        raise NotFound("device", text)
    if len(found) > 1:
        raise Conflict("device", text, f"{len(found)} owners have a device {text}: name one with --owner")
    return found[0]


def secret_from_stdin(what: str, *, is_hidden: bool = True, is_optional: bool = False) -> str:
    """Asked for on a terminal, without echo unless it is no secret; else the next line of stdin."""
    if sys.stdin.isatty():
        default = "" if is_optional else None
        return str(
            click.prompt(
                what,
                default=default,
                show_default=False,
                hide_input=is_hidden,
                confirmation_prompt=is_hidden,
                err=True,
            )
        )
    line = sys.stdin.readline().rstrip("\r\n")
    if not line and not is_optional:
        raise InvalidInput(what.lower(), "expected on standard input")
    return line


def _cell(value: Any) -> str:
    return plain(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    if isinstance(value, (dict, list)):
        return msgspec.json.encode(value).decode() if value else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
