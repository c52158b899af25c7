"""What the supervisor asks of whoever works a source, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from ownclimate.control.carriers import Delivery
from ownclimate.core.ids import OwnerId
from ownclimate.core.things import Command, CommandState, Device, Source
from ownclimate.links.mqtt import LinkState


class SourceLink(Protocol):
    """One source at work. `deliver` and `inquire` are those of `control.carriers.Carrier`, for devices
    whose way leads through this source."""

    @property
    def state(self) -> LinkState: ...

    async def run(self) -> None:
        """Works for ever; cancelled to stop."""
        ...

    async def forget(self) -> None:
        """The source was removed: what its server keeps for us may go. Does not raise."""
        ...

    async def deliver(self, owner_id: OwnerId, device: Device, command: Command) -> Delivery: ...

    async def inquire(self, owner_id: OwnerId, device: Device, command: Command) -> CommandState | None: ...


OpenLink = Callable[[OwnerId, Source, Mapping[str, str]], SourceLink]
"""Makes the link of a source from it and its credentials. Raises AppError when it cannot be worked so."""
