"""`/v1/schedules`: what devices do at which local minute (contract §10)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from ownclimate.core.access import Permission
from ownclimate.core.accounts import load_account
from ownclimate.core.errors import InvalidInput, NotFound
from ownclimate.core.orders import SET_SETPOINT, check_order
from ownclimate.core.routines import (
    Plan,
    Purpose,
    Routine,
    check_times,
    create_routine,
    edit_routine,
    remove_routines,
)
from ownclimate.core.targets import target_order
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate.face import hal, orders
from ownclimate.vendors.mclimate.face import schedule_looks as looks
from ownclimate.vendors.mclimate.face.reached import Reached, by_number, reached
from ownclimate.vendors.mclimate.face.scopes import BASIC_SCHEDULES, SCHEDULES
from ownclimate.vendors.mclimate.timetables import (
    ENDS,
    PURPOSES,
    Action,
    DefaultState,
    days_of,
    fallback_zone,
    minute_of,
)
from ownclimate.vendors.mclimate.wire import Link
from ownclimate.vendors.mclimate.wire_schedules import Days, ScheduleAnswer
from ownclimate.web.call import Answer, Call
from ownclimate.web.tables import BodyKind, Certainty, Endpoint, Place, Success, Unknown

KIND: Final = "schedule"
EXAMPLE: Final = {
    "days": "0000010",
    "active": 1,
    "from_time": 650,
    "to_time": 700,
    "device_hours": 14,
    "action": "command",
    "target": 24,
    "push": 1,
    "default_state": "do_nothing",
}

Hours = Annotated[int, msgspec.Meta(ge=0, le=23)]
Minutes = int | str
ScheduleId = Annotated[int, msgspec.Meta(description="A schedule's id")]


class Times(Struct, kw_only=True):
    """A schedule as it is asked for, in a body of its own or in a profile's."""

    days: Annotated[Days, Place.BODY]
    from_time: Annotated[Minutes, Place.BODY]
    to_time: Annotated[Minutes, Place.BODY]
    target: Annotated[float, Place.BODY]
    active: Annotated[bool, Place.BODY] = True
    device_hours: Annotated[Hours | None, Place.BODY] = None
    action: Annotated[Action, Place.BODY] = "command"
    push: Annotated[bool, Place.BODY] = False
    default_state: Annotated[DefaultState, Place.BODY] = "do_nothing"


class NewSchedule(Times, kw_only=True):
    controller_id: Annotated[str | int | UnsetType, Place.BODY] = UNSET
    schedule_profile_id: Annotated[int | UnsetType, Place.BODY] = UNSET


class ScheduleChanges(Struct, kw_only=True):
    """What is absent stays as it is; whose schedule it is can be repeated, not changed."""

    key: ScheduleId
    controller_id: Annotated[str | int | UnsetType, Place.BODY] = UNSET
    device_hours: Annotated[Hours | UnsetType | None, Place.BODY] = UNSET
    days: Annotated[Days | UnsetType, Place.BODY] = UNSET
    from_time: Annotated[Minutes | UnsetType, Place.BODY] = UNSET
    to_time: Annotated[Minutes | UnsetType, Place.BODY] = UNSET
    target: Annotated[float | UnsetType, Place.BODY] = UNSET
    active: Annotated[bool | UnsetType, Place.BODY] = UNSET
    action: Annotated[Action | UnsetType, Place.BODY] = UNSET
    push: Annotated[bool | UnsetType, Place.BODY] = UNSET
    default_state: Annotated[DefaultState | UnsetType, Place.BODY] = UNSET


class SchedulePath(Struct, kw_only=True):
    key: ScheduleId


class SchedulesQuery(hal.CollectionQuery, kw_only=True):
    key: Annotated[str, msgspec.Meta(description="A device's serial number, or a schedule's id")]


