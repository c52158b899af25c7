"""The front page: for visitors what this is, for people their sites, rooms and devices as of now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ownclimate.core.devices import list_devices
from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.readings import LatestValue
from ownclimate.core.sites import list_rooms, list_sites
from ownclimate.core.things import Device, Room, Site, SiteKind
from ownclimate.portal.pages.consent import AUTHORIZE
from ownclimate.portal.pages.source_views import silences
from ownclimate.portal.routes import Need, Route
from ownclimate.portal.visits import Answer, Page, Redirect, Visit
from ownclimate.portal.words import quantity_name, value_text

LEADING = ("temperature_c", "setpoint_c", "humidity_pct", "co2_ppm", "power_w", "rain_mm", "wind_speed_kmh")
"""Shown large, the first two that a device has."""
HIDDEN = frozenset({"rssi_dbm", "snr_db", "voltage_v", "current_a", "battery_v"})
"""About the device rather than about the room; the history has them."""
LATE_AFTER_MS = 3 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDevice:
    """`at_ms` is when its newest value was measured, 0 when there is none."""

    id: str
    name: str
    model: str
    leading: tuple[Value, ...]
    others: tuple[Value, ...]
    at_ms: int
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRoom:
    name: str
    devices: tuple[ShownDevice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSite:
    name: str
    about: str
    rooms: tuple[ShownRoom, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    template: ClassVar[str] = "home.html"
    title: str
    sites: tuple[ShownSite, ...]
    may_manage: bool
    silences: tuple[str, ...]
    """Of clouds that answer no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    template: ClassVar[str] = "welcome.html"
    title: str = "Your climate data, at home"


async def show_home(visit: Visit) -> Answer:
    if "client_id" in visit.query:
        # The vendor's sign-in host serves its authorize page at its root.
        return Redirect(to=f"{AUTHORIZE}?{visit.query_text}")
    if visit.signed_in is None:
        return Page(view=Welcome())
    directory, owner_id = visit.ports.directory, visit.owner_id
    devices = sorted(await list_devices(directory, owner_id), key=_in_order)
    latest = await visit.ports.series.latest([device.number for device in devices])
    shown = {str(d.id): _shown_device(d, latest.get(d.number, {}), visit.now_ms) for d in devices}
    sites = sorted(await list_sites(directory, owner_id), key=_in_order)
    rooms = sorted(await list_rooms(directory, owner_id), key=_in_order)
    known = {site.id for site in sites}
    groups = [_shown_site(site, rooms, [d for d in devices if d.site_id == site.id], shown) for site in sites]
    placeless = tuple(shown[d.id] for d in devices if d.site_id not in known)
    if placeless:
        groups.append(
            ShownSite(name="Not in a site yet", about="", rooms=(ShownRoom(name="", devices=placeless),))
        )
    view = Home(
        title=_title(visit),
        sites=tuple(groups),
        may_manage=visit.household.role.value == "owner",
        silences=await silences(visit),
    )
    return Page(view=view)


def _in_order(thing: Site | Room | Device) -> int:
    """Numbers are given as things are made; ids of one second are in no order."""
    return thing.number


def _title(visit: Visit) -> str:
    """The household's name; one that nobody named yet bears its founder's e-mail, which says nothing."""
    name = visit.household.owner.name
    return "Sites and devices" if "@" in name else name


def _shown_site(
    site: Site, rooms: Sequence[Room], devices: Sequence[Device], shown: Mapping[str, ShownDevice]
) -> ShownSite:
    groups = []
    own = [room for room in rooms if room.site_id == site.id]
    for room in own:
        inside = tuple(shown[d.id] for d in devices if d.room_id == room.id)
        if inside:
            groups.append(ShownRoom(name=room.name, devices=inside))
    room_ids = {room.id for room in own}
    elsewhere = tuple(shown[d.id] for d in devices if d.room_id not in room_ids)
    if elsewhere:
        groups.append(ShownRoom(name="Elsewhere" if groups else "", devices=elsewhere))
    about = [
        "Building" if site.kind is SiteKind.BUILDING else "Home",
        ", ".join(part for part in (site.place.city, site.place.country) if part),
        f"{len(devices)} device{'' if len(devices) == 1 else 's'}",
    ]
    return ShownSite(name=site.name, about=" · ".join(part for part in about if part), rooms=tuple(groups))


def device_name(device: Device) -> str:
    return device.name or device.serial or device.vendor_id


def device_words(device: Device) -> str:
    """Maker and model; some models begin with their maker's name."""
    model = device.model.removeprefix(f"{device.vendor}_")
    return f"{device.vendor} {model.replace('_', ' ')}".strip()


def _shown_device(device: Device, latest: Mapping[str, LatestValue], now_ms: int) -> ShownDevice:
    names = [name for name in (*LEADING, *QUANTITIES) if name in latest and name not in HIDDEN]
    ordered = list(dict.fromkeys(names))
    values = [Value(name=quantity_name(name), text=value_text(name, latest[name].value)) for name in ordered]
    at_ms = max((value.at_ms for value in latest.values()), default=0)
    late_after_ms = max(LATE_AFTER_MS, 3 * device.keepalive_s * 1000)
    lead = min(2, sum(name in LEADING for name in ordered))
    return ShownDevice(
        id=device.id,
        name=device_name(device),
        model=device_words(device),
        leading=tuple(values[:lead]),
        others=tuple(values[lead:]),
        at_ms=at_ms,
        is_late=bool(at_ms) and now_ms - at_ms > late_after_ms,
    )


ROUTES = (Route(path="/", show=show_home, need=Need.NOBODY),)
