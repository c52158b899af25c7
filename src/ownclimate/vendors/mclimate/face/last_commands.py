"""What a device was last told, where its controller shows that (contract §7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from ownclimate.core.commands import get_command, list_device_command_ids
from ownclimate.core.orders import NEEDS, SET_AIR_CONDITIONER, SET_RELAY
from ownclimate.core.ports import Ports
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.vendors.mclimate import wire
from ownclimate.vendors.mclimate.face import orders

NEWEST_LOOKED_AT: Final = 100
"""How far back the last command of a kind is looked for."""
_LOST = frozenset({CommandState.REFUSED, CommandState.FAILED, CommandState.EXPIRED})
_COUNTS: Final[Mapping[str, frozenset[CommandState]]] = {
    SET_AIR_CONDITIONER: frozenset(CommandState) - _LOST,
    SET_RELAY: frozenset({CommandState.SENT, CommandState.CONFIRMED}),
}
"""By order the states in which a command is shown as what the device was told."""


async def add_last_commands(
    ports: Ports, device: Device, controller: wire.Controller, relay_read_ms: int | None
) -> None:
    """What a device was last told, where the controller shows that: an air-conditioner's state, and a
    relay's where it was told since it last said so itself (at `relay_read_ms`)."""
    last = await _last(ports, device)
    air = last.get(SET_AIR_CONDITIONER)
    if air is not None:
        told = msgspec.convert(orders.from_core(device, air).params, wire.LastCommand)
        controller.relation = wire.ControllerRelation(command_log=told)
    relay = last.get(SET_RELAY)
    if relay is not None and (relay_read_ms is None or relay.created_ms > relay_read_ms):
        controller.relay_state = int(relay.fields["is_on"])


async def _last(ports: Ports, device: Device) -> dict[str, Command]:
    """By order the newest command that counts, for the orders that the device can follow."""
    wanted = {order for order in _COUNTS if NEEDS[order] in device.abilities}
    found: dict[str, Command] = {}
    if not wanted:
        return found
    ids = await list_device_command_ids(
        ports, device.owner_id, device.id, since_ms=device.created_ms, limit=NEWEST_LOOKED_AT
    )
    for command_id in ids:
        command = await get_command(ports.directory, device.owner_id, command_id)
        if command.name in wanted and command.state in _COUNTS[command.name]:
            found.setdefault(command.name, command)
        if len(found) == len(wanted):
            break
    return found
