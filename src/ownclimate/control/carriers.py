"""What delivery asks of whoever has a connection to devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ownclimate.core.ids import OwnerId
from ownclimate.core.things import Command, CommandState, Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of a command that was handed over.

    `state` is SENT or CONFIRMED. `receipt` is what the receiver will call it by (names ending in `_id`
    are looked up when word of it comes in) and what was sent, for people to see. With `is_awaited` the
    receiver is going to say whether it was carried out.
    """

    state: CommandState = CommandState.SENT
    receipt: Mapping[str, str] = field(default_factory=dict)
    is_awaited: bool = False


class Carrier(Protocol):
    """A connection to some of the devices. One that has gone is simply no longer among the carriers."""

    async def carries(self, owner_id: OwnerId, device: Device) -> bool:
        """Whether this is the way to the device. Cheap; must not raise."""
        ...

    async def deliver(self, owner_id: OwnerId, device: Device, command: Command) -> Delivery:
        """Hands the command over, under `command.id` as its correlation id.

        Raises Unreachable when the receiver certainly got nothing: it is tried again. InvalidInput,
        Unsupported, Refused, NotFound: it never will. Anything else, a cancellation too: nobody knows.
        """
        ...

    async def inquire(self, owner_id: OwnerId, device: Device, command: Command) -> CommandState | None:
        """What became of a command whose outcome is unknown: SENT, CONFIRMED, FAILED, or None when the
        receiver never got it. Raises Unsupported when this receiver cannot tell, Unreachable for now."""
        ...
