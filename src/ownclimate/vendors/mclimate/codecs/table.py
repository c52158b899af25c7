"""The table of models that the doors for LoRaWAN are handed: names, abilities, and how to read a frame."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.errors import Unsupported
from ownclimate.core.things import Ability
from ownclimate.vendors.mclimate.codecs.downlinks import Downlink
from ownclimate.vendors.mclimate.codecs.engine import FrameWarning, decode_frame
from ownclimate.vendors.mclimate.codecs.mapping import Understood, to_core
from ownclimate.vendors.mclimate.codecs.models import MODELS
from ownclimate.vendors.mclimate.codecs.orders import VENDOR, confirms, frame_for

_CLIMATE = frozenset({Ability.TEMPERATURE, Ability.HUMIDITY})
_BATTERY = frozenset({Ability.BATTERY})

ABILITIES: dict[str, frozenset[Ability]] = {
    "vicki": _CLIMATE | _BATTERY | {Ability.HEATING_SETPOINT, Ability.VALVE},
    "ht_sensor": _CLIMATE | _BATTERY,
    "ht_mini": _CLIMATE | _BATTERY,
    "t_flood": _BATTERY | {Ability.WATER_LEAK, Ability.TEMPERATURE},
    "aqi_sensor": _CLIMATE | _BATTERY | {Ability.AIR_QUALITY, Ability.CO2, Ability.PRESSURE},
    "t_valve": _BATTERY | {Ability.WATER_LEAK, Ability.TEMPERATURE, Ability.VALVE},
    "co2_sensor": _CLIMATE | _BATTERY | {Ability.CO2},
    "thermostat": _BATTERY | {Ability.TEMPERATURE, Ability.HEATING_SETPOINT, Ability.RELAY},
    "mc_button": _BATTERY | {Ability.TEMPERATURE},
    "open_close_sensor": _BATTERY | {Ability.TEMPERATURE, Ability.CONTACT},
    "dsk_device": _BATTERY | {Ability.TEMPERATURE, Ability.RELAY},
    "wireless_thermostat": _CLIMATE
    | _BATTERY
    | {Ability.HEATING_SETPOINT, Ability.ILLUMINANCE, Ability.MOTION},
    "co2_display": _CLIMATE | _BATTERY | {Ability.CO2, Ability.ILLUMINANCE, Ability.MOTION},
    "co2_display_lite": _CLIMATE | _BATTERY | {Ability.CO2, Ability.ILLUMINANCE},
    "ht_display_lite": _CLIMATE | _BATTERY | {Ability.ILLUMINANCE},
    "fan_coil_thermostat": _CLIMATE | {Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT},
    "relay_16": frozenset({Ability.RELAY, Ability.POWER, Ability.ENERGY}),
    "relay_16_dry": frozenset({Ability.RELAY}),
    "melissa_lorawan": _CLIMATE | {Ability.AIR_CONDITIONING},
    "co2_pir_lite": _CLIMATE | _BATTERY | {Ability.CO2, Ability.OCCUPANCY},
    "ht_pir_lite": _CLIMATE | _BATTERY | {Ability.OCCUPANCY},
    "multisensor": _CLIMATE
    | _BATTERY
    | {Ability.PRESSURE, Ability.AIR_QUALITY, Ability.NOISE, Ability.ILLUMINANCE, Ability.MOTION},
    "pir_mini": _CLIMATE | _BATTERY | {Ability.OCCUPANCY, Ability.ILLUMINANCE},
}
"""Every LoRaWAN model of the vendor. Source: the device documents' lists of features."""

OTHER_NAMES: dict[str, str] = {
    "ht": "ht_sensor",
    "flood_sensor": "t_flood",
    "aqi": "aqi_sensor",
    "aqi_sensor_and_notifier": "aqi_sensor",
    "co2": "co2_sensor",
    "co2_sensor_and_notifier": "co2_sensor",
    "t_ring": "thermostat",
    "t_ring_thermostat": "thermostat",
    "button": "mc_button",
    "multipurpose_button": "mc_button",
    "open_close": "open_close_sensor",
    "vrv_relay": "dsk_device",
    "fct": "fan_coil_thermostat",
    "fan_coil_thermostat_fct": "fan_coil_thermostat",
    "16aspm": "relay_16",
    "16ads": "relay_16_dry",
    "melissa": "melissa_lorawan",
}
"""What network servers, the device repository and the documents call a model, where the cloud does not."""

IN_NAMES = ("mclimate", "lorawan")
"""Words that are in many a name and tell no model."""

