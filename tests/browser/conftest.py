"""Opt-in: `make browser`. The real command on a free port and a real browser."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import launched
from tests.fakes.server import Server

SWITCH = "OWNCLIMATE_BROWSER_TESTS"


SHOTS = Path(
    os.environ.get("OWNCLIMATE_SCREENSHOTS") or Path(tempfile.gettempdir()) / "ownclimate-screenshots"
)
"""Where screenshots go, to be looked at."""
collect_ignore_glob = [] if os.environ.get(SWITCH) else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"screenshots: {SHOTS}")


@dataclass(frozen=True)
class Demo:
    """A running server with a demo household, whose owner also administers the server."""

    server: Server
    email: str
    password: str

    @property
    def url(self) -> str:
        return self.server.url


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    data = tmp_path_factory.mktemp("browser") / "data"
    with Server.start(data, "--demo") as server:
        access = json.loads((data / "demo.json").read_text())
        yield Demo(server, access["email"], access["password"])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture(scope="session")
def shots() -> Path:
    SHOTS.mkdir(parents=True, exist_ok=True)
    return SHOTS
