"""A forecast as SmartBuildings' cloud tells it: degrees Fahrenheit, miles an hour, words for the sky."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from ownclimate.core.forecasts import Outlook
from ownclimate.core.quantities import MILES_PER_HOUR
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings.reading import Members, number, objects, text
from ownclimate.vendors.smartbuildings.units import celsius, said_instant_ms

_COVERED: Final = (
    ("OVERCAST", 1.0),
    ("MOSTLY CLOUDY", 0.8),
    ("MORE CLOUDS", 0.7),
    ("BROKEN", 0.7),
    ("FOG", 0.9),
    ("PARTLY", 0.5),
    ("MIXTURE", 0.5),
    ("SCATTERED", 0.4),
    ("PASSING", 0.4),
    ("MORE SUN", 0.3),
    ("MOSTLY", 0.25),
    ("CLOUD", 0.75),
    ("SUN", 0.05),
    ("CLEAR", 0.05),
)
"""The first of these that is in the word for the sky → the share of it that clouds cover, about."""
HALF: Final = 0.5


def outlooks_of(data: Any) -> list[Outlook]:
    """Nearest first, as they were told. One without an instant or a temperature is none."""
    items = data.get("items") if isinstance(data, Mapping) else None
    return [outlook for item in objects(items) if (outlook := _outlook(item)) is not None]


def cover_of(sky: str) -> float:
    return next((cover for word, cover in _COVERED if word in sky), HALF)


def _outlook(item: Mapping[str, Any]) -> Outlook | None:
    said = Members(item)
    at = said.take("date", text)
    at_ms = None if at is None else said_instant_ms(at)
    mean_f = said.take("temperature", number)
    if at_ms is None or mean_f is None:
        return None

    def degrees(name: str) -> float:
        degrees_f = said.take(name, number)
        return celsius(mean_f if degrees_f is None else degrees_f)

    outlook = Outlook(
        at_ms=at_ms,
        temperature_c=celsius(mean_f),
        high_c=degrees("temperatureHigh"),
        low_c=degrees("temperatureLow"),
        dew_point_c=degrees("dewPoint"),
        humidity_pct=said.take("relativeHumidity", number) or 0.0,
        rain_probability_pct=said.take("probabilityOfPrecipitation", number) or 0.0,
        pressure_sea_hpa=said.take("pressure", number) or 0.0,
        wind_speed_kmh=MILES_PER_HOUR.to_canonical(said.take("windSpeed", number) or 0.0),
        wind_direction_deg=said.take("windBearing", number) or 0.0,
        cloud=cover_of(said.take("sky", text) or ""),
    )
    for name in ("condition", "windDirection"):
        said.take(name, text)
    understood = {name: value for name, value in item.items() if name not in said.left}
    return dataclasses.replace(outlook, said={words.VENDOR: understood})
