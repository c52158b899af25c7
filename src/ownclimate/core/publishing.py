"""Weather stations that their owners show to everyone, and finding them across owners.

Whether a station is public is a setting of the station, off unless its owner switched it on, and that
setting alone decides. Beside it stand two indexes, by area and by external id, in partitions of their
own: hints, which every reader checks against the station itself. So a write that is cut short shows
nothing that should not be shown; what it leaves behind, `repair` puts right.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.aliases import NETATMO
from ownclimate.core.devices import edit_device, list_devices
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import InvalidInput, NotFound
from ownclimate.core.ids import DeviceId, OwnerId
from ownclimate.core.partitions import CLAIM_SHARDS, DEVICES, claim_partition, claim_shard, owner_partition
from ownclimate.core.ports import Delete, Directory, Ports, Put
from ownclimate.core.sites import get_site
from ownclimate.core.things import Ability, Device, Site
from ownclimate.core.writes import Actor, write_surely

SETTING: Final = "is_public"
DIALECT: Final = NETATMO
"""The one dialect in which there are public stations; its ids lead to them."""
TABLE: Final = "public_station"
AREA_DEG: Final = 10
"""An index partition is this many degrees high and wide: coarse, since homes that share are few."""
MOST_FOUND: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Degrees; its edges belong to it. Never across the date line."""

    south: float
    west: float
    north: float
    east: float

    def holds(self, latitude: float, longitude: float) -> bool:
        return self.south <= latitude <= self.north and self.west <= longitude <= self.east


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A hint that the station may be public; degrees north and east where it was when it was written."""

    owner_id: OwnerId
    device_id: DeviceId
    latitude: float
    longitude: float
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicStation:
    device: Device
    site: Site | None


def is_public(device: Device) -> bool:
    return bool(device.settings.get(SETTING)) and not device.deleted_ms


def can_be_public(device: Device) -> bool:
    """Whether it is a weather station: what knows the pressure and has modules behind it."""
    return {Ability.PRESSURE, Ability.GATEWAY} <= device.abilities


def position_of(device: Device, site: Site | None) -> tuple[float, float] | None:
    """Latitude and longitude as the device's source says, else those of its site."""
    said = device.reports.get("location")
    if said is not None and isinstance(said.value, dict):
        return float(said.value["latitude"]), float(said.value["longitude"])
    if site is None or site.place.latitude is None or site.place.longitude is None:
        return None
    return site.place.latitude, site.place.longitude


async def set_public(
    ports: Ports, owner_id: OwnerId, actor: Actor, device_id: str, *, is_public: bool
) -> Device:
    """Shows the station to everyone, or no longer. Raises NotFound; InvalidInput for one whose place is
    not known. Repeating it completes what was cut short."""

    def change(device: Device) -> Device:
        settings = {name: value for name, value in device.settings.items() if name != SETTING}
        return dataclasses.replace(device, settings=settings | ({SETTING: True} if is_public else {}))

    if is_public:
        document = await ports.directory.find(owner_partition(owner_id), DEVICES, device_id)
        if document is None:
            raise NotFound("device", device_id)
        if not await _entries(ports.directory, from_body(Device, document.body)):
            raise InvalidInput("place", "a station is public by where it stands, and that is not known")
    verb = "publish" if is_public else "unpublish"
    device = await edit_device(ports, owner_id, actor, device_id, change, verb=verb)
    if not is_public:
        await withdraw(ports, device)
        return device
    for (partition, key), entry in (await _entries(ports.directory, device)).items():
        await write_surely(ports, partition, [Put(table=TABLE, key=key, body=to_body(entry))], of=TABLE)
    return device


async def withdraw(ports: Ports, device: Device) -> None:
    """Takes the device out of the indexes, wherever it is in them."""
    for partition in (*_areas(_WORLD), claim_partition(TABLE, _external(device))):
        for document in await ports.directory.scan(partition, TABLE):
            if document.body.get("device_id") == device.id:
                await write_surely(ports, partition, [Delete(table=TABLE, key=document.key)], of=TABLE)


