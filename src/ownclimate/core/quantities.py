"""Every quantity we know: name, unit, allowed range, how it aggregates, how it can be displayed.

The only place with conversion factors. A name ends in its unit, one unit a name. `number` is stored
on disk and never reused. A value outside its range is kept and flagged, never dropped: the range
says what the quantity can be in and around a building, not what is comfortable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum


class Aggregation(Enum):
    """What one number stands for a span of time."""

    MEAN = "mean"
    SUM = "sum"
    LAST = "last"
    CIRCULAR_MEAN = "circular_mean"


@dataclass(frozen=True, slots=True)
class DisplayUnit:
    symbol: str
    from_canonical: Callable[[float], float]
    to_canonical: Callable[[float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """`low` and `high` are inclusive, in the canonical unit."""

    number: int
    name: str
    unit: str
    low: float
    high: float
    aggregation: Aggregation = Aggregation.MEAN
    display: tuple[DisplayUnit, ...] = field(default=())

    def is_plausible(self, value: float) -> bool:
        return self.low <= value <= self.high


def _scaled(symbol: str, factor: float, offset: float = 0.0) -> DisplayUnit:
    return DisplayUnit(symbol, lambda v: v * factor + offset, lambda v: (v - offset) / factor)


FAHRENHEIT_PER_CELSIUS = 9 / 5
FAHRENHEIT = _scaled("°F", FAHRENHEIT_PER_CELSIUS, 32.0)
INCH_OF_MERCURY = _scaled("inHg", 1 / 33.8638866667)
MILLIMETRE_OF_MERCURY = _scaled("mmHg", 1 / 1.33322387415)
MILES_PER_HOUR = _scaled("mph", 1 / 1.609344)
METRES_PER_SECOND = _scaled("m/s", 1 / 3.6)
KNOTS = _scaled("kn", 1 / 1.852)
INCHES = _scaled("in", 1 / 25.4)
KILOWATT_HOURS = _scaled("kWh", 1 / 1000)

_TEMPERATURE = (FAHRENHEIT,)
_PRESSURE = (INCH_OF_MERCURY, MILLIMETRE_OF_MERCURY)
_SPEED = (MILES_PER_HOUR, METRES_PER_SECOND, KNOTS)

_LAST = Aggregation.LAST
_SUM = Aggregation.SUM
_CIRCULAR = Aggregation.CIRCULAR_MEAN


def _quantity(
    number: int,
    name: str,
    unit: str,
    low: float,
    high: float,
    aggregation: Aggregation = Aggregation.MEAN,
    display: tuple[DisplayUnit, ...] = (),
) -> Quantity:
    return Quantity(
        number=number, name=name, unit=unit, low=low, high=high, aggregation=aggregation, display=display
    )


_TABLE = (
    _quantity(1, "temperature_c", "°C", -60, 70, display=_TEMPERATURE),
    _quantity(2, "temperature_external_c", "°C", -60, 130, display=_TEMPERATURE),
    _quantity(3, "humidity_pct", "%", 0, 100),
    _quantity(4, "co2_ppm", "ppm", 0, 40_000),
    _quantity(5, "noise_db", "dB", 0, 140),
    _quantity(6, "pressure_sea_hpa", "hPa", 850, 1100, display=_PRESSURE),
    _quantity(7, "pressure_station_hpa", "hPa", 260, 1160, display=_PRESSURE),
    _quantity(8, "rain_mm", "mm", 0, 150, _SUM, (INCHES,)),
    _quantity(9, "wind_speed_kmh", "km/h", 0, 410, display=_SPEED),
    _quantity(10, "wind_direction_deg", "°", -1, 360, _CIRCULAR),
    _quantity(11, "gust_speed_kmh", "km/h", 0, 410, display=_SPEED),
    _quantity(12, "gust_direction_deg", "°", -1, 360, _CIRCULAR),
    _quantity(13, "illuminance_lux", "lx", 0, 200_000),
    _quantity(14, "voc_ppb", "ppb", 0, 100_000),
    _quantity(15, "iaq_index", "", 0, 500),
    _quantity(16, "pm25_ugm3", "µg/m³", 0, 2_000),
    _quantity(17, "motion", "", 0, 1, _LAST),
    _quantity(18, "occupancy", "", 0, 1, _LAST),
    _quantity(19, "contact_open", "", 0, 1, _LAST),
    _quantity(20, "water_leak", "", 0, 1, _LAST),
    _quantity(21, "setpoint_c", "°C", 0, 50, display=_TEMPERATURE),
    _quantity(22, "setpoint_cool_c", "°C", 0, 50, display=_TEMPERATURE),
    _quantity(23, "valve_pct", "%", 0, 100),
    _quantity(24, "heating_demand_pct", "%", 0, 100),
    _quantity(25, "heating_on", "", 0, 1),
    _quantity(26, "cooling_on", "", 0, 1),
    _quantity(27, "fan_on", "", 0, 1),
    _quantity(28, "relay_on", "", 0, 1),
    _quantity(29, "power_w", "W", -100_000, 100_000),
    _quantity(30, "energy_wh", "Wh", 0, 1_000_000, _SUM, (KILOWATT_HOURS,)),
    _quantity(31, "voltage_v", "V", 0, 1_000),
    _quantity(32, "current_a", "A", -1_000, 1_000),
    _quantity(33, "battery_v", "V", 0, 20),
    _quantity(34, "battery_pct", "%", 0, 100),
    _quantity(35, "rssi_dbm", "dBm", -200, 20),
    _quantity(36, "snr_db", "dB", -60, 60),
    _quantity(37, "health_index", "", 0, 4, _LAST),
    _quantity(38, "energy_total_wh", "Wh", 0, 1e12, _LAST, (KILOWATT_HOURS,)),
    _quantity(39, "open_window", "", 0, 1),
    _quantity(40, "position_pct", "%", 0, 100, _LAST),
    _quantity(41, "brightness_pct", "%", 0, 100, _LAST),
    _quantity(42, "water_temperature_c", "°C", -10, 120, display=_TEMPERATURE),
    _quantity(43, "motion_count", "", 0, 65_535, _LAST),
    _quantity(44, "contact_count", "", 0, 16_777_215, _LAST),
    _quantity(45, "press_count", "", 0, 10, _LAST),
    # The place of the mode in `orders.CLIMATE_MODES`: what set-points mean depends on it.
    _quantity(46, "climate_mode", "", 0, 5, _LAST),
)

QUANTITIES: dict[str, Quantity] = {q.name: q for q in _TABLE}
BY_NUMBER: dict[int, Quantity] = {q.number: q for q in _TABLE}

if len(QUANTITIES) != len(_TABLE) or len(BY_NUMBER) != len(_TABLE):
    raise AssertionError("a quantity's name or number occurs twice")


def fahrenheit_to_celsius(value: float) -> float:
    return FAHRENHEIT.to_canonical(value)


def celsius_to_fahrenheit(value: float) -> float:
    return FAHRENHEIT.from_canonical(value)
