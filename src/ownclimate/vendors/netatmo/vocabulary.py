"""Netatmo's product codes, families and modes, each with what they are in our words.

Source: the product tables of dev.netatmo.com (2020–2026) and codes seen in recorded answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ownclimate.core.things import Ability

DIALECT: Final = "netatmo"
VENDOR: Final = "netatmo"
IMPORTED: Final = "import.netatmo"
"""The kind of the source that recorded answers come from."""

STATION: Final = "NAMain"
OUTDOOR: Final = "NAModule1"
ANEMOMETER: Final = "NAModule2"
RAIN_GAUGE: Final = "NAModule3"
INDOOR: Final = "NAModule4"
COACH: Final = "NHC"
THERMOSTAT: Final = "NATherm1"
VALVE: Final = "NRV"
RELAY: Final = "NAPlug"
CLIMATE_SENSOR: Final = "NXS"
UNKNOWN_MODEL: Final = "unknown"

REGULATORS: Final = frozenset({"NATherm1", "OTM", "NRV", "BNS", "NAC", "BNTH"})
"""Products that hold a room's temperature."""

WEATHER: Final = "station"
AIR: Final = "homecoach"
HEATING: Final = "thermostat"
WIRING: Final = "magellan"
INDOOR_CAMERA: Final = "camera"
SECURITY: Final = (
    INDOOR_CAMERA,
    "camerapro",
    "presence",
    "doorbell",
    "smokedetector",
    "carbonmonoxidedetector",
)
"""Families whose devices tell of events."""


@dataclass(frozen=True, slots=True)
class Product:
    """What a product code stands for. `family` decides which scope shows it: `read_<family>`."""

    family: str
    abilities: frozenset[Ability]


def _product(family: str, *abilities: Ability) -> Product:
    return Product(family, frozenset(abilities))


_A = Ability
_INDOOR_AIR = (_A.TEMPERATURE, _A.HUMIDITY, _A.CO2, _A.NOISE, _A.PRESSURE)
_SWITCH = (_A.RELAY, _A.POWER)
_HEAT = (_A.TEMPERATURE, _A.HEATING_SETPOINT)

