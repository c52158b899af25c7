"""Every active source of every owner at work, each in one process only, and the way to their devices.

A source that was added, changed, paused or removed, by whatever process, is noticed at the next look.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from ownclimate.control.carriers import Delivery
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.errors import AppError, Unreachable
from ownclimate.core.ids import OwnerId
from ownclimate.core.leases import Lease, release_lease, take_lease
from ownclimate.core.linking import Vault, find_linked, list_linked, open_secrets
from ownclimate.core.ports import Ports
from ownclimate.core.things import Command, CommandState, Device, Source
from ownclimate.links.mqtt import LinkState
from ownclimate.links.source_link import OpenLink, SourceLink
from ownclimate.links.states import SavedState, forget_state, list_states, save_state

LEASE_MS: Final = 30_000
RENEW_MS: Final = LEASE_MS // 2
"""With less than this left a lease is renewed; looks are far closer together."""
LOOK_EVERY_S: Final = 1.0
SAVE_EVERY_MS: Final = 10_000
FORGET_S: Final = 5.0
COUNTED: Final = {"messages": "received", "published": "sent", "given_up": "given_up"}
"""Members of a link's state, and what they are called in `Supervisor.counts`."""

log = structlog.get_logger("ownclimate")


@dataclass(slots=True)
class _Worked:
    owner_id: OwnerId
    source: Source
    link: SourceLink
    task: asyncio.Task[None]
    lease: Lease
    saved: SavedState | None = None
    counted: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Supervisor:
    """Works the sources of the kinds in `openers`. As a `Carrier` it is the way to their devices."""

    ports: Ports
    vault: Vault
    openers: Mapping[str, OpenLink]
    holder: str
    look_every_s: float = LOOK_EVERY_S
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED.values(), 0))
    """Messages of all sources since this process began, by what became of them."""
    _worked: dict[str, _Worked] = field(default_factory=dict)
    _broken: dict[str, Source] = field(default_factory=dict)
    """Sources that cannot be opened as they are."""
    _has_swept: bool = False

    async def run(self) -> None:
        """Works for ever; cancel it to stop."""
        try:
            while True:
                try:
                    await self.look()
                except AppError as error:
                    log.warning("sources_postponed", code=error.code, reason=error.message)
                await asyncio.sleep(self.look_every_s)
        finally:
            await self._stop_all()

    async def look(self) -> None:
        """Brings what is worked to what is to be worked."""
        known = {
            source.id: (owner_id, source)
            for owner_id in await list_owner_ids(self.ports.directory)
            for source in await list_linked(self.ports.directory, owner_id)
        }
        wanted = {
            source_id: (owner_id, source)
            for source_id, (owner_id, source) in known.items()
            if source.kind in self.openers and not source.is_paused
        }
        if not self._has_swept:
            # What was removed while nobody looked after it left its last state behind.
            for source_id in await list_states(self.ports.directory):
                if source_id not in known:
                    await forget_state(self.ports, source_id)
            self._has_swept = True
        for worked in list(self._worked.values()):
            _, source = wanted.get(worked.source.id, (None, None))
            if source != worked.source or not await self._is_held(worked) or worked.task.done():
                await self._stop(worked)
        self._broken = {name: source for name, source in self._broken.items() if name in wanted}
        for owner_id, source in wanted.values():
            if source.id not in self._worked and self._broken.get(source.id) != source:
                await self._start(owner_id, source)
        for worked in self._worked.values():
            self._count(worked)
            await self._save(worked)

    @property
    def states(self) -> Mapping[str, LinkState]:
        """What the sources that are worked here are doing, by source id."""
        return {source_id: worked.link.state for source_id, worked in self._worked.items()}

    async def carries(self, owner_id: OwnerId, device: Device) -> bool:
        """Also while the source is not connected, or paused: commands wait for it until they expire."""
        source = await find_linked(self.ports.directory, owner_id, source_of(device))
        return source is not None and source.kind in self.openers

    async def deliver(self, owner_id: OwnerId, device: Device, command: Command) -> Delivery:
        worked = self._worked_for(device)
        if await find_linked(self.ports.directory, owner_id, worked.source.id) != worked.source:
            # Its owner paused it, or forbade commands, since the last look: the next one obeys.
            raise Unreachable("the source through which the device is reached is being changed")
        return await worked.link.deliver(owner_id, device, command)

    async def inquire(self, owner_id: OwnerId, device: Device, command: Command) -> CommandState | None:
        return await self._worked_for(device).link.inquire(owner_id, device, command)

    def _worked_for(self, device: Device) -> _Worked:
        worked = self._worked.get(source_of(device))
        if worked is None or worked.owner_id != device.owner_id:
            raise Unreachable("the source through which the device is reached is not at work")
        return worked

    async def _start(self, owner_id: OwnerId, source: Source) -> None:
        lease = await take_lease(self.ports, lease_name(source.id), self.holder, LEASE_MS)
        if lease is None:
            return
        self._broken.pop(source.id, None)
        try:
            link = self.openers[source.kind](owner_id, source, open_secrets(source, self.vault))
        except AppError as error:
            self._broken[source.id] = source
            log.warning("source_unusable", source=source.id, kind=source.kind, reason=error.message)
            state = LinkState(last_error=error.message, last_error_ms=self.ports.clock.now_ms())
            await save_state(self.ports, source.id, SavedState.of(state, self.ports.clock.now_ms()))
            await release_lease(self.ports, lease)
            return
        task = asyncio.get_running_loop().create_task(link.run())
        self._worked[source.id] = _Worked(owner_id, source, link, task, lease)

    async def _is_held(self, worked: _Worked) -> bool:
        if worked.lease.until_ms - self.ports.clock.now_ms() > RENEW_MS:
            return True
        lease = await take_lease(self.ports, worked.lease.name, self.holder, LEASE_MS)
        if lease is not None:
            worked.lease = lease
        return lease is not None

    async def _stop(self, worked: _Worked) -> None:
        del self._worked[worked.source.id]
        self._count(worked)
        worked.task.cancel()
        (outcome,) = await asyncio.gather(worked.task, return_exceptions=True)
        if isinstance(outcome, Exception):
            log.error("link_failed", source=worked.source.id, exc_info=outcome)
        owner_id, source_id = worked.owner_id, worked.source.id
        if await find_linked(self.ports.directory, owner_id, source_id) is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FORGET_S):
                    await worked.link.forget()
            await forget_state(self.ports, source_id)
        else:
            worked.link.state.connected_since_ms = 0
            now_ms = self.ports.clock.now_ms()
            await save_state(self.ports, source_id, SavedState.of(worked.link.state, now_ms))
        await release_lease(self.ports, worked.lease)

    async def _stop_all(self) -> None:
        for worked in list(self._worked.values()):
            try:
                await self._stop(worked)
            except AppError as error:
                log.warning("source_not_put_down", source=worked.source.id, reason=error.message)

    def _count(self, worked: _Worked) -> None:
        for member, name in COUNTED.items():
            count = getattr(worked.link.state, member)
            self.counts[name] += count - worked.counted.get(name, 0)
            worked.counted[name] = count

    async def _save(self, worked: _Worked) -> None:
        """Writes the state down for other processes: at once when it comes up, goes down or fails, else
        now and then."""
        now_ms = self.ports.clock.now_ms()
        current = SavedState.of(worked.link.state, now_ms)
        if worked.saved is not None:
            is_urgent = current.has_turned(worked.saved)
            is_due = now_ms - worked.saved.at_ms >= SAVE_EVERY_MS and current.link != worked.saved.link
            if not is_urgent and not is_due:
                return
        await save_state(self.ports, worked.source.id, current)
        worked.saved = current


def source_of(device: Device) -> str:
    """The id of the source through which the device is reached; empty when there is none."""
    return device.link.get("source", "")


def lease_name(source_id: str) -> str:
    """Under which a source is worked, by whatever process."""
    return f"source {source_id}"
