"""What a network server says of a downlink, and what a later uplink shows, moved to the command behind it.

Events come late, twice and in any order: one can only take a command on, never back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ownclimate.core.commands import NEXT, find_by_receipt, get_command, list_pending, move_command
from ownclimate.core.errors import Conflict, NotFound
from ownclimate.core.ids import OwnerId, is_id
from ownclimate.core.ports import Ports
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.ingest.lorawan.codecs import Codec

ATTEMPTS: Final = 5
"""A command has one sender and few events; five losses in a row mean that something is stuck."""
LOOKS, LOOK_EVERY_S = 40, 0.05
"""A server may tell of a downlink before we have written down what its answer called it."""
STAGE: Final = "network_server"
"""Member of a receipt: how far the network server said it got."""


class Stage(Enum):
    """How far a downlink got, in order; the last two end it."""

    QUEUED = "queued"
    TRANSMITTED = "transmitted"
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"


_RANKS: Final[Mapping[str, int]] = {stage.value: rank for rank, stage in enumerate(Stage)}
_STATES: Final[Mapping[Stage, CommandState]] = {
    Stage.QUEUED: CommandState.SENT,
    Stage.TRANSMITTED: CommandState.SENT,
    Stage.ACKNOWLEDGED: CommandState.CONFIRMED,
    Stage.FAILED: CommandState.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """`command_id` is ours, when the event names it; `queue_item_id` what the server calls the downlink."""

    stage: Stage
    command_id: str = ""
    queue_item_id: str = ""
    reason: str = ""


async def take_fate(ports: Ports, owner_id: OwnerId, fate: Fate) -> None:
    """Takes the command on. Nothing happens when it is not ours, or was further already."""
    for _ in range(ATTEMPTS):
        command = await _named_by(ports, owner_id, fate)
        if command is None or not _is_news(command, fate.stage):
            return
        receipt = {STAGE: fate.stage.value}
        if fate.queue_item_id:
            receipt["queue_item_id"] = fate.queue_item_id
        state = _STATES[fate.stage]
        if state is CommandState.SENT and command.state is CommandState.SENDING:
            # Who is sending it writes down itself that it was sent; only what it cannot know is added.
            state = CommandState.SENDING
        try:
            await move_command(
                ports,
                owner_id,
                command.id,
                state,
                reason=fate.reason,
                receipt=receipt,
                due_ms=command.due_ms if state is command.state else 0,
            )
        except Conflict:
            continue  # Its sender, or another event, was faster: look where it is now.
        return


async def confirm_by(
    ports: Ports, owner_id: OwnerId, device: Device, codec: Codec, payload: bytes, heard_ms: int
) -> None:
    """Confirms what the device was told to do and now, by its own frame, does."""
    for command in await list_pending(ports, owner_id):
        if command.device_id != device.id or command.created_ms > heard_ms:
            continue
        if CommandState.CONFIRMED not in NEXT[command.state]:
            continue
        if codec.confirms(command.name, command.fields, payload, device.firmware):
            await _confirm(ports, owner_id, command)


async def _confirm(ports: Ports, owner_id: OwnerId, command: Command) -> None:
    receipt = {"confirmed_by": "uplink"}
    try:
        await move_command(ports, owner_id, command.id, CommandState.CONFIRMED, receipt=receipt)
    except Conflict:
        pass  # Moved meanwhile; the next frame says the same again.


async def _named_by(ports: Ports, owner_id: OwnerId, fate: Fate) -> Command | None:
    if is_id(fate.command_id):
        try:
            return await get_command(ports.directory, owner_id, fate.command_id)
        except NotFound:
            return None
    if not fate.queue_item_id:
        return None
    for _ in range(LOOKS):
        found = await find_by_receipt(ports, owner_id, fate.queue_item_id)
        if found is not None or not await _is_any_being_sent(ports, owner_id):
            return found
        await asyncio.sleep(LOOK_EVERY_S)
    return None


async def _is_any_being_sent(ports: Ports, owner_id: OwnerId) -> bool:
    pending = await list_pending(ports, owner_id)
    return any(command.state is CommandState.SENDING for command in pending)


def _is_news(command: Command, stage: Stage) -> bool:
    state = _STATES[stage]
    if state is not CommandState.SENT or command.state is CommandState.UNKNOWN:
        return state in NEXT[command.state]
    is_under_way = command.state in (CommandState.SENDING, CommandState.SENT)
    return is_under_way and _RANKS[stage.value] > _RANKS.get(command.receipt.get(STAGE, ""), -1)
