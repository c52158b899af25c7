"""Every change is audited, exactly once in the end, and unknown outcomes are found out."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest

from ownclimate.core.accounts import register_account
from ownclimate.core.errors import Conflict, NotFound
from ownclimate.core.partitions import OUTBOX, month_partition, owner_partition
from ownclimate.core.ports import ABSENT, Put
from ownclimate.core.sites import create_room, create_site, edit_room, get_site, list_rooms
from ownclimate.core.writes import Actor, relay_outbox, write_surely
from ownclimate.store.partitioned_memory import PartitionedMemoryDirectory
from tests.unit.core.conftest import PowerCut

ACTOR = Actor(account_id="acc", client_id="cli", via="test")


async def audit(ports, owner_id):
    partition = month_partition(owner_id, "audit", ports.clock.now_ms())
    return [d.body for d in await ports.directory.scan(partition, "audit")]


@pytest.fixture
async def owner_id(ports):
    account = await register_account(ports, ACTOR, email="a@example.org", password_hash="x")
    await relay_outbox(ports, account.owner_id)
    return account.owner_id


async def test_a_change_is_told_with_who_did_what_through_which_client(ports, owner_id) -> None:
    site = await create_site(ports, owner_id, ACTOR, name="Home")
    told = []

    assert await relay_outbox(ports, owner_id, told.append) == 1

    (entry,) = told
    assert (entry.verb, entry.kind, entry.object_id, entry.actor) == ("create", "site", site.id, ACTOR)
    assert [body["verb"] for body in await audit(ports, owner_id)] == ["create", "create"]


@pytest.mark.parametrize("cut_at", [1, 2])
async def test_a_crash_while_relaying_neither_loses_nor_doubles_an_entry(
    ports, owner_id, directory, cut_at
) -> None:
    await create_site(ports, owner_id, ACTOR, name="Home")
    directory.writes, directory.cut_at = 0, cut_at
    with pytest.raises(PowerCut):
        await relay_outbox(ports, owner_id)

    await relay_outbox(ports, owner_id)

    assert [body["kind"] for body in await audit(ports, owner_id)] == ["owner", "site"]
    assert await ports.directory.scan(owner_partition(owner_id), OUTBOX) == []


async def test_a_crash_at_a_change_leaves_neither_the_change_nor_its_audit(
    ports, owner_id, directory
) -> None:
    directory.writes, directory.cut_at = 0, 2
    with pytest.raises(PowerCut):
        await create_site(ports, owner_id, ACTOR, name="Home")

    assert await ports.directory.scan(owner_partition(owner_id), "site") == []
    assert await relay_outbox(ports, owner_id) == 0


async def test_a_change_that_changes_nothing_leaves_no_trace(ports, owner_id) -> None:
    site = await create_site(ports, owner_id, ACTOR, name="Home")
    room = await create_room(ports, owner_id, ACTOR, site_id=site.id, name="Kitchen")
    await relay_outbox(ports, owner_id)

    await edit_room(ports, owner_id, ACTOR, room.id, lambda r: dataclasses.replace(r, name="Kitchen"))

    assert await relay_outbox(ports, owner_id) == 0


async def test_editing_what_is_not_there_says_so(ports, owner_id) -> None:
    with pytest.raises(NotFound):
        await edit_room(ports, owner_id, ACTOR, "f" * 24, lambda r: r)
    with pytest.raises(NotFound):
        await get_site(ports.directory, owner_id, "f" * 24)


async def test_edits_racing_on_one_thing_all_count(ports, owner_id) -> None:
    site = await create_site(ports, owner_id, ACTOR, name="Home")
    room = await create_room(ports, owner_id, ACTOR, site_id=site.id, name="Kitchen")
    inner = []

    def rename_after_somebody_else(old):
        if not inner:
            inner.append(old)
            put = Put(table="room", key=room.id, body={**before.body, "kind": "kitchen"})
            with contextlib.suppress(StopIteration):  # how a coroutine run by hand ends
                ports.directory.write(owner_partition(owner_id), [put], "other").send(None)
        return dataclasses.replace(old, name="Galley")

    before = await ports.directory.find(owner_partition(owner_id), "room", room.id)
    renamed = await edit_room(ports, owner_id, ACTOR, room.id, rename_after_somebody_else)

    assert (renamed.name, renamed.kind) == ("Galley", "kitchen")


async def test_unknown_outcomes_end_in_what_was_asked_for(ports, entropy) -> None:
    unsure = PartitionedMemoryDirectory(seed=3)
    ports = dataclasses.replace(ports, directory=unsure)

    for number in range(200):
        put = Put(table="t", key=f"{number:03}", body={"n": number}, expect=ABSENT)
        await write_surely(ports, "p", [put])

    assert [d.body["n"] for d in await unsure.scan("p", "t")] == list(range(200))


async def test_a_real_conflict_is_not_mistaken_for_our_own_write(ports) -> None:
    put = Put(table="t", key="k", body={"n": 1}, expect=ABSENT)
    await write_surely(ports, "p", [put])

    with pytest.raises(Conflict):
        await write_surely(ports, "p", [put])


async def test_a_whole_life_on_a_store_with_unknown_outcomes(ports) -> None:
    ports = dataclasses.replace(ports, directory=PartitionedMemoryDirectory(seed=5))

    account = await register_account(ports, ACTOR, email="a@example.org", password_hash="x")
    site = await create_site(ports, account.owner_id, ACTOR, name="Home")
    for number in range(30):
        await create_room(ports, account.owner_id, ACTOR, site_id=site.id, name=f"Room {number}")
    while await relay_outbox(ports, account.owner_id):
        pass

    assert len(await list_rooms(ports.directory, account.owner_id)) == 30
    assert len(await audit(ports, account.owner_id)) == 32
