"""MClimate's words: device types and what each type's readings are called.

Sources: the vendor's API documents, "Provider" pages of each device type, and for Melissa and Bobbie
the recorded `controller_log` in the fixtures of real clients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ownclimate.core.things import Ability

VENDOR: Final = "mclimate"

MELISSA: Final = "melissa"
BOBBIE: Final = "bobbie"
SMART_PLUG: Final = "smart_plug"
SHELLY_1: Final = "shelly_1"
SHELLY_1PM: Final = "shelly_1pm"
SHELLY_EM: Final = "shelly_em"
MAYA: Final = "maya"
MOM: Final = "mom"
VICKI: Final = "vicki"

WIFI: Final[Mapping[str, frozenset[Ability]]] = {
    MELISSA: frozenset({Ability.TEMPERATURE, Ability.HUMIDITY, Ability.AIR_CONDITIONING}),
    BOBBIE: frozenset({Ability.RELAY, Ability.TEMPERATURE, Ability.ENERGY, Ability.POWER}),
    SMART_PLUG: frozenset({Ability.RELAY, Ability.POWER}),
    SHELLY_1: frozenset({Ability.RELAY}),
    SHELLY_1PM: frozenset({Ability.RELAY, Ability.POWER, Ability.ENERGY}),
    SHELLY_EM: frozenset({Ability.RELAY, Ability.POWER, Ability.ENERGY}),
    MAYA: frozenset(),
    MOM: frozenset({Ability.GATEWAY}),
}
"""The types that speak over Wi-Fi. Of Maya no page tells what it can do."""

PLUG_CODES: Final[Mapping[str, str]] = {
    SMART_PLUG: "SHPLG-1",
    SHELLY_1: "SHSW-1",
    SHELLY_1PM: "SHSW-PM",
    SHELLY_EM: "SHEM",
}
"""Types that are commanded as the plug is, with the hardware that their answers name (Shelly's own codes)."""

RELAY_TYPES: Final = frozenset({BOBBIE, *PLUG_CODES, "relay_16", "relay_16_dry"})
"""Types whose entity says `relay_state`."""

Written = float | int | bool


def plain(value: float) -> Written:
    """Whole numbers are written without a fraction."""
    return int(value) if value.is_integer() else value


def _flag(value: float) -> Written:
    return value >= 0.5


def _one_or_zero(value: float) -> Written:
    return 1 if value >= 0.5 else 0


def _kilowatt_hours(value: float) -> Written:
    return plain(value / 1000)


def _watt_hours(written: float) -> float:
    return written * 1000


def _truth(written: float) -> float:
    """A Bobbie that is on says 17 at times."""
    return float(written != 0)


@dataclass(frozen=True, slots=True)
class Word:
    """What a type calls one of our quantities, and how it writes its value."""

    name: str
    write: Callable[[float], Written] = plain

    @property
    def read(self) -> Callable[[float], float]:
        """Our value of what is written; a truth counts as 1 or 0."""
        return _READ_BACK.get(self.write, float)

    @property
    def kind(self) -> type[bool | float]:
        """Which type its values have when written."""
        return bool if self.write is _flag else float


_READ_BACK: Final[Mapping[Callable[[float], Written], Callable[[float], float]]] = {
    _kilowatt_hours: _watt_hours,
    _one_or_zero: _truth,
    _flag: _truth,
}

_MELISSA = {
    "temperature_c": Word("temp"),
    "humidity_pct": Word("humidity"),
}
_BOBBIE = {
    "temperature_c": Word("home"),
    "temperature_external_c": Word("cold"),
    "water_temperature_c": Word("hot"),
    "energy_total_wh": Word("energy", _kilowatt_hours),
    "voltage_v": Word("voltage"),
    "current_a": Word("current"),
    "relay_on": Word("relay_state", _one_or_zero),
}
_PLUG = {"power_w": Word("power"), "relay_on": Word("relay_state", _one_or_zero)}
_LORAWAN = {"battery_v": Word("batteryVoltage"), "rssi_dbm": Word("rssi")}
_VICKI = {
    **_LORAWAN,
    "temperature_c": Word("temperature"),
    "humidity_pct": Word("humidity"),
    "setpoint_c": Word("displayDigits"),
    "open_window": Word("openWindow", _flag),
    "relay_on": Word("relay_state", _one_or_zero),
}
_SENSOR = {
    **_LORAWAN,
    "temperature_c": Word("sensorTemperature"),
    "humidity_pct": Word("relativeHumidity"),
    "setpoint_c": Word("targetTemperature"),
    "co2_ppm": Word("CO2"),
    "illuminance_lux": Word("lux"),
    "motion": Word("pir", _flag),
}
_CO2_SENSOR = {
    "temperature_c": Word("temperature"),
    "humidity_pct": Word("humidity"),
    "co2_ppm": Word("CO2"),
    "battery_v": Word("voltage"),
    "rssi_dbm": Word("rssi"),
}
_T_VALVE = {
    "temperature_c": Word("ambientTemp"),
    "water_temperature_c": Word("waterTemp"),
    "water_leak": Word("flood", _flag),
    "battery_v": Word("battery"),
    "rssi_dbm": Word("rssi"),
}

WORDS: Final[Mapping[str, Mapping[str, Word]]] = {
    MELISSA: _MELISSA,
    BOBBIE: _BOBBIE,
    **dict.fromkeys(PLUG_CODES, _PLUG),
    VICKI: _VICKI,
    "co2_sensor": _CO2_SENSOR,
    "t_valve": _T_VALVE,
    **dict.fromkeys(
        (
            "ht_sensor",
            "ht_mini",
            "wireless_thermostat",
            "thermostat",
            "co2_display",
            "co2_display_lite",
            "ht_display_lite",
            "fan_coil_thermostat",
            "melissa_lorawan",
            "co2_pir_lite",
            "ht_pir_lite",
            "multisensor",
        ),
        _SENSOR,
    ),
}
"""By type, then by our quantity. A quantity without a word here goes by our own name."""

FOREIGN: Final[Mapping[str, Word]] = _MELISSA
"""For devices of other makers: Melissa's names, the only `controller_log` that many clients read."""


def words_of(type_name: str) -> Mapping[str, Word]:
    return WORDS.get(type_name, FOREIGN)


def word_for(type_name: str, quantity: str) -> Word:
    """What the type calls the quantity: its own word, else ours."""
    return words_of(type_name).get(quantity) or Word(quantity)


SI7021_STEPS: Final = 65_536


def raw_temperature(temperature_c: float) -> int:
    """The code that Melissa's sensor gives for a temperature (Silicon Labs Si7021 data sheet, §5.1.2)."""
    return round((temperature_c + 46.85) * SI7021_STEPS / 175.72)


def raw_humidity(humidity_pct: float) -> int:
    """The code that Melissa's sensor gives for a humidity (Silicon Labs Si7021 data sheet, §5.1.1)."""
    return round((humidity_pct + 6) * SI7021_STEPS / 125)
