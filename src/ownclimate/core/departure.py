"""A cloud's source that leaves together with what came through it alone.

Of each device the readings go that the source had won. A device goes when nothing else feeds it: nobody
hears it here, no other source speaks of it, and no reading of it is left. A home goes with its rooms and
schedules when only this source spoke of it and nothing stands in it any more. What happened at a device
that stays is not told apart by where it came from, so it stays with the device.

The source is marked first and the mark is taken away last, so a departure that was cut short is found and
repeated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ownclimate.core import aliases, publishing
from ownclimate.core.devices import remove_device
from ownclimate.core.documents import from_body
from ownclimate.core.errors import NotFound, Unsupported
from ownclimate.core.events import remove_events_at
from ownclimate.core.geofences import list_geofences, remove_geofence
from ownclimate.core.ids import DeviceId, OwnerId
from ownclimate.core.linking import CLOUDS, forget_progress, get_source
from ownclimate.core.partitions import (
    ALIASES,
    DEVICES,
    FOLLOWERS,
    FORECASTS,
    PROFILES,
    ROOMS,
    SCHEDULES,
    SITES,
    SOURCES,
    owner_partition,
)
from ownclimate.core.people import people_of
from ownclimate.core.pictures import remove_pictures_of
from ownclimate.core.ports import MAX_CHANGES, Change, Delete, Directory, Ports
from ownclimate.core.readings import Interval, OriginKind
from ownclimate.core.routines import Profile, list_routines, remove_routines
from ownclimate.core.schedules import ALIAS_KIND as SCHEDULE_ALIAS
from ownclimate.core.sources import origin_of
from ownclimate.core.thermostats import list_thermostats, remove_thermostat
from ownclimate.core.things import Device, Report, Room, Schedule, Site, Source
from ownclimate.core.writes import Actor, Deed, commit, edit, write_surely

LEAVING: Final = "leaving"
"""Setting of a removed source whose data is going."""
_NO_DEVICE: Final = DeviceId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """What the source brought. `alone`: devices and sites that, as far as can be told beforehand, go with
    it; `shared`: devices that stay without the readings that it brought."""

    alone: tuple[Device, ...]
    shared: tuple[Device, ...]
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Departed:
    """What went. `shared` devices lost the source's readings and stay."""

    devices: int = 0
    shared: int = 0
    sites: int = 0
    payloads: int = 0


async def belongings_of(ports: Ports, owner_id: OwnerId, source: Source) -> Belongings:
    """Looks only. A device whose newest values are all the source's may turn out to have older ones."""
    scene = await _Scene.of(ports.directory, owner_id, source)
    brought = await _brought(ports, scene)
    latest = await ports.series.latest([device.number for device in brought])
    alone: list[Device] = []
    shared: list[Device] = []
    for device in brought:
        origins = {value.origin >> 2 for value in latest.get(device.number, {}).values()}
        is_alone = scene.is_alone(device) and origins <= {source.number}
        (alone if is_alone else shared).append(device)
    going = {device.id for device in alone}
    staying = [device for device in scene.devices if device.id not in going]
    return Belongings(alone=tuple(alone), shared=tuple(shared), sites=tuple(scene.sites_without(staying)))


async def mark_leaving(ports: Ports, owner_id: OwnerId, actor: Actor, source_id: str) -> Source:
    """From now on it is not worked, its credentials are forgotten, and its data is to go.

    Raises NotFound; Unsupported for a source that is no cloud: what came through it was heard directly.
    """
    found = await get_source(ports.directory, owner_id, source_id)
    if found.kind not in CLOUDS:
        raise Unsupported("data", "only what was collected from a cloud can be removed with its source")
    if found.deleted_ms and LEAVING not in found.settings:
        raise NotFound("source", source_id)
    now_ms = ports.clock.now_ms()

    def change(source: Source) -> Source:
        return dataclasses.replace(
            source, deleted_ms=source.deleted_ms or now_ms, sealed=b"", settings={LEAVING: True}
        )

    deed = Deed(actor=actor, verb="remove", kind="source", object_id=source_id)
    return await edit(ports, owner_id, SOURCES, Source, change, deed)


