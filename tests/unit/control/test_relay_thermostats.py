"""A relay follows the temperature of another device: once in ten minutes, and only where it has to."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ownclimate.control.relay_thermostats import RelayThermostats
from ownclimate.core.commands import list_device_commands
from ownclimate.core.devices import hide_device
from ownclimate.core.errors import Conflict, InvalidInput
from ownclimate.core.routines import End, Plan, Purpose, create_routine
from ownclimate.core.thermostats import (
    Thermostat,
    create_thermostat,
    edit_thermostat,
    list_thermostats,
    wanted_state,
)
from ownclimate.core.things import Ability, Device
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR, Households, memory_ports


class Heater:
    """A relay in a room with a sensor."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.households = Households(memory_ports(clock, SeededEntropy(3)))
        self.ports = self.households.ports
        self.thermostats = RelayThermostats(self.ports, "one")

    async def build(self, **more: Any) -> Heater:
        self.owner_id = (await self.households.add("ada")).owner_id
        relay = frozenset({Ability.RELAY})
        self.relay = await self.households.device("ada", "smart_plug", "PLUG1", abilities=relay)
        self.sensor = await self.households.device("ada", "ht_sensor", "HT1", is_heard=True)
        await self.make(**more)
        return self

    async def make(self, **more: Any) -> Thermostat:
        wanted = {"target_c": 20.0, "delta_c": 1.0, **more}
        return await create_thermostat(
            self.ports, self.owner_id, ACTOR, relay_id=self.relay.id, sensor_id=self.sensor.id, **wanted
        )

    async def measure(self, temperature_c: float, **relay: float) -> None:
        await self.households.record(self.sensor, [self.clock.ms], {"temperature_c": [temperature_c]})
        for quantity, value in relay.items():
            await self.households.record(self.relay, [self.clock.ms], {quantity: [value]})

    async def look(self, minutes: float = 10) -> None:
        self.clock.advance(minutes * 60)
        await self.thermostats.look()

    async def told(self, device: Device | None = None) -> list[bool]:
        device = device or self.relay
        found = await list_device_commands(self.ports, self.owner_id, device.id, since_ms=0, limit=99)
        return [command.fields["is_on"] for command in reversed(found)]


@pytest.fixture
async def heater(clock: FakeClock) -> Heater:
    return await Heater(clock).build()


@pytest.mark.parametrize(
    ("temperature_c", "expected"),
    [(18, True), (19, True), (19.1, None), (19.9, None), (20, False), (25, False)],
)
def test_on_at_the_lower_edge_off_at_the_target_nothing_between(
    temperature_c: float, expected: bool | None
) -> None:
    thermostat = Thermostat(id="a", number=1, sensor_id="b", target_c=20, delta_c=1)  # type: ignore[arg-type]

    assert wanted_state(thermostat, temperature_c) is expected


async def test_a_day_of_heating_orders_only_changes(heater: Heater) -> None:
    for temperature_c in (18.0, 18.5, 19.5, 20.0, 20.4, 19.6, 18.9):
        await heater.measure(temperature_c)
        await heater.look()

    assert await heater.told() == [True, False, True]


async def test_it_is_looked_at_once_in_ten_minutes(heater: Heater) -> None:
    await heater.look()
    await heater.measure(18)
    for _ in range(3):
        await heater.look(minutes=3)

    assert await heater.told() == []
    await heater.look(minutes=3)
    assert await heater.told() == [True]


async def test_a_relay_that_is_as_wanted_is_left_alone_and_one_that_was_switched_is_switched_back(
    heater: Heater,
) -> None:
    await heater.measure(18, relay_on=1)
    await heater.look()
    assert await heater.told() == []

    await heater.measure(18, relay_on=0)
    await heater.look()
    assert await heater.told() == [True]


@pytest.mark.parametrize(("without", "expected"), [(End.OFF, [True, False]), (End.NOTHING, [True])])
async def test_a_silent_sensor_leaves_the_default_state(
    clock: FakeClock, without: End, expected: list[bool]
) -> None:
    heater = await Heater(clock).build(without_sensor=without)
    await heater.measure(18)
    await heater.look()
    for _ in range(6):
        await heater.look()

    assert await heater.told() == expected


async def test_a_sensor_that_is_gone_is_silent_and_a_relay_that_is_gone_ends_it(clock: FakeClock) -> None:
    heater = await Heater(clock).build(without_sensor=End.ON)
    await hide_device(heater.ports, heater.owner_id, ACTOR, heater.sensor.id)
    await heater.look()
    assert await heater.told() == [True]

    await hide_device(heater.ports, heater.owner_id, ACTOR, heater.relay.id)
    await heater.look()
    assert await list_thermostats(heater.ports.directory, heater.owner_id) == []


async def test_a_change_is_acted_on_at_once(heater: Heater) -> None:
    await heater.measure(19.5)
    await heater.look()
    heater.clock.advance(1)

    await edit_thermostat(
        heater.ports, heater.owner_id, ACTOR, heater.relay.id, lambda t: dataclasses.replace(t, target_c=22)
    )
    await heater.thermostats.look()

    assert await heater.told() == [True]


async def test_two_at_work_and_a_restart_order_once(heater: Heater) -> None:
    await heater.measure(18)
    heater.clock.advance(600)
    for thermostats in (heater.thermostats, RelayThermostats(heater.ports, "two")):
        await thermostats.look()

    assert await heater.told() == [True]


async def test_a_schedule_for_the_thermostat_gives_it_another_target(heater: Heater) -> None:
    # The clock stands at 10:00 UTC.
    plan = Plan(
        days=frozenset(range(7)), from_minute=615, to_minute=655, target=17, purpose=Purpose.THERMOSTAT
    )
    await create_routine(heater.ports, heater.owner_id, ACTOR, plan, device_id=heater.relay.id)

    for _ in range(7):
        await heater.measure(18)
        await heater.look()

    assert await heater.told() == [True, False, True]


async def test_a_relay_has_one_thermostat_with_a_delta_that_can_be(heater: Heater) -> None:
    with pytest.raises(Conflict, match="thermostat already"):
        await heater.make()
    with pytest.raises(InvalidInput, match="delta"):
        await heater.make(delta_c=-1.0)
