"""Who did what to an owner's things: reading the audit back, newest first."""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator

from ownclimate.core.documents import from_body
from ownclimate.core.ids import OwnerId
from ownclimate.core.partitions import OUTBOX, month_partition, owner_partition
from ownclimate.core.ports import Directory
from ownclimate.core.writes import AuditEntry

KIND = "audit"


async def list_entries(
    directory: Directory,
    owner_id: OwnerId,
    *,
    since_ms: int,
    now_ms: int,
    before: str | None = None,
    limit: int = 50,
) -> list[AuditEntry]:
    """At most `limit` entries older than the one with the id `before`, newest first.

    `since_ms` is when the owner was made. An entry still waiting to be moved is listed too, once.
    """
    waiting = await directory.scan(owner_partition(owner_id), OUTBOX, end=before, reverse=True, limit=limit)
    found = {document.key: from_body(AuditEntry, document.body) for document in waiting}
    end_ms = now_ms if before is None else min(now_ms, int(before[:8], 16) * 1000 + 999)
    for month_ms in _months(end_ms, since_ms):
        documents = await directory.scan(
            month_partition(owner_id, KIND, month_ms), KIND, end=before, reverse=True, limit=limit
        )
        found |= {document.key: from_body(AuditEntry, document.body) for document in documents}
        # The outbox may hold entries of any age, so only what the months gave tells that there is enough.
        if len(found) >= limit + len(waiting):
            break
    return [found[key] for key in sorted(found, reverse=True)[:limit]]


def _months(last_ms: int, first_ms: int) -> Iterator[int]:
    """An instant in each month from the last down to the first."""
    last, first = time.gmtime(last_ms / 1000), time.gmtime(first_ms / 1000)
    for place in range(last.tm_year * 12 + last.tm_mon - 1, first.tm_year * 12 + first.tm_mon - 2, -1):
        yield calendar.timegm((place // 12, place % 12 + 1, 1, 0, 0, 0)) * 1000
