"""Every page at phone and desktop width, light and dark: axe finds nothing, nothing is cut off.

Screenshots are written for people to look at; `make browser` prints where.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from ownclimate.portal.pages import ROUTES
from tests.browser.chromium import LOOKS, Look, overflow_px, violations
from tests.browser.conftest import Demo
from tests.browser.test_code_flow import sign_in


@dataclass(frozen=True)
class Furnished:
    """A session, and the path of every page with something on it."""

    signed_in: str
    pages: dict[str, str]


@pytest.fixture(scope="module")
def furnished(demo: Demo, browser: Browser) -> Furnished:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{demo.url}/sign-in")
    sign_in(page, demo.email, demo.password)
    clients = {}
    for name, dialect in (("Wetterbox", "netatmo"), ("Heating diary", "mclimate")):
        page.goto(f"{demo.url}/clients/new")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Description").fill("Keeps what the rooms were like.")
        page.locator(f"input[value={dialect}]").check()
        page.get_by_label("Redirect URIs").fill("https://app.example/back")
        page.get_by_role("button", name="Create client").click()
        clients[dialect] = page.locator("#client-id").inner_text()
    page.goto(f"{demo.url}/clients/{clients['netatmo']}")
    page.get_by_label("What the app needs it for").fill("To see whether the cat is in.")
    page.get_by_role("button", name="Ask for it").click()
    page.goto(f"{demo.url}/clients/{clients['netatmo']}/tokens")
    page.get_by_role("button", name="Generate tokens").click()
    page.goto(f"{demo.url}/members")
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("#link").inner_text()
    page.goto(f"{demo.url}/sources/connect?cloud=netatmo")
    for label, text in (
        ("Client id", "my-app"),
        ("Client secret", "hush"),
        ("Refresh token", "hush"),
        ("Address of the cloud", "http://127.0.0.1:9"),
    ):
        page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Connect with what is pasted").click()
    source = page.url.removeprefix(demo.url).partition("?")[0]
    asked = {
        dialect: urlencode({"client_id": client_id, "response_type": "code"})
        for dialect, client_id in clients.items()
    }
    pages = {route.path.strip("/") or "home": route.path for route in ROUTES if route.show is not None}
    for path in [path for path in pages.values() if "{source" in path]:
        pages[path.strip("/")] = path.replace("/sources/{source:hex24}", source)
    for path in ("/clients/{client}", "/clients/{client}/tokens"):
        pages[path.strip("/")] = path.replace("{client}", clients["netatmo"])
    page.goto(demo.url)
    for title in ("Living room AC", "Living room valve"):
        pages[title] = page.get_by_role("link", name=title).first.get_attribute("href") or ""
    del pages["devices/{device:hex24}"]
    pages["join"] = link.removeprefix(demo.url)
    del pages["join/{invite}"]
    pages |= {
        "consent-netatmo": f"/oauth2/authorize?{asked['netatmo']}&scope=read_station+read_homecoach",
        "consent-mclimate": f"/oauth2/authorize?{asked['mclimate']}",
        "oauth2/authorize": "/oauth2/authorize?client_id=unknown",
        "nowhere": "/nowhere",
    }
    session = _session(context)
    context.close()
    return Furnished(session, pages)


def _session(context: BrowserContext) -> str:
    return next(str(c.get("value")) for c in context.cookies() if c.get("name") == "ownclimate_session")


def _page(browser: Browser, demo: Demo, look: Look, session: str = "") -> Iterator[Page]:
    context = look.context(browser)
    if session:
        context.add_cookies([{"name": "ownclimate_session", "value": session, "url": demo.url}])
    yield context.new_page()
    context.close()


def _examined(page: Page, shots: Path, name: str, look: Look) -> list[str]:
    file = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    page.screenshot(path=shots / f"{file}-{look}.png", full_page=True)
    wide = overflow_px(page)
    return violations(page) + ([f"{page.url} is {wide} px too wide"] if wide else [])


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_pages_of_somebody_signed_in(
    demo: Demo, browser: Browser, furnished: Furnished, shots: Path, look: Look
) -> None:
    found = []
    for page in _page(browser, demo, look, furnished.signed_in):
        for name, path in furnished.pages.items():
            page.goto(f"{demo.url}{path}")
            found += _examined(page, shots, name, look)

    assert found == []


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_pages_of_a_stranger_and_their_complaints(
    demo: Demo, browser: Browser, shots: Path, look: Look
) -> None:
    found = []
    for page in _page(browser, demo, look):
        for name, path in (("welcome", "/"), ("sign-in", "/sign-in"), ("register", "/register")):
            page.goto(f"{demo.url}{path}")
            found += _examined(page, shots, name, look)
        page.goto(f"{demo.url}/sign-in")
        sign_in(page, f"nobody-{look}@example.org", "surely not this one")
        found += _examined(page, shots, "sign-in-failed", look)

    assert found == []


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_menu_and_what_is_shown_once(
    demo: Demo, browser: Browser, furnished: Furnished, shots: Path, look: Look
) -> None:
    found = []
    for page in _page(browser, demo, look, furnished.signed_in):
        page.goto(demo.url)
        page.locator("details.menu > summary").click()
        found += _examined(page, shots, "menu", look)
        page.goto(f"{demo.url}/tokens")
        page.get_by_label("What it is for").fill(f"script {look}")
        page.get_by_role("button", name="Create token").click()
        found += _examined(page, shots, "token-made", look)
        page.goto(f"{demo.url}/device-keys")
        page.get_by_label("What sends with it").fill(f"mast {look}")
        page.get_by_role("button", name="Create key").click()
        found += _examined(page, shots, "device-key-made", look)
        page.goto(f"{demo.url}/members")
        page.get_by_role("button", name="Make a link").click()
        found += _examined(page, shots, "member-invited", look)
        page.goto(f"{demo.url}/clients/new")
        page.get_by_label("Name").fill(f"Made {look}")
        page.get_by_role("button", name="Create client").click()
        found += _examined(page, shots, "client-made", look)
        page.goto(f"{demo.url}/clients/new")
        page.get_by_label("Name").fill("Wrong")
        page.get_by_label("Redirect URIs").fill("javascript:alert(1)")
        page.get_by_role("button", name="Create client").click()
        found += _examined(page, shots, "client-refused", look)

    assert found == []


def test_the_judge_finds_what_is_wrong(browser: Browser) -> None:
    """Without this, an axe that judges nothing would pass every page."""
    page = browser.new_page()
    page.set_content('<img src="x"><input><p style="color:#bbb;background:#fff">faint</p>')

    found = " ".join(violations(page))

    for rule in ("image-alt", "label", "color-contrast", "html-has-lang"):
        assert rule in found
    page.close()


def test_everything_can_be_reached_and_seen_by_keyboard(
    demo: Demo, browser: Browser, furnished: Furnished
) -> None:
    for page in _page(browser, demo, LOOKS[0], furnished.signed_in):
        page.goto(demo.url)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.get_by_role("link", name="Connected apps").is_visible()
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
