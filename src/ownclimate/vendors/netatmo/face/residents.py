"""The people of a home as homesdata and homestatus list them (contract §6.1, §6.2), where the vendor's cloud
never listed them there: cameras of other makers know people too."""

from __future__ import annotations

from typing import Any

from ownclimate.core.people import Person, people_of
from ownclimate.core.things import Site
from ownclimate.vendors.netatmo.face.timeline import addressed


def named(site: Site, public_url: str) -> list[dict[str, Any]]:
    """Who they are."""
    return [_named(person, public_url) for person in people_of(site)]


def present(site: Site) -> list[dict[str, Any]]:
    """Who is there."""
    return [
        {"id": person.id, "last_seen": person.last_seen_ms // 1000, "out_of_sight": person.is_away}
        for person in people_of(site)
    ]


def _named(person: Person, public_url: str) -> dict[str, Any]:
    told = {"id": person.id}
    if person.name:
        told["pseudo"] = person.name
    face = None if person.face is None else addressed(person.face, public_url)
    url = person.picture_url or (face.get("url") if face is not None else None)
    if url:
        told["url"] = str(url)
    return told
