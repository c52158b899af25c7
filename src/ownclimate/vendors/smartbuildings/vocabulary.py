"""SmartBuildings' words: scopes, patterns, enumerations, and what counts as a thermostat.

Source: ecobee's SmartBuildings API guide and OpenAPI document 1.7.0.
"""

from __future__ import annotations

from typing import Final

from ownclimate.core.things import Ability

VENDOR: Final = "ecobee"

CREATE_BUILDING: Final = "create:building"
CREATE_THERMOSTAT: Final = "create:thermostat"
DELETE_BUILDING: Final = "delete:building"
DELETE_THERMOSTAT: Final = "delete:thermostat"
READ_BUILDING: Final = "read:building"
READ_BUILDINGS: Final = "read:buildings"
READ_THERMOSTAT: Final = "read:thermostat"
READ_THERMOSTATS: Final = "read:thermostats"
WRITE_BUILDING: Final = "write:building"
WRITE_TENANT_MODE: Final = "write:tenantmode"
WRITE_THERMOSTAT: Final = "write:thermostat"

THERMOSTAT_ABILITIES: Final = frozenset({Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT})
"""A device with one of these, in a building, is a thermostat."""

OBJECT_ID_PATTERN: Final = r"^[a-f0-9]{24}$"
THERMOSTAT_ID_PATTERN: Final = r"^[0-9]+$"
"""The serial number on the thermostat, in practice twelve digits; always text in JSON."""
PRINTABLE_PATTERN: Final = r"^[a-zA-Z0-9!\"#$%&'()*+,./:;<=>?@\[\\\] ^_`{|}~-]*$"
"""Letters, digits, space and ASCII punctuation. The document's pattern for thermostats admits lower-case
letters only, against its own example."""
COUNTRY_PATTERN: Final = r"^[A-Z]{2}$"
POSTAL_CODE_PATTERN: Final = r"^(?:[0-9]{5}(?:[- ][0-9]{4})?|[A-Za-z][0-9][A-Za-z] ?[0-9][A-Za-z][0-9])$"
"""A ZIP of the United States or a Canadian code: no other building can be entered."""
UNKNOWN_COUNTRY: Final = "ZZ"
"""ISO 3166 leaves it to users; it is widely meant as "unknown"."""
UNKNOWN_POSTAL_CODE: Final = "00000"
"""Has the shape that clients expect and is nobody's."""
COMFORT_PATTERN: Final = r"^\w{1,12}$"

SIZES: Final = (0, 1, 5000, 10_000, 20_000)
"""Classes of floor area, by the square feet from which each counts; 0 is not known."""
MAX_COMFORT: Final = 12
MAX_ITEMS: Final = 10_000
MAX_SENSORS: Final = 32

NOTIFICATION_TYPES: Final = (
    "alert",
    "hvac",
    "furnaceFilter",
    "humidifierFilter",
    "dehumidifierFilter",
    "ventilator",
    "ac",
    "airFilter",
    "airCleaner",
    "uvLamp",
    "temp",
    "lowTemp",
    "highTemp",
    "lowHumidity",
    "highHumidity",
    "auxHeat",
    "auxOutdoor",
)

SKIES: Final = (
    "SUNNY",
    "CLEAR",
    "MOSTLY SUNNY",
    "MOSTLY CLEAR",
    "HAZY SUNSHINE",
    "HAZE",
    "PASSING CLOUDS",
    "MORE SUN THAN CLOUDS",
    "SCATTERED CLOUDS",
    "PARTLY CLOUDY",
    "A MIXTURE OF SUN AND CLOUDS",
    "HIGH LEVEL CLOUDS",
    "MORE CLOUDS THAN SUN",
    "PARTLY SUNNY",
    "BROKEN CLOUDS",
    "MOSTLY CLOUDY",
    "CLOUDY",
    "OVERCAST",
    "LOW CLOUDS",
    "LIGHT FOG",
    "FOG",
    "DENSE FOG",
    "ICE FOG",
    "SANDSTORM",
    "DUSTSTORM",
    "INCREASING CLOUDINESS",
    "DECREASING CLOUDINESS",
    "CLEARING SKIES",
    "BREAKS OF SUN LATE",
    "EARLY FOG FOLLOWED BY SUNNY SKIES",
    "AFTERNOON CLOUDS",
    "MORNING CLOUDS",
    "SMOKE",
    "LOW LEVEL HAZE",
    "UNKNOWN",
)
"""A forecast's words, in the order of the numbers that ecobee's other interface gives them."""

HVAC_MODES: Final = {"heat": "heat", "cool": "cool", "auto": "auto", "off": "off", "aux_heat": "auxHeatOnly"}
"""Our `core.orders.CLIMATE_MODES` → the wire's word."""
OUR_MODES: Final = {wire: ours for ours, wire in HVAC_MODES.items()}

HEATERS: Final = frozenset(
    {"heatPump", "heatPump2", "heatPump3", "auxHeat1", "auxHeat2", "auxHeat3", "compHotWater", "auxHotWater"}
)
COOLERS: Final = frozenset({"compCool1", "compCool2"})
"""Of the words for running equipment, those that say that it heats or cools."""

BUILDING_SAID: Final = "building"
HOLDS_SAID: Final = "holds"
ALERTS_SAID: Final = "alerts"
COMFORT_SAID: Final = "comfort_setting"
EQUIPMENT_SAID: Final = "running_equipment"
MIN_DELTA_SAID: Final = "heat_cool_min_delta_f"
SENSORS_SAID: Final = "sensors"
"""Our reports: what the cloud said of its thermostat last. Faces tell it instead of working it out."""
REMINDER_SAID: Final = "next"
"""In a maintenance setting: when the cloud says that it is due."""

THERMOSTAT_MODEL: Final = "ecobee_thermostat"
SENSOR_MODEL: Final = "ecobee_sensor"
OWN_SENSOR: Final = "ei:0"
"""The thermostat itself among its sensors."""
OWN_SENSOR_SAID: Final = "own_sensor"
"""Under what is kept of the sensors: how the cloud tells of that one."""

SIZE_CLASS: Final = "size_class"
"""Our setting: the building's class of floor area as this dialect counts it, one of `SIZES`."""
TENANT_MODE: Final = "tenant_mode"
"""Our setting: a tenant runs the thermostat as a home user while the manager keeps an overview."""
DISPLAY_NAME: Final = "display_name"
"""Our setting: what the device itself shows. Its portal name is the device's name."""
CLIMATE_MODE: Final = "climate_mode"
"""Our setting: the mode, set here or told by the device."""
ALERT_LIMITS: Final = "alert_limits"
MAINTENANCE: Final = "maintenance"
FAN_HOLD: Final = "fan_hold"

TENANTS_SETTINGS: Final = frozenset(
    {
        ALERT_LIMITS,
        "comfort_settings",
        DISPLAY_NAME,
        FAN_HOLD,
        "cooling_range_c",
        "humidity_range_pct",
        CLIMATE_MODE,
        "setpoint_range_c",
    }
)
"""Our settings that go back to the device's default when a tenant leaves, so that nothing of theirs stays.

The guide says "most settings" and lists none. What identifies the device to its manager (building,
portal name, equipment) stays.
"""