VICKI_TARGETS_C: Final = range(5, 31)
HIGHEST_TEMPERATURE_BYTE: Final = 4
"""The high byte of a temperature in two bytes, below 88 °C."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What tells a model's frame by its first byte and length; `may_be` looks at what those leave open."""

    model: str
    may_be: Callable[[bytes], bool]


def _is_vickis(frame: bytes) -> bool:
    """The HT display's nine bytes have the high byte of a temperature where this has the target."""
    return frame[1] in VICKI_TARGETS_C


def _is_lites(frame: bytes) -> bool:
    """Of the second byte the upper bits are never set."""
    return frame[1] & 0xF8 == 0


def _is_thermostats(frame: bytes) -> bool:
    return frame[1] <= HIGHEST_TEMPERATURE_BYTE and frame[8] <= 2 and frame[11] <= 1


def _is_multisensors(frame: bytes) -> bool:
    return frame[1] & 0x80 == 0 and frame[14] & 0xE0 == 0 and frame[4] <= 100


SIGNATURES: dict[tuple[int, int], Signature] = {
    (0x01, 9): Signature(model="vicki", may_be=_is_vickis),
    (0x81, 9): Signature(model="vicki", may_be=_is_vickis),
    (0x81, 6): Signature(model="ht_pir_lite", may_be=_is_lites),
    (0x81, 8): Signature(model="co2_pir_lite", may_be=_is_lites),
    (0x81, 12): Signature(model="wireless_thermostat", may_be=_is_thermostats),
    (0x81, 15): Signature(model="multisensor", may_be=_is_multisensors),
    (0x82, 15): Signature(model="multisensor", may_be=_is_multisensors),
}
"""By first byte and length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameCodec:
    """How frames of one model are read."""

    vendor: str
    model: str
    abilities: frozenset[Ability]

    @property
    def can_read(self) -> bool:
        return self.model in MODELS

    def read(self, payload: bytes) -> Understood:
        """The frame in the core's words; never raises."""
        decoded = decode_frame(MODELS[self.model], payload)
        return to_core(self.model, decoded.fields, tuple(map(_note, decoded.warnings)))

    def frame(self, order: str, fields: Mapping[str, Any], firmware: str = "") -> Downlink:
        """What tells a device of this model the order: one of the core's, or `mclimate.<command>`.

        Raises Unsupported when the model, or this firmware of it, knows nothing like it; InvalidInput for
        fields that it cannot follow.
        """
        frame = frame_for(self.model, order, fields, firmware=firmware)
        if frame is None:
            raise Unsupported(order, f"{self.model} cannot follow {order}")
        return frame

    def confirms(self, order: str, fields: Mapping[str, Any], payload: bytes, firmware: str = "") -> bool:
        """Whether a device that sends this frame has, by its own word, done what the order says.

        False when the frame says nothing of it, or otherwise. Never raises.
        """
        return confirms(self.model, order, fields, payload, firmware=firmware)


class FrameTable:
    """The vendor's models by every name that a network server may know them by."""

    vendor: Final = VENDOR

    def __init__(self) -> None:
        self._codecs = {
            model: FrameCodec(vendor=VENDOR, model=model, abilities=abilities)
            for model, abilities in ABILITIES.items()
        }
        names = {**{model: model for model in self._codecs}, **OTHER_NAMES}
        self._by_name = {_bare(name): self._codecs[model] for name, model in names.items()}

    def named(self, name: str) -> FrameCodec | None:
        """The model that a name means: `HT-Sensor`, `mclimate-vicki` and `vicki` all are names."""
        return self._by_name.get(_bare(name))

    def recognised(self, payload: bytes) -> FrameCodec | None:
        """The model whose frame this can only be; None when several could have sent it.

        Frames that begin with 01 are left alone but the Vicki's: nearly every model has one. Of those that
        begin with 81 or 82 each length is one model's. A T-Valve's long frame may begin with 81 too, and
        then has a byte after it that none of these have, but by a rare chance the Vicki.
        """
        signature = SIGNATURES.get((payload[0], len(payload))) if payload else None
        return self._codecs[signature.model] if signature and signature.may_be(payload) else None


def _bare(name: str) -> str:
    """A name without what spellings differ in: `MClimate HT-Sensor` and `ht_sensor`."""
    bare = re.sub(r"[^a-z0-9]", "", name.lower())
    for word in IN_NAMES:
        bare = bare.replace(word, "")
    return bare


def _note(warning: FrameWarning) -> str:
    return f"{warning.kind} at byte {warning.offset}: {warning.rest}" if warning.rest else warning.kind
