"""What each field of the vendor's frames is in the core's words, and which to distrust when.

A field becomes a reading (a quantity's value), a setting (under our name), a report (what the device says
of its own state), or has no word here and is kept as it came. Within a model no two fields become the same
setting or report, so that a face can go back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ownclimate.vendors.mclimate.codecs.engine import Fields

Say = Callable[[Any], Any]

QUANTITY_FIELDS: dict[str, tuple[str, ...]] = {
    "temperature_c": ("sensorTemperature", "temperature", "averageTemperature", "ambientTemp"),
    "temperature_external_c": ("extThermistorTemperature", "extSensorTemperature", "htSensorTemperature"),
    "water_temperature_c": ("waterTemp",),
    "humidity_pct": ("relativeHumidity", "humidity", "relative_humidity"),
    "setpoint_c": ("targetTemperatureFloat", "targetTemperature", "target_temperature"),
    "valve_pct": ("valveOpenness", "valveState"),
    "co2_ppm": ("CO2", "CO2eq", "eCO2"),
    "voc_ppb": ("VOC", "bVOC"),
    "iaq_index": ("AQI", "staticAQI"),
    "pressure_station_hpa": ("pressure",),
    "illuminance_lux": ("lux", "lightLevel"),
    "noise_db": ("noiseLevel",),
    "motion": ("pir",),
    "motion_count": ("pirTriggerCount",),
    "occupancy": ("occupied",),
    "contact_count": ("counter",),
    "press_count": ("pressEvent",),
    "water_leak": ("flood",),
    "open_window": ("openWindow",),
    "relay_on": ("relayState", "relay_status"),
    "power_w": ("power",),
    "energy_total_wh": ("energy",),
    "voltage_v": ("acVoltage",),
    "current_a": ("acCurrent",),
    "battery_v": ("batteryVoltage", "battery", "voltage", "powerSupplyVoltage"),
    "battery_pct": ("battery_status",),
}
"""By quantity the fields that say it; the first that a frame has counts."""

STATUS_QUANTITIES = {"open_close_sensor": "contact_open", "dsk_device": "relay_on"}
"""What `status` is, by model."""

UNITS: dict[str, float] = {
    "VOC": 1000,  # parts per million
    "energy": 1000,  # kWh
    "acCurrent": 1 / 1000,  # mA
    "valveState": 100,  # open or closed
}
"""What a field's value is multiplied by to be in our unit, where it is not."""


def _as_is(value: Any) -> Any:
    return value


def _word(*words: str) -> Say:
    """One of some words by number; an unheard-of number stays one."""
    return lambda value: words[value] if isinstance(value, int) and value < len(words) else value


def _renamed(names: Mapping[str, str]) -> Say:
    return lambda value: {ours: value[theirs] for theirs, ours in names.items()}


CONTROL_MODES = {
    "00": "manual",
    "01": "automatic",
    "02": "automatic_with_external_temperature",
    "03": "automatic_with_paired_sensor",
}
PRIMARY_MODES = {"00": "heating", "01": "cooling"}
REGIONS = ("EU868", "AS923", "AU915", "US915")
AFTER_POWER_CUT = ("last", "on", "off")
KEYS_LOCKED = ("none", "all", "power_and_mode", "power", "all_but_power", "mode")

