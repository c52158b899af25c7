"""The weather to come at a site, from whoever provides it. Without a provider nothing is known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from ownclimate.core.things import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is expected of a day. `cloud` goes from 0, clear, to 1, overcast."""

    at_ms: int
    temperature_c: float
    high_c: float
    low_c: float
    dew_point_c: float
    humidity_pct: float
    rain_probability_pct: float
    pressure_sea_hpa: float
    wind_speed_kmh: float
    wind_direction_deg: float
    cloud: float


Forecasts = Callable[[Site], Awaitable[Sequence[Outlook]]]
"""Days to come, nearest first; empty for a site it knows nothing of. Must not raise."""


async def no_forecasts(site: Site) -> Sequence[Outlook]:
    return ()
