"""The demo is built through the core's use cases: once, completely, and on from where it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from ownclimate.core import accounts, devices, sites, sources
from ownclimate.core.errors import StoreUnavailable
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Change, Directory, Ports, SeriesStore
from ownclimate.core.publishing import can_be_public
from ownclimate.core.readings import Arrivals, Batch, OriginKind, Recorded, Series, origin_kind
from ownclimate.core.things import SiteKind
from ownclimate.core.writes import Actor
from ownclimate.sim.demo import build_demo
from ownclimate.store.memory import MemoryDirectory, MemoryRawArchive
from ownclimate.store.memory_series import MemorySeries
from ownclimate.store.partitioned_memory import PartitionedMemoryDirectory, PartitionedSeries
from tests.fakes import FakeClock, SeededEntropy
from tests.unit.sim.conftest import WORLD, gathered

ACTOR = Actor(via="test")
HISTORY_MS = 6 * 3_600_000


class DyingSeries(MemorySeries):
    """Takes so many batches and then no more, as a server that is killed while it builds."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.left = batches

    async def record(self, batches: Sequence[Batch]) -> Recorded:
        if self.left < len(batches):
            raise StoreUnavailable("killed")
        self.left -= len(batches)
        return await super().record(batches)


class DyingDirectory(MemoryDirectory):
    """Takes so many writes and then no more."""

    left = 1_000

    async def write(self, partition: str, changes: Sequence[Change], version: str) -> None:
        if not self.left:
            raise StoreUnavailable("killed")
        self.left -= 1
        await super().write(partition, changes, version)


def _ports(clock: FakeClock, series: SeriesStore, directory: Directory | None = None) -> Ports:
    return Ports(
        directory=directory or MemoryDirectory(),
        series=series,
        raw=MemoryRawArchive(),
        clock=clock,
        entropy=SeededEntropy(1),
        arrivals=Arrivals(clock),
    )


async def _owner(ports: Ports) -> tuple[OwnerId, int]:
    account = await accounts.register_account(ports, ACTOR, email="demo@example.org", password_hash="")
    source = await sources.standing_source(ports, account.owner_id, ACTOR, "simulation")
    return account.owner_id, source.number


async def _build(ports: Ports, owner: tuple[OwnerId, int], *, history_ms: int = HISTORY_MS) -> list[float]:
    fractions: list[float] = []
    await build_demo(
        ports,
        owner[0],
        ACTOR,
        WORLD,
        owner[1],
        history_ms=history_ms,
        now_ms=ports.clock.now_ms(),
        progress=lambda fraction, text: fractions.append(fraction),
    )
    return fractions


async def _stored(ports: Ports, owner_id: OwnerId) -> dict[str, Series]:
    """By the maker's id."""
    found = await devices.list_devices(ports.directory, owner_id)
    return {device.vendor_id: await ports.series.read(device.number) for device in found}


async def _check_history(ports: Ports, owner_id: OwnerId, start_ms: int, end_ms: int) -> None:
    stored = await _stored(ports, owner_id)
    expected = gathered(WORLD, start_ms, end_ms)
    for device in WORLD.devices:
        series = stored[device.vendor_id]
        assert np.array_equal(series.times_ms, expected[device.key].times_ms), device.key
        for name, values in expected[device.key].columns.items():
            if np.isnan(values).all():
                continue
            assert np.array_equal(series.columns[name], values, equal_nan=True), (device.key, name)


async def test_a_demo_has_its_sites_rooms_devices_and_history(clock: FakeClock) -> None:
    ports = _ports(clock, MemorySeries())
    owner = await _owner(ports)

    fractions = await _build(ports, owner)

    found = await sites.list_sites(ports.directory, owner[0])
    assert [(site.kind, site.place.country) for site in found] == [
        (SiteKind.HOME, "BG"),
        (SiteKind.BUILDING, "US"),
    ]
    assert found[1].floors == ("Ground floor", "First floor")
    rooms = await sites.list_rooms(ports.directory, owner[0])
    assert {room.floor for room in rooms if room.site_id == found[1].id} == set(found[1].floors)
    assert len(await devices.list_devices(ports.directory, owner[0])) == len(WORLD.devices) == 20
    await _check_history(ports, owner[0], clock.now_ms() - HISTORY_MS, clock.now_ms())
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


async def test_history_is_recorded_as_a_simulations(clock: FakeClock) -> None:
    ports = _ports(clock, MemorySeries())
    owner = await _owner(ports)

    await _build(ports, owner)

    numbers = [device.number for device in await devices.list_devices(ports.directory, owner[0])]
    latest = await ports.series.latest(numbers)
    assert set(latest) == set(numbers)
    origins = {value.origin for values in latest.values() for value in values.values()}
    assert {origin_kind(origin) for origin in origins} == {OriginKind.SIMULATION}
    assert {origin >> 2 for origin in origins} == {owner[1]}


async def test_modules_stand_under_their_station_and_sensors_under_their_thermostat(
    clock: FakeClock,
) -> None:
    ports = _ports(clock, MemorySeries())
    owner = await _owner(ports)

    await _build(ports, owner)

    by_id = {device.id: device for device in await devices.list_devices(ports.directory, owner[0])}
    parents = {(device.model, by_id[device.parent_id].model) for device in by_id.values() if device.parent_id}
    assert parents == {
        ("NAModule1", "NAMain"),
        ("NAModule2", "NAMain"),
        ("NAModule3", "NAMain"),
        ("NAModule4", "NAMain"),
        ("ecobee_sensor", "ecobee_thermostat"),
    }


