"""Takes accepted commands to their devices, one after another a device, until each one's life is over.

A command is written `sending` before its carrier is called and `sent` after. So whoever finds it
`sending` without having sent it itself knows that somebody died in between: it becomes `unknown`, the
receiver is asked, and only what was not received, or may be repeated, is sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from ownclimate.control.carriers import Carrier
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.commands import list_device_commands, list_pending, move_command
from ownclimate.core.devices import get_device
from ownclimate.core.errors import (
    AppError,
    Conflict,
    InvalidInput,
    NotFound,
    Refused,
    Unreachable,
    Unsupported,
)
from ownclimate.core.ids import DeviceId, OwnerId
from ownclimate.core.leases import Lease, release_lease, take_lease
from ownclimate.core.orders import is_repeatable
from ownclimate.core.ports import Ports
from ownclimate.core.things import Command, CommandState, Device

LEASE: Final = "command delivery"
LEASE_MS: Final = 30_000
LOOK_EVERY_S: Final = 2.0
"""How often the store is looked through for commands that nobody rang for: another process's, or due."""
FIRST_PAUSE_MS, LONGEST_PAUSE_MS, MAX_DOUBLINGS = 1_000, 60_000, 6
DELIVERY_TIMEOUT_S: Final = 30.0
MAX_AT_ONCE: Final = 64

UNHEARD: Final = "nothing was heard of it"
UNSENT: Final = "it could not be sent in time"
UNTOLD: Final = "nobody can tell whether it arrived"
OVERTAKEN: Final = "a later order went out before it could be sent again"

_S = CommandState
WENT_OUT: Final = frozenset({_S.SENDING, _S.SENT, _S.CONFIRMED, _S.UNKNOWN})
LATER_LOOKED_AT: Final = 100
log = structlog.get_logger("ownclimate")


