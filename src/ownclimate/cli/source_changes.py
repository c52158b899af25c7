"""`ownclimate source show|set|connect|remove ID`: one source, whatever its kind."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

import click

from ownclimate.cli.plain import plain
from ownclimate.cli.session import (
    ACTOR,
    Session,
    json_option,
    print_json,
    print_members,
    print_rows,
    secret_from_stdin,
)
from ownclimate.cli.source_rows import (
    cloud_row,
    counted,
    history_words,
    is_cloud,
    owner_of,
    source_row,
    with_words,
)
from ownclimate.cli.times import INSTANT
from ownclimate.cli.vaults import vault_of
from ownclimate.collecting import CLOUD_KINDS
from ownclimate.core.departure import belongings_of
from ownclimate.core.errors import InvalidInput, NotFound, Unsupported
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import change_source, find_any_source, find_linked, remove_source
from ownclimate.core.ports import Ports
from ownclimate.core.things import Source
from ownclimate.links.settings import API_KEY, secrets_needed
from ownclimate.links.states import find_state
from ownclimate.sync.kinds import CloudKind
from ownclimate.sync.leaving import leave, leave_with_data
from ownclimate.sync.settings import changed_cloud

PROMPTS: Final = {API_KEY: "API key", "password": "Broker password"}
VENDORS_LIMITS: Final = "default"
WHERE = {"of": "OF", "used": "USED", "allowed": "ALLOWED", "left": "LEFT", "seconds": "IN SECONDS"}
HISTORIES = {
    "of": "HISTORY",
    "rows": "ROWS",
    "oldest": "OLDEST",
    "newest": "NEWEST",
    "missing": "MISSING, NEWEST FIRST",
    "can_give": "CLOUD CAN GIVE IT",
    "silent": "TIMES WITHOUT VALUES THERE",
    "problem": "PROBLEM",
}
"""The parts of a cloud's status that are lists, as tables."""
id_argument = click.argument("id")


@click.command("show")
@id_argument
@json_option
@click.pass_obj
def show(session: Session, id: str, as_json: bool) -> None:
    """Show one source (never its keys)."""

    async def work(ports: Ports) -> dict[str, Any]:
        owner_id, found = await _linked(ports, id)
        row = source_row(owner_id, found, await find_state(ports.directory, found.id))
        if not is_cloud(found):
            return row
        status = await cloud_row(ports, vault_of(session), owner_id, found, ports.clock.now_ms())
        return {**row, **status}

    row = session.run(work)
    if as_json:
        print_json(row)
        return
    lists = {"quota": WHERE, "histories": HISTORIES}
    shown = with_words(row) if "missing_seconds" in row else row
    print_members(
        {name: value for name, value in shown.items() if name not in {*lists, "missing_seconds"}},
        as_json=False,
    )
    if row.get("quota"):
        click.echo()
        print_rows(row["quota"], WHERE, empty="", as_json=False)
    if row.get("histories"):
        click.echo()
        histories = [history_words(history) for history in row["histories"]]
        print_rows(histories, HISTORIES, empty="", as_json=False)


@click.command("set")
@id_argument
@click.option("--name", help="What you call it.")
@click.option("--relay/--no-relay", "relays", default=None, help="Let commands go to the cloud, or not.")
@click.option("--since", "since_ms", type=INSTANT, help="Collect no values older than this; 1970-01-01: all.")
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="CALLS/SECONDS",
    help=f"Calls a user may make (repeatable); `{VENDORS_LIMITS}`: the vendor's.",
)
@json_option
@click.pass_obj
def set_(
    session: Session, /, id: str, name: str | None, limits: tuple[str, ...], as_json: bool, **more: Any
) -> None:
    """Change one source.

    Only what is given changes. It is then worked as it is now.
    """
    given = {member: value for member, value in more.items() if value is not None}
    if limits:
        given["limits"] = () if limits == (VENDORS_LIMITS,) else limits
    if name is None and not given:
        raise InvalidInput("", "say what is to change: --name, --relay, --no-relay, --since or --limit")

    async def work(ports: Ports) -> dict[str, Any]:
        owner_id, found = await _linked(ports, id)
        if given and not is_cloud(found):
            raise Unsupported("settings", "of what is no cloud only the name can be changed: add it anew")
        settings = changed_cloud(found.settings, **given) if given else None
        changed = await change_source(
            ports, vault_of(session), owner_id, ACTOR, id, name=name, settings=settings
        )
        return source_row(owner_id, changed, await find_state(ports.directory, id))

    print_members(session.run(work), as_json=as_json)


