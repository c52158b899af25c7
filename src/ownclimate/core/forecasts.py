"""The weather to come at a site, from whoever provides it. Without a provider nothing is known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.ids import OwnerId, SiteId
from ownclimate.core.partitions import FORECASTS, owner_partition
from ownclimate.core.ports import Ports, Put
from ownclimate.core.things import Site
from ownclimate.core.writes import write_surely

STALE_MS: Final = 24 * 3_600_000
"""What was told longer ago is no forecast any more."""


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
    said: Mapping[str, Any] = field(default_factory=dict)
    """As whoever told it has it, by maker."""


Forecasts = Callable[[Site], Awaitable[Sequence[Outlook]]]
"""Days to come, nearest first; empty for a site it knows nothing of. Must not raise."""


async def no_forecasts(site: Site) -> Sequence[Outlook]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    at_ms: int = 0
    outlooks: tuple[Outlook, ...] = ()


async def keep_forecast(
    ports: Ports, owner_id: OwnerId, site_id: SiteId, outlooks: Sequence[Outlook]
) -> None:
    """The weather to come at a site, as somebody just told it; takes the place of what was told before."""
    told = _Told(at_ms=ports.clock.now_ms(), outlooks=tuple(outlooks))
    put = Put(table=FORECASTS, key=site_id, body=to_body(told))
    await write_surely(ports, owner_partition(owner_id), [put], of="forecast")


def kept_forecasts(ports: Ports, otherwise: Forecasts = no_forecasts) -> Forecasts:
    """What was kept of a site, until it is stale; `otherwise` knows of the other sites."""

    async def forecasts(site: Site) -> Sequence[Outlook]:
        found = await ports.directory.find(owner_partition(site.owner_id), FORECASTS, site.id)
        told = _Told() if found is None else from_body(_Told, found.body)
        is_fresh = ports.clock.now_ms() - told.at_ms <= STALE_MS
        return told.outlooks if told.outlooks and is_fresh else await otherwise(site)

    return forecasts
