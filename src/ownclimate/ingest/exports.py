"""Readings of many devices on their way out of the store: windows of each device, in bounded memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ownclimate.core.ports import Ports
from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.readings import Interval, Series
from ownclimate.core.things import Device

WINDOW_ROWS: Final = 50_000
"""Rows read at a time; a hundred columns of them are 40 MB."""


class Writer(Protocol):
    """Where rows go; made with the quantities that may occur."""

    def write(self, device: str, series: Series) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some rows of one device. `share_done` is how much of the device's span they complete, 0 to 1."""

    device: Device
    series: Series
    share_done: float


async def quantities_of(ports: Ports, devices: Sequence[Device]) -> list[str]:
    """Every quantity that one of the devices ever reported, in the table's order."""
    latest = await ports.series.latest([device.number for device in devices])
    known = {name for values in latest.values() for name in values}
    return [name for name in QUANTITIES if name in known]


async def pieces(ports: Ports, devices: Sequence[Device], interval: Interval) -> AsyncIterator[Piece]:
    """Every row of the devices in the interval: a device after the other, each in time order."""
    latest = await ports.series.latest([device.number for device in devices])
    for device in devices:
        last_ms = max((known.at_ms for known in latest.get(device.number, {}).values()), default=0)
        end_ms = last_ms if interval.end_ms is None else min(last_ms, interval.end_ms)
        start_ms, first_ms = interval.start_ms, None
        while True:
            window = Interval(start_ms=start_ms, end_ms=interval.end_ms)
            series = await ports.series.read(device.number, window, limit=WINDOW_ROWS)
            if not len(series):
                break
            until_ms = int(series.times_ms[-1])
            first_ms = int(series.times_ms[0]) if first_ms is None else first_ms
            share = (until_ms - first_ms) / (end_ms - first_ms) if end_ms > first_ms else 1.0
            yield Piece(device=device, series=series, share_done=min(1.0, share))
            start_ms = until_ms + 1


def name_of(device: Device) -> str:
    """What the device is called in a file, so that another store with the device finds it."""
    return device.vendor_id or device.id
