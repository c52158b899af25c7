"""What a decoded frame means in the core's words.

A field becomes a reading (a quantity's value), a setting (under our name), a report (what the device
says of its own state) or, when the core has no word for it, is kept as it came. Nothing is dropped but
the code of the frame itself. `SETTINGS` and `REPORTS` are one-to-one, so that a face can go back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ownclimate.core.quantities import QUANTITIES
from ownclimate.vendors.mclimate.codecs.engine import Fields

SECONDS_PER_MINUTE = 60

QUANTITY_FIELDS: dict[str, tuple[str, ...]] = {
    "temperature_c": ("sensorTemperature",),
    "humidity_pct": ("relativeHumidity",),
    "setpoint_c": ("targetTemperatureFloat", "targetTemperature"),
    "valve_pct": ("valveOpenness",),
    "battery_v": ("batteryVoltage",),
    "open_window": ("openWindow",),
    "temperature_external_c": ("extSensorTemperature", "htSensorTemperature"),
}
"""By quantity the fields that say it; the first that a frame has counts."""

CONTROL_MODES = {
    "00": "manual",
    "01": "automatic",
    "02": "automatic_with_external_temperature",
    "03": "automatic_with_paired_sensor",
}
PRIMARY_MODES = {"00": "heating", "01": "cooling"}


def _as_is(value: Any) -> Any:
    return value


def _renamed(names: Mapping[str, str]) -> Callable[[Any], Any]:
    return lambda value: {ours: value[theirs] for theirs, ours in names.items()}


SETTINGS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "childLock": ("child_lock", _as_is),
    "temperatureRangeSettings": ("setpoint_range_c", _as_is),
    "operationalMode": ("control_mode", lambda text: CONTROL_MODES.get(text, text)),
    "primaryOperationalMode": ("primary_mode", lambda text: PRIMARY_MODES.get(text, text)),
    "temperatureOffset": ("temperature_offset_c", _as_is),
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
}
"""By field our setting's name, and how its value is said in our words."""

REPORTS: dict[str, str] = {
    "motorPosition": "motor_position_steps",
    "motorRange": "motor_range_steps",
    "highMotorConsumption": "motor_consumption_high",
    "lowMotorConsumption": "motor_consumption_low",
    "brokenSensor": "sensor_broken",
    "calibrationFailed": "calibration_failed",
    "attachedBackplate": "backplate_attached",
    "perceiveAsOnline": "feels_online",
    "antiFreezeProtection": "frost_protection_active",
    "d2dCommunicationReliable": "paired_sensor_reliable",
    "batteryTooLow": "battery_low",
    "manualTargetTemperatureUpdate": "manual_setpoint_c",
    "crystalOscillatorError": "oscillator_failed",
}

_SPECIAL = frozenset({"reason", "deviceVersions", "keepAliveTime"})
_READ_AS_QUANTITY = frozenset(name for names in QUANTITY_FIELDS.values() for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A frame in the core's words. `kept` are fields without a word of ours, under the vendor's names.

    `implausible` names the quantities whose value lies outside its range; the value is there all the same.
    `notes` say what could not be read. `keepalive_s` is 0 and `firmware` empty when the frame says nothing.
    """

    values: dict[str, float] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    reports: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    firmware: str = ""
    keepalive_s: int = 0
    implausible: tuple[str, ...] = ()
    notes: Sequence[str] = ()


def to_core(fields: Fields, notes: Sequence[str] = ()) -> Understood:
    values = {
        quantity: float(fields[name])
        for quantity, names in QUANTITY_FIELDS.items()
        if (name := next((n for n in names if n in fields), None)) is not None
    }
    reports = {REPORTS[name]: value for name, value in fields.items() if name in REPORTS}
    firmware = ""
    if versions := fields.get("deviceVersions"):
        firmware = _dotted(versions["software"])
        reports["hardware"] = _dotted(versions["hardware"])
    return Understood(
        values=values,
        settings={ours: say(fields[name]) for name, (ours, say) in SETTINGS.items() if name in fields},
        reports=reports,
        kept={name: value for name, value in fields.items() if not _has_word(name)},
        firmware=firmware,
        keepalive_s=fields.get("keepAliveTime", 0) * SECONDS_PER_MINUTE,
        implausible=tuple(name for name, value in values.items() if not QUANTITIES[name].is_plausible(value)),
        notes=notes,
    )


def _has_word(name: str) -> bool:
    return name in SETTINGS or name in REPORTS or name in _SPECIAL or name in _READ_AS_QUANTITY


def _dotted(version: int | str) -> str:
    """43 is version 4.3; the digits may be hexadecimal."""
    text = str(version).rjust(2, "0")
    return f"{text[:-1]}.{text[-1]}"
