"""From what devices say to what became of commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ownclimate.core.commands import NEXT, get_command, list_pending, move_command
from ownclimate.core.errors import Conflict, NotFound
from ownclimate.core.ids import DeviceId, OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.links.devices.profiles import Profile
from ownclimate.links.devices.said import Outcome, Result

ATTEMPTS: Final = 5
"""The one who delivers may be recording at the same moment that he sent; then it is read and moved again."""

STATES: Final[Mapping[Outcome, CommandState]] = {
    Outcome.CONFIRMED: CommandState.CONFIRMED,
    Outcome.REFUSED: CommandState.FAILED,
    Outcome.FAILED: CommandState.FAILED,
}


async def take_result(ports: Ports, owner_id: OwnerId, device: Device, result: Result) -> str:
    """Records the outcome of the device's own command; returns why it cannot be, empty when it was."""
    state = STATES.get(result.outcome)
    try:
        command = await get_command(ports.directory, owner_id, result.command_id)
    except NotFound:
        return "no such command"
    if command.device_id != device.id:
        return "the command is another device's"
    if state is not None:
        reason = (
            "" if state is CommandState.CONFIRMED else result.reason or f"the device: {result.outcome.value}"
        )
        await _move(ports, owner_id, command.id, state, reason)
    return ""


async def confirm_by_state(
    ports: Ports, owner_id: OwnerId, device: Device, profile: Profile, values: Mapping[str, float]
) -> None:
    """Confirms commands of a device that answers only by showing its new state."""
    for command in await list_pending(ports, owner_id):
        if command.device_id != device.id or CommandState.CONFIRMED not in NEXT[command.state]:
            continue
        sought = profile.sought(command)
        if sought and all(values.get(name) == value for name, value in sought.items()):
            await _move(ports, owner_id, command.id, CommandState.CONFIRMED)


async def hasten(ports: Ports, owner_id: OwnerId, device_id: DeviceId) -> None:
    """Makes due what waits for a device that has just come back."""
    for command in await list_pending(ports, owner_id):
        if command.device_id == device_id and command.due_ms and _is_waiting(command):
            try:
                await move_command(ports, owner_id, command.id, command.state, due_ms=0)
            except Conflict:
                continue  # It is being sent this very moment.


def _is_waiting(command: Command) -> bool:
    return command.state in (CommandState.ACCEPTED, CommandState.UNKNOWN)


async def _move(
    ports: Ports, owner_id: OwnerId, command_id: str, state: CommandState, reason: str = ""
) -> None:
    """Nothing happens to a command whose life does not lead there: it is over, or was taken back."""
    for attempt in range(ATTEMPTS):
        command = await get_command(ports.directory, owner_id, command_id)
        if state not in NEXT[command.state]:
            return
        try:
            await move_command(ports, owner_id, command_id, state, reason=reason)
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return
