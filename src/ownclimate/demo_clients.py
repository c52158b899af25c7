"""The demo's apps: one for every dialect, so that each can be tried at once."""

from __future__ import annotations

import msgspec

from ownclimate.core.things import Account
from ownclimate.core.writes import Actor
from ownclimate.oauth.clients import ClientForm, create_client, find_client, list_clients, rotate_secret
from ownclimate.oauth.dialects import STANDARD
from ownclimate.oauth.server import AuthorizationServer

NAME = "Demo app"
REDIRECT_URI = "http://127.0.0.1:8765/callback"
FORMS = (
    ClientForm(name=NAME, dialect="mclimate", redirect_uris=(REDIRECT_URI,)),
    # The grant that the vendor's older documents show first, and many small programs use.
    ClientForm(name=NAME, dialect="netatmo", redirect_uris=(REDIRECT_URI,), may_use_passwords=True),
    ClientForm(name=NAME, dialect="smartbuildings"),
    ClientForm(name=NAME, dialect=STANDARD, redirect_uris=(REDIRECT_URI,)),
)


class DemoClient(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An app's credentials as they stand in demo.json."""

    client_id: str
    client_secret: str
    redirect_uri: str = ""


async def demo_clients(
    server: AuthorizationServer, actor: Actor, account: Account, known: dict[str, DemoClient]
) -> dict[str, DemoClient]:
    """The demo's apps by dialect: those in `known` that still hold, the others made or given new secrets."""
    registered = {
        client.dialect: client.id
        for client in await list_clients(server.ports.directory, account.owner_id)
        if client.name == NAME and not client.deleted_ms
    }
    found = {}
    for form in FORMS:
        kept = known.get(form.dialect)
        if kept is not None and await _holds(server, kept):
            found[form.dialect] = kept
            continue
        if form.dialect in registered:
            client_id = registered[form.dialect]
            secret = await rotate_secret(server, actor, client_id)
        else:
            client, made = await create_client(server, actor, account, form)
            assert made is not None, "none of the demo's apps is public"
            client_id, secret = client.id, made
        redirect_uri = form.redirect_uris[0] if form.redirect_uris else ""
        found[form.dialect] = DemoClient(client_id=client_id, client_secret=secret, redirect_uri=redirect_uri)
    return found


async def _holds(server: AuthorizationServer, known: DemoClient) -> bool:
    client = await find_client(server, known.client_id)
    return client is not None and client.is_secret(known.client_secret, server.ports.clock.now_ms())
