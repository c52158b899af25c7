"""The cloud's schedules, thermostats and geofences as ours, which the cloud acts on, and not we.

Schedules and thermostats of a device that is reached through the cloud are copies: our timetable passes
them over (`core.programmes`), so they are switched on where they are there. Those of a device that we reach
ourselves are switched off, and so are all geofences. Who switches one of these on here makes it his own:
what the cloud says of it is no longer heard.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.errors import Conflict, InvalidInput, NotFound, Unsupported
from ownclimate.core.geofences import (
    Geofence,
    create_geofence,
    edit_geofence,
    list_geofences,
    remove_geofence,
)
from ownclimate.core.ids import OwnerId
from ownclimate.core.local_time import MINUTES_A_DAY
from ownclimate.core.ports import Ports
from ownclimate.core.routines import (
    End,
    Plan,
    Routine,
    create_routine,
    edit_routine,
    list_routines,
    remove_routines,
)
from ownclimate.core.thermostats import create_thermostat, edit_thermostat, list_thermostats
from ownclimate.core.things import Device
from ownclimate.core.writes import Actor
from ownclimate.sync.collector import Memory
from ownclimate.vendors.mclimate.collector_reading import number_of, text_of, truth_of
from ownclimate.vendors.mclimate.face.reactions import reaction_of
from ownclimate.vendors.mclimate.timetables import ENDS, PURPOSES, days_of, minute_of

FENCES: Final = "geofences"
_SCHEDULES_OF: Final = "schedules "
_WEEK: Final = 7

Find = Callable[[str], Awaitable[Device | None]]
"""The device under a serial."""


@dataclass(slots=True, kw_only=True)
class Routines:
    """`memory` holds which of ours is which of the cloud's."""

    ports: Ports
    owner_id: OwnerId
    actor: Actor
    memory: Memory
    source_id: str

    async def take_schedules(self, device: Device, items: Sequence[Mapping[str, Any]]) -> None:
        """All schedules of a device."""
        is_copy = self._is_copied(device)
        name = f"{_SCHEDULES_OF}{device.id}"
        before = dict(await self.memory.recall(name))
        ours = {each.id: each for each in await self._routines_of(device)}
        after: dict[str, str] = {}
        for item in items:
            number, plan = text_of(item.get("id")), _plan(item, is_copy=is_copy)
            if not number or plan is None:
                continue
            routine = await self._kept_routine(
                device, plan, ours.get(before.get(number, "")), ours, is_copy=is_copy
            )
            if routine is not None:
                after[number] = routine.id
        gone = [
            ours[routine_id]
            for number, routine_id in before.items()
            if number not in after and routine_id in ours and (is_copy or not ours[routine_id].is_active)
        ]
        await remove_routines(self.ports, self.owner_id, self.actor, gone)
        if after != before:
            await self.memory.remember(name, after)

    async def take_thermostat(self, relay: Device, item: Mapping[str, Any], sensor: Device | None) -> bool:
        """What a relay follows; False for what cannot be followed here."""
        target_c, delta_c = number_of(item.get("target_temperature")), number_of(item.get("delta"))
        if sensor is None or target_c is None or delta_c is None:
            return False
        is_copy = self._is_copied(relay)
        values: dict[str, Any] = {
            "sensor_id": sensor.id,
            "target_c": target_c,
            "delta_c": delta_c,
            "without_sensor": ENDS.get(text_of(item.get("default_state")), End.NOTHING),
            "is_told": truth_of(item.get("push")),
            "is_active": is_copy and truth_of(item.get("active", True)),
        }
        known = await list_thermostats(self.ports.directory, self.owner_id)
        present = next((each for each in known if each.id == relay.id), None)
        try:
            if present is None:
                await create_thermostat(self.ports, self.owner_id, self.actor, relay_id=relay.id, **values)
            elif is_copy or not present.is_active:
                await edit_thermostat(
                    self.ports,
                    self.owner_id,
                    self.actor,
                    relay.id,
                    lambda current: dataclasses.replace(current, **values),
                )
        except (InvalidInput, Conflict):
            return False
        return True

    async def take_geofences(self, items: Sequence[Mapping[str, Any]], find: Find) -> None:
        """All geofences of the account."""
        before = dict(await self.memory.recall(FENCES))
        ours = {each.id: each for each in await list_geofences(self.ports.directory, self.owner_id)}
        after: dict[str, str] = {}
        for item in items:
            number, device = text_of(item.get("id")), await find(text_of(item.get("controller_id")))
            if not number or device is None:
                continue
            fence = await self._kept_fence(device, item, ours.get(before.get(number, "")))
            if fence is not None:
                after[number] = fence.id
        for number, fence_id in before.items():
            if number not in after and fence_id in ours and not ours[fence_id].is_active:
                await remove_geofence(self.ports, self.owner_id, self.actor, fence_id)
        if after != before:
            await self.memory.remember(FENCES, after)

    def _is_copied(self, device: Device) -> bool:
        return device.link.get("source") == self.source_id

    async def _routines_of(self, device: Device) -> list[Routine]:
        routines = await list_routines(self.ports.directory, self.owner_id)
        return [routine for routine in routines if routine.device_id == device.id]

    async def _kept_routine(
        self,
        device: Device,
        plan: Plan,
        present: Routine | None,
        ours: Mapping[str, Routine],
        *,
        is_copy: bool,
    ) -> Routine | None:
        """The routine that stands for the cloud's schedule now; None for one that cannot be."""
        # One that looks the same came from here before: the account was connected anew.
        known = present or next((each for each in ours.values() if _is_same(each, plan)), None)
        try:
            if known is None:
                return await create_routine(self.ports, self.owner_id, self.actor, plan, device_id=device.id)
            if known.is_active and not is_copy:
                return known
            values = {item.name: getattr(plan, item.name) for item in dataclasses.fields(plan)}
            return await edit_routine(
                self.ports,
                self.owner_id,
                self.actor,
                known.id,
                lambda routine: dataclasses.replace(routine, **values),
            )
        except (InvalidInput, NotFound):
            return None

    async def _kept_fence(
        self, device: Device, item: Mapping[str, Any], present: Geofence | None
    ) -> Geofence | None:
        latitude, longitude, radius_m = (
            number_of(item.get(name)) for name in ("latitude", "longitude", "radius")
        )
        if latitude is None or longitude is None or radius_m is None:
            return None
        try:
            values: dict[str, Any] = {
                "device_id": device.id,
                "latitude": latitude,
                "longitude": longitude,
                "radius_m": radius_m,
                **{f"on_{side}": _reaction(device, item, side) for side in ("enter", "exit")},
            }
            if present is None:
                return await create_geofence(self.ports, self.owner_id, self.actor, is_active=False, **values)
            if present.is_active:
                return present
            return await edit_geofence(
                self.ports,
                self.owner_id,
                self.actor,
                present.id,
                lambda fence: dataclasses.replace(fence, **values),
            )
        except (InvalidInput, NotFound, Unsupported):
            return None


