"""How strictly values are taken, and what is said of one that cannot be: words a manager understands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ownclimate.core.errors import InvalidInput
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.web.tables import Parameter, Place

_EXPECTED: Final = {
    words.OBJECT_ID_PATTERN: "must be 24 of the characters 0-9 and a-f",
    words.THERMOSTAT_ID_PATTERN: "must be a serial number: digits only",
    words.PRINTABLE_PATTERN: "must be of letters A-Z and a-z, digits, spaces and ASCII punctuation",
    words.COUNTRY_PATTERN: "must be two capital letters (ISO 3166-1), such as US",
    words.POSTAL_CODE_PATTERN: "must be a ZIP code or a Canadian postal code",
}


def strictly(value: Any, parameter: Parameter) -> Any:
    """JSON's own types count in a body: neither "true" is a boolean nor "5000" a number.

    Raises InvalidInput; what is left out here the parameter's type refuses after it.
    """
    if parameter.place is Place.BODY:
        return _checked(value, parameter.type, parameter.name)
    _check_text(value, parameter.type, parameter.name)
    return value


def _checked(value: Any, kind: msgspec.inspect.Type, path: str) -> Any:
    match kind:
        case msgspec.inspect.Metadata():
            return _checked(value, kind.type, path)
        case msgspec.inspect.StructType() if isinstance(value, Mapping):
            known = {field.encode_name: field.type for field in kind.fields}
            return {
                name: _checked(inner, known[name], f"{path}.{name}") if name in known else inner
                for name, inner in value.items()
            }
        case msgspec.inspect.BoolType() if not isinstance(value, bool):
            raise InvalidInput(path, "must be a boolean")
        case msgspec.inspect.FloatType() | msgspec.inspect.IntType():
            return _number(value, kind, path)
        case msgspec.inspect.LiteralType():
            return _choice(value, kind, path)
        case _:
            _check_text(value, kind, path)
    return value


def _number(value: Any, kind: msgspec.inspect.FloatType | msgspec.inspect.IntType, path: str) -> Any:
    """JSON does not tell 5 from 5.0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidInput(path, "must be a number")
    if kind.ge is not None and kind.le is not None and not kind.ge <= value <= kind.le:
        raise InvalidInput(path, f"must be between {kind.ge:g} and {kind.le:g}")
    is_whole = isinstance(kind, msgspec.inspect.IntType) and float(value).is_integer()
    return int(value) if is_whole else value


def _choice(value: Any, kind: msgspec.inspect.LiteralType, path: str) -> Any:
    if all(isinstance(each, int) for each in kind.values):
        value = _number(value, msgspec.inspect.IntType(), path)
    if value not in kind.values:
        raise InvalidInput(path, f"must be one of {', '.join(map(str, kind.values))}")
    return value


def _check_text(value: Any, kind: msgspec.inspect.Type, path: str) -> None:
    """The whole text has to fit: `$` alone lets a line break at the end pass."""
    if isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    if not isinstance(kind, msgspec.inspect.StrType) or not isinstance(value, str):
        return
    if kind.max_length is not None and len(value) > kind.max_length:
        raise InvalidInput(path, f"must have at most {kind.max_length} characters")
    if kind.min_length is not None and len(value) < kind.min_length:
        raise InvalidInput(path, f"must have at least {kind.min_length} characters")
    if kind.pattern is not None and re.fullmatch(kind.pattern, value) is None:
        raise InvalidInput(path, _EXPECTED.get(kind.pattern, f"must match {kind.pattern}"))