SETTINGS: dict[str, tuple[str, Say]] = {
    "childLock": ("child_lock", _as_is),
    "keysLock": ("locked_keys", _word(*KEYS_LOCKED)),
    "temperatureRangeSettings": ("setpoint_range_c", _as_is),
    "targetTemperatureStep": ("setpoint_step_c", _as_is),
    "primaryOperationalMode": ("primary_mode", lambda text: PRIMARY_MODES.get(text, text)),
    "temperatureOffset": ("temperature_offset_c", _as_is),
    "sensorCompensationTemperature": ("temperature_compensation_c", _as_is),
    "tempHysteresis": ("control_hysteresis_c", _as_is),
    "temperatureHysteresis": ("hysteresis_c", _as_is),
    "valveOpennessRangeInPercentage": ("valve_range_pct", _as_is),
    "openWindowParams": (
        "open_window_detection",
        _renamed(
            {
                "enabled": "is_on",
                "duration": "duration_min",
                "motorPosition": "motor_position_steps",
                "delta": "delta_c",
            }
        ),
    ),
    "openWindowPrecisely": (
        "open_window_detection_fine",
        _renamed({"enabled": "is_on", "duration": "duration_min", "delta": "delta_c"}),
    ),
    "antiFreezeParams": (
        "frost_protection",
        _renamed(
            {
                "activatedTemperature": "on_below_c",
                "deactivatedTemperature": "off_above_c",
                "targetTemperature": "setpoint_c",
            }
        ),
    ),
    "frostProtection": ("frost_protection_on", bool),
    "frostProtectionSettings": (
        "frost_protection",
        _renamed({"threshold": "on_below_c", "setpoint": "setpoint_c"}),
    ),
    "heatingCoolingTargetTempRanges": ("setpoint_ranges_c", _as_is),
    "heatingCoolingTargetTempRangesUnoccupied": ("setpoint_ranges_unoccupied_c", _as_is),
    "heatingSetpointNotOccupied": ("setpoint_unoccupied_c", _as_is),
    "coolingSetpointNotOccupied": ("setpoint_cool_unoccupied_c", _as_is),
    "returnOfPowerOperation": ("after_power_cut", _word(*AFTER_POWER_CUT)),
    "relayRecoveryState": ("after_power_cut", _word(*AFTER_POWER_CUT)),
    "overheatingThresholds": ("overheating_limits_c", _as_is),
    "overvoltageThresholds": ("overvoltage_limits_v", _as_is),
    "overcurrentThreshold": ("overcurrent_limit_a", _as_is),
    "overpowerThreshold": ("overpower_limit_w", _as_is),
    "ledIndicationMode": ("light_on", bool),
    "ledBrightness": ("light_brightness_pct", _as_is),
    "boundaryLevels": ("co2_boundaries_ppm", _as_is),
    "autoZeroValue": ("co2_auto_zero_ppm", _as_is),
    "autoZeroPeriod": ("co2_auto_zero_period_h", _as_is),
    "measurementPeriod": ("measurement_period_min", _as_is),
    "notifyPeriod": ("notify_period_min", _as_is),
    "displayRefreshPeriod": ("display_refresh_period_h", _as_is),
    "pirSensorState": ("motion_sensor_on", bool),
    "pirSensorStatus": ("motion_sensor_on", bool),
    "pirSensorSensitivity": ("motion_sensitivity", _as_is),
    "occupancyTimeout": ("occupancy_timeout", _as_is),
    "lightSensorState": ("light_sensor_on", bool),
    "uplinkType": ("uplinks_confirmed", lambda text: text == "01"),
    "joinRetryPeriod": ("join_retry_period_min", _as_is),
    "watchDogParams": (
        "watchdog",
        _renamed({"wdpC": "unanswered_uplinks", "wdpUc": "silent_hours"}),
    ),
}
"""By field our setting's name, and how its value is said in our words."""

