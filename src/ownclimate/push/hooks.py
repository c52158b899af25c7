"""Webhooks: which app is to be told at which address, and how that has been going.

A webhook stands in its owner's partition, beside the messages that wait for it, so that registering and
the first message, or a drop and the last ones, are one write.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, NotFound
from ownclimate.core.ids import AccountId, OwnerId, new_id
from ownclimate.core.partitions import HOOKS, PUSHES, owner_partition
from ownclimate.core.ports import ABSENT, Change, Delete, Directory, Ports, Put
from ownclimate.core.writes import EDIT_ATTEMPTS, Actor, Deed, commit, write_surely

KIND: Final = "webhook"
MAX_WAITING: Final = 1000
"""Messages that wait for one webhook; beyond, new ones are given up."""
FIRST: Final = "0" * 24
"""Sorts before the id of every change."""
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One a client and account. `url` is a secret of the app's: whoever knows it can post to it.

    `failures` counts those in a row. Until `next_ms` nothing is tried, until `banned_ms` nothing is kept.
    """

    id: str
    owner_id: OwnerId
    account_id: AccountId
    client_id: str
    dialect: str
    url: str = field(repr=False)
    is_personal: bool = False
    """Registered with a personal token, whose id is then the client's."""
    created_ms: int = 0
    failures: int = 0
    next_ms: int = 0
    banned_ms: int = 0
    delivered: int = 0
    delivered_ms: int = 0
    problem: str = ""
    """Of the last delivery that failed."""
    unknown: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return key_of(self.client_id, self.account_id)

    def is_banned(self, now_ms: int) -> bool:
        return now_ms < self.banned_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message that waits for its webhook."""

    key: str
    body: bytes


def key_of(client_id: str, account_id: str) -> str:
    return f"{client_id}:{account_id}"


async def register_hook(
    ports: Ports, actor: Actor, hook: Hook, greeting: Any = None, *, replaces: bool = False
) -> Hook:
    """The webhook on disk, with the first message for it. Raises Conflict when the app has one for this
    account already, unless it `replaces` that: then failures and bans of the old one are forgotten."""
    new = dataclasses.replace(hook, id=new_id(ports.clock, ports.entropy), created_ms=ports.clock.now_ms())
    deed = Deed(actor=actor, verb="create", kind=KIND, object_id=new.id)
    for attempt in range(EDIT_ATTEMPTS):
        try:
            await commit(ports, hook.owner_id, await _registration(ports, new, greeting, replaces), deed)
        except Conflict as error:
            # How a delivery went may have been noted with the old one at this very moment.
            if replaces and attempt < EDIT_ATTEMPTS - 1:
                continue
            raise Conflict(KIND, hook.key, "the app has a webhook for this account already") from error
        return new
    raise Conflict(KIND, hook.key)


async def _registration(ports: Ports, new: Hook, greeting: Any, replaces: bool) -> list[Change]:
    gone: list[Change] = []
    expect = ABSENT
    if replaces:
        found = await ports.directory.find(owner_partition(new.owner_id), HOOKS, new.key)
        if found is not None:
            gone = await _deletes_of_waiting(ports.directory, from_body(Hook, found.body))
            expect = found.version
    changes: list[Change] = [Put(table=HOOKS, key=new.key, body=to_body(new), expect=expect), *gone]
    if greeting is not None:
        changes.append(_waiting(new, f"{new.created_ms:013d}:{FIRST}:000", greeting))
    return changes


async def find_hook(directory: Directory, owner_id: OwnerId, client_id: str, account_id: str) -> Hook | None:
    found = await directory.find(owner_partition(owner_id), HOOKS, key_of(client_id, account_id))
    return None if found is None else from_body(Hook, found.body)


async def list_hooks(directory: Directory, owner_id: OwnerId) -> list[Hook]:
    documents = await directory.scan(owner_partition(owner_id), HOOKS)
    return [from_body(Hook, document.body) for document in documents]


async def drop_hook(ports: Ports, actor: Actor, hook: Hook) -> None:
    """Nothing is sent to it from now on, and what waits for it is gone."""
    await discard_waiting(ports, hook)
    changes = [Delete(table=HOOKS, key=hook.key), *await _deletes_of_waiting(ports.directory, hook)]
    deed = Deed(actor=actor, verb="delete", kind=KIND, object_id=hook.id)
    await commit(ports, hook.owner_id, changes, deed)


async def release_hook(ports: Ports, actor: Actor, owner_id: OwnerId, hook_id: str) -> Hook:
    """Lifts a ban. Raises NotFound."""
    hook = next((h for h in await list_hooks(ports.directory, owner_id) if h.id == hook_id), None)
    if hook is None:
        raise NotFound(KIND, hook_id)
    released = await edit_hook(
        ports, hook, lambda h: dataclasses.replace(h, failures=0, next_ms=0, banned_ms=0)
    )
    deed = Deed(actor=actor, verb="release", kind=KIND, object_id=hook_id)
    await commit(ports, owner_id, [], deed)
    return released or hook


async def edit_hook(ports: Ports, hook: Hook, change: Callable[[Hook], Hook]) -> Hook | None:
    """The webhook after the change; None when it was dropped or replaced meanwhile. Not audited: how
    deliveries go is nobody's deed."""
    partition = owner_partition(hook.owner_id)
    for attempt in range(EDIT_ATTEMPTS):
        found = await ports.directory.find(partition, HOOKS, hook.key)
        before = None if found is None else from_body(Hook, found.body)
        if found is None or before is None or before.id != hook.id:
            return None
        after = change(before)
        if after == before:
            return before
        put = Put(table=HOOKS, key=hook.key, body=to_body(after), expect=found.version)
        try:
            await write_surely(ports, partition, [put], of=KIND)
        except Conflict:
            if attempt == EDIT_ATTEMPTS - 1:
                raise
            continue
        return after
    raise Conflict(KIND, hook.id)


