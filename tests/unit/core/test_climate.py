"""What holds in a room, and whose it is: as its source said, or as somebody chose here."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from ownclimate.core.audit import list_entries
from ownclimate.core.climate import Channel, in_force, is_followed, next_change_ms, setpoint_of
from ownclimate.core.climate_changes import load_climate
from ownclimate.core.errors import InvalidInput, NotFound
from ownclimate.core.followers import Follower, asked, heard
from ownclimate.core.operate import (
    change_schedule,
    delete_schedule,
    follow_time,
    set_setpoint,
    switch_schedule,
)
from ownclimate.core.ports import Change
from ownclimate.core.schedules import list_schedules
from ownclimate.core.sites import edit_room, edit_site
from ownclimate.core.things import Ability, SetpointMode
from ownclimate.store.memory import MemoryDirectory
from ownclimate.store.partitioned_memory import PartitionedMemoryDirectory
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.heated_home import COOLING, DAY, HEATING, HeatedHome
from tests.fakes.households import ACTOR, Households, memory_ports

NOW_MS = 1_795_255_200_000
HOUR_MS = 3_600_000
ALWAYS = ((0, DAY),)


@pytest.fixture
async def home(clock, entropy) -> HeatedHome:
    return await HeatedHome.build(Households(memory_ports(clock, entropy)))


async def said(home: HeatedHome, room: str, **settings: Any) -> None:
    """A source says how the room is set."""
    prefixed = {f"heating_setpoint_{name}": value for name, value in settings.items()}
    await edit_room(
        home.ports,
        home.owner_id,
        ACTOR,
        home.rooms[room].id,
        lambda before: dataclasses.replace(before, settings=before.settings | prefixed),
    )


async def is_ours(home: HeatedHome, room: str, channel: Channel = HEATING) -> bool:
    found = (await home.climate()).room(home.rooms[room].id)
    return found is not None and is_followed(found, channel)


async def test_what_a_source_said_stays_though_its_end_is_long_past(home) -> None:
    await said(home, "parlour", mode="manual", c=23, until_ms=NOW_MS - HOUR_MS, since_ms=1)

    await follow_time(home.ports, home.owner_id, await home.climate())

    assert await home.shown("parlour") == ("manual", 23, 1, NOW_MS - HOUR_MS)
    assert next_change_ms(await home.climate(), NOW_MS) is None


async def test_a_choice_takes_one_room_over_and_a_mode_all_of_them(home) -> None:
    await said(home, "parlour", mode="schedule", c=19)
    await said(home, "bedroom", mode="schedule", c=18)
    await home.choose("parlour", "manual", 22.0)
    assert [await is_ours(home, room) for room in home.rooms] == [True, False]

    await home.go("away")

    assert [await is_ours(home, room) for room in home.rooms] == [True, True]


async def test_a_newer_word_of_the_source_makes_the_room_the_sources_again(home) -> None:
    await home.choose("parlour", "manual", 22.0)
    await said(home, "parlour", mode="manual", c=17.5)

    home.ports.clock.advance(24 * 3600)
    await follow_time(home.ports, home.owner_id, await home.climate())

    assert not await is_ours(home, "parlour")
    assert (await home.shown("parlour"))[:2] == ("manual", 17.5)


async def test_a_set_point_that_a_source_holds_outlives_another_schedule_until_its_end(home) -> None:
    await said(home, "parlour", mode="manual", c=23, until_ms=NOW_MS + HOUR_MS)
    await said(home, "bedroom", mode="away", c=12)
    await home.switch(await home.schedule(ALWAYS, day=20.0))
    assert (await home.shown("parlour"))[:2] == ("manual", 23)
    assert (await home.shown("bedroom"))[:2] == ("schedule", 20.0)

    home.ports.clock.advance(3600)
    await follow_time(home.ports, home.owner_id, await home.climate())

    assert (await home.shown("parlour"))[:2] == ("schedule", 20.0)


async def test_frost_guard_of_a_room_outlives_the_homes(home) -> None:
    await home.switch(await home.schedule(ALWAYS, day=20.0))
    await home.go("frost_guard")
    await home.choose("bedroom", "frost_guard", until_ms=0)
    await home.choose("parlour", "home")
    assert (await home.shown("parlour"))[0] == "frost_guard"

    # Not by a choice, which would end the room's own: by its time.
    await edit_site(
        home.ports,
        home.owner_id,
        ACTOR,
        home.site_id,
        lambda site: dataclasses.replace(site, settings=site.settings | {"heating_mode": "schedule"}),
    )
    await follow_time(home.ports, home.owner_id, await home.climate())

    assert (await home.shown("parlour"))[:2] == ("schedule", 20.0)
    assert (await home.shown("bedroom"))[:2] == ("frost_guard", 7.0)


async def test_the_same_set_point_from_another_entry_begins_when_the_first_did(home) -> None:
    await home.switch(await home.schedule(((0, DAY), (6 * 1440, DAY)), day=20.0))
    home.ports.clock.advance(24 * 3600)

    await follow_time(home.ports, home.owner_id, await home.climate())

    assert (await home.shown("parlour"))[2] == NOW_MS


async def test_cooling_is_a_wish_of_its_own(home) -> None:
    await home.households.device(
        "ada",
        "melissa",
        "H1234",
        abilities=frozenset({Ability.AIR_CONDITIONING, Ability.COOLING_SETPOINT}),
        site_id=home.site_id,
        room_id=home.rooms["parlour"].id,
    )
    await home.choose("parlour", "manual", 21.0)
    await home.choose("parlour", "manual", 26.0, channel=COOLING)

    assert (await home.shown("parlour"))[1] == 21.0
    assert (await home.shown("parlour", COOLING))[1] == 26.0


async def test_what_holds_can_be_asked_of_any_instant(home) -> None:
    await home.switch(await home.schedule(ALWAYS, day=20.0))
    await home.choose("parlour", "manual", 23.0, until_ms=NOW_MS + HOUR_MS)
    climate = await home.climate()
    room = climate.room(home.rooms["parlour"].id)
    assert room is not None

    found = [in_force(climate, room, HEATING, NOW_MS + late) for late in (0, HOUR_MS - 1, HOUR_MS)]

    assert [setpoint.temperature_c for setpoint in found] == [23.0, 23.0, 20.0]
    assert found[2].since_ms == NOW_MS + HOUR_MS


async def test_a_change_and_all_that_follows_from_it_is_one_write_with_its_deeds() -> None:
    """On a store that loses answers and reorders: either everything is there, or nothing."""
    clock = FakeClock()
    ports = dataclasses.replace(
        memory_ports(clock, SeededEntropy(5)), directory=PartitionedMemoryDirectory(seed=3)
    )
    home = await HeatedHome.build(Households(ports))
    schedule = await home.schedule(ALWAYS, day=20.0)
    for number in range(10):
        clock.advance(60)
        await home.choose("parlour", "manual", 18.0 + number)
        await home.go("away" if number % 2 else "schedule", schedule_id="" if number % 2 else schedule.id)

    entries = await list_entries(ports.directory, home.owner_id, since_ms=0, now_ms=clock.now_ms(), limit=500)
    assert sum(entry.verb == "set_setpoint" for entry in entries) == 10
    assert sum(entry.verb == "set_mode" for entry in entries) == 10
    assert (await home.shown("parlour"))[0] == (await home.shown("bedroom"))[0] == "away"


class Interrupted(MemoryDirectory):
    """Lets somebody else write first, once."""

    def __init__(self) -> None:
        super().__init__()
        self.first: Callable[[], Awaitable[None]] | None = None

    async def write(self, partition: str, changes: Sequence[Change], version: str) -> None:
        act, self.first = self.first, None
        if act is not None:
            await act()
        await super().write(partition, changes, version)


async def test_of_two_who_choose_at_once_the_later_one_counts_and_nothing_is_torn() -> None:
    directory = Interrupted()
    ports = dataclasses.replace(memory_ports(FakeClock(), SeededEntropy(5)), directory=directory)
    home = await HeatedHome.build(Households(ports))
    directory.first = lambda: home.choose("bedroom", "manual", 17.0)

    await home.go("away")

    assert (await home.shown("parlour"))[0] == "away"
    assert (await home.shown("bedroom"))[0] == "away"


async def test_the_selected_schedule_cannot_be_deleted_and_another_is_gone_for_good(home) -> None:
    kept, other = await home.schedule(ALWAYS, day=20.0), await home.schedule(ALWAYS, day=10.0)
    await home.switch(kept)
    with pytest.raises(InvalidInput):
        await delete_schedule(home.ports, home.owner_id, ACTOR, home.site_id, kept.id)

    await delete_schedule(home.ports, home.owner_id, ACTOR, home.site_id, other.id)

    assert [s.id for s in await list_schedules(home.ports.directory, home.owner_id)] == [kept.id]
    with pytest.raises(NotFound):
        await switch_schedule(home.ports, home.owner_id, ACTOR, home.site_id, other.id)


async def test_a_changed_timetable_moves_the_rooms_that_follow_it_and_no_other(home) -> None:
    schedule = await home.schedule(ALWAYS, day=20.0)
    await home.switch(schedule)
    await home.choose("bedroom", "manual", 23.0)
    zone = schedule.zones[0]
    rooms = [{**room, "heating_setpoint_c": 18.0} for room in zone["rooms"]]

    await change_schedule(
        home.ports,
        home.owner_id,
        ACTOR,
        home.site_id,
        schedule.id,
        lambda before: dataclasses.replace(before, zones=({**zone, "rooms": rooms},)),
    )

    assert (await home.shown("parlour"))[:2] == ("schedule", 18.0)
    assert (await home.shown("bedroom"))[:2] == ("manual", 23.0)


async def test_a_room_of_another_site_cannot_be_set(home) -> None:
    with pytest.raises(NotFound):
        await set_setpoint(
            home.ports,
            home.owner_id,
            ACTOR,
            home.site_id,
            "0" * 24,  # type: ignore[arg-type]
            HEATING,
            SetpointMode.MAX,
        )
    assert setpoint_of(home.rooms["parlour"], HEATING) is None
    assert (await load_climate(home.ports, home.owner_id, home.site_id)).site.id == home.site_id


@pytest.mark.parametrize(
    ("before", "value", "is_turned"),
    [
        (None, 21.0, False),
        (Follower(heard_c=20.0), 20.0, False),
        (Follower(heard_c=20.0), 21.0, True),
        (asked(Follower(heard_c=20.0), "one", 22.0), 22.0, False),
        (asked(Follower(heard_c=20.0), "one", 21.5), 22.0, False),
        (asked(Follower(heard_c=20.0), "one", 22.0), 18.0, True),
        (asked(Follower(heard_c=20.0), "off", None), 5.0, False),
        (asked(asked(Follower(heard_c=20.0), "one", 22.0), "two", 16.0), 22.0, False),
        (Follower(occurrence="one", asked_c=22.0, heard_c=22.0), 22.5, True),
    ],
    ids=[
        "first heard of",
        "as before",
        "never asked",
        "as asked",
        "rounded",
        "otherwise than asked",
        "off in its own way",
        "a late answer",
        "after it had answered",
    ],
)
def test_a_hand_at_the_knob_is_told_from_an_answer(before, value, is_turned) -> None:
    assert heard(before, value)[1] is is_turned
