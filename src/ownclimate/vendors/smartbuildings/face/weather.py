"""`/api/v1/thermostats/{id}/weather`: a forecast for the building, from whoever provides one."""

from __future__ import annotations

from typing import Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.forecasts import Forecasts, Outlook
from ownclimate.core.quantities import MILES_PER_HOUR
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings import wire
from ownclimate.vendors.smartbuildings.face.finding import thermostat_id, thermostat_of
from ownclimate.vendors.smartbuildings.face.thermostats import SERIAL, ThermostatPath
from ownclimate.vendors.smartbuildings.units import fahrenheit, instant
from ownclimate.web.call import Call
from ownclimate.web.tables import Endpoint, Success

_SKIES: Final = (
    (0.15, "SUNNY"),
    (0.35, "MOSTLY SUNNY"),
    (0.6, "PARTLY CLOUDY"),
    (0.85, "MOSTLY CLOUDY"),
    (1.0, "OVERCAST"),
)
"""Up to this share of the sky covered → the vendor's word."""
_POINTS: Final = ("N NNE NE ENE", "E ESE SE SSE", "S SSW SW WSW", "W WNW NW NNW")
"""The compass, a quarter a text."""
RAIN_LIKELY_PCT: Final = 50


class WeatherFace:
    def __init__(self, forecasts: Forecasts) -> None:
        self._forecasts = forecasts

    async def get_weather(self, call: Call, path: ThermostatPath) -> wire.Weather:
        device, site = await thermostat_of(call, path.thermostat_id)
        items = [shown(outlook) for outlook in await self._forecasts(site)]
        return wire.Weather(id=thermostat_id(device), items=items)


def shown(outlook: Outlook) -> wire.Forecast:
    """As the vendor's own cloud told it, if it was that."""
    own = _reckoned(outlook)
    said = outlook.said.get(words.VENDOR, {})
    told = dict(zip(wire.Forecast.__struct_encode_fields__, wire.Forecast.__struct_fields__, strict=True))
    return msgspec.structs.replace(own, **{told[name]: said[name] for name in said.keys() & told.keys()})


def _reckoned(outlook: Outlook) -> wire.Forecast:
    sky = next(word for most, word in _SKIES if min(outlook.cloud, 1.0) <= most)
    bearing = round(outlook.wind_direction_deg) % 360
    return wire.Forecast(
        date=instant(outlook.at_ms),
        condition=("Rain" if outlook.rain_probability_pct >= RAIN_LIKELY_PCT else sky.capitalize()),
        sky=sky,
        temperature=fahrenheit(outlook.temperature_c),
        temperature_high=fahrenheit(outlook.high_c),
        temperature_low=fahrenheit(outlook.low_c),
        dew_point=fahrenheit(outlook.dew_point_c),
        relative_humidity=_percent(outlook.humidity_pct),
        probability_of_precipitation=_percent(outlook.rain_probability_pct),
        pressure=round(outlook.pressure_sea_hpa, 1),
        wind_speed=round(MILES_PER_HOUR.from_canonical(outlook.wind_speed_kmh)),
        wind_direction=compass(bearing),
        wind_bearing=bearing,
    )


def rows(forecasts: Forecasts) -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            operation_id="getThermostatWeatherForecast",
            path="/api/v1/thermostats/{thermostatId}/weather",
            handler=WeatherFace(forecasts).get_weather,
            params=ThermostatPath,
            successes=(Success(item=wire.Weather),),
            permission=Permission.DEVICE_READ,
            scopes=(words.READ_THERMOSTAT,),
            owned=("thermostatId",),
            summary="The weather to come where the thermostat is; empty without a provider",
            examples={"thermostatId": SERIAL},
        ),
    )


def compass(bearing_deg: int) -> str:
    """One of sixteen points: NNE."""
    point = round(bearing_deg / 22.5) % 16
    return _POINTS[point // 4].split()[point % 4]


def _percent(value: float) -> int:
    return max(0, min(100, round(value)))
