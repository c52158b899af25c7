"""Calls that a cloud allows, counted so that none is refused.

Calls are counted before they are made and on disk, so a crash forgets none. Spans slide: in no stretch
of a span's length are more calls made than it allows. Several sources may share a meter (one app).

History may use the least part of what is allowed, the present more, commands all of it: whatever is read,
some calls are always left for heating.
"""

from __future__ import annotations

import asyncio
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
GUARD_PART: Final = 20
MAX_GUARD_MS: Final = 5_000
"""A call may be counted there later than here: a span is taken longer by a twentieth, at most this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    calls: int
    span_ms: int

    @property
    def guarded_ms(self) -> int:
        return self.span_ms + min(self.span_ms // GUARD_PART, MAX_GUARD_MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Calls that are counted together, such as those of a user or of an app."""

    name: str
    allowances: tuple[Allowance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How full a span is."""

    meter: str
    calls: int
    allowed: int
    span_ms: int


@dataclass(slots=True)
class Quota:
    ports: Ports
    meters: Sequence[Meter]
    _taking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def take(self, share: float) -> int:
        """Counts a call and returns 0; or counts nothing and returns how many milliseconds to wait.

        A call that several meters count is, when the process dies in between or another process takes the
        last one, counted by some only: too many are counted, never too few.
        """
        async with self._taking:
            now_ms = self.ports.clock.now_ms()
            waits = [_wait_ms(meter, (await self._find(meter))[0], share, now_ms) for meter in self.meters]
            if max(waits, default=0) > 0:
                return max(waits)
            for meter in self.meters:
                wait_ms = await self._count(meter, share, now_ms)
                if wait_ms > 0:
                    return wait_ms
            return 0

    async def block(self, until_ms: int) -> None:
        """The cloud said that it answers nothing until then."""
        for meter in self.meters[:1]:
            while True:
                body, version = await self._find(meter)
                blocked = {**body, "blocked_ms": max(until_ms, body.get("blocked_ms", 0))}
                if await self._write(meter, blocked, version):
                    break

    async def uses(self) -> list[Use]:
        now_ms = self.ports.clock.now_ms()
        return [
            Use(
                meter=meter.name.partition(" ")[0],
                calls=sum(at_ms > now_ms - allowance.span_ms for at_ms in found[0].get("calls", ())),
                allowed=allowance.calls,
                span_ms=allowance.span_ms,
            )
            for meter in self.meters
            for found in [await self._find(meter)]
            for allowance in meter.allowances
        ]

    async def _find(self, meter: Meter) -> tuple[dict[str, Any], str]:
        found = await self.ports.directory.find(PARTITION, TABLE, _key(meter))
        return ({}, ABSENT) if found is None else (found.body, found.version)

    async def _count(self, meter: Meter, share: float, now_ms: int) -> int:
        longest_ms = max((allowance.guarded_ms for allowance in meter.allowances), default=0)
        while True:
            body, version = await self._find(meter)
            wait_ms = _wait_ms(meter, body, share, now_ms)
            if wait_ms > 0:
                return wait_ms
            calls = [made_ms for made_ms in body.get("calls", ()) if made_ms > now_ms - longest_ms]
            if await self._write(meter, {**body, "calls": [*calls, now_ms]}, version):
                return 0

    async def _write(self, meter: Meter, body: dict[str, Any], version: str) -> bool:
        """False when another process counted a call of the same app meanwhile."""
        put = Put(table=TABLE, key=_key(meter), body=body, expect=version)
        try:
            await write_surely(self.ports, PARTITION, [put], of="meter")
        except Conflict:
            return False
        return True


def _wait_ms(meter: Meter, body: dict[str, Any], share: float, now_ms: int) -> int:
    calls: list[int] = body.get("calls", [])
    blocked_ms: int = body.get("blocked_ms", 0)
    waits = [blocked_ms - now_ms]
    for allowance in meter.allowances:
        allowed = max(1, int(allowance.calls * share))
        if len(calls) >= allowed:
            waits.append(calls[-allowed] + allowance.guarded_ms - now_ms)
    return max(0, *waits)


def _key(meter: Meter) -> str:
    return blake2b(meter.name.encode(), digest_size=16).hexdigest()
