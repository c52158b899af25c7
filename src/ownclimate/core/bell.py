"""Telling others in this process that something of an owner's changed: a command, what a site wants.

Nothing depends on being told: who listens looks into the store as well, now and then, because a change
may come from another process. A bell only makes it sooner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ownclimate.core.ids import OwnerId

News = TypeVar("News")


@dataclass(slots=True)
class Bell(Generic[News]):
    _listeners: list[Callable[[OwnerId, News], None]] = field(default_factory=list)

    def listen(self, listener: Callable[[OwnerId, News], None]) -> Callable[[], None]:
        """Calls `listener` from now on; the returned function ends that.

        A listener must return at once and raise nothing.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def ring(self, owner_id: OwnerId, news: News) -> None:
        for listener in tuple(self._listeners):
            listener(owner_id, news)
