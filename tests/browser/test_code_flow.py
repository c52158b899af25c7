"""From nothing to a connected app and back, as a person and a developer go through it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Demo
from tests.browser.third_party import ThirdPartyApp

DEVELOPER = "developer@example.org"
PASSWORD = "four words in a row"


def sign_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def open_menu(page: Page, email: str, entry: str) -> None:
    page.locator("summary", has_text=email).click()
    page.get_by_role("link", name=entry, exact=True).click()


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """oauthlib insists on https; this server is on the loopback."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def test_an_app_gets_one_of_two_sites_until_it_is_disconnected(demo: Demo, browser: Browser) -> None:
    with ThirdPartyApp() as app:
        client_id, secret = _register_client(browser, demo, app.redirect_uri)
        app.register(client_id, secret)

        context = browser.new_context()
        page = context.new_page()
        page.goto(app.authorize_url(demo.url))
        sign_in(page, demo.email, demo.password)
        assert page.get_by_role("heading", name="Window dashboard asks for access").is_visible()
        page.get_by_label("Demo offices").uncheck()
        page.get_by_role("button", name="Allow", exact=True).click()
        page.wait_for_url(f"{app.redirect_uri}?*")

        app.fetch_token(demo.url)
        controllers = app.session.get(f"{demo.url}/v1/controllers").json()
        named = {c["name"] for c in controllers["_embedded"]["controller"]}
        assert "Bedroom valve" in named
        assert not any("office" in name.lower() for name in named), "the site that was left out is absent"

        page.goto(demo.url)
        open_menu(page, demo.email, "Connected apps")
        assert page.get_by_text("Demo home").is_visible()
        page.get_by_role("button", name="Disconnect").click()
        assert page.get_by_text("Disconnected.").is_visible()

        assert app.session.get(f"{demo.url}/v1/controllers").status_code == 401
        context.close()


def test_not_allowing_tells_the_app_so(demo: Demo, browser: Browser) -> None:
    with ThirdPartyApp() as app:
        client_id, secret = _register_client(browser, demo, app.redirect_uri, "second@example.org")
        app.register(client_id, secret)
        context = browser.new_context()
        page = context.new_page()

        page.goto(app.authorize_url(demo.url))
        sign_in(page, demo.email, demo.password)
        page.get_by_role("button", name="Do not allow").click()
        page.wait_for_url(f"{app.redirect_uri}?*")

        assert "error=access_denied" in app.came_back
        context.close()


def test_going_through_again_needs_no_second_consent_and_no_script(demo: Demo, browser: Browser) -> None:
    """The form of the sign-in page leads through our redirect to the app's: the policy must allow it."""
    with ThirdPartyApp() as app:
        client_id, secret = _register_client(browser, demo, app.redirect_uri, "third@example.org")
        app.register(client_id, secret)
        for attempt in range(2):
            context = browser.new_context(java_script_enabled=False)
            page = context.new_page()
            page.goto(app.authorize_url(demo.url))
            sign_in(page, demo.email, demo.password)
            if attempt == 0:
                page.get_by_role("button", name="Allow", exact=True).click()
            page.wait_for_url(f"{app.redirect_uri}?*")
            app.fetch_token(demo.url)
            context.close()

        assert app.session.get(f"{demo.url}/v1/controllers").status_code == 200


def _register_client(
    browser: Browser, demo: Demo, redirect_uri: str, email: str = DEVELOPER
) -> tuple[str, str]:
    """A new person makes an account and a client, by the menu at the upper right."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(demo.url)
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    open_menu(page, email, "Clients")
    page.get_by_role("link", name="New client").click()
    page.get_by_label("Name").fill("Window dashboard")
    page.get_by_label("Description").fill("Shows when to open the windows.")
    page.get_by_label("Support address").fill("https://dashboard.example/help")
    page.get_by_label("MClimate").check()
    page.get_by_label("Redirect URIs").fill(redirect_uri)
    page.get_by_role("button", name="Create client").click()
    found = page.locator("#client-id").inner_text(), page.locator("#client-secret").inner_text()
    context.close()
    return found
