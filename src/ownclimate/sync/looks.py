"""Looking besides: what came of a command is to show soon in what is asked for, and is taken from there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ownclimate.core.commands import NEXT, list_pending, move_command
from ownclimate.core.devices import find_device
from ownclimate.core.errors import Conflict
from ownclimate.core.things import CommandState
from ownclimate.sync.book import Book
from ownclimate.sync.collector import Collector

LOOK_AGAIN_MS: Final = 3_000
"""After a command: until its outcome is looked for, for the first time."""
LOOKS_AGAIN: Final = 4
"""Each later than the one before it; then the usual rhythm shows it."""


@dataclass(slots=True)
class Looks:
    """By task when to ask besides the usual times."""

    book: Book
    collector: Collector
    _due: dict[str, list[int]] = field(default_factory=dict)
    """Ascending."""

    def look_again(self, keys: Iterable[str], now_ms: int) -> None:
        """After a command: soon, and then ever more seldom."""
        self._add(keys, [now_ms + LOOK_AGAIN_MS * 2**step for step in range(LOOKS_AGAIN)])

    def look_once(self, keys: Iterable[str], now_ms: int) -> None:
        self._add(keys, [now_ms + LOOK_AGAIN_MS])

    def look_now(self, keys: Iterable[str], now_ms: int) -> None:
        """Unless they are looked at soon anyway."""
        self._add([key for key in keys if key not in self._due], [now_ms])

    def first_ms(self, key: str, due_ms: int) -> int:
        """Of the look and of when the task is due by itself the earlier one."""
        return min(due_ms, *self._due.get(key, [due_ms]))

    def looked(self, key: str, now_ms: int) -> None:
        later = [at_ms for at_ms in self._due.pop(key, ()) if at_ms > now_ms]
        if later:
            self._due[key] = later

    def shift(self, by_ms: int) -> None:
        """The clock was put back."""
        self._due = {key: [at_ms - by_ms for at_ms in times_ms] for key, times_ms in self._due.items()}

    async def take_outcomes(self) -> None:
        """What was fetched last may show what came of commands; it is asked again only while one waits."""
        ports, owner_id, is_awaited = self.book.ports, self.book.owner_id, False
        for command in await list_pending(ports, owner_id):
            if CommandState.CONFIRMED not in NEXT[command.state]:
                continue
            device = await find_device(ports.directory, owner_id, command.device_id)
            if device is None or device.link.get("source") != self.book.source_id:
                continue
            is_out = command.state is not CommandState.SENDING
            outcome = await self.collector.outcome(device, command) if is_out else None
            if outcome is None:
                is_awaited = True
                continue
            reason = "the cloud says otherwise" if outcome is CommandState.FAILED else ""
            with contextlib.suppress(Conflict):  # Who delivers it moved it at this very moment.
                await move_command(ports, owner_id, command.id, outcome, reason=reason)
        if not is_awaited:
            soon_ms = ports.clock.now_ms() + LOOK_AGAIN_MS
            left = {key: [at for at in times_ms if at <= soon_ms] for key, times_ms in self._due.items()}
            self._due = {key: times_ms for key, times_ms in left.items() if times_ms}

    def _add(self, keys: Iterable[str], looks_ms: list[int]) -> None:
        for key in keys:
            self._due[key] = list(looks_ms)
