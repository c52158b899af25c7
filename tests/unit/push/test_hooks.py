"""Registering a webhook anew while a delivery of the old one is being noted."""

from __future__ import annotations

import dataclasses

import pytest

from ownclimate.core.errors import Conflict
from ownclimate.core.ids import AccountId, OwnerId
from ownclimate.push.hooks import Hook, edit_hook, find_hook, register_hook
from ownclimate.store.memory import MemoryDirectory
from tests.fakes.households import ACTOR, memory_ports

OWNER, ACCOUNT = OwnerId("a" * 24), AccountId("b" * 24)


def a_hook(url: str) -> Hook:
    return Hook(id="", owner_id=OWNER, account_id=ACCOUNT, client_id="c", dialect="netatmo", url=url)


class Busy(MemoryDirectory):
    """Another writer notes a failed delivery right after the next look at the webhook."""

    meanwhile = None

    async def find(self, partition, table, key):
        found = await super().find(partition, table, key)
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            await act()
        return found


@pytest.fixture
def directory() -> Busy:
    return Busy()


@pytest.fixture
def ports(clock, entropy, directory):
    return dataclasses.replace(memory_ports(clock, entropy), directory=directory)


async def test_a_replacement_comes_through_beside_a_delivery(ports, directory) -> None:
    first = await register_hook(ports, ACTOR, a_hook("https://one.example"))

    async def fail() -> None:
        await edit_hook(ports, first, lambda hook: dataclasses.replace(hook, failures=hook.failures + 1))

    directory.meanwhile = fail
    await register_hook(ports, ACTOR, a_hook("https://two.example"), replaces=True)

    found = await find_hook(directory, OWNER, "c", ACCOUNT)
    assert found is not None
    assert (found.url, found.failures) == ("https://two.example", 0)


async def test_without_replacing_the_present_one_stays(ports, directory) -> None:
    await register_hook(ports, ACTOR, a_hook("https://one.example"))

    with pytest.raises(Conflict):
        await register_hook(ports, ACTOR, a_hook("https://two.example"))

    found = await find_hook(directory, OWNER, "c", ACCOUNT)
    assert found is not None
    assert found.url == "https://one.example"
