"""Whether a device can be reached, as far as can be told."""

from __future__ import annotations

from typing import Final

from ownclimate.core.things import Device

KEEPALIVES_MISSED: Final = 3
"""A device that missed more reports than this is taken to be gone."""
LONGEST_SILENCE_MS: Final = 30 * 60_000
"""Nobody is called gone sooner, however often it usually reports."""
LAST_WORD_MS: Final = 4 * 3_600_000
"""How long a reading speaks for a device whose source does not say how it is."""
CONNECTION: Final = "connection"
"""The source of a report `reachable` that comes from the device's own connection: its broker says so, and
says at once when it breaks. It counts also of devices that we hear."""


def is_online(device: Device, last_ms: int | None, now_ms: int) -> bool:
    """Its connection's word; else computed for devices that we hear, and of others their source's word or
    how old the last reading is.

    `last_ms` is the instant of the last reading, None when there never was one.
    """
    reachable = device.reports.get("reachable")
    if reachable is not None and (not device.is_heard or reachable.source == CONNECTION):
        return bool(reachable.value)
    if last_ms is None:
        return False
    if device.is_heard:
        return now_ms - last_ms <= max(LONGEST_SILENCE_MS, KEEPALIVES_MISSED * device.keepalive_s * 1000)
    return now_ms - last_ms <= LAST_WORD_MS
