"""A source that leaves with its data: what goes, what stays, and that a cut forgets nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ownclimate.core.departure import (
    belongings_of,
    finish_departure,
    list_leaving,
    mark_leaving,
)
from ownclimate.core.devices import create_device, edit_device, find_device, list_devices
from ownclimate.core.errors import NotFound, Unsupported
from ownclimate.core.events import find_event, record_event
from ownclimate.core.ids import DeviceId, OwnerId
from ownclimate.core.linking import find_any_source, link_source, list_linked, open_secrets
from ownclimate.core.pictures import find_picture, store_picture
from ownclimate.core.ports import Put, RawEntry
from ownclimate.core.readings import Batch, Interval, OriginKind
from ownclimate.core.routines import Plan, create_routine, list_routines
from ownclimate.core.schedules import create_schedule, list_schedules
from ownclimate.core.sites import create_room, create_site, list_rooms, list_sites
from ownclimate.core.sources import origin_of, standing_source
from ownclimate.core.things import Report
from ownclimate.core.writes import Actor, write_surely
from ownclimate.oauth.encryption import Cipher
from tests.unit.core.conftest import PowerCut

OWNER, OTHER = OwnerId("a" * 24), OwnerId("b" * 24)
ACTOR = Actor(via="test")
JPEG = b"\xff\xd8\xff and so on"
AT_MS = 1_700_000_000_000


@pytest.fixture
def vault(entropy) -> Cipher:
    return Cipher(entropy(32), entropy)


@pytest.fixture
async def cloud(ports, vault):
    return await linked(ports, vault)


async def linked(ports, vault, kind="netatmo", owner_id=OWNER):
    secrets = {"client_secret": "s", "refresh_token": "r"}
    return await link_source(
        ports, vault, owner_id, ACTOR, kind=kind, name="cloud", settings={"client_id": "x"}, secrets=secrets
    )


async def a_device(ports, source, vendor_id="70:ee:50:00:00:01", **more):
    reports = {"wifi": Report(value=60, at_ms=AT_MS, source=source.id)}
    return await create_device(
        ports,
        OWNER,
        ACTOR,
        vendor="netatmo",
        model="NAMain",
        vendor_id=vendor_id,
        **{"reports": reports, **more},
    )


async def record(ports, device, source, kind, *values) -> None:
    times = np.array([AT_MS + 1000 * place for place, value in enumerate(values) if value is not None])
    column = np.array([value for value in values if value is not None], dtype=np.float64)
    batch = Batch(
        device=device.number,
        times_ms=times,
        columns={"temperature_c": column},
        origin=origin_of(source, kind),
        arrived_ms=ports.arrivals.next_ms(),
    )
    await ports.series.record([batch])


async def values_of(ports, device) -> list[float]:
    return list(
        (await ports.series.read(device.number, Interval(), ["temperature_c"])).columns["temperature_c"]
    )


async def left(ports, source):
    marked = await mark_leaving(ports, OWNER, ACTOR, source.id)
    return await finish_departure(ports, OWNER, ACTOR, marked)


async def test_what_only_the_cloud_brought_goes_and_is_counted(ports, vault, cloud) -> None:
    said = {"name": Report(value="Home", at_ms=AT_MS, source=cloud.id)}
    site = await create_site(
        ports, OWNER, ACTOR, name="Home", given_aliases={"netatmo": "5a" * 12}, reports=said
    )
    await create_room(ports, OWNER, ACTOR, site_id=site.id, name="Hall", given_aliases={"netatmo": "17"})
    await create_schedule(ports, OWNER, ACTOR, site_id=site.id, name="Winter")
    device = await a_device(ports, cloud, site_id=site.id)
    plan = Plan(days=frozenset({0}), from_minute=0, to_minute=60, target=20.0)
    await create_routine(ports, OWNER, ACTOR, plan, device_id=device.id)
    await record(ports, device, cloud, OriginKind.CLOUD, 20.0, 21.0)
    event = await record_event(
        ports, OWNER, kind="movement", at_ms=AT_MS, site_id=site.id, device_id=device.id
    )
    of_home = await record_event(ports, OWNER, kind="person", at_ms=AT_MS, site_id=site.id)
    picture = await store_picture(ports, OWNER, device.id, JPEG)
    face = await store_picture(ports, OWNER, DeviceId(""), JPEG)
    await ports.raw.keep(payload_of(cloud))
    expected = await belongings_of(ports, OWNER, cloud)

    departed = await left(ports, cloud)

    assert ([d.id for d in expected.alone], expected.shared) == ([device.id], ())
    assert [s.id for s in expected.sites] == [site.id]
    assert (departed.devices, departed.shared, departed.sites, departed.payloads) == (1, 0, 1, 1)
    assert await list_devices(ports.directory, OWNER) == []
    assert await list_sites(ports.directory, OWNER) == []
    assert await list_rooms(ports.directory, OWNER) == []
    assert await list_schedules(ports.directory, OWNER) == []
    assert await list_routines(ports.directory, OWNER) == []
    assert await values_of(ports, device) == []
    for gone in (event, of_home):
        assert await find_event(ports.directory, OWNER, gone.id) is None
    for taken in (picture, face):
        assert await find_picture(ports.directory, taken.id) is None
    assert await find_device(ports.directory, OWNER, device.vendor_id) is None
    assert await ports.raw.scan(OWNER) == []


def payload_of(source, owner_id=OWNER) -> RawEntry:
    digest = source.id.encode()
    return RawEntry(
        owner=owner_id, source=source.id, kind="homesdata", received_ms=AT_MS, payload=b"{}", digest=digest
    )


async def test_a_device_that_is_heard_here_keeps_what_it_said_itself(ports, vault, cloud) -> None:
    gateway = await standing_source(ports, OWNER, ACTOR, "door")
    device = await a_device(ports, cloud, is_heard=True)
    await record(ports, device, cloud, OriginKind.CLOUD, 20.0, 21.0)
    await record(ports, device, gateway, OriginKind.DEVICE, None, 22.0)

    departed = await left(ports, cloud)

    assert (departed.devices, departed.shared) == (0, 1)
    assert await values_of(ports, device) == [22.0]
    assert [d.id for d in await list_devices(ports.directory, OWNER)] == [device.id]


async def test_a_device_with_older_readings_of_an_import_stays_with_them(ports, cloud) -> None:
    imported = await standing_source(ports, OWNER, ACTOR, "import.csv")
    device = await a_device(ports, cloud)
    await record(ports, device, imported, OriginKind.IMPORT, 19.0)
    await record(ports, device, cloud, OriginKind.CLOUD, None, 21.0)

    departed = await left(ports, cloud)

    assert (departed.devices, departed.shared) == (0, 1)
    assert await values_of(ports, device) == [19.0]


async def test_a_device_of_which_another_source_speaks_stays(ports, vault, cloud) -> None:
    other = await linked(ports, vault)
    reports = {
        "wifi": Report(value=60, at_ms=AT_MS, source=cloud.id),
        "firmware": Report(value=1, at_ms=AT_MS, source=other.id),
    }
    device = await a_device(ports, cloud, reports=reports)

    expected = await belongings_of(ports, OWNER, cloud)
    departed = await left(ports, cloud)

    assert [d.id for d in expected.shared] == [device.id]
    assert (departed.devices, departed.shared) == (0, 1)


async def test_the_way_through_a_source_that_left_is_not_tried_any_more(ports, cloud) -> None:
    device = await a_device(ports, cloud, is_heard=True)
    await edit_device(
        ports, OWNER, ACTOR, device.id, lambda d: dataclasses.replace(d, link={"source": cloud.id})
    )

    await left(ports, cloud)

    (found,) = await list_devices(ports.directory, OWNER)
    assert found.link == {}


async def test_devices_and_homes_that_it_never_spoke_of_are_left_alone(ports, vault, cloud) -> None:
    own = await create_site(ports, OWNER, ACTOR, name="Made here")
    mine = await create_device(
        ports, OWNER, ACTOR, vendor="mclimate", model="vicki", vendor_id="v1", site_id=own.id, is_heard=True
    )

    departed = await left(ports, cloud)

    assert (departed.devices, departed.shared, departed.sites) == (0, 0, 0)
    assert [d.id for d in await list_devices(ports.directory, OWNER)] == [mine.id]
    assert [s.id for s in await list_sites(ports.directory, OWNER)] == [own.id]


async def test_a_home_in_which_something_else_stands_stays(ports, vault, cloud) -> None:
    said = {"name": Report(value="Home", at_ms=AT_MS, source=cloud.id)}
    site = await create_site(ports, OWNER, ACTOR, name="Home", reports=said)
    await create_device(
        ports, OWNER, ACTOR, vendor="mclimate", model="vicki", vendor_id="v1", site_id=site.id
    )
    await a_device(ports, cloud, site_id=site.id)

    departed = await left(ports, cloud)

    assert (departed.devices, departed.sites) == (1, 0)
    assert [s.id for s in await list_sites(ports.directory, OWNER)] == [site.id]


async def test_neighbours_lose_nothing(ports, vault, cloud) -> None:
    theirs = await linked(ports, vault, owner_id=OTHER)
    await ports.raw.keep(payload_of(theirs, OTHER))
    said = {"wifi": Report(value=60, at_ms=AT_MS, source=theirs.id)}
    await create_device(ports, OTHER, ACTOR, vendor="netatmo", model="NAMain", vendor_id="m", reports=said)

    await left(ports, cloud)

    assert len(await list_devices(ports.directory, OTHER)) == 1
    assert len(await ports.raw.scan(OTHER)) == 1
    with pytest.raises(NotFound):
        await mark_leaving(ports, OWNER, ACTOR, theirs.id)


async def test_its_credentials_and_progress_go_and_it_is_listed_no_more(ports, vault, cloud) -> None:
    put = Put(table="sync", key=f"{cloud.id}/memory/tokens", body={"sealed": b"x"})
    await write_surely(ports, f"owner:{OWNER}", [put])

    marked = await mark_leaving(ports, OWNER, ACTOR, cloud.id)
    assert open_secrets(marked, vault) == {}
    assert await list_linked(ports.directory, OWNER) == []
    assert [source.id for source in await list_leaving(ports.directory, OWNER)] == [cloud.id]
    await finish_departure(ports, OWNER, ACTOR, marked)

    assert await ports.directory.scan(f"owner:{OWNER}", "sync") == []
    assert await list_leaving(ports.directory, OWNER) == []
    removed = await find_any_source(ports.directory, OWNER, cloud.id)
    assert removed is not None
    assert removed.deleted_ms
    assert removed.settings == {}


async def test_what_was_heard_through_a_network_server_is_never_removed_with_it(ports, vault) -> None:
    server = await linked(ports, vault, kind="chirpstack")

    with pytest.raises(Unsupported):
        await mark_leaving(ports, OWNER, ACTOR, server.id)

    assert [source.id for source in await list_linked(ports.directory, OWNER)] == [server.id]


async def test_whichever_write_was_the_last_repeating_finishes_it(ports, directory, vault) -> None:
    for cut_at in range(1, 100):
        source = await linked(ports, vault)
        device = await a_device(ports, source, vendor_id=f"m{cut_at}")
        await record(ports, device, source, OriginKind.CLOUD, 20.0)
        directory.cut_at = directory.writes + cut_at
        try:
            await left(ports, source)
        except PowerCut:
            directory.cut_at = 0
            for marked in await list_leaving(ports.directory, OWNER):
                await finish_departure(ports, OWNER, ACTOR, marked)
            if await list_linked(ports.directory, OWNER):
                await left(ports, source)
            assert await list_devices(ports.directory, OWNER) == []
            assert await values_of(ports, device) == []
            assert await list_leaving(ports.directory, OWNER) == []
            continue
        directory.cut_at = 0
        assert cut_at > 3
        return
    raise AssertionError("it never came to an end")
