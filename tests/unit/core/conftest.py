"""A store that loses power: what core's use cases promise must hold whichever write was the last."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ownclimate.core.ports import Change, Ports
from ownclimate.core.readings import Arrivals
from ownclimate.store.memory import MemoryDirectory, MemoryRawArchive
from ownclimate.store.memory_series import MemorySeries


class PowerCut(BaseException):
    """Not an Exception: nothing may catch it and go on."""


class FailingDirectory(MemoryDirectory):
    """Cuts the power instead of doing write number `cut_at` (counted from 1); 0 never does."""

    def __init__(self) -> None:
        super().__init__()
        self.cut_at = 0
        self.writes = 0

    async def write(self, partition: str, changes: Sequence[Change], version: str) -> None:
        self.writes += 1
        if self.writes == self.cut_at:
            raise PowerCut
        await super().write(partition, changes, version)


@pytest.fixture
def directory() -> FailingDirectory:
    return FailingDirectory()


@pytest.fixture
def ports(directory, clock, entropy) -> Ports:
    return Ports(
        directory=directory,
        series=MemorySeries(),
        raw=MemoryRawArchive(),
        clock=clock,
        entropy=entropy,
        arrivals=Arrivals(clock),
    )
