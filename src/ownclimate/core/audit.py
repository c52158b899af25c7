"""Who did what to an owner's things: reading the audit back, newest first."""

from __future__ import annotations

from ownclimate.core.documents import from_body
from ownclimate.core.ids import OwnerId
from ownclimate.core.partitions import AUDIT, OUTBOX, month_partition, months, owner_partition
from ownclimate.core.ports import Directory
from ownclimate.core.writes import AuditEntry


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
    for month_ms in months(end_ms, since_ms):
        documents = await directory.scan(
            month_partition(owner_id, AUDIT, month_ms), AUDIT, end=before, reverse=True, limit=limit
        )
        found |= {document.key: from_body(AuditEntry, document.body) for document in documents}
        # The outbox may hold entries of any age, so only what the months gave tells that there is enough.
        if len(found) >= limit + len(waiting):
            break
    # Ids sort by the second; within one the instant tells.
    newest = [found[key] for key in sorted(found, reverse=True)[:limit]]
    return sorted(newest, key=lambda entry: (entry.id[:8], entry.at_ms, entry.id), reverse=True)
