"""What a client did is counted by day, for its developer: how many tokens for how many calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ownclimate.core.errors import StoreUnavailable
from ownclimate.core.ports import Change, Directory
from ownclimate.oauth.clients import USAGE, client_partition, forget_client
from ownclimate.oauth.usage import DailyUsage, Usage
from ownclimate.web.dispatch import RequestEntry
from tests.fakes.households import ACTOR

TOKENS, CALLS = "/oauth2/token", "/v1/controllers"


def entry(client_id: str, route: str = CALLS, status: int = 200) -> RequestEntry:
    return RequestEntry("id", "GET", route, "mclimate", status, 1.0, client_id, None)


class Disk:
    """A directory on a disk that may be full."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.is_full = False
        self.find, self.scan = directory.find, directory.scan

    async def write(self, partition: str, changes: Sequence[Change], version: str) -> None:
        if self.is_full:
            raise StoreUnavailable("the disk is full")
        await self._directory.write(partition, changes, version)


@pytest.fixture
def usage(world) -> DailyUsage:
    return DailyUsage(world.ports, {TOKENS})


async def days(world, app) -> list[str]:
    return [day.key for day in await world.ports.directory.scan(client_partition(app.id), USAGE)]


async def test_calls_failures_and_tokens_are_told_apart(usage, app) -> None:
    for told in (entry(app.id), entry(app.id, status=404), entry(app.id, TOKENS)):
        usage.note(told)
    usage.note(entry(app.id, TOKENS, 400))
    usage.note(entry("", status=401))

    assert await usage.of(app.id) == Usage(calls=2, errors=1, tokens=1)


async def test_counts_survive_the_process(world, usage, app) -> None:
    usage.note(entry(app.id))
    await usage.write()
    usage.note(entry(app.id))
    await usage.write()

    assert await DailyUsage(world.ports, ()).of(app.id) == Usage(calls=2)
    assert await days(world, app) == ["2026-11-21"]


async def test_processes_add_to_each_others_counts(world, usage, app) -> None:
    other = DailyUsage(world.ports, {TOKENS})
    for counter in (usage, other, usage):
        counter.note(entry(app.id))
        await counter.write()

    assert await usage.of(app.id) == Usage(calls=3)


async def test_a_days_requests_are_written_at_most_once_a_minute(world, usage, app) -> None:
    for _ in range(50):
        usage.note(entry(app.id))
    assert await days(world, app) == []
    timer = usage._timer
    usage.note(entry(app.id))

    assert usage._timer is timer
    usage._timer.cancel()
    usage._begin()
    await usage.settle()
    assert await DailyUsage(world.ports, ()).of(app.id) == Usage(calls=51)


async def test_the_last_thirty_days_are_told_and_ninety_are_kept(world, usage, app) -> None:
    for _ in range(95):
        usage.note(entry(app.id))
        await usage.write()
        world.clock.advance(24 * 3600)
    world.clock.advance(-24 * 3600)

    assert await usage.of(app.id) == Usage(calls=30)
    assert len(await days(world, app)) == 91


async def test_what_could_not_be_written_is_written_the_next_time(world, app) -> None:
    disk = Disk(world.ports.directory)
    usage = DailyUsage(replace(world.ports, directory=disk), {TOKENS})
    usage.note(entry(app.id))

    disk.is_full = True
    await usage.write()
    assert await usage.of(app.id) == Usage(calls=1)
    disk.is_full = False
    await usage.write()

    assert await DailyUsage(world.ports, ()).of(app.id) == Usage(calls=1)


async def test_personal_tokens_leave_no_rows(world, usage) -> None:
    usage.note(entry("5f0000000000000000000001"))
    await usage.write()

    partition = client_partition("5f0000000000000000000001")
    assert await world.ports.directory.scan(partition, USAGE) == []


async def test_a_deleted_clients_counts_go_with_it(world, usage, app) -> None:
    usage.note(entry(app.id))
    await usage.write()
    await forget_client(world.ports, ACTOR, app.client)
    usage.note(entry(app.id))
    await usage.write()

    assert await days(world, app) == []
