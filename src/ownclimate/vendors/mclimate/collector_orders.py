"""Orders of ours in the words that the cloud takes, and what it shows of them afterwards.

The words are those of the vendor's own clients and documents, as the face knows them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.errors import Unsupported
from ownclimate.core.orders import (
    PROGRAMME_FIELDS,
    SET_AIR_CONDITIONER,
    SET_CHILD_LOCK,
    SET_COOLING_SETPOINT,
    SET_LIGHT,
    SET_POSITION,
    SET_RELAY,
    SET_SETPOINT,
    maker_of,
    maker_order,
)
from ownclimate.core.things import Command
from ownclimate.vendors.mclimate import vocabulary
from ownclimate.vendors.mclimate.codecs.orders import frame_for
from ownclimate.vendors.mclimate.codecs.table import ABILITIES as LORAWAN_TYPES
from ownclimate.vendors.mclimate.face.orders import foreign, lorawan
from ownclimate.vendors.mclimate.vocabulary import VENDOR

TARGET_COMMAND: Final = "set_motor_position"
"""A Vicki's target in whole degrees: so the vendor's own Node-RED node and Homebridge send it."""
_QUESTION: Final = "Get"
"""How commands begin that ask a device for what it then reports by itself sooner or later."""
_SAME_C: Final = 0.05
_WIFI_ORDERS: Final[Mapping[str, frozenset[str]]] = {
    vocabulary.MELISSA: frozenset({SET_AIR_CONDITIONER, SET_LIGHT}),
    vocabulary.BOBBIE: frozenset({SET_RELAY, SET_LIGHT}),
    **dict.fromkeys(vocabulary.PLUG_CODES, frozenset({SET_RELAY})),
    vocabulary.MAYA: frozenset(),
    vocabulary.MOM: frozenset(),
}
_RESERVED: Final = frozenset({"serial_number", "command", "executor"})
"""Members of the request itself: arguments of these names go within `command_params`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A command and its arguments as `provider/send` takes them."""

    command: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def body(self, serial: str, executor: str) -> dict[str, Any]:
        params = dict(self.params)
        if not _RESERVED.isdisjoint(params):
            params = {"command_params": params}
        return {**params, "serial_number": serial, "command": self.command, "executor": executor}


def request_of(type_name: str, firmware: str, command: Command) -> Request:
    """How the cloud is asked to carry the command out on a controller of that type.

    Raises Unsupported for what it has no word for, InvalidInput for what the device cannot follow.
    """
    name, fields = command.name, command.fields
    if type_name in LORAWAN_TYPES:
        return _lorawan_request(type_name, firmware, name, fields)
    maker = maker_of(name)
    if maker not in (None, VENDOR) or name in PROGRAMME_FIELDS:
        raise Unsupported(name, f"the cloud has no word for {name}")
    if maker is None and name not in _WIFI_ORDERS.get(type_name, {name}):
        raise Unsupported(name, f"the cloud has no word for {name} to a {type_name}")
    said = foreign.from_core(name, fields)
    return Request(command=said.command, params=said.params)


def is_shown(command: Command, values: Mapping[str, float], settings: Mapping[str, Any]) -> bool:
    """Whether what the device is said to be is what the command wanted; False where that says nothing."""
    shown = _SHOWN.get(command.name)
    return shown is not None and shown(command.fields, values, settings)


def _lorawan_request(type_name: str, firmware: str, name: str, fields: Mapping[str, Any]) -> Request:
    if maker_of(name) == VENDOR:
        # Not as the codec says it again: there keys are masked.
        return Request(command=lorawan.snake(name.removeprefix(maker_order(VENDOR, ""))), params=fields)
    frame = frame_for(type_name, name, fields, firmware=firmware)
    if frame is None:
        raise Unsupported(name, f"the cloud has no word for {name} to a {type_name}")
    steps = frame.params.get("commands") or [{"name": frame.name, "params": frame.params}]
    telling = [step for step in steps if not step["name"].startswith(_QUESTION)]
    if len(telling) != 1:
        raise Unsupported(name, f"{name} takes several commands, and the cloud is asked for one")
    (step,) = telling
    target = step["params"].get("targetTemperature")
    if type_name == vocabulary.VICKI and name == SET_SETPOINT and float(target).is_integer():
        return Request(command=TARGET_COMMAND, params={"position": int(target)})
    return Request(command=lorawan.snake(step["name"]), params=step["params"])


Fields = Mapping[str, Any]
Shown = Callable[[Fields, Mapping[str, float], Fields], bool]


def _temperature(quantity: str) -> Shown:
    """As it was ordered, or in whole degrees where the device knows no others."""

    def is_held(fields: Fields, values: Mapping[str, float], settings: Fields) -> bool:
        held = values.get(quantity, math.inf)
        wanted = float(fields["temperature_c"])
        return abs(held - wanted) <= _SAME_C or held == math.floor(wanted + 0.5)

    return is_held


_SHOWN: Final[Mapping[str, Shown]] = {
    SET_SETPOINT: _temperature("setpoint_c"),
    SET_COOLING_SETPOINT: _temperature("setpoint_cool_c"),
    SET_RELAY: lambda fields, values, settings: values.get("relay_on") == float(fields["is_on"]),
    SET_CHILD_LOCK: lambda fields, values, settings: settings.get("child_lock") is fields["is_on"],
    SET_POSITION: lambda fields, values, settings: (
        "position_pct" in fields and values.get("valve_pct") == fields["position_pct"]
    ),
}
