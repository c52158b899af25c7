"""Several people in one household: inviting, roles, leaving, and what goes with whoever goes."""

from __future__ import annotations

import pytest

from ownclimate.core.errors import Unauthenticated
from ownclimate.core.members import find_role
from ownclimate.core.things import Account, Role
from ownclimate.oauth.keys import check_token
from tests.contract.portal.browser import PASSWORD, Browser, Server
from tests.fakes import FakeClock

DAY_S = 24 * 3600


async def invited(server: Server, host: Browser, role: str = "member") -> str:
    """The path of an invitation that the host made."""
    shown = await host.submit("/members/invite", on="/members", role=role)
    link = shown.element("link")
    assert link.startswith("http://climate.test/join/")
    return link.removeprefix("http://climate.test")


async def joined(server: Server, role: str = "member") -> tuple[Browser, Browser, Account, Account]:
    """A host and a person who joined, both signed in, the latter looking at the host's household."""
    host_account, account = await server.person("host"), await server.person("anna")
    host, browser = server.browser(), server.browser()
    await host.sign_in(host_account.email)
    await browser.sign_in(account.email)
    path = await invited(server, host, role)
    await browser.submit(path, on=path)
    return host, browser, host_account, account


async def test_an_invitation_is_taken_once_and_shows_the_household_at_once(server: Server) -> None:
    host = await server.signed_in("host")
    path = await invited(server, host)
    browser = await server.signed_in("anna")

    shown = await browser.submit(path, on=path)
    again = await (await server.signed_in("berta")).get(path)

    assert "Welcome" in shown.text
    assert "host@example.org" in shown.text, "the menu names the household"
    assert again.status == 404


async def test_somebody_without_an_account_makes_one_on_the_way(server: Server) -> None:
    path = await invited(server, await server.signed_in("host"))
    browser = server.browser()

    offer = await browser.get(path)
    await browser.submit(
        "/register", on=f"/register?next={path}", email="new@example.org", password=PASSWORD, next=path
    )
    page = await browser.submit("/sign-in", email="new@example.org", password=PASSWORD, next=path)
    shown = await browser.submit(path)

    assert "Sign in to join" in offer.text
    assert page.title == "You are invited"
    assert "Welcome" in shown.text


async def test_an_invitation_ends_after_a_week_or_when_withdrawn(server: Server, clock: FakeClock) -> None:
    host, guest = await server.signed_in("host"), await server.signed_in("anna")
    first, second = await invited(server, host), await invited(server, host)
    page = await host.get("/members")
    invite_id = page.text.partition("/members/invites/")[2].partition("/")[0]

    await host.submit(f"/members/invites/{invite_id}/withdraw")
    after_withdrawal = [(await guest.get(path)).status for path in (first, second)]
    clock.advance(7 * DAY_S)

    assert sorted(after_withdrawal) == [200, 404]
    assert [(await guest.get(path)).status for path in (first, second)] == [404, 404]


async def test_taking_a_place_where_one_is_already_leaves_the_invitation_open(server: Server) -> None:
    host = await server.signed_in("host")
    path = await invited(server, host, "guest")

    shown = await host.submit(path, on=path)

    assert (shown.status, "member of this household already" in shown.text) == (409, True)
    assert (await server.browser().get(path)).status == 200


OWNERS_ONLY = ["/members/invite", "/members/name", "/device-keys"]


@pytest.mark.parametrize("role", ["member", "guest"])
@pytest.mark.parametrize("path", OWNERS_ONLY)
async def test_only_owners_manage_people_and_keys(server: Server, role: str, path: str) -> None:
    _, browser, _, _ = await joined(server, role)

    shown = await browser.submit(path, on="/account", role="owner", name="x")

    assert (shown.status, shown.title) == (403, "Not allowed")


async def test_a_guest_makes_no_clients_and_no_token_that_operates(server: Server) -> None:
    _, browser, host, _ = await joined(server, "guest")

    clients = await browser.get("/clients")
    made = await browser.submit(
        "/tokens", on="/tokens", name="x", scope=["device.read", "device.control", "source.manage"]
    )

    access = await check_token(server.ports.directory, made.element("token"))
    assert clients.status == 403
    assert access.owner_id == host.owner_id
    assert [permission.value for permission in access.permissions] == ["device.read"]


