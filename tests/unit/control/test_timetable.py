"""Each occurrence of a routine acts once, whatever the clocks, the server and other people do."""

from __future__ import annotations

import dataclasses
import os
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ownclimate.control.climate import ClimateKeeper
from ownclimate.control.timetable import Timetable
from ownclimate.core.commands import list_device_commands
from ownclimate.core.devices import edit_device, hide_device
from ownclimate.core.errors import StoreUnavailable
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import SET_AIR_CONDITIONER, SET_SETPOINT
from ownclimate.core.partitions import STANDINGS
from ownclimate.core.routines import (
    End,
    Plan,
    create_profile,
    create_routine,
    edit_profile,
    edit_routine,
    list_routines,
    remove_routines,
)
from ownclimate.core.schedules import create_schedule
from ownclimate.core.sites import create_room, create_site
from ownclimate.core.standing import schedule_info
from ownclimate.core.things import Ability, Device
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports

VALVE = frozenset({Ability.TEMPERATURE, Ability.HEATING_SETPOINT})
RELAY = frozenset({Ability.RELAY})
EVERY_DAY = frozenset(range(7))
LARGE = bool(os.environ.get("TEST_FULL"))


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


class House:
    """One owner whose devices follow routines, and its timetable."""

    def __init__(self, zone: str, now: str) -> None:
        self.clock = FakeClock(at(now))
        self.households = Households(memory_ports(self.clock, SeededEntropy(7)))
        self.ports = self.households.ports
        self.zone = zone
        self.timetable = Timetable(self.ports, "one")

    async def build(self) -> House:
        account = await self.households.add("ada")
        self.owner_id = account.owner_id
        self.site = await create_site(self.ports, self.owner_id, ACTOR, name="Home", time_zone=self.zone)
        return self

    async def device(self, abilities: frozenset[Ability] = VALVE, **more: Any) -> Device:
        name = f"D{self.clock.ms}-{len(abilities)}-{len(more)}"
        more.setdefault("site_id", self.site.id)
        return await self.households.device("ada", "vicki", name, abilities=abilities, **more)

    async def routine(self, device: Device, begin: str, end: str, target: float, **more: Any) -> Any:
        more.setdefault("days", EVERY_DAY)
        plan = Plan(from_minute=minute(begin), to_minute=minute(end), target=target, **more)
        return await create_routine(self.ports, self.owner_id, ACTOR, plan, device_id=device.id)

    async def run(self, until: str) -> None:
        """The timetable working without a break, woken when it asked to be."""
        end_ms = at(until)
        while True:
            due_ms = await self.timetable.look()
            if due_ms is None or due_ms > end_ms:
                break
            assert due_ms > self.clock.ms
            self.clock.ms = due_ms
        self.clock.ms = end_ms

    async def look(self, when: str) -> None:
        self.clock.ms = at(when)
        await self.timetable.look()

    async def by_hand(self, device: Device, name: str = SET_SETPOINT, **fields: Any) -> None:
        await give_order(self.ports, self.owner_id, ACTOR, device, name, fields)

    async def ordered(self, device: Device) -> list[tuple[str, Any]]:
        """When the device was told what by the timetable, oldest first."""
        commands = await list_device_commands(self.ports, self.owner_id, device.id, since_ms=0, limit=1000)
        return [
            (datetime.fromtimestamp(c.changed_ms / 1000, UTC).isoformat()[:16], next(iter(c.fields.values())))
            for c in reversed(commands)
            if c.actor.get("via") == "timetable"
        ]


async def house(zone: str = "Europe/Sofia", now: str = "2026-11-20T10:00") -> House:
    return await House(zone, now).build()


