"""The life of a command: what an order to a device may become, and the record of it.

    accepted ──► sending ──► sent ──► confirmed
        │           │          └────► failed, expired
        │           ├──► failed
        │           └──► unknown ──► sent, confirmed, failed, expired
        └──► refused, expired

`unknown` means that we died between sending and recording it: whoever resumes asks the receiver by the
command's id. Commands live in (owner, "command", month); they are unbounded.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, NotFound
from ownclimate.core.ids import DeviceId, OwnerId, new_id
from ownclimate.core.partitions import month_partition
from ownclimate.core.ports import ABSENT, Directory, Ports, Put
from ownclimate.core.things import Command, CommandState
from ownclimate.core.writes import Actor, write_surely

KIND: Final = "command"
TABLE: Final = "command"
KEYS: Final = "idempotency"

_S = CommandState
NEXT: Final[Mapping[CommandState, frozenset[CommandState]]] = {
    _S.ACCEPTED: frozenset({_S.SENDING, _S.REFUSED, _S.EXPIRED}),
    _S.SENDING: frozenset({_S.SENT, _S.FAILED, _S.UNKNOWN}),
    _S.SENT: frozenset({_S.CONFIRMED, _S.FAILED, _S.EXPIRED}),
    _S.UNKNOWN: frozenset({_S.SENT, _S.CONFIRMED, _S.FAILED, _S.EXPIRED}),
    _S.CONFIRMED: frozenset(),
    _S.REFUSED: frozenset(),
    _S.FAILED: frozenset(),
    _S.EXPIRED: frozenset(),
}


async def accept_command(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    device_id: DeviceId,
    name: str,
    fields: Mapping[str, Any],
    *,
    executor: str = "",
    idempotency_key: str = "",
) -> Command:
    """A command on disk, to be sent. The same key within a month gives the command it gave first."""
    now_ms = ports.clock.now_ms()
    command = Command(
        id=new_id(ports.clock, ports.entropy),
        device_id=device_id,
        name=name,
        fields=dict(fields),
        actor={name: text for name, text in dataclasses.asdict(actor).items() if text},
        executor=executor,
        created_ms=now_ms,
        changed_ms=now_ms,
    )
    partition = month_partition(owner_id, KIND, now_ms)
    changes = [Put(table=TABLE, key=command.id, body=to_body(command), expect=ABSENT)]
    key = _key(device_id, idempotency_key)
    if idempotency_key:
        changes.append(Put(table=KEYS, key=key, body={"id": command.id}, expect=ABSENT))
    try:
        await write_surely(ports, partition, changes, of="command")
    except Conflict:
        first = await ports.directory.find(partition, KEYS, key) if idempotency_key else None
        if first is None:
            raise
        return await get_command(ports.directory, owner_id, str(first.body["id"]))
    return command


async def move_command(ports: Ports, owner_id: OwnerId, command_id: str, state: CommandState) -> Command:
    """The command in its next state. Moving to the state it is in changes nothing.

    Raises NotFound; Conflict when its life does not lead there, or somebody else moved it meanwhile.
    """
    partition = _partition(owner_id, command_id)
    found = await ports.directory.find(partition, TABLE, command_id)
    if found is None:
        raise NotFound(KIND, command_id)
    command = from_body(Command, found.body)
    if command.state is state:
        return command
    if state not in NEXT[command.state]:
        message = f"a command that is {command.state.value} cannot become {state.value}"
        raise Conflict(KIND, command_id, message)
    moved = dataclasses.replace(command, state=state, changed_ms=ports.clock.now_ms())
    put = Put(table=TABLE, key=command_id, body=to_body(moved), expect=found.version)
    await write_surely(ports, partition, [put], of="command")
    return moved


async def get_command(directory: Directory, owner_id: OwnerId, command_id: str) -> Command:
    found = await directory.find(_partition(owner_id, command_id), TABLE, command_id)
    if found is None:
        raise NotFound(KIND, command_id)
    return from_body(Command, found.body)


async def list_commands(
    directory: Directory, owner_id: OwnerId, month_ms: int, *, limit: int = 100
) -> list[Command]:
    """Commands of the month that holds the instant, newest first."""
    partition = month_partition(owner_id, KIND, month_ms)
    documents = await directory.scan(partition, TABLE, reverse=True, limit=limit)
    return [from_body(Command, document.body) for document in documents]


def _partition(owner_id: OwnerId, command_id: str) -> str:
    """An id begins with the second it was made in, which names its month."""
    try:
        seconds = int(command_id[:8], 16)
    except ValueError as error:
        raise NotFound(KIND, command_id) from error
    return month_partition(owner_id, KIND, seconds * 1000)


def _key(device_id: DeviceId, idempotency_key: str) -> str:
    return hashlib.blake2b(f"{device_id} {idempotency_key}".encode(), digest_size=20).hexdigest()