async def test_who_is_removed_loses_the_household_and_every_token_in_it(server: Server) -> None:
    host, browser, host_account, account = await joined(server)
    made = await browser.submit("/tokens", on="/tokens", name="x", scope=["device.read"])
    text = made.element("token")

    await host.submit(f"/members/{account.id}/remove", on="/members")

    shown = await browser.get("/members")
    assert "People of anna@example.org" in shown.text, "back in their own household"
    assert await find_role(server.ports.directory, host_account.owner_id, account.id) is None
    with pytest.raises(Unauthenticated):
        await check_token(server.ports.directory, text)


async def test_a_narrower_role_disconnects_what_the_wider_one_connected(server: Server) -> None:
    host, browser, _, account = await joined(server)
    made = await browser.submit("/tokens", on="/tokens", name="x", scope=["device.control"])

    await host.submit(f"/members/{account.id}/role", on="/members", role="guest")

    with pytest.raises(Unauthenticated):
        await check_token(server.ports.directory, made.element("token"))


async def test_a_wider_role_disconnects_nothing(server: Server) -> None:
    host, browser, _, account = await joined(server)
    made = await browser.submit("/tokens", on="/tokens", name="x", scope=["device.control"])

    await host.submit(f"/members/{account.id}/role", on="/members", role="owner")

    assert await check_token(server.ports.directory, made.element("token"))
    assert (await browser.get("/device-keys")).status == 200


async def test_the_founder_is_neither_removed_nor_demoted(server: Server) -> None:
    host, browser, host_account, _ = await joined(server, "owner")

    removed = await browser.submit(f"/members/{host_account.id}/remove", on="/members")
    demoted = await browser.submit(f"/members/{host_account.id}/role", on="/members", role="guest")
    left = await host.submit(f"/households/{host_account.owner_id}/leave", on="/households")

    assert [shown.status for shown in (removed, demoted, left)] == [400, 400, 400]
    role = await find_role(server.ports.directory, host_account.owner_id, host_account.id)
    assert role is Role.OWNER


async def test_a_person_switches_between_households_and_leaves_one(server: Server) -> None:
    _, browser, host, account = await joined(server)

    listed = await browser.get("/households")
    await browser.submit("/households", owner=account.owner_id)
    own = await browser.get("/members")
    await browser.submit(f"/households/{host.owner_id}/leave", on="/households")

    assert "host@example.org" in listed.text
    assert "People of anna@example.org" in own.text
    assert "host@example.org" not in (await browser.get("/households")).text


async def test_a_household_of_strangers_cannot_be_looked_at(server: Server) -> None:
    host = await server.person("host")
    browser = await server.signed_in("anna")

    shown = await browser.submit("/households", on="/households", owner=host.owner_id)

    assert shown.status == 404
    assert "People of anna@example.org" in (await browser.get("/members")).text


async def test_the_activity_says_who_did_what(server: Server) -> None:
    host, _, _, _ = await joined(server, "guest")

    shown = await host.get("/activity")

    assert "created an invitation" in shown.text
    assert "<strong>anna@example.org</strong> joined as a member: anna@example.org" in shown.text


async def test_a_new_password_and_a_new_administrator_are_in_the_activity(server: Server) -> None:
    root = await server.signed_in("root", is_admin=True)
    anna = await server.person("anna")
    browser = server.browser()
    await browser.sign_in(anna.email)

    await root.submit(f"/admin/users/{anna.id}", on="/admin/users", admin="yes")
    await browser.submit(
        "/account/password", on="/account", password=PASSWORD, new_password="another long one"
    )
    shown = await browser.get("/activity")

    assert "<strong>root@example.org</strong> appointed an administrator: anna@example.org" in shown.text
    assert "<strong>anna@example.org</strong> changed the password" in shown.text


async def test_older_activity_is_on_further_pages(server: Server, clock: FakeClock) -> None:
    browser = await server.signed_in("anna")
    for place in range(60):
        clock.advance(24 * 3600)
        if place % 10 == 0:
            await browser.sign_in("anna@example.org")
        await browser.submit("/members/name", on="/members", name=f"Name {place}")

    first = await browser.get("/activity")
    older = first.text.partition('href="/activity?before=')[2].partition('"')[0]
    second = await browser.get(f"/activity?before={older}")

    assert first.text.count("changed the household") == 50
    assert second.text.count("changed the household") == 10
    assert "created the household" in second.text
