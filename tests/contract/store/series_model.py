"""A second opinion on `SeriesStore`: plain Python, loops and datetime, nothing of the code under test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from ownclimate.core.readings import Batch, Interval

Key = tuple[int, int, str]
"""Device, instant, quantity."""
Rival = tuple[int, int, int, float, float, int]
"""Rank, arrival, generation, value, sign, origin: the greatest wins."""


@dataclass
class NaiveSeries:
    winners: dict[Key, Rival] = field(default_factory=dict)
    payloads: dict[tuple[int, bytes], int] = field(default_factory=dict)
    graves: list[tuple[int, int | None, int | None, int, int | None]] = field(default_factory=list)

    def record(self, batch: Batch) -> None:
        arrived_ms = batch.arrived_ms
        if batch.payload is not None:
            arrived_ms = self.payloads.setdefault((batch.device, batch.payload), arrived_ms)
        for name, column in batch.columns.items():
            for at_ms, value in zip(batch.times_ms.tolist(), column.tolist(), strict=True):
                if math.isnan(value) or self._is_buried(batch.device, at_ms, batch.origin):
                    continue
                rival = (
                    batch.origin % 4,
                    arrived_ms,
                    batch.generation,
                    value,
                    math.copysign(1, value),
                    batch.origin,
                )
                key = (batch.device, at_ms, name)
                self.winners[key] = max(self.winners.get(key, rival), rival)

    def delete(self, device: int, interval: Interval, origin: int | None, now_ms: int) -> None:
        for key, rival in list(self.winners.items()):
            inside = key[0] == device and _is_inside(key[1], interval.start_ms, interval.end_ms)
            if inside and origin in (None, rival[5]):
                del self.winners[key]
        self.graves.append((device, interval.start_ms, interval.end_ms, now_ms, origin))

    def rows(self, device: int, interval: Interval = Interval()) -> dict[int, dict[str, float]]:
        found: dict[int, dict[str, float]] = {}
        for (owner, at_ms, name), rival in sorted(self.winners.items()):
            if owner == device and _is_inside(at_ms, interval.start_ms, interval.end_ms):
                found.setdefault(at_ms, {})[name] = rival[3]
        return found

    def latest(self, device: int) -> dict[str, tuple[int, float, int, int]]:
        return {
            name: (at_ms, rival[3], rival[5], rival[1])
            for (owner, at_ms, name), rival in sorted(self.winners.items())
            if owner == device
        }

    def _is_buried(self, device: int, at_ms: int, origin: int) -> bool:
        return any(
            owner == device and _is_inside(at_ms, start, end) and at_ms <= now and whose in (None, origin)
            for owner, start, end, now, whose in self.graves
        )


def aggregate(
    rows: dict[int, dict[str, float]], quantity: str, step: str, zone: str
) -> dict[int, dict[str, float]]:
    """Every function over every bucket that has a value of the quantity."""
    buckets: dict[int, list[tuple[int, float]]] = {}
    for at_ms, row in sorted(rows.items()):
        if quantity in row:
            buckets.setdefault(bucket_start(at_ms, step, zone), []).append((at_ms, row[quantity]))
    return {start: _functions(sorted(pairs)) for start, pairs in buckets.items()}


def bucket_start(at_ms: int, step: str, zone: str) -> int:
    place = ZoneInfo(zone)
    if step in ("5min", "30min", "1h"):
        minutes = {"5min": 5, "30min": 30, "1h": 60}[step]
        offset_ms = _offset_ms(at_ms, place)
        return (at_ms + offset_ms) // (minutes * 60_000) * (minutes * 60_000) - offset_ms
    # Walk the wall-clock edges around the instant; the bucket begins with the last edge not after it.
    wall = _wall(at_ms, place)
    edges = [_first_instant(edge, place) for edge in _edges_around(wall, step)]
    return max(edge for edge in edges if edge <= at_ms)


def _edges_around(wall: datetime, step: str) -> Sequence[datetime]:
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    if step == "1month":
        first = midnight.replace(day=1)
        return [
            (first - timedelta(days=1)).replace(day=1),
            first,
            (first + timedelta(days=32)).replace(day=1),
        ]
    if step == "1week":
        monday = midnight - timedelta(days=midnight.weekday())
        return [monday + timedelta(days=days) for days in (-7, 0, 7)]
    hours = {"3h": 3, "6h": 6, "1day": 24}[step]
    return [midnight + timedelta(hours=hour) for hour in range(-24, 25, hours)]


@lru_cache(maxsize=100_000)
def _first_instant(edge: datetime, place: ZoneInfo) -> int:
    """The first instant at which the wall clock shows the edge or later, by trying every offset near."""
    guess = _epoch_ms(edge.replace(tzinfo=UTC))
    low, high = guess - 30 * 3_600_000, guess + 30 * 3_600_000
    # Minutes suffice for zones that change on whole minutes, which those under test do.
    candidates = sorted(
        {guess - _offset_ms(at, place) for at in (low, high)} | set(_changes(low, high, place))
    )
    return next(at for at in candidates if _wall(at, place) >= edge)


def _changes(low_ms: int, high_ms: int, place: ZoneInfo) -> list[int]:
    """Every change of offset, to the minute; no zone under test changes twice within six hours."""
    stride_ms = 6 * 3_600_000
    found = []
    for at_ms in range(low_ms // 60_000 * 60_000, high_ms, stride_ms):
        if _offset_ms(at_ms, place) != _offset_ms(at_ms + stride_ms, place):
            exact = at_ms
            while _offset_ms(exact, place) != _offset_ms(at_ms + stride_ms, place):
                exact += 60_000
            found.append(exact)
    return found


def _functions(pairs: list[tuple[int, float]]) -> dict[str, float]:
    values = [value for _, value in pairs]
    directions = [math.radians(value) for value in values if value >= 0]
    y = math.fsum(math.sin(angle) for angle in directions)
    x = math.fsum(math.cos(angle) for angle in directions)
    return {
        "mean": math.fsum(values) / len(values),
        "min": min(values),
        "max": max(values),
        "sum": math.fsum(values),
        "count": len(values),
        "first": values[0],
        "last": values[-1],
        "min_at": min(at_ms for at_ms, value in pairs if value == min(values)),
        "max_at": min(at_ms for at_ms, value in pairs if value == max(values)),
        "circular_mean": math.degrees(math.atan2(y, x)) % 360 if directions else math.nan,
    }


def _is_inside(at_ms: int, start_ms: int | None, end_ms: int | None) -> bool:
    return (start_ms is None or start_ms <= at_ms) and (end_ms is None or at_ms < end_ms)


def _wall(at_ms: int, place: ZoneInfo) -> datetime:
    aware = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
    return aware.astimezone(place).replace(tzinfo=None)


def _offset_ms(at_ms: int, place: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(at_ms // 1000, place).utcoffset()
    assert offset is not None
    return int(offset.total_seconds() * 1000)


def _epoch_ms(aware: datetime) -> int:
    return round(aware.timestamp() * 1000)
