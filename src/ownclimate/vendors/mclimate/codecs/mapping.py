"""What a decoded frame means in the core's words. Nothing is dropped but the code of the frame itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
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


FAN_COIL_FIELDS = frozenset(
    {"displayedFanSpeed", "fanSpeed", "operationalMode", "fctOperationalMode", "deviceStatus"}
)
"""Said together in `climate_mode` and `fan_speed`."""


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


class _Into(Enum):
    READING = "reading"
    SETTING = "setting"
    REPORT = "report"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    """What a field is for one model. Of several that say one quantity the one of the lowest rank counts."""

    into: _Into
    name: str = ""
    say: Callable[[Any], Any] = float
    rank: int = 0


def to_core(model: str, fields: Fields, notes: Sequence[str] = ()) -> Understood:
    """What the fields of a model's frame mean. Sensors that call themselves broken give no reading."""
    meanings = _MEANINGS[model]
    broken = doubts(model, fields)
    values: dict[str, float] = {}
    ranks: dict[str, int] = {}
    settings: dict[str, Any] = {}
    reports: dict[str, Any] = {}
    kept: dict[str, Any] = {}
    for name, value in fields.items():
        meaning = meanings.get(name)
        if meaning is None or (meaning.into is _Into.READING and name in broken):
            kept[name] = value
        elif meaning.into is _Into.READING:
            if meaning.rank <= ranks.get(meaning.name, meaning.rank):
                values[meaning.name] = meaning.say(value)
                ranks[meaning.name] = meaning.rank
        elif meaning.into is _Into.SETTING:
            settings[meaning.name] = meaning.say(value)
        elif meaning.into is _Into.REPORT:
            reports[meaning.name] = meaning.say(value)
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


def _dotted(version: float | str) -> str:
    """43 is version 4.3; the digits may be hexadecimal. One with a dot is as it is to be."""
    text = str(version).rjust(2, "0")
    return text if "." in text else f"{text[:-1]}.{text[-1]}"


def _times(factor: float) -> Callable[[Any], float]:
    return lambda value: float(value * factor)


def _meanings_of(model: str) -> dict[str, _Meaning]:
    """By field. Of a field with several meanings the reading holds, then the setting."""
    unsaid = UNSAID | SAID_TWICE.get(model, frozenset())
    if model == FAN_COIL_THERMOSTAT.name:
        unsaid |= FAN_COIL_FIELDS
    reports = {**REPORTS, **OWN_REPORTS.get(model, {})}
    settings = {**SETTINGS, **OWN_SETTINGS.get(model, {})}
    readings = {
        name: _Meaning(
            into=_Into.READING, name=quantity, say=_times(UNITS[name]) if name in UNITS else float, rank=rank
        )
        for quantity, names in QUANTITY_FIELDS.items()
        for rank, name in enumerate(names)
    }
    if model in STATUS_QUANTITIES:
        readings["status"] = _Meaning(into=_Into.READING, name=STATUS_QUANTITIES[model])
    return {
        **{name: _Meaning(into=_Into.NOTHING) for name in unsaid},
        **{name: _Meaning(into=_Into.REPORT, name=ours, say=say) for name, (ours, say) in reports.items()},
        **{name: _Meaning(into=_Into.SETTING, name=ours, say=say) for name, (ours, say) in settings.items()},
        **readings,
    }


_MEANINGS = {model: _meanings_of(model) for model in MODELS}
