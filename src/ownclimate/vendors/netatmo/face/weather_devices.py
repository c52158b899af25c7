"""One station, module or air monitor as these answers tell of it (contract §5.1, §5.2).

Of a device that Netatmo's cloud told us about, what it said, with what is newer here. Of any other,
what the core knows: its reports, its newest values, and the day computed from its series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.ids import DeviceNumber
from ownclimate.core.ports import Ports
from ownclimate.core.things import Device, Place, Site
from ownclimate.vendors.netatmo import presented, vocabulary
from ownclimate.vendors.netatmo.face.today import day_of
from ownclimate.vendors.netatmo.fields import Method
from ownclimate.vendors.netatmo.mapping import report_of
from ownclimate.vendors.netatmo.measuretypes import MEASURED_BY
from ownclimate.vendors.netatmo.placement import IMPLIED
from ownclimate.vendors.netatmo.restate import Latest, restate, said_at_ms, written
from ownclimate.vendors.netatmo.standing import Around

CONTACT_MS: Final = 4 * 3_600_000
"""A device is reachable that was heard within four hours (§5.1)."""
KEEPALIVES_MISSED: Final = 3
GOOD_WIFI: Final = 56
"""The vendor's mark of good reception, told where nothing is known: a client needs the member."""
NEVER: Final = {"last_message": 0, "last_seen": 0, "rf_status": 255, "firmware": 255, "battery_vp": 65535}
"""What a module says that was never heard of."""
SENSORS: Final = "Sensors"
"""What the virtual station of a home is called."""

_DATA_TYPES: Final = {
    "Temperature": "temperature_c",
    "CO2": "co2_ppm",
    "Humidity": "humidity_pct",
    "Noise": "noise_db",
    "Pressure": "pressure_sea_hpa",
    "Wind": "wind_speed_kmh",
    "Rain": "rain_mm",
    "health_idx": "health_index",
}
_MEASURES: Final = {
    vocabulary.STATION: ("Temperature", "CO2", "Humidity", "Noise", "Pressure"),
    vocabulary.OUTDOOR: ("Temperature", "Humidity"),
    vocabulary.ANEMOMETER: ("Wind",),
    vocabulary.RAIN_GAUGE: ("Rain",),
    vocabulary.INDOOR: ("Temperature", "CO2", "Humidity"),
    vocabulary.COACH: ("Temperature", "CO2", "Humidity", "Noise", "Pressure", "health_idx"),
}
_ALONG: Final = {
    "Pressure": ("Pressure", "AbsolutePressure"),
    "Wind": ("WindStrength", "WindAngle", "GustStrength", "GustAngle"),
}
"""Of data types that are not one field of the same name, the fields."""
_BATTERY_MV: Final = {
    vocabulary.OUTDOOR: (3600, 6000),
    vocabulary.RAIN_GAUGE: (3600, 6000),
    vocabulary.ANEMOMETER: (3950, 6000),
    vocabulary.INDOOR: (4200, 6000),
}
"""Of each module, the voltages of an empty and a full battery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is needed to tell of any device of one answer."""

    ports: Ports
    around: Around
    latest: Mapping[DeviceNumber, Latest] = field(default_factory=dict)
    now_ms: int = 0
    is_guest: bool = False

    def latest_of(self, device: Device) -> Latest:
        return self.latest.get(device.number, {})

    def site_of(self, device: Device) -> Site | None:
        return None if device.site_id is None else self.around.sites.get(device.site_id)


async def station(scene: Scene, device: Device, modules: Sequence[Device]) -> dict[str, Any]:
    """A station with its modules."""
    told = _restated(scene, device)
    has_list = told is None or "listed_modules" in device.reports
    if told is None:
        told = await _station(scene, device, _last_ms(scene, device, *modules))
    if scene.is_guest:
        told["read_only"] = True
    if modules or has_list:
        told["modules"] = [await module(scene, found) for found in modules]
    return told


async def coach(scene: Scene, device: Device) -> dict[str, Any]:
    told = _restated(scene, device)
    if told is not None:
        return told
    told = await _station(scene, device, _last_ms(scene, device))
    for name in ("home_id", "home_name"):
        told.pop(name, None)
    told["station_name"] = device.name or presented.wire_id(device)
    return told


