"""A resource's three looks: the entity in its envelope, the item of a list, the collection (contract §2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from ownclimate.vendors.mclimate.face import hal
from ownclimate.vendors.mclimate.wire import Links
from ownclimate.web.call import Call

T = TypeVar("T", bound=Struct)


class Resource(Generic[T]):
    """What is called `name` in envelopes. `of` is its shape, of which every field may be unset.

    `types` are its fields as `hal.FieldTypes`. `collection` and `entity` are the shapes of answers.
    """

    def __init__(self, name: str, of: type[T], types: hal.FieldTypes) -> None:
        self.name = name
        self.types = types
        self._of = of
        self._attributes = {f.encode_name: f.name for f in msgspec.structs.fields(of)}
        links = ("links", Links, msgspec.field(name="_links"))
        self._item = msgspec.defstruct(f"{of.__name__}Item", [links], bases=(of,), kw_only=True)
        self._embedded = msgspec.defstruct(
            f"{of.__name__}s",
            [(name, list[self._item])],  # type: ignore[name-defined]  # a shape made here
            kw_only=True,
        )
        self.collection = msgspec.defstruct(
            f"{of.__name__}Collection",
            [
                ("embedded", self._embedded | UnsetType, msgspec.field(name="_embedded", default=UNSET)),
                ("total", int | UnsetType, UNSET),
                (name, list[Any] | UnsetType, UNSET),
                links,
            ],
            kw_only=True,
        )
        self.entity = msgspec.defstruct(f"{of.__name__}Entity", [(name, of), links], kw_only=True)

    def listed(
        self,
        call: Call,
        query: hal.CollectionQuery,
        things: Sequence[T],
        links: Callable[[T], Links],
        totals: hal.Totals,
    ) -> Struct:
        """The page asked for. `things` come in the order that ties stay in.

        Raises InvalidInput for what `hal.asked` refuses.
        """
        asked = hal.asked(query, call.extra, self.types)
        page = hal.page_of(hal.arranged(list(things), asked, self._value), asked)
        return self.page(call, page, links, totals, asked.fields)

    def page(
        self,
        call: Call,
        page: hal.Page[T],
        links: Callable[[T], Links],
        totals: hal.Totals,
        fields: tuple[str, ...] = (),
    ) -> Struct:
        """A page that was chosen already; one without items in the form of an entity (§2.3)."""
        if not page.items:
            return self.collection(**{self.name: []}, links={"self": hal.own_link(call)})
        items = [self._item(**self._shown(thing, fields), links=links(thing)) for thing in page.items]
        return self.collection(
            embedded=self._embedded(**{self.name: items}),
            total=totals.of(page),
            links=hal.page_links(call, page),
        )

    def shown(self, query: hal.EntityQuery, thing: T, links: Links) -> Struct:
        """One thing, with the fields that were asked for."""
        fields = hal.chosen_fields(query, self.types)
        return self.told(self._of(**self._shown(thing, fields)), links)

    def told(self, thing: T, links: Links) -> Struct:
        return self.entity(**{self.name: thing}, links=links)

    def _value(self, thing: T, field: str) -> Any:
        return getattr(thing, self._attributes[field])

    def _shown(self, thing: T, fields: tuple[str, ...]) -> dict[str, Any]:
        if not fields:
            return msgspec.structs.asdict(thing)
        return {self._attributes[name]: self._value(thing, name) for name in fields}
