"""The parameters of commands: what may be said, and the whole number that travels for it.

Each turns a value that came by name into the one that the wire can carry, or says why not, and both
ways between that and the unsigned number in the frame. Text is taken for numbers and truths, since
command lines and some of the vendor's clients send nothing else. Reading a number back never fails.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ownclimate.core.errors import InvalidInput
from ownclimate.vendors.mclimate.codecs.extractors import tidy

TRUTHS = {
    "true": True,
    "1": True,
    "on": True,
    "yes": True,
    "false": False,
    "0": False,
    "off": False,
    "no": False,
}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""In the order of their bits, the least first."""

TOLERANCE = 1e-6
"""How far a multiple of a step may be off, since 0.1 has no exact binary fraction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterHelp:
    """What a person or a form needs to know; `low` and `high` are inclusive, `step` 0 is the nearest."""

    name: str
    kind: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    step: float | None = None
    words: dict[str, str] = field(default_factory=dict)
    is_secret: bool = False
    is_optional: bool = False


class Parameter(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def is_secret(self) -> bool: ...

    @property
    def default(self) -> Any:
        """What counts when nothing is said; None where something has to be."""
        ...

    def accept(self, value: Any) -> Any:
        """The value as the wire can carry it. Raises InvalidInput with the parameter's name and range."""
        ...

    def to_raw(self, value: Any) -> int:
        """An accepted value as the unsigned number that travels."""
        ...

    def from_raw(self, raw: int) -> Any: ...

    def is_near(self, value: Any, other: Any) -> bool:
        """Whether two values are the same as far as the wire can tell them apart."""
        ...

    def help(self) -> ParameterHelp: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number that travels as `(value − zero) × per`.

    `step` is what it must be a multiple of; 0 takes any value and sends the nearest. `also` are values
    outside the range with a meaning of their own. `words` say what single numbers mean and stand for
    them. A `low` below 0 travels as two's complement of `bits`; of a number that `is_size` only the size
    travels, since its sign is another parameter. What the wire cannot carry `is_cut` off, or else rounded.
    """

    name: str
    low: float
    high: float
    step: float = 1
    per: float = 1
    zero: float = 0
    unit: str = ""
    also: tuple[float, ...] = ()
    words: Mapping[int, str] = field(default_factory=dict)
    bits: int = 0
    is_size: bool = False
    is_cut: bool = False
    is_secret: bool = False
    default: Any = None

    def accept(self, value: Any) -> float:
        number = self._number(value)
        if number not in self.also and not self.low <= number <= self.high:
            raise self._refused(value)
        if self.step and abs(number / self.step - round(number / self.step)) > TOLERANCE:
            raise self._refused(value)
        if not self.step:
            return number
        return round(number) if isinstance(self.step, int) else tidy(number)

    def to_raw(self, value: float) -> int:
        count = ((abs(value) if self.is_size else value) - self.zero) * self.per
        raw = math.floor(count + (TOLERANCE if self.is_cut else 0.5))
        return raw % (1 << self.bits) if self.bits else max(raw, 0)

    def from_raw(self, raw: int) -> float:
        if self.bits and raw >> (self.bits - 1):
            raw -= 1 << self.bits
        if self.per == 1 and self.zero == 0:
            return raw
        value = raw / self.per + self.zero
        if not self.step:
            return value
        return round(value) if isinstance(self.step, int) else tidy(value)

    def is_near(self, value: float, other: float) -> bool:
        if self.is_size:
            value, other = abs(value), abs(other)
        return abs(value - other) <= (1 if self.is_cut else 0.5) / abs(self.per) + TOLERANCE

    def help(self) -> ParameterHelp:
        return ParameterHelp(
            name=self.name,
            kind="number",
            unit=self.unit,
            low=self.low,
            high=self.high,
            step=self.step,
            is_optional=self.default is not None,
            words={str(number): word for number, word in self.words.items()},
        )

    def _number(self, value: Any) -> float:
        if isinstance(value, bool) and (self.low, self.high) != (0, 1):
            raise self._refused(value)
        if isinstance(value, str):
            for meant, word in self.words.items():
                if value.strip().lower() == word:
                    return meant
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise self._refused(value) from error
        if not math.isfinite(number):
            raise self._refused(value)
        return number

    def _refused(self, value: Any) -> InvalidInput:
        if self.words:
            told = ", ".join(f"{number} ({word})" for number, word in self.words.items())
            return refused(self.name, f"one of {told}", value)
        kind = "a whole number" if self.step == 1 else "a number"
        multiple = f" in steps of {self.step:g}" if self.step not in (0, 1) else ""
        unit = f" {self.unit}" if self.unit else ""
        also = "".join(f", or {number:g}" for number in self.also)
        return refused(self.name, f"{kind} from {self.low:g} to {self.high:g}{unit}{multiple}{also}", value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """True or false, 1 or 0 on the wire; `is_inverse` where the wire says it the other way round."""

    name: str
    is_inverse: bool = False
    is_secret: bool = False
    default: Any = None

    def accept(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        truth = TRUTHS.get(str(value).strip().lower())
        if truth is None:
            raise refused(self.name, "true or false", value)
        return truth

    def to_raw(self, value: bool) -> int:
        return int(value is not self.is_inverse)

    def from_raw(self, raw: int) -> bool:
        return (raw != 0) is not self.is_inverse

    def is_near(self, value: bool, other: bool) -> bool:
        return value is other

    def help(self) -> ParameterHelp:
        return ParameterHelp(name=self.name, kind="flag", is_optional=self.default is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digits:
    """One of some modes, which the vendor writes as two hex digits in text ("00", "01")."""

    name: str
    words: Mapping[str, str]
    is_secret: bool = False
    default: Any = None

    def accept(self, value: Any) -> str:
        text = str(int(value) if isinstance(value, bool) else value).strip().lower()
        for digits, word in self.words.items():
            if text in (digits, digits.lstrip("0") or "0", word):
                return digits
        told = ", ".join(f'"{digits}" ({word})' for digits, word in self.words.items())
        raise refused(self.name, f"one of {told}", value)

    def to_raw(self, value: str) -> int:
        return int(value, 16)

    def from_raw(self, raw: int) -> str:
        return f"{raw:02X}"

    def is_near(self, value: str, other: str) -> bool:
        return value == other

    def help(self) -> ParameterHelp:
        return ParameterHelp(name=self.name, kind="digits", words=dict(self.words))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hex:
    """Bytes as hex digits, such as an EUI or a secret key: `length` of them, or from `fewest` on.

    A secret is told neither in errors nor in what is kept of a command.
    """

    name: str
    length: int
    fewest: int = 0
    is_secret: bool = False
    default: Any = None

    def accept(self, value: Any) -> str:
        data = hex_bytes(value)
        if data is None or not (self.fewest or self.length) <= len(data) <= self.length:
            count = f"{2 * self.fewest} to {2 * self.length}" if self.fewest else f"{2 * self.length}"
            raise InvalidInput(self.name, f"expected {count} hexadecimal digits, two a byte")
        return data.hex().upper()

    def to_raw(self, value: str) -> int:
        return int(value, 16)

    def from_raw(self, raw: int) -> str:
        return f"{raw:0{2 * self.length}X}"

    def is_near(self, value: str, other: str) -> bool:
        return value == other

    def help(self) -> ParameterHelp:
        low = self.fewest or self.length
        return ParameterHelp(
            name=self.name, kind="hex", unit="bytes", low=low, high=self.length, is_secret=self.is_secret
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Days of the week: a truth a day, or the names of those that are meant. A day not named is not meant."""

    name: str
    is_secret: bool = False
    default: Any = None

    def accept(self, value: Any) -> dict[str, bool]:
        if isinstance(value, str):
            value = [day.strip().lower() for day in value.split(",") if day.strip()]
        if isinstance(value, Mapping):
            truth = Flag(name=self.name)
            value = {str(day): truth.accept(is_meant) for day, is_meant in value.items()}
        elif isinstance(value, Iterable):
            value = {str(day): True for day in value}
        if not isinstance(value, dict) or not value.keys() <= set(WEEKDAYS):
            raise InvalidInput(self.name, f"expected days of the week ({', '.join(WEEKDAYS)})")
        return {day: value.get(day, False) for day in WEEKDAYS}

    def to_raw(self, value: dict[str, bool]) -> int:
        return sum(1 << bit for bit, day in enumerate(WEEKDAYS) if value[day])

    def from_raw(self, raw: int) -> dict[str, bool]:
        return weekdays(raw)

    def is_near(self, value: dict[str, bool], other: dict[str, bool]) -> bool:
        return value == other

    def help(self) -> ParameterHelp:
        return ParameterHelp(name=self.name, kind="days")


