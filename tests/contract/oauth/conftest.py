"""Every test runs twice: over the reference store, and over one that now and then cannot say what
became of a write. Both let other tasks in at every operation."""

from __future__ import annotations

import os
import zlib

import pytest

from ownclimate.core.ports import Directory
from ownclimate.core.things import Account
from ownclimate.store.memory import MemoryDirectory
from ownclimate.store.partitioned_memory import PartitionedMemoryDirectory
from tests.contract.oauth.interleaving import InterleavedDirectory
from tests.contract.oauth.world import App, World
from tests.fakes import FakeClock, SeededEntropy

UNKNOWN_SHARE = 0.1
"""Of all writes: far more than any cluster, so that every write of every test is hit in some run, and few
enough that five attempts (`core.writes.ATTEMPTS`) find out: 10⁻⁵ of the writes would not."""
SEEDS = range(20) if os.environ.get("TEST_FULL") else range(1)


@pytest.fixture(params=["memory", *(f"partitioned-{seed}" for seed in SEEDS)])
def directory(request: pytest.FixtureRequest) -> Directory:
    kind, _, number = request.param.partition("-")
    seed = zlib.crc32(request.node.name.encode()) + int(number or 0)
    if kind == "memory":
        return InterleavedDirectory(MemoryDirectory(), seed)
    return InterleavedDirectory(PartitionedMemoryDirectory(seed, unknown_share=UNKNOWN_SHARE), seed)


@pytest.fixture
def world(directory: Directory, clock: FakeClock, entropy: SeededEntropy) -> World:
    return World.over(directory, clock, entropy)


@pytest.fixture
async def anna(world: World) -> Account:
    return await world.person("anna")


@pytest.fixture
async def ben(world: World) -> Account:
    return await world.person("ben")


@pytest.fixture
async def app(world: World, anna: Account) -> App:
    """A confidential client of the standard dialect."""
    return await world.app(anna)