async def module(scene: Scene, device: Device) -> dict[str, Any]:
    told = _restated(scene, device)
    if told is not None:
        return told
    code, last_ms = _code(device), _last_ms(scene, device)
    told = {
        "_id": presented.wire_id(device),
        "type": code,
        "module_name": device.name or None,
        "last_setup": _set_up_s(device),
        "data_type": _data_types(device, code),
    }
    if not last_ms and not device.reports:
        return _without_none(told | {"battery_percent": 0, "reachable": False} | NEVER)
    told |= _battery(device, code, scene.latest_of(device))
    told |= {
        "reachable": _is_reachable(scene, device, last_ms),
        "firmware": _firmware(device),
        "last_message": _report_s(device, "last_message_at_ms") or last_ms // 1000,
        "last_seen": _report_s(device, "last_seen_at_ms") or last_ms // 1000,
        "rf_status": _attenuation(device, "radio_attenuation", scene.latest_of(device)),
    }
    return _without_none(told) | await _dashboard(scene, device, code, is_reachable=told["reachable"])


def virtual_station(
    wire_id: str, site: Site | None, home_name: str, devices: Sequence[Device], last_ms: int, now_ms: int
) -> dict[str, Any]:
    """The station that foreign sensors of a home stand behind. It measures nothing itself."""
    since_ms = min((device.created_ms for device in devices), default=0)
    told: dict[str, Any] = {
        "_id": wire_id,
        "type": vocabulary.STATION,
        "date_setup": since_ms // 1000,
        "last_setup": since_ms // 1000,
        "last_status_store": last_ms // 1000,
        "station_name": f"{home_name} ({SENSORS})",
        "module_name": SENSORS,
        "home_id": None if site is None else site.aliases.get(vocabulary.DIALECT),
        "home_name": home_name,
        "wifi_status": GOOD_WIFI,
        "reachable": now_ms - last_ms <= CONTACT_MS,
        "co2_calibrating": False,
        "data_type": [],
        "place": place_of(site),
    }
    return _without_none(told)


def place_of(site: Site | None) -> dict[str, Any]:
    place = Place() if site is None else site.place
    location = None
    if place.longitude is not None and place.latitude is not None:
        location = [place.longitude, place.latitude]
    return _without_none(
        {
            "altitude": None if place.altitude_m is None else round(place.altitude_m),
            "city": place.city or None,
            "country": place.country or None,
            "timezone": "UTC" if site is None else site.time_zone,
            "location": location,
        }
    )


def last_ms_of(scene: Scene, devices: Sequence[Device]) -> int:
    """When any of the devices was last heard of."""
    return max((_last_ms(scene, device) for device in devices), default=0)


def _restated(scene: Scene, device: Device) -> dict[str, Any] | None:
    """What the cloud said; of a device that we hear ourselves we know better."""
    if device.is_heard:
        return None
    return restate(device, Method.STATION, latest=scene.latest_of(device), around=scene.around)


async def _station(scene: Scene, device: Device, last_ms: int) -> dict[str, Any]:
    code, site = _code(device), scene.site_of(device)
    home = None if site is None or site.settings.get(IMPLIED) else site
    is_reachable = _is_reachable(scene, device, _last_ms(scene, device))
    name = device.name or code
    told: dict[str, Any] = {
        "_id": presented.wire_id(device),
        "date_setup": _set_up_s(device),
        "last_setup": _report_s(device, "last_set_up_at_ms") or _set_up_s(device),
        "type": code,
        "last_status_store": _report_s(device, "contact_at_ms") or last_ms // 1000,
        "module_name": device.name or None,
        "firmware": _firmware(device),
        "wifi_status": _attenuation(device, "wifi_attenuation", scene.latest_of(device)) or GOOD_WIFI,
        "reachable": is_reachable,
        "co2_calibrating": bool(report_of(device.reports, "co2_calibrating")),
        "station_name": name if site is None else f"{site.name} ({name})",
        "home_id": None if home is None else home.aliases.get(vocabulary.DIALECT),
        # Told even where there is no home: a client that misses it in one station shows none at all.
        "home_name": name if site is None else site.name,
        "data_type": _data_types(device, code),
        "place": place_of(site),
    }
    return _without_none(told) | await _dashboard(scene, device, code, is_reachable=is_reachable)