def rows(totals: hal.Totals) -> tuple[Endpoint, ...]:
    face = SchedulesFace(totals)
    return (
        Endpoint(
            operation_id="createSchedule",
            path=looks.PATH,
            methods=("POST",),
            handler=face.create,
            params=NewSchedule,
            bodies=(BodyKind.JSON,),
            successes=(Success(status=201, item=looks.SCHEDULE.entity, headers=("Location",)),),
            permission=Permission.DEVICE_CONTROL,
            scopes=BASIC_SCHEDULES,
            owned=("controller_id", "schedule_profile_id"),
            errors=(404,),
            is_repeatable=False,
            audit="create",
            summary="A schedule of a device, or of a heating profile",
            examples={"controller_id": "UV4X00000001", **EXAMPLE},
        ),
        Endpoint(
            operation_id="listSchedules",
            path=looks.PATH,
            handler=face.list_all,
            params=hal.CollectionQuery,
            unknown=Unknown.COLLECT,
            successes=(Success(item=looks.SCHEDULE.collection),),
            permission=Permission.DEVICE_READ,
            scopes=SCHEDULES,
            is_conditional=True,
            summary="Every schedule, filtered, sorted and in pages",
            examples={"sort": "-id", "limit": 10},
            certainty=Certainty.RULED,
        ),
        Endpoint(
            operation_id="getSchedules",
            path=f"{looks.PATH}/{{key}}",
            aliases=("/v1/controllers/{key}/schedules",),
            handler=face.get,
            params=SchedulesQuery,
            unknown=Unknown.COLLECT,
            successes=(Success(item=ScheduleAnswer),),
            permission=Permission.DEVICE_READ,
            scopes=SCHEDULES,
            owned=("key",),
            errors=(404,),
            is_conditional=True,
            summary="The schedules of a device by its serial number, or one schedule by its id",
            examples={"sort": "-id", "limit": 10},
        ),
        Endpoint(
            operation_id="updateSchedule",
            path=f"{looks.PATH}/{{key}}",
            methods=("PUT",),
            handler=face.update,
            params=ScheduleChanges,
            bodies=(BodyKind.JSON,),
            successes=(Success(item=looks.SCHEDULE.entity),),
            permission=Permission.DEVICE_CONTROL,
            scopes=SCHEDULES,
            owned=("key", "controller_id"),
            errors=(404,),
            audit="change",
            summary="Changes a schedule; what is left out stays",
            examples={"target": 21, "active": 0},
            certainty=Certainty.RULED,
        ),
        Endpoint(
            operation_id="deleteSchedule",
            path=f"{looks.PATH}/{{key}}",
            methods=("DELETE",),
            handler=face.delete,
            params=SchedulePath,
            successes=(Success(status=204),),
            permission=Permission.DEVICE_CONTROL,
            scopes=SCHEDULES,
            owned=("key",),
            errors=(404,),
            audit="delete",
            summary="Removes a schedule; one that holds ends at once",
            certainty=Certainty.RULED,
        ),
    )


