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


def is_online(device: Device, last_ms: int | None, now_ms: int) -> bool:
    """Computed for devices that we hear; of others their source's word, else how old the last reading is.

    `last_ms` is the instant of the last reading, None when there never was one.
    """
    if not device.is_heard and (reachable := device.reports.get("reachable")) is not None:
        return bool(reachable.value)
    if last_ms is None:
        return False
    if device.is_heard:
        return now_ms - last_ms <= max(LONGEST_SILENCE_MS, KEEPALIVES_MISSED * device.keepalive_s * 1000)
    return now_ms - last_ms <= LAST_WORD_MS
