"""An owner's homes as an import changes them: each statement is heard by its thing, and written.

Everything is loaded once. A thing is made when it is missing and written only when it changed. Where a
device stands is linked as soon as the other end is known, whichever of the two was heard of first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar

from ownclimate.core import devices, schedules, sites
from ownclimate.core.errors import Conflict, InvalidInput, NotFound
from ownclimate.core.ids import DeviceId, DeviceNumber, OwnerId, RoomId, SiteId
from ownclimate.core.ports import Ports
from ownclimate.core.things import Device, Room, Schedule, Site
from ownclimate.core.writes import Actor
from ownclimate.vendors.netatmo.mapping import (
    MAX_ID,
    UNNAMED_SITE,
    address,
    derive_device,
    derive_room,
    derive_site,
    is_mac,
    unnamed_room,
)
from ownclimate.vendors.netatmo.passing import Passing
from ownclimate.vendors.netatmo.placement import IMPLIED, Known, placed
from ownclimate.vendors.netatmo.report import ImportReport, Tally
from ownclimate.vendors.netatmo.statements import Statement, hear
from ownclimate.vendors.netatmo.vocabulary import DIALECT, UNKNOWN_MODEL, VENDOR
from ownclimate.vendors.netatmo.zones import Timetable

Thing = TypeVar("Thing", Site, Room, Device, Schedule)


@dataclass(slots=True, kw_only=True)
class Household:
    """`touched_rooms` are those that were heard of, or one of whose devices changed."""

    ports: Ports
    owner_id: OwnerId
    actor: Actor
    source: str
    report: ImportReport
    known: Known = field(default_factory=Known)
    touched_rooms: set[RoomId] = field(default_factory=set)
    _counted: dict[str, bool] = field(default_factory=dict)
    """Things counted in the report, and whether as changed."""

    async def load(self) -> None:
        directory, owner_id, known = self.ports.directory, self.owner_id, self.known
        for site in await sites.list_sites(directory, owner_id):
            known.sites[site.aliases.get(DIALECT, site.id).lower()] = site
        for room in await sites.list_rooms(directory, owner_id):
            known.rooms[room.site_id, room.aliases.get(DIALECT, "").lower()] = room
        for device in await devices.list_devices(directory, owner_id):
            known.devices[device.aliases.get(DIALECT, "").lower()] = device
        for schedule in await schedules.list_schedules(directory, owner_id):
            known.schedules[schedule.site_id, schedule.aliases.get(DIALECT, "").lower()] = schedule

    async def hear_site(self, wire_id: str, statement: Statement) -> Site | None:
        """The home after hearing the statement; None when it cannot be stored."""
        present = self.known.sites.get(wire_id)
        if present is None:
            blank = Site(id=SiteId(""), owner_id=self.owner_id, name=UNNAMED_SITE, number=0)
            new = derive_site(None, hear(blank, statement, self.source))
            written = self._create_site(wire_id, new)
        else:
            written = sites.edit_site(
                self.ports,
                self.owner_id,
                self.actor,
                present.id,
                lambda before: derive_site(before, hear(before, statement, self.source)),
            )
        return await self._note_site(wire_id, present, written)

    async def ensure_site(self, wire_id: str, passing: Passing) -> Site | None:
        """The home that a station says it stands in, with what the station says of it where nothing
        better is known."""
        present = self.known.sites.get(wire_id)
        if present is None:
            written = self._create_site(wire_id, passing.filled(passing.blank(self.owner_id)))
        else:
            written = sites.edit_site(self.ports, self.owner_id, self.actor, present.id, passing.filled)
        return await self._note_site(wire_id, present, written)

    async def imply_site(self, passing: Passing, present_id: SiteId | None) -> Site | None:
        """A site for a station that belongs to no home: the one that was made for it before, as the station
        describes it now, or a new one. A site that the station was put into is left as it is."""
        present = None if present_id is None else self.known.sites.get(present_id)
        if present_id is not None and (present is None or not present.settings.get(IMPLIED)):
            return present
        if present is not None:
            written = sites.edit_site(self.ports, self.owner_id, self.actor, present.id, passing.filled)
            return await self._note_site(present.id, present, written)
        new = passing.filled(passing.blank(self.owner_id))
        new = dataclasses.replace(new, settings={IMPLIED: True})
        site = await self._create_site(None, new)
        self._count(self.report.sites, f"site {site.id}", None, site)
        self.known.sites[site.id] = site
        return site

    async def hear_room(self, site: Site, wire_id: str, statement: Statement) -> Room | None:
        present = self.known.rooms.get((site.id, wire_id))
        if present is None:
            blank = Room(id=RoomId(""), site_id=site.id, name=unnamed_room(wire_id), number=0)
            new = derive_room(None, hear(blank, statement, self.source))
            written = sites.create_room(
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
            written = sites.edit_room(
                self.ports,
                self.owner_id,
                self.actor,
                present.id,
                lambda before: derive_room(before, hear(before, statement, self.source)),
            )
        room = await self._accepted("room", wire_id, written)
        if room is not None:
            self._count(self.report.rooms, f"room {site.id}/{wire_id}", present, room)
            self.known.rooms[site.id, wire_id] = room
        return room

    async def hear_device(
        self, wire_id: str, statement: Statement, site_id: SiteId | None = None
    ) -> Device | None:
        """The device after hearing the statement, linked to its site, room and gateway."""
        present = self.known.devices.get(wire_id)

        def heard(before: Device | None, device: Device) -> Device:
            told = derive_device(before, hear(device, statement, self.source))
            return placed(told, self.known, before=before, site_id=site_id)

        if present is None:
            written = self._create_device(wire_id, heard(None, self._blank_device(wire_id)))
        else:
            written = devices.edit_device(
                self.ports, self.owner_id, self.actor, present.id, lambda before: heard(before, before)
            )
        return await self._note_device(wire_id, present, written)

    async def find_or_make(self, text: str, model: str) -> Device | None:
        """The device under our id or any alias; one with a MAC that nothing is known about yet is made
        with only its model."""
        present = await devices.find_device(self.ports.directory, self.owner_id, text)
        if present is not None:
            return present
        wire_id = address(text)
        if wire_id is None or ":" not in wire_id:
            self.report.warn(f"there is no device {text[:MAX_ID]}")
            return None
        blank = dataclasses.replace(self._blank_device(wire_id), model=model)
        return await self._note_device(wire_id, None, self._create_device(wire_id, blank))

    async def put_behind(self, device: Device, gateway: Device) -> Device:
        """The device behind the gateway, unless something is known of where it stands."""

        def placed_behind(before: Device) -> Device:
            if before.parent_id is not None or before.id == gateway.id:
                return before
            site_id = before.site_id or gateway.site_id
            return dataclasses.replace(before, parent_id=gateway.id, site_id=site_id)

        written = devices.edit_device(self.ports, self.owner_id, self.actor, device.id, placed_behind)
        return await self._note_device(device.vendor_id, device, written) or device

    async def hear_schedule(
        self, site: Site, wire_id: str, statement: Statement, timetable: Timetable
    ) -> Schedule | None:
        present = self.known.schedules.get((site.id, wire_id))
        if present is None:
            blank = Schedule(id="", site_id=site.id, name="")
            new = _scheduled(blank, statement, timetable, self.source)
            written = schedules.create_schedule(
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
            written = schedules.edit_schedule(
                self.ports,
                self.owner_id,
                self.actor,
                present.id,
                lambda before: _scheduled(before, statement, timetable, self.source),
            )
        schedule = await self._accepted("schedule", wire_id, written)
        if schedule is not None:
            self._count(self.report.schedules, f"schedule {site.id}/{wire_id}", present, schedule)
            self.known.schedules[site.id, wire_id] = schedule
        return schedule

    async def link(self) -> None:
        """Second look at where devices stand, for those whose room or gateway came after them.

        Then removes implied sites that their station has left for its home.
        """

        def relinked(device: Device) -> Device:
            return placed(device, self.known, before=None, site_id=device.site_id)

        for wire_id, present in list(self.known.devices.items()):
            if present.vendor == VENDOR and relinked(present) != present:
                written = devices.edit_device(self.ports, self.owner_id, self.actor, present.id, relinked)
                await self._note_device(wire_id, present, written)
        inhabited = {device.site_id for device in self.known.devices.values()}
        now_ms = self.ports.clock.now_ms()
        for site_id in self.known.implied_site_ids() - inhabited:
            await sites.edit_site(
                self.ports,
                self.owner_id,
                self.actor,
                site_id,
                lambda site: dataclasses.replace(site, deleted_ms=now_ms),
            )
            del self.known.sites[site_id]

    def _create_site(self, wire_id: str | None, new: Site) -> Awaitable[Site]:
        return sites.create_site(
            self.ports,
            self.owner_id,
            self.actor,
            name=new.name,
            time_zone=new.time_zone,
            place=new.place,
            given_aliases=None if wire_id is None else {DIALECT: wire_id},
            settings=new.settings,
            reports=new.reports,
            kept=new.kept,
        )

    def _create_device(self, wire_id: str, new: Device) -> Awaitable[Device]:
        return devices.create_device(
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

    def _blank_device(self, wire_id: str) -> Device:
        return Device(
            id=DeviceId(""),
            number=DeviceNumber(0),
            owner_id=self.owner_id,
            vendor=VENDOR,
            model=UNKNOWN_MODEL,
            vendor_id=wire_id,
        )

    async def _note_site(self, wire_id: str, present: Site | None, written: Awaitable[Site]) -> Site | None:
        site = await self._accepted("home", wire_id, written)
        if site is not None:
            self._count(self.report.sites, f"site {wire_id}", present, site)
            self.known.sites[wire_id] = site
        return site

    async def _note_device(
        self, wire_id: str, present: Device | None, written: Awaitable[Device]
    ) -> Device | None:
        device = await self._accepted("device", wire_id, written)
        if device is None:
            return None
        self._count(self.report.devices, f"device {wire_id}", present, device)
        self.known.devices[wire_id] = device
        if device.room_id is not None and device != present:
            self.touched_rooms.add(device.room_id)
        return device

    async def _accepted(self, kind: str, wire_id: str, written: Awaitable[Thing]) -> Thing | None:
        """What was written; None, with a warning, for what cannot be: too large, or deleted here."""
        try:
            return await written
        except (Conflict, InvalidInput, NotFound) as error:
            self.report.warn(f"{kind} {wire_id} left as it is: {error}")
            return None

    def _count(self, tally: Tally, key: str, before: object | None, after: object) -> None:
        """Each thing counts once an import, as changed when any of its statements changed it."""
        has_changed = before is None or before != after
        if key not in self._counted:
            self._counted[key] = has_changed
            if before is None:
                tally.created += 1
            elif has_changed:
                tally.updated += 1
            else:
                tally.unchanged += 1
        elif has_changed and not self._counted[key]:
            self._counted[key] = True
            tally.unchanged -= 1
            tally.updated += 1


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
