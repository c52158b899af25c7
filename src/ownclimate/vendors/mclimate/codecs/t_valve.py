"""T-Valve: two keep-alives without a code, told apart by length, and command numbers of its own.

Source: the vendor's document "T-Valve". The Things Network's example reads the short frame with the long
one's layout; document and package agree on the layout used here.
"""

from __future__ import annotations

from ownclimate.vendors.mclimate.codecs import parts
from ownclimate.vendors.mclimate.codecs.arguments import Packed, bits, byte, word
from ownclimate.vendors.mclimate.codecs.blocks import BUZZER, LED_BEHAVIOURS
from ownclimate.vendors.mclimate.codecs.commands import (
    KEEP_ALIVE_MIN,
    REGION,
    UNASKED,
    Alias,
    Command,
    Row,
    join_retry,
    product,
    setting,
    uplink_type,
    watch_dog,
)
from ownclimate.vendors.mclimate.codecs.engine import (
    TRUNCATED_KEEPALIVE,
    Decoded,
    Fields,
    KeepAlive,
    Model,
    Part,
    passed_over,
    read_answer,
)
from ownclimate.vendors.mclimate.codecs.extractors import number
from ownclimate.vendors.mclimate.codecs.parameters import Number, choice, flag, whole

REASONS = ("keepalive", "testButtonPressed", "floodDetected", "controlButtonPressed", "fraudDetected")
SHORT_BYTES = 2
LONG_BYTES = 5

SOFTWARE_1_6 = 16
"""From this version on the two indicators of the buttons are in the order documented."""

ANSWERS_SINCE = "1.6"
VOLTAGE_STEP_MV = 8
LEAST_VOLTAGE_MV = 1600 + 0x1F * VOLTAGE_STEP_MV
MOST_VOLTAGE_MV = 2500


def reason_of(byte_0: int, reasons: tuple[str, ...]) -> str | int:
    """The word for the upper three bits; a number without a word stays one."""
    reason = byte_0 >> 5
    return reasons[reason] if reason < len(reasons) else reason


def _short(b: bytes) -> Fields:
    return {
        "reason": REASONS[0],
        "waterTemp": b[0] / 2,
        "valveState": b[1] & 0x80 != 0,
        "ambientTemp": ((b[1] & 0x7F) - 20) / 2,
    }


def _state(b: bytes) -> Fields:
    return {
        "reason": reason_of(b[0], REASONS),
        "boxTamper": b[0] & 0x08 != 0,
        "floodDetectionWireState": b[0] & 0x04 != 0,
        "flood": b[0] & 0x02 != 0,
        "magnet": b[0] & 0x01 != 0,
    }


def _buttons(b: bytes) -> Fields:
    software = b[1] & 0x1F
    may_open, may_close = b[1] & 0x40 != 0, b[1] & 0x20 != 0
    if software < SOFTWARE_1_6:
        may_open, may_close = may_close, may_open
    return {
        "alarmValidated": b[1] & 0x80 != 0,
        "manualOpenIndicator": may_open,
        "manualCloseIndicator": may_close,
        "manualControl": {"enableOpen": may_open, "enableClose": may_close},
        "softwareVersion": software,
        "deviceVersions": {"hardware": 0, "software": software},
    }


def _cycle(b: bytes) -> Fields:
    return {
        "closeTime": b[2],
        "openTime": b[3],
        "openCloseTime": {"openingTime": b[3], "closingTime": b[2]},
    }


SHORT = KeepAlive(code=0, length=SHORT_BYTES, parts=(Part(last_byte=1, read=_short),))
LONG = KeepAlive(
    code=0,
    length=LONG_BYTES,
    parts=(
        Part(last_byte=0, read=_state),
        Part(last_byte=1, read=_buttons),
        Part(last_byte=3, read=_cycle),
        parts.volts_8("battery", 4),
    ),
)
"""Neither has a code byte: `code` is not looked at."""


