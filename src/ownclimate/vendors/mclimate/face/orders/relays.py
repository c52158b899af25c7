"""Commands of what switches: Bobbie at the water heater, the plug, and Shelly's relays (contract §9.3)."""

from __future__ import annotations

from typing import Any

from ownclimate.core.orders import SET_RELAY, maker_order
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate.face.orders import melissa
from ownclimate.vendors.mclimate.face.orders.order import (
    Order,
    Params,
    Said,
    refuse_others,
    switch,
    unknown_command,
    whole,
)
from ownclimate.vendors.mclimate.vocabulary import BOBBIE, VENDOR

SWITCH = "switch_on_off"
DEFAULT_STATE = "default_state"
BOBBIES = (SWITCH, DEFAULT_STATE, melissa.LIGHT_OFF, melissa.LIGHT_ON)

HIGHEST_POWER_W = 3680
"""16 A at 230 V."""
LONGEST_S = 86_400
_NUMBERS = {
    DEFAULT_STATE: ("state", 0, 2),
    "max_power": ("power", 0, HIGHEST_POWER_W),
    "auto_off": ("time", 0, LONGEST_S),
    "auto_on": ("time", 0, LONGEST_S),
}
"""By command its one argument and range. 0 W and 0 s switch the watching off."""
PLUGS = (SWITCH, *_NUMBERS)


def to_core(device: Device, command: str, params: Params) -> Order:
    known = BOBBIES if device.model == BOBBIE else PLUGS
    if command not in known:
        raise unknown_command(command, known)
    if command == SWITCH:
        return relay_order(params)
    if command in _NUMBERS:
        name, low, high = _NUMBERS[command]
        refuse_others(params, name)
        return Order(name=maker_order(VENDOR, command), fields={name: whole(params, name, low, high)})
    refuse_others(params)
    return melissa.light_order(command)


def relay_order(params: Params) -> Order:
    refuse_others(params, "state")
    return Order(name=SET_RELAY, fields={"is_on": switch(params, "state")})


def relay_said(fields: dict[str, Any]) -> Said:
    return Said(command=SWITCH, params={"state": "on" if fields["is_on"] else "off"})
