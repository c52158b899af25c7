"""What a device was last told, where its controller shows that (contract §7)."""

from __future__ import annotations

from typing import Final

import msgspec

from ownclimate.core.commands import list_device_commands
from ownclimate.core.orders import SET_AIR_CONDITIONER, SET_RELAY
from ownclimate.core.ports import Ports
from ownclimate.core.things import Ability, CommandState, Device
from ownclimate.vendors.mclimate import wire
from ownclimate.vendors.mclimate.face import orders

NEWEST_LOOKED_AT: Final = 100
"""How far back the last command of a kind is looked for."""
_SHOWN = frozenset({Ability.AIR_CONDITIONING, Ability.RELAY})
_DONE = frozenset({CommandState.SENT, CommandState.CONFIRMED})
_LOST = frozenset({CommandState.REFUSED, CommandState.FAILED, CommandState.EXPIRED})


async def add_last_commands(
    ports: Ports, device: Device, controller: wire.Controller, relay_read_ms: int | None
) -> None:
    """What a device was last told, where the controller shows that: an air-conditioner's state, and a
    relay's where it was told since it last said so itself (at `relay_read_ms`)."""
    if not _SHOWN & device.abilities:
        return
    commands = await list_device_commands(
        ports, device.owner_id, device.id, since_ms=device.created_ms, limit=NEWEST_LOOKED_AT
    )
    air = next((c for c in commands if c.name == SET_AIR_CONDITIONER and c.state not in _LOST), None)
    if air is not None:
        told = msgspec.convert(orders.from_core(device, air).params, wire.LastCommand)
        controller.relation = wire.ControllerRelation(command_log=told)
    relay = next((c for c in commands if c.name == SET_RELAY and c.state in _DONE), None)
    if relay is not None and (relay_read_ms is None or relay.created_ms > relay_read_ms):
        controller.relay_state = int(relay.fields["is_on"])
