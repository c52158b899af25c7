"""Schedules: timetables that hold, and their life in the directory."""

from __future__ import annotations

import dataclasses

import pytest

from ownclimate.core.errors import Conflict
from ownclimate.core.ids import OwnerId, SiteId
from ownclimate.core.ports import Ports
from ownclimate.core.schedules import create_schedule, edit_schedule, entries_problem, list_schedules
from ownclimate.core.writes import Actor
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import memory_ports

OWNER, SITE = OwnerId("0" * 24), SiteId("1" * 24)
ACTOR = Actor(via="test")
ZONES = ({"id": 0}, {"id": 4})


@pytest.fixture
def ports() -> Ports:
    return memory_ports(FakeClock(), SeededEntropy(1))


@pytest.mark.parametrize(
    ("entries", "holds"),
    [
        pytest.param((), True, id="empty"),
        pytest.param(((0, 0), (420, 4), (10_079, 0)), True, id="a-week"),
        pytest.param(((0, 0), (0, 4)), False, id="same-minute"),
        pytest.param(((420, 0), (10, 4)), False, id="falling"),
        pytest.param(((10_080, 0),), False, id="next-week"),
        pytest.param(((-1, 0),), False, id="before-monday"),
        pytest.param(((0, 7),), False, id="no-such-zone"),
    ],
)
def test_minutes_rise_within_the_week_and_zones_exist(
    entries: tuple[tuple[int, int], ...], holds: bool
) -> None:
    assert (entries_problem(entries, ZONES) is None) is holds


async def test_a_schedule_is_found_as_it_was_made(ports: Ports) -> None:
    made = await create_schedule(
        ports, OWNER, ACTOR, site_id=SITE, name="Winter", entries=((0, 0), (420, 4)), zones=ZONES
    )

    assert await list_schedules(ports.directory, OWNER) == [made]
    assert await list_schedules(ports.directory, OWNER, SITE) == [made]
    assert await list_schedules(ports.directory, OWNER, SiteId("2" * 24)) == []
    assert made.aliases["netatmo"] == made.id


async def test_a_sites_schedules_have_different_ids(ports: Ports) -> None:
    await create_schedule(ports, OWNER, ACTOR, site_id=SITE, name="A", given_aliases={"netatmo": "aa"})

    with pytest.raises(Conflict):
        await create_schedule(ports, OWNER, ACTOR, site_id=SITE, name="B", given_aliases={"netatmo": "AA"})
    await create_schedule(
        ports, OWNER, ACTOR, site_id=SiteId("2" * 24), name="C", given_aliases={"netatmo": "aa"}
    )


async def test_an_edit_is_kept_and_a_deleted_schedule_is_not_listed(ports: Ports) -> None:
    made = await create_schedule(ports, OWNER, ACTOR, site_id=SITE, name="Winter")

    await edit_schedule(
        ports, OWNER, ACTOR, made.id, lambda schedule: dataclasses.replace(schedule, name="Summer")
    )
    (renamed,) = await list_schedules(ports.directory, OWNER)
    await edit_schedule(
        ports, OWNER, ACTOR, made.id, lambda schedule: dataclasses.replace(schedule, deleted_ms=5)
    )

    assert renamed.name == "Summer"
    assert await list_schedules(ports.directory, OWNER) == []
