"""`/v1/schedule-profile`: heating profiles, sets of schedules that several devices follow (contract §10.1).

A profile belongs to a building, a floor, a space, a room, or to no place. A device follows it as long as it
stands there.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Struct

from ownclimate.core.access import Permission
from ownclimate.core.errors import Forbidden, InvalidInput
from ownclimate.core.orders import SET_SETPOINT, check_order
from ownclimate.core.routines import (
    MAX_OF_PROFILE,
    Plan,
    Profile,
    check_times,
    counts_for,
    create_profile,
    edit_profile,
    remove_profile,
)
from ownclimate.core.sites import checked_name
from ownclimate.vendors.mclimate.face import hal, parts, places
from ownclimate.vendors.mclimate.face.numbers import Numbers
from ownclimate.vendors.mclimate.face.reached import Reached, by_number, reached
from ownclimate.vendors.mclimate.face.resources import Resource
from ownclimate.vendors.mclimate.face.schedules import EXAMPLE, Times, plan_of
from ownclimate.vendors.mclimate.face.scopes import BASIC_SCHEDULES, SCHEDULES
from ownclimate.vendors.mclimate.face.spots import PlaceNumber, part_number, spot_of
from ownclimate.vendors.mclimate.wire import Link, Links
from ownclimate.vendors.mclimate.wire_schedules import ScheduleProfile
from ownclimate.web.call import Answer, Call
from ownclimate.web.limits import COMMAND
from ownclimate.web.tables import BodyKind, Certainty, Endpoint, Place, Success, Unknown

PATH: Final = "/v1/schedule-profile"
KIND: Final = "profile"
BOOST_C: Final = 30.0
"""The highest temperature that the vendor's valves and thermostats show."""
LONGEST_BOOST_MIN: Final = 24 * 60

PROFILE: Final = Resource(
    "schedule_profiles",
    ScheduleProfile,
    {
        "id": int,
        "name": str,
        "user_id": int,
        "building_id": int,
        "floor_id": int,
        "space_id": int,
        "room_id": int,
        "is_default": hal.Flag,
        "editable": hal.Flag,
        "boost_time": int,
        "controller_id": None,
    },
)

GivenPlace = Annotated[PlaceNumber, Place.BODY]


class NewProfile(Struct, kw_only=True):
    name: Annotated[str, Place.BODY]
    building_id: GivenPlace = UNSET
    floor_id: GivenPlace = UNSET
    space_id: GivenPlace = UNSET
    room_id: GivenPlace = UNSET
    is_default: Annotated[bool, Place.BODY] = False
    editable: Annotated[bool, Place.BODY] = True
    boost_time: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_BOOST_MIN), Place.BODY] = 0
    schedules: Annotated[list[Times], msgspec.Meta(max_length=MAX_OF_PROFILE), Place.BODY] = []


class Followers(Struct, kw_only=True):
    """Numbers of controllers, one or a list; serial numbers do as well."""

    id: int
    controller_id: Annotated[int | str | list[int | str], Place.BODY]


class ProfilePath(Struct, kw_only=True):
    id: int


class ProfileQuery(hal.EntityQuery, kw_only=True):
    id: int