async def _dashboard(scene: Scene, device: Device, code: str, *, is_reachable: bool) -> dict[str, Any]:
    """`dashboard_data`, left out for what cannot be reached or never measured anything."""
    latest = scene.latest_of(device)
    wanted = {
        wire: vocabulary.WEATHER_QUANTITIES[wire]
        for kind in _MEASURES[code]
        for wire in _ALONG.get(kind, (kind,))
    }
    known = {wire: latest[quantity] for wire, quantity in wanted.items() if quantity in latest}
    if not known or not is_reachable:
        return {}
    newest_ms = max(value.at_ms for value in known.values())
    site = scene.site_of(device)
    day = await day_of(
        scene.ports,
        device.number,
        frozenset(wanted[wire] for wire in known),
        newest_ms,
        "UTC" if site is None else site.time_zone,
    )
    values = {wire: written(wanted[wire], value.value) for wire, value in known.items()}
    return {"dashboard_data": {"time_utc": newest_ms // 1000, **values, **day}}


def _code(device: Device) -> str:
    return presented.product_code(device) or vocabulary.UNKNOWN_MODEL


def _data_types(device: Device, code: str) -> list[str]:
    """What the product measures; of a foreign device only what it does."""
    said = report_of(device.reports, "measures")
    if said is not None:
        return list(said)
    if device.vendor == vocabulary.VENDOR:
        return list(_MEASURES[code])
    return [name for name in _MEASURES[code] if MEASURED_BY.get(_DATA_TYPES[name]) in device.abilities]


def _last_ms(scene: Scene, *devices: Device) -> int:
    """When one of the devices was last heard of: its newest value, or what its source said."""
    return max(
        0,
        *(value.at_ms for device in devices for value in scene.latest_of(device).values()),
        *(
            report_of(device.reports, name) or 0
            for device in devices
            for name in ("contact_at_ms", "last_seen_at_ms", "last_message_at_ms")
        ),
        0,
    )


def _is_reachable(scene: Scene, device: Device, last_ms: int) -> bool:
    """Computed for devices that we hear; of others what their source said, which may be a fault."""
    if device.is_heard or not device.reports:
        silence_ms = scene.now_ms - last_ms
        return silence_ms <= max(CONTACT_MS, KEEPALIVES_MISSED * device.keepalive_s * 1000)
    said = report_of(device.reports, "reachable")
    if said is not None:
        return bool(said)
    fault_ms = said_at_ms(device, Method.FAULT)
    return not fault_ms or fault_ms < said_at_ms(device, Method.STATUS)


def _battery(device: Device, code: str, latest: Latest) -> dict[str, Any]:
    """Percent and millivolts, each from the other where only one is known; nothing where none is."""
    percent = latest["battery_pct"].value if "battery_pct" in latest else None
    percent = report_of(device.reports, "battery_pct") if percent is None else percent
    mv = latest["battery_v"].value * 1000 if "battery_v" in latest else None
    mv = report_of(device.reports, "battery_mv") if mv is None else mv
    empty, full = _BATTERY_MV.get(code, (3600, 6000))
    if percent is None and mv is not None:
        percent = min(100.0, max(0.0, (mv - empty) / (full - empty) * 100))
    elif mv is None and percent is not None:
        mv = empty + (full - empty) * percent / 100
    if percent is None or mv is None:
        return {}
    return {"battery_percent": round(percent), "battery_vp": round(mv)}


def _attenuation(device: Device, report: str, latest: Latest) -> int | None:
    said = report_of(device.reports, report)
    if said is not None:
        return int(said)
    return round(-latest["rssi_dbm"].value) if "rssi_dbm" in latest else None


def _firmware(device: Device) -> int | None:
    return int(device.firmware) if device.firmware.isdecimal() else None


def _set_up_s(device: Device) -> int:
    return _report_s(device, "set_up_at_ms") or device.created_ms // 1000


def _report_s(device: Device, name: str) -> int | None:
    said = report_of(device.reports, name)
    return None if said is None else int(said) // 1000


def _without_none(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None}
