"""Which family of commands a device takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ownclimate.core.errors import InvalidInput
from ownclimate.core.orders import SET_AIR_CONDITIONER
from ownclimate.core.things import Command, Device
from ownclimate.vendors.mclimate import vocabulary
from ownclimate.vendors.mclimate.codecs.table import ABILITIES as LORAWAN_TYPES
from ownclimate.vendors.mclimate.face.orders import foreign, lorawan, melissa, relays
from ownclimate.vendors.mclimate.face.orders.order import Order, Params, Said

_WIFI: dict[str, Callable[[Device, str, Params], Order]] = {
    vocabulary.MELISSA: melissa.to_core,
    vocabulary.BOBBIE: relays.to_core,
    **dict.fromkeys(vocabulary.PLUG_CODES, relays.to_core),
}


def to_core(device: Device, command: str, params: Params) -> Order:
    """The order that a command means. Raises InvalidInput naming what is wrong with it, Unsupported for
    what the device's model or firmware does not know."""
    if is_asleep(device):
        return lorawan.to_core(device, command, params)
    if device.vendor != vocabulary.VENDOR:
        return foreign.to_core(device, command, params)
    family = _WIFI.get(device.model)
    if family is None:
        raise InvalidInput("command", f"no command is known for a device of type {device.model}")
    return family(device, command, params)


def from_core(device: Device, command: Command) -> Said:
    """The command that an order is, in the vendor's words where it has some, else in ours."""
    said = lorawan.from_core(device, command.name, command.fields) if is_asleep(device) else None
    return foreign.from_core(command.name, command.fields) if said is None else said


def check_reach(device: Device, name: str, fields: Mapping[str, Any]) -> None:
    """Raises InvalidInput for values of a core's order that are beyond this very device."""
    if is_asleep(device):
        lorawan.check_reach(device, name, fields)
    elif name == SET_AIR_CONDITIONER:
        melissa.check_reach(device, fields)


def is_asleep(device: Device) -> bool:
    """Whether the device hears of a command only when it reports: its commands are queued, and answered so.

    A Vicki behind its gateway is one of these as well as those of LoRaWAN.
    """
    return device.vendor == vocabulary.VENDOR and device.model in LORAWAN_TYPES