def _keepalive_then_answers(model: Model, frame: bytes) -> Decoded:
    """Two bytes are the short keep-alive; else the long one comes first and the answers after it."""
    if len(frame) == SHORT_BYTES:
        return Decoded(fields=SHORT.read(frame))
    fields = LONG.read(frame[:LONG_BYTES])
    if len(frame) < LONG_BYTES:
        return Decoded(fields=fields, warnings=(passed_over(TRUNCATED_KEEPALIVE, 0, frame),))
    offset = LONG_BYTES
    while offset < len(frame):
        end = read_answer(model, frame, offset, fields)
        if isinstance(end, str):
            return Decoded(fields=fields, warnings=(passed_over(end, offset, frame[offset:]),))
        offset = end
    return Decoded(fields=fields)


_VALVE = choice("state", "close", "open")
_MINUTES = (1, 65_535, "min")

ROWS: tuple[Row, ...] = (
    Command(
        name="SetOpenCloseTime",
        code=0x01,
        arguments=(byte(whole("openingTime", 0, 255, "min")), byte(whole("closingTime", 0, 255, "min"))),
    ),
    Command(
        name="SetLED",
        code=0x02,
        arguments=(
            byte(choice("ledId", "open", "close", "leak", "flood")),
            byte(Number(name="behavior", low=1, high=4, words=LED_BEHAVIOURS)),
            byte(whole("seconds", 0, 255, "s")),
        ),
    ),
    BUZZER,
    setting(
        "EmergencyOpenings",
        0x04,
        0x0F,
        "emergencyOpenings",
        byte(whole("maxOpenings", 0, 15)),
        get_since=ANSWERS_SINCE,
    ),
    Command(
        name="SetManualControl",
        code=0x05,
        arguments=(Packed(1, (bits(flag("enableOpen"), (0, 1)), bits(flag("enableClose"), (1, 1)))),),
    ),
    setting(
        "FloodAlarmTime",
        0x06,
        0x10,
        "floodAlarmTime",
        byte(whole("time", 1, 255, "times 10 s")),
        get_since=ANSWERS_SINCE,
    ),
    setting(
        "PacketPeriod",
        0x07,
        0x12,
        "keepAliveTime",
        byte(KEEP_ALIVE_MIN),
        aliases=(Alias(name="SetKeepAlive"), Alias(name="SetKeepAliveTime")),
        get_name="GetKeepAliveTime",
        get_aliases=("GetKeepAlive", "GetPacketPeriod"),
        get_since=ANSWERS_SINCE,
    ),
    Command(name="RequestFullData", code=0x08),
    setting(
        "WorkingVoltage",
        0x09,
        0x11,
        "workingVoltage",
        byte(
            Number(
                name="voltage",
                low=LEAST_VOLTAGE_MV,
                high=MOST_VOLTAGE_MV,
                step=0,
                per=1 / VOLTAGE_STEP_MV,
                zero=1600,
                unit="mV",
            )
        ),
        told=number("workingVoltage", times=VOLTAGE_STEP_MV, plus=1600),
        get_since=ANSWERS_SINCE,
    ),
    setting(
        "DeviceFloodSensor",
        0x0A,
        0x13,
        "deviceFloodSensor",
        byte(flag("enabled")),
        told=number("deviceFloodSensor"),
        get_since=ANSWERS_SINCE,
    ),
    Command(name="DeactivateDevice", code=0x0B, since="1.3", may_be_confirmed=False),
    Command(
        name="SetValveState",
        code=0x0C,
        arguments=(byte(_VALVE),),
        since=ANSWERS_SINCE,
        shows=lambda values, fields: fields["valveState"] == bool(values["state"]),
    ),
    setting(
        "OpenCloseTimeExtended",
        0x0D,
        0x0E,
        "openCloseTimeExtended",
        word(whole("openingTime", *_MINUTES)),
        word(whole("closingTime", *_MINUTES)),
        since=ANSWERS_SINCE,
    ),
    Command(
        name="SetSingleTimeValveState",
        code=0x14,
        arguments=(byte(_VALVE), word(whole("time", *_MINUTES))),
        since=ANSWERS_SINCE,
    ),
    join_retry(0x15, 0x16),
    uplink_type(0x17, 0x18),
    watch_dog(0x19, 0x1A),
    REGION,
    *UNASKED,
)
T_VALVE = product("t_valve", keepalives=(), rows=ROWS, frame=_keepalive_then_answers)
