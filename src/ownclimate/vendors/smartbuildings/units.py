"""Degrees Fahrenheit on the wire, Celsius in the core; instants in UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final

from ownclimate.core.quantities import celsius_to_fahrenheit, fahrenheit_to_celsius

WIRE_DIGITS = 2
"""The wire has hundredths."""
CORE_DIGITS = 4
"""Enough that every hundredth of a degree Fahrenheit comes back as it went in."""


def fahrenheit(celsius: float) -> float:
    return round(celsius_to_fahrenheit(celsius), WIRE_DIGITS)


def celsius(fahrenheit: float) -> float:
    return round(fahrenheit_to_celsius(fahrenheit), CORE_DIGITS)


def instant(at_ms: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_ms / 1000))


def instant_ms(text: str) -> int | None:
    """Epoch milliseconds of an ISO 8601 date-time; None when it is none or lacks its offset."""
    at = _date_time(text)
    return None if at is None or at.tzinfo is None else (at - _EPOCH) // timedelta(milliseconds=1)


def said_instant_ms(text: str) -> int | None:
    """The same of what the cloud says: without an offset it is UTC, for ecobee's documents name no zone."""
    at = _date_time(text)
    return None if at is None else instant_ms(at.isoformat() if at.tzinfo else f"{at.isoformat()}Z")


def _date_time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
