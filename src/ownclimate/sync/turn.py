"""Working a source by hand, under the lease under which a server would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ownclimate.core.errors import Conflict, StoreError
from ownclimate.core.leases import Lease, list_leases, release_lease, take_lease
from ownclimate.core.ports import Ports
from ownclimate.links.supervisor import LEASE_MS, lease_name

LOOK_EVERY_S = 0.5


@asynccontextmanager
async def turn(ports: Ports, source_id: str, holder: str) -> AsyncIterator[None]:
    """Holds the source while the block runs; of who loses it the block is cut short.

    A lease that a dead process left is waited for. Raises Conflict when a living one renews it, or took it
    while the block ran.
    """
    name = lease_name(source_id)
    lease = await _taken(ports, name, source_id, holder)
    worker = asyncio.current_task()
    assert worker is not None

    is_lost = False

    async def keep() -> None:
        nonlocal lease, is_lost
        while not is_lost:
            await asyncio.sleep(LEASE_MS / 3000)
            try:
                renewed = await take_lease(ports, name, holder, LEASE_MS)
            except StoreError:
                # While it cannot be written nobody else can take it, until it is over.
                renewed = lease if ports.clock.now_ms() < lease.until_ms else None
            is_lost = renewed is None
            lease = renewed or lease
        worker.cancel()

    keeper = asyncio.create_task(keep())
    try:
        yield
    except asyncio.CancelledError:
        if not is_lost:
            raise
        worker.uncancel()
        raise _worked_elsewhere(source_id) from None
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await release_lease(ports, lease)


async def _taken(ports: Ports, name: str, source_id: str, holder: str) -> Lease:
    first = next((lease for lease in await list_leases(ports) if lease.name == name), None)
    while (taken := await take_lease(ports, name, holder, LEASE_MS)) is None:
        present = next((lease for lease in await list_leases(ports) if lease.name == name), None)
        first = first or present
        if first is not None and present is not None and present.version != first.version:
            raise _worked_elsewhere(source_id)
        await asyncio.sleep(LOOK_EVERY_S)
    return taken


def _worked_elsewhere(source_id: str) -> Conflict:
    return Conflict("source", source_id, f"source {source_id} is worked by another process")
