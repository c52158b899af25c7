"""Stand-ins for the outermost things, written by hand, with behaviour."""

from __future__ import annotations

import random


class FakeClock:
    """Stands still until moved. Begins at 2026-11-21T10:00:00Z."""

    def __init__(self, now_ms: int = 1_795_255_200_000) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        return self.ms

    def advance(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


class SeededEntropy:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __call__(self, count: int) -> bytes:
        return self._random.randbytes(count)
