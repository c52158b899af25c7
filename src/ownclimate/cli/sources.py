"""`ownclimate source …`: the network servers, brokers and clouds that `serve` connects to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from ownclimate.cli.session import (
    ACTOR,
    Session,
    account_of,
    json_option,
    owner_option,
    print_members,
    print_rows,
)
from ownclimate.cli.source_changes import asked, asked_of_cloud, connect, remove, set_, show
from ownclimate.cli.source_rows import owner_of, source_row
from ownclimate.cli.times import INSTANT
from ownclimate.cli.vaults import vault_of
from ownclimate.collecting import CLOUD_KINDS
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.linking import (
    CHIRPSTACK,
    MQTT,
    THINGS_STACK,
    link_source,
    list_linked,
    pause_source,
)
from ownclimate.core.ports import Ports
from ownclimate.links.devices.settings import PROFILES, names_given
from ownclimate.links.settings import checked
from ownclimate.links.states import find_state
from ownclimate.sync.kinds import CloudKind
from ownclimate.sync.settings import checked_cloud, limit_texts

COLUMNS = {
    "name": "NAME",
    "kind": "KIND",
    "state": "STATE",
    "messages": "MESSAGES",
    "last_message": "LAST MESSAGE",
    "last_error": "LAST ERROR",
    "id": "ID",
}

name_option = click.option("--name", default="", help="What you call it; default: its kind.")
broker_options = (
    click.option("--user", default="", help="User name at the broker."),
    click.option(
        "--ca-file",
        default="",
        type=click.Path(),
        help="Certificates to trust with mqtts://, not the system's.",
    ),
)
server_options = (
    owner_option,
    name_option,
    click.option("--base-url", default="", metavar="URL", help="Address of the server's API."),
    click.option("--broker", default="", metavar="URL", help="mqtt://HOST[:PORT] or mqtts://…"),
    *broker_options,
    click.option("--f-port", default=1, show_default=True, help="Frame port on which commands are sent."),
    click.option(
        "--confirmed",
        is_flag=True,
        help="Have devices acknowledge each command (advised for first set-up).",
    ),
    json_option,
)

Command = Callable[..., Any]


def options(*these: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one, in the order in which help shows them."""

    def add_them(command: Command) -> Command:
        for option in reversed(these):
            command = option(command)
        return command

    return add_them


@click.group()
def source() -> None:
    """Network servers, brokers and clouds that this server connects to."""


@source.group("add")
def add() -> None:
    """Connect one. Its key or password is asked for, or read from standard input."""


@add.command(THINGS_STACK)
@click.option("--application", required=True, help="The application's ID, as the console shows it.")
@click.option("--tenant", default="", help="The tenant's ID (`ttn` at The Things Network).")
@options(*server_options)
@click.pass_obj
def add_things_stack(session: Session, /, owner: str, name: str, as_json: bool, **settings: Any) -> None:
    """The Things Stack v3. Standard input: an API key of the application."""
    _add(session, THINGS_STACK, owner, name, settings, as_json)


@add.command(CHIRPSTACK)
@click.option("--application", default="", help="Only this application's devices; its ID. Default: all.")
@click.option("--topic-prefix", default="", help="What stands before `application/…` in its topics.")
@options(*server_options)
@click.pass_obj
def add_chirpstack(session: Session, /, owner: str, name: str, as_json: bool, **settings: Any) -> None:
    """ChirpStack v4. Standard input: with --base-url an API key, then with --user the broker password."""
    _add(session, CHIRPSTACK, owner, name, settings, as_json)


@add.command(MQTT)
@owner_option
@name_option
@click.option(
    "--broker", "--base-url", "broker", required=True, metavar="URL", help="mqtt://HOST[:PORT] or mqtts://…"
)
@options(*broker_options)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    type=click.Choice(PROFILES),
    help="What the devices speak (repeatable); default: our own contract.",
)
@click.option("--prefix", help="First part of their topics, where it is not the profile's own.")
@click.option(
    "--device",
    "names",
    multiple=True,
    metavar="NAME=ID",
    help="Which device a name on a topic is (repeatable).",
)
@click.option("--known-only", is_flag=True, help="Make no device on first sight.")
@json_option
@click.pass_obj
def add_mqtt(
    session: Session, /, owner: str, name: str, as_json: bool, names: tuple[str, ...], **settings: Any
) -> None:
    """Wi-Fi devices behind a broker. Standard input: with --user the password."""
    given = {**settings, "profiles": list(settings["profiles"]), "names": names_given(names)}
    _add(session, MQTT, owner, name, given, as_json)


