"""A heated home, and who keeps it as it is wanted."""

from __future__ import annotations

import pytest

from ownclimate.control.climate import ClimateKeeper
from tests.fakes.heated_home import HeatedHome
from tests.fakes.households import Households, memory_ports


@pytest.fixture
async def home(clock, entropy) -> HeatedHome:
    return await HeatedHome.build(Households(memory_ports(clock, entropy)))


@pytest.fixture
def keeper(home) -> ClimateKeeper:
    return ClimateKeeper(home.ports, "test")
