"""What a station tells of its day beside the last values: extremes, sums and trends (contract §5.1).

Computed from the series for devices whose source says nothing of the kind. A day is the local one of
the newest value, so that its extremes and its time belong together. The vendor does not publish how it
finds trends; here they compare the newest value with the one some time before it.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from ownclimate.core.ids import DeviceNumber
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Instants, Interval, Series, Values
from ownclimate.vendors.netatmo.restate import written

HOUR_MS: Final = 3_600_000
UP, DOWN, STABLE = "up", "down", "stable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """`name` goes up or down when the value moved by more than `threshold` within `span_ms`."""

    name: str
    quantity: str
    span_ms: int
    threshold: float


TRENDS: Final = (
    Trend(name="temp_trend", quantity="temperature_c", span_ms=HOUR_MS, threshold=0.3),
    Trend(name="pressure_trend", quantity="pressure_sea_hpa", span_ms=3 * HOUR_MS, threshold=1.0),
)
_NEEDS: Final = {
    "temperature_c": ("temperature_c",),
    "pressure_sea_hpa": ("pressure_sea_hpa",),
    "rain_mm": ("rain_mm",),
    "wind_speed_kmh": ("wind_speed_kmh", "wind_direction_deg"),
}
LONGEST_SPANS: Final = 2
"""How many spans ago the value may be that the newest one is compared with, where some are missing."""
LONGEST_LOOK_MS: Final = LONGEST_SPANS * max(trend.span_ms for trend in TRENDS)


async def day_of(
    ports: Ports, number: DeviceNumber, quantities: frozenset[str], newest_ms: int, zone: str
) -> dict[str, Any]:
    """Fields of `dashboard_data` about the day of the instant, for those of the quantities that have any."""
    wanted = sorted({name for q in quantities for name in _NEEDS.get(q, ())})
    if not wanted:
        return {}
    midnight_ms = local_midnight_ms(newest_ms, zone)
    interval = Interval(start_ms=min(midnight_ms, newest_ms - LONGEST_LOOK_MS), end_ms=newest_ms + 1)
    series = await ports.series.read(number, interval, wanted)
    told: dict[str, Any] = {}
    if "temperature_c" in wanted:
        told |= _extremes(series, midnight_ms)
    if "rain_mm" in wanted:
        told["sum_rain_1"] = _sum(series, "rain_mm", newest_ms - HOUR_MS + 1)
        told["sum_rain_24"] = _sum(series, "rain_mm", midnight_ms)
    if "wind_speed_kmh" in wanted:
        told |= _strongest(series, midnight_ms)
    for trend in TRENDS:
        if trend.quantity in wanted and (direction := _direction(series, trend)) is not None:
            told[trend.name] = direction
    return told


def local_midnight_ms(at_ms: int, zone: str) -> int:
    """The beginning of the day that the instant lies in on the clocks of the zone."""
    local = datetime.datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))
    return int(local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp()) * 1000


def _since(series: Series, quantity: str, start_ms: int) -> tuple[Instants, Values]:
    values = series.columns[quantity]
    rows = ~np.isnan(values) & (series.times_ms >= start_ms)
    return series.times_ms[rows], values[rows]


def _extremes(series: Series, midnight_ms: int) -> dict[str, Any]:
    times_ms, values = _since(series, "temperature_c", midnight_ms)
    if not len(values):
        return {}
    low, high = int(values.argmin()), int(values.argmax())
    return {
        "min_temp": written("temperature_c", float(values[low])),
        "max_temp": written("temperature_c", float(values[high])),
        "date_min_temp": int(times_ms[low]) // 1000,
        "date_max_temp": int(times_ms[high]) // 1000,
    }


def _sum(series: Series, quantity: str, start_ms: int) -> float | int:
    return written(quantity, float(_since(series, quantity, start_ms)[1].sum()))


def _strongest(series: Series, midnight_ms: int) -> dict[str, Any]:
    times_ms, speeds = _since(series, "wind_speed_kmh", midnight_ms)
    if not len(speeds):
        return {}
    place = int(speeds.argmax())
    told: dict[str, Any] = {
        "max_wind_str": written("wind_speed_kmh", float(speeds[place])),
        "date_max_wind_str": int(times_ms[place]) // 1000,
    }
    row = int(series.times_ms.searchsorted(times_ms[place]))
    angle = float(series.columns["wind_direction_deg"][row])
    if not np.isnan(angle):
        told["max_wind_angle"] = written("wind_direction_deg", angle)
    return told


def _direction(series: Series, trend: Trend) -> str | None:
    """None when there is no value to compare with."""
    times_ms, values = _since(series, trend.quantity, 0)
    if not len(values):
        return None
    newest_ms = int(times_ms[-1])
    before = int(times_ms.searchsorted(newest_ms - trend.span_ms, side="right")) - 1
    if before < 0 or times_ms[before] < newest_ms - LONGEST_SPANS * trend.span_ms:
        return None
    change = float(values[-1] - values[before])
    return STABLE if abs(change) <= trend.threshold else UP if change > 0 else DOWN
