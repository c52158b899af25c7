"""What `POST /v1/provider/fetch` tells of each type: exactly the fields that the vendor's page of it lists.

A field that the device has not told yet is null. Most go by the name that the codec decodes them under;
the Vicki's page has its own for some, one of them misspelt.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.linking import CHIRPSTACK, THINGS_STACK
from ownclimate.core.readings import LatestValue
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate import mapping, vocabulary
from ownclimate.vendors.mclimate.codecs.table import ABILITIES as LORAWAN_TYPES
from ownclimate.vendors.mclimate.decoded import decoded_fields

NO_LOAD_A: Final = 0.05
"""A current below it is the switch's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a device at the moment. `pending` is what `pendingCommandStatus` says of a Vicki,
    `schedule` what `scheduleInfo` says."""

    device: Device
    latest: Mapping[str, LatestValue]
    is_online: bool
    last_ms: int
    pending: Mapping[str, Any] = field(default_factory=dict)
    schedule: Mapping[str, Any] = field(default_factory=dict)
    decoded: Mapping[str, Any] = field(default_factory=dict)
    """The device's fields as its frames have them; added here."""

    def value(self, quantity: str) -> float | None:
        known = self.latest.get(quantity)
        return None if known is None else known.value

    def report(self, name: str, default: Any = None) -> Any:
        said = self.device.reports.get(name)
        return default if said is None else said.value


Tell = Callable[[Known], Any]


def provider_fields(known: Known) -> dict[str, Any]:
    """The `provider` of the answer."""
    model = known.device.model
    known = dataclasses.replace(known, decoded=decoded_fields(known.device, known.latest))
    if model == vocabulary.VICKI and _is_behind_gateway(known.device):
        names: tuple[str, ...] = _LORA_VICKI
    elif known.device.vendor == vocabulary.VENDOR and model in _NAMES:
        names = _NAMES[model]
    elif known.device.vendor == vocabulary.VENDOR and model in LORAWAN_TYPES:
        return decoded_fields(known.device, known.latest) | {
            name: _TELL[name](known) for name in _EVERY_LORAWAN
        }
    else:
        return _foreign(known)
    renamed = VICKI_NAMES if model == vocabulary.VICKI else {}
    told = {}
    for name in names:
        tell = _OF_TYPE.get((model, name)) or _TELL.get(name)
        told[name] = known.decoded.get(renamed.get(name, name)) if tell is None else tell(known)
    return told


def _is_behind_gateway(device: Device) -> bool:
    """A Vicki of the older radio speaks through its gateway and has a MAC; of LoRaWAN, a DevEUI."""
    return len(mapping.bare_mac(device)) == _MAC_DIGITS


_MAC_DIGITS: Final = 12


def _foreign(known: Known) -> dict[str, Any]:
    """Another maker's device: Melissa's fields where it measures them, what else it measures beside them."""
    values = {name: latest.value for name, latest in known.latest.items()}
    told = mapping.written_log(known.device.model, values, known.last_ms)
    del told["created"]
    first = {name: tell(known) for (model, name), tell in _OF_TYPE.items() if model == vocabulary.MELISSA}
    return first | told | {"online": known.is_online}


def _plain(quantity: str) -> Tell:
    def tell(known: Known) -> Any:
        value = known.value(quantity)
        return None if value is None else vocabulary.plain(value)

    return tell


def _converted(quantity: str, convert: Callable[[float], Any]) -> Tell:
    def tell(known: Known) -> Any:
        value = known.value(quantity)
        return None if value is None else convert(value)

    return tell


def _has_load(known: Known) -> bool:
    return (known.value("current_a") or 0) > NO_LOAD_A or (known.value("power_w") or 0) > 0


def _powers(known: Known) -> list[Any]:
    value = known.value("power_w")
    return [] if value is None else [vocabulary.plain(value)]


def _within(whole: str, part: str) -> Tell:
    """A value that the device tells as a part of another field as well."""
    return lambda known: (known.decoded.get(whole) or {}).get(part)


def _fan_speed(known: Known) -> int | None:
    speed = known.device.settings.get("fan_speed")
    return AUTOMATIC_FAN if speed == "auto" else speed


def _fan_coil_mode(known: Known) -> int | None:
    """None while it is off: then only that is known."""
    return _FAN_COIL_MODES.get(known.device.settings.get("climate_mode", ""))


def _fan_coil_is_on(known: Known) -> int | None:
    mode = known.device.settings.get("climate_mode")
    return None if mode is None else int(mode != "off")


AUTOMATIC_FAN: Final = 0
_FAN_COIL_MODES = {"ventilation": 0, "heat": 1, "cool": 2}

