"""Nobody else may submit our forms: CSRF over every row of the table of pages."""

from __future__ import annotations

import pytest

from ownclimate.core.ports import Directory
from ownclimate.portal.pages import ROUTES
from ownclimate.portal.routes import Route
from tests.contract.portal.browser import PASSWORD, Server, everything_in

ID = "0123456789abcdef01234567"
TAKING = [route for route in ROUTES if route.submit is not None and not route.is_open]


def path_of(route: Route) -> str:
    """The route's path with an id in the place of each parameter."""
    return "/".join(ID if part.startswith("{") else part for part in route.path.split("/"))


@pytest.mark.parametrize("route", TAKING, ids=lambda route: route.path)
async def test_every_form_is_refused_without_its_token(
    server: Server, directory: Directory, route: Route
) -> None:
    browser = await server.signed_in("anna", is_admin=True)
    before = everything_in(directory)

    shown = await browser.post(path_of(route), {"email": "x@example.org", "password": PASSWORD})

    assert (shown.status, "no longer valid" in shown.text) == (403, True)
    assert everything_in(directory) == before, "nothing was written"


@pytest.mark.parametrize("route", TAKING, ids=lambda route: route.path)
async def test_every_form_is_refused_with_somebody_elses_token(server: Server, route: Route) -> None:
    mallory = await server.signed_in("mallory")
    browser = await server.signed_in("anna", is_admin=True)
    theirs = (await mallory.get("/account")).csrf

    shown = await browser.post(path_of(route), {"csrf": theirs})

    assert shown.status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
    ids=["cross-site", "same-site", "another origin", "an opaque origin"],
)
async def test_a_form_that_another_site_sent_is_refused_even_with_the_token(
    server: Server, headers: dict[str, str]
) -> None:
    browser = await server.signed_in("anna")
    token = (await browser.get("/account")).csrf

    shown = await browser.post("/sign-out", {"csrf": token}, **headers)

    assert (shown.status, "came from another site" in shown.text) == (403, True)


async def test_a_form_of_our_own_says_so_and_is_taken(server: Server) -> None:
    for headers in ({"sec_fetch_site": "same-origin"}, {"origin": "http://climate.test"}):
        browser = await server.signed_in(f"anna{len(headers)}{'origin' in headers}")
        token = (await browser.get("/account")).csrf

        shown = await browser.post("/sign-out", {"csrf": token}, follow=False, **headers)

        assert shown.status == 303


async def test_signing_in_needs_the_token_of_the_browser_that_saw_the_form(server: Server) -> None:
    """Login CSRF: a page elsewhere signs the victim in to the attacker's account."""
    await server.person("mallory")
    attacker, victim = server.browser(), server.browser()
    token = (await attacker.get("/sign-in")).csrf

    shown = await victim.post(
        "/sign-in", {"csrf": token, "email": "mallory@example.org", "password": PASSWORD}
    )

    assert shown.status == 403
    assert "ownclimate_session" not in victim.cookies


async def test_a_form_that_is_too_large_or_no_form_is_refused(server: Server) -> None:
    browser = await server.signed_in("anna")
    page = await browser.get("/account")

    large = await browser.post("/account", {"csrf": page.csrf, "first_name": "x" * 70_000})
    other = await browser.post("/account", {"csrf": page.csrf}, content_type="text/plain")

    assert (large.status, other.status) == (413, 415)
