"""Devices whose programme a cloud runs: time orders nothing of them, people do, where that is allowed."""

from __future__ import annotations

import dataclasses

import pytest

from ownclimate.control.relay_thermostats import RelayThermostats
from ownclimate.control.timetable import Timetable
from ownclimate.core.commands import list_pending, move_command
from ownclimate.core.devices import edit_device
from ownclimate.core.errors import Unsupported
from ownclimate.core.linking import (
    MCLIMATE,
    NETATMO,
    SMARTBUILDINGS,
    link_source,
    pause_source,
    remove_source,
)
from ownclimate.core.operate import make_schedule
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import (
    CREATE_SCHEDULE,
    HOLD,
    SELECT_SCHEDULE,
    SET_AIR_CONDITIONER,
    SET_HOME_MODE,
    SET_RELAY,
    SET_SETPOINT,
    UNTIL,
)
from ownclimate.core.programmes import RELAYS, NotRelayed
from ownclimate.core.routines import End, Plan, create_routine
from ownclimate.core.thermostats import create_thermostat
from ownclimate.core.things import Ability, CommandState, Device, Source
from ownclimate.oauth.encryption import Cipher
from tests.fakes import SeededEntropy
from tests.fakes.heated_home import COOLING, NOW_MS, WEEK, HeatedHome
from tests.fakes.households import ACTOR

HOUR_MS = 3_600_000
VAULT = Cipher(bytes(32), SeededEntropy(5))


async def reach(home: HeatedHome, *names: str, kind: str = NETATMO, relays: bool = True) -> Source:
    """These devices are collected from a cloud from now on."""
    settings = {"client_id": "app", RELAYS: relays}
    source = await link_source(
        home.ports, VAULT, home.owner_id, ACTOR, kind=kind, name=kind, settings=settings, secrets={}
    )
    for name in names:
        await change(home, name, link={"source": source.id}, is_heard=False)
    return source


async def change(home: HeatedHome, name: str, **more: object) -> Device:
    device = home.devices[name]
    found = await edit_device(
        home.ports, home.owner_id, ACTOR, device.id, lambda before: dataclasses.replace(before, **more)
    )
    home.devices[name] = found
    return found


async def pending_over(home: HeatedHome) -> None:
    for command in await list_pending(home.ports, home.owner_id):
        for state in (CommandState.SENDING, CommandState.CONFIRMED):
            await move_command(home.ports, home.owner_id, command.id, state)


async def test_no_step_of_a_schedule_and_no_end_is_told_to_a_cloud(home, keeper, clock) -> None:
    schedule = await home.schedule(WEEK, day=20.0, night=16.0)
    await reach(home, "left", "right")
    await home.switch(schedule)
    await home.choose("parlour", "manual", 23.0, until_ms=NOW_MS + HOUR_MS)
    given = len(await home.orders())

    for _ in range(3 * 24):
        clock.advance(3600)
        await keeper.look()

    later = (await home.orders())[given:]
    assert later[0] == ("bed", SET_SETPOINT, 16.0)
    assert {name for name, *_ in later} == {"bed"}
    assert {value for *_, value in later} == {16.0, 20.0}


async def test_a_cloud_of_rooms_is_told_once_of_each_and_others_for_every_device(home) -> None:
    await reach(home, "left", "right")
    await home.choose("parlour", "manual", 21.5)
    assert await home.orders() == [("left", SET_SETPOINT, 21.5)]

    await reach(home, "left", "right", kind=MCLIMATE)
    await home.choose("parlour", "manual", 22.5)
    assert (await home.orders())[1:] == [("left", SET_SETPOINT, 22.5), ("right", SET_SETPOINT, 22.5)]


async def test_an_end_is_told_where_one_was_chosen(home) -> None:
    await reach(home, "bed")
    until_ms = NOW_MS + HOUR_MS

    await home.choose("bedroom", "manual", 21.5, until_ms=until_ms)
    await home.choose("bedroom", "max", until_ms=until_ms)
    await home.choose("bedroom", "home")

    assert await home.orders() == [
        ("bed", SET_SETPOINT, {"temperature_c": 21.5, UNTIL: until_ms}),
        ("bed", HOLD, {"channel": "heating", "mode": "max", "temperature_c": 30.0, UNTIL: until_ms}),
        ("bed", HOLD, {"channel": "heating", "mode": "home", "temperature_c": None}),
    ]