_MELISSA = ("temp", "raw_temperature", "humidity", "raw_humidity")
_BOBBIE = ("cold", "hot", "home", "energy", "voltage", "current", "relay_state", "load")
_PLUG = ("online", "power")
_LORA_VICKI = (
    "mac", "version", "uptime", "displayDigits", "temperature", "humidity", "motorRange", "motorPosition",
    "batteryVoltage", "ip", "port", "openWindow", "childLock", "pendingCommandStatus", "online",
    "timeOfRecord",
)  # fmt: skip
_VICKI = (
    "mac", "displayDigits", "temperature", "humidity", "motorRange", "motorPosition", "batteryVoltage",
    "openWindow", "childLock", "highMotorConsumption", "lowMotorConsumption", "rssi",
    "temeprature_range_settings", "keepalive_time", "open_window_params", "operational_mode",
    "internal_algo_params", "tdiff_params", "uplink_type", "join_retry_period", "network_provider", "spf",
    "deviceVersions", "watchDogParams", "frameCount", "joinRequestCount", "lastActive", "extSensorOn",
    "extSensorIs", "thermostatIs", "application", "proportionalAlgorithmParameters",
    "temperatureControlAlgorithm", "attachedBackplate", "calibrationFailed", "perceiveAsOnline",
    "childLockBehavior", "activeFrom", "online", "scheduleInfo",
)  # fmt: skip
VICKI_NAMES = {
    "temeprature_range_settings": "temperatureRangeSettings",
    "keepalive_time": "keepAliveTime",
    "open_window_params": "openWindowParams",
    "operational_mode": "operationalMode",
    "internal_algo_params": "internalAlgoParams",
    "tdiff_params": "internalAlgoTdiffParams",
    "uplink_type": "uplinkType",
    "join_retry_period": "joinRetryPeriod",
}
"""What the page calls the decoded fields. `temeprature` stands so on the wire."""
_HT_SENSOR = (
    "network_provider", "rssi", "spf", "sensorTemperature", "relativeHumidity", "batteryVoltage",
    "createdAt", "lastActive", "keepAliveTime", "joinRetryPeriod", "deviceVersions", "uplinkType", "online",
    "mac",
)  # fmt: skip
_CO2_SENSOR = (
    "network_provider", "extSensorOn", "extSensorIs", "rssi", "spf", "CO2", "temperature", "humidity",
    "voltage", "uplinkType", "keepAliveTime", "joinRetryPeriod", "deviceVersions", "watchDogParams",
    "createdAt", "lastActive", "boundaryLevels", "autoZeroValue", "notifyPeriod", "measurementPeriod",
    "buzzerNotification", "ledNotification", "autoZeroPeriod", "online", "mac",
)  # fmt: skip
_T_VALVE = (
    "network_provider", "rssi", "spf", "valveState", "boxTamper", "floodDetectionWireState", "flood",
    "magnet", "alarmValidated", "manualOpenIndicator", "manualCloseIndicator", "closeTime", "openTime",
    "waterTemp", "ambientTemp", "battery", "createdAt", "lastActive", "online",
)  # fmt: skip
_WIRELESS_THERMOSTAT = (
    "joinRequestCount", "activeFrom", "application", "batteryVoltage", "frameCount", "lastActive",
    "network_provider", "relativeHumidity", "rssi", "sensorTemperature", "spf", "uplinkType",
    "targetTemperature", "thermistorProperlyConnected", "deviceVersions", "displayRefreshPeriod",
    "joinRetryPeriod", "keepAliveTime", "sendTargetTempDelay", "watchDogParams", "childLock",
    "heatingStatus", "mac", "online", "scheduleInfo",
)  # fmt: skip
_CO2_DISPLAY = (
    "joinRequestCount", "CO2", "activeFrom", "application", "batteryVoltage", "deviceVersions",
    "frameCount", "keepAliveTime", "lastActive", "lux", "network_provider", "pir", "powerSourceStatus",
    "relativeHumidity", "rssi", "sensorTemperature", "spf", "uplinkType", "currentTemperatureVisibility",
    "measurementBlindTime", "displayRefreshPeriod", "imagesVisibility", "joinRetryPeriod", "watchDogParams",
    "mac", "online", "scheduleInfo",
)  # fmt: skip
_ONLY_OF_A_CO2_DISPLAY = frozenset(
    {"CO2", "batteryVoltage", "lux", "pir", "powerSourceStatus", "measurementBlindTime", "imagesVisibility"}
)
_FAN_COIL = (
    *(name for name in _CO2_DISPLAY if name not in _ONLY_OF_A_CO2_DISPLAY),
    "targetTemperature", "actualFanSpeed", "displayedFanSpeed", "operationalMode", "deviceStatus",
    "valveStatus", "deltaTemperature1", "deltaTemperature2and3", "fanSpeedNotOccupied", "wiringDiagram",
    "occupancySensorStatusSetPoint", "keysLock", "targetTemperatureStep", "fanSpeed", "fanSpeedLimit",
    "ecmVoltageRange", "ecmStartUpTime", "ecmRelay", "frostProtection", "frostProtectionSettings",
    "allowedOperationalModes", "coolingSetpointNotOccupied", "automaticChangeover",
    "automaticChangeoverThreshold",
)  # fmt: skip
"""The page begins as the CO2 display's does; what a fan coil thermostat cannot have is left out."""
_EVERY_LORAWAN = (
    "network_provider", "rssi", "spf", "frameCount", "joinRequestCount", "application", "activeFrom",
    "lastActive", "online", "mac", "scheduleInfo",
)  # fmt: skip
"""Beside the decoded fields of types whose page is not known."""

