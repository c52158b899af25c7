"""The test store misbehaves as promised: often enough, both ways, and the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ownclimate.core.errors import OutcomeUnknown
from ownclimate.core.ids import DeviceNumber
from ownclimate.core.ports import Put
from ownclimate.core.readings import Batch, OriginKind, Recorded, origin_number
from ownclimate.store.memory_series import MemorySeries
from ownclimate.store.partitioned_memory import PartitionedMemoryDirectory, PartitionedSeries


async def outcomes(seed: int, count: int = 400) -> list[tuple[bool, bool]]:
    """Of each write: whether it was acknowledged, and whether it landed."""
    directory = PartitionedMemoryDirectory(seed)
    seen = []
    for number in range(count):
        acknowledged = True
        try:
            await directory.write("o", [Put(table="t", key=str(number), body={})], "v")
        except OutcomeUnknown:
            acknowledged = False
        seen.append((acknowledged, await directory.find("o", "t", str(number)) is not None))
    return seen


async def test_unknown_outcomes_have_landed_or_not() -> None:
    seen = await outcomes(1)

    assert set(seen) == {(True, True), (False, True), (False, False)}
    assert sum(acknowledged for acknowledged, _ in seen) > 350


async def test_the_same_seed_misbehaves_the_same() -> None:
    assert await outcomes(1) == await outcomes(1) != await outcomes(2)


class ListeningSeries(MemorySeries):
    """Notes what is delivered to it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[list[Batch]] = []

    async def record(self, batches: Sequence[Batch]) -> Recorded:
        self.calls.append(list(batches))
        return await super().record(batches)


async def test_readings_arrive_twice_in_pieces_and_in_another_order() -> None:
    times = 1_700_000_000_000 + np.arange(50) * 60_000
    batch = Batch(
        device=DeviceNumber(1),
        times_ms=times,
        columns={"temperature_c": np.arange(50.0)},
        origin=origin_number(0, OriginKind.DEVICE),
        arrived_ms=1,
    )
    inner = ListeningSeries()

    recorded = await PartitionedSeries(inner, seed=1).record([batch, batch])

    assert recorded == Recorded(stored=50, unchanged=50)
    for call in inner.calls:
        delivered = np.concatenate([piece.times_ms for piece in call])
        assert len(call) > 2
        assert sorted(delivered.tolist()) == sorted([*times.tolist(), *times.tolist()])
        assert delivered.tolist() != sorted(delivered.tolist())
    assert len(inner.calls) == 2
    series = await inner.read(DeviceNumber(1))
    assert series.columns["temperature_c"].tolist() == list(range(50))
