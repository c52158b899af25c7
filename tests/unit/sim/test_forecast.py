"""A forecast of the simulated world tells what it is going to be."""

from __future__ import annotations

import dataclasses

from ownclimate.core.ids import OwnerId, SiteId
from ownclimate.core.things import Site
from ownclimate.sim.demo import SIMULATION
from ownclimate.sim.forecast import DAY_MS, DAYS, SimulatedForecasts, outlooks
from ownclimate.sim.plan import plan
from tests.fakes import FakeClock

WORLD = plan(1)


def test_days_follow_one_another_and_agree_with_themselves(clock: FakeClock) -> None:
    for site in WORLD.sites:
        found = outlooks(WORLD, site, clock.now_ms())

        assert [day.at_ms for day in found] == [clock.now_ms() + n * DAY_MS for n in range(DAYS)]
        for day in found:
            assert day.low_c <= day.temperature_c <= day.high_c
            assert day.dew_point_c <= day.high_c
            assert 0 <= day.humidity_pct <= 100
            assert 0 <= day.cloud <= 1
            assert 0 <= day.wind_direction_deg < 360


def test_tomorrow_seen_today_is_tomorrow(clock: FakeClock) -> None:
    site = WORLD.sites[0]
    seen = outlooks(WORLD, site, clock.now_ms())[1]
    clock.advance(24 * 3600)

    (came, *_) = outlooks(WORLD, site, clock.now_ms())

    assert dataclasses.replace(came, temperature_c=0) == dataclasses.replace(seen, temperature_c=0)


async def test_of_other_sites_nothing_is_known(clock: FakeClock) -> None:
    forecasts = SimulatedForecasts(WORLD, clock)
    elsewhere = Site(id=SiteId("a" * 24), owner_id=OwnerId("b" * 24), name="Elsewhere", number=1)
    known = dataclasses.replace(elsewhere, aliases={SIMULATION: WORLD.sites[0].key})

    assert await forecasts(elsewhere) == ()
    assert len(await forecasts(known)) == DAYS
