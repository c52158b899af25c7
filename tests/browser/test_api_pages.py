"""The API browser and the HAL browser after a real authorised call, without any other network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import LOOKS, Look, overflow_px, violations
from tests.browser.conftest import Demo


@contextmanager
def offline(browser: Browser, demo: Demo, look: Look) -> Iterator[Page]:
    """A page that can reach this server and nothing else, its policy in force; errors fail the test."""
    viewport = {"width": look.width, "height": 844}
    context = browser.new_context(viewport=viewport, color_scheme=look.scheme)  # type: ignore[arg-type]
    context.route(lambda url: not url.startswith((demo.url, "data:")), lambda route: route.abort())
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def token_of(demo: Demo) -> str:
    return str(json.loads((demo.server.data / "demo.json").read_text())["token"])


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_api_browser_authorises_and_calls(demo: Demo, browser: Browser, shots: Path, look: Look) -> None:
    with offline(browser, demo, look) as page:
        page.goto(f"{demo.url}/docs/smartbuildings/")
        page.get_by_role("button", name="Authorize").first.click()
        page.get_by_label("auth-bearer-value").fill(token_of(demo))
        page.get_by_role("button", name="Apply credentials").click()
        page.get_by_role("button", name="Close").click()
        page.locator("#operations-default-getThermostatIds").click()
        page.locator("#operations-default-getThermostatIds .execute").click()
        answer = page.locator("#operations-default-getThermostatIds .live-responses-table")
        answer.wait_for()

        assert "contentLocation" in answer.inner_text()
        assert token_of(demo) not in page.locator("body").inner_text()
        page.screenshot(path=shots / f"api-browser-{look}.png")
        assert overflow_px(page) == 0


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_hal_browser_follows_links(demo: Demo, browser: Browser, shots: Path, look: Look) -> None:
    with offline(browser, demo, look) as page:
        page.goto(f"{demo.url}/docs/hal/")
        page.get_by_label("Token").fill(token_of(demo))
        page.get_by_role("button", name="Go").click()
        page.get_by_role("link", name="/v1/users/me").click()
        page.get_by_text("GET /v1/users/me → 200").wait_for()
        page.get_by_label("Address", exact=True).fill("/v1/controllers?limit=3")
        page.get_by_role("button", name="Go").click()
        page.get_by_text("→ 200").wait_for()
        page.locator("#embedded details").first.click()

        assert page.locator("#embedded details").count() == 3
        page.screenshot(path=shots / f"hal-browser-{look}.png", full_page=True)
        assert overflow_px(page) == 0


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_other_pages_are_sound(demo: Demo, browser: Browser, shots: Path, look: Look) -> None:
    context = look.context(browser, java_script_enabled=True)
    page = context.new_page()
    found = []
    for name, path in (("docs", "/docs/"), ("hal", "/docs/hal/")):
        page.goto(f"{demo.url}{path}")
        page.screenshot(path=shots / f"{name}-{look}.png", full_page=True)
        found += violations(page)
        assert overflow_px(page) == 0
    context.close()

    assert found == []
