"""Calls that a cloud allows, counted so that none is refused.

Calls are counted before they are made and on disk, so a crash forgets none. Spans slide: in no stretch
of a span's length are more calls made than it allows. Several sources may share a meter (one app).

A cloud counts a call when it arrives there, which may be as late as its answer. So a call that has ended
counts from its end on, and a span is taken a little longer than it is told.

History may use the least part of what is allowed, the present more, commands all of it: whatever is read,
some calls are always left for heating.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

from ownclimate.core.errors import Conflict
from ownclimate.core.ports import ABSENT, Ports, Put
from ownclimate.core.writes import write_surely

PARTITION: Final = "cloud calls"
TABLE: Final = "meter"

RELAY_SHARE: Final = 1.0
"""Of what is allowed, for commands: reading leaves them a tenth that nothing else can use up."""
LIVE_SHARE: Final = 0.9
"""Of what is allowed, for topology, state and events."""
BACKLOG_SHARE: Final = 0.6
"""Of what is allowed, for history: reading the past never delays the present."""
GUARD_PART: Final = 16
"""A cloud that counts in slots forgets a call up to a slot later: a twentieth of the span is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    calls: int
    span_ms: int

    @property
    def guarded_ms(self) -> int:
        return self.span_ms + self.span_ms // GUARD_PART


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Calls that are counted together, such as those of a user or of an app."""

    name: str
    allowances: tuple[Allowance, ...]

    @property
    def key(self) -> str:
        return blake2b(self.name.encode(), digest_size=16).hexdigest()


def user_meter(source_id: str, allowances: tuple[Allowance, ...]) -> Meter:
    """What one account may."""
    return Meter(name=f"user {source_id}", allowances=allowances)


def app_meter(base_url: str, client_id: str, allowances: tuple[Allowance, ...], times: int = 1) -> Meter:
    """What all accounts of an app may together: so many `times` the allowances."""
    shared = tuple(Allowance(calls=times * each.calls, span_ms=each.span_ms) for each in allowances)
    return Meter(name=f"app {base_url} {client_id}", allowances=shared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How full a span is."""

    meter: str
    calls: int
    allowed: int
    span_ms: int


@dataclass(slots=True)
class Count:
    """What is written down of a meter: when its calls were made, ascending, and when that was written."""

    calls: list[int]
    blocked_ms: int
    """Until then the cloud answers nothing."""
    at_ms: int

    @classmethod
    def of_body(cls, body: dict[str, Any], now_ms: int) -> Count:
        """Where the clock was put back since, as if the last call was made now: that is the most that a
        wait for it can take, and nobody waits for hours that will not come."""
        ahead_ms = max(0, body.get("at_ms", 0) - now_ms)
        return cls(
            calls=[made_ms - ahead_ms for made_ms in body.get("calls", ())],
            blocked_ms=max(0, body.get("blocked_ms", 0) - ahead_ms),
            at_ms=body.get("at_ms", 0),
        )

    def to_body(self) -> dict[str, Any]:
        return {"calls": self.calls, "blocked_ms": self.blocked_ms, "at_ms": self.at_ms}

    def move(self, made_ms: int, ended_ms: int) -> None:
        """A call that has ended; nothing where it is forgotten."""
        place = bisect_left(self.calls, made_ms)
        if place < len(self.calls) and self.calls[place] == made_ms < ended_ms:
            del self.calls[place]
            insort(self.calls, ended_ms)

    def wait_ms(self, meter: Meter, share: float, now_ms: int) -> int:
        waits = [self.blocked_ms - now_ms]
        for allowance in meter.allowances:
            allowed = max(1, int(allowance.calls * share))
            if len(self.calls) >= allowed:
                waits.append(self.calls[-allowed] + allowance.guarded_ms - now_ms)
        return max(0, *waits)

    def forget(self, meter: Meter, now_ms: int) -> None:
        """What no span reaches back to."""
        longest_ms = max((allowance.guarded_ms for allowance in meter.allowances), default=0)
        self.calls = self.calls[bisect_left(self.calls, now_ms - longest_ms) :]


@dataclass(slots=True)
class Quota:
    ports: Ports
    meters: Sequence[Meter]
    made_ms: int = 0
    """When the last call was counted; read it right after `take`."""
    _ended: list[tuple[int, int]] = field(default_factory=list)
    """Calls that ended since the last was counted: when they were made and when they ended. To be written
    down with the next."""
    _taking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def take(self, share: float) -> int:
        """Counts a call with all meters and returns 0; or counts nothing and returns how many milliseconds
        to wait."""
        async with self._taking:
            while True:
                now_ms, ended = self.ports.clock.now_ms(), len(self._ended)
                found = [(meter, *await self._find(meter, now_ms)) for meter in self.meters]
                wait_ms = max((count.wait_ms(meter, share, now_ms) for meter, count, _ in found), default=0)
                if wait_ms > 0 and all(count.at_ms <= now_ms for _, count, _ in found):
                    return wait_ms
                for meter, count, _ in found:
                    count.forget(meter, now_ms)
                    if wait_ms == 0:
                        insort(count.calls, now_ms)
                if await self._write(found, now_ms):
                    del self._ended[:ended]
                    self.made_ms = now_ms
                    return wait_ms

    def end(self, made_ms: int) -> None:
        """The call that was counted then (`made_ms`) is over, answered or not."""
        ended_ms = self.ports.clock.now_ms()
        if ended_ms > made_ms:
            self._ended.append((made_ms, ended_ms))

    async def block(self, until_ms: int) -> None:
        """The cloud said that it answers nothing until then."""
        async with self._taking:
            for meter in self.meters[:1]:
                while True:
                    now_ms = self.ports.clock.now_ms()
                    count, version = await self._find(meter, now_ms)
                    count.blocked_ms = max(until_ms, count.blocked_ms)
                    if await self._write([(meter, count, version)], now_ms):
                        break

    async def uses(self) -> list[Use]:
        now_ms = self.ports.clock.now_ms()
        return [
            Use(
                meter=meter.name.partition(" ")[0],
                calls=sum(made_ms > now_ms - allowance.span_ms for made_ms in count.calls),
                allowed=allowance.calls,
                span_ms=allowance.span_ms,
            )
            for meter in self.meters
            for count, _ in [await self._find(meter, now_ms)]
            for allowance in meter.allowances
        ]

    async def _find(self, meter: Meter, now_ms: int) -> tuple[Count, str]:
        found = await self.ports.directory.find(PARTITION, TABLE, meter.key)
        body, version = ({}, ABSENT) if found is None else (found.body, found.version)
        count = Count.of_body(body, now_ms)
        for made_ms, ended_ms in self._ended:
            count.move(made_ms, ended_ms)
        return count, version

    async def _write(self, counts: Sequence[tuple[Meter, Count, str]], now_ms: int) -> bool:
        """All in one write. False when another process counted a call of the same app meanwhile."""
        puts = []
        for meter, count, version in counts:
            count.at_ms = now_ms
            puts.append(Put(table=TABLE, key=meter.key, body=count.to_body(), expect=version))
        try:
            await write_surely(self.ports, PARTITION, puts, of="meter")
        except Conflict:
            return False
        return True
