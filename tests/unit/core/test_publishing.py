"""A station is public exactly when its owner says so, whatever step a crash interrupts."""

from __future__ import annotations

import dataclasses

import pytest

from ownclimate.core import publishing
from ownclimate.core.accounts import register_account
from ownclimate.core.devices import create_device, edit_device
from ownclimate.core.publishing import Box, find_public, public_in, set_public
from ownclimate.core.sites import create_site
from ownclimate.core.things import Place, Report
from ownclimate.core.writes import Actor
from tests.unit.core.conftest import PowerCut

ACTOR = Actor(via="test")
WORLD = Box(south=-85, west=-180, north=85, east=180)
WRITES_OF_PUBLISHING = 3
"""The station with its audit entry, and its entry in each index."""


async def a_station(ports, email="a@example.org", *, latitude=52.5, longitude=13.4):
    account = await register_account(ports, ACTOR, email=email, password_hash="x")
    where = {"location": Report(value={"latitude": latitude, "longitude": longitude}, at_ms=0)}
    return await create_device(
        ports,
        account.owner_id,
        ACTOR,
        vendor="netatmo",
        model="NAMain",
        vendor_id="70:ee:50:00:00:01",
        given_aliases={"netatmo": "70:ee:50:00:00:01"},
        reports=where,
    )


async def shown(ports) -> tuple[int, bool]:
    """How many stations the world holds, and whether the one of the tests is found by its id."""
    found = await public_in(ports.directory, WORLD)
    return len(found), await find_public(ports.directory, "70:EE:50:00:00:01") is not None


async def switch(ports, station, *, is_public: bool) -> None:
    await set_public(ports, station.owner_id, ACTOR, station.id, is_public=is_public)


async def test_a_station_is_shown_and_hidden_again(ports) -> None:
    station = await a_station(ports)
    assert await shown(ports) == (0, False)

    await switch(ports, station, is_public=True)
    assert await shown(ports) == (1, True)

    await switch(ports, station, is_public=False)
    assert await shown(ports) == (0, False)


async def test_publishing_takes_as_many_writes_as_the_crash_test_cuts(ports, directory) -> None:
    station = await a_station(ports)
    before = directory.writes

    await switch(ports, station, is_public=True)

    assert directory.writes - before == WRITES_OF_PUBLISHING


@pytest.mark.parametrize("step", range(1, WRITES_OF_PUBLISHING + 1))
async def test_a_crash_while_publishing_is_made_up_for(ports, directory, step) -> None:
    station = await a_station(ports)
    directory.cut_at = directory.writes + step
    with pytest.raises(PowerCut):
        await switch(ports, station, is_public=True)

    await publishing.repair(ports)
    await switch(ports, station, is_public=True)

    assert await shown(ports) == (1, True)
    assert await publishing.repair(ports) == 0


@pytest.mark.parametrize("step", [1, 2, 3])
async def test_a_crash_while_hiding_shows_nothing_once_the_station_is_private(ports, directory, step) -> None:
    station = await a_station(ports)
    await switch(ports, station, is_public=True)
    directory.cut_at = directory.writes + step
    with pytest.raises(PowerCut):
        await switch(ports, station, is_public=False)

    # Before its first write it is public still; after it the setting hides what the indexes hold.
    assert await shown(ports) == ((1, True) if step == 1 else (0, False))
    await publishing.repair(ports)
    assert await publishing.repair(ports) == 0


async def test_a_station_that_moved_is_found_where_it_stands_now(ports) -> None:
    station = await a_station(ports)
    await switch(ports, station, is_public=True)
    moved = {"location": Report(value={"latitude": -33.9, "longitude": 151.2}, at_ms=1)}
    await edit_device(
        ports, station.owner_id, ACTOR, station.id, lambda d: dataclasses.replace(d, reports=moved)
    )

    await publishing.repair(ports)

    sydney = Box(south=-34, west=151, north=-33, east=152)
    assert len(await public_in(ports.directory, sydney)) == 1
    assert (await shown(ports))[0] == 1


async def test_a_station_stands_where_its_home_does_unless_it_says_otherwise(ports) -> None:
    station = await a_station(ports)
    site = await create_site(
        ports, station.owner_id, ACTOR, name="Mill", place=Place(latitude=1.0, longitude=2.0)
    )

    assert publishing.position_of(station, site) == (52.5, 13.4)
    assert publishing.position_of(dataclasses.replace(station, reports={}), site) == (1.0, 2.0)
    assert publishing.position_of(dataclasses.replace(station, reports={}), None) is None


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(0, 0), (-85, -180), (85, 180), (9.999, 10), (-0.001, -10), (59.999, 179.999)]
)
async def test_no_edge_of_an_area_loses_a_station(ports, latitude, longitude) -> None:
    await switch(ports, await a_station(ports, latitude=latitude, longitude=longitude), is_public=True)

    around = Box(
        south=max(latitude - 0.01, -85),
        west=max(longitude - 0.01, -180),
        north=min(latitude + 0.01, 85),
        east=min(longitude + 0.01, 180),
    )
    assert len(await public_in(ports.directory, around)) == 1
    assert (await shown(ports))[0] == 1


async def test_of_two_owners_with_one_station_either_may_share_it(ports) -> None:
    """Two households may have imported the same station; one's choice is not the other's."""
    first, second = await a_station(ports), await a_station(ports, "b@example.org")

    await switch(ports, second, is_public=True)

    found = await find_public(ports.directory, "70:ee:50:00:00:01")
    assert found is not None
    assert found.device.owner_id == second.owner_id != first.owner_id
