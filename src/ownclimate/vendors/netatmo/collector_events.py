"""How far the events of a home are known: the newest first, then page after page back to where they end.

A page is told by the event that it comes after (`event_id`: events older than it). What moves is written
down after the events of the page are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.errors import Garbled
from ownclimate.vendors.netatmo.mapping import address
from ownclimate.vendors.netatmo.words import epoch_ms

PAGE_EVENTS: Final = 30
"""What the vendor gives unasked; how many it may be asked for is not told."""
SPARE_MARKS: Final = 4
"""Older marks that are kept beside one: the cloud may have forgotten the event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    event_id: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBook:
    """`top_id` is the newest event of which everything between it and the oldest known one is known.

    `marks` while newer ones are walked through down to it: ids to go on from, the best one last; `next_top`
    is then the newest of them. `floors` likewise for what is older than the oldest known one, which was at
    `floor_ms`; empty and `is_ended` when there is nothing older.
    """

    top_id: str = ""
    top_ms: int = 0
    next_top: tuple[str, int] = ("", 0)
    marks: tuple[str, ...] = ()
    floors: tuple[str, ...] = ()
    floor_ms: int = 0
    is_ended: bool = False

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> EventBook:
        if not body:
            return cls()
        event_id, at_ms = body["next_top"]
        return cls(
            top_id=body["top_id"],
            top_ms=body["top_ms"],
            next_top=(event_id, at_ms),
            marks=tuple(body["marks"]),
            floors=tuple(body["floors"]),
            floor_ms=body["floor_ms"],
            is_ended=body["is_ended"],
        )

    def to_body(self) -> dict[str, Any]:
        body = dataclasses.asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in body.items()}

    @property
    def is_catching_up(self) -> bool:
        return bool(self.marks)

    def has_earlier(self, since_ms: int) -> bool:
        """Whether there may be older events that are wanted."""
        return bool(self.floors) and not self.is_ended and self.floor_ms >= since_ms

    def with_newest(self, page: list[Told]) -> EventBook:
        """After a page of the newest events, or of those after the last mark."""
        if not page:
            # Everything there is was walked through; an account without events has no end to reach yet.
            return self._caught_up()
        book = self
        if not self.marks:
            book = dataclasses.replace(self, next_top=(page[0].event_id, page[0].at_ms))
        if not self.top_id:
            return book._caught_up()._down_to(page)
        reaches_top = any(told.event_id == self.top_id or told.at_ms < self.top_ms for told in page)
        if reaches_top or page[-1].event_id in self.marks:
            return book._caught_up()
        return dataclasses.replace(book, marks=_marks(page))

    def with_earlier(self, page: list[Told]) -> EventBook:
        """After a page of events that come after the last floor."""
        if not page or page[-1].event_id in self.floors:
            return dataclasses.replace(self, floors=(), is_ended=True)
        return self._down_to(page)

    def without_mark(self) -> EventBook:
        """After the cloud said that it does not know the event that newer ones were to be walked from."""
        if len(self.marks) > 1:
            return dataclasses.replace(self, marks=self.marks[:-1])
        return dataclasses.replace(self, marks=())

    def without_floor(self) -> EventBook | None:
        """As `without_mark`, of older ones; None when there is no other to go on from."""
        return dataclasses.replace(self, floors=self.floors[:-1]) if len(self.floors) > 1 else None

    def _down_to(self, page: list[Told]) -> EventBook:
        return dataclasses.replace(self, floors=_marks(page), floor_ms=page[-1].at_ms)

    def _caught_up(self) -> EventBook:
        event_id, at_ms = self.next_top
        if not event_id:
            return dataclasses.replace(self, marks=())
        return dataclasses.replace(self, top_id=event_id, top_ms=at_ms, next_top=("", 0), marks=())


def events_in(body: Any, *, may_lack: bool = True) -> list[Told]:
    """The events of an answer in its order, newest first; none where it has none.

    Raises Garbled for what is no answer about events: they must not seem to end because of it. `may_lack`:
    an answer without a body says that there are none.
    """
    if body is None and may_lack:
        return []
    home = body.get("home") if isinstance(body, Mapping) else None
    listed = home.get("events", []) if isinstance(home, Mapping) else None
    if not isinstance(listed, list):
        raise Garbled("the cloud's answer holds no events")
    told = []
    for event in listed:
        event_id = address(event.get("id")) if isinstance(event, Mapping) else None
        if event_id is not None:
            told.append(Told(event_id=event_id, at_ms=epoch_ms(event.get("time")) or 0))
    if listed and not any(
        isinstance(event, Mapping) and event.get("id") and event.get("type") for event in listed
    ):
        raise Garbled("the cloud's answer holds nothing that is an event")
    return told


def _marks(page: list[Told]) -> tuple[str, ...]:
    return tuple(told.event_id for told in page[-1 - SPARE_MARKS :])
