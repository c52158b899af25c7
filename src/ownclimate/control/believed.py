"""What devices say of themselves counts where a cloud runs their programme and knows no rooms.

Such a cloud says nothing of a room that would take back what was chosen for it here. When it goes on with its
own programme, its devices tell; then the room shows what they hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ownclimate.core.climate import (
    ABILITIES,
    SETPOINT_QUANTITIES,
    Channel,
    Climate,
    is_followed,
    setpoint_of,
)
from ownclimate.core.commands import list_pending
from ownclimate.core.followers import ROUNDING_C
from ownclimate.core.ids import OwnerId
from ownclimate.core.operate import leave_setpoint
from ownclimate.core.ports import Ports
from ownclimate.core.programmes import BY_ROOM, Clouds, is_run_elsewhere
from ownclimate.core.things import Device, Room
from ownclimate.core.writes import BY_CLOUD


async def believe(ports: Ports, owner_id: OwnerId, climates: Iterable[Climate], clouds: Clouds) -> bool:
    """Whether a room was found whose devices hold something else by now than it shows; it shows that now.

    Devices that an order is on its way to are waited for.
    """
    rooms = list(_run_by_devices(climates, clouds)) if clouds else []
    if not rooms:
        return False
    pending = {command.device_id for command in await list_pending(ports, owner_id)}
    latest = await ports.series.latest([device.number for *_, devices in rooms for device in devices])
    is_any = False
    for room, channel, devices in rooms:
        setpoint = setpoint_of(room, channel)
        if setpoint is None or setpoint.temperature_c is None or any(d.id in pending for d in devices):
            continue
        said = [latest.get(device.number, {}).get(SETPOINT_QUANTITIES[channel]) for device in devices]
        since = [one.value for one in said if one is not None and one.at_ms > setpoint.since_ms]
        if since and all(abs(value - setpoint.temperature_c) > ROUNDING_C for value in since):
            await leave_setpoint(ports, owner_id, BY_CLOUD, room.site_id, room.id, channel)
            is_any = True
    return is_any


def _run_by_devices(
    climates: Iterable[Climate], clouds: Clouds
) -> Iterator[tuple[Room, Channel, Sequence[Device]]]:
    """Rooms that are ours to show a set-point of, all of whose devices such clouds run."""
    for climate in climates:
        for room in climate.rooms:
            for channel in SETPOINT_QUANTITIES:
                able = [d for d in climate.devices_in(room) if ABILITIES[channel] & d.abilities]
                if able and is_followed(room, channel) and all(_is_believed(d, clouds) for d in able):
                    yield room, channel, able


def _is_believed(device: Device, clouds: Clouds) -> bool:
    return is_run_elsewhere(device, clouds) and clouds[device.link["source"]].kind not in BY_ROOM
