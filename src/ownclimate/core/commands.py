"""The life of a command: what an order to a device may become, and the record of it.

    accepted ◄─► sending ──► sent ──► confirmed
        │         │ ▲ │        └────► failed, expired
        │         │ │ └──► failed, confirmed
        │         ▼ │
        │       unknown ──► sent, confirmed, failed, expired
        └──► refused, expired

From `sending` back to `accepted` only when it is certain that the receiver got nothing. `unknown` means
that we died, or lost the answer, between sending and recording it: whoever resumes asks the receiver by
the command's id, and sends again only what was not received or may be repeated.

Commands live in (owner, "command", month), the month in their id; they are unbounded. Beside each stand
an entry in its device's log and, until its life ends, one among the pending.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, InvalidInput, NotFound
from ownclimate.core.ids import DeviceId, OwnerId, is_id, new_id
from ownclimate.core.partitions import month_partition, months
from ownclimate.core.ports import ABSENT, Change, Delete, Directory, Ports, Put
from ownclimate.core.things import Command, CommandState
from ownclimate.core.writes import Actor, write_surely

KIND: Final = "command"
TABLE: Final = "command"
KEYS: Final = "idempotency"
PENDING: Final = "pending"
LOG: Final = "device_log"
RECEIPTS: Final = "receipt"

KEY_LIFE_MS: Final = 24 * 3_600_000
"""How long at least an idempotency key is remembered."""
LONGEST_LIFE_MS: Final = 31 * 24 * 3_600_000
"""Pending commands are looked for in the months that this reaches back to."""
DEFAULT_LIFE_MS: Final = 3_600_000

_S = CommandState
NEXT: Final[Mapping[CommandState, frozenset[CommandState]]] = {
    _S.ACCEPTED: frozenset({_S.SENDING, _S.REFUSED, _S.EXPIRED}),
    _S.SENDING: frozenset({_S.ACCEPTED, _S.SENT, _S.CONFIRMED, _S.FAILED, _S.UNKNOWN}),
    _S.SENT: frozenset({_S.CONFIRMED, _S.FAILED, _S.EXPIRED}),
    _S.UNKNOWN: frozenset({_S.SENDING, _S.SENT, _S.CONFIRMED, _S.FAILED, _S.EXPIRED}),
    _S.CONFIRMED: frozenset(),
    _S.REFUSED: frozenset(),
    _S.FAILED: frozenset(),
    _S.EXPIRED: frozenset(),
}
OVER: Final = frozenset(state for state, following in NEXT.items() if not following)


async def accept_command(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    device_id: DeviceId,
    name: str,
    fields: Mapping[str, Any],
    *,
    executor: str = "",
    wording: Mapping[str, Any] | None = None,
    idempotency_key: str = "",
    life_ms: int = DEFAULT_LIFE_MS,
) -> Command:
    """A command on disk, to be sent. The same key within a day gives the command it gave first."""
    now_ms = ports.clock.now_ms()
    command = Command(
        id=new_id(ports.clock, ports.entropy),
        device_id=device_id,
        name=name,
        fields=dict(fields),
        actor={name: text for name, text in dataclasses.asdict(actor).items() if text},
        executor=executor,
        wording=dict(wording or {}),
        # Unlike the clock, arrivals never repeat: two orders to one device have an order.
        created_ms=ports.arrivals.next_ms(),
        changed_ms=now_ms,
        expires_ms=now_ms + min(life_ms, LONGEST_LIFE_MS),
    )
    partition = _partition(owner_id, command.id)
    changes: list[Change] = [
        Put(table=TABLE, key=command.id, body=to_body(command), expect=ABSENT),
        Put(table=PENDING, key=command.id, body={}),
        Put(table=LOG, key=_log_key(command), body={"id": command.id}),
    ]
    if idempotency_key:
        key = _key(device_id, idempotency_key)
        first = await _by_key(ports, owner_id, key, now_ms)
        if first is not None:
            return first
        changes.append(Put(table=KEYS, key=key, body={"id": command.id}, expect=ABSENT))
    try:
        await write_surely(ports, partition, changes, of="command")
    except Conflict:
        first = await _by_key(ports, owner_id, key, now_ms) if idempotency_key else None
        if first is None:
            raise
        return first
    ports.bell.ring(owner_id, command)
    return command


async def record_command(ports: Ports, owner_id: OwnerId, command: Command) -> bool:
    """Notes what somebody told the device elsewhere, for its log alone: nobody here carries it out.

    `id` must be made from `created_ms`, so that it is found in its month. False when it is noted already.
    """
    if command.state in (_S.ACCEPTED, _S.SENDING, _S.UNKNOWN):
        raise InvalidInput("state", "a command that was given elsewhere has left our hands")
    changes: list[Change] = [
        Put(table=TABLE, key=command.id, body=to_body(command), expect=ABSENT),
        Put(table=LOG, key=_log_key(command), body={"id": command.id}),
    ]
    try:
        await write_surely(ports, _partition(owner_id, command.id), changes, of="command")
    except Conflict:
        return False
    return True


async def move_command(
    ports: Ports,
    owner_id: OwnerId,
    command_id: str,
    state: CommandState,
    *,
    reason: str = "",
    receipt: Mapping[str, str] | None = None,
    due_ms: int = 0,
    is_last_word: bool = False,
) -> Command:
    """The command in its next state. Moving to the state it is in changes at most its receipt
    and when it is due.

    `receipt` is added to what it has; a value whose name ends in `_id` is one under which the command
    can be found (`find_by_receipt`). With `is_last_word` no more is expected to be heard of it, though it
    may be. Raises NotFound; Conflict when its life does not lead there, or somebody else moved it
    meanwhile.
    """
    partition = _partition(owner_id, command_id)
    found = await ports.directory.find(partition, TABLE, command_id)
    if found is None:
        raise NotFound(KIND, command_id)
    command = from_body(Command, found.body)
    is_move = command.state is not state
    if is_move and state not in NEXT[command.state]:
        message = f"a command that is {command.state.value} cannot become {state.value}"
        raise Conflict(KIND, command_id, message)
    news = {name: text for name, text in (receipt or {}).items() if command.receipt.get(name) != text}
    if not is_move and not news and due_ms == command.due_ms:
        return command
    moved = dataclasses.replace(
        command,
        state=state,
        reason=reason or ("" if is_move else command.reason),
        receipt={**command.receipt, **news},
        attempts=command.attempts + (is_move and state is CommandState.SENDING),
        due_ms=due_ms,
        changed_ms=ports.clock.now_ms(),
    )
    changes: list[Change] = [Put(table=TABLE, key=command_id, body=to_body(moved), expect=found.version)]
    changes += [
        Put(table=RECEIPTS, key=text, body={"id": command_id})
        for name, text in news.items()
        if name.endswith("_id")
    ]
    if state in OVER or is_last_word:
        changes.append(Delete(table=PENDING, key=command_id))
    await write_surely(ports, partition, changes, of="command")
    ports.bell.ring(owner_id, moved)
    return moved


async def settled(
    ports: Ports,
    owner_id: OwnerId,
    command: Command,
    *,
    timeout_s: float,
    states: Collection[CommandState] = OVER,
    or_when: Callable[[Command], bool] = lambda command: False,
) -> Command:
    """The command once it is in one of the states, or as `or_when` has it, or as it is when the time
    is up."""
    loop = asyncio.get_running_loop()
    reached: asyncio.Future[Command] = loop.create_future()

    def is_there(moved: Command) -> bool:
        return moved.state in states or or_when(moved)

    def hear(_: OwnerId, moved: Command) -> None:
        if moved.id == command.id and is_there(moved) and not reached.done():
            reached.set_result(moved)

    stop = ports.bell.listen(hear)
    try:
        current = await get_command(ports.directory, owner_id, command.id)
        if is_there(current):
            return current
        # Not `wait_for`: Python 3.11's loses a cancellation that comes together with the result.
        async with asyncio.timeout(timeout_s):
            return await reached
    except TimeoutError:
        return await get_command(ports.directory, owner_id, command.id)
    finally:
        stop()


async def get_command(directory: Directory, owner_id: OwnerId, command_id: str) -> Command:
    found = await directory.find(_partition(owner_id, command_id), TABLE, command_id)
    if found is None:
        raise NotFound(KIND, command_id)
    return from_body(Command, found.body)


async def find_by_receipt(ports: Ports, owner_id: OwnerId, text: str) -> Command | None:
    """The command that a receiver knows by this id of its own."""
    now_ms = ports.clock.now_ms()
    for month_ms in months(now_ms, now_ms - LONGEST_LIFE_MS):
        partition = month_partition(owner_id, KIND, month_ms)
        found = await ports.directory.find(partition, RECEIPTS, text)
        if found is not None:
            return await get_command(ports.directory, owner_id, str(found.body["id"]))
    return None


async def list_pending(ports: Ports, owner_id: OwnerId) -> list[Command]:
    """Commands whose life is not over, in the order in which they were given."""
    now_ms = ports.clock.now_ms()
    found = []
    for month_ms in months(now_ms, now_ms - LONGEST_LIFE_MS):
        partition = month_partition(owner_id, KIND, month_ms)
        for entry in await ports.directory.scan(partition, PENDING):
            document = await ports.directory.find(partition, TABLE, entry.key)
            if document is not None:
                found.append(from_body(Command, document.body))
    return sorted(found, key=lambda command: (command.created_ms, command.id))


async def list_commands(
    directory: Directory, owner_id: OwnerId, month_ms: int, *, limit: int = 100
) -> list[Command]:
    """Commands of the month that holds the instant, newest first."""
    partition = month_partition(owner_id, KIND, month_ms)
    documents = await directory.scan(partition, TABLE, reverse=True, limit=limit)
    return [from_body(Command, document.body) for document in documents]


async def list_device_commands(
    ports: Ports, owner_id: OwnerId, device_id: DeviceId, *, since_ms: int, limit: int
) -> list[Command]:
    """The device's commands back to the instant, newest first, `limit` at most."""
    ids = await list_device_command_ids(ports, owner_id, device_id, since_ms=since_ms, limit=limit)
    return [await get_command(ports.directory, owner_id, command_id) for command_id in ids]


