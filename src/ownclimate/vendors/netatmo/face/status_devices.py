"""One module as homestatus tells of it (contract §6.2).

Of a device that Netatmo's cloud told us about, what it said, with what is newer here. Of any other,
what the core knows, in the members that its product has there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.ids import DeviceNumber
from ownclimate.core.liveness import is_online
from ownclimate.core.things import Device, Site
from ownclimate.vendors.netatmo import presented, vocabulary
from ownclimate.vendors.netatmo.face.weather_devices import GOOD_WIFI
from ownclimate.vendors.netatmo.fields import DEVICE_STATUS, LIVE_QUANTITIES, MEASURED_AT, Field, Method, Slot
from ownclimate.vendors.netatmo.mapping import report_of
from ownclimate.vendors.netatmo.restate import Latest, restate, said_at_ms, written
from ownclimate.vendors.netatmo.standing import Around
from ownclimate.vendors.netatmo.statements import KEPT
from ownclimate.vendors.netatmo.words import FLAG

_RADIO: Final = ("reachable", "battery_state", "battery_level", "firmware_revision", "rf_strength")
_WEATHER: Final = (
    *("reachable", "battery_state", "battery_level", "firmware_revision", "rf_state", "rf_strength"),
    *("last_seen", "ts"),
)
_WIFI: Final = ("firmware_revision", "wifi_strength")
_WIRED: Final = ("firmware_revision", "last_seen", "power", "reachable")
_SWITCH: Final = ("on", *_WIRED)
_COVER: Final = ("current_position", "target_position", "firmware_revision", "last_seen", "reachable")
_CAMERA: Final = ("monitoring", "sd_status", "alim_status", *_WIFI)

_SWITCHES: Final = (
    *("NLP", "NLPM", "NLPBS", "NLUP", "NLC", "NLL", "NLM", "NLIS", "NLUI", "NLPT", "NLPD"),
    *("Z3L", "BNIL", "BNCS"),
)
_DIMMERS: Final = ("NLF", "NLFN", "NLFE", "NLUO", "NLUF", "BNLD")
_COVERS: Final = (
    *("NLV", "NLLV", "NLLM", "NLIV", "NLJ", "NBR", "NBO", "NBS", "Z3V", "TPSRS"),
    *("BNAS", "BNAB", "BNMS"),
)

MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "NAPlug": ("firmware_revision", "rf_strength", "wifi_strength"),
    "NATherm1": (*_RADIO, "boiler_valve_comfort_boost", "boiler_status", "anticipating"),
    "OTM": (*_RADIO, "boiler_valve_comfort_boost", "boiler_status", "last_message", "last_seen"),
    "OTH": ("firmware_revision", "wifi_strength"),
    "NRV": _RADIO,
    "BNS": (*_WIFI, "boiler_valve_comfort_boost", "boiler_status", "cooler_status"),
    "NAC": (*_WIFI, "fan_speed", "fan_mode"),
    "NAMain": (
        *("firmware_revision", "wifi_state", "wifi_strength", "ts", "temperature", "co2", "humidity"),
        *("noise", "pressure", "absolute_pressure"),
    ),
    "NHC": (
        *("firmware_revision", "wifi_strength", "ts", "temperature", "co2", "humidity", "noise"),
        *("pressure", "absolute_pressure"),
    ),
    "NAModule1": (*_WEATHER, "temperature", "humidity"),
    "NAModule2": (*_WEATHER, "wind_strength", "wind_angle", "wind_gust", "wind_gust_angle"),
    "NAModule3": (*_WEATHER, "rain", "sum_rain_1", "sum_rain_24"),
    "NAModule4": (*_WEATHER, "temperature", "co2", "humidity"),
    "NACamera": _CAMERA,
    "NPC": _CAMERA,
    "NDB": _CAMERA,
    "NOC": (*_CAMERA, "floodlight"),
    "NACamDoorTag": (*_RADIO, "last_activity", "status"),
    "NIS": (*_RADIO, "status", "monitoring"),
    "NSD": ("firmware_revision", "last_seen", "wifi_strength"),
    "NCO": ("firmware_revision", "last_seen", "wifi_strength"),
    "NLG": ("offload", "firmware_revision", "last_seen", "wifi_strength"),
    "NLE": _WIFI,
    "NLLF": ("fan_speed", *_WIRED),
    **dict.fromkeys(_SWITCHES, _SWITCH),
    "NLPO": (*_SWITCH, "contactor_mode"),
    **dict.fromkeys(_DIMMERS, (*_SWITCH, "brightness")),
    **dict.fromkeys(_COVERS, _COVER),
}
"""By product code what its status has besides `id`, `type` and `bridge`."""
OTHER: Final = ("reachable", "firmware_revision", "last_seen")

DEFAULTS: Final[Mapping[str, Any]] = {
    "wifi_strength": GOOD_WIFI,
    "rf_strength": 60,
    "boiler_valve_comfort_boost": False,
    "anticipating": False,
    "offload": False,
    "monitoring": "on",
    "sd_status": 4,
    "alim_status": 2,
    "floodlight": "auto",
    "fan_mode": "auto",
    "boiler_status": False,
    "cooler_status": False,
}
"""What is told of members that clients rely on where nothing is known."""

_BATTERY_STATES: Final = ((75, "full"), (50, "high"), (25, "medium"), (10, "low"))
_RADIO_STATES: Final = ((60, "full"), (70, "high"), (80, "medium"), (90, "low"))
"""Of an attenuation; lower is better (§5.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is needed to tell of any device of one home."""

    site: Site
    around: Around
    latest: Mapping[DeviceNumber, Latest] = field(default_factory=dict)
    now_ms: int = 0

    def latest_of(self, device: Device) -> Latest:
        return self.latest.get(device.number, {})


def module_status(scene: Scene, device: Device) -> dict[str, Any]:
    said = None
    if not device.is_heard:
        said = restate(device, Method.STATUS, latest=scene.latest_of(device), around=scene.around)
    if said is not None:
        return said
    code = presented.product_code(device) or vocabulary.UNKNOWN_MODEL
    told: dict[str, Any] = {"id": presented.wire_id(device), "type": code}
    for path in MEMBERS.get(code, OTHER):
        value = _member(scene, device, path)
        if value is not None:
            told[path] = value
    parent = scene.around.devices.get(device.parent_id) if device.parent_id else None
    gateway = presented.gateway_id(device, parent, scene.site)
    if gateway is not None:
        told["bridge"] = gateway
    return told


def virtual_status(gateway: presented.VirtualGateway, now_ms: int) -> dict[str, Any]:
    """A gateway that no one made: always there, without a fault."""
    told: dict[str, Any] = {"id": gateway.wire_id, "type": gateway.code}
    for path in MEMBERS[gateway.code]:
        if path in DEFAULTS:
            told[path] = DEFAULTS[path]
    if "last_seen" in MEMBERS[gateway.code]:
        told["last_seen"] = now_ms // 1000
    return told


def fault_of(scene: Scene, device: Device) -> dict[str, Any] | None:
    """The device among the errors of the answer; None when it can be reached, or tells it of itself."""
    fault_ms = 0 if device.is_heard else said_at_ms(device, Method.FAULT)
    if fault_ms and fault_ms >= said_at_ms(device, Method.STATUS):
        return restate(device, Method.FAULT, around=scene.around)
    code = presented.product_code(device)
    if code is None or "reachable" in MEMBERS.get(code, OTHER) or is_reachable(scene, device):
        return None
    if said_at_ms(device, Method.STATUS) and not device.is_heard:
        return None
    return {"code": 6, "id": presented.wire_id(device)}


def is_reachable(scene: Scene, device: Device) -> bool:
    """Of devices that we hear computed; of others what their source said, yes where it said nothing."""
    last_ms = max((value.at_ms for value in scene.latest_of(device).values()), default=None)
    if device.is_heard:
        return is_online(device, last_ms, scene.now_ms)
    fault_ms = said_at_ms(device, Method.FAULT)
    if fault_ms and fault_ms >= said_at_ms(device, Method.STATUS):
        return False
    return report_of(device.reports, "reachable") is not False


def _member(scene: Scene, device: Device, path: str) -> Any:
    known, latest = DEVICE_STATUS[path], scene.latest_of(device)
    match path:
        case "reachable":
            return is_reachable(scene, device)
        case "firmware_revision":
            return int(device.firmware) if device.firmware.isdecimal() else None
        case "battery_state":
            return _battery_state(device, latest)
        case "battery_level" if "battery_v" in latest:
            return round(latest["battery_v"].value * 1000)
        case "rf_strength" | "wifi_strength" if "rssi_dbm" in latest:
            return round(-latest["rssi_dbm"].value)
        case "rf_state" | "wifi_state":
            return _radio_state(device, path, latest)
        case "last_seen" if seen_ms := _last_ms(latest):
            return seen_ms // 1000
        case "target_position":
            return _member(scene, device, "current_position") if _plain(device, known) is None else None
    return _value(device, known, latest)


def _value(device: Device, known: Field, latest: Latest) -> Any:
    """The newest of what was measured and what was reported, else what is told of everyone."""
    if known.name == MEASURED_AT:
        measured_ms = [latest[name].at_ms for name in vocabulary.STATUS_QUANTITIES.values() if name in latest]
        return max(measured_ms) // 1000 if measured_ms else None
    report = device.reports.get(known.name)
    newest = latest.get(known.name) if known.slot is Slot.QUANTITY or known.name in LIVE_QUANTITIES else None
    if newest is not None and (report is None or newest.at_ms > report.at_ms):
        return newest.value >= 0.5 if known.word is FLAG else written(known.name, newest.value)
    plain = _plain(device, known)
    return DEFAULTS.get(known.path) if plain is None else plain


def _plain(device: Device, known: Field) -> Any:
    if known.slot is Slot.KEPT:
        return device.kept.get(KEPT, {}).get(known.path)
    said = report_of(device.reports, known.name)
    return None if said is None else known.word.from_core(said)


def _battery_state(device: Device, latest: Latest) -> str | None:
    said = report_of(device.reports, "battery_state")
    if said is not None:
        return str(said)
    percent = latest["battery_pct"].value if "battery_pct" in latest else None
    if percent is None:
        percent = report_of(device.reports, "battery_pct")
    if percent is None:
        return None
    return next((state for least, state in _BATTERY_STATES if percent >= least), "very_low")


def _radio_state(device: Device, path: str, latest: Latest) -> str:
    said = report_of(device.reports, "radio_state" if path == "rf_state" else "wifi_state")
    if said is not None:
        return str(said)
    report = "radio_attenuation" if path == "rf_state" else "wifi_attenuation"
    attenuation = report_of(device.reports, report)
    if "rssi_dbm" in latest:
        attenuation = -latest["rssi_dbm"].value
    if attenuation is None:
        return "full"
    return next((state for most, state in _RADIO_STATES if attenuation <= most), "very_low")


def _last_ms(latest: Latest) -> int:
    return max((value.at_ms for value in latest.values()), default=0)
