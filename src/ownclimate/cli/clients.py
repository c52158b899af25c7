"""`ownclimate client …`"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from ownclimate.authorization import TOKEN_DIALECTS, open_authorization
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
from ownclimate.core.ports import Ports
from ownclimate.oauth.clients import (
    Client,
    ClientForm,
    approve_scopes,
    create_client,
    list_all_clients,
    rotate_secret,
    switch_client,
)
from ownclimate.oauth.dialects import STANDARD
from ownclimate.oauth.grants import revoke_grants_of_client
from ownclimate.oauth.server import AuthorizationServer

T = TypeVar("T")

DIALECTS = (*(dialect.name for dialect in TOKEN_DIALECTS), STANDARD)
EMPTY = "no clients yet: ownclimate client add --owner EMAIL --name NAME --dialect DIALECT"


@click.group()
def client() -> None:
    """Apps that may ask for access."""


@client.command("add")
@owner_option
@click.option("--name", required=True, help="Shown to people who are asked for access.")
@click.option(
    "--dialect", required=True, type=click.Choice(DIALECTS), help="Whose interface the app was written for."
)
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Where codes may go (repeatable).")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="It may ask for this (repeatable); default: all but approved ones.",
)
@click.option("--public", is_flag=True, help="It cannot keep a secret (a phone app, a page) and gets none.")
@click.option("--password-grant", is_flag=True, help="It may sign in with its owner's own password.")
@json_option
@click.pass_obj
def add(
    session: Session,
    owner: str,
    name: str,
    dialect: str,
    redirect_uris: tuple[str, ...],
    scopes: tuple[str, ...],
    public: bool,
    password_grant: bool,
    as_json: bool,
) -> None:
    """Register an app. Its secret is shown once."""
    form = ClientForm(
        name=name,
        dialect=dialect,
        redirect_uris=redirect_uris,
        scopes=scopes,
        is_public=public,
        may_use_passwords=password_grant,
    )

    async def work(server: AuthorizationServer) -> tuple[Client, str | None]:
        return await create_client(server, ACTOR, await account_of(server.ports, owner), form)

    created, secret = _run(session, work)
    _show_once(created.id, secret, as_json)


@client.command("list")
@json_option
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List the apps (never their secrets)."""

    async def work(server: AuthorizationServer) -> list[Client]:
        return await list_all_clients(server.ports.directory)

    rows = [_shown(found) for found in _run(session, work)]
    columns = {
        "name": "NAME",
        "dialect": "DIALECT",
        "id": "ID",
        "redirect_uris": "REDIRECT URIS",
        "asked": "ASKS FOR",
        "created": "CREATED",
    }
    print_rows(rows, columns, empty=EMPTY, as_json=as_json)


@client.command("approve")
@click.argument("id")
@click.argument("scopes", nargs=-1, required=True)
@click.pass_obj
def approve(session: Session, id: str, scopes: tuple[str, ...]) -> None:
    """Let the app with this ID ask for SCOPES that need approval."""
    _run(session, lambda server: approve_scopes(server, ACTOR, id, scopes))
    click.echo(f"approved {' '.join(scopes)} for {id}")


@client.command("rotate")
@click.argument("id")
@json_option
@click.pass_obj
def rotate(session: Session, id: str, as_json: bool) -> None:
    """Make a new secret for the app with this ID; the one before stays good for a while."""
    secret = _run(session, lambda server: rotate_secret(server, ACTOR, id))
    _show_once(id, secret, as_json)


@client.command("switch")
@click.argument("id")
@click.argument("to", type=click.Choice(["on", "off"]))
@click.pass_obj
def switch(session: Session, id: str, to: str) -> None:
    """Switch the app with this ID off, so that no token of it works, or on again."""
    _run(session, lambda server: switch_client(server, ACTOR, id, is_on=to == "on"))
    click.echo(f"switched {id} {to}")


@client.command("remove")
@click.argument("id")
@click.pass_obj
def remove(session: Session, id: str) -> None:
    """Remove the app with this ID; everything it was granted stops working at once."""
    _run(session, lambda server: revoke_grants_of_client(server, ACTOR, id))
    click.echo(f"removed {id}")


def _run(session: Session, work: Callable[[AuthorizationServer], Awaitable[T]]) -> T:
    async def opened(ports: Ports) -> T:
        return await work(open_authorization(ports, session.data, session.settings()))

    return session.run(opened)


def _show_once(client_id: str, secret: str | None, as_json: bool) -> None:
    if as_json:
        print_json({"client_id": client_id} | ({} if secret is None else {"client_secret": secret}))
        return
    click.echo(f"client_id      {client_id}")
    if secret is not None:
        click.echo(f"client_secret  {secret}")
        click.echo("Keep the secret now: it cannot be shown again.", err=True)


def _shown(found: Client) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "dialect": found.dialect,
        "owner_id": found.owner_id,
        "redirect_uris": list(found.redirect_uris),
        "scopes": list(found.scopes),
        "approved": list(found.approved),
        "asked": found.asked,
        "is_public": found.is_public,
        "may_use_passwords": found.may_use_passwords,
        "is_switched_off": found.is_switched_off,
        "created": utc_text(found.created_ms),
    }