async def list_device_command_ids(
    ports: Ports, owner_id: OwnerId, device_id: DeviceId, *, since_ms: int, limit: int | None = None
) -> list[str]:
    """Ids of the device's commands back to the instant, newest first, without a look at the commands."""
    found: list[str] = []
    for month_ms in months(ports.clock.now_ms(), since_ms):
        entries = await ports.directory.scan(
            month_partition(owner_id, KIND, month_ms),
            LOG,
            start=f"{device_id}:{since_ms:013d}",
            end=f"{device_id};",
            reverse=True,
            limit=None if limit is None else limit - len(found),
        )
        found += [str(entry.body["id"]) for entry in entries]
        if limit is not None and len(found) >= limit:
            break
    return found


async def _by_key(ports: Ports, owner_id: OwnerId, key: str, now_ms: int) -> Command | None:
    for month_ms in months(now_ms, now_ms - KEY_LIFE_MS):
        found = await ports.directory.find(month_partition(owner_id, KIND, month_ms), KEYS, key)
        if found is not None:
            return await get_command(ports.directory, owner_id, str(found.body["id"]))
    return None


def _partition(owner_id: OwnerId, command_id: str) -> str:
    """An id begins with the second it was made in, which names its month."""
    if not is_id(command_id):
        raise NotFound(KIND, command_id)
    return month_partition(owner_id, KIND, int(command_id[:8], 16) * 1000)


def _log_key(command: Command) -> str:
    return f"{command.device_id}:{command.created_ms:013d}:{command.id}"


def _key(device_id: DeviceId, idempotency_key: str) -> str:
    return hashlib.blake2b(f"{device_id} {idempotency_key}".encode(), digest_size=20).hexdigest()
