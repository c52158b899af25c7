"""Things to documents and back.

A thing is a frozen dataclass whose fields are plain values, tuples of them, string-keyed dicts,
enums or other such dataclasses. Fields that a stored document has and our class does not (written
by a newer release) are kept in the thing's `unknown` mapping and written back, so a rewrite by an
older release loses nothing. Fields at their default are not stored.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from ownclimate.core.ports import Body

T = TypeVar("T")
Converter = Callable[[Any], Any]

UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    name: str
    default: Any
    load: Converter | None


def to_body(thing: Any) -> Body:
    """The document of a thing: only fields that differ from their default, plus what was unknown."""
    body: Body = {}
    shape: Any = type(thing)
    for plan in _plan(shape):
        value = getattr(thing, plan.name)
        if value != plan.default:
            body[plan.name] = _plain(value)
    for name, value in getattr(thing, UNKNOWN, {}).items():
        body.setdefault(name, value)
    return body


def from_body(cls: type[T], body: Body) -> T:
    """The thing of a document; missing fields take their default, unheard-of ones go to `unknown`."""
    shape: Any = cls
    plans = _plan(shape)
    known: Body = {}
    for plan in plans:
        if plan.name in body:
            value = body[plan.name]
            known[plan.name] = value if plan.load is None else plan.load(value)
    if len(known) < len(body) and _keeps_unknown(shape):
        known[UNKNOWN] = {name: value for name, value in body.items() if name not in known}
    return cls(**known)


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        return to_body(value)
    if isinstance(value, frozenset):
        return sorted(_plain(item) for item in value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


@functools.cache
def _keeps_unknown(cls: Hashable) -> bool:
    return UNKNOWN in {item.name for item in dataclasses.fields(cast(Any, cls))}


@functools.cache
def _plan(cls: Hashable) -> tuple[_Field, ...]:
    hints = typing.get_type_hints(cls)
    plans = []
    for item in dataclasses.fields(cast(Any, cls)):
        if item.name == UNKNOWN:
            continue
        default = item.default
        if item.default_factory is not dataclasses.MISSING:
            default = item.default_factory()
        plans.append(_Field(item.name, default, _loader(hints[item.name])))
    return tuple(plans)


def _optional(inner: Converter | None) -> Converter | None:
    if inner is None:
        return None
    load = inner
    return lambda value: None if value is None else load(value)


def _each(load: Converter | None) -> Converter:
    if load is None:
        return tuple
    item = load
    return lambda value: tuple(item(v) for v in value)


def _each_value(load: Converter | None) -> Converter | None:
    if load is None:
        return None
    item = load
    return lambda value: {key: item(v) for key, v in value.items()}


def _loader(hint: Any) -> Converter | None:
    """How a stored value becomes a field's; None when it is the same."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _optional(next((load for a in arguments if (load := _loader(a)) is not None), None))
    if origin is tuple:
        return _each(_loader(arguments[0]))
    if origin is frozenset:
        each = _each(_loader(arguments[0]))
        return lambda value: frozenset(each(value))
    if origin is dict:
        return _each_value(_loader(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return lambda value: from_body(hint, value)
    return None
