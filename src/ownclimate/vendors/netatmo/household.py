"""An owner's homes as an import changes them: what is known by the vendor's ids, and the writes.

Everything is loaded once; each statement is then heard by its thing, which is made when missing and
written only when it changed. Where a device stands (site, room, gateway) is linked as soon as the
other end is known, whichever of the two was heard of first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core import devices, schedules, sites
from ownclimate.core.errors import Conflict, InvalidInput, NotFound
from ownclimate.core.ids import DeviceId, DeviceNumber, OwnerId, RoomId, SiteId
from ownclimate.core.ports import Ports
from ownclimate.core.things import Device, Place, Room, Schedule, Site
from ownclimate.core.writes import Actor
from ownclimate.vendors.netatmo.mapping import (
    UNNAMED_SITE,
    address,
    derive_device,
    derive_room,
    derive_site,
    is_mac,
    report_of,
)
from ownclimate.vendors.netatmo.report import ImportReport, Tally
from ownclimate.vendors.netatmo.statements import Statement, hear
from ownclimate.vendors.netatmo.vocabulary import DIALECT, UNKNOWN_MODEL, VENDOR
from ownclimate.vendors.netatmo.zones import Timetable

IMPLIED: Final = "is_implied"
"""Setting of a site that no source named: it stands in for the place of a station without a home."""


@dataclass(slots=True, kw_only=True)
class Household:
    ports: Ports
    owner_id: OwnerId
    actor: Actor
    source: str
    report: ImportReport
    sites: dict[str, Site] = field(default_factory=dict)
    rooms: dict[tuple[SiteId, str], Room] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    schedules: dict[tuple[SiteId, str], Schedule] = field(default_factory=dict)
    touched_rooms: set[RoomId] = field(default_factory=set)
    """Rooms that were heard of, or one of whose devices changed."""
    _heard: dict[str, bool] = field(default_factory=dict)
    """Keys of things heard in this import, and whether one was changed."""

    async def load(self) -> None:
        directory, owner_id = self.ports.directory, self.owner_id
        for site in await sites.list_sites(directory, owner_id):
            self.sites[site.aliases.get(DIALECT, site.id).lower()] = site
        for room in await sites.list_rooms(directory, owner_id):
            self.rooms[room.site_id, room.aliases.get(DIALECT, "").lower()] = room
        for device in await devices.list_devices(directory, owner_id):
            self.devices[device.aliases.get(DIALECT, "").lower()] = device
        for schedule in await schedules.list_schedules(directory, owner_id):
            self.schedules[schedule.site_id, schedule.aliases.get(DIALECT, "").lower()] = schedule

    def room_id(self, site_id: SiteId, wire_id: str) -> RoomId | None:
        room = self.rooms.get((site_id, address(wire_id) or ""))
        return None if room is None else room.id

    async def hear_site(self, wire_id: str, statement: Statement, place: Place = Place()) -> Site | None:
        """The home after hearing the statement, made when missing; None when it cannot be stored."""
        present = self.sites.get(wire_id)
        try:
            if present is None:
                new = derive_site(None, hear(_blank_site(self.owner_id), statement, self.source))
                site = await sites.create_site(
                    self.ports,
                    self.owner_id,
                    self.actor,
                    name=new.name,
                    time_zone=new.time_zone,
                    place=new.place if new.place != Place() else place,
                    given_aliases={DIALECT: wire_id},
                    settings=new.settings,
                    reports=new.reports,
                    kept=new.kept,
                )
            else:
                site = await sites.edit_site(
                    self.ports,
                    self.owner_id,
                    self.actor,
                    present.id,
                    lambda before: derive_site(before, hear(before, statement, self.source)),
                )
        except (Conflict, InvalidInput, NotFound) as error:
            self._refused("home", wire_id, error)
            return None
        self._count(self.report.sites, f"site {wire_id}", present, site)
        self.sites[wire_id] = site
        return site

    async def ensure_site(self, wire_id: str, *, name: str, time_zone: str, place: Place) -> Site | None:
        """The home that a station says it stands in; made from what the station says when missing."""
        present = self.sites.get(wire_id)
        try:
            if present is None:
                site = await sites.create_site(
                    self.ports,
                    self.owner_id,
                    self.actor,
                    name=name or UNNAMED_SITE,
                    time_zone=time_zone,
                    place=place,
                    given_aliases={DIALECT: wire_id},
                )
            else:
                site = await sites.edit_site(
                    self.ports,
                    self.owner_id,
                    self.actor,
                    present.id,
                    lambda before: _filled(before, name, time_zone, place),
                )
        except (Conflict, InvalidInput, NotFound) as error:
            self._refused("home", wire_id, error)
            return None
        self._count(self.report.sites, f"site {wire_id}", present, site)
        self.sites[wire_id] = site
        return site

    async def imply_site(self, *, name: str, time_zone: str, place: Place) -> Site:
        """A site for a station that belongs to no home."""
        site = await sites.create_site(
            self.ports,
            self.owner_id,
            self.actor,
            name=name or UNNAMED_SITE,
            time_zone=time_zone,
            place=place,
            settings={IMPLIED: True},
        )
        self._count(self.report.sites, f"site {site.id}", None, site)
        self.sites[site.id] = site
        return site

    async def hear_room(self, site: Site, wire_id: str, statement: Statement) -> Room | None:
        present = self.rooms.get((site.id, wire_id))
        try:
            if present is None:
                new = derive_room(None, hear(_blank_room(site.id, wire_id), statement, self.source))
                room = await sites.create_room(
                    self.ports,
                    self.owner_id,
                    self.actor,
                    site_id=site.id,
                    name=new.name,
                    kind=new.kind,
                    given_aliases={DIALECT: wire_id},
                    settings=new.settings,
                    reports=new.reports,
                    kept=new.kept,
                )
            else:
                room = await sites.edit_room(
                    self.ports,
                    self.owner_id,
                    self.actor,
                    present.id,
                    lambda before: derive_room(before, hear(before, statement, self.source)),
                )
        except (Conflict, InvalidInput, NotFound) as error:
            self._refused("room", wire_id, error)
            return None
        self._count(self.report.rooms, f"room {site.id}/{wire_id}", present, room)
        self.rooms[site.id, wire_id] = room
        return room

    async def hear_device(
        self, wire_id: str, statement: Statement, site_id: SiteId | None = None
    ) -> Device | None:
        """The device after hearing the statement, linked to its site, room and gateway."""
        present = self.devices.get(wire_id)
        try:
            if present is None:
                blank = _blank_device(self.owner_id, wire_id)
                new = self._place(None, derive_device(None, hear(blank, statement, self.source)), site_id)
                device = await devices.create_device(
                    self.ports,
                    self.owner_id,
                    self.actor,
                    vendor=VENDOR,
                    model=new.model,
                    vendor_id=wire_id,
                    name=new.name,
                    mac=wire_id if is_mac(wire_id) else "",
                    firmware=new.firmware,
                    site_id=new.site_id,
                    room_id=new.room_id,
                    parent_id=new.parent_id,
                    abilities=new.abilities,
                    given_aliases={DIALECT: wire_id},
                    settings=new.settings,
                    reports=new.reports,
                    kept=new.kept,
                )
            else:
                device = await devices.edit_device(
                    self.ports,
                    self.owner_id,
                    self.actor,
                    present.id,
                    lambda before: self._place(
                        before, derive_device(before, hear(before, statement, self.source)), site_id
                    ),
                )
        except (Conflict, InvalidInput, NotFound) as error:
            self._refused("device", wire_id, error)
            return None
        self._note_device(wire_id, present, device)
        return device

    async def ensure_device(self, wire_id: str, model: str) -> Device | None:
        """The device with the id; one that nothing was said about yet is made with only its model."""
        present = self.devices.get(wire_id)
        if present is not None:
            return present
        try:
            device = await devices.create_device(
                self.ports,
                self.owner_id,
                self.actor,
                vendor=VENDOR,
                model=model,
                vendor_id=wire_id,
                mac=wire_id if is_mac(wire_id) else "",
                given_aliases={DIALECT: wire_id},
            )
        except (Conflict, InvalidInput) as error:
            self._refused("device", wire_id, error)
            return None
        self._note_device(wire_id, None, device)
        return device

    async def hear_schedule(
        self, site: Site, wire_id: str, statement: Statement, timetable: Timetable
    ) -> None:
        present = self.schedules.get((site.id, wire_id))
        try:
            if present is None:
                blank = Schedule(id="", site_id=site.id, name="")
                new = _scheduled(blank, statement, timetable, self.source)
                schedule = await schedules.create_schedule(
                    self.ports,
                    self.owner_id,
                    self.actor,
                    site_id=site.id,
                    name=new.name,
                    kind=new.kind,
                    is_selected=new.is_selected,
                    entries=new.entries,
                    zones=new.zones,
                    given_aliases={DIALECT: wire_id},
                    settings=new.settings,
                    kept=new.kept,
                )
            else:
                schedule = await schedules.edit_schedule(
                    self.ports,
                    self.owner_id,
                    self.actor,
                    present.id,
                    lambda before: _scheduled(before, statement, timetable, self.source),
                )
        except (Conflict, InvalidInput, NotFound) as error:
            self._refused("schedule", wire_id, error)
            return
        self._count(self.report.schedules, f"schedule {site.id}/{wire_id}", present, schedule)
        self.schedules[site.id, wire_id] = schedule

    async def link(self) -> None:
        """Second look at where devices stand, for those whose room or gateway came after them.

        Then removes implied sites that their station has left for its home.
        """
        for wire_id, present in list(self.devices.items()):
            if present.vendor != VENDOR or self._place(None, present, present.site_id) == present:
                continue
            device = await devices.edit_device(
                self.ports,
                self.owner_id,
                self.actor,
                present.id,
                lambda before: self._place(None, before, before.site_id),
            )
            self._note_device(wire_id, present, device)
        inhabited = {device.site_id for device in self.devices.values()}
        left = {key for key, site in self.sites.items() if site.settings.get(IMPLIED)} - inhabited
        now_ms = self.ports.clock.now_ms()
        for key in left:
            await sites.edit_site(
                self.ports,
                self.owner_id,
                self.actor,
                key,
                lambda site: dataclasses.replace(site, deleted_ms=now_ms),
            )
            del self.sites[key]

    def devices_of(self, room: Room) -> list[Device]:
        return [device for device in self.devices.values() if device.room_id == room.id]

    def _place(self, before: Device | None, device: Device, site_id: SiteId | None) -> Device:
        """The device with its site, room and gateway as its reports name them, where those are known.

        `before` given, only what is missing or was said anew is set; None sets what is missing.
        """
        changes: dict[str, Any] = {}
        named = self.sites.get(address(report_of(device.reports, "site")) or "")
        home_id = site_id if named is None else named.id
        if home_id is not None and _is_open(before, device, "site", device.site_id, self._implied_ids()):
            changes["site_id"] = home_id
        home_id = changes.get("site_id", device.site_id)
        if home_id is not None and _is_open(before, device, "room", device.room_id):
            changes["room_id"] = self._room_of(home_id, device) or device.room_id
        gateway = self.devices.get(address(report_of(device.reports, "gateway")) or "")
        if gateway is not None and gateway.id != device.id:
            if _is_open(before, device, "gateway", device.parent_id):
                changes["parent_id"] = gateway.id
            is_adrift = home_id is None or (named is None and home_id in self._implied_ids())
            if is_adrift and gateway.site_id is not None:
                changes["site_id"] = gateway.site_id
        return dataclasses.replace(device, **changes)

    def _room_of(self, site_id: SiteId, device: Device) -> RoomId | None:
        """By the room that the device names, else the room that lists the device."""
        named = report_of(device.reports, "room")
        if named is not None:
            return self.room_id(site_id, named)
        own = device.aliases.get(DIALECT, device.vendor_id)
        for room in self.rooms.values():
            if room.site_id == site_id and own in _addresses(report_of(room.reports, "devices")):
                return room.id
        return None

    def _note_device(self, wire_id: str, present: Device | None, device: Device) -> None:
        self._count(self.report.devices, f"device {wire_id}", present, device)
        self.devices[wire_id] = device
        if device.room_id is not None and device != present:
            self.touched_rooms.add(device.room_id)

    def _implied_ids(self) -> set[str]:
        return {site.id for site in self.sites.values() if site.settings.get(IMPLIED)}

    def _count(self, tally: Tally, key: str, before: object | None, after: object) -> None:
        """Each thing counts once an import, as changed when any of its statements changed it."""
        has_changed = before is None or before != after
        if key not in self._heard:
            self._heard[key] = has_changed
            if before is None:
                tally.created += 1
            elif has_changed:
                tally.updated += 1
            else:
                tally.unchanged += 1
        elif has_changed and not self._heard[key]:
            self._heard[key] = True
            tally.unchanged -= 1
            tally.updated += 1

    def _refused(self, kind: str, wire_id: str, error: Exception) -> None:
        self.report.warn(f"{kind} {wire_id} left as it is: {error}")


def _is_open(
    before: Device | None, device: Device, report: str, present: str | None, weak: Iterable[str] = ()
) -> bool:
    """Whether a link may be set: it is missing, only implied, or the source says it anew."""
    if present is None or present in weak:
        return True
    now = report_of(device.reports, report)
    return before is not None and now is not None and now != report_of(before.reports, report)


def _addresses(listed: Any) -> set[str | None]:
    return {address(item) for item in listed} if isinstance(listed, list) else set()


def _scheduled(before: Schedule, statement: Statement, timetable: Timetable, source: str) -> Schedule:
    """The schedule after hearing the statement; its content is replaced whole or not at all."""
    heard = hear(before, statement, source)
    if heard is before:
        return before
    said = statement.settings
    return dataclasses.replace(
        heard,
        name=said.get("name", before.name),
        kind=said.get("kind", before.kind),
        is_selected=said.get("is_selected", False),
        entries=timetable.entries,
        zones=timetable.zones,
    )


def _filled(site: Site, name: str, time_zone: str, place: Place) -> Site:
    """A home that has been heard of only in passing, with what a station of it says."""
    changes: dict[str, Any] = {}
    if name and "name" not in site.reports and site.name == UNNAMED_SITE:
        changes["name"] = name
    if "time_zone" not in site.reports and site.time_zone == "UTC":
        changes["time_zone"] = time_zone
    if site.place == Place():
        changes["place"] = place
    return dataclasses.replace(site, **changes)


def _blank_site(owner_id: OwnerId) -> Site:
    return Site(id=SiteId(""), owner_id=owner_id, name=UNNAMED_SITE, number=0)


def _blank_room(site_id: SiteId, wire_id: str) -> Room:
    return Room(id=RoomId(""), site_id=site_id, name=f"Room {wire_id}", number=0)


def _blank_device(owner_id: OwnerId, wire_id: str) -> Device:
    return Device(
        id=DeviceId(""),
        number=DeviceNumber(0),
        owner_id=owner_id,
        vendor=VENDOR,
        model=UNKNOWN_MODEL,
        vendor_id=wire_id,
    )
