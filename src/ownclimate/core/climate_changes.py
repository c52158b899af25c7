"""A site with all that decides its climate, read and written as one.

A change is computed from what was just read and written only if that is still so; whoever came in between
makes it be computed again. Everything that it changes is one write, with the deeds that tell of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ownclimate.core.climate import SETPOINT_QUANTITIES, Channel, Climate, is_followed
from ownclimate.core.devices import list_devices
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, NotFound
from ownclimate.core.ids import OwnerId, RoomId, SiteId
from ownclimate.core.partitions import ROOMS, SCHEDULES, SITES, owner_partition
from ownclimate.core.ports import Change, Ports, Put
from ownclimate.core.things import Room, Schedule, Site
from ownclimate.core.writes import EDIT_ATTEMPTS, Deed, commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a change makes of a site. `schedules` are written besides those that still stand in it."""

    climate: Climate
    deeds: tuple[Deed, ...]
    schedules: tuple[Schedule, ...] = ()


async def load_climate(ports: Ports, owner_id: OwnerId, site_id: SiteId) -> Climate:
    """Raises NotFound for a site that is not the owner's."""
    return (await _load(ports, owner_id, site_id)).climate


async def change_climate(
    ports: Ports,
    owner_id: OwnerId,
    site_id: SiteId,
    change: Callable[[Climate, int], Outcome],
    *,
    room_id: str = "",
) -> Climate:
    """Loads, changes and writes what changed; repeated when another writer came in between."""
    for attempt in range(EDIT_ATTEMPTS):
        loaded = await _load(ports, owner_id, site_id, room_id)
        outcome = change(loaded.climate, ports.clock.now_ms())
        puts = _puts(loaded, outcome)
        if not puts or not outcome.deeds:
            return outcome.climate
        try:
            await commit(ports, owner_id, puts, *outcome.deeds)
        except Conflict:
            if attempt == EDIT_ATTEMPTS - 1:
                raise
            continue
        ports.wishes.ring(owner_id, site_id)
        return outcome.climate
    raise Conflict("site", site_id)


@dataclass(slots=True)
class _Loaded:
    climate: Climate
    versions: dict[str, str] = field(default_factory=dict)


async def _load(ports: Ports, owner_id: OwnerId, site_id: SiteId, room_id: str = "") -> _Loaded:
    directory, partition = ports.directory, owner_partition(owner_id)
    found = await directory.find(partition, SITES, site_id)
    if found is None or (site := from_body(Site, found.body)).deleted_ms:
        raise NotFound("site", site_id)
    versions: dict[str, str] = {site.id: found.version}
    rooms, schedules = [], []
    for document in await directory.scan(partition, ROOMS):
        room = from_body(Room, document.body)
        if room.site_id == site_id and not room.deleted_ms:
            rooms.append(room)
            versions[room.id] = document.version
    for document in await directory.scan(partition, SCHEDULES):
        schedule = from_body(Schedule, document.body)
        if schedule.site_id == site_id and not schedule.deleted_ms:
            schedules.append(schedule)
            versions[schedule.id] = document.version
    devices = tuple(d for d in await list_devices(directory, owner_id) if d.site_id == site_id)
    climate = Climate(site=site, rooms=tuple(rooms), schedules=tuple(schedules), devices=devices)
    chosen = next((room for room in rooms if room.id == room_id), None)
    if chosen is not None:
        climate = dataclasses.replace(climate, heard_c=await _heard(ports, climate, chosen))
    return _Loaded(climate, versions)


async def _heard(ports: Ports, climate: Climate, room: Room) -> Mapping[tuple[RoomId, Channel], float]:
    """What the devices of a room that is not ours yet hold by themselves."""
    heard: dict[tuple[RoomId, Channel], float] = {}
    channels = [c for c in SETPOINT_QUANTITIES if not is_followed(room, c)]
    if not channels:
        return heard
    latest = await ports.series.latest([device.number for device in climate.devices_in(room)])
    for values in latest.values():
        for channel in channels:
            if (value := values.get(SETPOINT_QUANTITIES[channel])) is not None:
                heard.setdefault((room.id, channel), value.value)
    return heard


def _puts(loaded: _Loaded, outcome: Outcome) -> Sequence[Change]:
    before, after = loaded.climate, outcome.climate
    known: tuple[Site | Room | Schedule, ...] = (before.site, *before.rooms, *before.schedules)
    old = {str(thing.id): thing for thing in known}
    tables: Iterable[tuple[str, Site | Room | Schedule]] = (
        (SITES, after.site),
        *((ROOMS, room) for room in after.rooms),
        *((SCHEDULES, schedule) for schedule in (*after.schedules, *outcome.schedules)),
    )
    return [
        Put(table=table, key=thing.id, body=to_body(thing), expect=loaded.versions[thing.id])
        for table, thing in tables
        if thing != old[thing.id]
    ]
