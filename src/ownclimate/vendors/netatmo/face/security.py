"""`/api/gethomedata`: homes with cameras, smoke alarms, people and what happened last (contract §8.1).

Netatmo is closing this method; it stays for the clients that were written for it.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.errors import InvalidInput
from ownclimate.core.events import find_events
from ownclimate.core.people import people_of
from ownclimate.core.things import Site
from ownclimate.vendors.netatmo.face.events import DEFAULT_SIZE, MAX_SIZE, HomeId, Size
from ownclimate.vendors.netatmo.face.holdings import Home, load_holdings
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.security_devices import cameras_of, detectors_of
from ownclimate.vendors.netatmo.face.security_shapes import HomeData
from ownclimate.vendors.netatmo.face.timeline import Timeline, face_here
from ownclimate.vendors.netatmo.face.users import account_of, said_of_user
from ownclimate.vendors.netatmo.fields import Method
from ownclimate.vendors.netatmo.happenings import Shape
from ownclimate.vendors.netatmo.placement import IMPLIED
from ownclimate.vendors.netatmo.recognise import SECURITY
from ownclimate.vendors.netatmo.restate import restate
from ownclimate.vendors.netatmo.standing import Around
from ownclimate.vendors.netatmo.statements import SAID
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Success

SCOPES: Final = ("read_camera", "access_camera", "read_presence", "access_presence", "read_smokedetector")
_GLOBAL: Final = {"show_tags": True}


class HomeDataQuery(msgspec.Struct, kw_only=True):
    home_id: HomeId | msgspec.UnsetType = msgspec.UNSET
    size: Size = DEFAULT_SIZE


def rows() -> tuple[Endpoint, ...]:
    return (
        method(
            "gethomedata",
            get_home_data,
            params=HomeDataQuery,
            successes=(Success(item=HomeData),),
            permission=Permission.DEVICE_READ,
            any_scopes=SCOPES,
            owned=("home_id",),
            summary="Homes with cameras, smoke alarms, people and their last events",
            examples={"home_id": "5f0000000000000000000001"},
            certainty=Certainty.SEEN,
        ),
    )


async def get_home_data(call: Call, query: HomeDataQuery) -> dict[str, Any]:
    """Raises InvalidInput for a home that is not the caller's."""
    if query.size < 0:
        raise InvalidInput("size", "expected a number that is not negative")
    size = min(query.size, MAX_SIZE)
    holdings = await load_holdings(call)
    homes = [home for home in holdings.homes if not home.site.settings.get(IMPLIED)]
    if query.home_id is not msgspec.UNSET:
        wanted = query.home_id.strip().lower()
        homes = [home for home in homes if home.wire_id.lower() == wanted]
        if not homes:
            raise InvalidInput("home_id", "there is no such home")
    around = Around.of([home.site for home in holdings.homes], [], holdings.devices)
    told = [await _home(call, home, around, size) for home in homes]
    return {"homes": told, "user": await _user(call), "global_info": dict(_GLOBAL)}


async def _home(call: Call, home: Home, around: Around, size: int) -> dict[str, Any]:
    """A home as the vendor told of it; where it never did, as the core has it."""
    timeline = Timeline.of(home, call.access, call.public_url)
    found = await find_events(call.ports.directory, call.access.owner_id, timeline.subjects(), limit=size)
    events = [timeline.tell(event, Shape.OLDER) for event in found]
    parts: dict[str, Any] = {
        "persons": _persons(timeline),
        "cameras": cameras_of(timeline, around),
        "smokedetectors": detectors_of(timeline, around),
        "events": events,
    }
    site = home.site
    said = restate(site, Method.SECURITY, around=around)
    if said is None:
        return {"id": home.wire_id, "name": site.name, "place": _place(site), **parts}
    listed = set(site.kept[SAID][Method.SECURITY.value]["paths"])
    # A list that the vendor left out is left out again while it is empty.
    return said | {name: part for name, part in parts.items() if name in listed or part}


def _persons(timeline: Timeline) -> list[dict[str, Any]]:
    if not timeline.shows_people:
        return []
    site = timeline.home.site
    said = restate(site, Method.SECURITY) or {}
    told = {str(person.get("id")): person for person in said.get("persons") or () if isinstance(person, dict)}
    for person in people_of(site):
        if person.id not in told:
            told[person.id] = {
                "id": person.id,
                "last_seen": person.last_seen_ms // 1000,
                "out_of_sight": person.is_away,
                **({"face": dict(person.face)} if person.face else {}),
                **({"pseudo": person.name} if person.name else {}),
            }
    return [_with_face(person, site, timeline.public_url) for person in told.values()]


def _with_face(person: dict[str, Any], site: Site, public_url: str) -> dict[str, Any]:
    face = person.get("face")
    return person | {"face": face_here(face, site, public_url)} if isinstance(face, dict) else person


def _place(site: Site) -> dict[str, Any]:
    place = {"city": site.place.city, "country": site.place.country, "timezone": site.time_zone}
    return {name: value for name, value in place.items() if value}


async def _user(call: Call) -> dict[str, Any]:
    account, said = await account_of(call), await said_of_user(call, SECURITY)
    language = "en" if account is None else account.language
    told = {"reg_locale": language, "lang": language} | dict(said)
    if account is not None:
        told["mail"] = account.email
    return told
