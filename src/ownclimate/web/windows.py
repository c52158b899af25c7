"""Counting what a name does in a span of time, in the memory of this process.

Both ways of counting keep whole numbers under a name and look at nothing else: what a limit is for, and
whose name it is, is `limits`' business. A refused attempt counts nothing, so that a client which waits as
long as it was told gets through, however often it asked in between.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol, TypeVar

T = TypeVar("T")

REMEMBERED = 50_000
"""Names counted at once at most, some 15 MB; beyond it the tenth that came first is forgotten."""
SLOTS = 20
"""Into how many parts a sliding span is divided: what a name did within one part counts until the last
of it is a span old. So a name never exceeds its limit in any span, and waits 5 % longer at most."""


Verdict = tuple[int, float]
"""What remains at this moment, and for how many seconds to wait: 0 when it was taken. A plain tuple,
since a named one takes as long to make as all the rest of `take`."""


class Limiter(Protocol):
    """Counts by name. `now_ms` never matters but by its differences; it may stand still or step back."""

    def take(self, key: str, cost: int, now_ms: int) -> Verdict:
        """Counts `cost`, or nothing when that would exceed the limit."""
        ...

    def give_back(self, key: str, cost: int, now_ms: int) -> None:
        """Undoes a `take` of the same instant."""
        ...


class FixedWindows:
    """At most `count` in each span, spans following one another; each begins with nothing counted."""

    def __init__(self, count: int, span_s: int) -> None:
        self._count = count
        self._span_ms = span_s * 1000
        self._window = 0
        self._used: dict[str, int] = {}

    def take(self, key: str, cost: int, now_ms: int) -> Verdict:
        window, elapsed_ms = divmod(now_ms, self._span_ms)
        if window != self._window:
            self._window = window
            self._used = {}
        used = self._used.get(key, 0) + cost
        if used > self._count:
            return 0, (self._span_ms - elapsed_ms) / 1000
        if used == cost and len(self._used) >= REMEMBERED:
            _forget_some(self._used)
        self._used[key] = used
        return self._count - used, 0.0

    def give_back(self, key: str, cost: int, now_ms: int) -> None:
        if key in self._used:
            self._used[key] -= cost


class SlidingWindows:
    """At most `count` in every span, wherever it begins."""

    def __init__(self, count: int, span_s: int) -> None:
        self._count = count
        self._span_ms = span_s * 1000
        self._slot_ms = self._span_ms // SLOTS
        self._histories: dict[str, _History] = {}
        self._sweep_at_ms = 0

    def take(self, key: str, cost: int, now_ms: int) -> Verdict:
        history = self._histories.get(key)
        if history is None:
            self._make_room(now_ms)
            history = self._histories[key] = _History()
        gone_ms = now_ms - self._span_ms
        slots = history.slots
        while slots and slots[0].last_ms <= gone_ms:
            history.used -= slots.popleft().used
        used = history.used + cost
        if used > self._count:
            return 0, history.wait_ms(used - self._count, gone_ms) / 1000
        history.used = used
        if slots and now_ms - slots[-1].first_ms < self._slot_ms:
            slots[-1].last_ms = max(now_ms, slots[-1].last_ms)
            slots[-1].used += cost
        else:
            slots.append(_Slot(now_ms, cost))
        return self._count - used, 0.0

    def give_back(self, key: str, cost: int, now_ms: int) -> None:
        history = self._histories.get(key)
        if history is not None and history.slots:
            history.slots[-1].used -= cost
            history.used -= cost

    def _make_room(self, now_ms: int) -> None:
        """Once a span what is wholly past is dropped, so that memory follows the names of one span."""
        if now_ms >= self._sweep_at_ms:
            self._sweep_at_ms = now_ms + self._span_ms
            gone_ms = now_ms - self._span_ms
            self._histories = {key: kept for key, kept in self._histories.items() if kept.is_after(gone_ms)}
        if len(self._histories) >= REMEMBERED:
            _forget_some(self._histories)


class _Slot:
    __slots__ = ("first_ms", "last_ms", "used")

    def __init__(self, now_ms: int, used: int) -> None:
        self.first_ms = now_ms
        self.last_ms = now_ms
        self.used = used


class _History:
    __slots__ = ("slots", "used")

    def __init__(self) -> None:
        self.used = 0
        self.slots: deque[_Slot] = deque()

    def wait_ms(self, excess: int, gone_ms: int) -> int:
        """Milliseconds until as much as `excess` is past."""
        for slot in self.slots:
            excess -= slot.used
            if excess <= 0:
                return slot.last_ms - gone_ms
        raise AssertionError("a single cost is never above the limit")

    def is_after(self, gone_ms: int) -> bool:
        return bool(self.slots) and self.slots[-1].last_ms > gone_ms


def _forget_some(counted: dict[str, T]) -> None:
    for key in list(counted)[: REMEMBERED // 10]:
        del counted[key]
