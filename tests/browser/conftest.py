"""Opt-in: `make browser`. The real command on a free port and a real browser."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import launched
from tests.fakes.server import Server, run

SWITCH = "OWNCLIMATE_BROWSER_TESTS"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not os.environ.get(SWITCH):
        here = Path(__file__).parent
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="browser tests run with `make browser`"))


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
def admin(demo: Demo) -> tuple[str, str]:
    run(demo.server.data, "user", "add", "root@example.org", "--admin", stdin="the operator's own\n")
    return "root@example.org", "the operator's own"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture(scope="session")
def shots() -> Path:
    """Where screenshots go, to be looked at."""
    folder = Path(os.environ.get("OWNCLIMATE_SCREENSHOTS", "/tmp/ownclimate-screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
