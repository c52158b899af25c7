"""Where what a source said of a thing no longer holds, because it was changed here. Pure functions.

A name, room, gateway or home that was changed by hand differs from what follows from the source's own
words; the difference is found by comparing the two. What the source says of things that we do not know
is no difference: it is told as it was said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.ids import DeviceId, RoomId, SiteId
from ownclimate.core.things import Device, Place, Room, Site
from ownclimate.vendors.netatmo.mapping import address, clean_name, is_zone, report_of, unnamed_room
from ownclimate.vendors.netatmo.passing import NAME as PASSING_NAME
from ownclimate.vendors.netatmo.passing import ZONE as PASSING_ZONE
from ownclimate.vendors.netatmo.placement import IMPLIED
from ownclimate.vendors.netatmo.vocabulary import DIALECT

Changes = Mapping[str, Any]
"""By the names of reports: what to tell instead of what was said; None for nothing any more."""

NAMES: Final = ("name", "plain_name", "station_name")
"""Reports that a device takes its name from; the first that says one counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The things beside the one that is told of, by our ids."""

    sites: Mapping[SiteId, Site] = field(default_factory=dict)
    rooms: Mapping[RoomId, Room] = field(default_factory=dict)
    devices: Mapping[DeviceId, Device] = field(default_factory=dict)
    links: dict[DeviceId, Changes] = field(default_factory=dict, compare=False, repr=False)
    """Of its devices, where they are linked otherwise than said; filled as it is asked for."""

    @classmethod
    def of(cls, sites: Iterable[Site], rooms: Iterable[Room], devices: Iterable[Device]) -> Around:
        return cls(
            sites={site.id: site for site in sites},
            rooms={room.id: room for room in rooms},
            devices={device.id: device for device in devices},
        )


def device_changes(device: Device, around: Around) -> dict[str, Any]:
    changes = dict(_links(device, around))
    site = None if device.site_id is None else around.sites.get(device.site_id)
    if is_renamed(device):
        said = next((name for name in NAMES if report_of(device.reports, name)), "name")
        if said != "station_name":
            changes[said] = device.name
    if "station_name" not in device.reports:
        return changes
    home = report_of(device.reports, "site_name")
    if site is not None:
        is_moved = "site" in changes
        if is_moved:
            # What is not known of the new place is told of the old one.
            changes |= {told: value for told, value in _place(site).items() if value is not None}
        elif is_zone_changed(site):
            changes["time_zone"] = site.time_zone
        if home is not None and (is_moved or _is_called_otherwise(site, device)):
            changes["site_name"] = site.name
    name = _station_name(device, home, changes)
    if name != report_of(device.reports, "station_name"):
        changes["station_name"] = name
    return changes


def room_changes(room: Room, around: Around) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if (clean_name(report_of(room.reports, "name")) or unnamed_room(_wire(room) or "")) != room.name:
        changes["name"] = room.name
    moved = [d for d in around.devices.values() if "room" in _links(d, around)]
    for name in ("devices", "devices_again"):
        said = report_of(room.reports, name)
        if said is None and name != "devices":
            continue
        kept = [text for text in said or () if not _is_elsewhere(text, room, moved)]
        known = {address(text) for text in kept}
        added = [
            wire
            for device in moved
            if device.room_id == room.id and (wire := _wire(device)) is not None and wire not in known
        ]
        if added or kept != list(said or ()):
            changes[name] = [*kept, *added]
    return changes


def site_changes(site: Site) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if clean_name(report_of(site.reports, "name")) not in ("", site.name):
        changes["name"] = site.name
    if is_zone_changed(site):
        changes["time_zone"] = site.time_zone
    now = _place(site)
    for name in ("location", "altitude_m", "country"):
        said = report_of(site.reports, name)
        ours = clean_name(said) if isinstance(said, str) else said
        if said is not None and now.get(name) not in (None, ours):
            changes[name] = now[name]
    return changes


def is_renamed(device: Device) -> bool:
    """Whether its name is another than its sources say; one without any is named by whoever made it."""
    for name in NAMES:
        said = clean_name(report_of(device.reports, name))
        if said:
            return device.name != said
    return bool(device.name)


def is_zone_changed(site: Site) -> bool:
    """Whether the site's zone is another than its sources say."""
    said = report_of(site.reports, "time_zone") or report_of(site.reports, PASSING_ZONE)
    return is_zone(said) and site.time_zone != said


def _is_called_otherwise(site: Site, device: Device) -> bool:
    """Whether the site has another name than the station says: given here, or by the home itself since."""
    own, passing = site.reports.get("name"), report_of(site.reports, PASSING_NAME)
    said = device.reports["site_name"]
    if site.name == clean_name(said.value):
        return False
    if own is not None:
        return own.at_ms > said.at_ms or clean_name(own.value) != site.name
    return passing is not None and passing != site.name


def _links(device: Device, around: Around) -> Changes:
    """Room, gateway and home where they are others than the device's sources name."""
    if around.devices.get(device.id) is not device:
        return _linked(device, around)
    found = around.links.get(device.id)
    if found is None:
        found = around.links[device.id] = _linked(device, around)
    return found


def _linked(device: Device, around: Around) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    room = None if device.room_id is None else around.rooms.get(device.room_id)
    site = None if device.site_id is None else around.sites.get(device.site_id)
    gateway = None if device.parent_id is None else around.devices.get(device.parent_id)
    is_home = site is not None and not site.settings.get(IMPLIED)
    for name, now, others in (
        ("room", room, around.rooms.values()),
        ("gateway", gateway, around.devices.values()),
        ("site", site if is_home else None, around.sites.values()),
    ):
        said = address(report_of(device.reports, name))
        if now is None:
            if said is not None and any(_wire(other) == said for other in others):
                changes[name] = None
        elif said is None:
            if name == "gateway" or (name == "room" and not _lists(room, device)):
                changes[name] = now.aliases.get(DIALECT)
        elif _wire(now) != said:
            changes[name] = now.aliases.get(DIALECT)
    return changes


def _station_name(device: Device, home: Any, changes: Changes) -> Any:
    """What a station is called together with its home, in the form in which its source said it."""
    said, name = report_of(device.reports, "station_name"), report_of(device.reports, "name")
    now_name, now_home = changes.get("name", name), changes.get("site_name", home)
    forms = {f"{home} ({name})": f"{now_home} ({now_name})", name: now_name, home: now_home}
    if said in forms and said is not None:
        return forms[said]
    return device.name if name is None and is_renamed(device) else said


def _place(site: Site) -> dict[str, Any]:
    """Where a station stands, under the names of its reports; None for what is not known."""
    place: Place = site.place
    location = None
    if place.latitude is not None and place.longitude is not None:
        location = {"longitude": place.longitude, "latitude": place.latitude}
    return {
        "location": location,
        "altitude_m": _whole(place.altitude_m),
        "country": place.country or None,
        "city": place.city or None,
        "time_zone": site.time_zone,
    }


def _whole(value: float | None) -> float | int | None:
    return int(value) if value is not None and value.is_integer() else value


def _is_elsewhere(text: str, room: Room, moved: Iterable[Device]) -> bool:
    wire = address(text)
    return any(_wire(device) == wire and device.room_id != room.id for device in moved)


def _lists(room: Room | None, device: Device) -> bool:
    listed = None if room is None else report_of(room.reports, "devices")
    return _wire(device) in {address(text) for text in listed or ()}


def _wire(thing: Device | Room | Site) -> str | None:
    return address(thing.aliases.get(DIALECT))
