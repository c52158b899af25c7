"""From query, path, headers and body to a row's parameter struct, by a reader made once per row."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from ownclimate.core.errors import InvalidInput
from ownclimate.web.body import pairs_of, values_of
from ownclimate.web.call import Call
from ownclimate.web.faults import MissingInput
from ownclimate.web.tables import (
    Dialect,
    Endpoint,
    Parameter,
    Place,
    Unknown,
    as_given,
)

_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_AT = re.compile(r" - at `(?:key in )?\$\.?(?P<path>[^`]*)`$")
_FOUND = re.compile(r", got `[^`]*`$")
_TYPES = re.compile(r"`([^`]*)`")
_NAMED = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}
"""msgspec's names of types in words that clients of any language know."""
_PATH_NAME = re.compile(r"\{(\w+)(?::\w+)?\}")


class Inputs:
    """Everything of one request from which parameters are taken; parsed when first asked for."""

    __slots__ = ("_body_values", "_query_values", "body", "call", "params", "path_values", "row")

    def __init__(self, call: Call, row: tuple[Endpoint, Dialect], path_values: Mapping[str, str]) -> None:
        self.call = call
        self.row = row
        self.path_values = path_values
        self.body = b""
        self.params: Any = None
        self._query_values: dict[str, Any] | None = None
        self._body_values: dict[str, Any] | None = None

    def query_values(self) -> dict[str, Any]:
        if self._query_values is None:
            self._query_values = self.row[1].gather(pairs_of(self.call.query)) if self.call.query else {}
        return self._query_values

    def body_values(self) -> dict[str, Any]:
        if self._body_values is None:
            content_type = self.call.header("content-type")
            self._body_values = values_of(self.body, content_type, *self.row)
        return self._body_values


Reader = Callable[[Inputs], Any]
"""The row's parameter struct out of a request. Raises InvalidInput."""


def names_in(template: str) -> frozenset[str]:
    """The parameters that a path's template holds."""
    return frozenset(_PATH_NAME.findall(template))


def parameters_of(endpoint: Endpoint, dialect: Dialect) -> tuple[Parameter, ...]:
    """The row's parameters with the place of each; none when the row declares no struct.

    Raises ValueError when the path holds one that no field takes; an alias may hold more than the path.
    """
    if endpoint.params is None:
        return ()
    in_path = frozenset().union(*(names_in(path) for path in (endpoint.path, *endpoint.aliases)))
    parameters = [
        Parameter(
            name=item.encode_name,
            place=(Place.PATH if item.encode_name in in_path else place) or dialect.default_place,
            type=item.type,
            is_required=item.required,
        )
        for item, place in _fields_of(endpoint.params)
    ]
    missing = names_in(endpoint.path) - {parameter.name for parameter in parameters}
    if missing:
        raise ValueError(f"{endpoint.path}: {', '.join(sorted(missing))} is in no field")
    return tuple(parameters)


@functools.cache
def _fields_of(struct: type[msgspec.Struct]) -> tuple[tuple[msgspec.inspect.Field, Place | None], ...]:
    """A struct's fields, each with the place that it is annotated with. Kept, since looking is slow and rows
    share structs."""
    hints = get_type_hints(struct, include_extras=True)
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)
    return tuple((item, _annotated_place(hints[item.name])) for item in info.fields)


def reader_of(endpoint: Endpoint, dialect: Dialect) -> Reader | None:
    """None when the row takes nothing and minds nothing."""
    parameters = parameters_of(endpoint, dialect)
    struct = endpoint.params
    if struct is None and _unknown(endpoint, dialect) is Unknown.IGNORE:
        return None
    take = _taker(parameters, dialect)
    screen = _screen(parameters, endpoint, dialect)
    # The common request: nothing but a path. Whatever else is required is then missing in any case.
    path_suffices = dialect.coerce is as_given and all(p.place is not Place.HEADER for p in parameters)

    def read(inputs: Inputs) -> Any:
        if inputs.call.query or inputs.body:
            screen(inputs)
        elif path_suffices and struct is not None:
            return convert(inputs.path_values, struct)
        return None if struct is None else convert(take(inputs), struct)

    return read


def convert(values: Mapping[str, Any], struct: type[msgspec.Struct]) -> Any:
    """The struct of the values, texts read as its types say. Raises InvalidInput or MissingInput."""
    try:
        return msgspec.convert(values, struct, strict=False)
    except msgspec.ValidationError as error:
        raise _translated(str(error)) from None


