"""Who lives at a site, and who of them is there.

Sources list a site's people in several of its reports: who they are, where they are, what they look
like. Each list is kept as it was said; together they make the `Person`s that everybody else sees. What
is decided here (somebody came, somebody left) is written into every list, so that all tell the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.errors import InvalidInput
from ownclimate.core.events import PEOPLE as ABOUT
from ownclimate.core.events import announce_events, record_event
from ownclimate.core.ids import DeviceId, OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.sites import edit_site
from ownclimate.core.things import Event, Report, Site
from ownclimate.core.writes import Actor

NAMED: Final = "people"
"""Report: who they are. Entries have `maker_id`, and `name` and `picture_url` where known."""
PRESENCE: Final = "presence"
"""Report: where they are. Entries have `maker_id`, `last_seen_s` and `is_away`."""
FACES: Final = "faces"
"""Report: all of it in one list, with what they look like."""
LISTS: Final = (NAMED, FACES, PRESENCE)

ARRIVED: Final = "person_home"
LEFT: Final = "person_away"
"""Kinds of event that a decision here leaves in the timeline."""
MAX_PEOPLE: Final = 200

_ID: Final = "maker_id"
_AWAY: Final = "is_away"
_SEEN: Final = "last_seen_s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`name` empty for a face that nobody has named; `last_seen_ms` 0 for one never seen."""

    id: str
    name: str = ""
    is_away: bool = True
    last_seen_ms: int = 0
    picture_url: str = ""
    face: Mapping[str, Any] | None = None


def people_of(site: Site) -> tuple[Person, ...]:
    """The people of the site in the order in which they were first listed; of two lists that disagree
    the one that was said later counts."""
    merged: dict[str, dict[str, Any]] = {}
    known = [site.reports[name] for name in LISTS if name in site.reports]
    for report in known:
        for entry in entries_of(report):
            merged.setdefault(str(entry[_ID]), {})
    for report in sorted(known, key=lambda report: report.at_ms):
        for entry in entries_of(report):
            merged[str(entry[_ID])].update(entry)
    return tuple(_person(person_id, entry) for person_id, entry in merged.items())


def entries_of(report: Report) -> list[dict[str, Any]]:
    """The entries of a list that name somebody."""
    listed = report.value if isinstance(report.value, (list, tuple)) else ()
    return [dict(entry) for entry in listed if isinstance(entry, Mapping) and isinstance(entry.get(_ID), str)]


async def set_presence(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    site: Site,
    person_ids: Iterable[str] | None,
    *,
    is_away: bool,
    device_id: DeviceId | None = None,
) -> list[Event]:
    """Says of people of the site that they came or left, and adds it to the timeline.

    `person_ids` None means everybody. Raises InvalidInput naming `person_id` for somebody who is not of
    the site; then nothing is changed. Who already is where they are said to be gets no event. `device_id`
    is the device at which the timeline shall have it.
    """
    people = {person.id: person for person in people_of(site)}
    chosen = list(people) if person_ids is None else list(dict.fromkeys(person_ids))
    if stranger := next((person_id for person_id in chosen if person_id not in people), None):
        raise InvalidInput("person_id", f"there is nobody {stranger} at this site")
    now_ms = ports.clock.now_ms()
    moved = [person_id for person_id in chosen if people[person_id].is_away != is_away]
    if not moved:
        return []

    def change(before: Site) -> Site:
        return _told(before, moved, {_AWAY: is_away}, now_ms)

    await edit_site(ports, owner_id, actor, site.id, change)
    kind = LEFT if is_away else ARRIVED
    events = [
        await record_event(
            ports,
            owner_id,
            kind=kind,
            at_ms=now_ms,
            site_id=site.id,
            device_id=device_id,
            details={ABOUT: [person_id]},
        )
        for person_id in moved
    ]
    await announce_events(ports, owner_id, actor, events)
    return events


async def note_seen(
    ports: Ports, owner_id: OwnerId, actor: Actor, site: Site, seen: Mapping[str, str], at_ms: int
) -> None:
    """People whom a device saw at the site: by id the name, empty when unknown. New ones join the site.

    Raises InvalidInput when the site would have too many.
    """

    def change(before: Site) -> Site:
        known = {person.id: person for person in people_of(before)}
        if len(known.keys() | seen.keys()) > MAX_PEOPLE:
            raise InvalidInput("person", f"a site has at most {MAX_PEOPLE} people")
        after = before
        for person_id, name in seen.items():
            present = known.get(person_id)
            if present is None or (name and name != present.name):
                named = {"name": name} if name else {}
                after = _told(after, [person_id], named, at_ms, (NAMED,))
            if present is None or present.last_seen_ms < at_ms:
                here = {_SEEN: at_ms // 1000, _AWAY: False}
                after = _told(after, [person_id], here, at_ms)
        return after

    await edit_site(ports, owner_id, actor, site.id, change)


def _told(
    site: Site,
    person_ids: Iterable[str],
    said: Mapping[str, Any],
    at_ms: int,
    lists: Iterable[str] = (PRESENCE, FACES),
) -> Site:
    """The site with this said of the people: in every list where they stand, and in the first of
    `lists` also where they do not."""
    reports = dict(site.reports)
    chosen = set(person_ids)
    for place, name in enumerate(lists):
        before = reports.get(name)
        entries = [] if before is None else entries_of(before)
        present = {entry[_ID] for entry in entries}
        after = [{**entry, **said} if entry[_ID] in chosen else entry for entry in entries]
        if place == 0:
            after += [{_ID: person_id, **said} for person_id in sorted(chosen - present)]
        if after != entries:
            source = "" if before is None else before.source
            later_ms = at_ms if before is None else max(at_ms, before.at_ms)
            reports[name] = Report(value=after, at_ms=later_ms, source=source)
    return dataclasses.replace(site, reports=reports)


def _person(person_id: str, entry: Mapping[str, Any]) -> Person:
    seen_s, face = entry.get(_SEEN), entry.get("face")
    return Person(
        id=person_id,
        name=_text(entry.get("name")),
        is_away=entry.get(_AWAY) is not False,
        last_seen_ms=int(seen_s * 1000) if isinstance(seen_s, (int, float)) else 0,
        picture_url=_text(entry.get("picture_url")),
        face=face if isinstance(face, Mapping) else None,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