_NAMES: Mapping[str, tuple[str, ...]] = {
    vocabulary.MELISSA: _MELISSA,
    vocabulary.BOBBIE: _BOBBIE,
    **dict.fromkeys(vocabulary.PLUG_CODES, _PLUG),
    vocabulary.VICKI: _VICKI,
    "ht_sensor": _HT_SENSOR,
    "co2_sensor": _CO2_SENSOR,
    "t_valve": _T_VALVE,
    "wireless_thermostat": _WIRELESS_THERMOSTAT,
    "co2_display": _CO2_DISPLAY,
    "fan_coil_thermostat": _FAN_COIL,
}

_OF_TYPE: Mapping[tuple[str, str], Tell] = {
    (vocabulary.MELISSA, "temp"): _plain("temperature_c"),
    (vocabulary.MELISSA, "raw_temperature"): _converted("temperature_c", vocabulary.raw_temperature),
    (vocabulary.MELISSA, "humidity"): _plain("humidity_pct"),
    (vocabulary.MELISSA, "raw_humidity"): _converted("humidity_pct", vocabulary.raw_humidity),
    (vocabulary.BOBBIE, "relay_state"): _converted("relay_on", lambda value: int(value >= 0.5)),
    (vocabulary.BOBBIE, "load"): _has_load,
    **{(model, "power"): _powers for model in vocabulary.PLUG_CODES},
    ("t_valve", "valveState"): _converted("valve_pct", lambda value: value >= 50),
    ("t_valve", "manualOpenIndicator"): _within("manualControl", "enableOpen"),
    ("t_valve", "manualCloseIndicator"): _within("manualControl", "enableClose"),
    ("t_valve", "openTime"): _within("openCloseTime", "openingTime"),
    ("t_valve", "closeTime"): _within("openCloseTime", "closingTime"),
    ("fan_coil_thermostat", "displayedFanSpeed"): _fan_speed,
    ("fan_coil_thermostat", "fanSpeed"): _fan_speed,
    ("fan_coil_thermostat", "operationalMode"): _fan_coil_mode,
    ("fan_coil_thermostat", "deviceStatus"): _fan_coil_is_on,
}
_NETWORKS: Mapping[Any, str] = {THINGS_STACK: "the_things_network", CHIRPSTACK: "chirpstack"}
_TELL: Mapping[str, Tell] = {
    "mac": lambda known: mapping.bare_mac(known.device),
    "online": lambda known: known.is_online,
    "rssi": _plain("rssi_dbm"),
    "version": lambda known: known.device.firmware,
    "uptime": lambda known: known.report("uptime_s"),
    "ip": lambda known: known.report("ip_address", ""),
    "port": lambda known: known.report("ip_port"),
    "pendingCommandStatus": lambda known: dict(known.pending),
    "timeOfRecord": lambda known: mapping.moment(known.last_ms),
    "network_provider": lambda known: _NETWORKS.get(known.report("network_server"), ""),
    "spf": lambda known: str(known.report("spreading_factor", "")),
    # Counting would cost every uplink a write of the device beside that of its readings.
    "frameCount": lambda known: None,
    "joinRequestCount": lambda known: 0,
    "application": lambda known: known.report("application", ""),
    "activeFrom": lambda known: mapping.moment(known.device.created_ms),
    "createdAt": lambda known: mapping.moment(known.device.created_ms),
    "lastActive": lambda known: mapping.moment(known.last_ms),
    # Sensors that a Vicki can follow are paired in the cloud; nothing pairs them here.
    "extSensorOn": lambda known: [],
    "extSensorIs": lambda known: "",
    "thermostatIs": lambda known: None,
    "scheduleInfo": lambda known: dict(known.schedule),
}
