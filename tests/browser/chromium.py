"""Headless Chromium as Debian ships it, and the rules for telling what a page does wrong."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")


@contextmanager
def launched() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "no chromium on this machine: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass(frozen=True)
class Look:
    """One way of looking at a page: its width and colour scheme."""

    width: int
    scheme: str

    def context(self, browser: Browser, **more: Any) -> BrowserContext:
        """axe is put in by the test, which the page's own policy would forbid."""
        viewport = {"width": self.width, "height": 844}
        return browser.new_context(viewport=viewport, color_scheme=self.scheme, bypass_csp=True, **more)  # type: ignore[arg-type]

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}"


LOOKS = [Look(width, scheme) for width in WIDTHS for scheme in SCHEMES]


def violations(page: Page) -> list[str]:
    """What axe finds, a line each."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("rules => axe.run(rules)", RULES)
    return [
        f"{page.url} {violation['id']}: {violation['help']}: {node['html'][:200]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def overflow_px(page: Page) -> int:
    """By how much the page is wider than the window."""
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return int(width)