async def test_a_valve_is_set_at_the_local_minute_and_returns_to_what_it_held() -> None:
    home = await house()
    valve = await home.device()
    await home.by_hand(valve, temperature_c=19)
    await home.routine(valve, "06:30", "08:00", 23)

    await home.run("2026-11-22T10:00")

    assert await home.ordered(valve) == [
        ("2026-11-21T04:30", 23.0), ("2026-11-21T06:00", 19.0),
        ("2026-11-22T04:30", 23.0), ("2026-11-22T06:00", 19.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "now", "until", "expected"),
    [
        ("Europe/Sofia", "2026-03-28T18:00", "2026-03-29T18:00", ["2026-03-28T21:30", "2026-03-29T01:00"]),
        ("Europe/Sofia", "2026-10-24T18:00", "2026-10-25T18:00", ["2026-10-24T20:30", "2026-10-25T00:30"]),
        (
            "America/Asuncion",
            "2022-03-26T23:00",
            "2022-03-27T18:00",
            ["2022-03-27T02:30", "2022-03-27T07:30"],
        ),
        ("Africa/Cairo", "2024-10-31T18:00", "2024-11-01T18:00", ["2024-10-31T20:30", "2024-11-01T01:30"]),
    ],
)
async def test_a_window_across_midnight_and_a_clock_change_acts_once_at_each_end(
    zone: str, now: str, until: str, expected: list[str]
) -> None:
    home = await house(zone, now)
    valve = await home.device()
    await home.by_hand(valve, temperature_c=18)
    await home.routine(valve, "23:30", "03:30", 21)

    await home.run(until)

    assert await home.ordered(valve) == [(expected[0], 21.0), (expected[1], 18.0)]


async def test_a_window_that_the_clock_change_swallows_does_not_happen() -> None:
    home = await house(now="2026-03-28T18:00")
    valve = await home.device()
    await home.by_hand(valve, temperature_c=18)
    await home.routine(valve, "03:10", "03:50", 21)

    await home.run("2026-03-29T18:00")

    assert await home.ordered(valve) == []


async def test_the_window_of_a_day_that_was_skipped_happens_where_the_next_begins() -> None:
    home = await house("Pacific/Apia", "2011-12-30T08:00")
    valve = await home.device()
    await home.by_hand(valve, temperature_c=18)
    await home.routine(valve, "23:30", "03:30", 21)

    await home.run("2011-12-30T18:00")

    # The night of the 29th ends, and that of the 30th begins, as the calendar leaps to the 31st.
    assert await home.ordered(valve) == [
        ("2011-12-30T09:30", 21), ("2011-12-30T10:00", 21), ("2011-12-30T13:30", 18),
    ]  # fmt: skip


