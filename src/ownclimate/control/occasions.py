"""One look at one device: what its routines ask for now, beside what was last done about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import structlog

from ownclimate.core.agenda import Change, Window
from ownclimate.core.climate import Channel, is_timed
from ownclimate.core.climate_changes import load_climate
from ownclimate.core.commands import KEY_LIFE_MS, list_device_commands
from ownclimate.core.documents import to_body
from ownclimate.core.errors import InvalidInput, Unsupported
from ownclimate.core.events import announce_events, record_event
from ownclimate.core.ids import OwnerId
from ownclimate.core.operate import set_setpoint
from ownclimate.core.ordering import give_order
from ownclimate.core.partitions import STANDINGS, owner_partition
from ownclimate.core.ports import ABSENT, Ports, Put
from ownclimate.core.routines import End
from ownclimate.core.standing import (
    TIMETABLE,
    Standing,
    last_air,
    order_by_hand,
    wanted_setpoint,
)
from ownclimate.core.targets import Order, holds_setpoint, switch_order, target_order
from ownclimate.core.things import Ability, Command, Device, SetpointMode
from ownclimate.core.writes import Actor, write_surely

ACTOR: Final = Actor(via=TIMETABLE)
EVENT: Final = "schedule"
LATE_MS: Final = KEY_LIFE_MS // 2
"""What is done later than this may have outlived its idempotency key: the device's log is asked."""
_LOOKED_AT: Final = 200
FOR_EVER: Final = 0
"""A room holds what its device was told until the window ends, which nobody but us knows."""

