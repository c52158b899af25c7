"""Small environments that need not be durable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ownclimate.store.lmdb.environment import Environment

OpenEnvironment = Callable[..., Environment]


@pytest.fixture
def open_environment(tmp_path: Path) -> Iterator[OpenEnvironment]:
    """Opens an environment with the database `rows`; keyword arguments go to `Environment.open`."""
    opened: list[Environment] = []

    def open_one(**options: Any) -> Environment:
        settings = {"databases": ("rows",), "map_bytes": 32 << 20, "reserve_bytes": 0, "sync": False}
        opened.append(Environment.open(tmp_path / "environment", **(settings | options)))
        return opened[-1]

    yield open_one
    for environment in opened:
        environment.close()


@pytest.fixture
def environment(open_environment: OpenEnvironment) -> Environment:
    return open_environment()
