"""How a device is told what its room is to hold: which order a set-point is, by what the device can do."""

from __future__ import annotations

from typing import Any, Final

from ownclimate.core.climate import Channel, is_on_pilot_wire
from ownclimate.core.orders import (
    SET_AIR_CONDITIONER,
    SET_COOLING_SETPOINT,
    SET_PILOT_WIRE,
    SET_SETPOINT,
)
from ownclimate.core.things import Ability, Device, Setpoint

OFF_C: Final = 5.0
"""What a heater that is to be off is told to hold: it closes, and its pipes do not freeze."""
COOLING_OFF_C: Final = 35.0


def order_of(device: Device, channel: Channel, setpoint: Setpoint) -> tuple[str, dict[str, Any]] | None:
    """The order and its fields; None for a device that cannot follow the set-point."""
    abilities, wanted_c = device.abilities, setpoint.temperature_c
    if channel is Channel.HEATING:
        if setpoint.pilot_wire and is_on_pilot_wire(device):
            return SET_PILOT_WIRE, {"mode": setpoint.pilot_wire}
        if Ability.HEATING_SETPOINT in abilities and _is_meant(setpoint):
            return SET_SETPOINT, {"temperature_c": OFF_C if wanted_c is None else wanted_c}
        return None
    if Ability.AIR_CONDITIONING in abilities and _is_meant(setpoint):
        mode = "cool" if channel is Channel.COOLING else "auto"
        held_c = COOLING_OFF_C if wanted_c is None else wanted_c
        fields = {"is_on": wanted_c is not None, "mode": mode, "temperature_c": held_c, "fan": "auto"}
        return SET_AIR_CONDITIONER, fields
    if channel is Channel.COOLING and Ability.COOLING_SETPOINT in abilities and _is_meant(setpoint):
        return SET_COOLING_SETPOINT, {"temperature_c": COOLING_OFF_C if wanted_c is None else wanted_c}
    return None


def _is_meant(setpoint: Setpoint) -> bool:
    """A timetable that asks for nothing leaves a device as it is."""
    return setpoint.temperature_c is not None or setpoint.mode.value in ("off", "away")