async def test_of_windows_that_overlap_the_one_made_later_counts() -> None:
    home = await house()
    valve = await home.device()
    await home.by_hand(valve, temperature_c=17)
    await home.routine(valve, "13:00", "17:00", 20)
    await home.routine(valve, "14:00", "15:00", 24)

    await home.run("2026-11-20T20:00")

    assert await home.ordered(valve) == [
        ("2026-11-20T11:00", 20.0), ("2026-11-20T12:00", 24.0),
        ("2026-11-20T13:00", 20.0), ("2026-11-20T15:00", 17.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("at_end", "expected"), [(End.OFF, [True, False]), (End.ON, [True, True]), (End.NOTHING, [True])]
)
async def test_a_relay_is_left_as_its_routine_says(at_end: End, expected: list[bool]) -> None:
    home = await house()
    plug = await home.device(RELAY)
    await home.routine(plug, "13:00", "14:00", 1, at_end=at_end)

    await home.run("2026-11-20T20:00")

    assert [is_on for _, is_on in await home.ordered(plug)] == expected


async def test_an_air_conditioner_keeps_the_mode_it_was_last_told() -> None:
    home = await house()
    air = await home.device(frozenset({Ability.AIR_CONDITIONING, Ability.TEMPERATURE}))
    await home.by_hand(air, SET_AIR_CONDITIONER, is_on=False, mode="cool", temperature_c=26, fan="low")
    await home.routine(air, "13:00", "14:00", 22, at_end=End.OFF)

    await home.run("2026-11-20T20:00")

    commands = await list_device_commands(home.ports, home.owner_id, air.id, since_ms=0, limit=9)
    told = {"mode": "cool", "temperature_c": 22, "fan": "low"}
    assert [c.fields for c in reversed(commands)][1:] == [{**told, "is_on": True}, {**told, "is_on": False}]


async def test_a_moment_missed_is_acted_on_once_while_it_is_still_meant_to_hold() -> None:
    home = await house()
    valve = await home.device()
    await home.by_hand(valve, temperature_c=17)
    await home.routine(valve, "13:00", "17:00", 20)
    await home.look("2026-11-20T10:30")

    await home.look("2026-11-20T12:10")
    await home.look("2026-11-20T12:20")
    await home.look("2026-11-23T16:00")

    assert await home.ordered(valve) == [("2026-11-20T12:10", 20.0), ("2026-11-23T16:00", 17.0)]


async def test_a_window_missed_from_beginning_to_end_is_skipped_and_said() -> None:
    home = await house()
    valve = await home.device()
    plug = await home.device(RELAY)
    await home.by_hand(valve, temperature_c=17)
    await home.routine(valve, "13:00", "14:00", 20)
    await home.routine(plug, "13:00", "14:00", 1, at_end=End.OFF)
    await home.look("2026-11-20T10:30")

    with capture_logs() as said:
        await home.look("2026-11-20T16:00")

    assert await home.ordered(valve) == []
    assert await home.ordered(plug) == [("2026-11-20T16:00", False)]
    assert str(said).count("2026-11-20T13:00") == 2


async def test_who_chooses_by_hand_during_a_window_goes_first_until_it_ends() -> None:
    home = await house()
    valve = await home.device()
    await home.by_hand(valve, temperature_c=17)
    await home.routine(valve, "13:00", "14:00", 20)
    await home.run("2026-11-20T11:30")
    before = await schedule_info(home.ports, home.owner_id, valve)

    await home.by_hand(valve, temperature_c=22)
    during = await schedule_info(home.ports, home.owner_id, valve)
    await home.run("2026-11-20T13:00")
    after = await schedule_info(home.ports, home.owner_id, valve)

    assert dataclasses.astuple(before) == (True, 17.0, False)
    assert dataclasses.astuple(during) == (True, 22, True)
    assert dataclasses.astuple(after) == (False, 22.0, False)
    assert await home.ordered(valve) == [("2026-11-20T11:00", 20.0)]


async def test_what_a_valve_says_it_holds_is_what_it_returns_to() -> None:
    home = await house()
    valve = await home.device()
    await home.households.record(valve, [home.clock.ms], {"setpoint_c": [16.5]})
    await home.routine(valve, "13:00", "14:00", 20)

    await home.run("2026-11-20T15:00")

    assert [target for _, target in await home.ordered(valve)] == [20.0, 16.5]


async def test_a_routine_changed_or_removed_while_it_holds_shows_at_once() -> None:
    home = await house()
    valve = await home.device()
    await home.by_hand(valve, temperature_c=17)
    routine = await home.routine(valve, "13:00", "17:00", 20)
    await home.run("2026-11-20T11:30")

    for target in (22, 20, 22):
        await retarget(home, routine.id, target)
        await home.timetable.look()
    await remove_routines(home.ports, home.owner_id, ACTOR, [routine])
    await home.timetable.look()

    assert [target for _, target in await home.ordered(valve)] == [20.0, 22, 20, 22, 17.0]


async def retarget(home: House, routine_id: str, target: float) -> None:
    await edit_routine(
        home.ports, home.owner_id, ACTOR, routine_id, lambda r: dataclasses.replace(r, target=target)
    )


async def test_telling_people_or_not_orders_nothing_again() -> None:
    home = await house()
    valve = await home.device()
    routine = await home.routine(valve, "13:00", "17:00", 20)
    await home.run("2026-11-20T11:30")

    await edit_routine(
        home.ports, home.owner_id, ACTOR, routine.id, lambda r: dataclasses.replace(r, is_told=True)
    )
    await home.timetable.look()

    assert len(await home.ordered(valve)) == 1


async def test_a_profile_acts_on_its_followers_where_it_counts() -> None:
    home = await house()
    other = await create_site(home.ports, home.owner_id, ACTOR, name="Hut", time_zone="Europe/London")
    here, there = await home.device(), await home.device(site_id=other.id)
    for valve in (here, there):
        await home.by_hand(valve, temperature_c=17)
    plan = Plan(days=EVERY_DAY, from_minute=minute("13:00"), to_minute=minute("14:00"), target=21)
    profile = await create_profile(
        home.ports, home.owner_id, ACTOR, name="Day", plans=[plan], site_id=home.site.id
    )
    await edit_profile(
        home.ports, home.owner_id, ACTOR, profile.id,
        lambda p: dataclasses.replace(p, followers={here.id: home.clock.ms, there.id: home.clock.ms}),
    )  # fmt: skip

    await home.run("2026-11-20T15:00")
    await edit_device(
        home.ports, home.owner_id, ACTOR, there.id, lambda d: dataclasses.replace(d, site_id=home.site.id)
    )
    await home.run("2026-11-21T15:00")

    assert [target for _, target in await home.ordered(here)] == [21.0, 17.0, 21.0, 17.0]
    assert await home.ordered(there) == [("2026-11-21T11:00", 21.0), ("2026-11-21T12:00", 17.0)]


async def test_a_boost_goes_before_everything_and_ends_by_itself() -> None:
    home = await house()
    valve = await home.device()
    await home.by_hand(valve, temperature_c=17)
    profile = await create_profile(home.ports, home.owner_id, ACTOR, name="Day", boost_min=20, boost_c=28)
    home.clock.advance(60)
    now_ms = home.clock.ms
    await edit_profile(
        home.ports, home.owner_id, ACTOR, profile.id,
        lambda p: dataclasses.replace(p, followers={valve.id: now_ms}, boosted_ms=now_ms),
    )  # fmt: skip

    await home.run("2026-11-20T11:00")

    assert await home.ordered(valve) == [("2026-11-20T10:01", 28.0), ("2026-11-20T10:21", 17.0)]


async def test_in_a_room_that_follows_a_timetable_the_home_takes_over_at_the_end() -> None:
    home = await house()
    room = await create_room(home.ports, home.owner_id, ACTOR, site_id=home.site.id, name="Parlour")
    valve = await home.device(room_id=room.id)
    zone = {"id": 1, "name": "Day", "rooms": [{"room_id": room.id, "heating_setpoint_c": 20.5}]}
    await create_schedule(
        home.ports, home.owner_id, ACTOR, site_id=home.site.id, name="Week", is_selected=True,
        entries=((0, 1),), zones=(zone,),
    )  # fmt: skip
    keeper = ClimateKeeper(home.ports, "one")
    await home.by_hand(valve, temperature_c=18)
    await home.routine(valve, "13:00", "14:00", 23)

    await home.run("2026-11-20T11:00")
    await keeper.look()
    await home.run("2026-11-20T12:00")
    await keeper.look()

    assert await home.ordered(valve) == [("2026-11-20T11:00", 23), ("2026-11-20T12:00", 20.5)]


async def test_in_a_room_without_a_timetable_each_end_of_a_window_is_ordered_once() -> None:
    home = await house()
    room = await create_room(home.ports, home.owner_id, ACTOR, site_id=home.site.id, name="Parlour")
    valve = await home.device(room_id=room.id)
    keeper = ClimateKeeper(home.ports, "one")
    await home.by_hand(valve, temperature_c=18)
    await home.routine(valve, "13:00", "14:00", 23)

    for minutes in range(0, 240, 15):
        await home.run(f"2026-11-20T{10 + minutes // 60}:{minutes % 60:02}")
        await keeper.look()

    assert await home.ordered(valve) == [("2026-11-20T11:00", 23), ("2026-11-20T12:00", 18)]


async def test_a_device_that_is_gone_ends_its_routines() -> None:
    home = await house()
    valve = await home.device()
    await home.routine(valve, "13:00", "14:00", 20)
    await home.run("2026-11-20T11:30")
    orders = await home.ordered(valve)

    await hide_device(home.ports, home.owner_id, ACTOR, valve.id)
    await home.run("2026-11-22T11:30")

    assert await home.ordered(valve) == orders
    assert await list_routines(home.ports.directory, home.owner_id) == []


async def test_where_no_zone_is_known_the_one_the_routine_was_made_with_counts() -> None:
    home = await house(zone="UTC")
    valve = await home.device()
    await home.routine(valve, "13:00", "14:00", 20, zone="Etc/GMT-3")

    await home.run("2026-11-20T13:00")

    assert await home.ordered(valve) == [("2026-11-20T10:00", 20.0)]


async def test_dying_between_order_and_record_loses_no_later_end() -> None:
    """Thursday's end and Friday's start were ordered but not recorded: Friday's end is ordered too."""
    home = await house(now="2026-11-19T10:00")
    plug = await home.device(RELAY)
    await home.routine(plug, "13:00", "20:00", 1, at_end=End.OFF)
    dying = Dying(home.ports.directory)
    home.timetable.ports = dataclasses.replace(home.ports, directory=dying)
    for when, dies in [("19T12:00", False), ("19T19:00", True), ("20T12:00", True), ("20T19:00", False)]:
        dying.dies = dies
        await home.look(f"2026-11-{when}")

    assert [is_on for _, is_on in await home.ordered(plug)] == [True, False, True, False]


WINDOWS = st.lists(
    st.tuples(
        st.sets(st.integers(0, 6), min_size=1),
        st.integers(0, 47),
        st.integers(0, 47),
        st.sampled_from([0, 1]),
        st.sampled_from(list(End)),
    ).filter(lambda window: window[1] != window[2]),
    min_size=1,
    max_size=4,
)


class Dying:
    """A directory whose writes of standings fail now and then, as if the server died before them."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.dies = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def write(self, partition: str, changes: Any, version: str) -> None:
        if self.dies and any(change.table == STANDINGS for change in changes):
            raise StoreUnavailable("the server was killed")
        await self.inner.write(partition, changes, version)


@settings(max_examples=1000 if LARGE else 25, deadline=None)
@given(
    zone=st.sampled_from(["Europe/Sofia", "America/Asuncion", "Australia/Lord_Howe", "Africa/Cairo"]),
    day=st.sampled_from(["2022-03-25", "2022-03-26", "2022-10-28", "2022-11-01"]),
    windows=WINDOWS,
    breaks=st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=30),
)
async def test_dying_anywhere_and_two_at_work_order_no_occurrence_twice(
    zone: str, day: str, windows: list[Any], breaks: list[tuple[int, bool]]
) -> None:
    """Looks at odd times, some of which die after the order and before its record, with a second timetable
    beside the first: no more than one order an occurrence, and the relay as one that was always up."""
    smooth, rough = [await _relay_home(zone, day, windows) for _ in range(2)]
    start_ms = smooth[0].clock.ms
    for home, _ in (smooth, rough):
        await home.timetable.look()

    hours = sum(quarters for quarters, _ in breaks) / 4
    await smooth[0].run(datetime.fromtimestamp(start_ms / 1000 + hours * 3600, UTC).isoformat()[:16])
    await _run_roughly(rough[0], breaks)

    ends = []
    for home, plug in (smooth, rough):
        commands = await list_device_commands(home.ports, home.owner_id, plug.id, since_ms=0, limit=1000)
        occurrences = [command.executor for command in commands]
        assert len(occurrences) == len(set(occurrences))
        ends.append(commands[0].fields if commands else None)
    assert ends[0] == ends[1] or ends[1] is None or _was_left(windows)


def _was_left(windows: list[Any]) -> bool:
    """Whether a window leaves the relay as it is: who missed it whole cannot know how that was."""
    return any(at_end is End.NOTHING for *_, at_end in windows)


async def _relay_home(zone: str, day: str, windows: list[Any]) -> tuple[House, Device]:
    home = await house(zone, f"{day}T00:00")
    plug = await home.device(RELAY)
    for days, begin, end, target, at_end in windows:
        plan = Plan(
            days=frozenset(days), from_minute=begin * 30, to_minute=end * 30, target=target, at_end=at_end
        )
        await create_routine(home.ports, home.owner_id, ACTOR, plan, device_id=plug.id)
    return home, plug


async def _run_roughly(home: House, breaks: list[tuple[int, bool]]) -> None:
    dying = Dying(home.ports.directory)
    home.ports = dataclasses.replace(home.ports, directory=dying)
    pair = [Timetable(home.ports, "one"), Timetable(home.ports, "two")]
    for quarters, dies in breaks:
        home.clock.ms += quarters * 900_000
        dying.dies = dies
        for timetable in pair:
            await timetable.look()
    dying.dies = False
    await pair[0].look()
