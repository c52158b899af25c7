"""The clock that a process runs by: the machine's, or for trials one that starts elsewhere and runs fast."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from ownclimate.config import Settings
from ownclimate.core.errors import InvalidInput
from ownclimate.core.ids import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class TrialClock:
    """Shows `start_ms` when it is made and from then on runs `speed` times as fast as time does."""

    def __init__(self, start_ms: int, speed: int) -> None:
        self._start_ms = start_ms
        self._speed = speed
        self._made_ns = time.monotonic_ns()

    def now_ms(self) -> int:
        return self._start_ms + (time.monotonic_ns() - self._made_ns) * self._speed // 1_000_000


def clock_of(settings: Settings) -> Clock:
    """The process's one clock by these settings. Raises InvalidInput for a start that is no instant."""
    if not settings.clock_start and settings.clock_speed == 1:
        return SystemClock()
    return _trial_clock(settings.clock_start, settings.clock_speed)


def sleep_of(settings: Settings) -> Callable[[float], Awaitable[None]]:
    """Sleeps for seconds as the clock of these settings counts them."""
    speed = settings.clock_speed
    return asyncio.sleep if speed == 1 else lambda seconds: asyncio.sleep(seconds / speed)


@functools.cache
def _trial_clock(start: str, speed: int) -> TrialClock:
    if not start:
        return TrialClock(SystemClock().now_ms(), speed)
    try:
        at = datetime.fromisoformat(start)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise InvalidInput("clock_start", "expected an RFC 3339 instant such as 2026-11-21T10:00:00Z")
    return TrialClock((at - _EPOCH) // timedelta(milliseconds=1), speed)
