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
    loaders, keeps_unknown = _reading_plan(shape)
    known: Body = {}
    unknown: Body = {}
    for name, value in body.items():
        if name not in loaders:
            unknown[name] = value
        elif (load := loaders[name]) is None:
            known[name] = value
        else:
            known[name] = load(value)
    if unknown and keeps_unknown:
        known[UNKNOWN] = unknown
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
def _reading_plan(cls: Hashable) -> tuple[dict[str, Converter | None], bool]:
    """How each stored field is read, and whether the class keeps what it does not know."""
    loaders = {plan.name: plan.load for plan in _plan(cls)}
    return loaders, any(item.name == UNKNOWN for item in dataclasses.fields(cast(Any, cls)))


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
    return lambda value: tuple(map(item, value))


def _each_member(load: Converter | None) -> Converter:
    if load is None:
        return frozenset
    item = load
    return lambda value: frozenset(map(item, value))


def _nested(cls: Any) -> Converter:
    """How a thing inside a thing is read: plain ones, of which a device has dozens, without a loop."""
    loaders, keeps_unknown = _reading_plan(cls)
    if keeps_unknown or any(loaders.values()):
        return lambda value: from_body(cls, value)

    def load(value: Body) -> Any:
        try:
            return cls(**value)
        except TypeError:  # a field of a newer release
            return from_body(cls, value)

    return load


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
        return _each_member(_loader(arguments[0]))
    if origin is dict:
        return _each_value(_loader(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {member.value: member for member in hint}.__getitem__
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _nested(hint)
    return None
