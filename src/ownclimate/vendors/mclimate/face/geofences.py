"""`/v1/geofences`: commands given as somebody comes or goes (contract §12).

The vendor publishes no way for a phone to say that it crossed a fence; `enter` and `exit` are ours.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from ownclimate.core.access import Permission
from ownclimate.core.errors import InvalidInput
from ownclimate.core.events import announce_events, record_event
from ownclimate.core.geofences import (
    KIND,
    Geofence,
    create_geofence,
    edit_geofence,
    list_geofences,
    remove_geofence,
)
from ownclimate.core.ordering import give_order
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate import mapping, vocabulary, wire_schedules
from ownclimate.vendors.mclimate.face import hal, orders
from ownclimate.vendors.mclimate.face.numbers import Numbers
from ownclimate.vendors.mclimate.face.reached import Reached, by_number, reached
from ownclimate.vendors.mclimate.face.reactions import fields_text, reaction_of
from ownclimate.vendors.mclimate.face.resources import Resource
from ownclimate.vendors.mclimate.face.scopes import BASIC, CONTROL
from ownclimate.vendors.mclimate.wire import Link, Links
from ownclimate.web.call import Answer, Call
from ownclimate.web.limits import COMMAND
from ownclimate.web.tables import BodyKind, Certainty, Endpoint, Place, Success, Unknown

PATH: Final = "/v1/geofences"

GEOFENCE: Final = Resource(
    "geofence",
    wire_schedules.Geofence,
    {
        "id": int,
        "user_id": int,
        "controller_id": str,
        "latitude": float,
        "longitude": float,
        "radius": float,
        "active": hal.Flag,
        "enter_command_name": str,
        "enter_command_fields": str,
        "exit_command_name": str,
        "exit_command_fields": str,
        "enter_push": hal.Flag,
        "exit_push": hal.Flag,
    },
)
_PLACE: Final = {"latitude": 42.6977, "longitude": 23.3219, "radius": 150}

Fields = Annotated[
    str | dict[str, Any], msgspec.Meta(description="The command's fields, as JSON inside a text"), Place.BODY
]


class NewGeofence(Struct, kw_only=True):
    controller_id: Annotated[str | int, Place.BODY]
    latitude: Annotated[float, Place.BODY]
    longitude: Annotated[float, Place.BODY]
    radius: Annotated[float, Place.BODY]
    active: Annotated[bool, Place.BODY] = True
    enter_command_name: Annotated[str, Place.BODY] = ""
    enter_command_fields: Fields = ""
    exit_command_name: Annotated[str, Place.BODY] = ""
    exit_command_fields: Fields = ""
    enter_push: Annotated[bool, Place.BODY] = False
    exit_push: Annotated[bool, Place.BODY] = False


class GeofenceChanges(Struct, kw_only=True):
    """What is absent stays as it is; the controller can be repeated, not changed."""

    id: int
    controller_id: Annotated[str | int | UnsetType, Place.BODY] = UNSET
    latitude: Annotated[float | UnsetType, Place.BODY] = UNSET
    longitude: Annotated[float | UnsetType, Place.BODY] = UNSET
    radius: Annotated[float | UnsetType, Place.BODY] = UNSET
    active: Annotated[bool | UnsetType, Place.BODY] = UNSET
    enter_command_name: Annotated[str | UnsetType, Place.BODY] = UNSET
    enter_command_fields: Annotated[str | dict[str, Any] | UnsetType, Place.BODY] = UNSET
    exit_command_name: Annotated[str | UnsetType, Place.BODY] = UNSET
    exit_command_fields: Annotated[str | dict[str, Any] | UnsetType, Place.BODY] = UNSET
    enter_push: Annotated[bool | UnsetType, Place.BODY] = UNSET
    exit_push: Annotated[bool | UnsetType, Place.BODY] = UNSET


class GeofencePath(Struct, kw_only=True):
    id: int


class GeofenceQuery(hal.EntityQuery, kw_only=True):
    id: int


def rows(numbers: Numbers, totals: hal.Totals) -> tuple[Endpoint, ...]:
    face = GeofencesFace(numbers, totals)
    return (
        Endpoint(
            operation_id="createGeofence",
            path=PATH,
            methods=("POST",),
            handler=face.create,
            params=NewGeofence,
            bodies=(BodyKind.JSON,),
            successes=(Success(status=201, item=GEOFENCE.entity, headers=("Location",)),),
            permission=Permission.DEVICE_CONTROL,
            scopes=CONTROL,
            owned=("controller_id",),
            errors=(404,),
            is_repeatable=False,
            audit="create",
            summary="A circle around a place, with what is done as somebody enters or leaves it",
            examples={
                **_PLACE,
                "enter_command_name": "set_motor_position",
                "enter_command_fields": '{"position":"21"}',
                "enter_push": 1,
            },
            certainty=Certainty.RULED,
        ),
        Endpoint(
            operation_id="listGeofences",
            path=PATH,
            handler=face.list_geofences,
            params=hal.CollectionQuery,
            unknown=Unknown.COLLECT,
            successes=(Success(item=GEOFENCE.collection),),
            permission=Permission.DEVICE_READ,
            scopes=BASIC,
            is_conditional=True,
            summary="Every geofence, filtered, sorted and in pages",
            examples={"sort": "-id", "limit": 10},
            certainty=Certainty.SEEN,
        ),
        Endpoint(
            operation_id="getGeofence",
            path=f"{PATH}/{{id}}",
            handler=face.get,
            params=GeofenceQuery,
            successes=(Success(item=GEOFENCE.entity),),
            permission=Permission.DEVICE_READ,
            scopes=BASIC,
            owned=("id",),
            errors=(404,),
            is_conditional=True,
            summary="One geofence",
            certainty=Certainty.SEEN,
        ),
        Endpoint(
            operation_id="updateGeofence",
            path=f"{PATH}/{{id}}",
            methods=("PUT",),
            handler=face.update,
            params=GeofenceChanges,
            bodies=(BodyKind.JSON,),
            successes=(Success(item=GEOFENCE.entity),),
            permission=Permission.DEVICE_CONTROL,
            scopes=CONTROL,
            owned=("id", "controller_id"),
            errors=(404,),
            audit="change",
            summary="Changes a geofence; what is left out stays",
            examples={"radius": 200, "active": 1},
            certainty=Certainty.RULED,
        ),
        Endpoint(
            operation_id="deleteGeofence",
            path=f"{PATH}/{{id}}",
            methods=("DELETE",),
            handler=face.delete,
            params=GeofencePath,
            successes=(Success(status=204),),
            permission=Permission.DEVICE_CONTROL,
            scopes=CONTROL,
            owned=("id",),
            errors=(404,),
            audit="delete",
            summary="Removes a geofence",
            certainty=Certainty.RULED,
        ),
        _crossing("enterGeofence", "enter", face.enter, "Somebody entered: its command is given"),
        _crossing("exitGeofence", "exit", face.leave, "Somebody left: its command is given"),
    )


def _crossing(operation_id: str, word: str, handler: Any, summary: str) -> Endpoint:
    return Endpoint(
        operation_id=operation_id,
        path=f"{PATH}/{{id}}/{word}",
        methods=("POST",),
        handler=handler,
        params=GeofencePath,
        successes=(Success(item=GEOFENCE.entity),),
        permission=Permission.DEVICE_CONTROL,
        scopes=CONTROL,
        owned=("id",),
        errors=(404,),
        limit_class=COMMAND,
        is_repeatable=False,
        summary=summary,
        certainty=Certainty.RULED,
    )


class GeofencesFace:
    def __init__(self, numbers: Numbers, totals: hal.Totals) -> None:
        self._numbers = numbers
        self._totals = totals

    async def create(self, call: Call, new: NewGeofence) -> Any:
        known = await reached(call)
        device = known.device(new.controller_id)
        geofence = await create_geofence(
            call.ports,
            call.access.owner_id,
            call.actor,
            device_id=device.id,
            latitude=new.latitude,
            longitude=new.longitude,
            radius_m=new.radius,
            is_active=new.active,
            on_enter=reaction_of(
                device, "enter", new.enter_command_name, new.enter_command_fields, new.enter_push
            ),
            on_exit=reaction_of(
                device, "exit", new.exit_command_name, new.exit_command_fields, new.exit_push
            ),
        )
        shown = await self._shown(call, known, geofence)
        location = f"{PATH}/{geofence.number}"
        return Answer(body=GEOFENCE.told(shown, _links(shown)), headers=(("location", location),))

    async def list_geofences(self, call: Call, query: hal.CollectionQuery) -> Any:
        known = await reached(call)
        shown = [await self._shown(call, known, each) for each in await _reached_fences(call, known)]
        return GEOFENCE.listed(call, query, shown, _links, self._totals)

    async def get(self, call: Call, query: GeofenceQuery) -> Any:
        known = await reached(call)
        geofence = by_number(await _reached_fences(call, known), query.id, KIND)
        shown = await self._shown(call, known, geofence)
        return GEOFENCE.shown(query, shown, _links(shown))

    async def update(self, call: Call, wanted: GeofenceChanges) -> Any:
        known = await reached(call)
        geofence = by_number(await _reached_fences(call, known), wanted.id, KIND)
        device = known.devices[geofence.device_id]
        if wanted.controller_id is not UNSET and known.device(wanted.controller_id).id != device.id:
            raise InvalidInput("controller_id", "is another device than the geofence's")
        changes = _changes(device, geofence, wanted)
        geofence = await edit_geofence(
            call.ports,
            call.access.owner_id,
            call.actor,
            geofence.id,
            lambda current: dataclasses.replace(current, **changes),
        )
        shown = await self._shown(call, known, geofence)
        return GEOFENCE.told(shown, _links(shown))

    async def delete(self, call: Call, path: GeofencePath) -> None:
        geofence = by_number(await _reached_fences(call, await reached(call)), path.id, KIND)
        await remove_geofence(call.ports, call.access.owner_id, call.actor, geofence.id)

    async def enter(self, call: Call, path: GeofencePath) -> Any:
        return await self._cross(call, path.id, "enter")

    async def leave(self, call: Call, path: GeofencePath) -> Any:
        return await self._cross(call, path.id, "exit")

    async def _cross(self, call: Call, number: int, side: str) -> Any:
        """One that is switched off does nothing."""
        known = await reached(call)
        geofence = by_number(await _reached_fences(call, known), number, KIND)
        device = known.devices[geofence.device_id]
        reaction = geofence.on_enter if side == "enter" else geofence.on_exit
        if geofence.is_active and reaction.command:
            order = orders.to_core(device, reaction.command, reaction.fields)
            await give_order(
                call.ports,
                call.access.owner_id,
                call.actor,
                device,
                order.name,
                order.fields,
                executor=f"geofence {geofence.number} {side}",
                wording=order.wording,
            )
        if geofence.is_active and reaction.is_told:
            await _tell(call, geofence, device, side)
        shown = await self._shown(call, known, geofence)
        return GEOFENCE.told(shown, _links(shown))

    async def _shown(self, call: Call, known: Reached, geofence: Geofence) -> wire_schedules.Geofence:
        return wire_schedules.Geofence(
            id=geofence.number,
            user_id=await self._numbers.account(call.ports.directory, geofence.account_id),
            controller_id=mapping.serial_of(known.devices[geofence.device_id]),
            latitude=vocabulary.plain(float(geofence.latitude)),
            longitude=vocabulary.plain(float(geofence.longitude)),
            radius=vocabulary.plain(float(geofence.radius_m)),
            active=int(geofence.is_active),
            enter_command_name=geofence.on_enter.command,
            enter_command_fields=fields_text(geofence.on_enter),
            exit_command_name=geofence.on_exit.command,
            exit_command_fields=fields_text(geofence.on_exit),
            enter_push=int(geofence.on_enter.is_told),
            exit_push=int(geofence.on_exit.is_told),
        )


async def _reached_fences(call: Call, known: Reached) -> list[Geofence]:
    """Those of devices that are there and that the token reaches."""
    found = await list_geofences(call.ports.directory, call.access.owner_id)
    return [geofence for geofence in found if geofence.device_id in known.devices]


def _changes(device: Device, geofence: Geofence, wanted: GeofenceChanges) -> dict[str, Any]:
    plain = (
        ("latitude", wanted.latitude),
        ("longitude", wanted.longitude),
        ("radius_m", wanted.radius),
        ("is_active", wanted.active),
    )
    changes: dict[str, Any] = {ours: value for ours, value in plain if value is not UNSET}
    sides = (("enter", "on_enter", geofence.on_enter), ("exit", "on_exit", geofence.on_exit))
    for side, ours, before in sides:
        command = getattr(wanted, f"{side}_command_name")
        fields = getattr(wanted, f"{side}_command_fields")
        is_told = getattr(wanted, f"{side}_push")
        changes[ours] = reaction_of(
            device,
            side,
            before.command if command is UNSET else command,
            before.fields if fields is UNSET else fields,
            before.is_told if is_told is UNSET else is_told,
        )
    return changes


async def _tell(call: Call, geofence: Geofence, device: Device, side: str) -> None:
    event = await record_event(
        call.ports,
        call.access.owner_id,
        kind=KIND,
        at_ms=call.ports.clock.now_ms(),
        site_id=device.site_id,
        device_id=device.id,
        details={"geofence": geofence.number, "side": side},
    )
    await announce_events(call.ports, call.access.owner_id, call.actor, [event])


def _links(geofence: wire_schedules.Geofence) -> Links:
    path = f"{PATH}/{geofence.id}"
    links = {"self": Link(path), "enter": Link(f"{path}/enter"), "exit": Link(f"{path}/exit")}
    if isinstance(geofence.controller_id, str):
        links["controller"] = Link(f"/v1/controllers/{hal.segment(geofence.controller_id)}")
    return links
