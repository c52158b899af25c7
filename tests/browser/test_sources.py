"""Connecting a cloud by signing in there: two servers on loopback, the demo's as the vendor's cloud."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.chromium import LOOKS, Look, overflow_px, violations
from tests.browser.conftest import SHOTS, Demo
from tests.browser.test_code_flow import open_menu, sign_in
from tests.fakes.server import COMMAND, Server, environment

EMAIL = "ada@example.org"
PASSWORD = "correct horse battery"
COLLECTED_MS = 120_000
"""Within the limits as they are: a day of twenty devices takes some seconds of waiting."""


@dataclass(frozen=True)
class Household:
    """A server whose owner administers it, under another name than the cloud's: cookies know no ports."""

    server: Server

    @property
    def url(self) -> str:
        return self.server.url.replace("127.0.0.1", "localhost")

    @property
    def redirect_uri(self) -> str:
        return f"{self.url}/sources/back"


@pytest.fixture(scope="module")
def household(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Household]:
    data = tmp_path_factory.mktemp("household") / "data"
    add = [*COMMAND, "--data", str(data), "user", "add", EMAIL, "--admin"]
    # Apart: the browser's event loop runs in this thread.
    subprocess.run(add, input=f"{PASSWORD}\n", text=True, check=True, env=environment())
    with Server.start(data) as server:
        yield Household(server)


@pytest.fixture(scope="module")
def app(demo: Demo, household: Household, browser: Browser) -> tuple[str, str]:
    """Made at the cloud, as its owner would."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{demo.url}/sign-in")
    sign_in(page, demo.email, demo.password)
    page.goto(f"{demo.url}/clients/new")
    page.get_by_label("Name").fill("My own server")
    page.locator("input[value=netatmo]").check()
    page.get_by_label("Redirect URIs").fill(household.redirect_uri)
    page.get_by_role("button", name="Create client").click()
    made = page.locator("#client-id").inner_text(), page.locator("#client-secret").inner_text()
    context.close()
    return made


def begin(page: Page, household: Household, demo: Demo, app: tuple[str, str], name: str) -> None:
    """As far as the cloud's own page."""
    page.goto(f"{household.url}/sign-in")
    sign_in(page, EMAIL, PASSWORD)
    open_menu(page, EMAIL, "Sources")
    page.get_by_role("link", name="Connect a cloud").first.click()
    page.get_by_role("link", name="Netatmo").click()
    assert page.locator("#redirect-uri").inner_text() == household.redirect_uri
    page.get_by_label("Client id").fill(app[0])
    page.get_by_label("Client secret").fill(app[1])
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Collect from").fill(f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}")
    page.get_by_label("Address of the cloud").fill(demo.url)
    page.get_by_role("button", name="Sign in at Netatmo").click()
    page.get_by_role("link", name="Go on to Netatmo").click()
    page.wait_for_url(re.compile(re.escape(demo.url)))


def allow(page: Page, demo: Demo, button: str = "Allow") -> None:
    sign_in(page, demo.email, demo.password)
    page.get_by_role("button", name=button, exact=True).click()