async def test_a_device_of_a_cloud_without_rooms_is_told_in_orders_that_it_knows(home) -> None:
    air = frozenset({Ability.AIR_CONDITIONING})
    home.devices["air"] = await home.households.device(
        "ada", "melissa", "AC1", abilities=air, site_id=home.site_id, room_id=home.rooms["bedroom"].id
    )
    await reach(home, "left", "right", "bed", "air", kind=MCLIMATE)

    await home.choose("bedroom", "off")
    await home.choose("bedroom", "home")
    await home.choose("bedroom", "manual", 24.0, channel=COOLING)

    cool = {"is_on": True, "mode": "cool", "temperature_c": 24.0, "fan": "auto"}
    assert await home.orders() == [
        ("bed", SET_SETPOINT, 5.0),
        ("air", SET_AIR_CONDITIONER, cool),
    ]


async def test_what_is_ordered_of_one_device_is_no_second_order_to_its_room(home, keeper) -> None:
    await reach(home, "left", "right")
    fields = {"temperature_c": 21.5}

    await give_order(
        home.ports, home.owner_id, ACTOR, home.devices["right"], SET_SETPOINT, fields, hold_until_ms=0
    )
    await keeper.look()

    assert await home.orders() == [("right", SET_SETPOINT, {"temperature_c": 21.5, UNTIL: 0})]
    assert (await home.shown("parlour"))[:2] == ("manual", 21.5)


async def test_devices_of_our_own_follow_what_is_chosen_beside_a_cloud_and_it_follows_their_knobs(
    home, keeper, clock
) -> None:
    await reach(home, "left")
    await home.says("right", 18.0)
    await keeper.look()

    await home.choose("parlour", "manual", 21.5)
    await keeper.look()
    assert await home.orders() == [("left", SET_SETPOINT, 21.5), ("right", SET_SETPOINT, 21.5)]
    clock.advance(60)
    await home.says("right", 21.5)
    await keeper.look()
    clock.advance(60)
    await home.says("right", 24.0)
    await keeper.look()
    assert (await home.orders())[2:] == [("left", SET_SETPOINT, 24.0)]


async def test_a_home_is_told_of_its_mode_and_schedule_once_through_its_gateway(home) -> None:
    gateway = await home.households.device("ada", "NAPlug", "70:ee:50:00:00:01", site_id=home.site_id)
    home.devices["gateway"] = gateway
    schedule = await home.schedule(WEEK, day=20.0, night=16.0)
    await reach(home, "left", "right", "bed", "gateway")
    for name in ("left", "right", "bed"):
        await change(home, name, parent_id=gateway.id)

    await home.go("away", until_ms=NOW_MS + HOUR_MS)
    await home.go("schedule", schedule_id=schedule.id)
    await home.switch(schedule)

    assert await home.orders() == [
        ("gateway", SET_HOME_MODE, {"mode": "away", UNTIL: NOW_MS + HOUR_MS}),
        ("gateway", SET_HOME_MODE, {"mode": "schedule", "schedule_id": schedule.id}),
        ("gateway", SELECT_SCHEDULE, {"schedule_id": schedule.id}),
    ]


async def test_devices_of_a_cloud_that_knows_no_homes_are_told_what_the_home_means_for_them(home) -> None:
    await reach(home, "left", "right", kind=SMARTBUILDINGS)
    await reach(home, "bed", kind=MCLIMATE, relays=False)

    await home.go("away")
    await home.go("schedule")

    away = {"temperature_c": 12.0, UNTIL: 0}
    back = {"channel": "heating", "mode": "home", "temperature_c": None}
    assert await home.orders() == [
        *((name, SET_SETPOINT, away) for name in ("left", "right")),
        *((name, HOLD, back) for name in ("left", "right")),
    ]


