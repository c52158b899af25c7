"""Disconnecting a cloud: nobody works it any more before what is remembered of it goes."""

from __future__ import annotations

import contextlib
from typing import Final

import structlog

from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.departure import LEAVING, Departed, finish_departure, list_leaving, mark_leaving
from ownclimate.core.errors import Conflict
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import list_unfinished, remove_source
from ownclimate.core.ports import Ports
from ownclimate.core.things import Source
from ownclimate.core.writes import Actor
from ownclimate.sync.turn import turn

JANITOR: Final = Actor(via="janitor")

log = structlog.get_logger("ownclimate")


async def leave(ports: Ports, owner_id: OwnerId, actor: Actor, source_id: str) -> None:
    """Disconnects; what was collected stays. Raises NotFound."""
    await remove_source(ports, owner_id, actor, source_id)
    with contextlib.suppress(Conflict):
        await _forget(ports, owner_id, actor, source_id)


async def leave_with_data(ports: Ports, owner_id: OwnerId, actor: Actor, source_id: str) -> Departed:
    """Disconnects and removes what came through the source alone; see `core.departure`.

    Raises NotFound; Unsupported for what is no cloud; Conflict when another process goes on working it:
    it is marked all the same, and the rest follows within the hour.
    """
    source = await mark_leaving(ports, owner_id, actor, source_id)
    return await _finish(ports, owner_id, actor, source)


async def finish_leaving(ports: Ports) -> int:
    """Finishes departures that were cut short; returns how many."""
    finished = 0
    for owner_id in await list_owner_ids(ports.directory):
        leaving = await list_leaving(ports.directory, owner_id)
        unfinished = await list_unfinished(ports.directory, owner_id)
        for source in [*leaving, *(source for source in unfinished if LEAVING not in source.settings)]:
            try:
                if LEAVING in source.settings:
                    await _finish(ports, owner_id, JANITOR, source)
                else:
                    await _forget(ports, owner_id, JANITOR, source.id)
                finished += 1
            except Conflict as error:
                log.warning("departure_postponed", source=source.id, reason=error.message)
    return finished


async def _forget(ports: Ports, owner_id: OwnerId, actor: Actor, source_id: str) -> None:
    """What the last call for a removed source still wrote down, tokens among it."""
    async with turn(ports, source_id, _holder(ports)):
        await remove_source(ports, owner_id, actor, source_id)


async def _finish(ports: Ports, owner_id: OwnerId, actor: Actor, source: Source) -> Departed:
    async with turn(ports, source.id, _holder(ports)):
        return await finish_departure(ports, owner_id, actor, source)


def _holder(ports: Ports) -> str:
    """Of a lease: nobody else's name, so that a server in this very process has to let go first."""
    return f"departure {ports.entropy(6).hex()}"
