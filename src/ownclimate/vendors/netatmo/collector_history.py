"""Asking for a stretch of the past, and what the answer tells of how much is known now.

getmeasure gives the first 1,024 rows from an instant on, or, when only an end is asked for, the newest
1,024 before it. The second fills every page while history is walked backwards, so it is used as long as
the cloud keeps to it; that it does is looked at in each answer, for it is not told in any description.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from ownclimate.core.errors import Garbled
from ownclimate.sync.gaps import HOLE_MS, Page, PageRead, runs_of
from ownclimate.vendors.netatmo.collector_account import ROOM_TYPES, Past
from ownclimate.vendors.netatmo.measure_request import ROOM_MEASURE
from ownclimate.vendors.netatmo.measures import AS_MEASURED, STEPS_S
from ownclimate.vendors.netatmo.recognise import MEASURE
from ownclimate.vendors.netatmo.words import integer

PAGE_ROWS: Final = 1024
"""The most that getmeasure gives at once."""
MOST_MISSES: Final = 3
"""In a row, after which a cloud is no longer asked for what comes before an end."""
NEAR_ROWS: Final = 4
"""A page ends where it was asked to when no more rows than these can be missing there."""
_SECOND_MS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request for a page. `begin_s` None: whatever comes last before `end_s`, both inclusive."""

    method: str
    subject: Mapping[str, str]
    past: Past
    page: Page
    begin_s: int | None
    end_s: int | None
    goes_backwards: bool = False
    is_whole_gap: bool = False

    @property
    def parameters(self) -> dict[str, str]:
        asked = {
            **self.subject,
            "scale": self.past.scale,
            "type": ",".join(self.past.types),
            "limit": str(PAGE_ROWS),
            "optimize": "false",
            "real_time": "true",
        }
        if self.begin_s or (self.begin_s is not None and self.end_s is not None):
            asked["date_begin"] = str(self.begin_s)
        if self.end_s is not None:
            asked["date_end"] = str(self.end_s)
        return asked


