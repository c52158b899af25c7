"""The core's orders as frames, and uplinks as proof that an order was followed.

What an order becomes depends on the model and on its firmware: where a version is not known, only what
every version understands is sent. Maker's own orders (`mclimate.SetKeepAlive`) are the commands by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from ownclimate.core import orders as core_orders
from ownclimate.core.errors import AppError, InvalidInput
from ownclimate.vendors.mclimate.codecs.commands import Product
from ownclimate.vendors.mclimate.codecs.downlinks import (
    DEFAULT_PORT,
    Downlink,
    Order,
    encode_all,
    read_downlink,
    version,
)
from ownclimate.vendors.mclimate.codecs.engine import Fields, decode_frame
from ownclimate.vendors.mclimate.codecs.fan_coil import MODES
from ownclimate.vendors.mclimate.codecs.models import product_of

VENDOR: Final = "mclimate"

Steps = list[tuple[str, Mapping[str, Any]]]
"""Commands by name with their parameters."""

Build = Callable[[Mapping[str, Any], str], Steps]
"""From an order's fields and the firmware to commands."""

TENTHS_SINCE: Final = {"vicki": "4.3", "wireless_thermostat": "1.4"}
"""From which firmware on a model takes tenths of a degree."""

FAN_COIL_MODES: Final = {"ventilation": "ventilation", "heat": "heating", "cool": "cooling"}
FASTEST_FAN: Final = 6

ALSO_SHOWN_AS: Final = {
    "fctOperationalMode": "operationalMode",
    "fanSpeed": "displayedFanSpeed",
}
"""Answers whose value the keep-alive has under another name."""

NEWEST: Final = "99"
"""Stands for a firmware that knows everything."""


def frame_for(
    model: str, order: str, fields: Mapping[str, Any], *, firmware: str = "", port: int = DEFAULT_PORT
) -> Downlink | None:
    """The frame that tells a device of the model one of the core's orders, or a maker's own one.

    None when the model knows nothing like it. Temperatures are rounded to what the firmware can take.
    Raises InvalidInput for fields that the device cannot follow; Unsupported for a model without a table
    and for a maker's own order that the firmware does not know.
    """
    steps = _steps(model, order, fields, firmware)
    return encode_all(model, steps, port=port, firmware=firmware) if steps else None


def confirms(
    model: str, order: str, fields: Mapping[str, Any], payload: bytes, *, firmware: str = ""
) -> bool:
    """Whether an uplink with this payload shows, by the device's own word, that it followed the order.

    False when it says otherwise, or nothing of it. Without `firmware` both ways are taken in which the
    order may have been sent. Never raises.
    """
    try:
        product = product_of(model)
        sent = {
            frame.payload
            for version in ((firmware,) if firmware else ("", NEWEST))
            if (frame := frame_for(model, order, fields, firmware=version)) is not None
        }
    except AppError:
        return False
    said = decode_frame(product.reading, payload).fields
    return any(_is_shown(product, read_downlink(model, frame), said) for frame in sent)


def _steps(model: str, order: str, fields: Mapping[str, Any], firmware: str) -> Steps:
    if core_orders.maker_of(order) == VENDOR:
        return [(order.removeprefix(core_orders.maker_order(VENDOR, "")), fields)]
    build = _BUILDS.get(model, {}).get(order)
    return build(fields, firmware) if build else []


def _is_shown(product: Product, orders: tuple[Order, ...], said: Fields) -> bool:
    """Whether the last order that shows at all is shown, and none before it is contradicted."""
    shown = [_shown(product, order, said) for order in orders]
    telling = [each for order, each in zip(orders, shown, strict=True) if _shows(order)]
    return bool(telling) and telling[-1] is True and False not in telling


def _shows(order: Order) -> bool:
    return order.command.answer is not None or order.command.shows is not None


def _shown(product: Product, order: Order, said: Fields) -> bool | None:
    """Whether the fields say what the order wanted; None when they say nothing of it."""
    command = order.command
    if command.shows is not None:
        try:
            return command.shows(order.values, said)
        except KeyError:
            return None
    if command.answer is None:
        return None
    wanted = product.reading.answers[command.answer].read(command.write(order.values)[1:])
    agree = [
        _agree(value, said[there])
        for name, value in wanted.items()
        for there in (name if name in said else ALSO_SHOWN_AS.get(name, name),)
        if there in said
    ]
    return all(agree) if agree else None


def _agree(wanted: Any, said: Any) -> bool:
    if isinstance(wanted, float) or isinstance(said, float):
        return isinstance(said, (int, float)) and math.isclose(wanted, said, abs_tol=1e-6)
    return bool(wanted == said)


def _setpoint(model: str, command: str = "SetTargetTemperature", name: str = "targetTemperature") -> Build:
    """The command that takes the target, rounded to tenths where the firmware is known to take them."""
    since = TENTHS_SINCE.get(model, "")

    def build(fields: Mapping[str, Any], firmware: str) -> Steps:
        takes_tenths = not since or (firmware and version(firmware) >= version(since))
        per = 10 if takes_tenths else 1
        return [(command, {name: math.floor(fields["temperature_c"] * per + 0.5) / per})]

    return build


