"""The consent page: what it shows, what becomes of each answer, and what must never be redirected."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from ownclimate.core.ids import SiteId
from ownclimate.core.members import invite, join
from ownclimate.core.things import Account, Role
from ownclimate.oauth.clients import Client, ClientForm, create_client
from ownclimate.oauth.grants import Grant, list_grants
from tests.contract.portal.browser import PASSWORD, Browser, Server, Shown
from tests.fakes.households import ACTOR

BACK = "https://app.example/back"


async def registered(server: Server, dialect: str = "mclimate", **more: Any) -> Client:
    developer = await server.person(f"developer{len(server.entries)}{dialect}")
    usual: dict[str, Any] = {
        "name": "Window dashboard",
        "dialect": dialect,
        "redirect_uris": (BACK,),
        "description": "Shows when to open the windows.",
    }
    client, _ = await create_client(server.authorization, ACTOR, developer, ClientForm(**usual | more))
    return client


def asking(client: Client, **parameters: str) -> str:
    usual = {"response_type": "code", "client_id": client.id, "redirect_uri": BACK, "state": "a b&c"}
    return f"/oauth2/authorize?{urlencode(usual | parameters)}"


async def answer(
    browser: Browser, page: Shown, decision: str = "allow", *, site: list[SiteId] | None = None, **more: Any
) -> Shown:
    fields = {"request": page.hidden("request"), "owner": page.hidden("owner"), "decision": decision}
    given: dict[str, Any] = {"scope": ticked(page, "scope"), "site": ticked(page, "site")}
    if site is not None:
        given["site"] = site
    return await browser.post("/oauth2/consent", {"csrf": page.csrf} | fields | given | more, follow=False)


def ticked(page: Shown, name: str) -> list[str]:
    pieces = page.text.split(f'name="{name}" value="')[1:]
    return [piece.partition('"')[0] for piece in pieces if " checked" in piece.partition(">")[0]]


def brought_back(shown: Shown) -> dict[str, str]:
    assert shown.status == 302
    location = shown.header("location")
    assert location.startswith(f"{BACK}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


async def granted(server: Server, account: Account) -> list[Grant]:
    return await list_grants(server.ports.directory, account.owner_id)


async def with_sites(server: Server) -> tuple[Browser, Account, list[SiteId]]:
    account = await server.person("anna")
    sites = [await server.site(account, name) for name in ("Town flat", "Cabin")]
    browser = server.browser()
    await browser.sign_in(account.email)
    return browser, account, sites


async def test_the_page_says_who_asks_for_what_where_and_for_how_long(server: Server) -> None:
    client = await registered(server)
    browser, _, _ = await with_sites(server)

    page = await browser.get(asking(client))

    assert page.title == "Window dashboard asks for access"
    for words in (
        "Shows when to open the windows.",
        "@example.org",
        "control your devices",
        "Town flat",
        "Cabin",
        "app.example",
        "for 30 days",
        "anna@example.org",
        "Use another account",
    ):
        assert words in page.text


async def test_allowing_brings_a_code_back_to_the_app_with_its_state(server: Server) -> None:
    client = await registered(server)
    browser, account, _ = await with_sites(server)

    shown = await answer(browser, await browser.get(asking(client)))

    back = brought_back(shown)
    assert back["code"]
    assert (back["state"], back["iss"]) == ("a b&c", "http://climate.test")
    (grant,) = await granted(server, account)
    assert (grant.account_id, grant.sites) == (account.id, None)


async def test_not_allowing_tells_the_app_and_gives_nothing(server: Server) -> None:
    client = await registered(server)
    browser, account, _ = await with_sites(server)

    shown = await answer(browser, await browser.get(asking(client)), "deny")

    assert brought_back(shown)["error"] == "access_denied"
    assert await granted(server, account) == []


async def test_sites_and_parts_can_be_left_out(server: Server) -> None:
    client = await registered(server)
    browser, account, (flat, _) = await with_sites(server)

    await answer(browser, await browser.get(asking(client)), site=[flat], scope=["devices", "schedules"])

    (grant,) = await granted(server, account)
    assert grant.sites == (flat,)
    assert "control" not in grant.scopes
    assert "devices" in grant.scopes


async def test_what_was_left_out_is_left_out_again_when_asked_once_more(server: Server) -> None:
    client = await registered(server)
    browser, _, (flat, cabin) = await with_sites(server)
    await answer(browser, await browser.get(asking(client, scope="basic")), site=[flat])

    page = await browser.get(asking(client))

    assert ticked(page, "site") == [flat]
    assert cabin in page.text
    assert "new" in page.text, "scopes that were not given before are marked"


@pytest.mark.parametrize("field", ["site", "scope"])
async def test_leaving_everything_out_is_asked_about_again(server: Server, field: str) -> None:
    client = await registered(server)
    browser, account, _ = await with_sites(server)

    shown = await answer(browser, await browser.get(asking(client)), **{field: []})

    assert (shown.status, "Leave at least one" in shown.text) == (422, True)
    assert await granted(server, account) == []


async def test_a_stranger_signs_in_first_and_comes_back_to_the_same_request(server: Server) -> None:
    client = await registered(server)
    await server.person("anna")
    browser = server.browser()

    asked = await browser.get(asking(client))
    page = await browser.submit(
        "/sign-in", email="anna@example.org", password=PASSWORD, next=asked.hidden("next")
    )
    shown = await answer(browser, page)

    assert asked.title == "Sign in"
    assert brought_back(shown)["state"] == "a b&c"


async def test_another_account_can_be_used(server: Server) -> None:
    client = await registered(server)
    browser, anna, _ = await with_sites(server)
    berta = await server.person("berta")
    page = await browser.get(asking(client))

    link = page.text.partition('href="/sign-in?')[2].partition('"')[0].replace("&amp;", "&")
    sign_in = await browser.get(f"/sign-in?{link}")
    page = await browser.submit("/sign-in", email=berta.email, password=PASSWORD, next=sign_in.hidden("next"))
    await answer(browser, page)

    assert "You are signed in as anna@example.org" in sign_in.text
    assert await granted(server, anna) == []
    assert len(await granted(server, berta)) == 1


async def test_the_same_request_is_not_asked_about_twice(server: Server) -> None:
    client = await registered(server)
    browser, account, (flat, _) = await with_sites(server)
    await answer(browser, await browser.get(asking(client)), site=[flat])

    again = await browser.get(asking(client), follow=False)

    assert brought_back(again)["code"]
    (grant,) = await granted(server, account)
    assert grant.sites == (flat,), "going through again must not widen what was given"


async def test_it_is_asked_again_when_scopes_grow(server: Server) -> None:
    client = await registered(server, "netatmo")
    browser, _, _ = await with_sites(server)
    await answer(browser, await browser.get(asking(client, scope="read_station")))

    again = await browser.get(asking(client, scope="read_station read_thermostat"))

    assert again.title == "Window dashboard asks for access"


async def test_a_public_client_is_always_asked_about(server: Server) -> None:
    client = await registered(server, "standard", is_public=True)
    browser, _, _ = await with_sites(server)
    request = asking(
        client, code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method="S256"
    )
    await answer(browser, await browser.get(request))

    assert (await browser.get(request)).title == "Window dashboard asks for access"


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"client_id": "0123456789abcdef01234567"}, "invalid_client"),
        ({"client_id": ""}, "invalid_client"),
        ({"redirect_uri": "https://evil.example/back"}, "redirect_uri_mismatch"),
        ({"redirect_uri": f"{BACK}/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": f"{BACK}?x=1"}, "redirect_uri_mismatch"),
    ],
    ids=["unknown client", "no client", "another host", "a longer path", "a query of its own"],
)
async def test_what_cannot_be_trusted_is_shown_and_sent_nowhere(
    server: Server, parameters: dict[str, str], error: str
) -> None:
    client = await registered(server, "netatmo")
    browser, _, _ = await with_sites(server)

    for visitor in (browser, server.browser()):
        shown = await visitor.get(asking(client, **parameters), follow=False)

        assert shown.status == 400
        assert error in shown.text
        assert "evil.example" not in shown.header("content-security-policy")


async def test_a_line_end_smuggled_into_the_request_ends_up_in_no_header(server: Server) -> None:
    client = await registered(server)
    browser, _, _ = await with_sites(server)
    page = await browser.get(asking(client))
    smuggling = page.hidden("request") + "\r\nset-cookie: a=b"

    shown = await answer(browser, page, request=smuggling, owner="another")

    assert all("\r" not in value and "\n" not in value for _, value in shown.headers)


async def test_the_issuer_is_the_address_that_the_browser_used(server: Server) -> None:
    """RFC 9207: clients compare it with what the metadata at the same address says."""
    client = await registered(server)
    browser, _, _ = await with_sites(server)

    page = await browser.get(asking(client))
    shown = await browser.post(
        "/oauth2/consent",
        {
            "csrf": page.csrf,
            "request": page.hidden("request"),
            "owner": page.hidden("owner"),
            "decision": "deny",
        },
        follow=False,
        host="192.168.1.5:8080",
    )

    assert brought_back(shown)["iss"] == "http://192.168.1.5:8080"


async def test_a_fault_of_the_app_is_told_to_the_app(server: Server) -> None:
    client = await registered(server, "netatmo")

    shown = await server.browser().get(asking(client, scope="read_everything"), follow=False)

    assert brought_back(shown)["error"] == "invalid_scope"


async def test_a_changed_request_in_the_form_is_validated_again(server: Server) -> None:
    client = await registered(server)
    browser, account, _ = await with_sites(server)
    page = await browser.get(asking(client))
    changed = page.hidden("request").replace("app.example", "evil.example")

    shown = await answer(browser, page, request=changed)

    assert (shown.status, "redirect_uri_mismatch" in shown.text) == (400, True)
    assert await granted(server, account) == []


async def test_the_root_with_a_client_id_is_the_authorize_page(server: Server) -> None:
    client = await registered(server)
    query = urlsplit(asking(client)).query

    shown = await server.browser().get(f"/?{query}", follow=False)

    assert shown.header("location") == f"/oauth2/authorize?{query}"


async def test_a_request_may_come_as_a_form_from_the_apps_own_site(server: Server) -> None:
    client = await registered(server)
    fields = {"response_type": "code", "client_id": client.id, "state": "s"}

    shown = await server.browser().post(
        "/oauth2/authorize", fields, follow=False, sec_fetch_site="cross-site", origin="https://app.example"
    )

    assert shown.status == 303
    assert shown.header("location") == f"/oauth2/authorize?{urlencode(fields)}"


async def test_the_policy_lets_the_form_lead_to_the_app_and_nowhere_else(server: Server) -> None:
    client = await registered(server)
    browser, _, _ = await with_sites(server)

    asked = await server.browser().get(asking(client))
    page = await browser.get(asking(client))

    for shown in (asked, page):
        assert "form-action 'self' https://app.example;" in shown.header("content-security-policy")


async def test_an_address_that_nobody_registered_is_shown_in_full(server: Server) -> None:
    client = await registered(server, redirect_uris=())
    browser, _, _ = await with_sites(server)

    page = await browser.get(asking(client, redirect_uri="http://192.168.1.9:8123/auth?flow=1"))

    assert "<code>http://192.168.1.9:8123/auth?flow=1</code>" in page.text
    assert "named this address itself" in page.text


async def test_what_an_app_says_of_itself_is_text_and_never_markup(server: Server) -> None:
    client = await registered(server, name='<img src=x onerror="alert(1)">')
    browser, _, _ = await with_sites(server)

    page = await browser.get(asking(client, state='"><script>'))

    assert "<img src=x" not in page.text
    assert "<script>" not in page.text


@pytest.mark.parametrize(("role", "may_allow"), [(Role.GUEST, False), (Role.MEMBER, True)])
async def test_nobody_gives_an_app_more_than_they_may_do_themselves(
    server: Server, role: Role, may_allow: bool
) -> None:
    client = await registered(server, "standard", scopes=("device.read", "device.control", "source.manage"))
    browser, account, _ = await with_sites(server)
    host = await server.person("host")
    _, text = await invite(server.ports, ACTOR, host.owner_id, role=role, invited_by=host.id)
    await join(server.ports, ACTOR, account, text)
    await browser.submit("/households", on="/households", owner=host.owner_id)

    page = await browser.get(asking(client, scope="device.read device.control source.manage"))
    shown = await answer(browser, page, scope=["device.read", "device.control", "source.manage"])

    grants = await granted(server, host)
    if may_allow:
        assert brought_back(shown)["code"]
        assert grants[0].scopes == ("device.control", "device.read")
    else:
        assert "As a guest" in page.text
        assert (shown.status, grants) == (422, [])


async def test_a_household_changed_in_another_tab_is_asked_about_anew(server: Server) -> None:
    client = await registered(server)
    browser, account, _ = await with_sites(server)
    host = await server.person("host")
    _, text = await invite(server.ports, ACTOR, host.owner_id, role=Role.OWNER, invited_by=host.id)
    await join(server.ports, ACTOR, account, text)
    page = await browser.get(asking(client))
    await browser.submit("/households", on="/households", owner=host.owner_id)

    shown = await answer(browser, page)

    assert shown.header("location").startswith("/oauth2/authorize?")
    assert await granted(server, account) == await granted(server, host) == []
