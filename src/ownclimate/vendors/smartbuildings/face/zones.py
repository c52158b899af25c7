"""A thermostat with the room whose climate it holds, and everything that decides what is wanted there."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

from ownclimate.core.climate import Channel, Climate, is_chosen
from ownclimate.core.climate_changes import load_climate
from ownclimate.core.devices import edit_device
from ownclimate.core.sites import create_room
from ownclimate.core.things import Device, Room, Site
from ownclimate.vendors.smartbuildings.face.equipment import is_resting
from ownclimate.vendors.smartbuildings.face.finding import is_thermostat, runs_elsewhere, thermostat_of
from ownclimate.web.call import Call

CHANNELS: Final = (Channel.HEATING, Channel.COOLING)
"""What this dialect knows set-points of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """`room` is None for a thermostat that nobody put into one: then only the device says what it holds.

    So it is as well with one whose programme a cloud runs (`is_elsewhere`), whatever room it stands in.
    """

    device: Device
    room: Room | None
    climate: Climate
    is_elsewhere: bool = False


async def zone_of(call: Call, thermostat_id: str) -> Zone:
    """Raises NotFound as `thermostat_of` does."""
    device, site = await thermostat_of(call, thermostat_id)
    climate = await load_climate(call.ports, device.owner_id, site.id)
    return _zone(device, climate, is_elsewhere=await runs_elsewhere(call, device))


async def zones_in(call: Call, site: Site) -> list[Zone]:
    """Every thermostat of the building, in the order in which they came here."""
    climate = await load_climate(call.ports, site.owner_id, site.id)
    return [
        _zone(device, climate, is_elsewhere=await runs_elsewhere(call, device))
        for device in sorted(climate.devices, key=lambda device: device.number)
        if is_thermostat(device)
    ]


async def room_of(call: Call, zone: Zone) -> Room:
    """The thermostat's room, made and named after it where it has none: what is wanted is kept by room."""
    if zone.room is not None:
        return zone.room
    device = zone.device
    room = await create_room(
        call.ports,
        device.owner_id,
        call.actor,
        site_id=zone.climate.site.id,
        name=device.name or device.vendor_id,
    )
    await edit_device(
        call.ports,
        device.owner_id,
        call.actor,
        device.id,
        lambda before: dataclasses.replace(before, room_id=before.room_id or room.id),
    )
    return room


def is_held(zone: Zone, channel: Channel) -> bool:
    """Whether somebody chose the room's set-point. A valve that is off is in a mode, which is no hold."""
    if zone.room is None or (channel is Channel.HEATING and is_resting(zone.device, zone.room)):
        return False
    return is_chosen(zone.room, channel)


def _zone(device: Device, climate: Climate, *, is_elsewhere: bool) -> Zone:
    room = next((room for room in climate.rooms if room.id == device.room_id), None)
    return Zone(device=device, room=room, climate=climate, is_elsewhere=is_elsewhere)