log = structlog.get_logger("ownclimate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """`changes` are those since `standing` was written, `holding` is the window that holds now."""

    ports: Ports
    owner_id: OwnerId
    device: Device
    standing: Standing
    version: str | None
    holding: Window | None
    changes: list[Change]
    now_ms: int

    async def act(self) -> None:
        """Gives the order that is due, if any, then writes the standing. Raises Conflict when somebody else
        wrote it meanwhile."""
        before, now = self.standing, self.holding
        if now is None:
            if before.routine_id or self.changes:
                await self._leave()
        elif not _is_done(before, now):
            await self._enter(now)

    async def _enter(self, window: Window) -> None:
        before = self.standing
        since_ms = self.changes[-1].at_ms if self.changes else window.start_ms
        self._tell_missed()
        if (window.routine_id, window.local, window.target) != (
            before.routine_id,
            before.local,
            before.target,
        ):
            await self._begin(window, since_ms)
        after = replace(
            before,
            routine_id=window.routine_id,
            number=window.number,
            revision=window.revision,
            local=window.local,
            target=window.target,
            at_end=window.at_end,
            since_ms=self.now_ms,
            main_c=await self._main_c(since_ms),
            looked_ms=self.now_ms,
        )
        await self._write(after)

    async def _leave(self) -> None:
        self._tell_missed()
        ended = self.changes[-1].ended if self.changes else None
        at_ms = self.changes[-1].at_ms if self.changes else self.now_ms
        before = self.standing
        is_begun = ended is None or (ended.routine_id, ended.local) == (before.routine_id, before.local)
        last: Window | Standing = before if ended is None or is_begun else ended
        try:
            order = await self._order_after(last)
        except (InvalidInput, Unsupported) as error:
            self._skip(last.number, last.local, error.message)
            order = None
        # A set-point chosen at any time during the window stays; of a switch only what came after it.
        since_ms = before.since_ms or at_ms if holds_setpoint(self.device) else at_ms
        if order is not None and not await self._is_left_to_home(since_ms):
            await self._order(last, "end", order, at_ms, since_ms)
        await self._write(Standing(device_id=self.device.id, looked_ms=self.now_ms))

    async def _begin(self, window: Window, since_ms: int) -> None:
        ended = self.changes[-1].ended if self.changes else None
        edge = "start" if ended is None else f"after {ended.routine_id} {ended.local}"
        air = await last_air(self.ports, self.owner_id, self.device)
        try:
            order = target_order(self.device, window.target, air)
        except (InvalidInput, Unsupported) as error:
            self._skip(window.number, window.local, error.message)
        else:
            await self._order(window, edge, order, since_ms, since_ms)
            if window.is_told:
                await self._tell(window, since_ms)

    async def _order_after(self, last: Window | Standing) -> Order | None:
        """The order at the end of the window that was last; None for none.

        One that was missed from beginning to end has left a set-point as it was; a switch is still meant
        to be as the window was to leave it.
        """
        if holds_setpoint(self.device):
            before = self.standing
            if before.main_c is not None:
                return target_order(self.device, before.main_c)
            if before.routine_id:
                self._skip(before.number, before.local, "nobody knows what it held before the window")
            return None
        if last.at_end is End.NOTHING:
            return None
        air = await last_air(self.ports, self.owner_id, self.device)
        return switch_order(self.device, last.at_end is End.ON, air)

    async def _order(
        self, of: Window | Standing, edge: str, order: Order, due_ms: int, since_ms: int
    ) -> None:
        """Unless it was given already, or somebody chose otherwise since the instant."""
        if await self._by_hand(since_ms) is not None:
            self._skip(of.number, of.local, "somebody chose a target by hand")
            return
        occurrence = f"schedule {of.number} {of.local} {edge}"
        if self.now_ms - due_ms > LATE_MS and await self._was_ordered(occurrence, due_ms):
            return
        try:
            await give_order(
                self.ports,
                self.owner_id,
                ACTOR,
                self.device,
                order.name,
                order.fields,
                executor=occurrence,
                idempotency_key=f"{of.routine_id}.{of.revision} {of.local} {edge}",
                hold_until_ms=FOR_EVER,
            )
        except (InvalidInput, Unsupported) as error:
            self._skip(of.number, of.local, error.message)

    async def _is_left_to_home(self, since_ms: int) -> bool:
        """Whether the device's room follows its home's mode or timetable again, which know better than we
        what is to hold now."""
        site_id, room_id = self.device.site_id, self.device.room_id
        if site_id is None or room_id is None or not holds_setpoint(self.device):
            return False
        climate = await load_climate(self.ports, self.owner_id, site_id)
        is_heating = Ability.HEATING_SETPOINT in self.device.abilities
        channel = Channel.HEATING if is_heating else Channel.COOLING
        room = climate.room(room_id)
        if room is None or not is_timed(climate, room, channel, self.now_ms):
            return False
        if await self._by_hand(since_ms) is None:
            await set_setpoint(self.ports, self.owner_id, ACTOR, site_id, room_id, channel, SetpointMode.HOME)
        return True

    async def _write(self, after: Standing) -> None:
        put = Put(table=STANDINGS, key=self.device.id, body=to_body(after), expect=self.version or ABSENT)
        await write_surely(self.ports, owner_partition(self.owner_id), [put], of="standing")

    async def _main_c(self, since_ms: int) -> float | None:
        """The set-point to return to: what held before the first of the windows, or was chosen since."""
        if not holds_setpoint(self.device):
            return None
        before = self.standing
        by_hand = await self._by_hand(before.since_ms or since_ms)
        if by_hand is not None:
            return float(by_hand.fields["temperature_c"])
        if before.routine_id:
            return before.main_c
        return await wanted_setpoint(self.ports, self.owner_id, self.device, before_ms=since_ms)

    async def _by_hand(self, since_ms: int) -> Command | None:
        return await order_by_hand(self.ports, self.owner_id, self.device.id, since_ms)

    async def _was_ordered(self, occurrence: str, due_ms: int) -> bool:
        commands = await list_device_commands(
            self.ports, self.owner_id, self.device.id, since_ms=due_ms, limit=_LOOKED_AT
        )
        return any(command.executor == occurrence for command in commands)

    async def _tell(self, window: Window, since_ms: int) -> None:
        """Tells listeners that the window began; the event's id keeps it from being told as two."""
        event = await record_event(
            self.ports,
            self.owner_id,
            kind=EVENT,
            at_ms=since_ms,
            site_id=self.device.site_id,
            device_id=self.device.id,
            details={"schedule": window.number, "target": window.target, "local": window.local},
            event_id=f"{window.routine_id}-{self.device.id}-{since_ms}",
        )
        await announce_events(self.ports, self.owner_id, ACTOR, [event])

    def _tell_missed(self) -> None:
        for change in self.changes[:-1]:
            if change.window is not None:
                self._skip(change.window.number, change.window.local, "it was over when it was looked for")

    def _skip(self, number: int, local: str, reason: str) -> None:
        log.warning(
            "schedule_skipped", schedule=number, device=self.device.id, meant_for=local, reason=reason
        )


def _is_done(standing: Standing, window: Window) -> bool:
    return (standing.routine_id, standing.local, standing.revision) == (
        window.routine_id,
        window.local,
        window.revision,
    )
