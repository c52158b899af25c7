"""Words of which the keep-alives of the tables are made: which bytes say which field, and how.

`at` is a byte's place in the frame; byte 0 is the code. Fields of two bytes have the high one first.
"""

from __future__ import annotations

from collections.abc import Callable

from ownclimate.vendors.mclimate.codecs.engine import Fields, Part
from ownclimate.vendors.mclimate.codecs.extractors import relative_humidity

PROBE_BROKEN = 0x04
ABSOLUTE_ZERO_TENTHS = 400
"""Temperatures of two bytes count tenths of a degree from −40 °C."""

BYTE_TO_VOLTS = 2200 / 255
LEAST_MV = 1600


def byte(name: str, at: int) -> Part:
    return Part(last_byte=at, read=lambda b: {name: b[at]})


def word(name: str, at: int) -> Part:
    return Part(last_byte=at + 1, read=lambda b: {name: b[at] << 8 | b[at + 1]})


def bit(name: str, at: int, mask: int) -> Part:
    return Part(last_byte=at, read=lambda b: {name: b[at] & mask != 0})


def truth(name: str, at: int) -> Part:
    return Part(last_byte=at, read=lambda b: {name: b[at] == 1})


def tenths(name: str, at: int) -> Part:
    return Part(last_byte=at + 1, read=lambda b: {name: (b[at] << 8 | b[at + 1]) / 10})


def temperature_16(name: str, at: int) -> Part:
    return Part(
        last_byte=at + 1,
        read=lambda b: {name: ((b[at] << 8 | b[at + 1]) - ABSOLUTE_ZERO_TENTHS) / 10},
    )


def temperature_10(name: str, at: int) -> Part:
    """The low ten bits of two bytes."""
    return Part(
        last_byte=at + 1,
        read=lambda b: {name: ((b[at] << 8 & 0x300 | b[at + 1]) - ABSOLUTE_ZERO_TENTHS) / 10},
    )


def humidity(name: str, at: int) -> Part:
    return Part(last_byte=at, read=lambda b: {name: relative_humidity(b[at])})


def volts_8(name: str, at: int, *, step_mv: int = 8, from_mv: int = LEAST_MV) -> Part:
    return Part(last_byte=at, read=lambda b: {name: round((b[at] * step_mv + from_mv) / 1000, 2)})


def volts_f(name: str, at: int) -> Part:
    """A byte over the 2.2 V from 1.6 V on."""
    return Part(last_byte=at, read=lambda b: {name: round((b[at] * BYTE_TO_VOLTS + LEAST_MV) / 1000, 2)})


def volts_16(name: str, at: int) -> Part:
    return Part(last_byte=at + 1, read=lambda b: {name: round((b[at] << 8 | b[at + 1]) / 1000, 2)})


def sign_and_size(name: str, at: int) -> Part:
    """Whole degrees in seven bits, the eighth for less than 0."""
    return Part(last_byte=at, read=lambda b: {name: signed_size(b[at])})


def signed_size(value: int) -> int:
    return -(value & 0x7F) if value & 0x80 else value


def probe(
    name: str, at: int, *, negative: int = 0, value_if_broken: Callable[[float], float] = float
) -> Part:
    """A thermistor: whether it is connected, and tenths of a degree in ten bits.

    `negative` is the bit of the sign, where there is one. What a broken one reports is noise, which
    `value_if_broken` may replace.
    """

    def read(b: bytes) -> Fields:
        is_connected = not b[at] & PROBE_BROKEN
        size_c = (b[at] << 8 & 0x300 | b[at + 1]) / 10
        value_c = -size_c if b[at] & negative else size_c
        return {
            name: value_c if is_connected else value_if_broken(value_c),
            "thermistorProperlyConnected": is_connected,
        }

    return Part(last_byte=at + 1, read=read)


def no_value(_: float) -> float:
    """What the vendor's package says of a probe that is not there."""
    return 0
