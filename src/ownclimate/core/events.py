"""What happened at a site: recorded once, listed newest first. Events live in (owner, "event", month)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict
from ownclimate.core.ids import DeviceId, OwnerId, SiteId, new_id
from ownclimate.core.partitions import month_partition
from ownclimate.core.ports import ABSENT, Directory, Ports, Put
from ownclimate.core.things import Event
from ownclimate.core.writes import write_surely

KIND: Final = "event"
TABLE: Final = "event"


async def record_event(
    ports: Ports,
    owner_id: OwnerId,
    *,
    kind: str,
    at_ms: int,
    site_id: SiteId | None = None,
    device_id: DeviceId | None = None,
    details: Mapping[str, Any] | None = None,
    event_id: str = "",
) -> Event:
    """An event on disk. With an `event_id` of its source's, recording it again changes nothing."""
    event = Event(
        id=event_id or new_id(ports.clock, ports.entropy),
        site_id=site_id,
        device_id=device_id,
        kind=kind,
        at_ms=at_ms,
        details=dict(details or {}),
    )
    put = Put(table=TABLE, key=_key(event), body=to_body(event), expect=ABSENT)
    try:
        await write_surely(ports, month_partition(owner_id, KIND, at_ms), [put], of="event")
    except Conflict:
        if not event_id:
            raise
    return event


async def list_events(
    directory: Directory, owner_id: OwnerId, month_ms: int, *, limit: int = 100
) -> list[Event]:
    """Events of the month that holds the instant, newest first."""
    partition = month_partition(owner_id, KIND, month_ms)
    documents = await directory.scan(partition, TABLE, reverse=True, limit=limit)
    return [from_body(Event, document.body) for document in documents]


def _key(event: Event) -> str:
    """Sorts by instant; the id sets events of one instant apart."""
    return f"{event.at_ms:013d}:{event.id}"
