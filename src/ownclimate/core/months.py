"""Which months an owner has something in: what lives by month is found, listed and erased through them.

A month is noted before anything is written into it, so nothing lies where nobody would look.
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator
from typing import Final

from ownclimate.core.ids import OwnerId
from ownclimate.core.partitions import month_partition, owner_partition
from ownclimate.core.ports import Directory, Ports, Put
from ownclimate.core.writes import write_surely

TABLE: Final = "month"
"""In the owner's partition: `<kind>:<month>` → its first instant."""


async def note_month(ports: Ports, owner_id: OwnerId, kind: str, at_ms: int) -> None:
    """Must come before the first write into the month; costs one look-up in a month already noted."""
    partition = owner_partition(owner_id)
    first_ms = _first_ms(at_ms)
    key = f"{kind}:{first_ms:014d}"
    if await ports.directory.find(partition, TABLE, key) is None:
        await write_surely(ports, partition, [Put(table=TABLE, key=key, body={"at_ms": first_ms})], of=TABLE)


async def list_months(directory: Directory, owner_id: OwnerId, kind: str) -> list[int]:
    """An instant in each noted month, the newest first."""
    rows = await directory.scan(
        owner_partition(owner_id), TABLE, start=f"{kind}:", end=f"{kind};", reverse=True
    )
    return [int(row.body["at_ms"]) for row in rows]


async def partitions_of(directory: Directory, owner_id: OwnerId, kind: str) -> Iterator[str]:
    """The partitions of the noted months, the newest first."""
    return iter(
        [month_partition(owner_id, kind, at_ms) for at_ms in await list_months(directory, owner_id, kind)]
    )


def is_before_month(at_ms: int, month_ms: int) -> bool:
    """Whether the instant is earlier than everything in the month."""
    return at_ms < _first_ms(month_ms)


def _first_ms(at_ms: int) -> int:
    moment = time.gmtime(at_ms / 1000)
    return calendar.timegm((moment.tm_year, moment.tm_mon, 1, 0, 0, 0)) * 1000
