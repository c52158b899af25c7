"""Acts on routines: at the right local minute a device is told its target, at the end what then holds.

What was done about a device is its `Standing`, written after the order was given. The order carries the
occurrence as its idempotency key, so that whoever dies in between, and whoever works beside us, orders
nothing twice. Whoever looks later than something was meant to happen does what is still meant to hold
and says what was missed; what somebody ordered by hand since then is left alone.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

import structlog

from ownclimate.control.followed import followed_by
from ownclimate.control.occasions import Occasion
from ownclimate.control.pauses import Sleep, pause
from ownclimate.control.shifts import work_in_shifts
from ownclimate.core import agenda
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.errors import AppError, Conflict
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.standing import load_standing

LEASE: Final = "timetable"
LOOK_EVERY_S: Final = 5.0
"""How long a change made by another process goes unnoticed at most."""
DAY_MS: Final = 24 * 3_600_000
LONGEST_MEMORY_MS: Final = 8 * DAY_MS
"""What was missed longer ago than a week came round again since."""
_CHANGING: Final = frozenset({"routine", "profile", "device", "site"})
"""Kinds of things of which a change may change what is due."""

log = structlog.get_logger("ownclimate")


@dataclass(slots=True)
class Timetable:
    """Works for every owner of the store. `sleep` takes seconds as `ports.clock` counts them."""

    ports: Ports
    holder: str
    sleep: Sleep = asyncio.sleep
    look_every_s: float = LOOK_EVERY_S
    _bell: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Works for ever; cancel it to stop."""
        stop = self.ports.changes.listen(self._hear)
        try:
            await work_in_shifts(
                self.ports, LEASE, self.holder, self._look_on, self._wait, idle_s=self.look_every_s
            )
        finally:
            stop()

    async def _look_on(self) -> float:
        self._bell.clear()
        due_ms = await self.look()
        if due_ms is None:
            return self.look_every_s
        return min(self.look_every_s, max(1, due_ms - self.ports.clock.now_ms()) / 1000)

    async def look(self) -> int | None:
        """Does what is due, of every owner; returns when something is due next, None for nothing in sight."""
        due: list[int] = []
        for owner_id in await list_owner_ids(self.ports.directory):
            try:
                due += await self._look_after(owner_id)
            except Conflict:
                pass  # Somebody else wrote the standing; the next look sees what they did.
            except AppError as error:
                log.warning("timetable_postponed", code=error.code, reason=error.message)
        return min(due, default=None)

    async def _look_after(self, owner_id: OwnerId) -> list[int]:
        due = []
        for followed in await followed_by(self.ports, owner_id):
            now_ms = self.ports.clock.now_ms()
            standing, version = await load_standing(self.ports, owner_id, followed.device.id)
            after_ms = max(standing.looked_ms, now_ms - LONGEST_MEMORY_MS)
            windows = followed.windows(after_ms, now_ms + DAY_MS)
            occasion = Occasion(
                ports=self.ports,
                owner_id=owner_id,
                device=followed.device,
                standing=standing,
                version=version,
                holding=agenda.holder(windows, now_ms),
                changes=agenda.changes(windows, after_ms, now_ms),
                now_ms=now_ms,
            )
            await occasion.act()
            edge_ms = agenda.next_edge(windows, now_ms)
            due.append(now_ms + DAY_MS if edge_ms is None else edge_ms)
        return due

    def _hear(self, owner_id: OwnerId, kind: str) -> None:
        if kind in _CHANGING:
            self._bell.set()

    async def _wait(self, pause_s: float) -> None:
        """Until the pause is over or something changed."""
        await pause(self.sleep, pause_s, self._bell)
