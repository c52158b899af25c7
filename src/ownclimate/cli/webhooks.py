"""`ownclimate webhook …`"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import click

from ownclimate.cli.session import ACTOR, Session, json_option, print_rows
from ownclimate.cli.times import utc_text
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.errors import NotFound
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.push.hooks import Hook, drop_hook, list_hooks, release_hook


@click.group()
def webhook() -> None:
    """Where apps asked to be told of changes."""


@webhook.command("list")
@json_option
@click.pass_obj
def list_webhooks(session: Session, as_json: bool) -> None:
    """List the webhooks; of their addresses only the host, since the rest is the app's secret."""

    async def work(ports: Ports) -> list[dict[str, Any]]:
        now_ms = ports.clock.now_ms()
        return [_row(hook, now_ms) for hook in await _all_hooks(ports)]

    columns = {
        "id": "ID",
        "client_id": "APP",
        "host": "HOST",
        "delivered": "DELIVERED",
        "failures": "FAILURES",
        "banned_until": "BANNED UNTIL",
        "problem": "LAST PROBLEM",
    }
    print_rows(session.run(work), columns, empty="no app has a webhook", as_json=as_json)


@webhook.command("release")
@click.argument("id")
@click.pass_obj
def release_webhook(session: Session, id: str) -> None:
    """Lift the ban of a webhook that failed too often."""

    async def work(ports: Ports) -> None:
        hook = await _hook(ports, id)
        await release_hook(ports, ACTOR, OwnerId(hook.owner_id), hook.id)

    session.run(work)
    click.echo(f"released {id}")


@webhook.command("remove")
@click.argument("id")
@click.pass_obj
def remove_webhook(session: Session, id: str) -> None:
    """Tell an app nothing more; it may register again."""

    async def work(ports: Ports) -> None:
        await drop_hook(ports, ACTOR, await _hook(ports, id))

    session.run(work)
    click.echo(f"removed {id}")


async def _all_hooks(ports: Ports) -> list[Hook]:
    return [
        hook
        for owner_id in await list_owner_ids(ports.directory)
        for hook in await list_hooks(ports.directory, owner_id)
    ]


async def _hook(ports: Ports, hook_id: str) -> Hook:
    found = next((hook for hook in await _all_hooks(ports) if hook.id == hook_id), None)
    if found is None:
        raise NotFound("webhook", hook_id)
    return found


def _row(hook: Hook, now_ms: int) -> dict[str, Any]:
    return {
        "id": hook.id,
        "client_id": hook.client_id,
        "host": urlsplit(hook.url).hostname,
        "created_at": utc_text(hook.created_ms),
        "delivered": hook.delivered,
        "failures": hook.failures,
        "banned_until": utc_text(hook.banned_ms) if hook.is_banned(now_ms) else None,
        "problem": hook.problem,
    }
