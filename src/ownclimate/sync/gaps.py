"""What is known of a device's past, what is missing, and what to ask for next.

Stretches are half open, [start, end), in epoch milliseconds. A stretch is known when the cloud was asked
for all of it and has answered, whether or not it had values there. So there are two ways to miss
something: a *gap* was not asked for yet, and the cloud may have it; a *hole* was, and it has nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

HOUR_MS: Final = 3_600_000
SETTLE_MS: Final = HOUR_MS
"""What a cloud does not have yet it may still get: devices report late, and the last hour is asked again."""
DUE_MS: Final = 2 * SETTLE_MS
"""What is younger is not missing yet: it comes with the next look."""
SPARE_ROWS: Final = 2
"""A stretch is asked for that holds so many rows less than a page: a page that is full may have more."""
MOST_STRETCH: Final = 256
HOLE_MS: Final = 2 * HOUR_MS
"""A device that is silent for longer leaves a hole: the rarest keep-alives come once an hour."""
MOST_RUNS: Final = 1000
"""Of a device; a device that is silent more often has its oldest holes forgotten."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Known stretches: ascending, apart from one another."""

    spans: tuple[Span, ...] = ()

    def add(self, start_ms: int, end_ms: int) -> Coverage:
        if end_ms <= start_ms:
            return self
        before = tuple(span for span in self.spans if span[1] < start_ms)
        after = tuple(span for span in self.spans if span[0] > end_ms)
        touched = self.spans[len(before) : len(self.spans) - len(after)]
        start_ms = min([start_ms, *(span[0] for span in touched)])
        end_ms = max([end_ms, *(span[1] for span in touched)])
        return Coverage((*before, (start_ms, end_ms), *after))

    def gaps(self, start_ms: int, end_ms: int) -> list[Span]:
        """The unknown stretches within, newest first."""
        found: list[Span] = []
        for start, end in self.spans:
            if start > start_ms:
                found.append((start_ms, min(start, end_ms)))
            start_ms = max(start_ms, end)
        found.append((start_ms, end_ms))
        return [span for span in reversed(found) if span[0] < span[1]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A stretch to ask for; open at its end when `end_ms` is None."""

    start_ms: int
    end_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRead:
    """What came. `is_full`: there may be more after the last row. `asked_ms`: when, by the cloud's clock."""

    rows: int
    is_full: bool
    asked_ms: int
    first_ms: int = 0
    last_ms: int = 0
    runs: tuple[Span, ...] = ()
    """Stretches with rows, as `runs_of` has them."""


def runs_of(times_ms: Iterable[int]) -> tuple[Span, ...]:
    """Of ascending instants: stretches in which none is further from the next than `HOLE_MS`. Each ends
    so much after its last instant, so that stretches of two pages that belong together touch."""
    runs: list[Span] = []
    for at_ms in times_ms:
        start_ms = runs.pop()[0] if runs and runs[-1][1] >= at_ms else at_ms
        runs.append((start_ms, at_ms + HOLE_MS))
    return tuple(runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The history of one device as far as it is known."""

    since_ms: int = 0
    """Older values are not asked for."""
    known: tuple[Any, ...] = ()
    rows: int = 0
    oldest_ms: int = 0
    newest_ms: int = 0
    spacing_ms: int = 0
    """Between two rows, as seen; 0 before two were."""
    stretch: int = 1
    """How much longer stretches are asked for because the last ones were empty."""
    runs: tuple[Any, ...] = ()
    """Stretches with rows."""
    unknown: dict[str, Any] = field(default_factory=dict)

    @property
    def coverage(self) -> Coverage:
        return Coverage(tuple((span[0], span[1]) for span in self.known))

    def gaps(self, now_ms: int) -> list[Span]:
        """What is missing, newest first. Before anything is known nobody can say where it begins."""
        return self.coverage.gaps(self.since_ms, now_ms - DUE_MS) if self.known else []

    def holes(self) -> list[Span]:
        """Between the oldest and the newest row: stretches in which the cloud has nothing. Newest first."""
        runs = [(start, end - HOLE_MS) for start, end in self.runs]
        between = [(before[1], after[0]) for before, after in pairwise(runs)]
        known = self.coverage
        return [span for span in reversed(between) if not known.gaps(*span)]

    def is_behind(self, now_ms: int) -> bool:
        """Whether history is missing that is older than what may still arrive."""
        return not self.known or bool(self.gaps(now_ms))

    def next_page(self, now_ms: int, page_rows: int) -> Page:
        """The first page of all is the oldest: it shows where history begins and how dense it is.

        From then on the newest gap comes first, in stretches that fit into one page.
        """
        if not self.known:
            return Page(start_ms=self.since_ms)
        gaps = self.gaps(now_ms)
        is_tail = not gaps or gaps[0][1] == now_ms - DUE_MS
        if is_tail:
            start_ms, end_ms = self.coverage.spans[-1][1], now_ms
        else:
            start_ms, end_ms = gaps[0]
        if self.spacing_ms:
            length_ms = max(self.spacing_ms, self.spacing_ms * (page_rows - SPARE_ROWS)) * self.stretch
            start_ms = max(start_ms, end_ms - length_ms)
        return Page(start_ms=start_ms, end_ms=None if is_tail else end_ms)

    def with_page(self, page: Page, read: PageRead) -> Track:
        """After the rows of the page are on disk."""
        settled_ms = read.asked_ms - SETTLE_MS
        if read.is_full:
            end_ms = read.last_ms + 1
        elif page.end_ms is not None:
            end_ms = page.end_ms
        else:
            end_ms = max(settled_ms, read.last_ms + 1 if read.rows else 0)
        coverage = self.coverage.add(page.start_ms, end_ms)
        runs = Coverage(tuple((span[0], span[1]) for span in self.runs))
        for run in read.runs:
            runs = runs.add(*run)
        spacing_ms = self.spacing_ms
        if read.rows > 1 and (read.is_full or not spacing_ms):
            spacing_ms = (read.last_ms - read.first_ms) // (read.rows - 1)
        return dataclasses.replace(
            self,
            known=coverage.spans,
            rows=self.rows + read.rows,
            oldest_ms=min(filter(None, (self.oldest_ms, read.first_ms)), default=0),
            newest_ms=max(self.newest_ms, read.last_ms),
            spacing_ms=spacing_ms,
            runs=runs.spans[-MOST_RUNS:],
            stretch=1 if read.rows else min(self.stretch * 4, MOST_STRETCH),
        )
