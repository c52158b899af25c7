"""A bare target as an order to a device: what a number means depends on what the device can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.errors import InvalidInput, Unsupported
from ownclimate.core.orders import (
    SET_AIR_CONDITIONER,
    SET_COOLING_SETPOINT,
    SET_RELAY,
    SET_SETPOINT,
    check_order,
)
from ownclimate.core.things import Ability, Device

DEFAULT_AIR: Final[Mapping[str, Any]] = {"is_on": True, "mode": "auto", "temperature_c": 24, "fan": "auto"}
"""What an air conditioner is told of which nobody knows what it was told before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    name: str
    fields: Mapping[str, Any]


def holds_setpoint(device: Device) -> bool:
    """Whether the device itself keeps a temperature, and so has one to return to."""
    has_setpoint = {Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT} & device.abilities
    return bool(has_setpoint) and Ability.AIR_CONDITIONING not in device.abilities


def target_order(device: Device, target: float, air: Mapping[str, Any] = DEFAULT_AIR) -> Order:
    """The order that brings the device to the target. `air` is what an air conditioner was last told.

    Raises Unsupported when the device has no targets; InvalidInput naming `target` when it cannot have
    this one.
    """
    order = _target_order(device, target, air)
    try:
        check_order(order.name, order.fields)
    except InvalidInput as error:
        raise InvalidInput("target", error.reason) from error
    return order


def switch_order(device: Device, is_on: bool, air: Mapping[str, Any] = DEFAULT_AIR) -> Order:
    """The order that switches the device. Raises Unsupported when it cannot be."""
    if Ability.AIR_CONDITIONING in device.abilities:
        return Order(name=SET_AIR_CONDITIONER, fields={**air, "is_on": is_on})
    if Ability.RELAY in device.abilities:
        return Order(name=SET_RELAY, fields={"is_on": is_on})
    raise Unsupported(Ability.RELAY.value, f"{device.name or device.vendor_id} cannot be switched")


def _target_order(device: Device, target: float, air: Mapping[str, Any]) -> Order:
    if Ability.AIR_CONDITIONING in device.abilities:
        fields = {**air, "is_on": True, "temperature_c": target}
        return Order(name=SET_AIR_CONDITIONER, fields=fields)
    if Ability.HEATING_SETPOINT in device.abilities:
        return Order(name=SET_SETPOINT, fields={"temperature_c": target})
    if Ability.COOLING_SETPOINT in device.abilities:
        return Order(name=SET_COOLING_SETPOINT, fields={"temperature_c": target})
    if Ability.RELAY in device.abilities:
        if target not in (0, 1):
            raise InvalidInput("target", "expected 0 or 1 for a device that is switched")
        return Order(name=SET_RELAY, fields={"is_on": target == 1})
    raise Unsupported(Ability.RELAY.value, f"{device.name or device.vendor_id} has no target")