REPORTS: dict[str, tuple[str, Say]] = {
    "motorPosition": ("motor_position_steps", _as_is),
    "motorRange": ("motor_range_steps", _as_is),
    "highMotorConsumption": ("motor_consumption_high", _as_is),
    "lowMotorConsumption": ("motor_consumption_low", _as_is),
    "brokenSensor": ("sensor_broken", _as_is),
    "calibrationFailed": ("calibration_failed", _as_is),
    "attachedBackplate": ("backplate_attached", _as_is),
    "perceiveAsOnline": ("feels_online", _as_is),
    "antiFreezeProtection": ("frost_protection_active", _as_is),
    "frostProtectionStatus": ("frost_protection_active", bool),
    "d2dCommunicationReliable": ("paired_sensor_reliable", _as_is),
    "batteryTooLow": ("battery_low", _as_is),
    "manualTargetTemperatureUpdate": ("manual_setpoint_c", _as_is),
    "crystalOscillatorError": ("oscillator_failed", _as_is),
    "region": ("region", _word(*REGIONS)),
    "thermistorProperlyConnected": ("probe_connected", _as_is),
    "luxStatus": ("light_sensor", _as_is),
    "internalTemperature": ("internal_temperature_c", _as_is),
    "minTemperature": ("temperature_min_c", _as_is),
    "maxTemperature": ("temperature_max_c", _as_is),
    "sAQI": ("static_air_quality_index", _as_is),
    "accuracy_aqi": ("air_quality_accuracy", _as_is),
    "staticAQIAccuracy": ("air_quality_accuracy", _as_is),
    "hallSensorEvent": ("magnet_moved", _as_is),
    "powerSourceStatus": ("power_source", _word("solar", "battery", "usb")),
    "powerSource": ("power_source", _as_is),
    "event": ("event", _as_is),
    "boxTamper": ("tampered", _as_is),
    "magnet": ("magnet_present", _as_is),
    "floodDetectionWireState": ("leak_wire_broken", _as_is),
    "alarmValidated": ("alarm_validated", _as_is),
    "manualControl": ("manual_buttons", _as_is),
    "openCloseTime": ("cycle_min", _as_is),
    "actualFanSpeed": ("fan_speed_actual", _as_is),
    "valveStatus": ("valve_open", lambda value: value == 1),
    "filterAlarm": ("filter_alarm", bool),
    "dewPointSensorStatus": ("dew_point_reached", bool),
    "powerModuleStatus": ("power_module_failed", bool),
    "internalTemperatureSensorError": ("sensor_broken", bool),
    "externalTemperatureSensorError": ("probe_broken", bool),
    "manualChangeRelayState": ("switched_by_hand", bool),
    "overheatingEvents": ("overheating", _as_is),
    "overvoltageEvents": ("overvoltage", _as_is),
    "overcurrentEvents": ("overcurrent", _as_is),
    "overpowerEvents": ("overpower", _as_is),
    "isIrCodeRecordingRequested": ("recording_requested", _as_is),
}
"""By field what the device says of itself, and how that is said in our words."""

OWN_SETTINGS: dict[str, dict[str, tuple[str, Say]]] = {
    "vicki": {"operationalMode": ("control_mode", lambda text: CONTROL_MODES.get(text, text))},
}
OWN_REPORTS: dict[str, dict[str, tuple[str, Say]]] = {
    "t_valve": {"reason": ("reason", _as_is)},
    "t_flood": {"reason": ("reason", _as_is)},
    "multisensor": {"powerSourceStatus": ("power_source", _word("battery", "external"))},
}
"""By model what a field means there alone."""

UNSAID = frozenset({"reason", "deviceVersions", "keepAliveTime", "softwareVersion", "firmwareVersion"})
"""Of these nothing is kept: a code that says nothing, and what `Understood` has members for."""

SAID_TWICE: dict[str, frozenset[str]] = {
    # The same again within `manualControl` and `openCloseTime`.
    "t_valve": frozenset({"manualOpenIndicator", "manualCloseIndicator", "openTime", "closeTime"}),
}

PROBES = {
    "ht_sensor": "extThermistorTemperature",
    "open_close_sensor": "sensorTemperature",
    "mc_button": "sensorTemperature",
    "dsk_device": "sensorTemperature",
}
"""By model the field whose thermistor may be unplugged."""


def doubts(model: str, fields: Fields) -> dict[str, str]:
    """Fields that their own device calls broken, and why: what they say must not become a reading."""
    found: dict[str, str] = {}
    if fields.get("thermistorProperlyConnected") is False and model in PROBES:
        found[PROBES[model]] = "the thermistor is not connected"
    if fields.get("luxStatus", "ok") != "ok":
        found["lux"] = f"the light sensor is {fields['luxStatus']}"
    if fields.get("brokenSensor"):
        found |= dict.fromkeys(("sensorTemperature", "relativeHumidity"), "the sensor is broken")
    if fields.get("internalTemperatureSensorError"):
        found["sensorTemperature"] = "the internal probe has failed"
    if fields.get("externalTemperatureSensorError"):
        found["extSensorTemperature"] = "the external probe has failed"
    if fields.get("floodDetectionWireState") and not fields.get("flood"):
        found["flood"] = "the wire does not work"
    return found
