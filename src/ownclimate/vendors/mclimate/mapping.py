"""From the core's devices and readings to MClimate's controllers and logs."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import UNSET, UnsetType

from ownclimate.core import aliases
from ownclimate.core.liveness import is_online
from ownclimate.core.readings import LatestValue
from ownclimate.core.things import Ability, Device
from ownclimate.vendors.mclimate import vocabulary, wire

Latest = Mapping[str, LatestValue]


def serial_of(device: Device) -> str:
    return device.aliases[aliases.MCLIMATE]


def controller_of(device: Device, *, user_number: int, room_number: int | None) -> wire.Controller:
    """What can be told of a controller without its readings."""
    own: dict[str, Any] = {name: get(device) for name, get in FROM_DEVICE.items()}
    return wire.Controller(user_id=user_number, room_id=room_number, **own)


def add_readings(controller: wire.Controller, device: Device, latest: Latest, now_ms: int) -> None:
    """Adds what follows from a device's last readings."""
    last_ms = max([known.at_ms for known in latest.values()]) if latest else None
    controller.online = is_online(device, last_ms, now_ms)
    controller.controller_log = [] if last_ms is None else log_of(device, latest, last_ms)


def relay_state_of(device: Device, latest: Latest) -> int | UnsetType:
    """1 or 0 for a device that is a relay, unset for others and as long as nothing is known."""
    is_relay = device.model in vocabulary.RELAY_TYPES or Ability.RELAY in device.abilities
    known = latest.get("relay_on")
    return UNSET if not is_relay or known is None else int(known.value >= 0.5)


def log_of(device: Device, latest: Latest, last_ms: int) -> dict[str, Any]:
    """The last reading under the type's names, with what a Vicki last said of its motor and lock."""
    log = written_log(device.model, {name: known.value for name, known in latest.items()}, last_ms)
    if device.model != vocabulary.VICKI:
        return log
    for name, ours in _VICKI_SAYS.items():
        if ours in device.reports:
            log[name] = device.reports[ours].value
    if "child_lock" in device.settings:
        log["childLock"] = device.settings["child_lock"]
    return log


_VICKI_SAYS = {"motorPosition": "motor_position_steps", "motorRange": "motor_range_steps"}


def written_log(type_name: str, values: Mapping[str, float], at_ms: int) -> dict[str, Any]:
    """One reading as the type writes it; its instant comes last, as the vendor has it."""
    log: dict[str, Any] = {}
    words = vocabulary.words_of(type_name)
    for quantity, value in values.items():
        word = words.get(quantity)
        if word is None:
            log[quantity] = vocabulary.plain(value)
        else:
            log[word.name] = word.write(value)
    if type_name == vocabulary.MELISSA:
        _add_raw_codes(log, values)
    log["created"] = instant(at_ms)
    return log


def last_command_of(device: Device, latest: Latest) -> wire.LastCommand | None:
    """What an AC was last told, as far as its readings tell; None for other devices.

    Clients of Melissa read it from the entity whether or not a command was ever sent through us.
    """
    if Ability.AIR_CONDITIONING not in device.abilities and device.model != vocabulary.MELISSA:
        return None
    is_on = {name: _is_on(latest, name) for name in ("cooling_on", "heating_on", "fan_on")}
    setpoint = latest.get("setpoint_cool_c") or latest.get("setpoint_c")
    mode = 3 if is_on["cooling_on"] else 2 if is_on["heating_on"] else 1 if is_on["fan_on"] else 0
    return wire.LastCommand(
        state=int(any(is_on.values())),
        mode=mode,
        temp=DEFAULT_AC_TEMPERATURE_C if setpoint is None else round(setpoint.value),
        fan=0,
    )


DEFAULT_AC_TEMPERATURE_C = 24
"""Shown as the last commanded temperature where none is known: clients expect a whole number."""


def bare_mac(device: Device) -> str:
    """MAC or EUI in upper case without separators; empty for a device whose id is neither."""
    bare = (device.mac or device.vendor_id).translate(SEPARATORS).upper()
    return bare if device.mac or _HARDWARE_ADDRESS.fullmatch(bare) else ""


_HARDWARE_ADDRESS = re.compile(r"(?:[0-9A-F]{12}|[0-9A-F]{16})")
"""48 bits (a MAC) or 64 (an EUI)."""
SEPARATORS = str.maketrans("", "", ":-. /")


def _brand_of(device: Device) -> int | None:
    brand = device.settings.get("brand_id")
    return brand if isinstance(brand, int) else None


FROM_DEVICE: Mapping[str, Callable[[Device], object]] = {
    "id": lambda device: device.number,
    "serial_number": serial_of,
    "mac": bare_mac,
    "firmware_version": lambda device: device.firmware,
    "name": lambda device: device.name,
    "type": lambda device: device.model,
    "created": lambda device: moment(device.created_ms),
    "deleted_at": lambda device: moment(device.deleted_ms) if device.deleted_ms else None,
    "brand_id": _brand_of,
}
"""A controller's fields that its device alone decides."""


def moment(at_ms: int) -> str:
    return _clock_text(at_ms // 1000)


def instant(at_ms: int) -> str:
    return f"{_clock_text(at_ms // 1000).replace(' ', 'T')}.{at_ms % 1000:03d}Z"


@functools.lru_cache(maxsize=4096)
def _clock_text(epoch_s: int) -> str:
    """Remembered, because the same devices are asked for over and over between two of their readings."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(epoch_s))


def instant_ms(text: str) -> int | None:
    """Epoch milliseconds of an RFC 3339 instant, None when it is none or lacks its offset.

    A plus sign that a query decoded to a space is taken as the plus it was meant to be.
    """
    try:
        at = datetime.fromisoformat(text.upper().replace(" ", "+"))
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    return (at - _EPOCH) // timedelta(milliseconds=1)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _is_on(latest: Latest, quantity: str) -> bool:
    known = latest.get(quantity)
    return known is not None and known.value >= 0.5


def _add_raw_codes(log: dict[str, Any], values: Mapping[str, float]) -> None:
    if "temperature_c" in values:
        log["raw_temperature"] = vocabulary.raw_temperature(values["temperature_c"])
    if "humidity_pct" in values:
        log["raw_humidity"] = vocabulary.raw_humidity(values["humidity_pct"])
