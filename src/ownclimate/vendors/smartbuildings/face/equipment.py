"""What a thermostat's equipment can do, and the HVAC mode that it is in."""

from __future__ import annotations

from typing import Any, Final

from ownclimate.core.climate import Channel, setpoint_of
from ownclimate.core.things import Ability, Device, Room, SetpointMode
from ownclimate.vendors.smartbuildings import vocabulary as words

HEATS_ONLY: Final = frozenset({"heat", "off"})
BEST_FIRST: Final = ("auto", "heat", "cool", "off")
"""The mode of a thermostat that nobody set one for is the first of these that it can do."""


def supported_modes(device: Device) -> list[Any]:
    """What the equipment can do, in the wire's words and alphabetical order."""
    if modes := device.settings.get("hvac_modes"):
        return sorted(words.HVAC_MODES[mode] for mode in modes if mode in words.HVAC_MODES)
    can_heat = Ability.HEATING_SETPOINT in device.abilities
    can_cool = Ability.COOLING_SETPOINT in device.abilities
    modes = ["off", *(["heat"] if can_heat else []), *(["cool"] if can_cool else [])]
    return sorted([*modes, "auto"] if can_heat and can_cool else modes)


def has_own_mode(device: Device) -> bool:
    """Whether the device itself knows modes. A radiator valve does not: it is off while its room is."""
    return words.CLIMATE_MODE in device.settings or not HEATS_ONLY.issuperset(supported_modes(device))


def has_fan(device: Device) -> bool:
    """What only heats and never told of a fan has none."""
    return "fan_speed" in device.settings or has_own_mode(device)


def best_mode(device: Device) -> Any:
    supported = supported_modes(device)
    return next((mode for mode in BEST_FIRST if mode in supported), supported[0])


def hvac_mode_of(device: Device, room: Room | None) -> Any:
    """The mode that was last set, here or at the device, in the wire's words."""
    mode = device.settings.get(words.CLIMATE_MODE)
    if mode in words.HVAC_MODES:
        return words.HVAC_MODES[mode]
    return "off" if is_resting(device, room) else best_mode(device)


def is_resting(device: Device, room: Room | None) -> bool:
    """Whether a device without modes of its own is off by its room's being off."""
    heating = None if room is None else setpoint_of(room, Channel.HEATING)
    return heating is not None and heating.mode is SetpointMode.OFF and not has_own_mode(device)
