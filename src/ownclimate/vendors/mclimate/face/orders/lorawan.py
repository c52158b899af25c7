"""Commands of LoRaWAN devices, and of Vickis behind a gateway: the codec knows them (contract §9.4, §9.5).

What has a word in the core goes by it, so that every dialect sees it; the rest by the vendor's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ownclimate.core.errors import AppError, InvalidInput
from ownclimate.core.orders import (
    NEEDS,
    SET_CHILD_LOCK,
    SET_RELAY,
    SET_SETPOINT,
    maker_order,
)
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate.codecs import encode
from ownclimate.vendors.mclimate.codecs.downlinks import MASKED
from ownclimate.vendors.mclimate.codecs.orders import frame_for
from ownclimate.vendors.mclimate.face.orders.order import (
    Order,
    Params,
    Said,
    given,
    refuse_others,
    wording_of,
)
from ownclimate.vendors.mclimate.vocabulary import VENDOR

WRAPPED = "send_command_to_"
"""With the type at its end: one command for all, its name and parameters being arguments."""

_NEUTRAL = {
    "SetTargetTemperature": (SET_SETPOINT, "temperature_c", float),
    "SetTargetTemperaturePrecisely": (SET_SETPOINT, "temperature_c", float),
    "SetThermostatTarget": (SET_SETPOINT, "temperature_c", float),
    "SetRelayState": (SET_RELAY, "is_on", bool),
    "SetChildLock": (SET_CHILD_LOCK, "is_on", bool),
}
"""By the cloud's name: our order, its field, and the field's type. Each has one parameter."""


def to_core(device: Device, command: str, params: Params) -> Order:
    """Raises InvalidInput for an argument that the codec refuses, Unsupported for what the model or its
    firmware does not know."""
    name, arguments = _unwrapped(device, command, params)
    try:
        downlink = encode(device.model, name, arguments, firmware=device.firmware)
    except InvalidInput as error:
        # Some of the vendor's clients have a name of their own for the one argument of a command.
        if len(arguments) == 1 and error.field not in (*arguments, "command"):
            raise InvalidInput(next(iter(arguments)), error.reason) from error
        raise
    # A key is masked in what the codec shows; the device is to get it as it came.
    is_secret = MASKED in downlink.params.values()
    # Commands have several names here, and names of their own for arguments: the log shows those asked by.
    wording = {} if is_secret else wording_of(command, params)
    neutral = _NEUTRAL.get(downlink.name)
    if neutral is not None and len(downlink.params) == 1:
        order, field, kind = neutral
        if NEEDS.get(order) in (None, *device.abilities):
            (value,) = downlink.params.values()
            return Order(name=order, fields={field: kind(value)}, wording=wording)
    fields = dict(arguments) if is_secret else downlink.params
    return Order(name=maker_order(VENDOR, downlink.name), fields=fields, wording=wording)


def from_core(device: Device, name: str, fields: Mapping[str, Any]) -> Said | None:
    """What the device is sent, keys masked; None for an order that its frames have no word for."""
    try:
        frame = frame_for(device.model, name, fields, firmware=device.firmware)
    except AppError:
        return None
    if frame is None:
        return None
    return Said(command=snake(frame.name), params=dict(frame.params), cloud_name=frame.name)


def check_reach(device: Device, name: str, fields: Mapping[str, Any]) -> None:
    """Raises InvalidInput for values that no frame to the device can carry."""
    frame_for(device.model, name, fields, firmware=device.firmware)


def snake(name: str) -> str:
    """`SetTargetTemperature` as `set_target_temperature`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _unwrapped(device: Device, command: str, params: Params) -> tuple[str, Params]:
    """The command's name and its arguments, which may be gathered in `command_params`: there alone an
    argument can be called `command`, as that of SendCustomHexCommand is."""
    name: Any = command
    if command.startswith(WRAPPED):
        if command != f"{WRAPPED}{device.model}":
            raise InvalidInput("command", f"this device takes {WRAPPED}{device.model}")
        refuse_others(params, "command_name", "command_params")
        name = given(params, "command_name")
        if not isinstance(name, str):
            raise InvalidInput("command_name", "expected text")
    elif params.keys() != {"command_params"}:
        return command, params
    arguments = params.get("command_params") or {}
    if not isinstance(arguments, dict):
        raise InvalidInput("command_params", "expected an object")
    return name, arguments
