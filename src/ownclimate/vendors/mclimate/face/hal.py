"""What every resource of this API shares: `fields`, filters, `sort`, `limit`, `page`, and links.

Source: the vendor's API documents, "HAL": filters are exact and ANDed, the sign of a sort field gives
its direction, and every field named anywhere must be a field of the resource.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import quote, unquote_plus

import msgspec

from ownclimate.core.errors import InvalidInput
from ownclimate.vendors.mclimate.wire import Link, Links
from ownclimate.web.call import Call, Pairs

T = TypeVar("T")
U = TypeVar("U")

PAGE_SIZE = 30
MAX_PAGE_SIZE = 100
ADVANCED = "advanced"
SEGMENT_SAFE = ":@!$&'()*+,;="
"""What may stand in a path segment as it is (RFC 3986 §3.3)."""


class EntityQuery(msgspec.Struct, kw_only=True):
    fields: str = ""


class CollectionQuery(EntityQuery, kw_only=True):
    sort: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE_SIZE)] = PAGE_SIZE
    page: Annotated[int, msgspec.Meta(ge=1)] = 1


@dataclass(frozen=True, slots=True)
class Order:
    field: str
    is_descending: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """Values of `field` must equal `value`, which is already of the field's type."""

    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks of a collection, its names and values checked."""

    fields: tuple[str, ...]
    """Empty: all."""
    filters: tuple[Filter, ...]
    orders: tuple[Order, ...]
    limit: int
    page: int

    @property
    def named(self) -> frozenset[str]:
        """Fields that must be known before a page can be chosen."""
        return frozenset([f.field for f in self.filters] + [o.field for o in self.orders])


class Flag(int):
    """The type of a truth that is written as 1 or 0."""


FieldTypes = Mapping[str, type | None]
"""The resource's fields with the type in which they can be compared; None where they cannot."""


def asked(query: CollectionQuery, extra: Pairs, types: FieldTypes) -> Asked:
    """Raises InvalidInput naming the field that the resource does not have or the value it cannot have."""
    return Asked(
        fields=chosen_fields(query, types),
        filters=tuple(_filter(name, text, types) for name, text in extra),
        orders=tuple(_orders(query.sort, types)),
        limit=query.limit,
        page=query.page,
    )


def chosen_fields(query: EntityQuery, types: Iterable[str]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in query.fields.split(",")) if query.fields else ()
    for name in names:
        if name not in types:
            raise _unknown(name)
    return names


def keeps(value: Any, wanted: Any) -> bool:
    """Whether a field's value is what a filter wants; a field that is not there counts as null."""
    value = None if value is msgspec.UNSET else value
    return bool(value == wanted) and (value is None) == (wanted is None)


def sort_key(value: Any) -> tuple[bool, Any]:
    """Orders values of one field, nulls first."""
    if value is None or value is msgspec.UNSET:
        return (False, 0)
    return (True, value)


def arranged(items: list[T], asked: Asked, get: Callable[[T, str], Any]) -> list[T]:
    """The items that pass the filters, in the order asked for; ties stay in the order they came in."""
    for wanted in asked.filters:
        items = [item for item in items if keeps(get(item, wanted.field), wanted.value)]
    for order in reversed(asked.orders):
        items = sorted(
            items,
            key=lambda item, field=order.field: sort_key(get(item, field)),  # type: ignore[misc]  # mypy cannot type a default
            reverse=order.is_descending,
        )
    return items


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a collection; `count` is the number of pages, at least 1."""

    items: Sequence[T]
    number: int
    count: int
    whole: int
    """Items on all pages."""

    def holding(self, items: Sequence[U]) -> Page[U]:
        """The same page of other things, one for each of its items."""
        return Page(items=items, number=self.number, count=self.count, whole=self.whole)


def page_of(items: Sequence[T], asked: Asked) -> Page[T]:
    start = (asked.page - 1) * asked.limit
    return Page(
        items=items[start : start + asked.limit],
        number=asked.page,
        count=max(1, -(-len(items) // asked.limit)),
        whole=len(items),
    )


class Totals(Enum):
    """What `total` counts. The vendor's document can be read both ways, so clients must go by `last`."""

    PAGE = "page"
    ALL = "all"

    def of(self, page: Page[Any]) -> int:
        return page.whole if self is Totals.ALL else len(page.items)


def page_links(call: Call, page: Page[Any]) -> Links:
    """Links of a page that has items: `first` and `last` always, `next` and `prev` where they lead."""
    links = {"self": own_link(call), "first": _page_link(call, 1), "last": _page_link(call, page.count)}
    if page.number < page.count:
        links["next"] = _page_link(call, page.number + 1)
    if page.number > 1:
        links["prev"] = _page_link(call, page.number - 1)
    return links


def is_advanced(call: Call) -> bool:
    """Whether related data is asked for."""
    return call.header("accept-response").strip().lower() == ADVANCED


def own_link(call: Call) -> Link:
    """The target as it was asked for."""
    return Link(f"{call.path}?{call.query}" if call.query else call.path)


def segment(text: str) -> str:
    return quote(text, safe=SEGMENT_SAFE)


def _page_link(call: Call, number: int) -> Link:
    kept = [part for part in call.query.split("&") if part and unquote_plus(part.partition("=")[0]) != "page"]
    return Link(f"{call.path}?{'&'.join([*kept, f'page={number}'])}")


def _orders(text: str, types: FieldTypes) -> Iterable[Order]:
    """A bare plus sign decodes to a space, so a leading space means ascending too."""
    for part in text.split(",") if text else ():
        name = part.lstrip("+ ").rstrip()
        is_descending = name.startswith("-")
        name = name.removeprefix("-")
        if name not in types:
            raise _unknown(name)
        if types[name] is None:
            raise InvalidInput(name, "cannot be sorted by")
        yield Order(name, is_descending)


def _filter(name: str, text: str, types: FieldTypes) -> Filter:
    if name not in types:
        raise _unknown(name)
    kind = types[name]
    if kind is None:
        raise InvalidInput(name, "cannot be filtered by")
    return Filter(name, None if text == "null" else _READERS[kind](name, text))


def _boolean(name: str, text: str) -> bool:
    values = {"1": True, "true": True, "0": False, "false": False}
    if text.lower() not in values:
        raise InvalidInput(name, "expected 1, 0, true or false")
    return values[text.lower()]


def _integer(name: str, text: str) -> int:
    try:
        return _decode_integer(text)
    except msgspec.DecodeError:
        raise InvalidInput(name, "expected a whole number") from None


def _number(name: str, text: str) -> float:
    try:
        return _decode_number(text)
    except msgspec.DecodeError:
        raise InvalidInput(name, "expected a number") from None


# Numbers are read as JSON writes them: Python's own `int` and `float` take "1_0" and "nan" as well.
_decode_integer = msgspec.json.Decoder(int).decode
_decode_number = msgspec.json.Decoder(float).decode

_READERS: dict[type, Callable[[str, str], Any]] = {
    bool: _boolean,
    Flag: _boolean,
    int: _integer,
    float: _number,
    str: lambda name, text: text,
}


def _unknown(name: str) -> InvalidInput:
    return InvalidInput(name, "is not a field of this resource")
