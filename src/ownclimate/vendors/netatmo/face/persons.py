"""`/api/setpersonshome` and `/api/setpersonsaway`: saying who is at home (contract §6.7)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.errors import InvalidInput
from ownclimate.core.ordering import give_order
from ownclimate.core.people import people_of, set_presence
from ownclimate.core.programmes import is_run_elsewhere, list_clouds
from ownclimate.core.things import Device, Site
from ownclimate.vendors.netatmo import vocabulary
from ownclimate.vendors.netatmo.collector_orders import PERSONS_AWAY, PERSONS_HOME
from ownclimate.vendors.netatmo.face.events import HomeId, PersonId
from ownclimate.vendors.netatmo.face.holdings import Home, find_home, load_home
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.watching import CAMERA_FAMILIES, family
from ownclimate.vendors.netatmo.vocabulary import VENDOR
from ownclimate.vendors.netatmo.wire import PLAIN
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint

SCOPE: Final = f"write_{vocabulary.INDOOR_CAMERA}"


class HomeQuery(msgspec.Struct, kw_only=True):
    home_id: HomeId
    person_ids: list[str]


class AwayQuery(msgspec.Struct, kw_only=True):
    home_id: HomeId
    person_id: PersonId | msgspec.UnsetType = msgspec.UNSET


def rows() -> tuple[Endpoint, ...]:
    common: dict[str, Any] = {
        "successes": (PLAIN,),
        "permission": Permission.DEVICE_CONTROL,
        "scopes": (SCOPE,),
        "limit_class": "command",
        "certainty": Certainty.SEEN,
    }
    home, person = "5f0000000000000000000001", "11111111-2222-4333-8444-555555555555"
    return (
        method(
            "setpersonshome",
            set_persons_home,
            params=HomeQuery,
            owned=("home_id", "person_ids"),
            audit="arrive",
            summary="Say that people are at home",
            examples={"home_id": home, "person_ids": [person]},
            **common,
        ),
        method(
            "setpersonsaway",
            set_persons_away,
            params=AwayQuery,
            owned=("home_id", "person_id"),
            audit="leave",
            summary="Say that somebody, or everybody, has left",
            examples={"home_id": home, "person_id": person},
            **common,
        ),
    )


async def set_persons_home(call: Call, query: HomeQuery) -> None:
    """Raises InvalidInput for a home or person that is not the caller's."""
    site = await _site(call, query.home_id)
    await _set(call, site, _known(site, query.person_ids, "person_ids"), is_away=False)


async def set_persons_away(call: Call, query: AwayQuery) -> None:
    """Without a person the whole home is empty. Raises InvalidInput as `set_persons_home` does."""
    site = await _site(call, query.home_id)
    chosen = None if query.person_id is msgspec.UNSET else _known(site, [query.person_id], "person_id")
    await _set(call, site, chosen, is_away=True)


async def _site(call: Call, home_id: str) -> Site:
    site = await find_home(call, home_id)
    if site is None:
        raise InvalidInput("home_id", "there is no such home")
    return site


def _known(site: Site, person_ids: list[str], name: str) -> list[str]:
    known = {person.id.lower(): person.id for person in people_of(site)}
    wanted = [person_id.strip().lower() for person_id in person_ids]
    if any(person_id not in known for person_id in wanted):
        raise InvalidInput(name, "there is nobody of this id in this home")
    return [known[person_id] for person_id in wanted]


async def _set(call: Call, site: Site, person_ids: list[str] | None, *, is_away: bool) -> None:
    home = await load_home(call, site, with_rooms=False)
    # The vendor puts such events beside those of the home's camera; clients sort them by it.
    camera = next((device for device in home.devices if family(device) in CAMERA_FAMILIES), None)
    await _tell_cloud(call, home, camera, person_ids, is_away=is_away)
    await set_presence(
        call.ports,
        call.access.owner_id,
        call.actor,
        site,
        person_ids,
        is_away=is_away,
        device_id=None if camera is None else camera.id,
    )


async def _tell_cloud(
    call: Call, home: Home, camera: Device | None, person_ids: list[str] | None, *, is_away: bool
) -> None:
    """Where a cloud keeps who is at home, it is told first. Raises NotRelayed where it cannot be."""
    owner_id = call.access.owner_id
    clouds = await list_clouds(call.ports.directory, owner_id)
    heard_through = home.devices if camera is None else [camera]
    reached = [one for one in heard_through if one.vendor == VENDOR and is_run_elsewhere(one, clouds)]
    if not reached:
        return
    name = PERSONS_AWAY if is_away else PERSONS_HOME
    told = [[]] if person_ids is None else ([[one] for one in person_ids] if is_away else [person_ids])
    for ids in told:
        await give_order(call.ports, owner_id, call.actor, reached[0], name, {"person_ids": ids})
