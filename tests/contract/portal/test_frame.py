"""What every page carries, and who may open which."""

from __future__ import annotations

import pytest

from ownclimate.portal.local_paths import local_path
from ownclimate.portal.pages import ROUTES
from ownclimate.portal.routes import Need, Route
from tests.contract.portal.browser import PASSWORD, Server
from tests.contract.portal.test_forms import path_of

SHOWING = [route for route in ROUTES if route.show is not None]
SIGNED_IN = [route for route in SHOWING if route.need is not Need.NOBODY]


@pytest.mark.parametrize("route", SHOWING, ids=lambda route: route.path)
async def test_no_page_can_be_framed_scripted_or_kept(server: Server, route: Route) -> None:
    browser = await server.signed_in("anna", is_admin=True)

    shown = await browser.get(path_of(route))

    policy = shown.header("content-security-policy")
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'")
    assert policy.endswith("frame-ancestors 'none'; base-uri 'none'")
    assert shown.header("x-frame-options") == "DENY"
    assert shown.header("x-content-type-options") == "nosniff"
    assert shown.header("referrer-policy") == "same-origin"
    assert shown.header("cache-control") == "no-store"
    assert "<script" not in shown.text
    assert " style=" not in shown.text


@pytest.mark.parametrize("route", SIGNED_IN, ids=lambda route: route.path)
async def test_a_page_for_people_leads_strangers_to_the_sign_in_page(server: Server, route: Route) -> None:
    shown = await server.browser().get(path_of(route), follow=False)

    assert shown.status == 303
    assert shown.header("location").startswith("/sign-in?next=/")


@pytest.mark.parametrize("path", ["/admin/users", "/admin/approvals"])
async def test_pages_for_administrators_are_closed_to_everybody_else(server: Server, path: str) -> None:
    browser = await server.signed_in("anna")

    shown = await browser.get(path)

    assert (shown.status, shown.title) == (403, "Not allowed")


async def test_an_unknown_path_gets_a_page_that_says_so(server: Server) -> None:
    shown = await server.browser().get("/nowhere/at/all")

    assert (shown.status, shown.title) == (404, "Nothing here")


async def test_a_method_that_is_not_possible_is_refused(server: Server) -> None:
    shown = await server.browser().post("/activity", {})

    assert (shown.status, shown.header("allow")) == (405, "GET, HEAD")


async def test_the_log_names_the_row_and_never_the_address(server: Server) -> None:
    browser = await server.signed_in("anna")

    await browser.get(f"/join/{'0' * 56}")
    await browser.get("/nowhere/at/all")

    assert server.entries[-2].route == "/join/{invite}"
    assert server.entries[-1].route == ""


async def test_the_style_sheet_may_be_kept_for_ever_under_its_digest(server: Server) -> None:
    page = await server.browser().get("/")
    path = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]

    sheet = await server.browser().get(path)
    stale = await server.browser().get("/static/000000000000/portal.css")

    assert (sheet.status, sheet.header("content-type")) == (200, "text/css; charset=utf-8")
    assert "immutable" in sheet.header("cache-control")
    assert stale.status == 404


LEADING_ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "javascript:alert(1)",
    "evil.example",
    " //evil.example",
    "/%09/x\x00",
    "/é",
    "",
]


@pytest.mark.parametrize("target", LEADING_ELSEWHERE)
async def test_signing_in_never_leads_to_another_server(server: Server, target: str) -> None:
    await server.person("anna")
    browser = server.browser()
    await browser.get("/sign-in")

    shown = await browser.submit(
        "/sign-in", email="anna@example.org", password=PASSWORD, next=target, follow=False
    )

    location = shown.header("location")
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
    assert "evil" not in location


@pytest.mark.parametrize(
    "path", ["/", "/clients/0123?x=1&y=%2F", "/oauth2/authorize?redirect_uri=https://a/"]
)
def test_paths_of_our_own_are_kept(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize("path", ["/sign-in", "/register"])
async def test_somebody_signed_in_is_led_no_further_astray_than_a_stranger(server: Server, path: str) -> None:
    browser = await server.signed_in("anna")

    shown = await browser.get(f"{path}?next=//evil.example/", follow=False)

    assert shown.header("location") == "/"
