"""Disconnecting a cloud that somebody is working: it is let go first, and nothing is left behind."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from rich.progress import Progress

from ownclimate.cli import sync as by_hand
from ownclimate.config import Settings
from ownclimate.core.departure import list_leaving
from ownclimate.core.devices import create_device, list_devices
from ownclimate.core.errors import Conflict, StoreUnavailable
from ownclimate.core.ids import OwnerId
from ownclimate.core.leases import list_leases, release_lease, take_lease
from ownclimate.core.linking import find_linked, link_source, pause_source, remove_source
from ownclimate.core.partitions import SYNC, owner_partition
from ownclimate.core.ports import Ports
from ownclimate.core.things import Report, Source
from ownclimate.links.supervisor import LEASE_MS, lease_name
from ownclimate.oauth.encryption import Cipher
from ownclimate.store.memory import MemoryDirectory
from ownclimate.sync import turn
from ownclimate.sync.book import Book
from ownclimate.sync.leaving import finish_leaving, leave, leave_with_data
from ownclimate.sync.settings import checked_cloud
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.clouds import linked_cloud
from tests.fakes.households import ACTOR, Households, memory_ports


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "LOOK_EVERY_S", 0.01)


@pytest.fixture
def ports(clock: FakeClock, entropy: SeededEntropy) -> Ports:
    return memory_ports(clock, entropy)


@pytest.fixture
async def owner_id(ports: Ports) -> OwnerId:
    return (await Households(ports).add("ada")).owner_id


@pytest.fixture
async def source(ports: Ports, owner_id: OwnerId, entropy: SeededEntropy) -> Source:
    source = await linked_cloud(ports, Cipher(bytes(32), entropy), owner_id)
    said = {"wifi": Report(value=1, at_ms=1, source=source.id)}
    await create_device(ports, owner_id, ACTOR, vendor="netatmo", model="NAMain", vendor_id="a", reports=said)
    return source


async def remembered(ports: Ports, owner_id: OwnerId) -> list[str]:
    return [row.key for row in await ports.directory.scan(owner_partition(owner_id), SYNC)]


async def work_until_it_is_gone(ports: Ports, owner_id: OwnerId, source: Source) -> None:
    """As a server does: it sees at its next look that the source is removed, and writes down what was
    under way."""
    lease = await take_lease(ports, lease_name(source.id), "server", LEASE_MS)
    assert lease is not None
    while await find_linked(ports.directory, owner_id, source.id) is not None:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.02)
    await Book(ports, owner_id, source.id).remember("tokens", {"sealed": b"fresh"})
    await release_lease(ports, lease)


@pytest.mark.parametrize("with_data", [False, True])
async def test_what_a_server_wrote_down_at_last_goes_too(ports, owner_id, source, with_data) -> None:
    server = asyncio.create_task(work_until_it_is_gone(ports, owner_id, source))
    await asyncio.sleep(0)

    await (leave_with_data if with_data else leave)(ports, owner_id, ACTOR, source.id)

    assert server.done()
    assert await remembered(ports, owner_id) == []
    assert len(await list_devices(ports.directory, owner_id)) == (0 if with_data else 1)
    assert await list_leases(ports) == []


async def test_what_another_process_goes_on_working_goes_once_it_lets_go(ports, owner_id, source) -> None:
    lease = await take_lease(ports, lease_name(source.id), "sync run 17", LEASE_MS)

    async def renew() -> None:
        while True:
            await asyncio.sleep(0.005)
            await take_lease(ports, lease_name(source.id), "sync run 17", LEASE_MS)

    by_hand = asyncio.create_task(renew())
    with pytest.raises(Conflict, match="worked by another process"):
        await leave_with_data(ports, owner_id, ACTOR, source.id)
    assert [found.id for found in await list_leaving(ports.directory, owner_id)] == [source.id]
    assert await finish_leaving(ports) == 0
    assert len(await list_devices(ports.directory, owner_id)) == 1
    by_hand.cancel()
    await asyncio.gather(by_hand, return_exceptions=True)
    assert lease is not None
    ports.clock.advance(LEASE_MS / 1000 + 1)

    assert await finish_leaving(ports) == 1

    assert await list_devices(ports.directory, owner_id) == []
    assert await finish_leaving(ports) == 0


async def test_what_was_left_behind_by_a_removal_that_was_cut_short_goes_within_the_hour(
    ports, owner_id, source
) -> None:
    await remove_source(ports, owner_id, ACTOR, source.id)
    await Book(ports, owner_id, source.id).remember("tokens", {"sealed": b"fresh"})

    assert await finish_leaving(ports) == 1

    assert await remembered(ports, owner_id) == []
    assert await finish_leaving(ports) == 0
    assert len(await list_devices(ports.directory, owner_id)) == 1


@pytest.mark.parametrize("change", ["paused", "removed"])
async def test_who_collects_by_hand_stops_once_the_source_is_paused_or_removed(
    ports, owner_id, entropy, monkeypatch, capsys, change
) -> None:
    monkeypatch.setattr(by_hand, "LOOK_EVERY_S", 0.01)
    vault = Cipher(bytes(32), entropy)
    source = await link_source(
        ports,
        vault,
        owner_id,
        ACTOR,
        kind="netatmo",
        name="Home",
        settings=checked_cloud(client_id="app", base_url="http://127.0.0.1:9"),
        secrets={"client_secret": "s", "refresh_token": "r"},
    )
    bars = Progress(disable=True)
    working = asyncio.create_task(by_hand._work(ports, vault, owner_id, source, Settings(), False, bars))
    while not await list_leases(ports):
        await asyncio.sleep(0.001)

    if change == "paused":
        await pause_source(ports, owner_id, ACTOR, source.id, is_paused=True)
    else:
        await leave(ports, owner_id, ACTOR, source.id)

    assert not await working
    assert "paused, changed or removed" in capsys.readouterr().err
    assert await list_leases(ports) == []
    if change == "removed":
        assert await remembered(ports, owner_id) == []


async def test_who_loses_a_source_to_another_stops_and_says_so(ports, source, monkeypatch) -> None:
    monkeypatch.setattr(turn, "LEASE_MS", 30)

    with pytest.raises(Conflict, match="worked by another process"):
        async with turn.turn(ports, source.id, "one"):
            ports.clock.advance(1)
            assert await take_lease(ports, lease_name(source.id), "other", LEASE_MS)
            await asyncio.Event().wait()

    assert [lease.holder for lease in await list_leases(ports)] == ["other"]
    current = asyncio.current_task()
    assert current is not None
    assert not current.cancelling()


async def test_a_store_that_cannot_be_written_for_a_moment_loses_no_source(
    clock, entropy, monkeypatch
) -> None:
    monkeypatch.setattr(turn, "LEASE_MS", 30)
    directory = SlowDisk()
    ports = dataclasses.replace(memory_ports(clock, entropy), directory=directory)

    async with turn.turn(ports, "a" * 24, "one"):
        directory.is_full = True
        while directory.refused < 2:
            await asyncio.sleep(0.005)
        directory.is_full = False

    assert await list_leases(ports) == []


class SlowDisk(MemoryDirectory):
    is_full = False
    refused = 0

    async def write(self, *arguments, **more):  # type: ignore[no-untyped-def]  # as it is handed on
        if self.is_full:
            self.refused += 1
            raise StoreUnavailable("the disk is full")
        return await super().write(*arguments, **more)
