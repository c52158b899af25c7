"""The table of models that the doors for LoRaWAN are handed: names, abilities, and how to read a frame."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.errors import Unsupported
from ownclimate.core.things import Ability
from ownclimate.vendors.mclimate.codecs.downlinks import Downlink
from ownclimate.vendors.mclimate.codecs.engine import FrameWarning, decode_frame
from ownclimate.vendors.mclimate.codecs.mapping import Understood, to_core
from ownclimate.vendors.mclimate.codecs.models import MODELS
from ownclimate.vendors.mclimate.codecs.orders import VENDOR, confirms, frame_for

VICKI_LOWEST_TARGET_C: Final = 5
VICKI_HIGHEST_TARGET_C: Final = 30

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
    "vicki_lorawan": "vicki",
    "ht": "ht_sensor",
    "flood_sensor": "t_flood",
    "aqi": "aqi_sensor",
    "co2": "co2_sensor",
    "t_ring": "thermostat",
    "button": "mc_button",
    "multipurpose_button": "mc_button",
    "open_close": "open_close_sensor",
    "vrv_relay": "dsk_device",
    "fct": "fan_coil_thermostat",
    "16aspm": "relay_16",
    "16ads": "relay_16_dry",
    "melissa": "melissa_lorawan",
    "multi_sensor": "multisensor",
}
"""What network servers and the device repository call a model, where that is not the cloud's name."""


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

    def named(self, name: str) -> FrameCodec | None:
        """The model that a name means: `HT-Sensor`, `mclimate-vicki` and `vicki` all are names."""
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_").removeprefix(f"{VENDOR}_")
        return self._codecs.get(OTHER_NAMES.get(plain, plain))

    def recognised(self, payload: bytes) -> FrameCodec | None:
        """The model whose frame this can only be; None when several could have sent it.

        Only the Vicki's nine bytes are told apart: no other model sends nine that begin with 81. The one
        that sends nine that begin with 01, the HT display, has the high byte of a temperature second,
        which below 5 is less than 88 °C.
        """
        if len(payload) != 9:
            return None
        is_target = VICKI_LOWEST_TARGET_C <= payload[1] <= VICKI_HIGHEST_TARGET_C
        return self._codecs["vicki"] if payload[0] in (0x01, 0x81) and is_target else None


def _note(warning: FrameWarning) -> str:
    return f"{warning.kind} at byte {warning.offset}: {warning.rest}" if warning.rest else warning.kind
