"""Every test runs twice: over the reference store, and over one that now and then cannot say what
became of a write."""

from __future__ import annotations

import os
import zlib

import pytest

from ownclimate.core.ports import Directory
from ownclimate.store.memory import MemoryDirectory
from ownclimate.store.partitioned_memory import PartitionedMemoryDirectory
from tests.contract.portal.browser import Server
from tests.fakes import FakeClock, SeededEntropy

UNKNOWN_SHARE = 0.1
"""Of all writes: far more than any cluster, so that every write of every test is hit in some run."""
SEEDS = range(10) if os.environ.get("TEST_FULL") else range(1)


@pytest.fixture(params=["memory", *(f"partitioned-{seed}" for seed in SEEDS)])
def directory(request: pytest.FixtureRequest) -> Directory:
    kind, _, number = request.param.partition("-")
    if kind == "memory":
        return MemoryDirectory()
    seed = zlib.crc32(request.node.name.encode()) + int(number)
    return PartitionedMemoryDirectory(seed, unknown_share=UNKNOWN_SHARE)


@pytest.fixture
def server(directory: Directory, clock: FakeClock, entropy: SeededEntropy) -> Server:
    return Server.over(directory, clock, entropy)