def _plan(item: Mapping[str, Any], *, is_copy: bool) -> Plan | None:
    """None for a schedule that cannot be read."""
    days, target = text_of(item.get("days")).zfill(_WEEK), number_of(item.get("target"))
    if target is None:
        return None
    try:
        minutes = [_minute(name, item.get(name)) for name in ("from_time", "to_time")]
        return Plan(
            days=days_of(days),
            from_minute=minutes[0],
            to_minute=minutes[1] or MINUTES_A_DAY,
            target=target,
            purpose=PURPOSES[text_of(item.get("action")) or "command"],
            at_end=ENDS.get(text_of(item.get("default_state")), End.NOTHING),
            is_active=is_copy and truth_of(item.get("active", True)),
            is_told=truth_of(item.get("push")),
        )
    except (InvalidInput, KeyError):
        return None


def _minute(name: str, given: Any) -> int:
    return minute_of(name, given if isinstance(given, int) else text_of(given))


def _is_same(routine: Routine, plan: Plan) -> bool:
    return all(getattr(routine, item.name) == getattr(plan, item.name) for item in dataclasses.fields(plan))


def _reaction(device: Device, item: Mapping[str, Any], side: str) -> Any:
    return reaction_of(
        device,
        side,
        text_of(item.get(f"{side}_command_name")),
        item.get(f"{side}_command_fields") or "",
        truth_of(item.get(f"{side}_push")),
    )
