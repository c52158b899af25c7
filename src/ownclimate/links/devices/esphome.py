"""Nodes with ESPHome's MQTT component under its default topics.

Source: ESPHome's public documentation, "MQTT Client Component" and the pages of the components, from
memory (November 2026); docs/mqtt.md says what of it is less sure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ownclimate.core.errors import InvalidInput
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

NAME: Final = "esphome"
STATUS: Final = "status"
SWITCH: Final = "switch"
SENSOR: Final = "sensor"
BINARY: Final = "binary_sensor"

SENSED: Final[Mapping[str, str]] = {
    "battery_level": "battery_pct",
    "battery_voltage": "battery_v",
    "wifi_signal": "rssi_dbm",
    "pm_2_5": "pm25_ugm3",
    "temperature": "temperature_c",
    "humidity": "humidity_pct",
    "co2": "co2_ppm",
    "pressure": "pressure_station_hpa",
    "illuminance": "illuminance_lux",
    "power": "power_w",
    "voltage": "voltage_v",
    "current": "current_a",
    "energy": "energy_total_wh",
}
"""What the id of a sensor ends in, the longer ends first, and the quantity that it then is."""
FELT: Final[Mapping[str, str]] = {
    "motion": "motion",
    "occupancy": "occupancy",
    "contact": "contact_open",
    "door": "contact_open",
    "window": "contact_open",
    "leak": "water_leak",
}
UNTOLD: Final = frozenset({"", "nan", "unknown", "unavailable"})


@dataclass(frozen=True, slots=True)
class ESPHome:
    """A node's `topic_prefix` is its name, below a further prefix when one is given."""

    prefix: str = ""
    name: str = field(default=NAME, init=False)
    maker: About = field(default=About(vendor="esphome", model="esphome"), init=False)

    def subscriptions(self) -> Sequence[str]:
        below = ("+/status", *(f"+/{kind}/+/state" for kind in (SWITCH, SENSOR, BINARY)))
        return [prefixed(self.prefix, topic) for topic in below]

    def hear(self, topic: str) -> Heard | None:
        match levels_below(self.prefix, topic):
            case [node, "status"] if node:
                return Heard(device=node, kind=STATUS)
            case [node, ("switch" | "sensor" | "binary_sensor") as kind, part, "state"] if node and part:
                return Heard(device=node, kind=kind, part=part)
        return None

    def named(self, heard: Heard, payload: bytes) -> str:
        return heard.device

    def read(self, heard: Heard, payload: bytes, now_ms: int) -> Said:
        word = payload.decode(errors="replace").strip()
        if heard.kind == STATUS:
            if word and word not in ("online", "offline"):
                raise InvalidInput(STATUS, "expected online or offline")
            return Said(is_online=word == "online") if word else Said()
        if word.lower() in UNTOLD:
            return Said()
        if heard.kind == SENSOR:
            quantity = _by_end(heard.part, SENSED)
            return Said(values={quantity: _number(word)}) if quantity else Said()
        if word not in (ON.decode(), OFF.decode()):
            raise InvalidInput(heard.part, "expected ON or OFF")
        value = float(word == ON.decode())
        if heard.kind == SWITCH:
            return Said(state=State(values={"relay_on": value}))
        quantity = _by_end(heard.part, FELT)
        return Said(values={quantity: value}) if quantity else Said()

    def order(self, device: str, part: str, command: Command) -> Publication:
        topic = prefixed(self.prefix, f"{device}/{SWITCH}/{part}/command")
        return Publication(topic=topic, payload=relay_payload(command))

    def greeting(self, device: str) -> Publication | None:
        return None

    def query(self, device: str, command_id: str) -> Publication | None:
        return None

    def sought(self, command: Command) -> Mapping[str, float] | None:
        return sought_relay(command)


def _by_end(part: str, words: Mapping[str, str]) -> str | None:
    return next((words[end] for end in words if part == end or part.endswith(f"_{end}")), None)


def _number(word: str) -> float:
    try:
        value = float(word)
    except ValueError as error:
        raise InvalidInput(SENSOR, "expected a number") from error
    if not math.isfinite(value):
        raise InvalidInput(SENSOR, "expected a finite number")
    return value
