"""Instants as people write and read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import click

EPOCH_MS: Final = re.compile(r"-?\d{9,}", re.ASCII)
"""Fewer digits are a date without dashes."""


def utc_text(at_ms: int) -> str:
    """RFC 3339 in UTC, with milliseconds only when there are any."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds" if at_ms % 1000 else "seconds").replace("+00:00", "Z")


class InstantParameter(click.ParamType[int]):
    """RFC 3339 text, a date (midnight UTC) or epoch milliseconds, as epoch milliseconds."""

    name = "TIME"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            if EPOCH_MS.fullmatch(value):
                moment = datetime.fromtimestamp(int(value) / 1000, UTC)
            else:
                moment = datetime.fromisoformat(value)
            return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
        except (ValueError, OverflowError, OSError):
            self.fail(
                f"{value!r} is neither RFC 3339 (2026-11-21T10:00:00Z), a date nor epoch milliseconds",
                param,
                ctx,
            )


INSTANT = InstantParameter()
