"""The weather to come at a site: what somebody told of it, until it is stale."""

from __future__ import annotations

from ownclimate.core.forecasts import STALE_MS, Outlook, keep_forecast, kept_forecasts
from ownclimate.core.sites import create_site
from ownclimate.core.things import Site
from tests.fakes.households import ACTOR, Households, memory_ports

TODAY = Outlook(
    at_ms=1_795_255_200_000,
    temperature_c=4.5,
    high_c=6.0,
    low_c=1.5,
    dew_point_c=2.0,
    humidity_pct=88.0,
    rain_probability_pct=60.0,
    pressure_sea_hpa=1011.5,
    wind_speed_kmh=19.3,
    wind_direction_deg=315.0,
    cloud=0.75,
    said={"twin": {"sky": "LOW CLOUDS"}},
)


async def other_provider(site: Site) -> tuple[Outlook, ...]:
    return ()


async def test_what_was_told_of_a_site_counts_for_a_day_and_for_that_site(clock, entropy) -> None:
    ports = memory_ports(clock, entropy)
    owner_id = (await Households(ports).add("ada")).owner_id
    office, annex = [
        await create_site(ports, owner_id, ACTOR, name=name, time_zone="UTC") for name in ("Office", "Annex")
    ]
    forecasts = kept_forecasts(ports, other_provider)

    await keep_forecast(ports, owner_id, office.id, [TODAY, TODAY])
    await keep_forecast(ports, owner_id, office.id, [TODAY])

    assert list(await forecasts(office)) == [TODAY]
    assert list(await forecasts(annex)) == []
    clock.advance(STALE_MS / 1000 + 1)
    assert list(await forecasts(office)) == []