def rows(numbers: Numbers, totals: hal.Totals) -> tuple[Endpoint, ...]:
    face = ProfilesFace(numbers, totals)
    return (
        Endpoint(
            operation_id="createScheduleProfile",
            path=PATH,
            methods=("POST",),
            handler=face.create,
            params=NewProfile,
            bodies=(BodyKind.JSON,),
            successes=(Success(status=201, item=PROFILE.entity, headers=("Location",)),),
            permission=Permission.DEVICE_CONTROL,
            scopes=BASIC_SCHEDULES,
            owned=("building_id", "floor_id", "space_id", "room_id"),
            is_repeatable=False,
            audit="create",
            summary="A heating profile with its schedules",
            examples={"name": "Working week", "boost_time": 30, "schedules": [EXAMPLE]},
        ),
        Endpoint(
            operation_id="listScheduleProfiles",
            path=PATH,
            handler=face.list_profiles,
            params=hal.CollectionQuery,
            unknown=Unknown.COLLECT,
            successes=(Success(item=PROFILE.collection),),
            permission=Permission.DEVICE_READ,
            scopes=SCHEDULES,
            is_conditional=True,
            summary="Every heating profile, filtered, sorted and in pages",
            examples={"sort": "name", "limit": 10},
            certainty=Certainty.RULED,
        ),
        Endpoint(
            operation_id="getScheduleProfile",
            path=f"{PATH}/{{id}}",
            handler=face.get,
            params=ProfileQuery,
            successes=(Success(item=PROFILE.entity),),
            permission=Permission.DEVICE_READ,
            scopes=SCHEDULES,
            owned=("id",),
            errors=(404,),
            is_conditional=True,
            summary="One heating profile and who follows it",
            certainty=Certainty.RULED,
        ),
        Endpoint(
            operation_id="assignScheduleProfile",
            path=f"{PATH}/{{id}}",
            methods=("PATCH",),
            handler=face.assign,
            params=Followers,
            bodies=(BodyKind.JSON,),
            successes=(Success(item=PROFILE.entity),),
            permission=Permission.DEVICE_CONTROL,
            scopes=SCHEDULES,
            owned=("id", "controller_id"),
            errors=(404,),
            audit="change",
            summary="Says which devices follow a heating profile; none of them with an empty list",
        ),
        Endpoint(
            operation_id="boostScheduleProfile",
            path=f"{PATH}/{{id}}/boost",
            methods=("POST",),
            handler=face.boost,
            params=ProfilePath,
            successes=(Success(item=PROFILE.entity),),
            permission=Permission.DEVICE_CONTROL,
            scopes=SCHEDULES,
            owned=("id",),
            errors=(404,),
            limit_class=COMMAND,
            is_repeatable=False,
            audit="change",
            summary="Heats all that follow the profile for its `boost_time`",
            certainty=Certainty.RULED,
        ),
        Endpoint(
            operation_id="deleteScheduleProfile",
            path=f"{PATH}/{{id}}",
            methods=("DELETE",),
            handler=face.delete,
            params=ProfilePath,
            successes=(Success(status=204),),
            permission=Permission.DEVICE_CONTROL,
            scopes=SCHEDULES,
            owned=("id",),
            errors=(404,),
            audit="delete",
            summary="Removes a heating profile with its schedules",
            certainty=Certainty.RULED,
        ),
    )


