"""Where readings come from. Each source has a number, and with its kind that is a series' origin."""

from __future__ import annotations

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict
from ownclimate.core.ids import OwnerId
from ownclimate.core.numbering import take_numbers
from ownclimate.core.partitions import SOURCES, owner_partition
from ownclimate.core.ports import ABSENT, Directory, Ports, Put
from ownclimate.core.readings import OriginKind, OriginNumber, origin_number
from ownclimate.core.things import Source
from ownclimate.core.writes import Actor, Deed, commit


async def standing_source(ports: Ports, owner_id: OwnerId, actor: Actor, kind: str) -> Source:
    """The owner's one source of a kind that needs no more than one (`import.csv`, …), made when missing."""
    found = await find_standing_source(ports.directory, owner_id, kind)
    if found is not None:
        return found
    (number,) = await take_numbers(ports, 1)
    source = Source(id=kind, number=number, kind=kind, name=kind, created_ms=ports.clock.now_ms())
    try:
        return await _put(ports, owner_id, actor, source)
    except Conflict:
        return await standing_source(ports, owner_id, actor, kind)


async def find_standing_source(directory: Directory, owner_id: OwnerId, kind: str) -> Source | None:
    found = await directory.find(owner_partition(owner_id), SOURCES, kind)
    return None if found is None else from_body(Source, found.body)


def origin_of(source: Source, kind: OriginKind) -> OriginNumber:
    return origin_number(source.number, kind)


async def _put(ports: Ports, owner_id: OwnerId, actor: Actor, source: Source) -> Source:
    put = Put(table=SOURCES, key=source.id, body=to_body(source), expect=ABSENT)
    deed = Deed(actor=actor, verb="create", kind="source", object_id=source.id)
    await commit(ports, owner_id, [put], deed)
    return source
