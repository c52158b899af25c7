"""A page of a history: which to ask for, and what it shows, by two clocks that need not agree."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from ownclimate.core.ids import Clock
from ownclimate.core.readings import FUTURE_SLACK_MS
from ownclimate.sync.collector import Collector, Task
from ownclimate.sync.gaps import DUE_MS, PageRead, Track

FRUITLESS_AT_ONCE: Final = 4
"""Pages of a history that brought it no further, after which it waits for its turn like one that is whole."""
SOBER_MS: Final = 24 * 3_600_000
"""A cloud's clock that is further from ours tells nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """After a page. `has_more`: the next one can be asked for at once; `is_closed`: none ever need be."""

    track: Track
    had_rows: bool
    has_more: bool
    is_closed: bool


@dataclass(slots=True)
class Pages:
    collector: Collector
    clock: Clock
    _fruitless: Counter[str] = field(default_factory=Counter)

    async def turn(self, task: Task, track: Track | None) -> Turned:
        """One call; its rows are on disk when it returns."""
        # Its owner may have changed since when values are wanted.
        before = dataclasses.replace(track or Track(until_ms=task.until_ms), since_ms=task.since_ms)
        page = before.next_page(self._reached_ms(task, before), self.collector.page_rows)
        read = _sobered(await self.collector.fetch_page(task, page), self.clock.now_ms())
        after = before.with_page(page, read)
        is_further = (after.known, after.stretch) != (before.known, before.stretch)
        self._fruitless[task.key] = 0 if is_further else self._fruitless[task.key] + 1
        has_more = after.is_behind(read.asked_ms) or (read.is_full and page.end_ms is None)
        return Turned(
            track=after,
            had_rows=read.rows > 0,
            has_more=has_more and self._fruitless[task.key] < FRUITLESS_AT_ONCE,
            is_closed=after.is_closed(read.asked_ms),
        )

    def _reached_ms(self, task: Task, track: Track) -> int:
        """Now; after a page that brought nothing the newest that is known: where our clock is ahead of the
        cloud's, what it has not lived through yet is asked for in vain, and must not hide what is older."""
        now_ms = self.clock.now_ms()
        if not self._fruitless[task.key] or not track.known:
            return now_ms
        return min(now_ms, track.coverage.spans[-1][1] + DUE_MS)


def _sobered(read: PageRead, now_ms: int) -> PageRead:
    """Of two clocks that differ the earlier one says what is known: what was asked for too early is only
    asked again. Rows of a time that no clock here can reach were not recorded."""
    is_sober = abs(read.asked_ms - now_ms) <= SOBER_MS
    return dataclasses.replace(
        read,
        asked_ms=min(read.asked_ms, now_ms) if is_sober else now_ms,
        last_ms=min(read.last_ms, now_ms + FUTURE_SLACK_MS),
    )
