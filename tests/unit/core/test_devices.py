"""A device is found under each of its names until it is hidden, and its number with one look-up."""

from __future__ import annotations

import pytest

from ownclimate.core.accounts import register_account
from ownclimate.core.devices import create_device, find_device, find_device_number, hide_device
from ownclimate.core.partitions import ALIASES, owner_partition
from ownclimate.core.ports import Put
from ownclimate.core.writes import Actor

ACTOR = Actor(via="test")


@pytest.fixture
async def device(ports):
    account = await register_account(ports, ACTOR, email="a@example.org", password_hash="x")
    return await create_device(
        ports, account.owner_id, ACTOR, vendor="generic", model="sensor", vendor_id="Shed-1"
    )


def names(device):
    return [device.id, *device.aliases.values(), "SHED-1"]


async def test_every_name_leads_to_the_number(ports, device) -> None:
    for name in names(device):
        assert await find_device_number(ports.directory, device.owner_id, name) == device.number
        assert await find_device(ports.directory, device.owner_id, name) == device


async def test_no_name_leads_to_a_hidden_device_or_its_number(ports, device) -> None:
    await hide_device(ports, device.owner_id, ACTOR, device.id)

    for name in names(device):
        assert await find_device_number(ports.directory, device.owner_id, name) is None
        assert await find_device(ports.directory, device.owner_id, name) is None


async def test_an_alias_that_tells_no_number_leads_to_it_all_the_same(ports, device) -> None:
    partition = owner_partition(device.owner_id)
    for alias in await ports.directory.scan(partition, ALIASES):
        put = Put(table=ALIASES, key=alias.key, body={"id": alias.body["id"]})
        await ports.directory.write(partition, [put], "v")

    for name in names(device):
        assert await find_device_number(ports.directory, device.owner_id, name) == device.number


async def test_a_name_of_nobody_leads_to_nothing(ports, device) -> None:
    assert await find_device_number(ports.directory, device.owner_id, "shed-2") is None