async def put_waiting(ports: Ports, hook: Hook, order: str, messages: Sequence[Any]) -> int:
    """Lets messages wait for the webhook, sorted by `order`; the same order again changes nothing that
    still waits. Returns how many were given up because too many wait already."""
    prefix = f"{hook.id}:"
    partition = owner_partition(hook.owner_id)
    present = await ports.directory.scan(
        partition, PUSHES, start=prefix, end=f"{hook.id};", limit=MAX_WAITING
    )
    room = max(0, MAX_WAITING - len(present))
    puts = [_waiting(hook, f"{order}:{place:03d}", message) for place, message in enumerate(messages[:room])]
    if puts:
        await write_surely(ports, partition, puts, of=KIND)
    return len(messages) - len(puts)


async def next_waiting(directory: Directory, hook: Hook) -> Waiting | None:
    """The message that has waited longest."""
    rows = await directory.scan(
        owner_partition(hook.owner_id), PUSHES, start=f"{hook.id}:", end=f"{hook.id};", limit=1
    )
    return Waiting(key=rows[0].key, body=rows[0].body["bytes"]) if rows else None


async def remove_waiting(ports: Ports, hook: Hook, message: Waiting) -> None:
    delete = Delete(table=PUSHES, key=message.key)
    await write_surely(ports, owner_partition(hook.owner_id), [delete], of=KIND)


async def discard_waiting(ports: Ports, hook: Hook) -> None:
    while deletes := await _deletes_of_waiting(ports.directory, hook):
        await write_surely(ports, owner_partition(hook.owner_id), deletes, of=KIND)


async def has_waiting(directory: Directory, owner_id: OwnerId) -> bool:
    return bool(await directory.scan(owner_partition(owner_id), PUSHES, limit=1))


def _waiting(hook: Hook, order: str, message: Any) -> Put:
    return Put(table=PUSHES, key=f"{hook.id}:{order}", body={"bytes": msgspec.json.encode(message)})


async def _deletes_of_waiting(directory: Directory, hook: Hook) -> list[Change]:
    rows = await directory.scan(
        owner_partition(hook.owner_id), PUSHES, start=f"{hook.id}:", end=f"{hook.id};", limit=_AT_ONCE
    )
    return [Delete(table=PUSHES, key=row.key) for row in rows]