def _taker(parameters: tuple[Parameter, ...], dialect: Dialect) -> Callable[[Inputs], dict[str, Any]]:
    def take(inputs: Inputs) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for parameter in parameters:
            value = _FINDERS[parameter.place](inputs, parameter.name)
            if value is not msgspec.UNSET:
                values[parameter.name] = value
        return values

    def take_coerced(inputs: Inputs) -> dict[str, Any]:
        """A missing parameter is told before a wrong one, whichever of them is declared first."""
        values: dict[str, Any] = {}
        wrong: InvalidInput | None = None
        missing = ""
        for parameter in parameters:
            try:
                value = _coerced(inputs, parameter, dialect.coerce)
            except InvalidInput as error:
                wrong = wrong or error
                continue
            if value is not msgspec.UNSET:
                values[parameter.name] = value
            elif parameter.is_required:
                missing = missing or parameter.name
        if missing:
            raise MissingInput(missing)
        if wrong is not None:
            raise wrong
        return values

    return take if dialect.coerce is as_given else take_coerced


def _coerced(inputs: Inputs, parameter: Parameter, coerce: Callable[[Any, Parameter], Any]) -> Any:
    """The parameter's value; a body that gives it as absent leaves it to the query."""
    value = _FINDERS[parameter.place](inputs, parameter.name)
    if value is not msgspec.UNSET:
        value = coerce(value, parameter)
    if value is msgspec.UNSET and parameter.place is Place.ANYWHERE:
        value = inputs.query_values().get(parameter.name, msgspec.UNSET)
        if value is not msgspec.UNSET:
            value = coerce(value, parameter)
    return value


def _from_anywhere(inputs: Inputs, name: str) -> Any:
    value = inputs.body_values().get(name, msgspec.UNSET)
    return inputs.query_values().get(name, msgspec.UNSET) if value is msgspec.UNSET else value


_FINDERS: dict[Place, Callable[[Inputs, str], Any]] = {
    Place.PATH: lambda inputs, name: inputs.path_values.get(name, msgspec.UNSET),
    Place.QUERY: lambda inputs, name: inputs.query_values().get(name, msgspec.UNSET),
    Place.BODY: lambda inputs, name: inputs.body_values().get(name, msgspec.UNSET),
    Place.HEADER: lambda inputs, name: inputs.call.header(name.lower()) or msgspec.UNSET,
    Place.ANYWHERE: _from_anywhere,
}


def _screen(
    parameters: tuple[Parameter, ...], endpoint: Endpoint, dialect: Dialect
) -> Callable[[Inputs], None]:
    """What to do with parameters that the row does not declare."""
    in_query = {p.name for p in parameters if p.place in (Place.QUERY, Place.ANYWHERE)}
    in_body = {p.name for p in parameters if p.place in (Place.BODY, Place.ANYWHERE)}
    own = {dialect.credential_parameter}

    def refuse(inputs: Inputs) -> None:
        for given, declared in ((inputs.query_values(), in_query), (inputs.body_values(), in_body)):
            stray = next((name for name in given if name not in declared and name not in own), None)
            if stray is not None:
                raise InvalidInput(stray, "is not a parameter of this request")

    def collect(inputs: Inputs) -> None:
        declared = in_query | own
        inputs.call.extra = [pair for pair in pairs_of(inputs.call.query) if pair[0] not in declared]

    def collect_body(inputs: Inputs) -> None:
        stray = next((name for name in inputs.query_values() if name not in in_query | own), None)
        if stray is not None:
            raise InvalidInput(stray, "is not a parameter of this request")
        declared = in_body | own
        inputs.call.more = {n: value for n, value in inputs.body_values().items() if n not in declared}

    choice = {Unknown.REFUSE: refuse, Unknown.COLLECT: collect, Unknown.COLLECT_BODY: collect_body}
    return choice.get(_unknown(endpoint, dialect), lambda inputs: None)


def _unknown(endpoint: Endpoint, dialect: Dialect) -> Unknown:
    return dialect.unknown if endpoint.unknown is None else endpoint.unknown


def _annotated_place(hint: Any) -> Place | None:
    if get_origin(hint) is not Annotated:
        return None
    return next((note for note in get_args(hint)[1:] if isinstance(note, Place)), None)


def _translated(message: str) -> InvalidInput:
    """msgspec's message as ours: which field, and what was expected of it."""
    at = _AT.search(message)
    path = at.group("path") if at else ""
    missing = _MISSING.match(message)
    if missing:
        name = missing.group("name")
        return MissingInput(f"{path}.{name}" if path else name)
    reason = message[: at.start()] if at else message
    return InvalidInput(path, _in_words(reason[:1].lower() + reason[1:]))


def _in_words(reason: str) -> str:
    return _TYPES.sub(
        lambda found: " or ".join(_NAMED.get(name, name) for name in found.group(1).split(" | ")),
        _FOUND.sub("", reason),
    )
