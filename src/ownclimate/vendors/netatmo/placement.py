"""Where devices stand: site, room and gateway, found by the ids that their source names."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.ids import RoomId, SiteId
from ownclimate.core.things import Device, Room, Schedule, Site
from ownclimate.vendors.netatmo.mapping import address, report_of
from ownclimate.vendors.netatmo.vocabulary import DIALECT

IMPLIED: Final = "is_implied"
"""Setting of a site that no source named: it stands in for the place of a station without a home."""


@dataclass(slots=True, kw_only=True)
class Known:
    """An owner's things by the vendor's ids for them, in lower case; rooms and schedules in their site."""

    sites: dict[str, Site] = field(default_factory=dict)
    rooms: dict[tuple[SiteId, str], Room] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    schedules: dict[tuple[SiteId, str], Schedule] = field(default_factory=dict)

    def room_id(self, site_id: SiteId, wire_id: str) -> RoomId | None:
        room = self.rooms.get((site_id, address(wire_id) or ""))
        return None if room is None else room.id

    def devices_in(self, room: Room) -> list[Device]:
        return [device for device in self.devices.values() if device.room_id == room.id]

    def implied_site_ids(self) -> set[str]:
        return {site.id for site in self.sites.values() if site.settings.get(IMPLIED)}


def placed(device: Device, known: Known, *, before: Device | None, site_id: SiteId | None) -> Device:
    """The device with its site, room and gateway as its reports name them, where those are known.

    `before` is the device before its latest statement: only what is missing or was said anew is then
    set, so that a move made here by hand stays. `site_id` is where the answer's home is.
    """
    changes: dict[str, Any] = {}
    implied = known.implied_site_ids()
    named = known.sites.get(address(report_of(device.reports, "site")) or "")
    home_id = site_id if named is None else named.id
    if home_id is not None and _is_open(before, device, "site", device.site_id, implied):
        changes["site_id"] = home_id
    home_id = changes.get("site_id", device.site_id)
    if home_id is not None and _is_open(before, device, "room", device.room_id):
        changes["room_id"] = _room_of(device, known, home_id) or device.room_id
    gateway = known.devices.get(address(report_of(device.reports, "gateway")) or "")
    if gateway is not None and gateway.id != device.id:
        if _is_open(before, device, "gateway", device.parent_id):
            changes["parent_id"] = gateway.id
        is_adrift = home_id is None or (named is None and home_id in implied)
        if is_adrift and gateway.site_id is not None:
            changes["site_id"] = gateway.site_id
    return dataclasses.replace(device, **changes)


def _is_open(
    before: Device | None, device: Device, report: str, present: str | None, weak: Iterable[str] = ()
) -> bool:
    """Whether a link may be set: it is missing, only implied, or the source says it anew."""
    if present is None or present in weak:
        return True
    now = report_of(device.reports, report)
    return before is not None and now is not None and now != report_of(before.reports, report)


def _room_of(device: Device, known: Known, site_id: SiteId) -> RoomId | None:
    """By the room that the device names, else the room that lists the device."""
    named = report_of(device.reports, "room")
    if named is not None:
        return known.room_id(site_id, named)
    own = device.aliases.get(DIALECT, device.vendor_id)
    for room in known.rooms.values():
        if room.site_id == site_id and own in _addresses(report_of(room.reports, "devices")):
            return room.id
    return None


def _addresses(listed: Any) -> set[str | None]:
    return {address(item) for item in listed} if isinstance(listed, list) else set()
