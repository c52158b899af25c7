"""Erasing an owner: everything that is its, from every store, so that nothing names it any more.

What opens doors (apps, tokens, keys) is not known here and has to go before; see `oauth.departures`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ownclimate.core import claims, events, pictures, publishing
from ownclimate.core.accounts import OWNER_CLAIM
from ownclimate.core.documents import from_body
from ownclimate.core.ids import OwnerId
from ownclimate.core.months import TABLE as NOTED_MONTHS
from ownclimate.core.months import partitions_of
from ownclimate.core.partitions import (
    ALIASES,
    DEVICES,
    FOLLOWERS,
    FORECASTS,
    GEOFENCES,
    HOOKS,
    INVITES,
    KEYS,
    MEMBERS,
    MONTHLY,
    OUTBOX,
    OWNER,
    PROFILES,
    PUSHES,
    ROOMS,
    ROUTINES,
    SCHEDULES,
    SITES,
    SOURCES,
    STANDINGS,
    SYNC,
    THERMOSTATS,
    month_partition,
    months,
    owner_partition,
)
from ownclimate.core.ports import Delete, Ports
from ownclimate.core.readings import Interval
from ownclimate.core.things import Device, Owner
from ownclimate.core.writes import write_surely

AT_ONCE = 500
TABLES = (
    PUSHES,
    HOOKS,
    FOLLOWERS,
    FORECASTS,
    ROUTINES,
    PROFILES,
    STANDINGS,
    THERMOSTATS,
    GEOFENCES,
    NOTED_MONTHS,
    ALIASES,
    INVITES,
    KEYS,
    ROOMS,
    SCHEDULES,
    SITES,
    SYNC,
    SOURCES,
    OUTBOX,
    DEVICES,
    MEMBERS,
)
"""Of an owner's partition, in the order of going; the owner itself goes last, so that an erasure that
was cut short can be found and repeated."""


async def erase_owner(ports: Ports, owner_id: OwnerId, other_tables: Sequence[str] = ()) -> None:
    """Removes readings, payloads, pictures, events, audit, sites, devices, members and the owner; its
    numbers stay used.

    `other_tables` are those that other rooms keep in the owner's partition. Repeating it finishes what
    was cut short, but for the name of an owner already gone, which the janitor frees.
    """
    partition = owner_partition(owner_id)
    document = await ports.directory.find(partition, OWNER, owner_id)
    if document is None:
        return
    created_ms = from_body(Owner, document.body).created_ms
    for stored in await ports.directory.scan(partition, DEVICES):
        device = from_body(Device, stored.body)
        if publishing.is_public(device):
            await publishing.withdraw(ports, device)
        await ports.series.delete(device.number, Interval(), now_ms=ports.clock.now_ms())
    await ports.raw.delete(owner_id)
    await pictures.remove_pictures_of(ports, owner_id)
    for month in await partitions_of(ports.directory, owner_id, events.KIND):
        for table in events.TABLES:
            await _empty(ports, month, table)
    for table in (*other_tables, *TABLES):
        await _empty(ports, partition, table)
    await _empty_months(ports, owner_id, created_ms)
    await claims.loosen(ports, OWNER_CLAIM, owner_id, owner_id)
    await write_surely(ports, partition, [Delete(table=OWNER, key=owner_id)], of="owner")
    await claims.release(ports, OWNER_CLAIM, owner_id, owner_id)
    # The relay of the outbox may have been moving an entry all the while; it begins with no more now.
    await _empty_months(ports, owner_id, created_ms)


async def _empty_months(ports: Ports, owner_id: OwnerId, created_ms: int) -> None:
    for kind in MONTHLY:
        for month_ms in months(ports.clock.now_ms(), created_ms):
            await _empty(ports, month_partition(owner_id, kind, month_ms), kind)


async def _empty(ports: Ports, partition: str, table: str) -> None:
    while documents := await ports.directory.scan(partition, table, limit=AT_ONCE):
        deletes = [Delete(table=table, key=document.key) for document in documents]
        await write_surely(ports, partition, deletes, of=table)
