"""When a local time happens: timetables are written in wall-clock time, work is done at instants.

One rule decides every case: a local time happens at the first instant at which the clock on the wall
reads that time or a later one. So a time that a clock change skips happens at the change (several may
then happen at once, the last of them counts), and one that comes twice happens the first time only.
Instants rise with local times, whatever the clock does.

Zones are IANA names; days of the week count from Monday, 0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ownclimate.core.errors import InvalidInput

MINUTES_A_DAY: Final = 24 * 60
DAYS_A_WEEK: Final = 7

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)
_SPARE_DAYS: Final = 1
"""By how many days the date on the wall may be ahead of or behind the date of a time that happens now:
a clock set back across midnight repeats a date, a date line moved skips one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A local time that happens. `local` (`2026-03-29T02:30`) is the time that was meant: it names the
    occurrence once and for all, also where the clock never showed it."""

    local: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One entry of a week's timetable coming into force; `place` is the entry's place in it."""

    place: int
    local: str
    at_ms: int


def instant_of(zone: str, day: date, minute: int) -> int:
    """When the minute of that local day happens; from 1440 on, a minute of the days that follow."""
    return _instant_of(_place(zone), day, minute)


def local_day(zone: str, at_ms: int) -> date:
    return _wall(_place(zone), at_ms // 1000).date()


def minute_of_week(zone: str, at_ms: int) -> int:
    """What the clock on the wall shows, in minutes since Monday 00:00."""
    wall = _wall(_place(zone), at_ms // 1000)
    return wall.weekday() * MINUTES_A_DAY + wall.hour * 60 + wall.minute


def occurrences(
    zone: str, weekdays: Collection[int], minute: int, *, start_ms: int, end_ms: int
) -> Iterator[Occurrence]:
    """How often the minute of those days happens from `start_ms` up to, not including, `end_ms`."""
    place = _place(zone)
    day = _wall(place, start_ms // 1000).date() - _SPARE_DAYS * _DAY
    last = _wall(place, end_ms // 1000).date() + _SPARE_DAYS * _DAY
    while day <= last:
        if day.weekday() in weekdays:
            at_ms = _instant_of(place, day, minute)
            if start_ms <= at_ms < end_ms:
                yield Occurrence(local=_label(day, minute), at_ms=at_ms)
        day += _DAY


def turn_at(zone: str, minutes: Sequence[int], at_ms: int) -> Turn | None:
    """The entry of a week's timetable that holds at the instant, and since when; None of an empty one.

    `minutes` rise from 0 (Monday 00:00). Of several that began at the same instant the last one holds.
    """
    place = _place(zone)
    day = _wall(place, at_ms // 1000).date() + _SPARE_DAYS * _DAY
    for _ in range(DAYS_A_WEEK + 1 + 2 * _SPARE_DAYS):
        for position in reversed(_of_day(minutes, day)):
            minute = minutes[position] % MINUTES_A_DAY
            since_ms = _instant_of(place, day, minute)
            if since_ms <= at_ms:
                return Turn(place=position, local=_label(day, minute), at_ms=since_ms)
        day -= _DAY
    return None


def next_turn(zone: str, minutes: Sequence[int], after_ms: int) -> Turn | None:
    """The entry that comes into force next after the instant; None of an empty timetable."""
    place = _place(zone)
    day = _wall(place, after_ms // 1000).date() - _SPARE_DAYS * _DAY
    for _ in range(DAYS_A_WEEK + 1 + 2 * _SPARE_DAYS):
        for position in _of_day(minutes, day):
            at_ms = _instant_of(place, day, minutes[position] % MINUTES_A_DAY)
            if at_ms > after_ms:
                return turn_at(zone, minutes, at_ms)
        day += _DAY
    return None


def _of_day(minutes: Sequence[int], day: date) -> list[int]:
    """The places of the entries that belong to the day of the week."""
    weekday = day.weekday()
    return [position for position, minute in enumerate(minutes) if minute // MINUTES_A_DAY == weekday]


def _instant_of(place: ZoneInfo, day: date, minute: int) -> int:
    wanted = datetime.combine(day, time()) + timedelta(minutes=minute)
    # Of a time that comes twice this is the first; of one that is skipped, what the clock would have
    # shown had it not been changed: after the change, with the change at most as far back as it skipped.
    at = wanted.replace(tzinfo=place)
    high_s = (at - _EPOCH) // _SECOND
    if _wall(place, high_s) != wanted:
        low_s = (at.replace(fold=1) - _EPOCH) // _SECOND
        while high_s - low_s > 1:
            middle_s = (low_s + high_s) // 2
            if _wall(place, middle_s) < wanted:
                low_s = middle_s
            else:
                high_s = middle_s
    return high_s * 1000


def _wall(place: ZoneInfo, epoch_s: int) -> datetime:
    """What the clock on the wall shows."""
    return (_EPOCH + timedelta(seconds=epoch_s)).astimezone(place).replace(tzinfo=None, fold=0)


def _label(day: date, minute: int) -> str:
    return (datetime.combine(day, time()) + timedelta(minutes=minute)).isoformat(timespec="minutes")


def _place(zone: str) -> ZoneInfo:
    """Raises InvalidInput for a zone that nobody knows."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput("time_zone", f"unknown time zone {zone!r}") from error
