"""Between the core's routines and MClimate's schedules: days, minutes, actions, default states."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, Literal

from ownclimate.core.agenda import coming
from ownclimate.core.errors import InvalidInput
from ownclimate.core.routines import End, Purpose, Routine
from ownclimate.vendors.mclimate import vocabulary
from ownclimate.vendors.mclimate.wire_schedules import Schedule

Action = Literal["command", "thermostat_mode", "thermostat"]
DefaultState = Literal["on", "off", "do_nothing"]

PURPOSES: Final[dict[str, Purpose]] = {
    "command": Purpose.DEVICE,
    "thermostat_mode": Purpose.THERMOSTAT,
    "thermostat": Purpose.THERMOSTAT,
}
ENDS: Final[dict[str, End]] = {"do_nothing": End.NOTHING, "on": End.ON, "off": End.OFF}
_ACTIONS: Final = {Purpose.DEVICE: "command", Purpose.THERMOSTAT: "thermostat_mode"}
DEFAULT_STATES: Final = {end: word for word, end in ENDS.items()}

_CLOCK = re.compile(r"(?:\d{4}-\d\d-\d\d[ T])?(?P<hours>[01]\d|2[0-4]):(?P<minutes>[0-5]\d)(?::\d\d)?")


def days_of(text: str) -> frozenset[int]:
    """The first of the seven digits is Monday's."""
    return frozenset(day for day, digit in enumerate(text) if digit == "1")


def days_text(days: frozenset[int]) -> str:
    return "".join("1" if day in days else "0" for day in range(7))


def minute_of(name: str, given: int | str) -> int:
    """Minutes from midnight; also as text, and as the date and time of an answer. Raises InvalidInput."""
    if isinstance(given, int):
        return given
    if given.isascii() and given.isdecimal() and len(given) <= 4:
        return int(given)
    found = _CLOCK.fullmatch(given)
    if found is None:
        raise InvalidInput(name, "expected minutes from midnight, such as 650 for 10:50")
    return int(found["hours"]) * 60 + int(found["minutes"])


def fallback_zone(account_zone: str, device_hours: int | None, now_ms: int) -> str:
    """The zone of a schedule whose device stands at no site that knows its own: the account's, else the one
    in which it is now the hour that the device shows. Empty when nobody can tell."""
    if account_zone not in ("", "UTC") or device_hours is None:
        return account_zone
    ahead = (device_hours - now_ms // 3_600_000 % 24 + 11) % 24 - 11
    # The names count westwards: Etc/GMT-2 is two hours ahead of UTC.
    return f"Etc/GMT{-ahead:+d}" if ahead else "UTC"


def schedule_of(
    routine: Routine,
    *,
    controller: int | None,
    profile: int | None,
    zone: str,
    main_target: float | None,
    now_ms: int,
) -> Schedule:
    begin, end = coming(routine, zone, now_ms)
    return Schedule(
        id=routine.number,
        controller_id=controller,
        schedule_profile_id=profile,
        days=days_text(routine.days),
        active=int(routine.is_active),
        from_time=_moment(begin),
        to_time=_moment(end),
        action=_ACTIONS[routine.purpose],
        target=vocabulary.plain(float(routine.target)),
        main_target=None if main_target is None else vocabulary.plain(float(main_target)),
        default_state=DEFAULT_STATES[routine.at_end],
        push=int(routine.is_told),
        user_time_offset=None,
    )


def _moment(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds")
