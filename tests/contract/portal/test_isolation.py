"""Households apart: every page with an id in its path, tried with the ids of somebody else's things."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ownclimate.core.devices import create_device
from ownclimate.core.members import invite, join
from ownclimate.core.ports import Directory
from ownclimate.core.things import Account, Role
from ownclimate.oauth.clients import ClientForm, create_client
from ownclimate.oauth.grants import GrantTerms, give
from ownclimate.oauth.keys import KeyKind, create_key
from ownclimate.portal.pages import ROUTES
from ownclimate.portal.routes import Need, Route
from tests.contract.portal.browser import Browser, Server
from tests.contract.portal.test_forms import path_of
from tests.fakes.clouds import linked_cloud
from tests.fakes.households import ACTOR

WITH_IDS = [
    route
    for route in ROUTES
    if "{" in route.path and route.need is Need.ACCOUNT and not route.path.startswith("/join")
]
NARROWED = [route for route in ROUTES if route.roles]


@dataclass(frozen=True)
class Things:
    """One thing of each kind, of one household."""

    account: Account
    ids: dict[str, str]

    def path(self, route: Route) -> str:
        parts = route.path.split("/")
        return "/".join(self.ids[part[1:-1].partition(":")[0]] if "{" in part else part for part in parts)


async def everything_of(server: Server, name: str) -> Things:
    ports = server.ports
    account, member = await server.person(name), await server.person(f"{name}-member")
    _, text = await invite(ports, ACTOR, account.owner_id, role=Role.MEMBER, invited_by=account.id)
    await join(ports, ACTOR, member, text)
    offer, _ = await invite(ports, ACTOR, account.owner_id, role=Role.GUEST, invited_by=account.id)
    token, _ = await create_key(ports, ACTOR, account, kind=KeyKind.TOKEN, name="script")
    await create_key(ports, ACTOR, account, kind=KeyKind.HOOK, name="mast")
    form = ClientForm(name="An app", dialect="netatmo", redirect_uris=("https://a.example/",))
    client, _ = await create_client(server.authorization, ACTOR, account, form)
    terms = GrantTerms(
        client=client, owner_id=account.owner_id, account_id=account.id, scopes=("read_station",)
    )
    grant = (await give(server.authorization, ACTOR, terms)).grant
    device = await create_device(
        ports, account.owner_id, ACTOR, vendor="mclimate", model="vicki", vendor_id=f"{name}-valve"
    )
    source = await linked_cloud(ports, server.authorization.cipher, account.owner_id)
    ids = {
        "client": client.id,
        "device": device.id,
        "grant": grant.id,
        "key": token.id,
        "invite": offer.id,
        "source": source.id,
        "account": member.id,
        "owner": account.owner_id,
    }
    return Things(account, ids)


def of_household(directory: Directory, owner_id: str) -> str:
    """What the household's partition holds."""
    nodes = getattr(directory, "_nodes", {"": directory})
    rows = {
        key: rows
        for node in nodes.values()
        for key, rows in node._tables.items()
        if key[0] == f"owner:{owner_id}" and rows
    }
    return repr(sorted(rows.items()))


@pytest.mark.parametrize("route", WITH_IDS, ids=lambda route: route.path)
async def test_somebody_elses_things_are_not_there(
    server: Server, directory: Directory, route: Route
) -> None:
    """The same answer as for an id that nobody has, and nothing of the other household changes."""
    things = await everything_of(server, "anna")
    mallory = await everything_of(server, "mallory")
    browser: Browser = server.browser()
    await browser.sign_in(mallory.account.email)
    token = (await browser.get("/account")).csrf
    before = of_household(directory, things.account.owner_id)
    fields = {"csrf": token, "name": "An app", "role": "guest", "scope": "access_camera", "reason": "x"}

    for method in [name for name, found in (("GET", route.show), ("POST", route.submit)) if found]:
        theirs = things.path(route)
        nobodys = path_of(route)
        answers = [
            await browser.get(path) if method == "GET" else await browser.post(path, fields)
            for path in (theirs, nobodys)
        ]

        assert [shown.status for shown in answers] == [404, 404]
        assert answers[0].text == answers[1].text
    assert of_household(directory, things.account.owner_id) == before


@pytest.mark.parametrize("route", NARROWED, ids=lambda route: route.path)
@pytest.mark.parametrize("role", [Role.GUEST, Role.MEMBER], ids=lambda role: role.value)
async def test_a_page_opens_to_the_roles_of_its_row_and_to_no_other(
    server: Server, directory: Directory, role: Role, route: Route
) -> None:
    host, account = await server.person("host"), await server.person("anna")
    browser = server.browser()
    await browser.sign_in(account.email)
    _, text = await invite(server.ports, ACTOR, host.owner_id, role=role, invited_by=host.id)
    await join(server.ports, ACTOR, account, text)
    await browser.submit("/households", on="/households", owner=host.owner_id)
    token = (await browser.get("/account")).csrf
    before = of_household(directory, host.owner_id)

    if route.show is not None:
        shown = await browser.get(path_of(route))
        assert (shown.status == 403) == (role not in route.roles)
    if route.submit is not None and role not in route.roles:
        shown = await browser.post(path_of(route), {"csrf": token, "name": "x", "role": "owner"})
        assert shown.status == 403
        assert of_household(directory, host.owner_id) == before