@dataclass(slots=True)
class Deliverer:
    """Delivers for every owner of the store. `carriers` are asked in order; the first that carries does."""

    ports: Ports
    carriers: Sequence[Carrier]
    holder: str
    look_every_s: float = LOOK_EVERY_S
    _busy: dict[DeviceId, asyncio.Task[None]] = field(default_factory=dict)
    _again: set[DeviceId] = field(default_factory=set)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_AT_ONCE))
    _is_holding: bool = False

    async def run(self) -> None:
        """Works for ever; cancel it to stop. What is being sent then becomes `unknown`."""
        stop = self.ports.bell.listen(self._hear)
        try:
            while True:
                try:
                    self._is_holding = await self._take() is not None
                    if self._is_holding:
                        await self.look()
                except AppError as error:
                    log.warning("delivery_postponed", code=error.code, reason=error.message)
                await asyncio.sleep(self.look_every_s)
        finally:
            stop()
            await self._stop()

    async def look(self) -> None:
        """Begins whatever is pending and due, of every owner."""
        for owner_id in await list_owner_ids(self.ports.directory):
            for device_id in {command.device_id for command in await list_pending(self.ports, owner_id)}:
                self._begin(owner_id, device_id)

    async def idle(self) -> None:
        """Returns once nothing is being delivered."""
        while self._busy:
            await asyncio.wait(list(self._busy.values()))

    def _hear(self, owner_id: OwnerId, command: Command) -> None:
        if command.state is _S.ACCEPTED and not command.attempts and self._is_holding:
            self._begin(owner_id, command.device_id)

    def _begin(self, owner_id: OwnerId, device_id: DeviceId) -> None:
        if device_id in self._busy:
            self._again.add(device_id)
            return
        task = asyncio.get_running_loop().create_task(self._work(owner_id, device_id))
        self._busy[device_id] = task

    async def _work(self, owner_id: OwnerId, device_id: DeviceId) -> None:
        try:
            while True:
                self._again.discard(device_id)
                try:
                    async with self._slots:
                        await self._deliver_all(owner_id, device_id)
                except Conflict:
                    pass  # Somebody else moved it; the next look sees where it is.
                except AppError as error:
                    log.warning("delivery_postponed", code=error.code, reason=error.message)
                if device_id not in self._again:
                    return
        finally:
            del self._busy[device_id]

    async def _deliver_all(self, owner_id: OwnerId, device_id: DeviceId) -> None:
        """The device's pending commands in the order in which they were given.

        Behind one that could not be sent yet the others wait, or the first order would be the last.
        """
        for command in await list_pending(self.ports, owner_id):
            if command.device_id != device_id:
                continue
            if command.due_ms <= self.ports.clock.now_ms():
                command = await self._advance(owner_id, command)
            if command.state is _S.ACCEPTED:
                return

    async def _advance(self, owner_id: OwnerId, command: Command) -> Command:
        if command.state is _S.SENDING:
            # Nobody here is sending it, or it would not be looked at: its sender died.
            command = await self._move(owner_id, command, _S.UNKNOWN, "the server stopped while sending")
        is_late = self.ports.clock.now_ms() >= command.expires_ms
        if command.state is _S.SENT:
            return await self._move(owner_id, command, _S.EXPIRED, UNHEARD) if is_late else command
        if command.state is _S.ACCEPTED and is_late:
            return await self._move(owner_id, command, _S.EXPIRED, command.reason or UNSENT)
        device = await self._device_of(owner_id, command)
        carrier = None if device is None else await self._carrier_of(owner_id, device)
        if device is None or carrier is None:
            reason = "the device is gone" if device is None else "nothing connects this server to the device"
            over = _S.REFUSED if command.state is _S.ACCEPTED else _S.FAILED
            return await self._move(owner_id, command, over, reason)
        if command.state is _S.UNKNOWN:
            return await self._inquire(owner_id, carrier, device, command)
        return await self._send(owner_id, carrier, device, command)

    async def _send(self, owner_id: OwnerId, carrier: Carrier, device: Device, command: Command) -> Command:
        command = await self._move(owner_id, command, _S.SENDING)
        try:
            async with asyncio.timeout(DELIVERY_TIMEOUT_S):
                delivery = await carrier.deliver(owner_id, device, command)
        except Unreachable as error:
            return await self._postpone(owner_id, command, _S.ACCEPTED, error.message)
        except (InvalidInput, Unsupported, Refused, NotFound) as error:
            return await self._move(owner_id, command, _S.FAILED, error.message)
        except (AppError, OSError, TimeoutError) as error:
            reason = f"no answer that could be understood: {error or type(error).__name__}"
            return await self._postpone(owner_id, command, _S.UNKNOWN, reason)
        except Exception as error:
            # A fault of ours, before or after it went out: without an end it would be tried for ever.
            log.exception("delivery_failed", command=command.id)
            reason = f"it could not be worked ({type(error).__name__})"
            return await self._postpone(owner_id, command, _S.UNKNOWN, reason)
        return await move_command(
            self.ports,
            owner_id,
            command.id,
            delivery.state,
            receipt=delivery.receipt,
            is_last_word=not delivery.is_awaited,
        )

    async def _inquire(
        self, owner_id: OwnerId, carrier: Carrier, device: Device, command: Command
    ) -> Command:
        is_late = self.ports.clock.now_ms() >= command.expires_ms
        try:
            async with asyncio.timeout(DELIVERY_TIMEOUT_S):
                found = await carrier.inquire(owner_id, device, command)
        except Unsupported:
            if is_repeatable(command.name) and not is_late:
                return await self._send_again(owner_id, carrier, device, command)
            return await self._move(owner_id, command, _S.FAILED, UNTOLD)
        except Exception as error:
            if not isinstance(error, (AppError, OSError)):
                log.exception("inquiry_failed", command=command.id)
            if is_late:
                return await self._move(owner_id, command, _S.EXPIRED, UNTOLD)
            return await self._postpone(owner_id, command, _S.UNKNOWN, command.reason)
        if found is not None:
            return await self._move(owner_id, command, found, command.reason if found is _S.FAILED else "")
        if is_late:
            return await self._move(owner_id, command, _S.EXPIRED, UNSENT)
        return await self._send_again(owner_id, carrier, device, command)

    async def _send_again(
        self, owner_id: OwnerId, carrier: Carrier, device: Device, command: Command
    ) -> Command:
        """Unless a later order of the kind went out meanwhile: the device would end at the earlier one."""
        later = await list_device_commands(
            self.ports, owner_id, device.id, since_ms=command.created_ms + 1, limit=LATER_LOOKED_AT
        )
        if any(other.name == command.name and other.state in WENT_OUT for other in later):
            return await self._move(owner_id, command, _S.EXPIRED, OVERTAKEN)
        return await self._send(owner_id, carrier, device, command)

    async def _postpone(
        self, owner_id: OwnerId, command: Command, state: CommandState, reason: str
    ) -> Command:
        """Tried again after a pause that doubles with each attempt."""
        doublings = min(max(0, command.attempts - 1), MAX_DOUBLINGS)
        pause_ms = min(FIRST_PAUSE_MS * 2**doublings, LONGEST_PAUSE_MS)
        due_ms = self.ports.clock.now_ms() + pause_ms
        return await self._move(owner_id, command, state, reason, due_ms=due_ms)

    async def _move(
        self, owner_id: OwnerId, command: Command, state: CommandState, reason: str = "", due_ms: int = 0
    ) -> Command:
        return await move_command(self.ports, owner_id, command.id, state, reason=reason, due_ms=due_ms)

    async def _device_of(self, owner_id: OwnerId, command: Command) -> Device | None:
        try:
            return await get_device(self.ports.directory, owner_id, command.device_id)
        except NotFound:
            return None

    async def _carrier_of(self, owner_id: OwnerId, device: Device) -> Carrier | None:
        for carrier in self.carriers:
            if await carrier.carries(owner_id, device):
                return carrier
        return None

    async def _stop(self) -> None:
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        lease = await self._take() if self._is_holding else None
        if lease is not None:
            await release_lease(self.ports, lease)

    async def _take(self) -> Lease | None:
        return await take_lease(self.ports, LEASE, self.holder, LEASE_MS)
