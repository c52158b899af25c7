"""Commands of other makers' devices: what has a word in the core, by what the device can do.

A thermostat takes a Vicki's words, an air-conditioner Melissa's, a switch Bobbie's. What the vendor has no
word for goes by our own name and fields, which is also how the log shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ownclimate.core.errors import InvalidInput
from ownclimate.core.orders import (
    SET_AIR_CONDITIONER,
    SET_BRIGHTNESS,
    SET_CLIMATE_MODE,
    SET_COOLING_SETPOINT,
    SET_FAN,
    SET_LIGHT,
    SET_PILOT_WIRE,
    SET_POSITION,
    SET_RELAY,
    SET_SETPOINT,
    check_order,
    maker_of,
)
from ownclimate.core.things import Ability, Device
from ownclimate.vendors.mclimate.face.orders import melissa, relays
from ownclimate.vendors.mclimate.face.orders.order import (
    Order,
    Params,
    Said,
    number,
    refuse_others,
    unknown_command,
)

SET_TARGET = "set_target_temperature"
SET_COOLING_TARGET = "set_cooling_target_temperature"
SET_MOTOR_POSITION = "set_motor_position"
"""Clients send a target under the name of the Vicki's motor."""
_TARGETS = {
    SET_TARGET: (SET_SETPOINT, "targetTemperature"),
    SET_MOTOR_POSITION: (SET_SETPOINT, "position"),
    SET_COOLING_TARGET: (SET_COOLING_SETPOINT, "targetTemperature"),
}


def to_core(device: Device, command: str, params: Params) -> Order:
    """Raises InvalidInput for a command that the device cannot follow, too."""
    if command not in commands(device):
        raise unknown_command(command, commands(device))
    if command in _TARGETS:
        name, argument = _TARGETS[command]
        refuse_others(params, argument)
        order = Order(name=name, fields={"temperature_c": number(params, argument)})
        try:
            check_order(order.name, order.fields)
        except InvalidInput as error:
            raise InvalidInput(argument, error.reason) from error
        return order
    if command == relays.SWITCH:
        return relays.relay_order(params)
    if command == melissa.SEND_IR_CODE:
        return melissa.air_order(device, params)
    check_order(command, params)
    return Order(name=command, fields=dict(params))


def commands(device: Device) -> tuple[str, ...]:
    """What may be sent to the device."""
    return tuple(name for name, abilities in _NEEDS_ONE.items() if not abilities.isdisjoint(device.abilities))


_CLIMATE = frozenset({Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT})
_NEEDS_ONE: Mapping[str, frozenset[Ability]] = {
    SET_TARGET: frozenset({Ability.HEATING_SETPOINT}),
    SET_MOTOR_POSITION: frozenset({Ability.HEATING_SETPOINT}),
    SET_COOLING_TARGET: frozenset({Ability.COOLING_SETPOINT}),
    relays.SWITCH: frozenset({Ability.RELAY}),
    melissa.SEND_IR_CODE: frozenset({Ability.AIR_CONDITIONING}),
    SET_CLIMATE_MODE: _CLIMATE,
    SET_FAN: _CLIMATE | {Ability.AIR_CONDITIONING},
    SET_PILOT_WIRE: frozenset({Ability.HEATING_SETPOINT}),
    SET_POSITION: frozenset({Ability.COVER, Ability.VALVE}),
    SET_BRIGHTNESS: frozenset({Ability.DIMMER}),
}
"""By command the abilities of which a device must have one."""


def from_core(name: str, fields: Mapping[str, Any]) -> Said:
    said = dict(fields)
    if maker_of(name) is not None:
        return Said(command=name.partition(".")[2], params=said)
    if name == SET_AIR_CONDITIONER:
        return melissa.air_said(said)
    if name == SET_RELAY:
        return relays.relay_said(said)
    if name == SET_LIGHT:
        return melissa.light_said(said)
    if name in (SET_SETPOINT, SET_COOLING_SETPOINT):
        command = SET_TARGET if name == SET_SETPOINT else SET_COOLING_TARGET
        return Said(command=command, params={"targetTemperature": said["temperature_c"]})
    return Said(command=name, params=said)