_GROUPS: tuple[tuple[str, Product], ...] = (
    ("NAMain", _product(WEATHER, *_INDOOR_AIR, _A.GATEWAY)),
    ("NAModule1", _product(WEATHER, _A.TEMPERATURE, _A.HUMIDITY, _A.OUTDOOR, _A.BATTERY)),
    ("NAModule2", _product(WEATHER, _A.WIND, _A.OUTDOOR, _A.BATTERY)),
    ("NAModule3", _product(WEATHER, _A.RAIN, _A.OUTDOOR, _A.BATTERY)),
    ("NAModule4", _product(WEATHER, _A.TEMPERATURE, _A.HUMIDITY, _A.CO2, _A.BATTERY)),
    ("NHC", _product(AIR, *_INDOOR_AIR, _A.AIR_QUALITY)),
    ("NAPlug OTH", _product(HEATING, _A.GATEWAY)),
    ("NATherm1 OTM", _product(HEATING, *_HEAT, _A.BATTERY)),
    ("NRV", _product(HEATING, *_HEAT, _A.VALVE, _A.BATTERY)),
    ("NAC", _product(HEATING, *_HEAT, _A.COOLING_SETPOINT, _A.HUMIDITY, _A.AIR_CONDITIONING)),
    ("BNS", _product("smarther", *_HEAT, _A.COOLING_SETPOINT, _A.HUMIDITY)),
    ("NACamera", _product(INDOOR_CAMERA, _A.CAMERA, _A.MOTION, _A.GATEWAY)),
    ("NACamDoorTag", _product(INDOOR_CAMERA, _A.CONTACT, _A.BATTERY)),
    ("NIS", _product(INDOOR_CAMERA, _A.BATTERY)),
    ("NPC", _product("camerapro", _A.CAMERA, _A.MOTION, _A.GATEWAY)),
    ("NOC", _product("presence", _A.CAMERA, _A.MOTION, _A.OUTDOOR)),
    ("NDB", _product("doorbell", _A.CAMERA)),
    ("NSD", _product("smokedetector", _A.SMOKE, _A.BATTERY)),
    ("NCO", _product("carbonmonoxidedetector", _A.CARBON_MONOXIDE, _A.BATTERY)),
    ("NBG", _product("bubendorff", _A.GATEWAY)),
    ("NBR NBO NBS", _product("bubendorff", _A.COVER)),
    ("NLG NLGS", _product(WIRING, _A.GATEWAY)),
    ("NLP NLPM NLPBS NLUP NLC NLL NLM NLIS NLUI NLPO NLPT NLPD", _product(WIRING, *_SWITCH)),
    ("NLF NLFN NLFE NLUO NLUF", _product(WIRING, *_SWITCH, _A.DIMMER)),
    ("NLD NLDD NLT NLAO NLAS NLDP NLAV", _product(WIRING, _A.BATTERY)),
    ("NLV NLLV NLLM NLIV NLJ", _product(WIRING, _A.COVER)),
    ("NLPC NLY NLPS", _product(WIRING, _A.POWER, _A.ENERGY)),
    ("NLE", _product(WIRING, _A.ENERGY, _A.GATEWAY)),
    ("NLLF", _product(WIRING, _A.POWER)),
    ("NLTS", _product(WIRING, _A.MOTION)),
    ("NDL Z3V TPSRS", _product(WIRING, _A.COVER)),
    ("Z3L", _product(WIRING, *_SWITCH)),
    ("EBU", _product(WIRING, _A.ENERGY)),
    ("NXG", _product(WIRING, _A.GATEWAY)),
    ("NXO", _product(WIRING, _A.COVER)),
    ("NXS", _product(WIRING, _A.TEMPERATURE, _A.HUMIDITY, _A.CO2, _A.BATTERY)),
    ("NXD", _product(WIRING, _A.BATTERY)),
    ("BNMH", _product("mhs1", _A.GATEWAY)),
    ("BNAS BNAB BNMS", _product("mhs1", _A.COVER)),
    ("BNTH BNFC BNTR", _product("mhs1", *_HEAT)),
    ("BNIL BNLD BN3L BNCS", _product("mhs1", _A.RELAY)),
    ("BNXM", _product("mhs1", _A.POWER)),
    ("BNCU BNSE", _product("mhs1")),
    ("BNCX", _product("mx", _A.GATEWAY)),
    ("BNEU BNDL BNSL", _product("mx")),
    ("BFII BFIC BFIO BFIS", _product("bfi")),
)

PRODUCTS: Final[dict[str, Product]] = {code: product for codes, product in _GROUPS for code in codes.split()}

PREFIXES: Final = {
    "02:00:00": OUTDOOR,
    "03:00:00": INDOOR,
    "04:00:00": THERMOSTAT,
    "05:00:00": RAIN_GAUGE,
    "06:00:00": ANEMOMETER,
    "09:00:00": VALVE,
}
"""First three bytes of a module's MAC, as seen in recorded answers; `70:ee:50` is any mains device."""

SETPOINT_MODES: Final = {
    "schedule": "schedule",
    "manual": "manual",
    "max": "max",
    "away": "away",
    "hg": "frost_guard",
    "home": "home",
    "off": "off",
}
"""Why a room's set-point is what it is: the wire's word → `core.things.SetpointMode`."""

HOME_MODES: Final = {"schedule": "schedule", "away": "away", "hg": "frost_guard", "off": "off"}
CLIMATE_MODES: Final = {"heating": "heating", "cooling": "cooling", "auto": "auto"}

SCHEDULE_KINDS: Final = {
    "therm": "heating",
    "cooling": "cooling",
    "auto": "auto",
    "electricity": "electricity",
    "electricity_production": "electricity_production",
    "event": "event",
}

