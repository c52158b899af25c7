"""What a device can do, as far as what it reports tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ownclimate.core.things import Ability

ABILITIES: Final[Mapping[str, Ability]] = {
    "temperature_c": Ability.TEMPERATURE,
    "temperature_external_c": Ability.TEMPERATURE,
    "humidity_pct": Ability.HUMIDITY,
    "co2_ppm": Ability.CO2,
    "noise_db": Ability.NOISE,
    "pressure_sea_hpa": Ability.PRESSURE,
    "pressure_station_hpa": Ability.PRESSURE,
    "rain_mm": Ability.RAIN,
    "wind_speed_kmh": Ability.WIND,
    "gust_speed_kmh": Ability.WIND,
    "illuminance_lux": Ability.ILLUMINANCE,
    "voc_ppb": Ability.AIR_QUALITY,
    "iaq_index": Ability.AIR_QUALITY,
    "pm25_ugm3": Ability.AIR_QUALITY,
    "motion": Ability.MOTION,
    "occupancy": Ability.OCCUPANCY,
    "contact_open": Ability.CONTACT,
    "water_leak": Ability.WATER_LEAK,
    "setpoint_c": Ability.HEATING_SETPOINT,
    "setpoint_cool_c": Ability.COOLING_SETPOINT,
    "valve_pct": Ability.VALVE,
    "relay_on": Ability.RELAY,
    "power_w": Ability.POWER,
    "energy_wh": Ability.ENERGY,
    "energy_total_wh": Ability.ENERGY,
    "battery_v": Ability.BATTERY,
    "battery_pct": Ability.BATTERY,
    "position_pct": Ability.COVER,
    "brightness_pct": Ability.DIMMER,
}
"""What a device that reports a quantity can evidently do."""


def abilities_of(quantities: Iterable[str]) -> frozenset[Ability]:
    return frozenset(ABILITIES[name] for name in quantities if name in ABILITIES)
