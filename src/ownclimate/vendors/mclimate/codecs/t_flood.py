"""Flood sensor: a keep-alive without a code, last in the frame, and some command numbers of its own.

Source: the vendor's document "Flood sensor". The package takes no notice of the temperature's sign, which
the document has from firmware 1.5 on.
"""

from __future__ import annotations

from ownclimate.vendors.mclimate.codecs import parts
from ownclimate.vendors.mclimate.codecs.arguments import byte, word
from ownclimate.vendors.mclimate.codecs.blocks import BUZZER, LED_BEHAVIOURS
from ownclimate.vendors.mclimate.codecs.commands import (
    KEEP_ALIVE_NAMES,
    REGION,
    UNASKED,
    UPLINK_TYPES,
    Command,
    Row,
    asked,
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
    FrameWarning,
    KeepAlive,
    Model,
    Part,
    passed_over,
    read_answer,
)
from ownclimate.vendors.mclimate.codecs.extractors import COMMON_ANSWERS, decimal_digits, number
from ownclimate.vendors.mclimate.codecs.parameters import Digits, Number, whole
from ownclimate.vendors.mclimate.codecs.t_valve import reason_of

REASONS = ("keepalive", "testButtonPressed", "floodDetected", "fraudDetected", "fraudDetected")
"""The document has no 3; the package takes it for fraud too."""

OLD_BYTES = 2
"""Before firmware 1.3, without the temperature."""
KEEPALIVE_BYTES = 3
WITH_FIRMWARE_BYTES = KEEPALIVE_BYTES + 1
UNUSED_BITS = 0x15

MOST_KEEP_ALIVE_MIN = 240 * 60


def _state(b: bytes) -> Fields:
    return {
        "reason": reason_of(b[0], REASONS),
        "boxTamper": b[0] & 0x08 != 0,
        "flood": b[0] & 0x02 != 0,
    }


KEEPALIVE = KeepAlive(
    code=0,
    length=KEEPALIVE_BYTES,
    parts=(
        Part(last_byte=0, read=_state),
        parts.volts_8("battery", 1, step_mv=16, from_mv=0),
        parts.sign_and_size("temperature", 2),
    ),
)
"""It has no code byte: `code` is not looked at."""


def _answers_then_three_bytes(model: Model, frame: bytes) -> Decoded:
    """Two or three bytes are the keep-alive; of a longer frame the last three are."""
    if len(frame) <= KEEPALIVE_BYTES:
        fields = KEEPALIVE.read(frame)
        is_whole = len(frame) >= OLD_BYTES
        return Decoded(
            fields=fields, warnings=() if is_whole else (passed_over(TRUNCATED_KEEPALIVE, 0, frame),)
        )
    if _is_parameters(model, frame):
        return Decoded(fields={**KEEPALIVE.read(frame), "firmwareVersion": decimal_digits(frame[3])})
    return _answers(model, frame)


def _is_parameters(model: Model, frame: bytes) -> bool:
    """Whether the frame answers command 01, which appends the firmware's version to the keep-alive."""
    return len(frame) == WITH_FIRMWARE_BYTES and not frame[0] & UNUSED_BITS and frame[0] not in model.answers


def _answers(model: Model, frame: bytes) -> Decoded:
    fields: Fields = {}
    tail = len(frame) - KEEPALIVE_BYTES
    warnings: tuple[FrameWarning, ...] = ()
    offset = 0
    while offset < len(frame) and offset != tail:
        end = read_answer(model, frame, offset, fields)
        if isinstance(end, str):
            warnings = (passed_over(end, offset, frame[offset : max(tail, offset)]),)
            break
        offset = end
    if offset <= tail:
        fields |= KEEPALIVE.read(frame[tail:])
    return Decoded(fields=fields, warnings=warnings)


ROWS: tuple[Row, ...] = (
    Command(name="GetTemperature", code=0x01),
    Command(
        name="SetLed",
        code=0x02,
        arguments=(
            byte(whole("ledId", 3, 3)),
            byte(Number(name="behavior", low=1, high=4, words=LED_BEHAVIOURS)),
            byte(whole("seconds", 0, 255, "s")),
        ),
    ),
    BUZZER,
    setting("FloodAlarmTime", 0x04, 0x06, "alarmDuration", byte(whole("time", 0, 255, "times 10 s"))),
    setting(
        "KeepAlive",
        0x05,
        0x12,
        "keepAliveTime",
        word(whole("time", 1, MOST_KEEP_ALIVE_MIN, "min")),
        aliases=KEEP_ALIVE_NAMES,
        get_name="GetKeepAliveTime",
        get_aliases=("GetKeepAlive",),
    ),
    asked("DeviceVersion", 0x07, COMMON_ANSWERS[0x04]),
    setting("FloodEventSendTime", 0x08, 0x09, "floodEventSendTime", byte(whole("time", 0, 255, "min"))),
    setting(
        "FloodEventUplinkType",
        0x13,
        0x14,
        "floodEventUplinkType",
        byte(Digits(name="type", words=UPLINK_TYPES)),
        told=number("floodEventUplinkType"),
    ),
    join_retry(0x10, 0x19),
    uplink_type(0x11, 0x1B),
    watch_dog(0x1C, 0x1D),
    REGION,
    *UNASKED,
)

T_FLOOD = product("t_flood", keepalives=(), rows=ROWS, frame=_answers_then_three_bytes)