async def test_devices_are_found_under_their_makers_ids_in_their_own_dialect(clock: FakeClock) -> None:
    ports = _ports(clock, MemorySeries())
    owner = await _owner(ports)

    await _build(ports, owner)

    for device in WORLD.devices:
        for dialect, external in device.aliases.items():
            found = await devices.find_device_by_alias(ports.directory, owner[0], dialect, external)
            assert found is not None
            assert found.vendor_id == device.vendor_id


async def test_building_again_makes_nothing_twice(clock: FakeClock) -> None:
    ports = _ports(clock, MemorySeries())
    owner = await _owner(ports)
    await _build(ports, owner)
    before = await devices.list_devices(ports.directory, owner[0])

    await _build(ports, owner)

    assert await devices.list_devices(ports.directory, owner[0]) == before
    assert len(await sites.list_sites(ports.directory, owner[0])) == len(WORLD.sites)
    assert len(await sites.list_rooms(ports.directory, owner[0])) == len(WORLD.rooms)
    await _check_history(ports, owner[0], clock.now_ms() - HISTORY_MS, clock.now_ms())


@pytest.mark.parametrize("batches", [0, 1, 7, 17])
async def test_an_interrupted_build_is_finished_by_the_next(clock: FakeClock, batches: int) -> None:
    series = DyingSeries(batches)
    ports = _ports(clock, series)
    owner = await _owner(ports)
    with pytest.raises(StoreUnavailable):
        await _build(ports, owner)
    series.left = 1_000

    await _build(ports, owner)

    await _check_history(ports, owner[0], clock.now_ms() - HISTORY_MS, clock.now_ms())


@pytest.mark.parametrize("writes", [0, 1, 2, 3, 8, 25, 40])
async def test_a_build_that_died_among_its_things_is_finished_by_the_next(
    clock: FakeClock, writes: int
) -> None:
    directory = DyingDirectory()
    ports = _ports(clock, MemorySeries(), directory)
    owner = await _owner(ports)
    directory.left = writes
    with pytest.raises(StoreUnavailable):
        await _build(ports, owner)
    directory.left = 1_000

    await _build(ports, owner, history_ms=600_000)

    found = await devices.list_devices(ports.directory, owner[0])
    assert sorted(d.vendor_id for d in found) == sorted(d.vendor_id for d in WORLD.devices)
    assert len({d.created_ms for d in found}) == len(found)
    assert len(await sites.list_sites(ports.directory, owner[0])) == len(WORLD.sites)
    assert len(await sites.list_rooms(ports.directory, owner[0])) == len(WORLD.rooms)


async def test_a_store_that_does_not_always_know_what_became_of_a_write_holds_the_same_demo(
    clock: FakeClock,
) -> None:
    directory = PartitionedMemoryDirectory(5)
    ports = _ports(clock, PartitionedSeries(MemorySeries(), 5), directory)
    owner = await _owner(ports)

    await _build(ports, owner)

    assert len(await sites.list_sites(ports.directory, owner[0])) == len(WORLD.sites)
    await _check_history(ports, owner[0], clock.now_ms() - HISTORY_MS, clock.now_ms())


async def test_a_build_on_a_later_day_fills_the_time_between(clock: FakeClock) -> None:
    ports = _ports(clock, MemorySeries())
    owner = await _owner(ports)
    await _build(ports, owner)
    start_ms = clock.now_ms() - HISTORY_MS
    clock.advance(5 * 3_600)

    await _build(ports, owner)

    await _check_history(ports, owner[0], start_ms, clock.now_ms())


async def test_a_hidden_device_stays_hidden_and_gets_no_history(clock: FakeClock) -> None:
    ports = _ports(clock, MemorySeries())
    owner = await _owner(ports)
    await _build(ports, owner)
    hidden = (await devices.list_devices(ports.directory, owner[0]))[3]
    await devices.hide_device(ports, owner[0], ACTOR, hidden.id)
    rows = len(await ports.series.read(hidden.number))
    clock.advance(3_600)

    await _build(ports, owner)

    assert hidden.id not in {d.id for d in await devices.list_devices(ports.directory, owner[0])}
    assert len(await ports.series.read(hidden.number)) == rows


async def test_a_name_given_by_its_owner_survives_building_again(clock: FakeClock) -> None:
    ports = _ports(clock, MemorySeries())
    owner = await _owner(ports)
    await _build(ports, owner)
    site = (await sites.list_sites(ports.directory, owner[0]))[0]
    await sites.edit_site(ports, owner[0], ACTOR, site.id, lambda s: replace(s, name="Villa"))

    await _build(ports, owner)

    assert (await sites.list_sites(ports.directory, owner[0]))[0].name == "Villa"


async def test_the_weather_station_alone_can_be_made_public(clock: FakeClock) -> None:
    ports = _ports(clock, MemorySeries())
    owner = await _owner(ports)

    await _build(ports, owner)

    made = await devices.list_devices(ports.directory, owner[0])
    assert [device.model for device in made if can_be_public(device)] == ["NAMain"]
