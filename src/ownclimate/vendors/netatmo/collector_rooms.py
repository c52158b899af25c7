"""Rooms whose past the cloud has in means of half hours only, and when those are wanted.

The state of a home is asked for every few minutes and gives what a room measured at an instant. Means are
asked for where that was not done: before the account was connected, and while nothing was collected. So
the two never tell of the same time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.sync.gaps import DUE_MS

HALF_HOUR_MS: Final = 30 * 60_000
SILENCE_MS: Final = 2 * HALF_HOUR_MS
"""Between two looks at a home, from which on means are wanted for what lies between them."""
MOST_STRETCHES: Final = 100
"""Of a home; the older ones have long been asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """When a home was looked at, by the cloud's clock. `unseen` are the stretches in which it was not,
    ascending, the first of them from whenever on; they begin and end at half hours."""

    last_ms: int = 0
    unseen: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> Watch:
        return cls(
            last_ms=body.get("last_ms", 0),
            unseen=tuple((start, end) for start, end in body.get("unseen", ())),
        )

    def to_body(self) -> dict[str, Any]:
        return {"last_ms": self.last_ms, "unseen": [list(span) for span in self.unseen]}

    def seen(self, at_ms: int) -> Watch:
        """After the home was looked at."""
        if at_ms <= self.last_ms:
            return self
        unseen = self.unseen
        if at_ms - self.last_ms > SILENCE_MS:
            start_ms = -(-self.last_ms // HALF_HOUR_MS) * HALF_HOUR_MS
            unseen = (*unseen, (start_ms, at_ms - at_ms % HALF_HOUR_MS))[-MOST_STRETCHES:]
        return Watch(last_ms=at_ms, unseen=unseen)

    def settled(self, now_ms: int) -> list[tuple[int, int]]:
        """The stretches that nothing will be reported of any more."""
        return [span for span in self.unseen if span[1] <= now_ms - DUE_MS]
