"""Builds the world in somebody's store: its sites, rooms and devices, and their past.

Everything is looked up before it is made, and history goes on after the newest value that a device
has, so that building again makes nothing twice, and finishes what a crash cut short.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ownclimate.core import aliases, schedules, sites
from ownclimate.core.devices import create_device, find_device_by_vendor
from ownclimate.core.errors import Conflict
from ownclimate.core.ids import DeviceId, OwnerId, RoomId, SiteId
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Batch, OriginKind, OriginNumber, origin_number
from ownclimate.core.things import Device, Report, SiteKind
from ownclimate.core.writes import Actor
from ownclimate.sim.simulate import SimSeries, simulate
from ownclimate.sim.standing import Orders
from ownclimate.sim.world import SimDevice, SimRoom, SimSite, World

Progress = Callable[[float, str], None]
"""(fraction done from 0 to 1, what is being done)"""

SIMULATION = "simulation"
"""The pseudo-dialect under which a site or room is found by its key in the world."""
SET_UP_MS = 60_000
"""One device after another was set up, so that a list by age has an order."""
BLOCK_ROWS = 16_000
"""Rows recorded at a time: as many as a store's block holds, so that nothing needs merging later."""
THINGS_SHARE = 0.03
"""Of the progress: making the things takes so much of the time, history the rest."""


async def build_demo(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    world: World,
    source_number: int,
    *,
    history_ms: int,
    now_ms: int,
    progress: Progress = lambda fraction, text: None,
    orders: Orders = (),
) -> None:
    """Makes what is missing of the world, with `history_ms` of readings up to `now_ms`.

    History is recorded as a simulation's under the source with the number. A device that its owner
    has hidden stays hidden. `orders` are what devices were told. Called again later, it fills the time
    since, as if nothing had stopped. `live.run_live` goes on from `after_ms=now_ms - 1`.
    """
    devices = await _make_things(ports, owner_id, actor, world, now_ms - history_ms, progress)
    origin = origin_number(source_number, OriginKind.SIMULATION)
    await _record_history(ports, world, devices, origin, (now_ms - history_ms, now_ms), progress, orders)
    progress(1.0, "the demo is ready")


