"""What a command is answered with (contract §9.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ownclimate.core.orders import SET_LIGHT, maker_order
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.vendors.mclimate import mapping, vocabulary
from ownclimate.vendors.mclimate.face import orders
from ownclimate.vendors.mclimate.face.orders.relays import DEFAULT_STATE

_S = CommandState
STATUSES: Final[Mapping[CommandState, str]] = {
    _S.ACCEPTED: "pending",
    _S.SENDING: "pending",
    _S.UNKNOWN: "pending",
    _S.SENT: "sent",
    _S.CONFIRMED: "delivered",
    _S.REFUSED: "failed",
    _S.FAILED: "failed",
    _S.EXPIRED: "failed",
}
"""The vendor's words for what became of a command."""

FRAME_HEAD: Final = 254
IR_OR_SWITCH, LIGHT_OFF, LIGHT_ON, DEFAULT = 2, 6, 7, 16


def answer_of(device: Device, command: Command) -> Any:
    """The `provider` that answers a command which was just given."""
    if device.vendor == vocabulary.VENDOR and device.model in (vocabulary.MELISSA, vocabulary.BOBBIE):
        return [FRAME_HEAD, _echo(command), 0, 0]
    if device.vendor == vocabulary.VENDOR and device.model in vocabulary.PLUG_CODES:
        return {
            "isok": True,
            "id": device.number,
            "type": "relay",
            "code": vocabulary.PLUG_CODES[device.model],
        }
    return queued(device, command) | {"status": STATUSES[_S.ACCEPTED]}


def queued(device: Device, command: Command) -> dict[str, Any]:
    """A command as the vendor's queue of downlinks has it. Without parameters it has an empty array."""
    said = orders.from_core(device, command)
    return {
        "status": STATUSES[command.state],
        "_id": command.id,
        "commandName": said.cloud_name or said.command,
        "commandParams": said.params or [],
        "deviceId": mapping.bare_mac(device) or device.vendor_id,
        "createdAt": mapping.instant(command.created_ms),
        "__v": 0,
    }


def _echo(command: Command) -> int:
    if command.name == SET_LIGHT:
        return LIGHT_ON if command.fields["is_on"] else LIGHT_OFF
    return DEFAULT if command.name == maker_order(vocabulary.VENDOR, DEFAULT_STATE) else IR_OR_SWITCH