def test_not_allowing_is_told_and_connects_nothing_without_any_script(
    demo: Demo, household: Household, browser: Browser, app: tuple[str, str]
) -> None:
    """Before it is allowed for the first time: afterwards the cloud asks no more."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()

    begin(page, household, demo, app, "Refused")
    allow(page, demo, "Do not allow")

    page.wait_for_url(f"{household.url}/sources/back*")
    expect(
        page.get_by_text("Netatmo says that access was not allowed. Nothing was connected.")
    ).to_be_visible()
    page.goto(f"{household.url}/sources")
    assert page.get_by_text("Refused", exact=True).count() == 0
    context.close()


def test_an_account_is_connected_by_signing_in_and_its_bar_fills_before_ones_eyes(
    demo: Demo, household: Household, browser: Browser, app: tuple[str, str], shots: Path
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    loads: list[str] = []
    faults: list[str] = []
    begin(page, household, demo, app, "Holiday flat")
    page.on("load", lambda: loads.append(page.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    allow(page, demo)
    page.wait_for_url(f"{household.url}/sources/*")
    expect(page.get_by_text("Connected. Collecting begins")).to_be_visible()
    loaded = len(loads)
    page.screenshot(path=shots / "source-beginning.png", full_page=True)

    bar = page.get_by_role("progressbar", name="Known of the time since the oldest value")
    expect(bar).to_have_attribute("value", "100", timeout=COLLECTED_MS)
    expect(page.get_by_text("Up to date; asks again")).to_be_visible(timeout=COLLECTED_MS)

    assert len(loads) == loaded, "the page was never loaded anew"
    assert faults == []
    assert page.get_by_text("Missing:").count() == 0
    rows = page.locator("dt:text-is('Rows of history') + dd").inner_text()
    assert int(re.sub(r"\D", "", rows)) > 1_000
    assert page.locator("dt:text-is('Refused') + dd").inner_text() == "0"
    page.goto(household.url)
    assert page.get_by_role("link", name="Living room").first.is_visible()
    check_looks(household, browser, shots)
    check_that_all_of_it_goes(page, household)
    context.close()


def check_looks(household: Household, browser: Browser, shots: Path) -> None:
    """The pages of a source that works, and what leads away from it."""
    found = []
    for look in LOOKS:
        context = look.context(browser)
        page = signed_in(context, household)
        page.goto(f"{household.url}/sources")
        found += examined(page, shots, "sources", look)
        page.get_by_role("link", name="Holiday flat").click()
        found += examined(page, shots, "source", look)
        source = page.url
        for name in ("connect", "remove"):
            page.goto(f"{source}/{name}")
            found += examined(page, shots, f"source-{name}", look)
        page.get_by_label("Type its name to confirm").fill("no")
        page.get_by_role("button", name="Disconnect and remove the data").click()
        found += examined(page, shots, "source-remove-refused", look)
        context.close()
    assert found == []


def check_that_all_of_it_goes(page: Page, household: Household) -> None:
    page.goto(f"{household.url}/sources")
    page.get_by_role("link", name="Holiday flat").click()
    page.get_by_role("link", name="Disconnect").click()
    page.get_by_label("Type its name to confirm").fill("Holiday flat")
    page.get_by_role("button", name="Disconnect and remove the data").click()
    expect(page.get_by_role("heading", name="Holiday flat is gone")).to_be_visible()
    page.screenshot(path=SHOTS / "source-removed.png")
    page.goto(household.url)
    assert page.get_by_text("Nothing here yet").is_visible()


def signed_in(context: BrowserContext, household: Household) -> Page:
    page = context.new_page()
    page.goto(f"{household.url}/sign-in")
    sign_in(page, EMAIL, PASSWORD)
    return page


def examined(page: Page, shots: Path, name: str, look: Look) -> list[str]:
    page.screenshot(path=shots / f"{name}-{look}.png", full_page=True)
    wide = overflow_px(page)
    return violations(page) + ([f"{page.url} is {wide} px too wide"] if wide else [])


def test_forms_of_connecting_look_well(
    demo: Demo, household: Household, browser: Browser, app: tuple[str, str], shots: Path
) -> None:
    found = []
    for look in LOOKS:
        context = look.context(browser)
        page = signed_in(context, household)
        for name, path in (("choose", "connect"), ("form", "connect?cloud=netatmo"), ("back", "back")):
            page.goto(f"{household.url}/sources/{path}")
            found += examined(page, shots, f"source-{name}", look)
        page.goto(f"{household.url}/sources/connect?cloud=netatmo")
        page.get_by_label("Client id").fill("my-app")
        page.get_by_label("Client secret").fill("secret")
        page.get_by_role("button", name="Connect with what is pasted").click()
        found += examined(page, shots, "source-form-refused", look)
        page.get_by_label("Client secret").fill("secret")
        page.get_by_role("button", name="Sign in at Netatmo").click()
        found += examined(page, shots, "source-going", look)
        context.close()
    assert found == []