def _cloud(cloud: CloudKind) -> click.Command:
    asked = ", then ".join(need.label[0].lower() + need.label[1:] for need in cloud.credentials)

    @click.command(
        cloud.kind,
        help=f"{cloud.title}'s cloud. {cloud.app_hint}\n\nStandard input, a line each: {asked}.",
        short_help=f"{cloud.title}'s cloud.",
    )
    @owner_option
    @name_option
    @click.option("--client-id", required=True, help="Of your app at the vendor.")
    @click.option("--base-url", default="", metavar="URL", help="Another cloud that speaks the same.")
    @click.option("--since", "since_ms", type=INSTANT, default=0, help="Collect no values older than this.")
    @click.option(
        "--limit",
        "limits",
        multiple=True,
        metavar="CALLS/SECONDS",
        help=f"Calls a user may make (repeatable); default: {_limits_text(cloud)}.",
    )
    @click.option("--relay", "relays", is_flag=True, help="Let commands to its devices go to the cloud.")
    @json_option
    @click.pass_obj
    def add_cloud(session: Session, /, owner: str, name: str, as_json: bool, **settings: Any) -> None:
        checked_settings = checked_cloud(**settings)
        name = name or cloud.title
        _link(session, cloud.kind, owner, name, checked_settings, asked_of_cloud(cloud), as_json)

    return add_cloud


def _limits_text(cloud: CloudKind) -> str:
    return " and ".join(limit_texts(cloud.limits))


for _cloud_kind in CLOUD_KINDS.values():
    add.add_command(_cloud(_cloud_kind))


@source.command("list")
@json_option
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List them and what they do (never their keys)."""

    async def work(ports: Ports) -> list[dict[str, Any]]:
        return [
            source_row(owner_id, found, await find_state(ports.directory, found.id))
            for owner_id in await list_owner_ids(ports.directory)
            for found in await list_linked(ports.directory, owner_id)
        ]

    empty = "no sources yet: ownclimate source add --help"
    print_rows(session.run(work), COLUMNS, empty=empty, as_json=as_json)


@source.command("pause")
@click.argument("id")
@click.pass_obj
def pause(session: Session, id: str) -> None:
    """Stop working one source.

    Its server keeps what comes meanwhile.
    """
    _set_paused(session, id, is_paused=True)
    click.echo(f"paused {id}")


@source.command("resume")
@click.argument("id")
@click.pass_obj
def resume(session: Session, id: str) -> None:
    """Work one source again."""
    _set_paused(session, id, is_paused=False)
    click.echo(f"resumed {id}")


for _command in (show, set_, connect, remove):
    source.add_command(_command)


def _add(session: Session, kind: str, owner: str, name: str, given: Mapping[str, Any], as_json: bool) -> None:
    settings = checked(kind, {member: value for member, value in given.items() if value not in ("", None)})
    _link(session, kind, owner, name, settings, asked(kind, settings), as_json)


def _link(
    session: Session,
    kind: str,
    owner: str,
    name: str,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    as_json: bool,
) -> None:
    async def work(ports: Ports) -> dict[str, Any]:
        account = await account_of(ports, owner)
        made = await link_source(
            ports,
            vault_of(session),
            account.owner_id,
            ACTOR,
            kind=kind,
            name=name or kind,
            settings=settings,
            secrets=secrets,
        )
        return source_row(account.owner_id, made, None)

    print_members(session.run(work), as_json=as_json)


def _set_paused(session: Session, source_id: str, *, is_paused: bool) -> None:
    async def work(ports: Ports) -> None:
        await pause_source(ports, await owner_of(ports, source_id), ACTOR, source_id, is_paused=is_paused)

    session.run(work)