class SchedulesFace:
    def __init__(self, totals: hal.Totals) -> None:
        self._totals = totals

    async def create(self, call: Call, new: NewSchedule) -> Any:
        known = await reached(call)
        device, profile = None, None
        if new.schedule_profile_id is not UNSET:
            profile = by_number(known.profiles, new.schedule_profile_id, "profile")
        if new.controller_id is not UNSET:
            device = known.device(new.controller_id)
        if device is None and profile is None:
            raise InvalidInput("controller_id", "is required, or schedule_profile_id")
        if device is not None and profile is not None and device.id not in profile.followers:
            raise InvalidInput("controller_id", "does not follow this profile")
        owner = None if profile is not None else device
        plan = await plan_of(call, new)
        _check(plan, owner)
        routine = await create_routine(
            call.ports,
            call.access.owner_id,
            call.actor,
            plan,
            device_id=None if owner is None else owner.id,
            profile_id="" if profile is None else profile.id,
        )
        (shown,) = await looks.shown(call, known, [routine])
        # The vendor's answer to this has fewer fields than its lists.
        shown.main_target = shown.default_state = UNSET
        if profile is None:
            shown.schedule_profile_id = UNSET
        body = looks.SCHEDULE.told(shown, {"self": Link(looks.PATH)})
        return Answer(body=body, headers=(("location", f"{looks.PATH}/{routine.number}"),))

    async def list_all(self, call: Call, query: hal.CollectionQuery) -> Any:
        known = await reached(call)
        shown = await looks.shown(call, known, known.routines)
        return looks.SCHEDULE.listed(call, query, shown, looks.links_of(known), self._totals)

    async def get(self, call: Call, query: SchedulesQuery) -> Any:
        """Of a device its own schedules and those of the profiles it follows."""
        known = await reached(call)
        try:
            device = known.named(query.key)
        except NotFound:
            return await self._one(call, known, query)
        followed = {profile.id for profile in known.profiles if device.id in profile.followers}
        routines = [r for r in known.routines if r.device_id == device.id or r.profile_id in followed]
        shown = await looks.shown(call, known, routines)
        return looks.SCHEDULE.listed(call, query, shown, looks.links_of(known), self._totals)

    async def _one(self, call: Call, known: Reached, query: SchedulesQuery) -> Any:
        try:
            routine = by_number(known.routines, query.key, KIND)
        except NotFound as error:
            raise NotFound("controller") from error
        for name, _ in call.extra:
            raise InvalidInput(name, "is no filter of a single schedule")
        (shown,) = await looks.shown(call, known, [routine])
        return looks.SCHEDULE.shown(query, shown, looks.links_of(known)(shown))

    async def update(self, call: Call, wanted: ScheduleChanges) -> Any:
        known = await reached(call)
        routine = by_number(known.routines, wanted.key, KIND)
        if wanted.controller_id is not UNSET and known.device(wanted.controller_id).id != routine.device_id:
            raise InvalidInput("controller_id", "is another device than the schedule's")
        changes = _changes(wanted)
        device = None if routine.device_id is None else known.devices[routine.device_id]
        _check(dataclasses.replace(routine, **changes), device)
        routine = await edit_routine(
            call.ports,
            call.access.owner_id,
            call.actor,
            routine.id,
            lambda current: dataclasses.replace(current, **changes),
        )
        (shown,) = await looks.shown(call, known, [routine])
        return looks.SCHEDULE.told(shown, looks.links_of(known)(shown))

    async def delete(self, call: Call, path: SchedulePath) -> None:
        routine = by_number((await reached(call)).routines, path.key, KIND)
        await remove_routines(call.ports, call.access.owner_id, call.actor, [routine])


async def plan_of(call: Call, times: Times) -> Plan:
    """Raises InvalidInput for times that cannot be read."""
    account_id = call.access.account_id
    account = None if account_id is None else await load_account(call.ports.directory, account_id)
    account_zone = "" if account is None else account.time_zone
    return Plan(
        days=days_of(times.days),
        from_minute=minute_of("from_time", times.from_time),
        to_minute=minute_of("to_time", times.to_time),
        target=times.target,
        purpose=PURPOSES[times.action],
        at_end=ENDS[times.default_state],
        is_active=times.active,
        is_told=times.push,
        zone=fallback_zone(account_zone, times.device_hours, call.ports.clock.now_ms()),
    )


def _check(plan: Plan | Routine, device: Device | None) -> None:
    """Raises InvalidInput for times that are none, or a target that the device cannot have; Unsupported
    for a device without targets."""
    check_times(plan)
    if device is None or plan.purpose is Purpose.THERMOSTAT:
        try:
            check_order(SET_SETPOINT, {"temperature_c": plan.target})
        except InvalidInput as error:
            raise InvalidInput("target", error.reason) from error
        return
    order = target_order(device, plan.target)
    try:
        orders.check_reach(device, order.name, order.fields)
    except InvalidInput as error:
        raise InvalidInput("target", error.reason) from error


def _changes(wanted: ScheduleChanges) -> Mapping[str, Any]:
    """By field of a routine what it is to become."""
    given = {
        name: value for name in wanted.__struct_fields__ if (value := getattr(wanted, name)) is not UNSET
    }
    read = {
        "days": ("days", days_of),
        "from_time": ("from_minute", lambda value: minute_of("from_time", value)),
        "to_time": ("to_minute", lambda value: minute_of("to_time", value)),
        "target": ("target", float),
        "active": ("is_active", bool),
        "action": ("purpose", PURPOSES.__getitem__),
        "push": ("is_told", bool),
        "default_state": ("at_end", ENDS.__getitem__),
    }
    return {read[name][0]: read[name][1](value) for name, value in given.items() if name in read}
