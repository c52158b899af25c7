"""How parameters are written in this dialect (§1.2): clients mix JSON, forms, queries and PHP's brackets."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from ownclimate.core.errors import InvalidInput
from ownclimate.vendors.netatmo.face.faults import InvalidArray
from ownclimate.web.tables import ABSENT, Parameter

ABSENT_TEXTS: Final = frozenset({"", "none", "null"})
"""A client in Python really sends `home_id=None`."""
FLAGS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?(e[+-]?[0-9]+)?", re.IGNORECASE)
MAX_EPOCH_S: Final = 10**11
"""Beyond it, later than any instant that we can hold: cut, since clients mean "for ever"."""


def coerce(value: Any, parameter: Parameter) -> Any:
    """A parameter's value as its type wants it; ABSENT for the spellings of nothing.

    Raises InvalidInput.
    """
    if parameter.is_list:
        return _list(value, parameter.name)
    if isinstance(value, list) and value:
        value = value[-1]
    if isinstance(value, (list, dict)):
        raise InvalidArray(parameter.name)
    if value is None or (isinstance(value, str) and value.strip().lower() in ABSENT_TEXTS):
        return ABSENT
    kinds = parameter.kinds
    if any(isinstance(kind, msgspec.inspect.BoolType) for kind in kinds):
        return _flag(value, parameter.name)
    has_text = any(isinstance(kind, msgspec.inspect.StrType) for kind in kinds)
    if any(isinstance(kind, msgspec.inspect.IntType) for kind in kinds):
        return _integer(value, parameter.name, has_text=has_text)
    if has_text and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value


def _list(value: Any, name: str) -> Any:
    """Of a comma list, a repeated name, brackets or JSON, in a form as text; every element may be a comma
    list itself."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _decoded(value, name)
    items = value if isinstance(value, list) else [value]
    found: list[str] = []
    for item in items:
        if isinstance(item, (dict, list, bool)):
            raise InvalidArray(name)
        parts = str(item).split(",") if item is not None else []
        found.extend(part.strip() for part in parts if part.strip().lower() not in ABSENT_TEXTS)
    return found or ABSENT


def _decoded(text: str, name: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidArray(name) from None


def _flag(value: Any, name: str) -> bool:
    known = FLAGS.get(str(value).strip().lower())
    if known is None:
        raise InvalidInput(name, "expected true or false")
    return known


def _integer(value: Any, name: str, *, has_text: bool) -> Any:
    """Whole numbers; a fraction is cut off, as clients send times with one."""
    text = str(value).strip()
    if isinstance(value, bool) or not _NUMBER.fullmatch(text):
        if has_text:
            return text
        raise InvalidInput(name, "expected a whole number")
    return int(max(-MAX_EPOCH_S, min(MAX_EPOCH_S, float(text))))
