"""Rooms come to what is wanted in them when its time comes, and their devices are told once."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ownclimate.control.climate import KNOB, LEASE, ClimateKeeper
from ownclimate.core.audit import list_entries
from ownclimate.core.climate import next_change_ms
from ownclimate.core.commands import list_commands
from ownclimate.core.errors import StoreUnavailable
from ownclimate.core.leases import list_leases
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import SET_SETPOINT
from ownclimate.core.partitions import FOLLOWERS
from ownclimate.core.ports import Change
from ownclimate.store.memory import MemoryDirectory
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.heated_home import DAY, NIGHT, NOW_MS, WEEK, HeatedHome
from tests.fakes.households import ACTOR, Households, memory_ports

MINUTE_MS, HOUR_MS = 60_000, 3_600_000


async def test_a_chosen_setpoint_reaches_every_device_of_the_room_once(home, keeper) -> None:
    await home.choose("parlour", "manual", 21.5)

    await keeper.look()
    await keeper.look()

    assert await home.orders() == [("left", SET_SETPOINT, 21.5), ("right", SET_SETPOINT, 21.5)]


async def test_an_order_tells_whether_a_person_or_the_timetable_wants_it(home, keeper, clock) -> None:
    await home.switch(await home.schedule(WEEK, day=20.0, night=16.0))
    await keeper.look()
    clock.advance(1)
    await home.choose("bedroom", "manual", 22.0)
    await keeper.look()

    commands = await list_commands(home.ports.directory, home.owner_id, clock.now_ms())
    told = {(c.actor["via"], c.fields["temperature_c"]) for c in commands}
    assert told == {("timetable", 16.0), ("test", 22.0)}


async def test_a_setpoint_ends_at_its_time_and_the_room_follows_the_timetable_again(
    home, keeper, clock
) -> None:
    await home.switch(await home.schedule(WEEK, day=20.0, night=16.0))
    await home.choose("parlour", "manual", 23.0, until_ms=NOW_MS + HOUR_MS)
    await keeper.look()
    clock.advance(3599)
    await keeper.look()
    assert (await home.shown("parlour"))[:2] == ("manual", 23.0)

    clock.advance(61)
    await keeper.look()

    assert await home.shown("parlour") == ("schedule", 16.0, NOW_MS + HOUR_MS, 0)
    assert (await home.orders())[-2:] == [("left", SET_SETPOINT, 16.0), ("right", SET_SETPOINT, 16.0)]


async def test_without_a_timetable_a_room_falls_back_to_what_it_held_before(home, keeper, clock) -> None:
    await home.says("left", 19.5)
    await home.choose("parlour", "manual", 24.0, until_ms=NOW_MS + HOUR_MS)
    clock.advance(3600)

    await keeper.look()

    assert (await home.shown("parlour"))[:2] == ("schedule", 19.5)


async def test_timetables_move_on_at_their_minute_however_late_they_are_looked_at(
    home, keeper, clock
) -> None:
    """The server was down from Saturday to Monday noon: what was missed is done once, the rest never."""
    await home.switch(await home.schedule(WEEK, day=20.0, night=16.0))
    await keeper.look()
    clock.advance(2 * 86_400 + HOUR_MS / 1000)

    await keeper.look()

    seven = int(datetime(2026, 11, 23, 7, 0, tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1000)
    assert await home.shown("bedroom") == ("schedule", 20.0, seven, 0)
    assert [order for order in await home.orders() if order[0] == "bed"] == [
        ("bed", SET_SETPOINT, 16.0),
        ("bed", SET_SETPOINT, 20.0),
    ]


async def test_a_homes_mode_ends_at_its_time_in_every_room(home, keeper, clock) -> None:
    await home.switch(await home.schedule(WEEK, day=20.0, night=16.0))
    await home.go("away", until_ms=NOW_MS + 2 * HOUR_MS)
    assert await home.shown("parlour") == ("away", 12.0, NOW_MS, NOW_MS + 2 * HOUR_MS)
    clock.advance(7200 + 5)

    await keeper.look()

    assert await home.shown("parlour") == ("schedule", 16.0, NOW_MS + 2 * HOUR_MS, 0)
    assert (await home.climate()).site.settings["heating_mode"] == "schedule"


async def test_a_room_chosen_while_away_goes_back_to_away(home, keeper, clock) -> None:
    await home.go("away")
    await home.choose("parlour", "manual", 20.0, until_ms=NOW_MS + HOUR_MS)
    clock.advance(3600)

    await keeper.look()

    assert (await home.shown("parlour"))[:2] == ("away", 12.0)


async def test_a_knob_turned_by_hand_is_the_rooms_and_the_other_devices_follow(home, keeper) -> None:
    await home.says("left", 18.0)
    await keeper.look()
    home.ports.clock.advance(600)
    await home.says("left", 22.0)

    await keeper.look()
    await keeper.look()

    assert (await home.shown("parlour"))[:2] == ("manual", 22.0)
    assert await home.orders() == [("right", SET_SETPOINT, 22.0)]


@pytest.mark.parametrize("answer", [21.5, 22.0, 21.0], ids=["exactly", "rounded up", "rounded down"])
async def test_a_device_that_answers_what_it_was_told_was_not_turned_by_hand(home, keeper, answer) -> None:
    await home.says("bed", 18.0)
    await keeper.look()
    await home.choose("bedroom", "manual", 21.5)
    await keeper.look()
    home.ports.clock.advance(600)
    await home.says("bed", 18.0)
    await keeper.look()
    home.ports.clock.advance(600)
    await home.says("bed", answer)

    await keeper.look()

    assert (await home.shown("bedroom"))[1] == 21.5
    assert len(await home.orders()) == 1


async def test_a_late_answer_to_an_order_of_before_is_no_hand_at_the_knob(home, keeper, clock) -> None:
    await home.says("bed", 18.0)
    await keeper.look()
    for temperature_c in (22.0, 12.0, 20.5):
        await home.choose("bedroom", "manual", temperature_c)
        await keeper.look()
    for answer in (22.0, 12.0, 20.5):
        clock.advance(60)
        await home.says("bed", answer)
        await keeper.look()

    assert (await home.shown("bedroom"))[1] == 20.5
    assert [order[2] for order in await home.orders()] == [22.0, 12.0, 20.5]


async def test_an_order_to_one_device_is_what_is_wanted_in_its_room(home, keeper) -> None:
    """As another dialect gives it."""
    await home.switch(await home.schedule(WEEK, day=20.0, night=16.0))
    await keeper.look()
    before = len(await home.orders())
    await give_order(
        home.ports, home.owner_id, ACTOR, home.devices["left"], SET_SETPOINT, {"temperature_c": 23}
    )

    await keeper.look()

    assert await home.shown("parlour") == ("manual", 23, NOW_MS, NOW_MS + 3 * HOUR_MS)
    assert (await home.orders())[before:] == [("left", SET_SETPOINT, 23), ("right", SET_SETPOINT, 23)]


async def test_a_device_that_holds_the_temperature_already_is_left_in_peace(home, keeper) -> None:
    await home.says("bed", 21.0)
    await keeper.look()
    await home.choose("bedroom", "manual", 21.0)

    await keeper.look()

    assert await home.orders() == []


async def test_another_keeper_after_a_crash_gives_no_order_again(home, keeper) -> None:
    await home.choose("parlour", "manual", 21.5)
    await keeper.look()

    await ClimateKeeper(home.ports, "the next").look()

    assert len(await home.orders()) == 2


class Dying(MemoryDirectory):
    """Takes no note of the next follower: as if the process had died just before."""

    is_dying = False

    async def write(self, partition: str, changes: Sequence[Change], version: str) -> None:
        if self.is_dying and any(change.table == FOLLOWERS for change in changes):
            self.is_dying = False
            raise StoreUnavailable("the process died")
        await super().write(partition, changes, version)


async def test_a_crash_between_an_order_and_its_note_gives_no_order_twice(clock, entropy) -> None:
    directory = Dying()
    ports = dataclasses.replace(memory_ports(clock, entropy), directory=directory)
    home = await HeatedHome.build(Households(ports))
    await home.choose("parlour", "manual", 21.5)
    directory.is_dying = True
    with pytest.raises(StoreUnavailable):
        await ClimateKeeper(ports, "the first").look()

    await ClimateKeeper(ports, "the next").look()

    assert await home.orders() == [("left", SET_SETPOINT, 21.5), ("right", SET_SETPOINT, 21.5)]


class Ailing(MemoryDirectory):
    """Cannot note leases for now."""

    refused = 0
    is_ailing = False

    async def write(self, partition: str, changes: Sequence[Change], version: str) -> None:
        if self.is_ailing:
            self.refused += 1
            raise StoreUnavailable("the disk is full")
        await super().write(partition, changes, version)


async def test_a_store_in_trouble_is_asked_again_at_the_next_look_and_not_at_once(clock, entropy) -> None:
    directory = Ailing()
    ports = dataclasses.replace(memory_ports(clock, entropy), directory=directory)
    home = await HeatedHome.build(Households(ports))
    await home.choose("parlour", "manual", 21.5, until_ms=NOW_MS + HOUR_MS)
    naps: list[float] = []
    has_seen_enough = asyncio.Event()

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        clock.advance(max(seconds, 0.001))
        directory.is_ailing = len(naps) > 1
        if len(naps) > 10:
            has_seen_enough.set()
        await asyncio.sleep(0)

    task = asyncio.get_running_loop().create_task(ClimateKeeper(ports, "test", nap, look_every_s=600).run())
    async with asyncio.timeout(5):
        await has_seen_enough.wait()
    directory.is_ailing = False
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert directory.refused
    assert min(naps[2:]) == 600


async def test_only_one_of_two_servers_keeps_the_rooms(home) -> None:
    await home.choose("bedroom", "manual", 22.0)
    tasks = [
        asyncio.get_running_loop().create_task(ClimateKeeper(home.ports, name).run())
        for name in ("one", "two")
    ]
    async with asyncio.timeout(5):
        while not await home.orders():
            await asyncio.sleep(0)
    leases = await list_leases(home.ports)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert [(lease.name, lease.holder) for lease in leases] == [(LEASE, "one")]
    assert await home.orders() == [("bed", SET_SETPOINT, 22.0)]
    assert await list_leases(home.ports) == []


async def test_what_time_did_and_what_people_did_stands_in_the_audit(home, keeper, clock) -> None:
    await home.switch(await home.schedule(WEEK, day=20.0, night=16.0))
    await home.choose("parlour", "manual", 23.0, until_ms=NOW_MS + HOUR_MS)
    clock.advance(3600)
    await keeper.look()
    await home.says("bed", 16.0)
    await keeper.look()
    clock.advance(1)
    await home.says("bed", 25.0)
    await keeper.look()

    entries = await list_entries(home.ports.directory, home.owner_id, since_ms=0, now_ms=clock.now_ms())
    told = [(e.verb, e.actor.via, e.details.get("temperature_c")) for e in entries if e.kind == "room"]
    assert sorted(told[:3], key=str) == [
        ("end_setpoint", "timetable", 16.0),
        ("set_setpoint", KNOB.via, 25.0),
        ("set_setpoint", "test", 23.0),
    ]


async def test_the_keeper_acts_as_soon_as_something_is_chosen(home) -> None:
    keeper = ClimateKeeper(home.ports, "test", look_every_s=3600)
    task = asyncio.get_running_loop().create_task(keeper.run())
    for _ in range(50):
        await asyncio.sleep(0)
    await home.choose("bedroom", "manual", 22.0)
    async with asyncio.timeout(5):
        while not await home.orders():
            await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

    assert await home.orders() == [("bed", SET_SETPOINT, 22.0)]


IS_FULL = bool(os.environ.get("TEST_FULL"))
DAYS = 15 if IS_FULL else 4
ZONES = ("Europe/Berlin", "America/Chicago", "Australia/Lord_Howe")
STARTS = (datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, 12, tzinfo=UTC))
"""Before the clocks of these places change."""


@st.composite
def weeks(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    minutes = draw(st.lists(st.integers(0, 671), min_size=1, max_size=8, unique=True))
    return tuple((15 * minute, draw(st.sampled_from((DAY, NIGHT)))) for minute in sorted(minutes))


actions = st.lists(
    st.tuples(
        st.integers(0, DAYS * 1440 - 1),
        st.sampled_from(("manual", "max", "home", "away", "frost_guard", "schedule")),
        st.integers(10, 50).map(lambda half: half / 2),
        st.integers(0, 600),
    ),
    max_size=6,
)


@given(
    weeks(), actions, st.sampled_from(ZONES), st.sampled_from(STARTS), st.integers(1 if IS_FULL else 7, 60)
)
@settings(max_examples=100 if IS_FULL else 8, deadline=None)
async def test_rooms_are_as_a_clock_watcher_would_set_them(entries, actions, zone, start, pace) -> None:
    """Against someone who looks at the wall clock every minute; the keeper is late by up to `pace`."""
    clock = FakeClock(int(start.timestamp() * 1000))
    home = await HeatedHome.build(Households(memory_ports(clock, SeededEntropy(3))), zone)
    keeper = ClimateKeeper(home.ports, "test")
    await home.switch(await home.schedule(entries, day=20.0, night=16.0))
    watcher = Watcher(entries, zone, clock.now_ms())
    due = sorted(actions)
    for minute in range(DAYS * 1440):
        now_ms = clock.now_ms()
        is_acted = False
        while due and due[0][0] <= minute:
            _, verb, temperature_c, length = due.pop(0)
            until_ms = now_ms + length * MINUTE_MS if length else 0
            await _act(home, watcher, verb, temperature_c, until_ms)
            is_acted = True
        watcher.look(now_ms)
        change_ms = next_change_ms(await home.climate(), now_ms - 1) if minute % pace == 0 else None
        if minute % pace == 0 or is_acted:
            if change_ms is not None or minute % (12 * pace) == 0 or is_acted:
                await keeper.look()
            assert (await home.shown("parlour"))[:2] == watcher.wanted("parlour", now_ms), minute
            assert (await home.shown("bedroom"))[:2] == watcher.wanted("bedroom", now_ms), minute
        clock.advance(60)


async def _act(home, watcher, verb, temperature_c, until_ms) -> None:
    if verb in ("manual", "max", "home"):
        await home.choose("parlour", verb, temperature_c if verb == "manual" else None, until_ms=until_ms)
        kept = {"manual": temperature_c, "max": 30.0}.get(verb)
        watcher.own = None if kept is None else (verb, kept, until_ms)
    else:
        await home.go(verb, until_ms=until_ms)
        watcher.own = None
        watcher.mode = (verb, 0 if verb == "schedule" else until_ms)


class Watcher:
    """Looks at the clock on the wall once a minute and turns the page when its entry is reached."""

    def __init__(self, entries, zone, now_ms) -> None:
        self.entries, self.zone = entries, ZoneInfo(zone)
        self.own, self.mode = None, ("schedule", 0)
        self.page, self.seen = entries[-1][1], None
        # Where the week before the beginning left off.
        for back in range(8 * 1440, 0, -1):
            self._turn(now_ms - back * MINUTE_MS)

    def look(self, now_ms) -> None:
        self._turn(now_ms)
        if self.own and self.own[2] and self.own[2] <= now_ms:
            self.own = None
        if self.mode[1] and self.mode[1] <= now_ms:
            self.mode = ("schedule", 0)

    def wanted(self, room, now_ms):
        if room == "parlour" and self.own:
            return self.own[:2]
        if self.mode[0] != "schedule":
            return self.mode[0], {"away": 12.0, "frost_guard": 7.0}[self.mode[0]]
        return "schedule", {DAY: 20.0, NIGHT: 16.0}[self.page]

    def _turn(self, now_ms) -> None:
        """A time that is skipped happens at the change, one that comes twice the first time only."""
        wall = datetime.fromtimestamp(now_ms / 1000, self.zone).replace(tzinfo=None)
        if self.seen is not None and wall <= self.seen:
            return
        since = wall - timedelta(minutes=1) if self.seen is None else self.seen
        while since < wall:
            since += timedelta(minutes=1)
            minute = since.weekday() * 1440 + since.hour * 60 + since.minute
            self.page = dict(self.entries).get(minute, self.page)
        self.seen = wall
