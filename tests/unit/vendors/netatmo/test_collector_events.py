from __future__ import annotations

from typing import Any

import pytest

from ownclimate.core.errors import Garbled
from ownclimate.vendors.netatmo.collector_events import EventBook, Told, events_in

PAGE = 4


class Home:
    """Events 1 to n, a second apart, told as spec'd: newest first, those older than one."""

    def __init__(self, count: int) -> None:
        self.newest = count
        self.forgotten: set[str] = set()
        self.calls = 0

    def page(self, after: str = "") -> list[Told] | None:
        self.calls += 1
        if after in self.forgotten:
            return None
        first = int(after) - 1 if after else self.newest
        return [Told(event_id=str(n), at_ms=n * 1000) for n in range(first, max(0, first - PAGE), -1)]


def walked(home: Home, book: EventBook, known: set[int]) -> EventBook:
    """Until everything is known, as the collector goes about it."""
    before = home.calls
    while True:
        page = home.page(book.marks[-1] if book.marks else "")
        book = book.without_mark() if page is None else book.with_newest(page)
        known |= {int(told.event_id) for told in page or ()}
        assert home.calls - before < 100
        if page is not None and not book.is_catching_up:
            break
    while book.has_earlier(0):
        page = home.page(book.floors[-1])
        heard = book.without_floor() if page is None else book.with_earlier(page)
        assert heard is not None
        book = heard
        known |= {int(told.event_id) for told in page or ()}
        assert home.calls - before < 100
    return EventBook.of_body(book.to_body())


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 17])
def test_all_events_come_and_then_only_new_ones(count: int) -> None:
    home, known = Home(count), set[int]()

    book = walked(home, EventBook(), known)
    first = home.calls
    home.newest += 2
    book = walked(home, book, known)

    assert known == set(range(1, count + 3))
    assert first <= count // PAGE + 2
    assert home.calls == first + (1 if count else 2)
    assert not book.has_earlier(0)


def test_after_a_silence_everything_between_is_walked_through() -> None:
    home, known = Home(5), set[int]()
    book = walked(home, EventBook(), known)
    home.newest = 50

    book = walked(home, book, known)

    assert known == set(range(1, 51))
    assert book.top_id == "50"


def test_an_event_that_the_cloud_forgot_is_gone_round() -> None:
    home, known = Home(30), set[int]()
    home.forgotten = {"27", "15"}

    walked(home, EventBook(), known)

    assert known == set(range(1, 31))


def test_the_last_mark_is_kept_though_the_cloud_does_not_know_it() -> None:
    book = EventBook().with_newest([Told(event_id="9", at_ms=9000)])

    assert book.without_floor() is None
    assert book.has_earlier(0)


def test_the_last_event_again_and_again_is_the_end() -> None:
    last = [Told(event_id="1", at_ms=1000)]

    book = EventBook().with_newest(last).with_earlier(last)

    assert not book.has_earlier(0)


def test_older_ones_than_are_wanted_are_left_until_they_are_wanted() -> None:
    book = EventBook().with_newest([Told(event_id="9", at_ms=9000)])

    assert book.with_earlier([Told(event_id="8", at_ms=8000)]).has_earlier(8000)
    older = book.with_earlier([Told(event_id="7", at_ms=7000)])
    assert not older.has_earlier(8000)
    assert EventBook.of_body(older.to_body()).has_earlier(7000)


NO_EVENTS = {"home": {"events": [{"id": "a", "time": 5}, {"type": "human"}]}}
"""A member of all of them is missing."""


@pytest.mark.parametrize("body", [{}, [], {"home": {"events": {}}}, {"home": [1]}, 3, NO_EVENTS])
def test_what_is_no_answer_about_events_is_no_end_of_them(body: Any) -> None:
    with pytest.raises(Garbled):
        events_in(body)


def test_events_without_an_id_are_left_out() -> None:
    body = {"home": {"events": [{"id": "a", "type": "human", "time": 5}, {"time": 6}, None, {"id": "b"}]}}

    assert events_in(body) == [Told(event_id="a", at_ms=5000), Told(event_id="b", at_ms=0)]
    assert events_in(None) == events_in({"home": {"id": "x"}}) == []
    with pytest.raises(Garbled):
        events_in(None, may_lack=False)
