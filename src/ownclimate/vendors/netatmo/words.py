"""How single values stand on Netatmo's wire and in the core: one `Word` for each kind, both ways.

A word reads leniently (numbers as text, `0` for false) and writes exactly one form. Whoever reads
compares the two: a value that would not come back as it came is also kept as it came.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

LAST_EPOCH_S: Final = 32_503_680_000
"""Year 3000: whatever lies beyond is not a time in seconds."""
MILLISECONDS: Final = 1000
INT64: Final = range(-(1 << 63), 1 << 63)


@dataclass(frozen=True, slots=True)
class Word:
    """`to_core` gives None for what it cannot read; `from_core` writes what `to_core` gave."""

    to_core: Callable[[Any], Any]
    from_core: Callable[[Any], Any]

    def is_exact(self, wire: Any, core: Any) -> bool:
        """Whether the core's value comes back as precisely what was on the wire."""
        return is_same(self.from_core(core), wire)


def is_same(left: Any, right: Any) -> bool:
    """Equality as JSON has it: `1` is `1.0`, but neither is `true` nor `"1"`."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left == right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_same(left[name], right[name]) for name in left)
    return type(left) is type(right) and bool(left == right)


_EXACT_DIGITS: Final = 16
"""Whole numbers of fewer digits are exact as floats."""


def is_storable(value: Any) -> bool:
    """Whether a document can hold the JSON value: whole numbers end at 64 bits there."""
    if isinstance(value, dict):
        return all(is_storable(item) for item in value.values())
    if isinstance(value, list):
        return all(is_storable(item) for item in value)
    return isinstance(value, bool) or not isinstance(value, int) or value in INT64


def number(value: Any) -> float | int | None:
    """A finite number, also from text."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
        if value.is_integer() and abs(value) < 2**53:
            value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, int):
        return value if value in INT64 else None
    return value if math.isfinite(value) else None


def integer(value: Any) -> int | None:
    if type(value) is str and len(value) < _EXACT_DIGITS and value.isascii() and value.isdecimal():
        return int(value)  # A page of a history has a thousand stamps; they are all like this.
    found = number(value)
    if found is None or found != int(found):
        return None
    return int(found) if int(found) in INT64 else None


def text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def flag(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False, "1": True, "0": False, "on": True, "off": False}.get(
            value.strip().lower()
        )
    return {0: False, 1: True}.get(value) if isinstance(value, int) else None


def epoch_ms(value: Any) -> int | None:
    """Milliseconds of an epoch in seconds; also of `{"sec":…,"usec":…}`, which very old answers have."""
    if isinstance(value, Mapping):
        seconds, micros = number(value.get("sec")), number(value.get("usec", 0)) or 0
        if seconds is None or abs(micros) > LAST_EPOCH_S:
            return None
        value = seconds + micros / 1e6
    found = number(value)
    if found is None or not 0 <= found < LAST_EPOCH_S:
        return None
    return int(found * MILLISECONDS)


def texts(value: Any) -> list[str] | None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return list(value)


def location(value: Any) -> dict[str, float] | None:
    """`[longitude, latitude]`, the order of every real answer; the descriptions say the reverse."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    longitude, latitude = number(value[0]), number(value[1])
    if longitude is None or latitude is None or abs(longitude) > 180 or abs(latitude) > 90:
        return None
    return {"longitude": longitude, "latitude": latitude}


def _whole_seconds(ms: int) -> int | float:
    return ms // MILLISECONDS if ms % MILLISECONDS == 0 else ms / MILLISECONDS


def _as_it_is(value: Any) -> Any:
    return value


def choice(words: Mapping[Any, Any]) -> Word:
    """One of the vendor's words for one of ours; words that we do not know are not read."""
    back = {core: wire for wire, core in words.items()}

    def to_core(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            return None
        return words.get(value)

    return Word(to_core, back.__getitem__)


NUMBER: Final = Word(number, _as_it_is)
INTEGER: Final = Word(integer, _as_it_is)
TEXT: Final = Word(text, _as_it_is)
FLAG: Final = Word(flag, _as_it_is)
EPOCH: Final = Word(epoch_ms, _whole_seconds)
TEXTS: Final = Word(texts, _as_it_is)
LOCATION: Final = Word(location, lambda place: [place["longitude"], place["latitude"]])
TENTHS: Final = Word(
    lambda value: None if (found := number(value)) is None else found / 10,
    lambda value: round(value * 10, 6),
)
MINUTES: Final = Word(
    lambda value: None if (found := integer(value)) is None or abs(found) > 1e9 else found * 60,
    lambda seconds: seconds // 60,
)


_PERSON: Final = {
    "id": "maker_id",
    "pseudo": "name",
    "url": "picture_url",
    "last_seen": "last_seen_s",
    "out_of_sight": "is_away",
}
PERSON_MEMBERS: Final = frozenset({*_PERSON, "face"})
"""Members of a person that the core reads."""
_WIRE_PERSON: Final = {ours: wire for wire, ours in _PERSON.items()}


def _people(value: Any) -> list[dict[str, Any]] | None:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return None
    if any(_WIRE_PERSON.keys() & item.keys() or not is_storable(item) for item in value):
        return None
    return [{_PERSON.get(name, name): person for name, person in item.items()} for item in value]


PEOPLE: Final = Word(
    _people,
    lambda people: [{_WIRE_PERSON.get(name, name): item for name, item in one.items()} for one in people],
)
"""Persons of a home under our names; members that we have no name for stay as they are."""
