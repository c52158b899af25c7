"""What can be set on which product through setstate, and which order of ours each value is (§6.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core import orders
from ownclimate.core.things import Ability, Device
from ownclimate.vendors.netatmo import presented
from ownclimate.vendors.netatmo.words import flag, integer

Order = tuple[str, dict[str, Any]]
STOP, PREFERRED = -1, -2
CAMERAS: Final = frozenset({"NACamera", "NPC", "NOC", "NDB"})
WATCHERS: Final = CAMERAS | {"NIS"}
FLOODLIGHTS: Final = frozenset({"NOC"})
FANS: Final = frozenset({"NLLF"})


@dataclass(frozen=True, slots=True)
class Property:
    """`read` gives the value as the status shows it and its order; None for a value that is none."""

    is_on: Callable[[Device, str], bool]
    read: Callable[[Any], tuple[Any, Order] | None]


def property_of(name: str, device: Device) -> Property | None:
    """None when the device has no such property."""
    found = _PROPERTIES.get(name)
    code = presented.product_code(device) or ""
    return found if found is not None and found.is_on(device, code) else None


def _able(ability: Ability) -> Callable[[Device, str], bool]:
    return lambda device, code: ability in device.abilities


def _one_of(codes: frozenset[str]) -> Callable[[Device, str], bool]:
    return lambda device, code: code in codes


def _switch(value: Any) -> tuple[Any, Order] | None:
    is_on = flag(value)
    return None if is_on is None else (is_on, (orders.SET_RELAY, {"is_on": is_on}))


def _brightness(value: Any) -> tuple[Any, Order] | None:
    percent = integer(value)
    if percent == STOP:
        return None, (orders.SET_BRIGHTNESS, {"move": "stop"})
    if percent is None or not 0 <= percent <= 100:
        return None
    return percent, (orders.SET_BRIGHTNESS, {"brightness_pct": percent})


def _position(value: Any) -> tuple[Any, Order] | None:
    percent = integer(value)
    moves = {STOP: "stop", PREFERRED: "preferred"}
    if percent in moves:
        return None, (orders.SET_POSITION, {"move": moves[percent]})
    if percent is None or not 0 <= percent <= 100:
        return None
    return percent, (orders.SET_POSITION, {"position_pct": percent})


def _fan(value: Any) -> tuple[Any, Order] | None:
    speed = integer(value)
    return (speed, (orders.SET_FAN, {"speed": speed})) if speed in (1, 2) else None


def _monitoring(value: Any) -> tuple[Any, Order] | None:
    is_on = {"on": True, "off": False}.get(value) if isinstance(value, str) else None
    return None if is_on is None else (value, (orders.SET_MONITORING, {"is_on": is_on}))


def _floodlight(value: Any) -> tuple[Any, Order] | None:
    return (value, (orders.SET_FLOODLIGHT, {"mode": value})) if value in ("on", "off", "auto") else None


_PROPERTIES: Final[Mapping[str, Property]] = {
    "on": Property(_able(Ability.RELAY), _switch),
    "brightness": Property(_able(Ability.DIMMER), _brightness),
    "target_position": Property(_able(Ability.COVER), _position),
    "fan_speed": Property(_one_of(FANS), _fan),
    "monitoring": Property(_one_of(WATCHERS), _monitoring),
    "floodlight": Property(_one_of(FLOODLIGHTS), _floodlight),
}
"""The siren is not among them: the vendor's public host refuses it, and only its own apps set it."""