@click.command("connect")
@id_argument
@click.option("--client-id", help="Of another app at the vendor than until now.")
@click.pass_obj
def connect(session: Session, id: str, client_id: str | None) -> None:
    """Give one source new credentials.

    What was collected stays, and collecting goes on where it was.

    Standard input, a line each, as `ownclimate source add KIND --help` says for its kind.
    """

    async def find(ports: Ports) -> Source:
        return (await _linked(ports, id))[1]

    found = session.run(find)
    if client_id is not None and not is_cloud(found):
        raise Unsupported("client", "only clouds have apps: leave out --client-id")
    secrets = (
        asked_of_cloud(CLOUD_KINDS[found.kind]) if is_cloud(found) else asked(found.kind, found.settings)
    )

    async def work(ports: Ports) -> None:
        owner_id, source = await _linked(ports, id)
        settings = None if client_id is None else changed_cloud(source.settings, client_id=client_id)
        await change_source(ports, vault_of(session), owner_id, ACTOR, id, settings=settings, secrets=secrets)

    session.run(work)
    click.echo(f"connected {id}")


@click.command("remove")
@id_argument
@click.option("--with-data", is_flag=True, help="A cloud's: remove what came through it alone as well.")
@click.option("--yes", is_flag=True, help="Do not ask whether that is meant.")
@click.pass_obj
def remove(session: Session, id: str, with_data: bool, yes: bool) -> None:
    """Remove one source; readings stay.

    Its credentials go, and the payloads that came through it. With --with-data the readings that it
    brought go too, and the devices and homes that nothing else feeds. What was heard from devices
    directly stays in any case.
    """

    async def look(ports: Ports) -> str:
        owner_id, found = await _any(ports, id)
        if not with_data:
            return f"Remove {found.name}? What it brought stays."
        if not is_cloud(found):
            raise Unsupported("data", "what came through it was heard from devices directly: it stays")
        going = await belongings_of(ports, owner_id, found)
        return (
            f"Remove {found.name} with {counted(len(going.alone), 'device')} and "
            f"{counted(len(going.sites), 'home')} that nothing else feeds, and its readings of "
            f"{counted(len(going.shared), 'other')}?"
        )

    async def work(ports: Ports) -> str:
        owner_id, found = await _any(ports, id)
        if with_data:
            gone = await leave_with_data(ports, owner_id, ACTOR, id)
            return (
                f"removed {id} with {counted(gone.devices, 'device')}, {counted(gone.sites, 'home')} and "
                f"{counted(gone.payloads, 'payload')}; {counted(gone.shared, 'device')} stayed, without its "
                "readings"
            )
        if is_cloud(found):
            await leave(ports, owner_id, ACTOR, id)
        else:
            await remove_source(ports, owner_id, ACTOR, id)
        return f"removed {id}"

    question = session.run(look)
    if not yes:
        _confirm(question, needs_word=with_data)
    click.echo(session.run(work))


def asked(kind: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """The secrets of a network server or broker, from standard input."""
    return {secret: secret_from_stdin(PROMPTS[secret]) for secret in secrets_needed(kind, settings)}


def asked_of_cloud(cloud: CloudKind) -> dict[str, str]:
    """The credentials for a cloud, from standard input. What signing in would bring is needed here too."""
    found = {}
    for need in cloud.credentials:
        is_optional = need.is_optional and cloud.code_flow is None
        text = secret_from_stdin(need.label, is_hidden=need.is_hidden, is_optional=is_optional)
        if text:
            found[need.name] = text
    return found


def _confirm(question: str, *, needs_word: bool) -> None:
    """Asks on a terminal; elsewhere what cannot be had back needs `--yes`."""
    if sys.stdin.isatty():
        click.confirm(plain(question), abort=True, err=True)
    elif needs_word:
        raise InvalidInput("", f"{question} Say --yes, or ask on a terminal")


async def _linked(ports: Ports, source_id: str) -> tuple[OwnerId, Source]:
    """Raises NotFound for a source that is removed, or that nobody connected."""
    owner_id = await owner_of(ports, source_id)
    found = await find_linked(ports.directory, owner_id, source_id)
    if found is None:
        raise NotFound("source", source_id)
    return owner_id, found


async def _any(ports: Ports, source_id: str) -> tuple[OwnerId, Source]:
    """Removed ones too: a removal that was cut short can be repeated."""
    owner_id = await owner_of(ports, source_id)
    found = await find_any_source(ports.directory, owner_id, source_id)
    assert found is not None, "its owner was found by it"
    return owner_id, found
