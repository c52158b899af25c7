"""The one way in which anybody tells a device to do something: a person, an app, a timetable.

A set-point that a person orders from one device becomes what is wanted in its room, for every dialect to
see and every other device of the room to follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ownclimate.core import orders
from ownclimate.core.climate import Channel, occurrence_of, setpoint_of
from ownclimate.core.commands import accept_command
from ownclimate.core.errors import Unsupported
from ownclimate.core.followers import Follower, asked, find_follower, keep_follower
from ownclimate.core.ids import OwnerId
from ownclimate.core.operate import hold_setpoint
from ownclimate.core.orders import MAY_END, NEEDS, PROGRAMME_FIELDS, UNTIL, check_order, life_ms, maker_of
from ownclimate.core.ports import Ports
from ownclimate.core.programmes import check_relayed, is_run_elsewhere, list_clouds
from ownclimate.core.things import Command, Device
from ownclimate.core.writes import Actor


async def give_order(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    device: Device,
    name: str,
    fields: Mapping[str, Any],
    *,
    executor: str = "",
    wording: Mapping[str, Any] | None = None,
    idempotency_key: str = "",
    hold_until_ms: int | None = None,
    is_of_room: bool = False,
) -> Command:
    """An accepted command on disk; who delivers it is told at once. `name` is one of `core.orders`.

    `is_of_room` tells that the room wants it already. Otherwise a set-point becomes the room's, until
    `hold_until_ms` (0 for ever, None as `operate.hold_setpoint` has it).
    Raises InvalidInput for an order of ours that cannot be meant so, Unsupported when the device cannot
    follow it or the order is another maker's; NotRelayed when its cloud is not told.
    A key given again within a day orders nothing more.
    """
    maker = maker_of(name)
    if maker is not None and maker != device.vendor:
        raise Unsupported(name, f"{name} is not an order for a device of {device.vendor or 'nobody'}")
    check_order(name, fields)
    needed = NEEDS.get(name)
    if needed is not None and needed not in device.abilities:
        raise Unsupported(needed.value, f"{device.name or device.vendor_id} cannot follow {name}")
    clouds = await list_clouds(ports.directory, owner_id) if device.link else {}
    check_relayed(device, clouds)
    if is_run_elsewhere(device, clouds):
        if hold_until_ms is not None and name in MAY_END:
            fields = {**fields, UNTIL: hold_until_ms}
    elif name in PROGRAMME_FIELDS:
        raise Unsupported(name, f"nobody else runs a programme of {device.name or device.vendor_id}")
    command = await accept_command(
        ports,
        owner_id,
        actor,
        device.id,
        name,
        fields,
        executor=executor,
        wording=wording,
        idempotency_key=idempotency_key,
        life_ms=life_ms(name, device),
    )
    wish = None if is_of_room else _wish(name, fields)
    if wish is not None:
        # After the command: if this is lost, what the device then says of itself does the same.
        await _hold(ports, owner_id, actor, device, *wish, hold_until_ms)
    return command


def _wish(name: str, fields: Mapping[str, Any]) -> tuple[Channel, float | None] | None:
    """The temperature (None: off) that an order asks for, where it asks for one."""
    match name:
        case orders.SET_SETPOINT:
            return Channel.HEATING, fields["temperature_c"]
        case orders.SET_COOLING_SETPOINT:
            return Channel.COOLING, fields["temperature_c"]
        case orders.SET_AIR_CONDITIONER if not fields["is_on"]:
            return Channel.COOLING, None
        case orders.SET_AIR_CONDITIONER if fields["mode"] == "cool":
            return Channel.COOLING, fields["temperature_c"]
    return None


async def _hold(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    device: Device,
    channel: Channel,
    temperature_c: float | None,
    until_ms: int | None,
) -> None:
    room = await hold_setpoint(ports, owner_id, actor, device, channel, temperature_c, until_ms)
    setpoint = None if room is None else setpoint_of(room, channel)
    if room is None or setpoint is None:
        return
    before = await find_follower(ports.directory, owner_id, device.id, channel) or Follower()
    after = asked(before, occurrence_of(room, channel, setpoint), temperature_c)
    await keep_follower(ports, owner_id, device.id, channel, after)
