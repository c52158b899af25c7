"""The demo's cameras and alarm are made once, whatever interrupts their making."""

from __future__ import annotations

import pytest

from ownclimate.core.devices import list_devices
from ownclimate.core.events import find_events, subject
from ownclimate.core.ids import DeviceId
from ownclimate.core.people import people_of
from ownclimate.core.ports import Ports
from ownclimate.core.sites import create_site, list_sites
from ownclimate.core.things import Account, Event
from ownclimate.demo_security import furnish
from ownclimate.oauth.keys import Key, KeyKind, create_key
from tests.fakes.households import ACTOR, Households, memory_ports


@pytest.fixture
async def home(clock, entropy) -> tuple[Ports, Account, Key]:
    households = Households(memory_ports(clock, entropy))
    account = await households.add("demo")
    await create_site(households.ports, account.owner_id, ACTOR, name="Demo home")
    key, _ = await create_key(households.ports, ACTOR, account, kind=KeyKind.HOOK, name="demo")
    return households.ports, account, key


async def _events(ports: Ports, account: Account) -> list[Event]:
    (site,) = await list_sites(ports.directory, account.owner_id)
    devices: list[DeviceId] = [d.id for d in await list_devices(ports.directory, account.owner_id)]
    subjects = [subject(site.id, device_id) for device_id in devices]
    return await find_events(ports.directory, account.owner_id, subjects, limit=100)


async def test_the_demo_has_cameras_an_alarm_people_and_a_day_of_events(home, clock) -> None:
    ports, account, key = home
    await furnish(ports, key)

    (site,) = await list_sites(ports.directory, account.owner_id)
    events = await _events(ports, account)
    models = [device.model for device in await list_devices(ports.directory, account.owner_id)]
    assert sorted(models) == ["generic_camera", "generic_outdoor_camera", "generic_smoke_alarm"]
    assert {person.name for person in people_of(site)} == {"Anna", "Boris", ""}
    assert {event.kind for event in events} == {"person", "animal", "vehicle", "movement"}
    assert all(event.at_ms < clock.ms for event in events)


async def test_making_it_again_changes_nothing(home) -> None:
    ports, account, key = home
    await furnish(ports, key)
    before = await _events(ports, account)

    await furnish(ports, key)

    assert await _events(ports, account) == before
