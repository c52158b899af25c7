"""`/api/getpublicdata`: what public stations in a box measure outdoors (contract §5.4).

The one method that crosses owners: it shows stations whose owners switched that on, and of those only
pressure, outdoor modules, rain and wind. No name, no address and no indoor value is ever in it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec

from ownclimate.core.devices import list_devices
from ownclimate.core.errors import InvalidInput
from ownclimate.core.ids import OwnerId
from ownclimate.core.publishing import Box, PublicStation, public_in
from ownclimate.core.quantities import QUANTITIES
from ownclimate.core.things import Device
from ownclimate.vendors.netatmo import presented, vocabulary
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.weather import modules_of
from ownclimate.vendors.netatmo.face.weather_devices import Scene, station
from ownclimate.vendors.netatmo.standing import Around
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Success

MAX_LATITUDE: Final = 85.0
MAX_LONGITUDE: Final = 180.0
REQUIRABLE: Final = ("rain", "humidity", "pressure", "wind", "temperature")
OUTDOORS: Final = frozenset({vocabulary.OUTDOOR, vocabulary.ANEMOMETER, vocabulary.RAIN_GAUGE})
"""Modules whose values may be public."""
ABNORMAL_C: Final = 12.0
"""How far from the middle one of its neighbourhood a temperature is abnormal; the vendor tells no number."""
NEIGHBOURS: Final = 3
"""With fewer stations there is no telling which of them is wrong."""
_PLACE: Final = ("location", "timezone", "country", "altitude", "city")

Latitude = Annotated[float, msgspec.Meta(description="Decimal degrees, from -85 to 85")]
Longitude = Annotated[float, msgspec.Meta(description="Decimal degrees, from -180 to 180")]


class PublicQuery(msgspec.Struct, kw_only=True):
    lat_ne: Latitude
    lon_ne: Longitude
    lat_sw: Latitude
    lon_sw: Longitude
    required_data: Annotated[
        list[str] | msgspec.UnsetType,
        msgspec.Meta(description=f"Only stations that have all of these: {', '.join(REQUIRABLE)}"),
    ] = msgspec.UNSET
    filter: Annotated[bool, msgspec.Meta(description="Leave out stations with abnormal temperatures")] = False


class PublicPlace(msgspec.Struct, kw_only=True):
    """`location` is longitude, latitude."""

    location: list[int | float]
    timezone: str | msgspec.UnsetType = msgspec.UNSET
    country: str | msgspec.UnsetType = msgspec.UNSET
    altitude: int | float | msgspec.UnsetType = msgspec.UNSET
    city: str | msgspec.UnsetType = msgspec.UNSET


class PublicMeasures(msgspec.Struct, kw_only=True):
    """`res` has one instant, and its values in the order of `type`; rain and wind have members instead."""

    res: dict[str, list[int | float]] | msgspec.UnsetType = msgspec.UNSET
    type: list[str] | msgspec.UnsetType = msgspec.UNSET
    rain_60min: int | float | msgspec.UnsetType = msgspec.UNSET
    rain_24h: int | float | msgspec.UnsetType = msgspec.UNSET
    rain_live: int | float | msgspec.UnsetType = msgspec.UNSET
    rain_timeutc: int | msgspec.UnsetType = msgspec.UNSET
    wind_strength: int | float | msgspec.UnsetType = msgspec.UNSET
    wind_angle: int | float | msgspec.UnsetType = msgspec.UNSET
    gust_strength: int | float | msgspec.UnsetType = msgspec.UNSET
    gust_angle: int | float | msgspec.UnsetType = msgspec.UNSET
    wind_timeutc: int | msgspec.UnsetType = msgspec.UNSET


class PublicEntry(msgspec.Struct, kw_only=True):
    """`mark` counts what the station measures outdoors: the more, the better the station."""

    id: str = msgspec.field(name="_id")
    place: PublicPlace
    mark: int
    measures: dict[str, PublicMeasures]
    modules: list[str]
    module_types: dict[str, str]


def rows() -> tuple[Endpoint, ...]:
    return (
        method(
            "getpublicdata",
            get_public_data,
            params=PublicQuery,
            successes=(Success(item=list[PublicEntry]),),
            limit_cost=2,
            summary="Outdoor values of public stations in a box",
            examples={"lat_ne": 52.6, "lon_ne": 13.5, "lat_sw": 52.4, "lon_sw": 13.3},
            certainty=Certainty.SEEN,
        ),
    )


async def get_public_data(call: Call, query: PublicQuery) -> list[dict[str, Any]]:
    """An empty list where nobody shares. Raises InvalidInput for a box that is none."""
    box = _box(query)
    required = _required(query)
    owned: dict[OwnerId, list[Device]] = {}
    found: list[dict[str, Any]] = []
    for public in await public_in(call.ports.directory, box):
        owner_id = public.device.owner_id
        if owner_id not in owned:
            owned[owner_id] = await list_devices(call.ports.directory, owner_id)
        entry = await _entry(call, public, owned[owner_id])
        if entry is not None and box.holds(*reversed(entry["place"]["location"])):
            found.append(entry)
    found = [entry for entry in found if required <= _kinds(entry)]
    return _without_abnormal(found) if query.filter else found


def _box(query: PublicQuery) -> Box:
    for name, value, limit in (
        ("lat_ne", query.lat_ne, MAX_LATITUDE),
        ("lon_ne", query.lon_ne, MAX_LONGITUDE),
        ("lat_sw", query.lat_sw, MAX_LATITUDE),
        ("lon_sw", query.lon_sw, MAX_LONGITUDE),
    ):
        if not math.isfinite(value) or abs(value) > limit:
            raise InvalidInput(name, f"expected degrees from {-limit} to {limit}")
    if query.lat_ne <= query.lat_sw:
        raise InvalidInput("lat_ne", "expected more than lat_sw")
    if query.lon_ne <= query.lon_sw:
        raise InvalidInput("lon_ne", "expected more than lon_sw")
    return Box(south=query.lat_sw, west=query.lon_sw, north=query.lat_ne, east=query.lon_ne)


def _required(query: PublicQuery) -> frozenset[str]:
    if query.required_data is msgspec.UNSET:
        return frozenset()
    wanted = frozenset(name.lower() for name in query.required_data)
    if not wanted <= set(REQUIRABLE):
        raise InvalidInput("required_data", f"expected some of {', '.join(REQUIRABLE)}")
    return wanted


async def _entry(call: Call, public: PublicStation, devices: Sequence[Device]) -> dict[str, Any] | None:
    """The station's public face, made from what its owner would be told; None when it has none."""
    device, site = public.device, public.site
    if presented.product_code(device) != vocabulary.STATION:
        return None
    around = Around.of([] if site is None else [site], [], devices)
    modules = [m for m in modules_of(device, devices, around) if presented.product_code(m) in OUTDOORS]
    scene = Scene(
        ports=call.ports,
        around=around,
        latest=await call.ports.series.latest([device.number, *(module.number for module in modules)]),
        now_ms=call.ports.clock.now_ms(),
    )
    told = await station(scene, device, modules)
    place = {name: told["place"][name] for name in _PLACE if name in told.get("place", {})}
    measures = {
        part["_id"]: measured
        for part in (*told.get("modules", ()), told)
        if (measured := _measures(part["type"], part.get("dashboard_data", {})))
    }
    if "location" not in place or not measures:
        return None
    shown = [part for part in told.get("modules", ()) if part["_id"] in measures]
    return {
        "_id": told["_id"],
        "place": place,
        "mark": sum(len(measured.get("type", ("rain",))) for measured in measures.values()),
        "measures": measures,
        "modules": [part["_id"] for part in shown],
        "module_types": {part["_id"]: part["type"] for part in shown},
    }


