"""T-Ring thermostat and VRV relay: known from npm mclimate-payload-helper 1.6.0 alone, tried by nobody.

The package reads byte 2 of the T-Ring's frame both for the temperature and for the relay; byte 3, which it
leaves out, is taken for the relay here.
"""

from __future__ import annotations

from ownclimate.vendors.mclimate.codecs import parts
from ownclimate.vendors.mclimate.codecs.arguments import Constant, Plain, byte, word
from ownclimate.vendors.mclimate.codecs.commands import (
    COMMON,
    KEEP_ALIVE_MIN,
    KEEP_ALIVE_NAMES,
    Command,
    asked,
    product,
    setting,
)
from ownclimate.vendors.mclimate.codecs.engine import (
    UNKNOWN_COMMAND,
    Decoded,
    Fields,
    KeepAlive,
    Model,
    Part,
    keepalive_alone,
    leading_keepalive,
    passed_over,
)
from ownclimate.vendors.mclimate.codecs.extractors import number
from ownclimate.vendors.mclimate.codecs.parameters import choice, tenths, whole

T_RING_BYTES = 7
FIRST_FRAME = 0xFF
LOWEST_TARGET_C = 5
HIGHEST_TARGET_C = 35


def _little_tenths(name: str, at: int) -> Part:
    """Tenths in two bytes, the low one first."""
    return Part(last_byte=at + 1, read=lambda b: {name: (b[at + 1] << 8 | b[at]) / 10})


def _one_keepalive(model: Model, frame: bytes) -> Decoded:
    keepalive = leading_keepalive(model, frame)
    if keepalive is None:
        return Decoded(fields={}, warnings=(passed_over(UNKNOWN_COMMAND, 0, frame),))
    return keepalive_alone(keepalive, frame)


def _configuration(b: bytes) -> Fields:
    return {"keepAliveTime": b[1], "temp_span": b[2] / 10, "temp_sampling": b[3]}


_ENDING = (_little_tenths("target_temperature", 4), parts.byte("battery_status", 6))
_REASON = parts.byte("reason", 0)
_REPORT = (
    _REASON,
    _little_tenths("temperature", 1),
    Part(last_byte=3, read=lambda b: {"relay_status": b[3] == 1}),
    *_ENDING,
)
_TARGET = Plain(tenths("target", LOWEST_TARGET_C, HIGHEST_TARGET_C), 2, "little")

THERMOSTAT = product(
    "thermostat",
    keepalives=(
        KeepAlive(code=0x00, length=T_RING_BYTES, parts=_REPORT),
        KeepAlive(code=0x01, length=T_RING_BYTES, parts=_REPORT),
        KeepAlive(
            code=FIRST_FRAME,
            length=T_RING_BYTES,
            parts=(_REASON, Part(last_byte=3, read=_configuration), *_ENDING),
        ),
    ),
    rows=(
        Command(
            name="SetThermostatTarget",
            code=0x01,
            arguments=(Constant(bytes(3)), _TARGET),
            shows=lambda values, fields: fields["target_temperature"] == values["target"],
        ),
        Command(
            name="SetThermostatConfig",
            code=0x02,
            arguments=(
                byte(whole("time", 1, 255, "min")),
                byte(whole("temp_span", 0, 255, "times 0.1 °C")),
                byte(whole("temp_sampling", 0, 255, "min")),
                _TARGET,
            ),
        ),
        # The package's way to set the period alone: a configuration that is 0 in all else.
        Command(
            name="SetKeepAlive",
            code=0x02,
            arguments=(byte(KEEP_ALIVE_MIN), Constant(bytes(4))),
            aliases=KEEP_ALIVE_NAMES,
        ),
    ),
    frame=_one_keepalive,
    joins=False,
    is_experimental=True,
)

DSK_DEVICE = product(
    "dsk_device",
    keepalives=(
        KeepAlive(
            code=0x01,
            length=5,
            parts=(
                parts.volts_8("powerSupplyVoltage", 1),
                parts.probe("sensorTemperature", 2, value_if_broken=parts.no_value),
                parts.byte("status", 4),
            ),
        ),
    ),
    rows=(
        *COMMON,
        setting("VrvStatus", 0x1E, 0x1F, "status", byte(choice("status", "off", "on"))),
        Command(name="SetVrvOnTime", code=0x20, arguments=(word(whole("time", 0, 65_535)),), answer=0x22),
        asked("VrvOnTime", 0x22, number("onTime", 2)),
        Command(name="SetVrvOffTime", code=0x21, arguments=(word(whole("time", 0, 65_535)),), answer=0x23),
        asked("VrvOffTime", 0x23, number("offTime", 2)),
    ),
    is_experimental=True,
)
