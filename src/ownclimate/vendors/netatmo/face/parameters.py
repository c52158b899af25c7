"""How parameters are written in this dialect (§1.2): clients mix JSON, forms, queries and PHP's brackets."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import msgspec

from ownclimate.core.errors import InvalidInput
from ownclimate.vendors.netatmo.face.faults import InvalidArray
from ownclimate.web.call import Pairs
from ownclimate.web.gathering import bracketed
from ownclimate.web.tables import ABSENT, Parameter

ABSENT_TEXTS: Final = frozenset({"", "none", "null"})
"""A client in Python really sends `home_id=None`."""
FLAGS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
MAX_EPOCH_S: Final = 10**11
"""Beyond it, later than any instant that we can hold: cut, since clients mean "for ever"."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?(e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_SHAPE: Final = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5,7}(?:#[0-9]{1,3})?|[0-9]{10}")
"""Devices' ids of §1.3: MACs of six or eight bytes, gangs of one device, shutters."""

WireId = Annotated[str, msgspec.Meta(description="MAC address, in upper or lower case")]
Epoch = Annotated[int, msgspec.Meta(description="Epoch seconds; a fraction is cut off")]
_TEXT_KINDS: Final = (msgspec.inspect.StrType, msgspec.inspect.IntType, msgspec.inspect.FloatType)
_MAP_KINDS: Final = (msgspec.inspect.StructType, msgspec.inspect.DictType)


def gather(pairs: Pairs) -> dict[str, Any]:
    """Names and values of a query or form. Raises InvalidArray for names that contradict each other."""
    try:
        return bracketed(pairs)
    except InvalidInput as error:
        raise InvalidArray(error.field) from error


def coerce(value: Any, parameter: Parameter) -> Any:
    """A parameter's value as its type wants it; ABSENT for the spellings of nothing.

    Lists of texts may be comma lists, repeated names, brackets or JSON; lists of objects brackets or
    JSON, in a form as text; so may objects. Raises InvalidInput.
    """
    kinds = parameter.kinds
    listed = next((kind for kind in kinds if isinstance(kind, msgspec.inspect.ListType)), None)
    if listed is not None:
        is_text = isinstance(listed.item_type, _TEXT_KINDS)
        return _texts(value, parameter.name) if is_text else _objects(value, parameter.name)
    if isinstance(value, list) and value:
        value = value[-1]
    if value is None or (isinstance(value, str) and value.strip().lower() in ABSENT_TEXTS):
        return ABSENT
    if any(isinstance(kind, _MAP_KINDS) for kind in kinds):
        return _object(value, parameter.name)
    if isinstance(value, (list, dict)):
        raise InvalidArray(parameter.name)
    if any(isinstance(kind, msgspec.inspect.BoolType) for kind in kinds):
        return _flag(value, parameter.name)
    has_text = any(isinstance(kind, msgspec.inspect.StrType) for kind in kinds)
    if any(isinstance(kind, msgspec.inspect.IntType) for kind in kinds):
        return _integer(value, parameter.name, has_text=has_text)
    if has_text and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value


def wire_id(text: str) -> str:
    """An id as we compare it: in lower case, without the spaces that some clients have in it."""
    return "".join(text.split()).lower()


def is_wire_id(text: str) -> bool:
    """Whether a device could be called so; the text as `wire_id` gives it."""
    return _SHAPE.fullmatch(text) is not None


def _texts(value: Any, name: str) -> Any:
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


def _objects(value: Any, name: str) -> Any:
    """A list of objects; each may be JSON in a text, as the whole list may."""
    if value is None or (isinstance(value, str) and value.strip().lower() in ABSENT_TEXTS):
        return ABSENT
    found = _decoded(value, name) if isinstance(value, str) else value
    if not isinstance(found, list):
        raise InvalidArray(name)
    return [_object(item, name) for item in found]


def _object(value: Any, name: str) -> dict[str, Any]:
    found = _decoded(value, name) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise InvalidArray(name)
    return found


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
