"""`ownclimate token …` and `ownclimate hook …`"""

from __future__ import annotations

from typing import Any

import click

from ownclimate.cli.session import (
    ACTOR,
    Session,
    account_of,
    json_option,
    owner_option,
    print_json,
    print_rows,
)
from ownclimate.cli.times import utc_text
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.errors import NotFound
from ownclimate.core.partitions import KEYS, owner_partition
from ownclimate.core.ports import Ports
from ownclimate.oauth.keys import Key, KeyKind, create_key, list_keys, revoke_key


@click.group()
def token() -> None:
    """Personal access tokens, for your own scripts at every API."""


@click.group()
def hook() -> None:
    """Keys for devices and network servers that send readings here."""


@token.command("add")
@owner_option
@click.option("--name", required=True, help="What it is for; shown in the list.")
@click.option("--scope", "scopes", multiple=True, help="Only this permission (repeatable); default: all.")
@json_option
@click.pass_obj
def add_token(session: Session, owner: str, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Make a token. It is shown once.

    Scopes: site.read device.read device.control account.read source.manage
    """
    key, text = _create(session, owner, KeyKind.TOKEN, name, scopes)
    _show_once("token", key, text, as_json)


@hook.command("add")
@owner_option
@click.option("--name", default="devices", show_default=True, help="What sends with it.")
@json_option
@click.pass_obj
def add_hook(session: Session, owner: str, name: str, as_json: bool) -> None:
    """Make a device key. It is shown once."""
    key, text = _create(session, owner, KeyKind.HOOK, name, ())
    _show_once("key", key, text, as_json)


@token.command("list")
@json_option
@click.pass_obj
def list_tokens(session: Session, as_json: bool) -> None:
    """List the tokens (never their text)."""
    _list(session, KeyKind.TOKEN, "no tokens yet: ownclimate token add --owner EMAIL --name NAME", as_json)


@hook.command("list")
@json_option
@click.pass_obj
def list_hooks(session: Session, as_json: bool) -> None:
    """List the device keys (never their text)."""
    _list(session, KeyKind.HOOK, "no device keys yet: ownclimate hook add --owner EMAIL", as_json)


@token.command("revoke")
@click.argument("id")
@click.pass_obj
def revoke_token(session: Session, id: str) -> None:
    """Revoke the token with this ID; it stops working at once."""
    _revoke(session, KeyKind.TOKEN, id)


@hook.command("revoke")
@click.argument("id")
@click.pass_obj
def revoke_hook(session: Session, id: str) -> None:
    """Revoke the device key with this ID; it stops working at once."""
    _revoke(session, KeyKind.HOOK, id)


def _create(
    session: Session, owner: str, kind: KeyKind, name: str, scopes: tuple[str, ...]
) -> tuple[Key, str]:
    async def work(ports: Ports) -> tuple[Key, str]:
        account = await account_of(ports, owner)
        return await create_key(ports, ACTOR, account, kind=kind, name=name, scopes=scopes)

    return session.run(work)


def _show_once(member: str, key: Key, text: str, as_json: bool) -> None:
    if as_json:
        print_json({"id": key.id, member: text})
        return
    click.echo(text)
    click.echo("Keep it now: only its hash is stored, so it cannot be shown again.", err=True)


def _list(session: Session, kind: KeyKind, empty: str, as_json: bool) -> None:
    async def work(ports: Ports) -> list[dict[str, Any]]:
        return [
            {
                "id": key.id,
                "name": key.name,
                "owner_id": key.owner_id,
                "scopes": list(key.scopes),
                "created": utc_text(key.created_ms),
            }
            for owner_id in await list_owner_ids(ports.directory)
            for key in await list_keys(ports.directory, owner_id, kind)
        ]

    columns = {"name": "NAME", "created": "CREATED", "owner_id": "OWNER", "id": "ID"}
    print_rows(session.run(work), columns, empty=empty, as_json=as_json)


def _revoke(session: Session, kind: KeyKind, key_id: str) -> None:
    async def work(ports: Ports) -> None:
        for owner_id in await list_owner_ids(ports.directory):
            if await ports.directory.find(owner_partition(owner_id), KEYS, key_id) is None:
                continue
            if all(key.id != key_id for key in await list_keys(ports.directory, owner_id, kind)):
                continue
            await revoke_key(ports, ACTOR, owner_id, key_id)
            return
        raise NotFound(kind.value, key_id)

    session.run(work)
    click.echo(f"revoked {key_id}")
