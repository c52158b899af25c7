"""Every page and form that names a thing in its address, against a neighbour's and against none."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from ownclimate.core.accounts import get_account
from ownclimate.core.devices import create_device
from ownclimate.core.members import invite, join
from ownclimate.core.things import Ability, Report, Role
from ownclimate.oauth.clients import Client, ClientForm, create_client
from ownclimate.oauth.grants import list_grants
from ownclimate.oauth.keys import KeyKind, create_key
from ownclimate.oauth.own_tokens import generate_tokens
from ownclimate.portal.pages import ROUTES
from ownclimate.portal.routes import Route
from ownclimate.store.memory import MemoryDirectory
from tests.contract.portal.browser import Browser, Server, Shown, everything_in
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.clouds import linked_cloud
from tests.fakes.households import ACTOR

CREDENTIALS = frozenset({"/join/{invite}"})
"""Here the address is the credential: whoever was given it may use it."""


def _named(path: str) -> str:
    found = re.search(r"\{(\w+)(?::\w+)?\}", path)
    return found[1] if found else ""


ASKED = [
    (route, method)
    for route in ROUTES
    for method, page in (("GET", route.show), ("POST", route.submit))
    if page is not None and _named(route.path) and route.path not in CREDENTIALS
]
IDS = [f"{method} {route.path}" for route, method in ASKED]


@dataclass
class Street:
    """Ada, who asks, and Ben, who has one of everything; `ids` are Ben's, by their name in a path."""

    server: Server
    ada: Browser
    ben: Browser
    ids: dict[str, str]
    client: Client

    async def ask(self, browser: Browser, route: Route, method: str, id: str) -> Shown:
        target = re.sub(r"\{[^}]*\}", id, route.path)
        if method == "GET":
            return await browser.get(target, follow=False)
        scope = "read_station" if route.path.endswith("/tokens") else "access_camera"
        fields = {"name": self.client.name, "scope": scope, "reason": "for a test"}
        fields |= {"role": "guest", "decision": "approve", "admin": "yes"}
        fields |= {"order": "set_relay", "is_on": "on"}
        fields |= {"client_id": "zip", "secret-client_secret": "zap", "secret-refresh_token": "zop"}
        return await browser.submit(target, on="/account", follow=False, **fields)

    def id_for(self, route: Route) -> str:
        name = _named(route.path)
        if name == "key":
            name = "token" if route.path.startswith("/tokens") else "hook"
        assert name in self.ids, f"say which of Ben's things {route.path} names"
        return self.ids[name]


@pytest.fixture
async def street(clock: FakeClock, entropy: SeededEntropy) -> Street:
    server = Server.over(MemoryDirectory(), clock, entropy)
    ada, ben = await server.signed_in("ada"), await server.signed_in("ben")
    guest, ports = await server.person("dora"), server.ports
    account = await get_account(ports.directory, "ben@example.org")
    owner_id = account.owner_id
    form = ClientForm(name="Zanzibar app", dialect="netatmo", redirect_uris=("https://zanzibar.example/",))
    client, _ = await create_client(server.authorization, ACTOR, account, form)
    await generate_tokens(
        server.authorization,
        ACTOR,
        client,
        account_id=account.id,
        owner_id=owner_id,
        scopes=["read_station"],
        issuer="http://climate.test",
    )
    token, _ = await create_key(ports, ACTOR, account, kind=KeyKind.TOKEN, name="Zanzibar script")
    hook, _ = await create_key(ports, ACTOR, account, kind=KeyKind.HOOK, name="Zanzibar gateway")
    _, text = await invite(ports, ACTOR, owner_id, role=Role.MEMBER, invited_by=account.id)
    await join(ports, ACTOR, guest, text)
    opened, _ = await invite(ports, ACTOR, owner_id, role=Role.GUEST, invited_by=account.id)
    (grant,) = await list_grants(ports.directory, owner_id)
    device = await create_device(
        ports,
        owner_id,
        ACTOR,
        vendor="generic",
        model="everything",
        vendor_id="Zanzibar station",
        abilities=frozenset({Ability.RELAY, Ability.PRESSURE, Ability.GATEWAY}),
        reports={"location": Report(value={"latitude": -6.2, "longitude": 39.2}, at_ms=0)},
    )
    source = await linked_cloud(ports, server.authorization.cipher, owner_id, "Zanzibar cloud")
    ids = {
        "device": device.id,
        "client": client.id,
        "grant": grant.id,
        "token": token.id,
        "hook": hook.id,
        "invite": opened.id,
        "source": source.id,
        "account": guest.id,
        "owner": owner_id,
    }
    return Street(server, ada, ben, ids, client)


@pytest.mark.parametrize(("route", "method"), ASKED, ids=IDS)
async def test_a_neighbours_id_is_answered_like_one_that_never_was(
    street: Street, route: Route, method: str
) -> None:
    theirs = street.id_for(route)
    unknown = theirs[:-4] + ("0000" if not theirs.endswith("0000") else "1111")
    before = everything_in(street.server.ports.directory)

    asked = await street.ask(street.ada, route, method, theirs)
    never = await street.ask(street.ada, route, method, unknown)

    assert asked.status in (403, 404, 422), asked.text
    assert _told(asked, theirs) == _told(never, unknown)
    assert "anzibar" not in asked.text
    assert everything_in(street.server.ports.directory) == before


@pytest.mark.parametrize(("route", "method"), ASKED, ids=IDS)
async def test_its_owner_gets_further_than_a_neighbour(street: Street, route: Route, method: str) -> None:
    if route.path.startswith("/admin") or "{owner" in route.path:
        # Nobody here is an administrator, and nobody leaves the household that is their own.
        assert (await street.ask(street.ben, route, method, street.id_for(route))).status in (400, 403)
        return

    assert (await street.ask(street.ben, route, method, street.id_for(route))).status in (200, 303)


def _told(shown: Shown, id: str) -> tuple[int, list[tuple[str, str]], str]:
    changing = ("x-request-id", "content-length", "set-cookie")
    text = re.sub(r'name="csrf" value="[0-9a-f]+"', "", shown.text).replace(id, "<id>")
    return shown.status, [header for header in shown.headers if header[0] not in changing], text
