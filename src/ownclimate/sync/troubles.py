"""What failed lately, and until when it is left alone: the whole cloud, or one thing of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ownclimate.core.ids import Entropy
from ownclimate.links.backoff import Backoff

OUTAGE_FIRST_S: Final = 1.0
OUTAGE_LONGEST_S: Final = 900.0


@dataclass(slots=True)
class _Fault:
    """Of one task. `successes` of others when it failed last tell whether only it fails."""

    pauses: Backoff
    successes: int = -1
    pause_ms: int = 0
    until_ms: int = 0


@dataclass(slots=True)
class Troubles:
    """`until_ms`: nothing is asked until then. `refused_until_ms`: nor is a command relayed."""

    entropy: Entropy
    in_a_row: int = 0
    until_ms: int = 0
    refused_until_ms: int = 0
    _outages: Backoff = field(init=False)
    _faults: dict[str, _Fault] = field(default_factory=dict)
    _successes: int = 0

    def __post_init__(self) -> None:
        self._outages = self._pauses()

    def outage(self, key: str, now_ms: int) -> int:
        """The cloud is out of order, as it seems: returns for how long it is left alone. Then others go
        first, since it may be this one thing that it cannot answer."""
        pause_ms = _next_ms(self._outages)
        self.leave_alone(now_ms + pause_ms)
        # While others do well it is this one that waits ever longer; while none does, it is the whole.
        fault = self._faults.get(key)
        self._delay(key, now_ms + pause_ms, is_own=fault is None or fault.successes != self._successes)
        return pause_ms

    def fault(self, key: str, now_ms: int) -> None:
        """It is about this one task."""
        self.in_a_row += 1
        self._delay(key, now_ms, is_own=True)

    def leave_alone(self, until_ms: int) -> None:
        self.in_a_row += 1
        self.until_ms = until_ms

    def success(self, key: str) -> None:
        self.in_a_row = 0
        self._successes += 1
        self._outages.reset()
        self._faults.pop(key, None)

    def answered(self, now_ms: int) -> None:
        """It answers a command: an outage is over, whoever found it."""
        if self.refused_until_ms <= now_ms:
            self.until_ms = min(self.until_ms, now_ms)
            self._outages.reset()

    def delayed_until_ms(self, key: str) -> int:
        fault = self._faults.get(key)
        return 0 if fault is None else fault.until_ms

    def shift(self, by_ms: int) -> None:
        """The clock was put back."""
        self.until_ms -= by_ms
        self.refused_until_ms -= by_ms
        for fault in self._faults.values():
            fault.until_ms -= by_ms

    def _delay(self, key: str, from_ms: int, *, is_own: bool) -> None:
        fault = self._faults.setdefault(key, _Fault(self._pauses()))
        if is_own:
            fault.successes, fault.pause_ms = self._successes, _next_ms(fault.pauses)
        fault.until_ms = from_ms + fault.pause_ms

    def _pauses(self) -> Backoff:
        return Backoff(self.entropy, OUTAGE_FIRST_S, OUTAGE_LONGEST_S)


def _next_ms(pauses: Backoff) -> int:
    return max(1, round(pauses.next_s() * 1000))
