"""Instants as people write and read them."""

from __future__ import annotations

from datetime import UTC, datetime

import click


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
        if value.lstrip("-").isdigit() and len(value) > 8:
            return int(value)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is neither RFC 3339 (2026-11-21T10:00:00Z), a date nor epoch milliseconds",
                param,
                ctx,
            )
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


INSTANT = InstantParameter()
