"""What happened at a site: recorded once, found again by its id, listed newest first.

Events live in (owner, "event", month). Beside each stand, in the same write, a row that finds it by its
id and one for each of its subjects: the device at its site, and each person whom that device saw. A
listing walks the rows of the subjects asked for and looks at nothing else, however many events there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, InvalidInput
from ownclimate.core.ids import DeviceId, OwnerId, SiteId, new_id
from ownclimate.core.months import is_before_month, list_months, note_month, partitions_of
from ownclimate.core.partitions import month_partition
from ownclimate.core.ports import ABSENT, Change, Delete, Directory, Document, Ports, Put
from ownclimate.core.things import Event
from ownclimate.core.writes import EDIT_ATTEMPTS, Actor, Deed, commit, write_surely

KIND: Final = "event"
TABLE: Final = "event"
PLACES: Final = "event_place"
"""An event's id → its key."""
SUBJECTS: Final = "event_subject"
"""`<subject>:<key of the event>` → that key."""
TABLES: Final = (SUBJECTS, PLACES, TABLE)
"""Everything in a month's partition."""

PEOPLE: Final = "people"
"""Detail: ids of the persons whom the event is about."""
MAX_ID: Final = 100
HAPPENED: Final = "happen"
"""The verb under which listeners hear of events."""
_SEPARATORS: Final = frozenset(" /:;")
_REMOVED_AT_ONCE: Final = 200


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
    """An event on disk. With an `event_id` of its source's, recording it again changes nothing.

    Raises InvalidInput for an id that can be none.
    """
    event = Event(
        id=_checked_id(event_id) or new_id(ports.clock, ports.entropy),
        site_id=site_id,
        device_id=device_id,
        kind=kind,
        at_ms=at_ms,
        details=dict(details or {}),
    )
    return await hear_event(ports, owner_id, event.id, at_ms, lambda before: before or event)


async def hear_event(
    ports: Ports, owner_id: OwnerId, event_id: str, at_ms: int, tell: Callable[[Event | None], Event]
) -> Event:
    """The event after its source spoke of it: `tell` makes it from what is known of it, None when nothing
    is. It must keep id and instant. Raises InvalidInput for an id that can be none.
    """
    _checked_id(event_id)
    await note_month(ports, owner_id, KIND, at_ms)
    partition = month_partition(owner_id, KIND, at_ms)
    for attempt in range(EDIT_ATTEMPTS):
        found = await ports.directory.find(partition, TABLE, f"{at_ms:013d}:{event_id}")
        before = None if found is None else from_body(Event, found.body)
        after = tell(before)
        if after == before:
            return after
        version = None if found is None else found.version
        changes: list[Change] = [*_puts(after, version), *_stale(before, after)]
        try:
            await write_surely(ports, partition, changes, of=KIND)
        except Conflict:
            if attempt == EDIT_ATTEMPTS - 1:
                raise
            continue
        return after
    raise Conflict(KIND, event_id)


async def announce_events(ports: Ports, owner_id: OwnerId, actor: Actor, events: Sequence[Event]) -> None:
    """Tells listeners of what happened, as one occurrence. Events taken from a history are not announced."""
    if not events:
        return
    details = {"events": [[event.id, event.at_ms] for event in events]}
    deed = Deed(actor=actor, verb=HAPPENED, kind=KIND, object_id=events[0].id, details=details)
    await commit(ports, owner_id, [], deed)


async def list_events(
    directory: Directory, owner_id: OwnerId, month_ms: int, *, limit: int = 100
) -> list[Event]:
    """Events of the month that holds the instant, newest first."""
    partition = month_partition(owner_id, KIND, month_ms)
    documents = await directory.scan(partition, TABLE, reverse=True, limit=limit)
    return [from_body(Event, document.body) for document in documents]


async def find_event(directory: Directory, owner_id: OwnerId, event_id: str, at_ms: int = 0) -> Event | None:
    """The owner's event of this id, None when there is none. `at_ms` is when it was, where that is known."""
    if not _is_id(event_id):
        return None
    months = [at_ms] if at_ms else await list_months(directory, owner_id, KIND)
    for month_ms in months:
        partition = month_partition(owner_id, KIND, month_ms)
        place = await directory.find(partition, PLACES, event_id)
        if place is not None and (found := await directory.find(partition, TABLE, place.body["key"])):
            return from_body(Event, found.body)
    return None


