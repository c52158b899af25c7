"""A command's id inside the ids that network servers take, so that their events name the command."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Final

from ownclimate.core.ids import is_id

PREFIX: Final = "ownclimate:command:"

TAG_BITS: Final = 122 - 96
"""A UUID of version 8 (RFC 9562 §5.8) has 122 bits for its maker; an id takes 96 of them."""
TAG: Final = int.from_bytes(b"ownc", "big") >> 6
LOW_BITS: Final = 62


def correlation_id(command_id: str) -> str:
    return PREFIX + command_id


def command_in(correlation_ids: Iterable[str]) -> str:
    """Our command among ids that came back; empty when there is none of ours."""
    for text in correlation_ids:
        command_id = text.removeprefix(PREFIX)
        if text.startswith(PREFIX) and is_id(command_id):
            return command_id
    return ""


def command_uuid(command_id: str) -> str:
    """The command's id as a UUID, from which it can be had again."""
    bits = int(command_id, 16) << TAG_BITS | TAG
    high, low = bits >> LOW_BITS, bits & (1 << LOW_BITS) - 1
    return str(uuid.UUID(int=high >> 12 << 80 | 8 << 76 | (high & 0xFFF) << 64 | 2 << LOW_BITS | low))


def command_of(text: str) -> str:
    """The command whose id became this UUID; empty for any other text."""
    try:
        number = uuid.UUID(text).int
    except ValueError:
        return ""
    if number >> 76 & 0xF != 8 or number >> LOW_BITS & 3 != 2:
        return ""
    bits = (number >> 80 << 12 | number >> 64 & 0xFFF) << LOW_BITS | number & (1 << LOW_BITS) - 1
    return f"{bits >> TAG_BITS:024x}" if bits & (1 << TAG_BITS) - 1 == TAG else ""