def _switch(command: str, name: str, *, ask: str = "") -> Build:
    """A command that takes on or off, and the question whose answer shows it where nothing else does."""

    def build(fields: Mapping[str, Any], firmware: str) -> Steps:
        asked: Steps = [(ask, {})] if ask else []
        return [(command, {name: fields["is_on"]}), *asked]

    return build


def _vicki_position(fields: Mapping[str, Any], firmware: str) -> Steps:
    """The motor is the server's only in manual mode."""
    return [
        ("SetOperationalMode", {"mode": "manual"}),
        ("SetValveOpennessInPercentage", {"value": round(_position(fields))}),
    ]


def _vicki_mode(fields: Mapping[str, Any], firmware: str) -> Steps:
    """Back from manual mode, so that it heats by its target again."""
    if fields["mode"] not in ("heat", "auto"):
        return []
    return [("SetOperationalMode", {"mode": "automatic"}), ("GetOperationalMode", {})]


def _valve(fields: Mapping[str, Any], firmware: str) -> Steps:
    position = _position(fields)
    if position not in (0, 100):
        raise InvalidInput(
            "position_pct", "expected 0 (closed) or 100 (open): the valve knows no other place"
        )
    return [("SetValveState", {"state": "open" if position else "close"})]


def _position(fields: Mapping[str, Any]) -> float:
    if "position_pct" not in fields:
        raise InvalidInput("move", "expected position_pct: the device knows no movements")
    return float(fields["position_pct"])


def _fan_coil_mode(fields: Mapping[str, Any], firmware: str) -> Steps:
    if fields["mode"] == "off":
        return [("SetDeviceStatus", {"value": "off"})]
    mode = FAN_COIL_MODES.get(fields["mode"])
    if mode is None:
        raise InvalidInput("mode", f"expected one of off, {', '.join(FAN_COIL_MODES)}")
    return [("SetDeviceStatus", {"value": "on"}), ("SetFctOperationalMode", {"value": MODES.index(mode)})]


def _fan_coil_fan(fields: Mapping[str, Any], firmware: str) -> Steps:
    speed = 0 if fields["speed"] == "auto" else fields["speed"]
    if isinstance(speed, bool) or not isinstance(speed, int) or not 0 <= speed <= FASTEST_FAN:
        raise InvalidInput("speed", f"expected auto, or 1 to {FASTEST_FAN}")
    return [("SetFanSpeed", {"value": speed})]


def _keys_lock(fields: Mapping[str, Any], firmware: str) -> Steps:
    return [("SetKeysLock", {"value": "all" if fields["is_on"] else "none"}), ("GetKeysLock", {})]


_CHILD_LOCK = _switch("SetChildLock", "enabled", ask="GetChildLock")
_RELAY: dict[str, Build] = {
    core_orders.SET_RELAY: _switch("SetRelayState", "state"),
    core_orders.SET_LIGHT: _switch("SetLedIndicationMode", "mode", ask="GetLedIndicationMode"),
}

_BUILDS: Final[Mapping[str, Mapping[str, Build]]] = {
    "vicki": {
        core_orders.SET_SETPOINT: _setpoint("vicki"),
        core_orders.SET_CHILD_LOCK: _switch("SetChildLock", "enabled"),
        core_orders.SET_POSITION: _vicki_position,
        core_orders.SET_CLIMATE_MODE: _vicki_mode,
    },
    "wireless_thermostat": {
        core_orders.SET_SETPOINT: _setpoint("wireless_thermostat"),
        core_orders.SET_CHILD_LOCK: _CHILD_LOCK,
    },
    "fan_coil_thermostat": {
        core_orders.SET_SETPOINT: _setpoint("fan_coil_thermostat"),
        core_orders.SET_COOLING_SETPOINT: _setpoint("fan_coil_thermostat"),
        core_orders.SET_CLIMATE_MODE: _fan_coil_mode,
        core_orders.SET_FAN: _fan_coil_fan,
        core_orders.SET_CHILD_LOCK: _keys_lock,
    },
    "thermostat": {core_orders.SET_SETPOINT: _setpoint("thermostat", "SetThermostatTarget", "target")},
    "relay_16": _RELAY,
    "relay_16_dry": _RELAY,
    "dsk_device": {core_orders.SET_RELAY: _switch("SetVrvStatus", "status")},
    "t_valve": {
        core_orders.SET_POSITION: _valve,
        core_orders.SET_RELAY: _switch("SetValveState", "state"),
    },
    "co2_display": {core_orders.SET_CHILD_LOCK: _CHILD_LOCK},
    "co2_display_lite": {core_orders.SET_CHILD_LOCK: _CHILD_LOCK},
    "ht_display_lite": {core_orders.SET_CHILD_LOCK: _CHILD_LOCK},
}
"""By model and order the commands that carry it out."""
