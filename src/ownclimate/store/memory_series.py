"""The reference: a dictionary from (device, instant, quantity) to the winner, and no cleverness."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ownclimate.core.ids import DeviceNumber
from ownclimate.core.readings import Batch, Buckets, Interval, LatestValue, Recorded, Series, origin_kind
from ownclimate.store.batches import bounds, check_aggregation, check_batch, check_quantities
from ownclimate.store.buckets import Aggregator


@dataclass(frozen=True, slots=True, kw_only=True)
class _Winner:
    value: float
    origin: int
    arrived_ms: int
    generation: int

    def order(self) -> tuple[int, int, int, float, float, int]:
        # The sign tells -0.0 from 0.0, which compare as equal.
        sign = math.copysign(1.0, self.value)
        kind = int(origin_kind(self.origin))
        return kind, self.arrived_ms, self.generation, self.value, sign, self.origin


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tombstone:
    start_ms: int
    end_ms: int
    origin: int | None

    def covers(self, at_ms: int, origin: int) -> bool:
        return self.start_ms <= at_ms < self.end_ms and self.origin in (None, origin)


@dataclass(slots=True)
class _Device:
    winners: dict[int, dict[str, _Winner]] = field(default_factory=dict)
    tombstones: list[_Tombstone] = field(default_factory=list)
    payloads: dict[bytes, int] = field(default_factory=dict)


class MemorySeries:
    """Implements `core.ports.SeriesStore`."""

    def __init__(self) -> None:
        self._devices: dict[DeviceNumber, _Device] = {}

    async def record(self, batches: Sequence[Batch]) -> Recorded:
        for batch in batches:
            check_batch(batch)
        stored = sum(self._record(batch) for batch in batches)
        return Recorded(stored=stored, unchanged=sum(len(b.times_ms) for b in batches) - stored)

    async def read(
        self,
        device: DeviceNumber,
        interval: Interval = Interval(),
        quantities: Sequence[str] | None = None,
        *,
        limit: int | None = None,
        newest: bool = False,
    ) -> Series:
        check_quantities(quantities or ())
        start_ms, end_ms = bounds(interval)
        winners = self._devices[device].winners if device in self._devices else {}
        rows = {
            at_ms: {name: winner.value for name, winner in winners[at_ms].items()}
            for at_ms in sorted(winners)
            if start_ms <= at_ms < end_ms
        }
        if quantities is not None:
            rows = {at_ms: row for at_ms, row in rows.items() if any(name in row for name in quantities)}
        kept = list(rows)
        if limit is not None:
            kept = kept[max(len(kept) - limit, 0) :] if newest else kept[:limit]
        if quantities is None:
            quantities = sorted({name for at_ms in kept for name in rows[at_ms]})
        return Series(
            times_ms=np.array(kept, np.int64),
            columns={
                name: np.array([rows[at_ms].get(name, math.nan) for at_ms in kept], np.float64)
                for name in quantities
            },
        )

    async def aggregate(
        self,
        device: DeviceNumber,
        quantities: Sequence[str],
        interval: Interval,
        step: str,
        zone: str,
        functions: Sequence[str],
    ) -> Buckets:
        check_aggregation(step, zone, functions)
        series = await self.read(device, interval, quantities)
        aggregator = Aggregator(quantities, functions, step, zone)
        aggregator.add(series.times_ms, series.columns)
        return aggregator.result()

    async def latest(self, devices: Sequence[DeviceNumber]) -> dict[DeviceNumber, dict[str, LatestValue]]:
        found: dict[DeviceNumber, dict[str, LatestValue]] = {}
        for device in devices:
            winners = self._devices[device].winners if device in self._devices else {}
            newest: dict[str, LatestValue] = {}
            for at_ms in sorted(winners):
                for name, winner in winners[at_ms].items():
                    newest[name] = LatestValue(
                        at_ms=at_ms, value=winner.value, origin=winner.origin, arrived_ms=winner.arrived_ms
                    )
            if newest:
                found[device] = newest
        return found

    async def delete(
        self, device: DeviceNumber, interval: Interval, *, origin: int | None = None, now_ms: int
    ) -> None:
        start_ms, end_ms = bounds(interval)
        state = self._devices.setdefault(device, _Device())
        gone = _Tombstone(start_ms=start_ms, end_ms=end_ms, origin=origin)
        for at_ms, row in list(state.winners.items()):
            kept = {name: winner for name, winner in row.items() if not gone.covers(at_ms, winner.origin)}
            if kept:
                state.winners[at_ms] = kept
            else:
                del state.winners[at_ms]
        state.tombstones.append(_Tombstone(start_ms=start_ms, end_ms=min(end_ms, now_ms + 1), origin=origin))

    def _record(self, batch: Batch) -> int:
        state = self._devices.setdefault(batch.device, _Device())
        arrived_ms = batch.arrived_ms
        if batch.payload is not None:
            arrived_ms = state.payloads.setdefault(batch.payload, arrived_ms)
        # A row counts as stored when one of its values is the winner afterwards and was not there before.
        before: dict[tuple[int, str], str] = {}
        changed: dict[tuple[int, str], int] = {}
        for number, at_ms in enumerate(batch.times_ms.tolist()):
            if any(gone.covers(at_ms, batch.origin) for gone in state.tombstones):
                continue
            for name, column in batch.columns.items():
                value = float(column[number])
                if math.isnan(value):
                    continue
                winner = _Winner(
                    value=value, origin=batch.origin, arrived_ms=arrived_ms, generation=batch.generation
                )
                row = state.winners.setdefault(at_ms, {})
                if name not in row or row[name].order() < winner.order():
                    before.setdefault((at_ms, name), repr(row[name].value) if name in row else "")
                    row[name] = winner
                    changed[at_ms, name] = number
        # Told apart by `repr`, since 0.0 equals -0.0.
        stored = (
            number
            for (at_ms, name), number in changed.items()
            if repr(state.winners[at_ms][name].value) != before[at_ms, name]
        )
        return len(set(stored))