ZONE_KINDS: Final = {
    0: "comfort",
    1: "night",
    2: "away",
    3: "frost_guard",
    4: "custom",
    5: "eco",
    6: "hot_water_on",
    7: "hot_water_off",
    8: "comfort_plus",
}
"""Comfort+ is 8 in the vendor's description; a client that says 6 took hot water's number."""

WEATHER_QUANTITIES: Final = {
    "Temperature": "temperature_c",
    "Humidity": "humidity_pct",
    "CO2": "co2_ppm",
    "Noise": "noise_db",
    "Pressure": "pressure_sea_hpa",
    "AbsolutePressure": "pressure_station_hpa",
    "Rain": "rain_mm",
    "WindStrength": "wind_speed_kmh",
    "WindAngle": "wind_direction_deg",
    "GustStrength": "gust_speed_kmh",
    "GustAngle": "gust_direction_deg",
    "health_idx": "health_index",
}
"""`dashboard_data` of stations and coaches. `Pressure` is at sea level and `AbsolutePressure` at the
station: the vendor's description swaps them, every recording has them so."""

STATUS_QUANTITIES: Final = {
    "temperature": "temperature_c",
    "humidity": "humidity_pct",
    "co2": "co2_ppm",
    "noise": "noise_db",
    "pressure": "pressure_sea_hpa",
    "absolute_pressure": "pressure_station_hpa",
    "rain": "rain_mm",
    "wind_strength": "wind_speed_kmh",
    "wind_angle": "wind_direction_deg",
    "wind_gust": "gust_speed_kmh",
    "wind_gust_angle": "gust_direction_deg",
}
"""The same values as homestatus spells them."""

DIGITS: Final = {
    "temperature_c": 1,
    "setpoint_c": 1,
    "setpoint_cool_c": 1,
    "pressure_sea_hpa": 1,
    "pressure_station_hpa": 1,
    "rain_mm": 3,
}
"""Decimals of a quantity on the wire; every other is a whole number there."""

MEASURE_QUANTITIES: Final = {
    "temperature": "temperature_c",
    "humidity": "humidity_pct",
    "co2": "co2_ppm",
    "pressure": "pressure_sea_hpa",
    "noise": "noise_db",
    "rain": "rain_mm",
    "windstrength": "wind_speed_kmh",
    "windangle": "wind_direction_deg",
    "guststrength": "gust_speed_kmh",
    "gustangle": "gust_direction_deg",
    "health_idx": "health_index",
    "sp_temperature": "setpoint_c",
}
"""getmeasure's plain types, in lower case, as they are at `scale=max`."""


_EVENT_SOURCES: Final = (
    (frozenset({"smoke", "hush", "tampered", "detection_chamber_status", "sound_test"}), "NSD"),
    (frozenset({"co_detected"}), "NCO"),
    (frozenset({"human", "animal", "vehicle", "outdoor"}), "NOC"),
    (frozenset({"incoming_call", "accepted_call", "missed_call", "rtc"}), "NDB"),
    (frozenset({"tag_big_move", "tag_small_move", "tag_uninstalled", "tag_open"}), "NACamDoorTag"),
    (frozenset({"siren_sounding", "siren_tampered"}), "NIS"),
)


def event_source(kind: str) -> str:
    """The product that an event of this type most likely comes from, where nothing else tells."""
    return next((code for kinds, code in _EVENT_SOURCES if kind in kinds), "NACamera")


def product(code: str) -> Product | None:
    return PRODUCTS.get(code)


def read_scope(code: str) -> str:
    """The scope that shows devices of this product; unknown wiring devices go by their prefix."""
    known = PRODUCTS.get(code)
    if known is not None:
        return f"read_{known.family}"
    for prefix, family in (("NL", WIRING), ("BFI", "bfi"), ("BN", "mhs1"), ("NB", "bubendorff")):
        if code.startswith(prefix):
            return f"read_{family}"
    return f"read_{WEATHER}"
