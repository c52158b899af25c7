"""Telling others in this process that a command was accepted or moved on.

Nothing depends on being told: who listens looks into the store as well, now and then, because a command
may come from another process. A bell only makes it sooner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ownclimate.core.ids import OwnerId
from ownclimate.core.things import Command

Listener = Callable[[OwnerId, Command], None]
"""Must return at once and raise nothing."""


@dataclass(slots=True)
class Bell:
    _listeners: list[Listener] = field(default_factory=list)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` from now on; the returned function ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def ring(self, owner_id: OwnerId, command: Command) -> None:
        for listener in tuple(self._listeners):
            listener(owner_id, command)
