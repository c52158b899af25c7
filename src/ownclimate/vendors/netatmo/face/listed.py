"""Which things of a home an answer tells of, and in which order.

What the vendor's cloud listed comes back in its order; what it did not list is not in that answer,
unless it came to the home here: made here, put here by hand, or not that cloud's at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from ownclimate.core.things import Device, Room, Schedule, Site
from ownclimate.vendors.netatmo.fields import Method
from ownclimate.vendors.netatmo.mapping import address, report_of
from ownclimate.vendors.netatmo.statements import SAID
from ownclimate.vendors.netatmo.vocabulary import DIALECT

Thing = TypeVar("Thing", Device, Room, Schedule)

_PREFIXES = {Method.TOPOLOGY: "listed", Method.STATUS: "status"}


def said_paths(thing: Device | Room | Site | Schedule, method: Method) -> frozenset[str] | None:
    """The members that the method's last word of the thing had; None when it never spoke of it."""
    said = thing.kept.get(SAID, {}).get(method.value)
    return None if said is None else frozenset(said["paths"])


def in_answer(site: Site, method: Method, part: str, things: Iterable[Thing]) -> list[Thing]:
    """Those of the home's things that the method tells of, under the member `part` of its answer."""
    paths = said_paths(site, method)
    if paths is None:
        return list(things)
    said = report_of(site.reports, f"{_PREFIXES[method]}_{part}") if part in paths else []
    order = {address(text): place for place, text in enumerate(said or ())}
    kept = [thing for thing in things if _wire(thing) in order or came_here(thing, site)]
    return sorted(kept, key=lambda thing: order.get(_wire(thing), len(order)))


def came_here(thing: Device | Room | Schedule, site: Site) -> bool:
    """Whether the thing is at the site for another reason than that the vendor's cloud said so."""
    if not thing.kept.get(SAID):
        return True
    if not isinstance(thing, Device):
        return False
    home = address(report_of(thing.reports, "site"))
    return thing.is_heard or home not in (None, address(site.aliases.get(DIALECT)))


def _wire(thing: Device | Room | Schedule) -> str | None:
    return address(thing.aliases.get(DIALECT))
