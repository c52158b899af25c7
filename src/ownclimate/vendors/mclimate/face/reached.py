"""What the caller may see of schedules and who follows them: finding by number or serial, and by no more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from ownclimate.core.devices import list_devices
from ownclimate.core.errors import NotFound
from ownclimate.core.ids import DeviceId, SiteId
from ownclimate.core.routines import Profile, Routine, list_profiles, list_routines
from ownclimate.core.sites import list_sites
from ownclimate.core.things import Device, Site
from ownclimate.web.call import Call


class Numbered(Protocol):
    @property
    def number(self) -> int: ...


T = TypeVar("T", bound=Numbered)

CONTROLLER: Final = "controller"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The owner's devices, profiles and schedules, as far as the token reaches; in the order of making."""

    devices: dict[DeviceId, Device]
    sites: dict[SiteId, Site]
    profiles: list[Profile]
    routines: list[Routine]

    def device(self, given: int | str) -> Device:
        """The controller under a serial or any other id of its, or under its number. Raises NotFound."""
        try:
            return self.named(str(given))
        except NotFound:
            return by_number(self.devices.values(), given, CONTROLLER)

    def named(self, serial: str) -> Device:
        """The controller under a serial or any other id of its. Raises NotFound."""
        text = serial.lower()
        for device in self.devices.values():
            names = (device.id, device.vendor_id, *device.aliases.values())
            if any(name.lower() == text for name in names):
                return device
        raise NotFound(CONTROLLER)

    def zone_of(self, site_id: SiteId | None) -> str:
        """Empty where a thing stands nowhere."""
        site = None if site_id is None else self.sites.get(site_id)
        return "" if site is None else site.time_zone


async def reached(call: Call) -> Reached:
    directory, access = call.ports.directory, call.access
    devices = await list_devices(directory, access.owner_id)
    found = {device.id: device for device in devices if access.reaches(device.site_id)}
    sites = await list_sites(directory, access.owner_id)
    profiles = [p for p in await list_profiles(directory, access.owner_id) if access.reaches(p.site_id)]
    known = {profile.id for profile in profiles}
    routines = await list_routines(directory, access.owner_id)
    return Reached(
        devices=found,
        sites={site.id: site for site in sites if access.reaches(site.id)},
        profiles=profiles,
        routines=[r for r in routines if r.device_id in found or r.profile_id in known],
    )


def by_number(things: Iterable[T], given: int | str, kind: str) -> T:
    """Raises NotFound."""
    text = str(given)
    found = next((thing for thing in things if str(thing.number) == text), None)
    if found is None:
        raise NotFound(kind)
    return found