async def test_where_nobody_may_tell_the_cloud_a_choice_is_refused_and_changes_nothing(home) -> None:
    schedule = await home.schedule(WEEK, day=20.0, night=16.0)
    await reach(home, "left", "right", "bed", relays=False)
    before = await home.climate()

    for choice in (
        home.choose("parlour", "manual", 21.0),
        home.go("away"),
        home.switch(schedule),
        make_schedule(home.ports, home.owner_id, ACTOR, home.site_id, name="New"),
        give_order(
            home.ports, home.owner_id, ACTOR, home.devices["left"], SET_SETPOINT, {"temperature_c": 21.0}
        ),
    ):
        with pytest.raises(NotRelayed):
            await choice

    assert await home.climate() == before
    assert await home.orders() == []


async def test_a_room_with_a_device_of_our_own_can_be_set_though_the_cloud_is_not_told(home, keeper) -> None:
    await reach(home, "left", relays=False)

    await home.choose("parlour", "manual", 21.5)
    await keeper.look()

    assert await home.orders() == [("right", SET_SETPOINT, 21.5)]


async def test_a_paused_cloud_runs_its_programme_and_a_removed_one_does_not(home, keeper, clock) -> None:
    source = await reach(home, "left", "right")
    await home.choose("parlour", "manual", 21.5)
    await pause_source(home.ports, home.owner_id, ACTOR, source.id, is_paused=True)
    await keeper.look()
    assert await home.orders() == [("left", SET_SETPOINT, 21.5)]

    await remove_source(home.ports, home.owner_id, ACTOR, source.id)
    await keeper.look()
    assert {name for name, *_ in (await home.orders())[1:]} == {"left", "right"}


async def test_a_schedule_that_is_made_is_told_under_our_id(home) -> None:
    await reach(home, "bed")

    made, (command,) = await make_schedule(home.ports, home.owner_id, ACTOR, home.site_id, name="New")

    assert (command.name, command.fields) == (CREATE_SCHEDULE, {"schedule_id": made.id})


async def test_orders_to_who_runs_a_programme_are_for_nobody_else(home) -> None:
    with pytest.raises(Unsupported):
        await give_order(
            home.ports, home.owner_id, ACTOR, home.devices["left"], SET_HOME_MODE, {"mode": "away"}
        )


async def test_a_room_shows_what_its_devices_hold_once_their_cloud_went_on(home, keeper, clock) -> None:
    await reach(home, "left", "right", kind=MCLIMATE)
    await home.says("left", 17.0)
    await home.says("right", 17.0)
    await home.choose("parlour", "manual", 21.0)
    clock.advance(60)
    await home.says("left", 17.0)
    await keeper.look()
    assert (await home.shown("parlour"))[1] == 21.0  # The order is still on its way.

    await pending_over(home)
    clock.advance(60)
    for name in ("left", "right"):
        await home.says(name, 21.0)
    await keeper.look()
    assert (await home.shown("parlour"))[1] == 21.0

    clock.advance(60)
    for name in ("left", "right"):
        await home.says(name, 16.0)
    await keeper.look()
    assert await home.setpoint("parlour") is None
    assert len(await home.orders()) == 2


async def test_routines_and_thermostats_leave_a_device_to_its_cloud(home, clock) -> None:
    plug = await home.households.device(
        "ada", "smart_plug", "PLUG1", abilities=frozenset({Ability.RELAY}), site_id=home.site_id
    )
    home.devices["plug"] = plug
    sensor = await home.households.device("ada", "ht_sensor", "HT1", is_heard=True)
    await home.households.record(sensor, [clock.ms], {"temperature_c": [10.0]})
    plan = Plan(days=frozenset(range(7)), from_minute=0, to_minute=1439, target=1, at_end=End.OFF)
    await create_routine(home.ports, home.owner_id, ACTOR, plan, device_id=plug.id)
    await create_thermostat(
        home.ports, home.owner_id, ACTOR, relay_id=plug.id, sensor_id=sensor.id, target_c=20.0, delta_c=1.0
    )
    await reach(home, "plug", kind=MCLIMATE)

    for _ in range(3):
        clock.advance(1200)
        await Timetable(home.ports, "one").look()
        await RelayThermostats(home.ports, "one").look()
    assert await home.orders() == []

    await change(home, "plug", link={})
    clock.advance(1200)
    await Timetable(home.ports, "one").look()
    assert (await home.orders())[-1][1] == SET_RELAY
