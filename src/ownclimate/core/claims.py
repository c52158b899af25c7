"""Names that must be unique across partitions: e-mails, owners, keys.

No write spans two partitions, so a unique name is taken in three steps, each safe to lose:

1. claim    put-if-absent of the name, pending until it expires;
2. write    the thing itself, in its own partition;
3. confirm  the claim, which then never expires.

A crash after 1 leaves a pending claim without a thing: readers ignore it and the janitor removes it
once it expired. A crash after 2 leaves a pending claim with its thing: readers accept it (they look)
and the janitor confirms it. Nothing else can be left behind.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, OutcomeUnknown
from ownclimate.core.partitions import CLAIM_SHARDS, claim_partition, claim_shard
from ownclimate.core.ports import ABSENT, Delete, Directory, Document, Ports, Put
from ownclimate.core.writes import fresh_version, write_surely

TABLE = "claim"
PENDING_MS = 10 * 60_000
"""How long a writer may take between claiming and confirming: far longer than any live one does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`target` is the id of the thing that the name stands for; `expires_ms` 0 once confirmed."""

    target: str
    expires_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)

    @property
    def is_confirmed(self) -> bool:
        return self.expires_ms == 0


Exists = Callable[[str], Awaitable[bool]]
"""Whether the thing with this id was written."""


async def take(ports: Ports, kind: str, name: str, target: str, exists: Exists) -> None:
    """Step 1. Raises Conflict when the name belongs to somebody else (or to a claimant still at work)."""
    partition = claim_partition(kind, name)
    claim = Claim(target=target, expires_ms=ports.clock.now_ms() + PENDING_MS)
    expect = ABSENT
    found = await ports.directory.find(partition, TABLE, name)
    if found is not None:
        current = from_body(Claim, found.body)
        if current.target == target:
            return
        abandoned = not current.is_confirmed and current.expires_ms < ports.clock.now_ms()
        if not abandoned or await exists(current.target):
            raise Conflict(kind, name, f"{kind} {name} is taken already")
        expect = found.version
    await write_surely(
        ports, partition, [Put(table=TABLE, key=name, body=to_body(claim), expect=expect)], of=name
    )


async def confirm(ports: Ports, kind: str, name: str, target: str) -> None:
    """Step 3. Confirming again, or what is no longer ours, changes nothing."""
    partition = claim_partition(kind, name)
    found = await ports.directory.find(partition, TABLE, name)
    if found is None or from_body(Claim, found.body).target != target:
        return
    put = Put(table=TABLE, key=name, body=to_body(Claim(target=target)), expect=found.version)
    await write_surely(ports, partition, [put], of=name)


async def resolve(directory: Directory, kind: str, name: str, exists: Exists) -> str | None:
    """The id behind a name, None when it is free or its claimant never wrote the thing."""
    found = await directory.find(claim_partition(kind, name), TABLE, name)
    if found is None:
        return None
    claim = from_body(Claim, found.body)
    return claim.target if claim.is_confirmed or await exists(claim.target) else None


async def loosen(ports: Ports, kind: str, name: str, target: str) -> None:
    """Makes a claim pending again, before its thing is removed: whatever happens then, the janitor
    either confirms it (the thing is still there) or frees the name (it is gone)."""
    partition = claim_partition(kind, name)
    found = await ports.directory.find(partition, TABLE, name)
    if found is None or from_body(Claim, found.body).target != target:
        return
    claim = Claim(target=target, expires_ms=ports.clock.now_ms())
    put = Put(table=TABLE, key=name, body=to_body(claim), expect=found.version)
    await write_surely(ports, partition, [put], of=name)


async def release(ports: Ports, kind: str, name: str, target: str) -> None:
    """Frees a name after its thing is gone; another's claim to it is left alone."""
    partition = claim_partition(kind, name)
    found = await ports.directory.find(partition, TABLE, name)
    if found is not None and from_body(Claim, found.body).target == target:
        await write_surely(ports, partition, [Delete(table=TABLE, key=name, expect=found.version)], of=name)


async def names(directory: Directory, kind: str, exists: Exists) -> list[tuple[str, str]]:
    """Every (name, target) of the kind that stands, by name."""
    found = []
    for document in await _documents(directory, kind):
        claim = from_body(Claim, document.body)
        if claim.is_confirmed or await exists(claim.target):
            found.append((document.key, claim.target))
    return sorted(found)


async def repair(ports: Ports, kind: str, exists: Exists) -> int:
    """The janitor: confirms pending claims whose thing exists, removes expired ones whose thing does
    not. Returns how many it changed; may run beside anything, any number of times."""
    changed = 0
    for shard in range(CLAIM_SHARDS):
        partition = claim_shard(kind, shard)
        for document in await ports.directory.scan(partition, TABLE):
            claim = from_body(Claim, document.body)
            if claim.is_confirmed:
                continue
            if await exists(claim.target):
                change: Put | Delete = Put(
                    table=TABLE,
                    key=document.key,
                    body=to_body(Claim(target=claim.target)),
                    expect=document.version,
                )
            elif claim.expires_ms < ports.clock.now_ms():
                change = Delete(table=TABLE, key=document.key, expect=document.version)
            else:
                continue
            try:
                await ports.directory.write(partition, [change], fresh_version(ports))
            except (Conflict, OutcomeUnknown):
                continue  # Somebody was faster, or nobody can tell: the next round sees.
            changed += 1
    return changed


async def _documents(directory: Directory, kind: str) -> list[Document]:
    return [
        document
        for shard in range(CLAIM_SHARDS)
        for document in await directory.scan(claim_shard(kind, shard), TABLE)
    ]
