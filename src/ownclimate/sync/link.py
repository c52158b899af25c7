"""An engine as a source that `links` works beside network servers and brokers, under its lease."""

from __future__ import annotations

from dataclasses import dataclass

from ownclimate.control.carriers import Delivery
from ownclimate.core.errors import Unsupported
from ownclimate.core.ids import OwnerId
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.links.mqtt import LinkState
from ownclimate.sync.engine import Engine


@dataclass(slots=True)
class CloudLink:
    """`relays`: the owner allows that commands go to the cloud."""

    engine: Engine
    relays: bool = False
    _is_running: bool = False

    @property
    def state(self) -> LinkState:
        live = self.engine.live
        is_up = self._is_running and live.last_success_ms > live.last_error_ms
        return LinkState(
            connected_since_ms=live.last_success_ms if is_up else 0,
            last_message_ms=live.last_success_ms,
            messages=self.engine.calls,
            last_error=live.last_error,
            last_error_ms=live.last_error_ms,
        )

    async def run(self) -> None:
        self._is_running = True
        try:
            await self.engine.run()
        finally:
            self._is_running = False

    async def forget(self) -> None:
        """A cloud keeps nothing for us."""

    async def deliver(self, owner_id: OwnerId, device: Device, command: Command) -> Delivery:
        if not self.relays:
            raise Unsupported("relay", "commands are not relayed to this cloud: its owner did not allow it")
        return await self.engine.relay(device, command)

    async def inquire(self, owner_id: OwnerId, device: Device, command: Command) -> CommandState | None:
        """What is fetched since may tell."""
        return await self.engine.inquire(device, command)