def weekdays(mask: int) -> dict[str, bool]:
    return {day: bool(mask >> bit & 1) for bit, day in enumerate(WEEKDAYS)}


def hex_bytes(value: Any) -> bytes | None:
    """The bytes that hex digits stand for; None when they do not."""
    try:
        return bytes.fromhex(value.strip().removeprefix("0x")) if isinstance(value, str) else None
    except ValueError:
        return None


def refused(name: str, expected: str, value: Any) -> InvalidInput:
    shown = repr(value)
    return InvalidInput(name, f"expected {expected}, got {shown if len(shown) <= 40 else shown[:40] + '…'}")


def whole(
    name: str, low: int, high: int, unit: str = "", *, step: int = 1, words: Mapping[int, str] | None = None
) -> Number:
    """A whole number; it travels in units of its step, as 20 minutes in steps of 5 are 4."""
    return Number(name=name, low=low, high=high, step=step, per=1 / step, unit=unit, words=words or {})


def tenths(name: str, low: float, high: float, unit: str = "°C", *, also: tuple[float, ...] = ()) -> Number:
    return Number(name=name, low=low, high=high, step=0.1, per=10, unit=unit, also=also)


def choice(name: str, *words: str) -> Number:
    """One of some modes, numbered from 0."""
    return Number(name=name, low=0, high=len(words) - 1, words=dict(enumerate(words)))


def flag(name: str) -> Flag:
    return Flag(name=name)
