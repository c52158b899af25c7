"""Devices with the Tasmota firmware, as they speak without being scripted.

Source: Tasmota's public documentation, pages "MQTT", "Commands" and "Power Monitoring", firmware 9.3 to
14, from memory (November 2026); docs/mqtt.md says what of it is less sure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from ownclimate.core.errors import InvalidInput
from ownclimate.core.quantities import MILLIMETRE_OF_MERCURY, fahrenheit_to_celsius
from ownclimate.core.things import Command
from ownclimate.links.devices.profiles import (
    OFF,
    ON,
    Heard,
    Publication,
    levels_below,
    prefixed,
    relay_payload,
    sought_relay,
)
from ownclimate.links.devices.said import About, Said, State

NAME: Final = "tasmota"
RELAYS: Final = ("POWER", "POWER1")
"""What the first relay is called: the second on devices that have more."""
DISCOVERY: Final = "discovery"

_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Tasmota:
    """FullTopic `%prefix%/%topic%/`, the firmware's own, under a further prefix when one is given."""

    prefix: str = ""
    name: str = field(default=NAME, init=False)
    maker: About = field(default=About(vendor="tasmota", model="tasmota"), init=False)

    def subscriptions(self) -> Sequence[str]:
        below = ("tele/+/LWT", "tele/+/STATE", "tele/+/SENSOR", "stat/+/+")
        return [*(prefixed(self.prefix, topic) for topic in below), "tasmota/discovery/+/config"]

    def hear(self, topic: str) -> Heard | None:
        match topic.split("/"):
            case ["tasmota", "discovery", mac, "config"]:
                return Heard(device=mac, kind=DISCOVERY)
        match levels_below(self.prefix, topic):
            case ["tele", device, ("LWT" | "STATE" | "SENSOR") as kind] if device:
                return Heard(device=device, kind=kind)
            case ["stat", device, ("RESULT" | "STATUS8") as kind] if device:
                return Heard(device=device, kind=kind)
            case ["stat", device, kind] if device and kind in RELAYS:
                return Heard(device=device, kind=kind, part=kind)
        return None

    def named(self, heard: Heard, payload: bytes) -> str:
        if heard.kind != DISCOVERY:
            return heard.device
        name = _object(heard, payload).get("t") if payload else None
        return name if isinstance(name, str) else ""

    def read(self, heard: Heard, payload: bytes, now_ms: int) -> Said:
        if not payload:
            return Said()
        if heard.kind == "LWT":
            return Said(is_online=_availability(payload))
        if heard.kind in RELAYS:
            return _relay(payload.decode(errors="replace"))
        content = _object(heard, payload)
        if heard.kind == DISCOVERY:
            return Said(about=_about(content))
        if heard.kind == "STATUS8":
            content = content.get("StatusSNS") or {}
        if heard.kind not in ("STATE", "RESULT"):
            return Said(values=dict(_measured(content)))
        relay = next((content[name] for name in RELAYS if name in content), None)
        return Said(state=None if relay is None else _relay(relay).state, values=_wifi(content))

    def order(self, device: str, part: str, command: Command) -> Publication:
        topic = prefixed(self.prefix, f"cmnd/{device}/{part or RELAYS[0]}")
        return Publication(topic=topic, payload=relay_payload(command))

    def greeting(self, device: str) -> Publication | None:
        """It answers with what it also says every five minutes."""
        return Publication(topic=prefixed(self.prefix, f"cmnd/{device}/STATE"), payload=b"")

    def query(self, device: str, command_id: str) -> Publication | None:
        return None

    def sought(self, command: Command) -> Mapping[str, float] | None:
        return sought_relay(command)


def _object(heard: Heard, payload: bytes) -> dict[str, Any]:
    try:
        return _decode_object(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(heard.kind, "expected a JSON object") from error


def _availability(payload: bytes) -> bool:
    word = payload.strip().lower()
    if word not in (b"online", b"offline"):
        raise InvalidInput("LWT", "expected Online or Offline")
    return word == b"online"


def _relay(word: object) -> Said:
    if word not in (ON.decode(), OFF.decode()):
        raise InvalidInput("POWER", "expected ON or OFF")
    return Said(state=State(values={"relay_on": float(word == ON.decode())}))


def _about(content: Mapping[str, Any]) -> About:
    told = {name: value for name, value in content.items() if isinstance(value, str)}
    return About(
        name=told.get("dn", ""),
        model=told.get("md", ""),
        firmware=told.get("sw", ""),
        mac=told.get("mac", ""),
    )


def _wifi(content: Mapping[str, Any]) -> dict[str, float]:
    """`RSSI` is a quality in per cent; `Signal` is what others call RSSI."""
    wifi = content.get("Wifi")
    signal = _number(wifi.get("Signal")) if isinstance(wifi, dict) else None
    return {} if signal is None else {"rssi_dbm": signal}


def _measured(content: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    is_fahrenheit = content.get("TempUnit") == "F"
    is_mmhg = content.get("PressureUnit") == "mmHg"
    for name, part in content.items():
        if not isinstance(part, dict):
            continue
        for word, (quantity, convert) in (_ENERGY if name == "ENERGY" else _SENSED).items():
            value = _number(part.get(word))
            if value is None:
                continue
            if quantity == "temperature_c" and is_fahrenheit:
                value = fahrenheit_to_celsius(value)
            if quantity == "pressure_station_hpa" and is_mmhg:
                value = MILLIMETRE_OF_MERCURY.to_canonical(value)
            yield quantity, convert(value)


def _number(value: Any) -> float | None:
    """A device with several channels gives a list; the first is the first relay's."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _as_is(value: float) -> float:
    return value


def _watt_hours(kilowatt_hours: float) -> float:
    return kilowatt_hours * 1000


_Words = Mapping[str, tuple[str, Callable[[float], float]]]
_ENERGY: Final[_Words] = {
    "Power": ("power_w", _as_is),
    "Voltage": ("voltage_v", _as_is),
    "Current": ("current_a", _as_is),
    "Total": ("energy_total_wh", _watt_hours),
}
_SENSED: Final[_Words] = {
    "Temperature": ("temperature_c", _as_is),
    "Humidity": ("humidity_pct", _as_is),
    "Pressure": ("pressure_station_hpa", _as_is),
    "CarbonDioxide": ("co2_ppm", _as_is),
    "Illuminance": ("illuminance_lux", _as_is),
}
