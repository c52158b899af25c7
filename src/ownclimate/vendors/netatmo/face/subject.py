"""Whose history is asked for: the caller's own device, or one that its owner shows to everyone."""

from __future__ import annotations

from dataclasses import dataclass

from ownclimate.core.access import Permission
from ownclimate.core.devices import find_device_by_alias
from ownclimate.core.errors import Forbidden, InvalidInput, NotFound
from ownclimate.core.members import load_owner
from ownclimate.core.publishing import find_public
from ownclimate.core.sites import get_site
from ownclimate.core.things import Ability, Device, Site
from ownclimate.vendors.netatmo import presented, vocabulary
from ownclimate.vendors.netatmo.face.parameters import is_wire_id
from ownclimate.vendors.netatmo.face.public import OUTDOORS
from ownclimate.vendors.netatmo.vocabulary import DIALECT
from ownclimate.web.call import Call

PUBLIC_OF_STATION = frozenset({Ability.PRESSURE})
"""What of a public station itself is no indoor value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A device with what may be told of it, and the zone of its days."""

    device: Device
    abilities: frozenset[Ability]
    zone: str


async def find_subject(call: Call, gateway_id: str, module_id: str | None) -> Subject:
    """The module behind the gateway, or the device itself without one; ids as `wire_id` gives them.

    Raises NotFound for what is not the caller's and not public, InvalidInput for what is no id at all,
    Forbidden for a device of the caller's whose scope was not granted.
    """
    own = await _own(call, gateway_id, module_id)
    if own is not None:
        device, site = own
        try:
            call.require(Permission.DEVICE_READ, presented.read_scope(device))
        except Forbidden:
            shared = await _public(call, gateway_id, module_id)
            if shared is None:
                raise
            return shared
        return Subject(device=device, abilities=device.abilities, zone=_zone(site))
    shared = await _public(call, gateway_id, module_id)
    if shared is None:
        raise _nothing_at(gateway_id, module_id)
    return shared


async def _own(call: Call, gateway_id: str, module_id: str | None) -> tuple[Device, Site | None] | None:
    owner_id, directory = call.access.owner_id, call.ports.directory
    device = await find_device_by_alias(directory, owner_id, DIALECT, module_id or gateway_id)
    if device is None or not call.access.reaches(device.site_id):
        return None
    latest = (await call.ports.series.latest([device.number])).get(device.number, {})
    device = presented.with_measured(device, latest)
    if presented.product_code(device) is None:
        return None
    site = await _site_of(call, device)
    if module_id is None:
        return device, site
    gateway = await find_device_by_alias(directory, owner_id, DIALECT, gateway_id)
    parent = gateway if gateway is not None and gateway.id == device.parent_id else None
    if gateway_id in presented.gateway_ids(device, parent, site):
        return device, site
    return (device, site) if await _is_nowhere(call, device, site, gateway_id) else None


async def _is_nowhere(call: Call, device: Device, site: Site | None, gateway_id: str) -> bool:
    """Whether the gateway is the one of sensors that stand in no home, and the device one of them."""
    role = presented.role(device)
    if site is not None or not role:
        return False
    owner = await load_owner(call.ports.directory, call.access.owner_id)
    return owner is not None and gateway_id == presented.virtual_id_of_nowhere(owner, role)


async def _public(call: Call, gateway_id: str, module_id: str | None) -> Subject | None:
    """The public station, or an outdoor module of one, whoever's it is."""
    directory = call.ports.directory
    found = await find_public(directory, gateway_id)
    if found is None or presented.product_code(found.device) != vocabulary.STATION:
        return None
    station, zone = found.device, _zone(found.site)
    if module_id is None or module_id == gateway_id:
        return Subject(device=station, abilities=station.abilities & PUBLIC_OF_STATION, zone=zone)
    module = await find_device_by_alias(directory, station.owner_id, DIALECT, module_id)
    if module is None or module.parent_id != station.id or presented.product_code(module) not in OUTDOORS:
        return None
    return Subject(device=module, abilities=module.abilities, zone=zone)


async def _site_of(call: Call, device: Device) -> Site | None:
    if device.site_id is None:
        return None
    try:
        return await get_site(call.ports.directory, call.access.owner_id, device.site_id)
    except NotFound:
        return None


def _zone(site: Site | None) -> str:
    return "UTC" if site is None else site.time_zone


def _nothing_at(gateway_id: str, module_id: str | None) -> InvalidInput | NotFound:
    """Why nothing was found: what cannot be an id at all is told apart."""
    for name, given in (("device_id", gateway_id), ("module_id", module_id)):
        if given is not None and not is_wire_id(given):
            return InvalidInput(name, "is no MAC address")
    return NotFound("device")
