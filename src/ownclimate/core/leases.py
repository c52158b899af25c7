"""Leases: a named job runs in one process at a time.

A lease is taken until an instant and renewed before it; who loses it has stopped working by then, or
finds out when its next renewal fails. `fence` grows with every new holder, so that what an old one
still writes can be told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ownclimate.core.errors import Conflict
from ownclimate.core.ports import ABSENT, Delete, Document, Ports, Put
from ownclimate.core.writes import write_surely

PARTITION: Final = "leases"
TABLE: Final = "lease"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    name: str
    holder: str
    fence: int
    until_ms: int
    version: str


async def take_lease(ports: Ports, name: str, holder: str, life_ms: int) -> Lease | None:
    """The lease, now held; None while somebody else holds it. Who holds it already renews it."""
    found = await ports.directory.find(PARTITION, TABLE, name)
    now_ms = ports.clock.now_ms()
    if found is None:
        return await _write(ports, name, holder, 1, now_ms + life_ms, ABSENT)
    is_own = found.body["holder"] == holder
    if found.body["until_ms"] > now_ms and not is_own:
        return None
    fence = found.body["fence"] + (0 if is_own else 1)
    return await _write(ports, name, holder, fence, now_ms + life_ms, found.version)


async def release_lease(ports: Ports, lease: Lease) -> None:
    """Lets the next one begin at once. Does nothing when the lease was lost meanwhile."""
    try:
        await write_surely(ports, PARTITION, [Delete(table=TABLE, key=lease.name, expect=lease.version)])
    except Conflict:
        pass


async def list_leases(ports: Ports) -> list[Lease]:
    documents = await ports.directory.scan(PARTITION, TABLE)
    return [_lease_of(document) for document in documents]


async def _write(
    ports: Ports, name: str, holder: str, fence: int, until_ms: int, expect: str
) -> Lease | None:
    body = {"holder": holder, "fence": fence, "until_ms": until_ms}
    put = Put(table=TABLE, key=name, body=body, expect=expect)
    try:
        version = await write_surely(ports, PARTITION, [put], of="lease")
    except Conflict:
        return None
    return Lease(name=name, holder=holder, fence=fence, until_ms=until_ms, version=version)


def _lease_of(document: Document) -> Lease:
    body = document.body
    return Lease(
        name=document.key,
        holder=body["holder"],
        fence=body["fence"],
        until_ms=body["until_ms"],
        version=document.version,
    )
