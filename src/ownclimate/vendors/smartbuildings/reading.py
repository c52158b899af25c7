"""Taking a JSON object apart: what is understood is taken, everything else is kept as it came."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from msgspec import Struct, ValidationError, convert, structs

T = TypeVar("T")


class Members:
    """The members of an object. `left` are those that were not taken, or are not what they should be."""

    def __init__(self, said: Any) -> None:
        self.left: dict[str, Any] = dict(said) if isinstance(said, Mapping) else {}

    def take(self, name: str, understand: Callable[[Any], T | None]) -> T | None:
        """None when it is not there or cannot be understood; then it stays among what is left."""
        if name not in self.left:
            return None
        value = understand(self.left[name])
        if value is not None:
            del self.left[name]
        return value


def text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def number(value: Any) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None


def member_object(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, Mapping) else None


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Of a list those items that are objects."""
    return (item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else iter(())


def known(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what nobody said."""
    return {name: value for name, value in values.items() if value is not None}


def fitting(said: Mapping[str, Any], shape: type[Struct]) -> dict[str, Any]:
    """Of an object's members those that the shape has and can hold, under its own names for them."""
    found: dict[str, Any] = {}
    for each in structs.fields(shape):
        if each.encode_name in said:
            with contextlib.suppress(ValidationError):
                found[each.name] = convert(said[each.encode_name], each.type)
    return found
