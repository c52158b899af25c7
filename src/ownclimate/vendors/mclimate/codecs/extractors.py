"""Words of which the models' tables are made: how argument bytes become fields.

Each makes a function from bytes to fields. Integers are big-endian and unsigned unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ownclimate.vendors.mclimate.codecs.engine import Answer, Fields


def unsigned(data: bytes) -> int:
    return int.from_bytes(data, "big")


def tidy(value: float) -> float:
    """Without the noise of binary fractions, far finer than any of these sensors."""
    return round(value, 5)


def relative_humidity(byte: int) -> float:
    return round(byte * 100 / 256, 2)


def decimal_digits(byte: int) -> int | str:
    """A byte whose two hex digits are meant as decimal ones: 0x26 is 26. Kept as text when they are not."""
    text = f"{byte:02X}"
    return int(text) if text.isdigit() else text


def number(name: str, length: int = 1, *, times: float = 1, over: float = 1, plus: float = 0) -> Answer:
    """An unsigned number as `value × times / over + plus`; whole when that is all that can come out."""
    is_whole = over == 1 and isinstance(times, int) and isinstance(plus, int)

    def read(data: bytes) -> Fields:
        value = unsigned(data)
        return {name: value * times + plus if is_whole else tidy(value * times / over + plus)}

    return Answer(length=length, read=read)


def signed(name: str) -> Answer:
    return Answer(length=1, read=lambda data: {name: int.from_bytes(data, "big", signed=True)})


def flag(name: str, *, true: int | None = None) -> Answer:
    """True unless the byte is 0; with `true` only when the byte is that."""
    return Answer(length=1, read=lambda data: {name: data[0] != 0 if true is None else data[0] == true})


def two_digits(name: str) -> Answer:
    """The byte as the vendor's cloud shows modes: two hex digits as text."""
    return Answer(length=1, read=lambda data: {name: f"{data[0]:02X}"})


def word(name: str, words: tuple[str, ...]) -> Answer:
    """One of some words by number; an unheard-of number stays a number."""
    return Answer(length=1, read=lambda data: {name: words[data[0]] if data[0] < len(words) else data[0]})


def hex_text(name: str, length: int) -> Answer:
    return Answer(length=length, read=lambda data: {name: data.hex().upper()})


def record(name: str, length: int, members: Callable[[bytes], dict[str, Any]]) -> Answer:
    """Several values under one name."""
    return Answer(length=length, read=lambda data: {name: members(data)})


def occurred(name: str) -> Answer:
    """A code without arguments whose coming is the news."""
    return Answer(length=0, read=lambda data: {name: True})


COMMON_ANSWERS: dict[int, Answer] = {
    0x04: record(
        "deviceVersions", 2, lambda d: {"hardware": decimal_digits(d[0]), "software": decimal_digits(d[1])}
    ),
    0x12: number("keepAliveTime"),
    0x19: number("joinRetryPeriod", times=5, over=60),
    0x1B: two_digits("uplinkType"),
    # 0 switches a watchdog off, which the vendor's package reports as false.
    0x1D: record("watchDogParams", 2, lambda d: {"wdpC": d[0] or False, "wdpUc": d[1] or False}),
    0xA0: record("fuota", 4, lambda d: {"fuota_address": unsigned(d), "fuota_address_raw": d.hex().upper()}),
    0xA4: number("region"),
    0xA6: occurred("crystalOscillatorError"),
}
"""What nearly every model answers. Source: the vendor's documents, "Commands" of each model."""
