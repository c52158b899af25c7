"""What an account holds, as far as collecting needs it: which things there are, and how far each was read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MOST_PAGES: Final = 1000
"""Of a list; of one that grows for ever no more are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """`number` is the cloud's. `has_log` is None before anybody knows whether the cloud has a log of its
    readings. `activity_page` is the next page of what it was told in the past, 0 when all of it was read."""

    type: str
    number: int = 0
    name: str = ""
    mac: str = ""
    is_online: bool = False
    is_gone: bool = False
    is_relay: bool = False
    has_log: bool | None = None
    activity_page: int = 0
    is_activity_known: bool = False

    @property
    def label(self) -> str:
        return self.name or self.type


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`pages` are how many each list has. `seen` are the controllers on each page of their list, `missing`
    those that were on none the last time all pages were read. `lists` were answered once."""

    controllers: dict[str, Controller] = field(default_factory=dict)
    pages: dict[str, int] = field(default_factory=dict)
    seen: dict[str, tuple[str, ...]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    floors: dict[str, str] = field(default_factory=dict)
    time_zone: str = ""
    unknown: dict[str, Any] = field(default_factory=dict)

    def present(self) -> Iterable[tuple[str, Controller]]:
        """By serial those that the cloud still has."""
        return ((serial, each) for serial, each in self.controllers.items() if not each.is_gone)

    def with_controller(self, serial: str, **changes: Any) -> Account:
        """With what is new of a known controller."""
        known = self.controllers.get(serial)
        if known is None:
            return self
        changed = {**self.controllers, serial: dataclasses.replace(known, **changes)}
        return dataclasses.replace(self, controllers=changed)

    def without(self, serial: str) -> Account:
        """When its owner took the device out of sight here."""
        controllers = {name: each for name, each in self.controllers.items() if name != serial}
        missing = tuple(name for name in self.missing if name != serial)
        return dataclasses.replace(self, controllers=controllers, missing=missing)

    def with_list(self, name: str, page: int, last: int, *, is_empty: bool = False) -> Account:
        """After a page of a list that says it has `last` pages. Each is believed in once the one before it
        held something: an empty one ends the list, whatever is said of more."""
        pages = self.pages
        if is_empty and page > 1:
            pages = {**pages, name: page - 1}
        elif page <= last:
            known = max(pages.get(name, 1), page + 1)
            pages = {**pages, name: min(known, last, MOST_PAGES)}
        return dataclasses.replace(self, pages=pages, lists=tuple(sorted({*self.lists, name})))

    def with_page(self, page: int, last: int, told: Mapping[str, Controller]) -> Account:
        """After a page of the controllers. Those on no page of the whole list are missing."""
        seen = {name: serials for name, serials in self.seen.items() if int(name) <= last}
        seen[str(page)] = tuple(told)
        controllers = {**self.controllers, **told}
        missing: tuple[str, ...] = ()
        if len(seen) >= last:
            listed = {serial for serials in seen.values() for serial in serials}
            missing = tuple(s for s, each in controllers.items() if s not in listed and not each.is_gone)
        return dataclasses.replace(self, controllers=controllers, seen=seen, missing=missing)

    def number_of(self, number: int) -> str:
        """The serial of the controller with the cloud's number; empty for none."""
        return next((serial for serial, each in self.controllers.items() if each.number == number), "")
