"""`ownclimate user …`"""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from ownclimate.cli.session import (
    ACTOR,
    Session,
    account_of,
    json_option,
    print_json,
    print_rows,
    secret_from_stdin,
)
from ownclimate.cli.times import utc_text
from ownclimate.core.accounts import edit_account, list_accounts, register_account, set_password
from ownclimate.core.ports import Ports
from ownclimate.core.things import Account
from ownclimate.oauth.passwords import checked_password, hash_password


@click.group()
def user() -> None:
    """People who may sign in."""


@user.command("add")
@click.argument("email")
@click.option("--admin", is_flag=True, help="May also administer this server.")
@json_option
@click.pass_obj
def add(session: Session, email: str, admin: bool, as_json: bool) -> None:
    """Add an account for EMAIL with a household of its own; the password comes on standard input."""
    password = checked_password(secret_from_stdin("Password"))

    async def work(ports: Ports) -> Account:
        password_hash = await hash_password(password)
        return await register_account(ports, ACTOR, email=email, password_hash=password_hash, is_admin=admin)

    account = session.run(work)
    if as_json:
        print_json(_shown(account))
    else:
        click.echo(f"added {account.email}")


@user.command("list")
@json_option
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List the accounts."""
    accounts = session.run(lambda ports: list_accounts(ports.directory))
    rows = [_shown(account) for account in accounts]
    columns = {"email": "E-MAIL", "admin": "ADMIN", "created": "CREATED", "id": "ID"}
    print_rows(rows, columns, empty="no accounts yet: ownclimate user add EMAIL", as_json=as_json)


@user.command("password")
@click.argument("email")
@click.pass_obj
def password_(session: Session, email: str) -> None:
    """Set a new password for EMAIL; it comes on standard input."""
    password = checked_password(secret_from_stdin("New password"))

    async def work(ports: Ports) -> None:
        account = await account_of(ports, email)
        await set_password(ports, account.id, await hash_password(password))

    session.run(work)
    click.echo(f"changed the password of {email}")


@user.command("admin")
@click.argument("email")
@click.option("--off", is_flag=True, help="No longer.")
@click.pass_obj
def admin(session: Session, email: str, off: bool) -> None:
    """Let EMAIL administer this server: its users, and scopes that apps ask for."""

    async def work(ports: Ports) -> None:
        account = await account_of(ports, email)
        await edit_account(ports, account.id, lambda found: dataclasses.replace(found, is_admin=not off))

    session.run(work)
    click.echo(f"{email} administers this server{' no longer' if off else ''}")


def _shown(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "email": account.email,
        "admin": account.is_admin,
        "owner_id": account.owner_id,
        "created": utc_text(account.created_ms),
    }
