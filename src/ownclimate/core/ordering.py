"""The one way in which anybody tells a device to do something: a person, an app, a timetable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ownclimate.core.commands import accept_command
from ownclimate.core.errors import Unsupported
from ownclimate.core.ids import OwnerId
from ownclimate.core.orders import NEEDS, check_order, life_ms, maker_of
from ownclimate.core.ports import Ports
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
    idempotency_key: str = "",
) -> Command:
    """An accepted command on disk; who delivers it is told at once. `name` is one of `core.orders`.

    Raises InvalidInput for an order of ours that cannot be meant so, Unsupported when the device cannot
    follow it or the order is another maker's. A key given again within a day orders nothing more.
    """
    maker = maker_of(name)
    if maker is not None and maker != device.vendor:
        raise Unsupported(name, f"{name} is not an order for a device of {device.vendor or 'nobody'}")
    check_order(name, fields)
    needed = NEEDS.get(name)
    if needed is not None and needed not in device.abilities:
        raise Unsupported(needed.value, f"{device.name or device.vendor_id} cannot follow {name}")
    return await accept_command(
        ports,
        owner_id,
        actor,
        device.id,
        name,
        fields,
        executor=executor,
        idempotency_key=idempotency_key,
        life_ms=life_ms(name, device),
    )