async def find_public(directory: Directory, external: str) -> PublicStation | None:
    """The public station that the dialect calls so; None when there is none."""
    external = external.lower()
    # Two owners may have the same station; "0" is the character after "/".
    documents = await directory.scan(
        claim_partition(TABLE, external), TABLE, start=f"{external}/", end=f"{external}0", limit=MOST_FOUND
    )
    for document in documents:
        found = await _standing(directory, from_body(Entry, document.body))
        if found is not None:
            return found
    return None


async def public_in(directory: Directory, box: Box) -> list[PublicStation]:
    """The public stations that stand in the box, at most `MOST_FOUND`."""
    found: list[PublicStation] = []
    for partition in _areas(box):
        for document in await directory.scan(partition, TABLE, limit=MOST_FOUND):
            entry = from_body(Entry, document.body)
            if not box.holds(entry.latitude, entry.longitude):
                continue
            station = await _standing(directory, entry)
            if station is not None:
                found.append(station)
            if len(found) >= MOST_FOUND:
                return found
    return found


async def repair(ports: Ports) -> int:
    """The janitor: writes missing entries, removes those of stations that moved or are public no longer.

    Returns how many it changed; may run beside anything, any number of times.
    """
    wanted = await _wanted(ports)
    changed = 0
    for partition in (*_areas(_WORLD), *(claim_shard(TABLE, shard) for shard in range(CLAIM_SHARDS))):
        for document in await ports.directory.scan(partition, TABLE):
            place = (partition, document.key)
            if wanted.get(place) == from_body(Entry, document.body):
                del wanted[place]
            elif place not in wanted:
                await write_surely(ports, partition, [Delete(table=TABLE, key=document.key)], of=TABLE)
                changed += 1
    for (partition, key), entry in wanted.items():
        await write_surely(ports, partition, [Put(table=TABLE, key=key, body=to_body(entry))], of=TABLE)
        changed += 1
    return changed


async def _wanted(ports: Ports) -> dict[tuple[str, str], Entry]:
    """Every entry that there should be, by its partition and key."""
    wanted: dict[tuple[str, str], Entry] = {}
    for owner_id in await list_owner_ids(ports.directory):
        for device in await list_devices(ports.directory, owner_id):
            if is_public(device):
                wanted |= await _entries(ports.directory, device)
    return wanted


async def _entries(directory: Directory, device: Device) -> dict[tuple[str, str], Entry]:
    """The device's entries by partition and key; none when nobody knows where it stands."""
    position = position_of(device, await _site_of(directory, device))
    if position is None:
        return {}
    entry = Entry(owner_id=device.owner_id, device_id=device.id, latitude=position[0], longitude=position[1])
    external = _external(device)
    return {
        (_area(*position), f"{device.owner_id}/{device.id}"): entry,
        (claim_partition(TABLE, external), f"{external}/{device.owner_id}"): entry,
    }


async def _standing(directory: Directory, entry: Entry) -> PublicStation | None:
    """What the entry points at, if it is there and public."""
    document = await directory.find(owner_partition(entry.owner_id), DEVICES, entry.device_id)
    if document is None or not is_public(device := from_body(Device, document.body)):
        return None
    return PublicStation(device=device, site=await _site_of(directory, device))


async def _site_of(directory: Directory, device: Device) -> Site | None:
    if device.site_id is None:
        return None
    try:
        return await get_site(directory, device.owner_id, device.site_id)
    except NotFound:
        return None


def _external(device: Device) -> str:
    return device.aliases.get(DIALECT, device.vendor_id).lower()


def _area(latitude: float, longitude: float) -> str:
    row = min(math.floor((latitude + 90) / AREA_DEG), 180 // AREA_DEG - 1)
    column = min(math.floor((longitude + 180) / AREA_DEG), 360 // AREA_DEG - 1)
    return f"public:{row}:{column}"


def _areas(box: Box) -> Iterator[str]:
    """The partitions of which the box holds a part."""
    latitudes = range(math.floor(box.south / AREA_DEG), math.floor(box.north / AREA_DEG) + 1)
    longitudes = range(math.floor(box.west / AREA_DEG), math.floor(box.east / AREA_DEG) + 1)
    places = (_area(row * AREA_DEG, column * AREA_DEG) for row in latitudes for column in longitudes)
    yield from dict.fromkeys(places)


_WORLD: Final = Box(south=-90, west=-180, north=90, east=180)
