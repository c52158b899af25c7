"""Which routines each device follows: its own, and those of profiles while it stands at their place."""

from __future__ import annotations

import dataclasses
from collections.abc import Set
from dataclasses import dataclass, field
from typing import Final

import structlog

from ownclimate.core.agenda import Window, boost_of, holder, windows_of, zone_of
from ownclimate.core.devices import list_devices
from ownclimate.core.documents import from_body
from ownclimate.core.ids import DeviceId, OwnerId, RoomId, SiteId
from ownclimate.core.partitions import STANDINGS, owner_partition
from ownclimate.core.ports import Delete, Ports
from ownclimate.core.programmes import is_run_elsewhere, list_clouds
from ownclimate.core.routines import (
    Profile,
    Purpose,
    Routine,
    counts_for,
    edit_profile,
    list_profiles,
    list_routines,
    remove_routines,
)
from ownclimate.core.sites import list_rooms, list_sites
from ownclimate.core.standing import TIMETABLE, Standing
from ownclimate.core.things import Device, Room, Site
from ownclimate.core.writes import Actor, write_surely

ACTOR: Final = Actor(via=TIMETABLE)

log = structlog.get_logger("ownclimate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A device with the routines it follows, each since an instant, and the zone of its site."""

    device: Device
    zone: str
    routines: list[tuple[Routine, int]] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)

    def windows(self, start_ms: int, end_ms: int, purpose: Purpose = Purpose.DEVICE) -> list[Window]:
        """Windows that overlap `[start_ms, end_ms)`."""
        found = [
            window
            for routine, since_ms in self.routines
            if routine.purpose is purpose
            for window in windows_of(routine, self._zone_of(routine), start_ms, end_ms, since_ms=since_ms)
        ]
        if purpose is Purpose.DEVICE:
            boosts = (boost_of(profile) for profile in self.profiles)
            found += [boost for boost in boosts if boost is not None and boost.end_ms > start_ms]
        return found

    def thermostat_target(self, at_ms: int) -> float | None:
        """The target that a routine gives the device's thermostat now; None for the thermostat's own."""
        window = holder(self.windows(at_ms, at_ms + 1, Purpose.THERMOSTAT), at_ms)
        return None if window is None else window.target

    def _zone_of(self, routine: Routine) -> str:
        return zone_of(self.zone, routine.zone)


async def followed_by(ports: Ports, owner_id: OwnerId) -> list[Followed]:
    """The owner's devices that follow routines, or did when the timetable last looked.

    Those whose programme is run elsewhere are left out. What belongs to a device that is gone goes too.
    """
    routines = await list_routines(ports.directory, owner_id)
    standings = await ports.directory.scan(owner_partition(owner_id), STANDINGS)
    profiles = await list_profiles(ports.directory, owner_id)
    if not routines and not profiles and not standings:
        return []
    devices = {device.id: device for device in await list_devices(ports.directory, owner_id)}
    await _tidy(ports, owner_id, routines, profiles, devices.keys())
    gone = [Delete(table=STANDINGS, key=d.key, expect=d.version) for d in standings if d.key not in devices]
    if gone:
        await write_surely(ports, owner_partition(owner_id), gone, of="standings")
    sites = {site.id: site for site in await list_sites(ports.directory, owner_id)}
    rooms = {room.id: room for room in await list_rooms(ports.directory, owner_id)} if profiles else {}
    wanted = {routine.device_id for routine in routines if routine.device_id}
    wanted |= {DeviceId(device_id) for profile in profiles for device_id in profile.followers}
    wanted |= {s.device_id for d in standings if (s := from_body(Standing, d.body)).routine_id}
    clouds = await list_clouds(ports.directory, owner_id)
    return [
        _followed(devices[device_id], sites, rooms, routines, profiles)
        for device_id in sorted(wanted & devices.keys())
        if not is_run_elsewhere(devices[device_id], clouds)
    ]


def _followed(
    device: Device,
    sites: dict[SiteId, Site],
    rooms: dict[RoomId, Room],
    routines: list[Routine],
    profiles: list[Profile],
) -> Followed:
    site = None if device.site_id is None else sites.get(device.site_id)
    room = None if device.room_id is None else rooms.get(device.room_id)
    followed = [p for p in profiles if device.id in p.followers and counts_for(p, device, room)]
    since = {profile.id: profile.followers[device.id] for profile in followed}
    own = [(routine, 0) for routine in routines if routine.device_id == device.id]
    shared = [(routine, since[routine.profile_id]) for routine in routines if routine.profile_id in since]
    return Followed(
        device=device,
        zone="" if site is None else site.time_zone,
        routines=[*own, *shared],
        profiles=followed,
    )


async def _tidy(
    ports: Ports,
    owner_id: OwnerId,
    routines: list[Routine],
    profiles: list[Profile],
    known: Set[DeviceId],
) -> None:
    orphans = [routine for routine in routines if routine.device_id and routine.device_id not in known]
    if orphans:
        await remove_routines(ports, owner_id, ACTOR, orphans)
        log.info("schedules_ended", reason="their device is gone", schedules=[r.number for r in orphans])
    for profile in profiles:
        if profile.followers.keys() <= known:
            continue

        def without_gone(current: Profile) -> Profile:
            staying = {name: ms for name, ms in current.followers.items() if name in known}
            return dataclasses.replace(current, followers=staying)

        await edit_profile(ports, owner_id, ACTOR, profile.id, without_gone)
