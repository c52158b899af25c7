"""How long to wait before the next attempt to connect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ownclimate.core.ids import Entropy

FIRST_S: Final = 1.0
LONGEST_S: Final = 60.0
JITTER_BYTES: Final = 2
MAX_DOUBLINGS: Final = 16


@dataclass(slots=True)
class Backoff:
    """Pauses that double from `first_s` to `longest_s`, each cut by up to a half at random, so that many
    clients of a server that came back do not all return in the same moment."""

    entropy: Entropy
    first_s: float = FIRST_S
    longest_s: float = LONGEST_S
    _attempts: int = field(default=0, init=False)

    def next_s(self) -> float:
        doubled = self.first_s * float(2 ** min(self._attempts, MAX_DOUBLINGS))
        self._attempts += 1
        share = int.from_bytes(self.entropy(JITTER_BYTES), "big") / 256**JITTER_BYTES
        return min(doubled, self.longest_s) * (1 - share / 2)

    def reset(self) -> None:
        """After an attempt that succeeded."""
        self._attempts = 0
