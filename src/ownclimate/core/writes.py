"""Writing so that an unknown outcome becomes a known one, and a change so that it is audited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, NotFound, OutcomeUnknown
from ownclimate.core.ids import OwnerId, new_id
from ownclimate.core.partitions import AUDIT, OUTBOX, month_partition, owner_partition
from ownclimate.core.ports import Change, Delete, Ports, Put

T = TypeVar("T")

ATTEMPTS = 5
"""A store that five times in a row cannot say what became of a write is not going to."""
EDIT_ATTEMPTS = 20
"""Edits of one document race only with edits of the same document; twenty losses mean a stuck writer."""


def fresh_version(ports: Ports) -> str:
    return ports.entropy(12).hex()


async def write_surely(ports: Ports, partition: str, changes: Sequence[Change], *, of: str = "") -> str:
    """Writes and, when the outcome is unknown, finds it out; returns the version written.

    A write is all or nothing, so the version of its first put tells. A write of deletes only is
    repeated: a Conflict that follows an unknown outcome then means that the first attempt landed.
    Raises Conflict as `Directory.write` does; OutcomeUnknown when repeating could not tell.
    """
    version = fresh_version(ports)
    witness = next((change for change in changes if isinstance(change, Put)), None)
    is_unknown = False
    for _ in range(ATTEMPTS):
        try:
            await ports.directory.write(partition, changes, version)
        except OutcomeUnknown:
            is_unknown = True
        except Conflict:
            if not is_unknown or not await _landed(ports, partition, witness, version):
                raise
            return version
        else:
            return version
        if witness is not None and await _landed(ports, partition, witness, version):
            return version
    raise OutcomeUnknown(f"could not find out whether the write of {of or partition} landed")


async def _landed(ports: Ports, partition: str, witness: Put | None, version: str) -> bool:
    if witness is None:
        return True
    found = await ports.directory.find(partition, witness.table, witness.key)
    return found is not None and found.version == version


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who changes something: an account (or nobody), through a client, by a way in (`cli`, `token`, …)."""

    account_id: str = ""
    client_id: str = ""
    via: str = ""


BY_CLOUD: Final = Actor(via="sync")
"""Writes down what a vendor's cloud says of its things: nobody here changed them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to which object. Also the outbox entry: what listeners are told."""

    id: str
    at_ms: int
    verb: str
    kind: str
    object_id: str
    actor: Actor
    details: dict[str, Any] = field(default_factory=dict)
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What is about to be done, for the audit: `verb` on the `kind` with the id."""

    actor: Actor
    verb: str
    kind: str
    object_id: str
    details: dict[str, Any] = field(default_factory=dict)


async def commit(ports: Ports, owner_id: str, changes: Sequence[Change], deed: Deed, *more: Deed) -> None:
    """Applies changes in the owner's partition together with the outbox entry of each deed, in one
    atomic write."""
    now_ms = ports.clock.now_ms()
    entries = [
        AuditEntry(
            id=new_id(ports.clock, ports.entropy),
            at_ms=now_ms,
            verb=one.verb,
            kind=one.kind,
            object_id=one.object_id,
            actor=one.actor,
            details=one.details,
        )
        for one in (deed, *more)
    ]
    puts = [Put(table=OUTBOX, key=entry.id, body=to_body(entry)) for entry in entries]
    await write_surely(ports, owner_partition(owner_id), [*changes, *puts], of=f"{deed.verb} {deed.kind}")
    ports.changes.ring(OwnerId(owner_id), deed.kind)


async def edit(
    ports: Ports,
    owner_id: str,
    table: str,
    cls: type[T],
    change: Callable[[T], T],
    deed: Deed,
    also: Callable[[T], Sequence[Change]] = lambda thing: (),
) -> T:
    """Reads, changes and writes back one thing; repeated when another writer came in between.

    `also` makes further changes of the same write from the thing as it will be. A change that changes
    nothing writes nothing. Raises NotFound when the thing is not there.
    """
    partition = owner_partition(owner_id)
    for attempt in range(EDIT_ATTEMPTS):
        found = await ports.directory.find(partition, table, deed.object_id)
        if found is None:
            raise NotFound(deed.kind, deed.object_id)
        before = from_body(cls, found.body)
        after = change(before)
        if after == before:
            return before
        put = Put(table=table, key=found.key, body=to_body(after), expect=found.version)
        try:
            await commit(ports, owner_id, [put, *also(after)], deed)
        except Conflict:
            if attempt == EDIT_ATTEMPTS - 1:
                raise
            continue
        return after
    raise Conflict(deed.kind, deed.object_id)


async def relay_outbox(
    ports: Ports,
    owner_id: str,
    announce: Callable[[AuditEntry], None] = lambda entry: None,
    deliver: Callable[[AuditEntry], Awaitable[None]] | None = None,
) -> int:
    """Moves the owner's outbox into the audit by month and tells `announce`; returns how many moved.

    An entry is copied, handed to `deliver`, announced and then removed; a crash in between repeats it
    (same key in the audit, told again), so nothing is lost and listeners see each entry at least once.
    `deliver` may write; what it raises leaves the entry, and those after it, where they are.
    """
    moved = 0
    partition = owner_partition(owner_id)
    waiting = await ports.directory.scan(partition, OUTBOX, limit=500)
    # Ids sort by the second only; listeners hear of changes in the order in which they were made.
    for document in sorted(waiting, key=lambda document: (document.body["at_ms"], document.key)):
        entry = from_body(AuditEntry, document.body)
        audit = Put(table=AUDIT, key=entry.id, body=document.body)
        await write_surely(ports, month_partition(owner_id, AUDIT, entry.at_ms), [audit])
        if deliver is not None:
            await deliver(entry)
        announce(entry)
        await write_surely(ports, partition, [Delete(table=OUTBOX, key=document.key)])
        moved += 1
    return moved