async def _make_things(
    ports: Ports, owner_id: OwnerId, actor: Actor, world: World, since_ms: int, progress: Progress
) -> dict[str, Device]:
    """Device key → device, parents before children."""
    progress(0.0, "making sites, rooms and devices")
    place = _Place(ports, owner_id, actor)
    site_ids = {site.key: await place.site(site) for site in world.sites}
    room_ids = {room.key: await place.room(room, site_ids[room.site]) for room in world.rooms}
    for site in world.sites:
        await place.timetables(
            site, site_ids[site.key], [room_ids[r.key] for r in world.indoor_rooms(site.key)]
        )
    devices: dict[str, Device] = {}
    for number, device in enumerate(world.devices):
        parent = devices.get(device.parent) if device.parent else None
        parent_id = parent.id if parent else None
        set_up_ms = since_ms - (len(world.devices) - number) * SET_UP_MS
        made = await place.device(device, site_ids[device.site], room_ids[device.room], parent_id, set_up_ms)
        if made is not None:
            devices[device.key] = made
    progress(THINGS_SHARE, f"{len(devices)} devices stand in {len(site_ids)} sites")
    return devices


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A weekly timetable; `zones` are (name, kind, °C), `setting` is what they set in each room."""

    name: str
    kind: str
    setting: str
    zones: tuple[tuple[str, str, float], ...]
    entries: tuple[tuple[int, int], ...]
    settings: Mapping[str, float] = field(default_factory=dict)


MINUTES_A_DAY = 24 * 60


def _every_day(days: Iterable[int], on: int, off: int) -> tuple[tuple[int, int], ...]:
    """Zone 0 from `on` to `off`, in minutes of the days, zone 1 else; the week begins in zone 1."""
    turns = [(day * MINUTES_A_DAY + minute, zone) for day in days for minute, zone in ((on, 0), (off, 1))]
    return ((0, 1), *turns)


_HOME = _every_day(range(7), 6 * 60 + 30, 22 * 60 + 30)
_OFFICE = _every_day(range(5), 7 * 60, 18 * 60)
WEEKS: Mapping[SiteKind, tuple[Week, ...]] = {
    SiteKind.HOME: (
        Week(
            name="Week",
            kind="heating",
            setting="heating_setpoint_c",
            zones=(("Comfort", "comfort", 21.0), ("Night", "night", 17.0)),
            entries=_HOME,
            settings={"away_c": 14.0, "frost_guard_c": 7.0},
        ),
    ),
    SiteKind.BUILDING: (
        Week(
            name="Office hours",
            kind="heating",
            setting="heating_setpoint_c",
            zones=(("Occupied", "comfort", 21.0), ("Unoccupied", "eco", 16.5)),
            entries=_OFFICE,
            settings={"away_c": 15.0, "frost_guard_c": 7.0},
        ),
        Week(
            name="Office hours, cooling",
            kind="cooling",
            setting="cooling_setpoint_c",
            zones=(("Occupied", "comfort", 24.5), ("Unoccupied", "eco", 28.0)),
            entries=_OFFICE,
            settings={"cooling_away_c": 29.0},
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Finds each thing, or makes it."""

    ports: Ports
    owner_id: OwnerId
    actor: Actor

    async def site(self, site: SimSite) -> SiteId:
        found = await sites.find_by_alias(
            self.ports.directory, self.owner_id, SIMULATION, aliases.SITE, site.key
        )
        if found is not None:
            return SiteId(found)
        made = await sites.create_site(
            self.ports,
            self.owner_id,
            self.actor,
            name=site.name,
            kind=site.kind,
            time_zone=site.time_zone,
            place=site.place,
            floors=site.floors,
            given_aliases={SIMULATION: site.key},
        )
        return made.id

    async def room(self, room: SimRoom, site_id: SiteId) -> RoomId:
        found = await sites.find_by_alias(
            self.ports.directory, self.owner_id, SIMULATION, aliases.ROOM, room.key, scope=site_id
        )
        if found is not None:
            return RoomId(found)
        made = await sites.create_room(
            self.ports,
            self.owner_id,
            self.actor,
            site_id=site_id,
            name=room.name,
            kind=room.kind,
            floor=room.floor,
            given_aliases={SIMULATION: room.key},
        )
        return made.id

    async def timetables(self, site: SimSite, site_id: SiteId, room_ids: Sequence[RoomId]) -> None:
        """The site's week, selected; nothing follows it before somebody chooses something here."""
        for week in WEEKS[site.kind]:
            zones = tuple(
                {
                    "id": number,
                    "name": name,
                    "kind": kind,
                    "rooms": [{"room_id": room_id, week.setting: value} for room_id in room_ids],
                }
                for number, (name, kind, value) in enumerate(week.zones)
            )
            try:
                await schedules.create_schedule(
                    self.ports,
                    self.owner_id,
                    self.actor,
                    site_id=site_id,
                    name=week.name,
                    kind=week.kind,
                    is_selected=True,
                    entries=week.entries,
                    zones=zones,
                    given_aliases={SIMULATION: week.kind},
                    settings=dict(week.settings),
                )
            except Conflict:
                continue  # It is there already.

    async def device(
        self,
        device: SimDevice,
        site_id: SiteId,
        room_id: RoomId,
        parent_id: DeviceId | None,
        created_ms: int,
    ) -> Device | None:
        """None when the owner has hidden it."""
        found = await find_device_by_vendor(
            self.ports.directory, self.owner_id, device.vendor, device.vendor_id
        )
        if found is not None:
            return found
        try:
            return await create_device(
                self.ports,
                self.owner_id,
                self.actor,
                vendor=device.vendor,
                model=device.model,
                vendor_id=device.vendor_id,
                name=device.name,
                serial=device.serial,
                mac=device.mac,
                firmware=device.firmware,
                site_id=site_id,
                room_id=room_id,
                parent_id=parent_id,
                abilities=device.abilities,
                given_aliases=device.aliases,
                settings=device.settings,
                reports={
                    name: Report(value=value, at_ms=created_ms, source=SIMULATION)
                    for name, value in device.reports.items()
                },
                kept=device.kept,
                is_heard=True,
                keepalive_s=device.step_s,
                created_ms=created_ms,
            )
        except Conflict:
            return None


async def _record_history(
    ports: Ports,
    world: World,
    devices: Mapping[str, Device],
    origin: OriginNumber,
    span_ms: tuple[int, int],
    progress: Progress,
    orders: Orders,
) -> None:
    start_ms, end_ms = span_ms
    latest = await ports.series.latest([device.number for device in devices.values()])
    begins_ms = {
        key: max([start_ms, *(value.at_ms + 1 for value in latest.get(device.number, {}).values())])
        for key, device in devices.items()
    }
    first_ms = min(begins_ms.values(), default=end_ms)
    if first_ms >= end_ms:
        return
    due = (end_ms - first_ms) * len(world.devices)
    done = 0
    pieces = simulate(world, first_ms, end_ms, orders)
    # On a thread: half a year of a site takes longer than an event loop may stand still.
    while (series := await asyncio.to_thread(next, pieces, None)) is not None:
        device = devices.get(series.device_key)
        if device is not None:
            for rows in _blocks(series, begins_ms[series.device_key]):
                await ports.series.record([_batch(series, rows, device, origin, ports.arrivals.next_ms())])
        done += int(np.ptp(series.times_ms)) if len(series.times_ms) else 0
        name = device.name if device is not None else series.device_key
        progress(min(1.0, THINGS_SHARE + (1 - THINGS_SHARE) * done / due), f"history of {name}")


def _blocks(series: SimSeries, begin_ms: int) -> Iterator[slice]:
    """In time order, so that the newest value tells how far an interrupted build has come."""
    count = len(series.times_ms)
    first = int(series.times_ms.searchsorted(begin_ms))
    for start in range(first, count, BLOCK_ROWS):
        yield slice(start, min(start + BLOCK_ROWS, count))


def _batch(series: SimSeries, rows: slice, device: Device, origin: OriginNumber, arrived_ms: int) -> Batch:
    return Batch(
        device=device.number,
        times_ms=series.times_ms[rows],
        columns={name: values[rows] for name, values in series.columns.items()},
        origin=origin,
        arrived_ms=arrived_ms,
    )
