from __future__ import annotations

import pytest

from ownclimate.store.memory import MemoryDirectory
from tests.contract.portal.browser import Server
from tests.fakes import FakeClock, SeededEntropy


@pytest.fixture
def directory() -> MemoryDirectory:
    return MemoryDirectory()


@pytest.fixture
def server(directory: MemoryDirectory, clock: FakeClock, entropy: SeededEntropy) -> Server:
    return Server.over(directory, clock, entropy)
