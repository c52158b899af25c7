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
MOST_SPARE: Final = 64
MOST_SPARE_PART: Final = 16
"""Of a page, where rows come so unevenly that stretches keep holding more than one."""
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
    """A stretch to ask for; open at its end when `end_ms` is None. What is missing before its end begins
    at `gap_start_ms`: much earlier where it is more than a page."""

    start_ms: int
    end_ms: int | None = None
    gap_start_ms: int = 0

    @property
    def is_of_longer_gap(self) -> bool:
        return self.gap_start_ms < self.start_ms


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
    covered: Span | None = None
    """What is known now, where the collector asked for something else than the page's stretch."""


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
    until_ms: int = 0
    """Nor are newer ones; 0 where history goes on."""
    known: tuple[Any, ...] = ()
    rows: int = 0
    oldest_ms: int = 0
    newest_ms: int = 0
    spacing_ms: int = 0
    """Between two rows, as seen; 0 before two were."""
    spare: int = SPARE_ROWS
    """As `SPARE_ROWS`, more of them after stretches that held more than a page."""
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
        return self.coverage.gaps(self.since_ms, self._due_ms(now_ms)) if self.known else []

    def holes(self) -> list[Span]:
        """Between the oldest and the newest row: stretches in which the cloud has nothing. Newest first."""
        runs = [(start, end - HOLE_MS) for start, end in self.runs]
        between = [(before[1], after[0]) for before, after in pairwise(runs)]
        known = self.coverage
        return [span for span in reversed(between) if not known.gaps(*span)]

    def is_behind(self, now_ms: int) -> bool:
        """Whether history is missing that is older than what may still arrive."""
        return not self.known or bool(self.gaps(now_ms))

    def is_closed(self, now_ms: int) -> bool:
        """Whether nothing will ever be missing again."""
        return bool(self.until_ms) and not self.is_behind(now_ms)

    def next_page(self, now_ms: int, page_rows: int) -> Page:
        """The first page of all is the oldest: it shows where history begins and how dense it is.

        From then on the newest gap comes first, in stretches that fit into one page. What fits into two is
        asked for from its beginning: then the first of them is full, whatever was thought of its density.
        """
        if not self.known:
            return Page(start_ms=self.since_ms, end_ms=self.until_ms or None, gap_start_ms=self.since_ms)
        gaps = self.gaps(now_ms)
        is_tail = not self.until_ms and (not gaps or gaps[0][1] == self._due_ms(now_ms))
        if is_tail:
            gap_start_ms, end_ms = self.coverage.spans[-1][1], now_ms
        else:
            gap_start_ms, end_ms = gaps[0] if gaps else (self.until_ms, self.until_ms)
        start_ms = gap_start_ms
        length_ms = self._stretch_ms(page_rows)
        if length_ms and (is_tail or end_ms - gap_start_ms > 2 * length_ms):
            start_ms = max(gap_start_ms, end_ms - length_ms)
        return Page(start_ms=start_ms, end_ms=None if is_tail else end_ms, gap_start_ms=gap_start_ms)

    def with_page(self, page: Page, read: PageRead) -> Track:
        """After the rows of the page are on disk."""
        coverage = self.coverage.add(*(read.covered or _answered(page, read)))
        runs = Coverage(tuple((span[0], span[1]) for span in self.runs))
        for run in read.runs:
            runs = runs.add(*run)
        spacing_ms = self.spacing_ms
        if read.rows > 1 and (read.is_full or not spacing_ms or page.is_of_longer_gap):
            spacing_ms = _between(spacing_ms, _spacing_ms(read))
        spare, stretch = self.spare, self.stretch
        if page.is_of_longer_gap and read.covered is None:
            # A stretch that was made to fit a page: too long when full, too short when empty.
            spare = min(2 * spare, MOST_SPARE) if read.is_full else spare - spare // 32
            stretch = 1 if read.rows else min(stretch * 4, MOST_STRETCH)
        elif read.rows:
            stretch = 1
        return dataclasses.replace(
            self,
            known=coverage.spans,
            rows=self.rows + read.rows,
            oldest_ms=min(filter(None, (self.oldest_ms, read.first_ms)), default=0),
            newest_ms=max(self.newest_ms, read.last_ms),
            spacing_ms=spacing_ms,
            spare=spare,
            runs=runs.spans[-MOST_RUNS:],
            stretch=stretch,
        )

    def _due_ms(self, now_ms: int) -> int:
        """What is older counts as missing."""
        return self.until_ms or now_ms - DUE_MS

    def _stretch_ms(self, page_rows: int) -> int:
        """How long a time fits into a page; 0 while nobody knows."""
        spare = min(self.spare, page_rows // MOST_SPARE_PART)
        return self.spacing_ms * max(1, page_rows - spare) * self.stretch


def _answered(page: Page, read: PageRead) -> Span:
    """The part of the page's stretch that is known after it."""
    if read.is_full:
        return page.start_ms, read.last_ms + 1
    if page.end_ms is not None:
        return page.start_ms, page.end_ms
    return page.start_ms, max(read.asked_ms - SETTLE_MS, read.last_ms + 1 if read.rows else 0)


def _between(known_ms: int, seen_ms: int) -> int:
    """The spacing to reckon with: single pages lack a row more or less, but a device may change
    its rhythm."""
    if not known_ms or not seen_ms or abs(seen_ms - known_ms) * 10 > known_ms:
        return seen_ms or known_ms
    return (3 * known_ms + seen_ms) // 4


def _spacing_ms(read: PageRead) -> int:
    """Between two rows, leaving out where there are none."""
    together = read.rows - len(read.runs)
    if not read.runs or 2 * together < read.rows:
        # It measures too seldom for silence to be told from its rhythm.
        return (read.last_ms - read.first_ms) // (read.rows - 1)
    return sum(end - HOLE_MS - start for start, end in read.runs) // together
