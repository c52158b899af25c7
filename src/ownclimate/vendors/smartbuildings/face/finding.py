"""The caller's buildings and thermostats. What is another company's, or no building, looks absent."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from ownclimate.core import linking
from ownclimate.core.aliases import SITE, SMARTBUILDINGS
from ownclimate.core.devices import find_device_by_alias, list_devices
from ownclimate.core.errors import NotFound
from ownclimate.core.ids import SiteId
from ownclimate.core.programmes import is_run_elsewhere, list_clouds
from ownclimate.core.sites import find_by_alias, get_site, list_sites
from ownclimate.core.things import Device, Site, SiteKind
from ownclimate.vendors.smartbuildings.vocabulary import THERMOSTAT_ABILITIES
from ownclimate.web.call import Call

THERMOSTAT = "thermostat"
BUILDING = "building"


async def building_of(call: Call, building_id: str) -> Site:
    """The building under its id here. Raises NotFound for a home, too: a home is not in this dialect."""
    directory, owner_id = call.ports.directory, call.access.owner_id
    site_id = await find_by_alias(directory, owner_id, SMARTBUILDINGS, SITE, building_id)
    if site_id is None:
        raise NotFound(BUILDING)
    return await reached_building(call, site_id)


async def reached_building(call: Call, site_id: str) -> Site:
    """The building under our own id, as `building_of`."""
    access = call.access
    try:
        site = await get_site(call.ports.directory, access.owner_id, site_id)
    except NotFound:
        raise NotFound(BUILDING) from None
    if site.kind is not SiteKind.BUILDING or not access.reaches(site.id):
        raise NotFound(BUILDING)
    return site


async def buildings_of(call: Call) -> list[Site]:
    """Every building that the token reaches, in the order in which they came here."""
    access = call.access
    sites = await list_sites(call.ports.directory, access.owner_id)
    found = [site for site in sites if site.kind is SiteKind.BUILDING and access.reaches(site.id)]
    return sorted(found, key=lambda site: site.number)


async def thermostat_of(call: Call, thermostat_id: str) -> tuple[Device, Site]:
    """Raises NotFound also for another owner's, for what has no set-point and for what stands in a home."""
    directory, access = call.ports.directory, call.access
    device = await find_device_by_alias(directory, access.owner_id, SMARTBUILDINGS, thermostat_id)
    if device is None or device.site_id is None or not is_thermostat(device):
        raise NotFound(THERMOSTAT)
    try:
        return device, await reached_building(call, device.site_id)
    except NotFound:
        raise NotFound(THERMOSTAT) from None


async def thermostats_in(call: Call, buildings: Sequence[Site]) -> list[Device]:
    """The thermostats of the buildings, in the order in which they came here."""
    wanted: set[SiteId] = {site.id for site in buildings}
    devices = await list_devices(call.ports.directory, call.access.owner_id)
    found = [device for device in devices if device.site_id in wanted and is_thermostat(device)]
    return sorted(found, key=lambda device: device.number)


async def sensors_of(call: Call, thermostat: Device) -> list[Device]:
    """What speaks through the thermostat, in the order in which it came here."""
    devices = await list_devices(call.ports.directory, thermostat.owner_id)
    found = [device for device in devices if device.parent_id == thermostat.id]
    return sorted(found, key=lambda device: device.number)


async def runs_elsewhere(call: Call, device: Device) -> bool:
    """Whether the vendor's cloud runs the thermostat's programme: then it is told what to do in its own
    words, and tells what it does. What other clouds run is told through its room."""
    if not device.link:
        return False
    clouds = await list_clouds(call.ports.directory, device.owner_id)
    own = [key for key, source in clouds.items() if source.kind == linking.SMARTBUILDINGS]
    return is_run_elsewhere(device, own)


def is_thermostat(device: Device) -> bool:
    return not device.abilities.isdisjoint(THERMOSTAT_ABILITIES)


def building_id(site: Site) -> str:
    return site.aliases[SMARTBUILDINGS]


def thermostat_id(device: Device) -> str:
    return device.aliases[SMARTBUILDINGS]


def location(call: Call, *segments: str) -> str:
    """The absolute address of a resource."""
    return "/".join((call.public_url, "api/v1", *(quote(segment, safe="") for segment in segments)))
