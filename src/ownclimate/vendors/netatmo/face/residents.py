"""The people of a home as homesdata and homestatus list them (contract §6.1, §6.2), where the vendor's cloud
never listed them there: cameras of other makers know people too."""

from __future__ import annotations

from typing import Any

from ownclimate.core.people import NAMED, PRESENCE, Person, people_of
from ownclimate.core.things import Site
from ownclimate.vendors.netatmo.face.listed import said_paths
from ownclimate.vendors.netatmo.face.timeline import face_here
from ownclimate.vendors.netatmo.fields import Method
from ownclimate.vendors.netatmo.pictures import FACES_HELD


def named(site: Site, public_url: str) -> list[dict[str, Any]]:
    """Who they are; nobody where the cloud told of the home without them, and nobody here said more."""
    if not _are_told(site, Method.TOPOLOGY, NAMED):
        return []
    return [_named(person, site, public_url) for person in people_of(site)]


def at_home(persons: Any, site: Site, public_url: str) -> Any:
    """The list as it was said, with our addresses for the faces that we hold."""
    if not isinstance(persons, list) or FACES_HELD not in site.kept:
        return persons
    return [
        person | {"url": face_here({"url": person["url"]}, site, public_url)["url"]}
        if isinstance(person, dict) and isinstance(person.get("url"), str)
        else person
        for person in persons
    ]


def present(site: Site) -> list[dict[str, Any]]:
    """Who is there; nobody as in `named`."""
    if not _are_told(site, Method.STATUS, PRESENCE):
        return []
    return [
        {"id": person.id, "last_seen": person.last_seen_ms // 1000, "out_of_sight": person.is_away}
        for person in people_of(site)
    ]


def _are_told(site: Site, method: Method, own_list: str) -> bool:
    """Whether the method tells of people although its last word did not: it never spoke, or what it would
    have listed was said here."""
    paths = said_paths(site, method)
    return paths is None or ("persons" not in paths and own_list in site.reports)


def _named(person: Person, site: Site, public_url: str) -> dict[str, Any]:
    told = {"id": person.id}
    if person.name:
        told["pseudo"] = person.name
    face = {"url": person.picture_url} if person.picture_url else person.face
    url = None if face is None else face_here(face, site, public_url).get("url")
    if url:
        told["url"] = str(url)
    return told
