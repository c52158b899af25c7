"""A connection to devices that does as a test says, and remembers what it was handed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from ownclimate.control.carriers import Delivery
from ownclimate.control.delivery import Deliverer
from ownclimate.core.errors import Unsupported
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.things import Command, CommandState, Device


class FakeCarrier:
    """Takes every device's commands; `trouble` is raised instead of carrying one."""

    def __init__(self, state: CommandState = CommandState.CONFIRMED) -> None:
        self.state = state
        self.trouble: BaseException | None = None
        self.handed: list[tuple[str, str, dict[str, object]]] = []

    async def carries(self, owner_id: OwnerId, device: Device) -> bool:
        return True

    async def deliver(self, owner_id: OwnerId, device: Device, command: Command) -> Delivery:
        if self.trouble is not None:
            raise self.trouble
        self.handed.append((device.vendor_id, command.name, dict(command.fields)))
        return Delivery(state=self.state)

    async def inquire(self, owner_id: OwnerId, device: Device, command: Command) -> CommandState | None:
        raise Unsupported("inquiry")


@contextlib.asynccontextmanager
async def delivering(ports: Ports, carrier: FakeCarrier) -> AsyncIterator[Deliverer]:
    """Commands are delivered through the carrier as long as the block runs."""
    deliverer = Deliverer(ports, [carrier], "test")
    task = asyncio.get_running_loop().create_task(deliverer.run())
    while not deliverer._is_holding:
        await asyncio.sleep(0)
    try:
        yield deliverer
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
