"""How schedules are shown: their fields, links and main targets (contract §10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from ownclimate.core.agenda import zone_of
from ownclimate.core.routines import Routine
from ownclimate.core.standing import schedule_info
from ownclimate.core.targets import holds_setpoint
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate import mapping
from ownclimate.vendors.mclimate.face import hal
from ownclimate.vendors.mclimate.face.reached import Reached
from ownclimate.vendors.mclimate.face.resources import Resource
from ownclimate.vendors.mclimate.timetables import schedule_of
from ownclimate.vendors.mclimate.wire import Link, Links
from ownclimate.vendors.mclimate.wire_schedules import Schedule
from ownclimate.web.call import Call

PATH: Final = "/v1/schedules"

SCHEDULE: Final = Resource(
    "schedules",
    Schedule,
    {
        "controller_id": int,
        "days": str,
        "active": hal.Flag,
        "from_time": str,
        "to_time": str,
        "action": str,
        "target": float,
        "main_target": float,
        "default_state": str,
        "push": hal.Flag,
        "user_time_offset": int,
        "schedule_profile_id": int,
        "id": int,
    },
)


async def shown(call: Call, known: Reached, routines: Iterable[Routine]) -> list[Schedule]:
    """The routines in the vendor's words, in their order."""
    targets: dict[str, float | None] = {}
    profiles = {profile.id: profile for profile in known.profiles}
    found = []
    for routine in routines:
        device = None if routine.device_id is None else known.devices[routine.device_id]
        profile = profiles.get(routine.profile_id)
        if device is not None and device.id not in targets:
            targets[device.id] = await _main_target(call, device)
        site_id = device.site_id if device is not None else profile.site_id if profile is not None else None
        found.append(
            schedule_of(
                routine,
                controller=None if device is None else device.number,
                profile=None if profile is None else profile.number,
                zone=zone_of(known.zone_of(site_id), routine.zone),
                main_target=None if device is None else targets[device.id],
                now_ms=call.ports.clock.now_ms(),
            )
        )
    return found


async def _main_target(call: Call, device: Device) -> float | None:
    if not holds_setpoint(device):
        return None
    return (await schedule_info(call.ports, call.access.owner_id, device)).main_target_c


def links_of(known: Reached) -> Callable[[Schedule], Links]:
    """Where each of these schedules is, its device and its profile."""
    serials: dict[int, str] = {d.number: mapping.serial_of(d) for d in known.devices.values()}

    def links(schedule: Schedule) -> Links:
        found = {"self": Link(f"{PATH}/{schedule.id}")}
        if isinstance(schedule.controller_id, int):
            serial = serials[schedule.controller_id]
            found["controller"] = Link(f"/v1/controllers/{hal.segment(serial)}")
        if isinstance(schedule.schedule_profile_id, int):
            found["schedule_profile"] = Link(f"/v1/schedule-profile/{schedule.schedule_profile_id}")
        return found

    return links
