"""What a device's routines come to: windows of time, which of them holds, and when that changes.

Pure functions. A window that a clock change leaves no time for does not happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from ownclimate.core.local_time import MINUTES_A_DAY, instant_of, occurrences
from ownclimate.core.routines import End, Profile, Routine

LONGEST_WINDOW_MS: Final = 3 * 24 * 3_600_000
"""A window has less than a day on the wall; moved date lines and clocks may make two of it."""
LONGEST_GAP_MS: Final = 15 * 24 * 3_600_000
"""A weekly window comes within a week, or the week after where a clock change swallowed it."""
BOOST_NUMBER: Final = 2**62
"""Somebody asked for a boost just now: it goes before every routine."""
MINUTE_MS: Final = 60_000
UNSET_ZONE: Final = "UTC"
"""The zone of a site that nobody gave one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One occurrence of a routine: `local` is the local time at which it was meant to begin.

    It begins no sooner than its routine was last changed or its device began to follow it. Of two that
    overlap the one with the greater `number` holds.
    """

    routine_id: str
    number: int
    revision: int
    local: str
    start_ms: int
    end_ms: int
    target: float
    at_end: End = End.NOTHING
    is_told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """At the instant `window` came to hold (None: nothing), after `ended` (None: nothing)."""

    at_ms: int
    window: Window | None
    ended: Window | None


def windows_of(
    routine: Routine, zone: str, start_ms: int, end_ms: int, *, since_ms: int = 0
) -> Iterator[Window]:
    """The routine's windows that overlap `[start_ms, end_ms)`, followed since an instant; none of one that
    is switched off."""
    if not routine.is_active:
        return
    crosses = routine.to_minute <= routine.from_minute
    to_minute = routine.to_minute + (MINUTES_A_DAY if crosses else 0)
    earliest_ms = start_ms - LONGEST_WINDOW_MS
    begins = occurrences(zone, routine.days, routine.from_minute, start_ms=earliest_ms, end_ms=end_ms)
    for begin in begins:
        window = Window(
            routine_id=routine.id,
            number=routine.number,
            revision=routine.revision,
            local=begin.local,
            start_ms=max(begin.at_ms, routine.changed_ms, since_ms),
            end_ms=instant_of(zone, date.fromisoformat(begin.local[:10]), to_minute),
            target=routine.target,
            at_end=routine.at_end,
            is_told=routine.is_told,
        )
        if max(window.start_ms, start_ms) < window.end_ms:
            yield window


def zone_of(site_zone: str, routine_zone: str) -> str:
    """Where the site's own zone is not known, the one that the routine was made with counts."""
    return site_zone if site_zone not in ("", UNSET_ZONE) else routine_zone or UNSET_ZONE


def coming(routine: Routine, zone: str, now_ms: int) -> tuple[datetime, datetime]:
    """Begin and end, in local time, of the window that is open now or comes next, also of a routine that is
    switched off."""
    timed = replace(routine, is_active=True, changed_ms=0)
    windows = windows_of(timed, zone, now_ms, now_ms + LONGEST_GAP_MS)
    begin = datetime.fromisoformat(next(windows).local)
    lasts = (routine.to_minute - routine.from_minute) % MINUTES_A_DAY
    return begin, begin + timedelta(minutes=lasts)


def boost_of(profile: Profile) -> Window | None:
    """The last boost that was asked for."""
    if not profile.boosted_ms:
        return None
    return Window(
        routine_id=profile.id,
        number=BOOST_NUMBER,
        revision=0,
        local=f"boost {profile.boosted_ms}",
        start_ms=profile.boosted_ms,
        end_ms=profile.boosted_ms + profile.boost_min * MINUTE_MS,
        target=profile.boost_c,
    )


def holder(windows: Iterable[Window], at_ms: int) -> Window | None:
    """The window that holds at the instant: of those that are open the one made last."""
    open_now = [window for window in windows if window.start_ms <= at_ms < window.end_ms]
    return max(open_now, key=lambda window: (window.number, window.start_ms), default=None)


def changes(windows: Sequence[Window], after_ms: int, until_ms: int) -> list[Change]:
    """Each change of what holds, in order, later than `after_ms` and up to `until_ms`."""
    edges = {edge for window in windows for edge in (window.start_ms, window.end_ms)}
    found = []
    before = holder(windows, after_ms)
    for edge in sorted(edge for edge in edges if after_ms < edge <= until_ms):
        now = holder(windows, edge)
        if now != before:
            found.append(Change(at_ms=edge, window=now, ended=before))
        before = now
    return found


def next_edge(windows: Iterable[Window], after_ms: int) -> int | None:
    """When something may change next; None for nothing in sight."""
    edges = (edge for window in windows for edge in (window.start_ms, window.end_ms))
    return min((edge for edge in edges if edge > after_ms), default=None)