async def list_leaving(directory: Directory, owner_id: OwnerId) -> list[Source]:
    """Sources that are marked, and whose data is not all gone."""
    documents = await directory.scan(owner_partition(owner_id), SOURCES)
    sources = [from_body(Source, document.body) for document in documents]
    return [source for source in sources if LEAVING in source.settings]


async def finish_departure(ports: Ports, owner_id: OwnerId, actor: Actor, source: Source) -> Departed:
    """Removes the data of a source that was marked. Nobody may work the source meanwhile.

    Repeating it finishes what was cut short; what went before is then not counted.
    """
    scene = await _Scene.of(ports.directory, owner_id, source)
    origin = origin_of(source, OriginKind.CLOUD)
    devices, shared = 0, 0
    for device in await _brought(ports, scene):
        await ports.series.delete(device.number, Interval(), origin=origin, now_ms=ports.clock.now_ms())
        left = await ports.series.latest([device.number])
        present = await _load_device(ports.directory, owner_id, device.id)
        if present is None:
            continue
        if left.get(device.number) or not scene.is_alone(present):
            await _unlink(ports, owner_id, actor, present, source)
            shared += 1
            continue
        if publishing.is_public(present):
            await publishing.withdraw(ports, present)
        await remove_device(ports, owner_id, actor, present.id)
        devices += 1
    scene = await _Scene.of(ports.directory, owner_id, source)
    await _forget_arrangements(ports, owner_id, actor, {device.id for device in scene.devices})
    sites = scene.sites_without(scene.devices)
    for site in sites:
        await _remove_site(ports, owner_id, actor, site)
    if not any(people_of(site) for site in scene.sites if site not in sites):
        # A picture that no device took is the face of somebody whom a cloud knows.
        await remove_pictures_of(ports, owner_id, _NO_DEVICE)
    payloads = await ports.raw.delete(owner_id, source=source.id)
    await forget_progress(ports, owner_id, source.id)
    departed = Departed(devices=devices, shared=shared, sites=len(sites), payloads=payloads)
    details = dataclasses.asdict(departed)
    deed = Deed(actor=actor, verb="forget", kind="source", object_id=source.id, details=details)
    await edit(ports, owner_id, SOURCES, Source, lambda found: dataclasses.replace(found, settings={}), deed)
    return departed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What an owner has, seen from one source."""

    source: Source
    others: frozenset[str]
    """Ids of all other sources: what bears one was spoken of by somebody else."""
    devices: tuple[Device, ...]
    sites: tuple[Site, ...]
    arranged: frozenset[str]
    """Sites for which somebody here arranged something."""

    @classmethod
    async def of(cls, directory: Directory, owner_id: OwnerId, source: Source) -> _Scene:
        partition = owner_partition(owner_id)
        sources = await directory.scan(partition, SOURCES)
        profiles = [from_body(Profile, row.body) for row in await directory.scan(partition, PROFILES)]
        return cls(
            source=source,
            others=frozenset(row.key for row in sources) - {source.id},
            devices=tuple(from_body(Device, row.body) for row in await directory.scan(partition, DEVICES)),
            sites=tuple(from_body(Site, row.body) for row in await directory.scan(partition, SITES)),
            arranged=frozenset(p.site_id for p in profiles if p.site_id and not p.is_default),
        )

    def is_spoken_of(self, device: Device) -> bool:
        return self._is_said_by_it(device.reports) or device.link.get("source") == self.source.id

    def is_alone(self, device: Device) -> bool:
        """Whether nothing but this source ever told of the device."""
        link = device.link.get("source", self.source.id)
        return (
            not device.is_heard
            and link == self.source.id
            and self.is_spoken_of(device)
            and not self._is_said_by_others(device.reports)
        )

    def sites_without(self, devices: tuple[Device, ...] | list[Device]) -> list[Site]:
        """Sites of this source alone in which none of the devices stands."""
        full = {device.site_id for device in devices}
        return [
            site
            for site in self.sites
            if site.id not in full
            and site.id not in self.arranged
            and self._is_said_by_it(site.reports)
            and not self._is_said_by_others(site.reports)
        ]

    def _is_said_by_it(self, reports: Mapping[str, Report]) -> bool:
        return any(report.source == self.source.id for report in reports.values())

    def _is_said_by_others(self, reports: Mapping[str, Report]) -> bool:
        return any(report.source in self.others for report in reports.values())


async def _brought(ports: Ports, scene: _Scene) -> list[Device]:
    """Devices of which the source spoke, or whose newest values it brought."""
    latest = await ports.series.latest([device.number for device in scene.devices])
    return [
        device
        for device in scene.devices
        if scene.is_spoken_of(device)
        or any(value.origin >> 2 == scene.source.number for value in latest.get(device.number, {}).values())
    ]


async def _load_device(directory: Directory, owner_id: OwnerId, device_id: DeviceId) -> Device | None:
    """Hidden ones too."""
    found = await directory.find(owner_partition(owner_id), DEVICES, device_id)
    return None if found is None else from_body(Device, found.body)


async def _unlink(ports: Ports, owner_id: OwnerId, actor: Actor, device: Device, source: Source) -> None:
    """The way to it led through the source: it is not tried any more."""

    def change(before: Device) -> Device:
        is_through = before.link.get("source") == source.id
        return dataclasses.replace(before, link={}) if is_through else before

    deed = Deed(actor=actor, verb="change", kind="device", object_id=device.id)
    await edit(ports, owner_id, DEVICES, Device, change, deed)


async def _forget_arrangements(ports: Ports, owner_id: OwnerId, actor: Actor, present: set[DeviceId]) -> None:
    """What was to be done with devices that are gone."""
    directory, partition = ports.directory, owner_partition(owner_id)
    routines = [
        routine
        for routine in await list_routines(directory, owner_id)
        if routine.device_id is not None and routine.device_id not in present
    ]
    await remove_routines(ports, owner_id, actor, routines)
    for thermostat in await list_thermostats(directory, owner_id):
        if thermostat.id not in present:
            await remove_thermostat(ports, owner_id, actor, thermostat.id)
    for geofence in await list_geofences(directory, owner_id):
        if geofence.device_id not in present:
            await remove_geofence(ports, owner_id, actor, geofence.id)
    for row in await directory.scan(partition, FOLLOWERS):
        if row.key.partition(":")[0] not in present:
            await write_surely(ports, partition, [Delete(table=FOLLOWERS, key=row.key)], of="follower")


async def _remove_site(ports: Ports, owner_id: OwnerId, actor: Actor, site: Site) -> None:
    """With its rooms, schedules and what happened there; the site goes last."""
    await remove_events_at(ports, owner_id, site.id)
    directory, partition = ports.directory, owner_partition(owner_id)
    rooms = [from_body(Room, row.body) for row in await directory.scan(partition, ROOMS)]
    schedules = [from_body(Schedule, row.body) for row in await directory.scan(partition, SCHEDULES)]
    changes: list[Change] = []
    for room in rooms:
        if room.site_id == site.id:
            changes += [Delete(table=ROOMS, key=room.id), *_aliases(aliases.ROOM, room.aliases, site.id)]
    for schedule in schedules:
        if schedule.site_id == site.id:
            changes.append(Delete(table=SCHEDULES, key=schedule.id))
            changes += _aliases(SCHEDULE_ALIAS, schedule.aliases, site.id)
    changes.append(Delete(table=FORECASTS, key=site.id))
    changes += [*_aliases(aliases.SITE, site.aliases), Delete(table=SITES, key=site.id)]
    deed = Deed(actor=actor, verb="remove", kind="site", object_id=site.id)
    while len(changes) >= MAX_CHANGES:
        await commit(ports, owner_id, changes[: MAX_CHANGES - 1], deed)
        changes = changes[MAX_CHANGES - 1 :]
    await commit(ports, owner_id, changes, deed)


def _aliases(kind: str, external: Mapping[str, str], scope: str = "") -> list[Delete]:
    return [Delete(table=ALIASES, key=put.key) for put in aliases.puts(kind, "", external, scope)]
