"""What a geofence does on either side: a command in the vendor's words, its fields as JSON inside a text."""

from __future__ import annotations

from typing import Any

import msgspec

from ownclimate.core.errors import InvalidInput, Unsupported
from ownclimate.core.geofences import Reaction
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate.face import orders


def reaction_of(
    device: Device, side: str, command: str, fields: str | dict[str, Any], is_told: bool
) -> Reaction:
    """Raises InvalidInput for a command that the device does not have, or fields that it cannot have."""
    name = f"{side}_command_fields"
    values: Any = fields or {}
    if isinstance(values, str):
        try:
            values = msgspec.json.decode(values)
        except msgspec.DecodeError as error:
            raise InvalidInput(name, "expected JSON inside a text") from error
    if not isinstance(values, dict):
        raise InvalidInput(name, "expected an object")
    if command:
        try:
            orders.to_core(device, command, values)
        except InvalidInput as error:
            culprit = f"{side}_command_name" if error.field == "command" else name
            raise InvalidInput(culprit, error.message) from error
        except Unsupported as error:
            raise InvalidInput(f"{side}_command_name", error.message) from error
    return Reaction(command=command, fields=values, is_told=is_told)


def fields_text(reaction: Reaction) -> str:
    return msgspec.json.encode(reaction.fields).decode() if reaction.command else ""