async def find_events(
    directory: Directory,
    owner_id: OwnerId,
    subjects: Iterable[str],
    *,
    before: Event | None = None,
    after: Event | None = None,
    limit: int,
) -> list[Event]:
    """At most `limit` events of the subjects, newest first; older than `before` and newer than `after`.

    `subjects` are made by `subject`. Of each, no more rows are read than the answer may hold.
    """
    wanted = tuple(subjects)
    found: list[Event] = []
    for month_ms in await list_months(directory, owner_id, KIND):
        if before is not None and is_before_month(before.at_ms, month_ms):
            continue
        if len(found) >= limit or (after is not None and after.at_ms >= _after(month_ms)):
            break
        partition = month_partition(owner_id, KIND, month_ms)
        keys: set[str] = set()
        for name in wanted:
            rows = await _rows(directory, partition, name, before, after, limit - len(found))
            keys.update(row.body["key"] for row in rows)
        for key in sorted(keys, reverse=True)[: limit - len(found)]:
            document = await directory.find(partition, TABLE, key)
            if document is not None:
                found.append(from_body(Event, document.body))
    return found


async def remove_events_of(
    ports: Ports, owner_id: OwnerId, site_ids: Iterable[SiteId], device_id: DeviceId
) -> int:
    """Removes what happened at a device, wherever it stood; returns how many events went."""
    return await _remove_of(ports, owner_id, [subject(site_id, device_id) for site_id in (*site_ids, None)])


async def remove_events_at(ports: Ports, owner_id: OwnerId, site_id: SiteId) -> int:
    """Removes what happened at a site at no device of it; returns how many events went."""
    return await _remove_of(ports, owner_id, [subject(site_id, None)])


async def _remove_of(ports: Ports, owner_id: OwnerId, subjects: Sequence[str]) -> int:
    removed = 0
    for partition in await partitions_of(ports.directory, owner_id, KIND):
        for name in subjects:
            while rows := await _rows(ports.directory, partition, name, None, None, _REMOVED_AT_ONCE):
                for row in rows:
                    await _remove(ports, partition, row)
                    removed += 1
    return removed


def subject(site_id: SiteId | None, device_id: DeviceId | None, person_id: str = "") -> str:
    """What a listing asks for: a device at a site, or what happened there at no device; of one person."""
    return f"{site_id or '-'}/{device_id or '-'}/{person_id}"


def key_of(event: Event) -> str:
    """Sorts by instant; the id sets events of one instant apart."""
    return f"{event.at_ms:013d}:{event.id}"


async def _rows(
    directory: Directory, partition: str, name: str, before: Event | None, after: Event | None, limit: int
) -> list[Document]:
    start = f"{name}:" if after is None else f"{name}:{key_of(after)}!"
    end = f"{name};" if before is None else f"{name}:{key_of(before)}"
    if start >= end:
        return []
    return await directory.scan(partition, SUBJECTS, start=start, end=end, reverse=True, limit=limit)


async def _remove(ports: Ports, partition: str, row: Document) -> None:
    found = await ports.directory.find(partition, TABLE, row.body["key"])
    if found is None:
        changes = [Delete(table=SUBJECTS, key=row.key)]
    else:
        event = from_body(Event, found.body)
        changes = [
            Delete(table=TABLE, key=found.key),
            Delete(table=PLACES, key=event.id),
            *(Delete(table=SUBJECTS, key=key) for key in _subject_keys(event)),
        ]
    await write_surely(ports, partition, changes, of=KIND)


def _puts(event: Event, version: str | None) -> list[Put]:
    key = key_of(event)
    return [
        Put(table=TABLE, key=key, body=to_body(event), expect=ABSENT if version is None else version),
        Put(table=PLACES, key=event.id, body={"key": key}),
        *(Put(table=SUBJECTS, key=row, body={"key": key}) for row in _subject_keys(event)),
    ]


def _stale(before: Event | None, now: Event) -> list[Delete]:
    """Rows of subjects that the event is no longer about."""
    if before is None:
        return []
    gone = set(_subject_keys(before)) - set(_subject_keys(now))
    return [Delete(table=SUBJECTS, key=key) for key in sorted(gone)]


def _subject_keys(event: Event) -> list[str]:
    people = dict.fromkeys(str(person) for person in event.details.get(PEOPLE, ()) if _is_id(str(person)))
    key = key_of(event)
    return [f"{subject(event.site_id, event.device_id, person)}:{key}" for person in ("", *people)]


def _after(month_ms: int) -> int:
    """An instant certainly later than everything in the month."""
    return month_ms + 32 * 24 * 3_600_000


def _checked_id(text: str) -> str:
    if text and not _is_id(text):
        raise InvalidInput(
            "id", f"expected at most {MAX_ID} printable characters, none of them a space, / : or ;"
        )
    return text


def _is_id(text: str) -> bool:
    return 0 < len(text) <= MAX_ID and text.isprintable() and not _SEPARATORS & set(text)
