"""What a grant reaches of its owner's homes, loaded with one scan a table.

Every method that shows homes or stations begins here. Things come as they are in the core; `presented`
says what they are in this dialect.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from ownclimate.core.aliases import SITE
from ownclimate.core.documents import from_body
from ownclimate.core.errors import NotFound
from ownclimate.core.ids import DeviceId, DeviceNumber, RoomId, SiteId
from ownclimate.core.partitions import DEVICES, ROOMS, SCHEDULES, SITES, owner_partition
from ownclimate.core.ports import Directory, Document
from ownclimate.core.readings import LatestValue
from ownclimate.core.sites import find_by_alias, get_site
from ownclimate.core.things import Device, Room, Schedule, Site
from ownclimate.vendors.netatmo.vocabulary import DIALECT
from ownclimate.web.call import Call

Thing = TypeVar("Thing", Site, Room, Device, Schedule)

Latest = Mapping[str, LatestValue]
"""The newest value of each quantity of one device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A site with what stands in it. Rooms and schedules only where they were asked for."""

    site: Site
    devices: tuple[Device, ...] = ()
    rooms: tuple[Room, ...] = ()
    schedules: tuple[Schedule, ...] = ()

    @property
    def wire_id(self) -> str:
        return self.site.aliases[DIALECT]

    def devices_in(self, room_id: RoomId) -> tuple[Device, ...]:
        return tuple(device for device in self.devices if device.room_id == room_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Homes oldest first. `loose` are devices that stand nowhere: only an unnarrowed grant has them."""

    homes: tuple[Home, ...] = ()
    loose: tuple[Device, ...] = ()
    by_id: Mapping[DeviceId, Device] = field(default_factory=dict)

    @property
    def devices(self) -> tuple[Device, ...]:
        return tuple(self.by_id.values())


async def load_holdings(call: Call, *, with_rooms: bool = False, with_schedules: bool = False) -> Holdings:
    """Everything of the owner's that the grant reaches."""
    access = call.access
    sites = [site for site in await _things(call, SITES, Site) if access.reaches(site.id)]
    devices = [d for d in await _things(call, DEVICES, Device) if access.reaches(d.site_id)]
    rooms = await _things(call, ROOMS, Room) if with_rooms else []
    schedules = await _things(call, SCHEDULES, Schedule) if with_schedules else []
    return _joined(sites, devices, rooms, schedules)


async def find_home(call: Call, wire_id: str) -> Site | None:
    """The home under this id; None for an unknown one, another owner's, or one outside the grant."""
    access, directory = call.access, call.ports.directory
    site_id = await find_by_alias(directory, access.owner_id, DIALECT, SITE, wire_id.strip())
    if site_id is None or not access.reaches(SiteId(site_id)):
        return None
    try:
        return await get_site(directory, access.owner_id, site_id)
    except NotFound:
        return None


async def load_home(call: Call, site: Site, *, with_rooms: bool = True, with_schedules: bool = False) -> Home:
    """One home, found before with `find_home`."""
    devices = [d for d in await _things(call, DEVICES, Device) if d.site_id == site.id]
    rooms = await _things(call, ROOMS, Room) if with_rooms else []
    schedules = await _things(call, SCHEDULES, Schedule) if with_schedules else []
    return _joined([site], devices, rooms, schedules).homes[0]


async def latest_of(call: Call, devices: Iterable[Device]) -> Mapping[DeviceNumber, Latest]:
    """The newest values of the devices, by their numbers; devices without any are left out."""
    return await call.ports.series.latest([device.number for device in devices])


async def _things(call: Call, table: str, cls: type[Thing]) -> list[Thing]:
    """The owner's things in a table, without deleted ones. Nobody changes them in place."""
    directory = call.ports.directory
    read = _READ.setdefault(directory, {})
    documents = await directory.scan(owner_partition(call.access.owner_id), table)
    return [thing for found in documents if not (thing := _thing(cls, found, read)).deleted_ms]


def _thing(cls: type[Thing], document: Document, read: ReadBefore) -> Thing:
    """The thing in a document; one that was read before is not taken apart again.

    A version is random and written once, so under a key it stands for one content for ever.
    """
    place = (document.key, document.version)
    known = read.get(place)
    if not isinstance(known, cls):
        if len(read) >= MOST_READ:
            # The oldest goes: dicts keep the order in which keys came.
            del read[next(iter(read))]
        known = read[place] = from_body(cls, document.body)
    return known


ReadBefore = dict[tuple[str, str], Site | Room | Device | Schedule]
MOST_READ: Final = 4_096
_READ: WeakKeyDictionary[Directory, ReadBefore] = WeakKeyDictionary()


def _joined(
    sites: Sequence[Site], devices: Sequence[Device], rooms: Sequence[Room], schedules: Sequence[Schedule]
) -> Holdings:
    # By number, since ids of one second are in no order.
    sites = sorted(sites, key=lambda site: site.number)
    rooms = sorted(rooms, key=lambda room: room.number)
    devices = sorted(devices, key=lambda device: device.number)
    known = {site.id for site in sites}
    devices_of: defaultdict[SiteId | None, list[Device]] = defaultdict(list)
    rooms_of: defaultdict[SiteId, list[Room]] = defaultdict(list)
    schedules_of: defaultdict[SiteId, list[Schedule]] = defaultdict(list)
    for device in devices:
        devices_of[device.site_id if device.site_id in known else None].append(device)
    for room in rooms:
        rooms_of[room.site_id].append(room)
    for schedule in schedules:
        schedules_of[schedule.site_id].append(schedule)
    return Holdings(
        homes=tuple(
            Home(
                site=site,
                devices=tuple(devices_of[site.id]),
                rooms=tuple(rooms_of[site.id]),
                schedules=tuple(schedules_of[site.id]),
            )
            for site in sites
        ),
        loose=tuple(devices_of[None]),
        by_id={device.id: device for device in devices},
    )