_RAIN: Final = {
    "rain_60min": "sum_rain_1",
    "rain_24h": "sum_rain_24",
    "rain_live": "Rain",
    "rain_timeutc": "time_utc",
}
_WIND: Final = {
    "wind_strength": "WindStrength",
    "wind_angle": "WindAngle",
    "gust_strength": "GustStrength",
    "gust_angle": "GustAngle",
    "wind_timeutc": "time_utc",
}
_MEMBERS: Final = {vocabulary.RAIN_GAUGE: _RAIN, vocabulary.ANEMOMETER: _WIND}
_COLUMNS: Final = {
    vocabulary.STATION: ("Pressure",),
    vocabulary.OUTDOOR: ("Temperature", "Humidity"),
}


def _measures(code: str, dashboard: Mapping[str, Any]) -> dict[str, Any]:
    """What of a dashboard is public, in this method's form; empty when nothing is."""
    if "time_utc" not in dashboard:
        return {}
    if code in _MEMBERS:
        return {name: dashboard[said] for name, said in _MEMBERS[code].items() if said in dashboard}
    columns = [name for name in _COLUMNS.get(code, ()) if name in dashboard]
    if not columns:
        return {}
    values = [dashboard[name] for name in columns]
    return {"res": {str(dashboard["time_utc"]): values}, "type": [name.lower() for name in columns]}


def _kinds(entry: Mapping[str, Any]) -> frozenset[str]:
    """What of `REQUIRABLE` the station has."""
    kinds: set[str] = set()
    for measured in entry["measures"].values():
        kinds.update(measured.get("type", ()))
        kinds.update(name for name in ("rain", "wind") if f"{name}_timeutc" in measured)
    return frozenset(kinds)


def _without_abnormal(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without stations whose temperature no weather explains: impossible ones, and ones far from the
    middle of the box."""
    temperatures = {entry["_id"]: _temperature_c(entry) for entry in entries}
    known = [value for value in temperatures.values() if value is not None]
    middle = statistics.median(known) if len(known) >= NEIGHBOURS else None

    def is_normal(value: float | None) -> bool:
        if value is None:
            return True
        is_near = middle is None or abs(value - middle) <= ABNORMAL_C
        return QUANTITIES["temperature_c"].is_plausible(value) and is_near

    return [entry for entry in entries if is_normal(temperatures[entry["_id"]])]


def _temperature_c(entry: Mapping[str, Any]) -> float | None:
    for measured in entry["measures"].values():
        if "temperature" in measured.get("type", ()):
            (values,) = measured["res"].values()
            return float(values[measured["type"].index("temperature")])
    return None