@dataclass(slots=True)
class History:
    """How one cloud is asked. It remembers, while the process lives, what it was disappointed in."""

    _misses: int = 0
    _doubted: set[str] = field(default_factory=set)
    """Histories whose newest gap seemed empty when only its end was asked for: the next time all of it is."""

    def ask_device(self, key: str, device_id: str, past: Past, page: Page, now_ms: int) -> Asked:
        subject = {"device_id": past.gateway}
        if device_id != past.gateway:
            subject["module_id"] = device_id
        return self._ask(key, MEASURE, subject, past, page, now_ms)

    def ask_room(self, key: str, home_id: str, room_id: str, scale: str, page: Page, now_ms: int) -> Asked:
        past = Past(gateway="", product="", types=ROOM_TYPES, scale=scale)
        return self._ask(key, ROOM_MEASURE, {"home_id": home_id, "room_id": room_id}, past, page, now_ms)

    def read(self, key: str, asked: Asked, body: Any, asked_ms: int) -> PageRead:
        """Raises Garbled for an answer to something else than what was asked."""
        stamps_ms = stamps_in(body)
        self._check(asked, stamps_ms)
        covered = None
        if asked.goes_backwards:
            covered = self._covered_backwards(key, asked.page, stamps_ms)
        elif asked.is_whole_gap and asked.page.end_ms is not None:
            is_full = len(stamps_ms) >= PAGE_ROWS
            covered = (asked.page.gap_start_ms, stamps_ms[-1] + 1 if is_full else asked.page.end_ms)
        return PageRead(
            rows=len(stamps_ms),
            is_full=len(stamps_ms) >= PAGE_ROWS,
            asked_ms=asked_ms,
            first_ms=stamps_ms[0] if stamps_ms else 0,
            last_ms=stamps_ms[-1] if stamps_ms else 0,
            runs=runs_of(stamps_ms),
            covered=covered,
        )

    def refused(self, key: str, asked: Asked, asked_ms: int) -> PageRead:
        """After the cloud took a request that goes backwards for none: nothing more is known."""
        assert asked.page.end_ms is not None
        covered = self._missed(key, asked.page.end_ms)
        return PageRead(rows=0, is_full=False, asked_ms=asked_ms, covered=covered)

    def _ask(
        self, key: str, method: str, subject: Mapping[str, str], past: Past, page: Page, now_ms: int
    ) -> Asked:
        is_whole_gap = page.end_ms is not None and key in self._doubted
        if is_whole_gap:
            self._doubted.discard(key)
        backwards = page.end_ms is not None and page.is_of_longer_gap
        backwards = backwards and not is_whole_gap and self._misses < MOST_MISSES
        start_ms = page.gap_start_ms if is_whole_gap else page.start_ms
        step_s, offset_s = _bins(past, now_ms)
        begin_s = -(-start_ms // _SECOND_MS)
        end_s = None if page.end_ms is None else -(-page.end_ms // _SECOND_MS)
        # A bin that is cut short would tell of less than there was.
        begin_s -= (begin_s + offset_s) % step_s if begin_s else 0
        if end_s is not None:
            end_s += -(end_s + offset_s) % step_s
        return Asked(
            method=method,
            subject=subject,
            past=past,
            page=page,
            begin_s=None if backwards else begin_s,
            end_s=None if end_s is None else end_s - 1,
            goes_backwards=backwards,
            is_whole_gap=is_whole_gap,
        )

    def _covered_backwards(self, key: str, page: Page, stamps_ms: list[int]) -> tuple[int, int]:
        """What is known after the newest rows before the page's end, if that is what they are."""
        assert page.end_ms is not None
        if not stamps_ms or stamps_ms[-1] < page.gap_start_ms:
            # Nothing in the gap, or a cloud that begins at the other end: only asking for it will tell.
            return self._missed(key, page.end_ms)
        self._misses = 0
        first_ms, last_ms = stamps_ms[0], stamps_ms[-1]
        near_ms = max(HOLE_MS, NEAR_ROWS * (last_ms - first_ms) // len(stamps_ms))
        return first_ms, page.end_ms if page.end_ms - last_ms < near_ms else last_ms + 1

    def _missed(self, key: str, end_ms: int) -> tuple[int, int]:
        self._misses += 1
        self._doubted.add(key)
        return end_ms, end_ms

    def _check(self, asked: Asked, stamps_ms: list[int]) -> None:
        step_ms = STEPS_S.get(asked.past.scale, 0) * _SECOND_MS
        if not stamps_ms:
            return
        # Bins may be cut elsewhere than we think: the one that the beginning lies in begins before it.
        is_early = asked.begin_s is not None and stamps_ms[0] < asked.begin_s * _SECOND_MS - step_ms
        is_late = asked.end_s is not None and stamps_ms[-1] > asked.end_s * _SECOND_MS + step_ms
        if is_early or is_late:
            raise Garbled("the cloud answered with values of another time than it was asked for")


def stamps_in(body: Any) -> list[int]:
    """Of the rows of a measure in milliseconds, ascending; none for the empty list that stands for no
    values.

    Raises Garbled for anything else: a history must not seem known because its answer was not understood.
    """
    if body == []:
        return []
    stamps = [integer(stamp) for stamp in body] if isinstance(body, Mapping) else [None]
    if None in stamps:
        raise Garbled("the cloud's answer holds no measures")
    return sorted(stamp * _SECOND_MS for stamp in stamps if stamp is not None)


def _bins(past: Past, now_ms: int) -> tuple[int, int]:
    """How long a bin is, and how far local time is ahead: where bins begin. In seconds."""
    if past.scale == AS_MEASURED:
        return 1, 0
    offset = datetime.timedelta()
    if past.zone:
        # Where half hours begin does not change with the clocks: the offset of any day will do.
        now = datetime.datetime.fromtimestamp(now_ms / _SECOND_MS, ZoneInfo(past.zone))
        offset = now.utcoffset() or offset
    return STEPS_S[past.scale], int(offset.total_seconds())
