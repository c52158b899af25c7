"""What a decoded frame means in the core's words. Nothing is dropped but the code of the frame itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ownclimate.core.quantities import QUANTITIES
from ownclimate.vendors.mclimate.codecs.engine import Fields
from ownclimate.vendors.mclimate.codecs.fan_coil import FAN_COIL_THERMOSTAT, FAN_OFF, MODES
from ownclimate.vendors.mclimate.codecs.meanings import (
    OWN_REPORTS,
    OWN_SETTINGS,
    QUANTITY_FIELDS,
    REPORTS,
    SAID_TWICE,
    SETTINGS,
    STATUS_QUANTITIES,
    UNITS,
    UNSAID,
    doubts,
)
from ownclimate.vendors.mclimate.codecs.models import MODELS

SECONDS_PER_MINUTE = 60

CLIMATE_MODES = {"ventilation": "ventilation", "heating": "heat", "cooling": "cool"}
"""A fan coil thermostat's modes in the core's words."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A field that says a quantity; of several the one with the lowest rank counts."""

    quantity: str
    times: float
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """By field what it is for one model."""

    readings: Mapping[str, _Reading]
    settings: Mapping[str, tuple[str, Callable[[Any], Any]]]
    reports: Mapping[str, tuple[str, Callable[[Any], Any]]]
    unsaid: frozenset[str]


def to_core(model: str, fields: Fields, notes: Sequence[str] = ()) -> Understood:
    """What the fields of a model's frame mean. Sensors that call themselves broken give no reading."""
    words = _WORDS[model]
    broken = doubts(model, fields)
    values: dict[str, float] = {}
    ranks: dict[str, int] = {}
    settings: dict[str, Any] = {}
    reports: dict[str, Any] = {}
    kept: dict[str, Any] = {}
    for name, value in fields.items():
        if (reading := words.readings.get(name)) is not None and name not in broken:
            said_by = ranks.get(reading.quantity)
            if said_by is None or reading.rank < said_by:
                values[reading.quantity] = float(value * reading.times)
                ranks[reading.quantity] = reading.rank
        elif (setting := words.settings.get(name)) is not None:
            settings[setting[0]] = setting[1](value)
        elif (report := words.reports.get(name)) is not None:
            reports[report[0]] = report[1](value)
        elif name not in words.unsaid:
            kept[name] = value
    if model == FAN_COIL_THERMOSTAT.name:
        _add_fan_coil(fields, values, settings)
    firmware = ""
    if "deviceVersions" in fields:
        firmware = _dotted(fields["deviceVersions"]["software"])
        if fields["deviceVersions"]["hardware"]:
            reports["hardware"] = _dotted(fields["deviceVersions"]["hardware"])
    elif "firmwareVersion" in fields:
        firmware = _dotted(fields["firmwareVersion"])
    return Understood(
        values=values,
        settings=settings,
        reports=reports,
        kept=kept,
        firmware=firmware,
        keepalive_s=fields.get("keepAliveTime", 0) * SECONDS_PER_MINUTE,
        implausible=tuple(name for name, value in values.items() if not QUANTITIES[name].is_plausible(value)),
        notes=[*notes, *(f"{name} left out: {why}" for name, why in broken.items())] if broken else notes,
    )


def _add_fan_coil(fields: Fields, values: dict[str, float], settings: dict[str, Any]) -> None:
    """What follows from several fields of the fan coil thermostat: what runs, and what is wanted."""
    speed = fields.get("displayedFanSpeed", fields.get("fanSpeed"))
    if speed is not None:
        settings["fan_speed"] = speed or "auto"
    number = fields.get("operationalMode", fields.get("fctOperationalMode"))
    mode = MODES[number] if number is not None and number < len(MODES) else None
    is_on = fields.get("deviceStatus") == 1
    if "deviceStatus" in fields and not is_on:
        settings["climate_mode"] = "off"
    elif mode is not None:
        settings["climate_mode"] = CLIMATE_MODES[mode]
    if mode == "cooling" and "setpoint_c" in values:
        values["setpoint_cool_c"] = values["setpoint_c"]
    if "deviceStatus" in fields and "actualFanSpeed" in fields and "valveStatus" in fields:
        is_open = is_on and fields["valveStatus"] == 1
        values["fan_on"] = float(is_on and 0 < fields["actualFanSpeed"] < FAN_OFF)
        values["heating_on"] = float(is_open and mode == "heating")
        values["cooling_on"] = float(is_open and mode == "cooling")


def _dotted(version: int | str) -> str:
    """43 is version 4.3; the digits may be hexadecimal."""
    text = str(version).rjust(2, "0")
    return f"{text[:-1]}.{text[-1]}"


def _words_of(model: str) -> _Words:
    readings = {
        name: _Reading(quantity=quantity, times=UNITS.get(name, 1), rank=rank)
        for quantity, names in QUANTITY_FIELDS.items()
        for rank, name in enumerate(names)
    }
    if model in STATUS_QUANTITIES:
        readings["status"] = _Reading(quantity=STATUS_QUANTITIES[model], times=1, rank=0)
    reports = {**REPORTS, **OWN_REPORTS.get(model, {})}
    unsaid = UNSAID | SAID_TWICE.get(model, frozenset())
    if model == FAN_COIL_THERMOSTAT.name:
        unsaid |= {"displayedFanSpeed", "fanSpeed", "operationalMode", "fctOperationalMode", "deviceStatus"}
    return _Words(
        readings=readings,
        settings={**SETTINGS, **OWN_SETTINGS.get(model, {})},
        reports=reports,
        unsaid=frozenset(unsaid),
    )


_WORDS = {model: _words_of(model) for model in MODELS}