class ProfilesFace:
    def __init__(self, numbers: Numbers, totals: hal.Totals) -> None:
        self._numbers = numbers
        self._totals = totals

    async def create(self, call: Call, new: NewProfile) -> Any:
        spot = await spot_of(call, new.building_id, new.floor_id, new.space_id, new.room_id)
        if not call.access.reaches(spot.site_id):
            raise Forbidden("this token reaches some homes only: name one of theirs in building_id")
        profile = await create_profile(
            call.ports,
            call.access.owner_id,
            call.actor,
            name=checked_name(new.name),
            plans=[await _plan(call, place, times) for place, times in enumerate(new.schedules)],
            site_id=spot.site_id,
            floor=spot.floor,
            space=spot.space,
            room_id=spot.room_id,
            boost_min=new.boost_time,
            boost_c=BOOST_C,
            is_default=new.is_default,
            is_editable=new.editable,
        )
        whole = await self._whole(call, await reached(call), profile)
        shown = ScheduleProfile(
            name=whole.name, building_id=whole.building_id, user_id=whole.user_id, id=whole.id
        )
        body = PROFILE.told(shown, {"self": Link(PATH)})
        return Answer(body=body, headers=(("location", f"{PATH}/{profile.number}"),))

    async def list_profiles(self, call: Call, query: hal.CollectionQuery) -> Any:
        known = await reached(call)
        shown = [await self._whole(call, known, profile) for profile in known.profiles]
        return PROFILE.listed(call, query, shown, _links, self._totals)

    async def get(self, call: Call, query: ProfileQuery) -> Any:
        known = await reached(call)
        shown = await self._whole(call, known, by_number(known.profiles, query.id, KIND))
        return PROFILE.shown(query, shown, _links(shown))

    async def assign(self, call: Call, wanted: Followers) -> Any:
        """Who followed it before goes on doing so since then; devices that the token does not reach stay."""
        known = await reached(call)
        profile = by_number(known.profiles, wanted.id, KIND)
        given = wanted.controller_id if isinstance(wanted.controller_id, list) else [wanted.controller_id]
        devices = [known.device(each) for each in given]
        rooms = {room.id: room for room in await places.reached_rooms(call)}
        for device in devices:
            room = None if device.room_id is None else rooms.get(device.room_id)
            if not counts_for(profile, device, room):
                name = device.name or device.vendor_id
                raise InvalidInput("controller_id", f"{name} stands at another place")
        now_ms = call.ports.clock.now_ms()

        def followed(current: Profile) -> Profile:
            hidden = {name: ms for name, ms in current.followers.items() if name not in known.devices}
            asked = {device.id: current.followers.get(device.id, now_ms) for device in devices}
            return dataclasses.replace(current, followers=hidden | asked)

        profile = await edit_profile(call.ports, call.access.owner_id, call.actor, profile.id, followed)
        shown = await self._whole(call, known, profile)
        # As the vendor answers to this: the profile and its place.
        shown.is_default = shown.editable = shown.boost_time = shown.controller_id = UNSET
        return PROFILE.told(shown, {"self": Link(f"{PATH}/{profile.number}")})

    async def boost(self, call: Call, path: ProfilePath) -> Any:
        known = await reached(call)
        profile = by_number(known.profiles, path.id, KIND)
        if not profile.boost_min:
            raise InvalidInput("boost_time", "this profile has none")
        now_ms = call.ports.clock.now_ms()
        profile = await edit_profile(
            call.ports,
            call.access.owner_id,
            call.actor,
            profile.id,
            lambda current: dataclasses.replace(current, boosted_ms=now_ms),
        )
        shown = await self._whole(call, known, profile)
        return PROFILE.told(shown, _links(shown))

    async def delete(self, call: Call, path: ProfilePath) -> None:
        profile = by_number((await reached(call)).profiles, path.id, KIND)
        await remove_profile(call.ports, call.access.owner_id, call.actor, profile)

    async def _whole(self, call: Call, known: Reached, profile: Profile) -> ScheduleProfile:
        directory, access = call.ports.directory, call.access
        wanted = set() if profile.room_id is None else {profile.room_id}
        rooms = await self._numbers.rooms(directory, access.owner_id, wanted)
        site = None if profile.site_id is None else known.sites.get(profile.site_id)
        return ScheduleProfile(
            id=profile.number,
            name=profile.name,
            user_id=await self._numbers.user(directory, access),
            building_id=None if site is None else site.number,
            floor_id=part_number(site, profile.floor, parts.floors_of),
            space_id=part_number(site, profile.space, parts.spaces_of),
            room_id=None if profile.room_id is None else rooms.get(profile.room_id),
            is_default=int(profile.is_default),
            editable=int(profile.is_editable),
            boost_time=profile.boost_min,
            controller_id=[d.number for d in known.devices.values() if d.id in profile.followers],
        )


async def _plan(call: Call, place: int, times: Times) -> Plan:
    """Raises InvalidInput naming the schedule and the field."""
    try:
        plan = await plan_of(call, times)
        check_times(plan)
    except InvalidInput as error:
        raise InvalidInput(f"schedules[{place}].{error.field}", error.reason) from error
    try:
        check_order(SET_SETPOINT, {"temperature_c": plan.target})
    except InvalidInput as error:
        raise InvalidInput(f"schedules[{place}].target", error.reason) from error
    return plan


def _links(profile: ScheduleProfile) -> Links:
    path = f"{PATH}/{profile.id}"
    links = {
        "self": Link(path),
        "schedules": Link(f"/v1/schedules?schedule_profile_id={profile.id}"),
        "boost": Link(f"{path}/boost"),
    }
    if isinstance(profile.room_id, int):
        links["room"] = Link(f"/v1/rooms/{profile.room_id}")
    return links
