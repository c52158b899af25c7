"""Making, changing and removing controllers (contract §7)."""

from __future__ import annotations

import dataclasses
import re
from typing import Annotated, Any, Final

from msgspec import UNSET, Struct, UnsetType

from ownclimate.core import aliases
from ownclimate.core.access import Permission
from ownclimate.core.devices import checked_vendor_id, create_device, edit_device, hide_device
from ownclimate.core.errors import Conflict, Forbidden, InvalidInput
from ownclimate.core.ids import RoomId, SiteId
from ownclimate.core.sites import checked_name
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate import mapping, vocabulary, wire
from ownclimate.vendors.mclimate.brands import BRANDS
from ownclimate.vendors.mclimate.codecs.table import ABILITIES as LORAWAN_TYPES
from ownclimate.vendors.mclimate.face import hal, places
from ownclimate.vendors.mclimate.face.controllers import PATH, ControllersFace, device_of
from ownclimate.vendors.mclimate.face.scopes import CONTROL
from ownclimate.web.call import Answer, Call
from ownclimate.web.tables import BodyKind, Certainty, Endpoint, Place, Success

TYPES: Final = {**vocabulary.WIFI, **LORAWAN_TYPES}
"""What a controller made by hand can be, with the abilities of each type."""

_MAC = re.compile(r"[0-9A-F]{12}|[0-9A-F]{16}")
DEV_EUI_DIGITS: Final = 16

OptionalNumber = Annotated[int | UnsetType | None, Place.BODY]


class NewController(Struct, kw_only=True):
    serial_number: Annotated[str, Place.BODY]
    mac: Annotated[str, Place.BODY]
    type: Annotated[str, Place.BODY]
    name: Annotated[str, Place.BODY] = ""
    room_id: OptionalNumber = UNSET
    brand_id: OptionalNumber = UNSET


class ControllerChanges(Struct, kw_only=True):
    """What is absent stays as it is. Null takes the controller out of its room, or forgets its maker."""

    serial: str
    name: Annotated[str | UnsetType, Place.BODY] = UNSET
    room_id: OptionalNumber = UNSET
    building_id: OptionalNumber = UNSET
    brand_id: OptionalNumber = UNSET


class ControllerPath(Struct, kw_only=True):
    serial: str


def rows(face: ControllersFace) -> tuple[Endpoint, ...]:
    keeping = Keeping(face)
    return (
        Endpoint(
            operation_id="createController",
            path=PATH,
            methods=("POST",),
            handler=keeping.create,
            params=NewController,
            bodies=(BodyKind.JSON,),
            successes=(Success(status=201, item=wire.ControllerEntity, headers=("Location",)),),
            permission=Permission.DEVICE_CONTROL,
            scopes=CONTROL,
            owned=("room_id",),
            is_repeatable=False,
            audit="create",
            summary="A controller made by hand",
            examples={
                "serial_number": "UV4X00000001",
                "mac": "5ECF7F000001",
                "type": "melissa",
                "name": "Parlour",
                "brand_id": 9,
            },
            certainty=Certainty.RULED,
        ),
        Endpoint(
            operation_id="updateController",
            path=f"{PATH}/{{serial}}",
            aliases=("/v1/controller/{serial}",),
            methods=("PUT",),
            handler=keeping.update,
            params=ControllerChanges,
            bodies=(BodyKind.JSON,),
            successes=(Success(item=wire.ControllerEntity),),
            permission=Permission.DEVICE_CONTROL,
            scopes=CONTROL,
            owned=("serial", "room_id", "building_id"),
            errors=(404,),
            audit="change",
            summary="A controller's name, room, building and air-conditioner's maker",
            examples={"name": "Parlour", "brand_id": 9},
            certainty=Certainty.RULED,
        ),
        Endpoint(
            operation_id="deleteController",
            path=f"{PATH}/{{serial}}",
            aliases=("/v1/controller/{serial}",),
            methods=("DELETE",),
            handler=keeping.delete,
            params=ControllerPath,
            successes=(Success(status=204),),
            permission=Permission.DEVICE_CONTROL,
            scopes=CONTROL,
            owned=("serial",),
            errors=(404,),
            audit="delete",
            summary="Takes a controller away; its history is kept",
            certainty=Certainty.RULED,
        ),
    )


class Keeping:
    def __init__(self, face: ControllersFace) -> None:
        self._face = face

    async def create(self, call: Call, new: NewController) -> Answer:
        serial, mac = _serial_of(new), _mac_of(new)
        if new.type not in TYPES:
            raise InvalidInput("type", f"expected one of {', '.join(sorted(TYPES))}")
        if new.type in LORAWAN_TYPES and len(mac) == DEV_EUI_DIGITS and serial.upper() != mac:
            raise InvalidInput("serial_number", "a LoRaWAN device's is its DevEUI, as in mac")
        site_id, room_id = await _room_of(call, new.room_id)
        if not call.access.reaches(site_id):
            raise Forbidden("this token reaches some homes only: name a room of theirs in room_id")
        brand_id = _brand_of(new.brand_id)
        try:
            device = await create_device(
                call.ports,
                call.access.owner_id,
                call.actor,
                vendor=vocabulary.VENDOR,
                model=new.type,
                vendor_id=serial,
                serial=serial,
                mac=mac,
                name=checked_name(new.name) if new.name else "",
                site_id=site_id,
                room_id=room_id,
                abilities=TYPES[new.type],
                given_aliases={aliases.MCLIMATE: serial},
                settings={} if brand_id is None else {"brand_id": brand_id},
                is_heard=True,
            )
        except Conflict as error:
            raise InvalidInput(
                "serial_number", "is in use, maybe by a controller that was deleted"
            ) from error
        body = await self._face.entity(call, device)
        location = f"{PATH}/{hal.segment(serial)}"
        return Answer(body=body, headers=(("location", location),))

    async def update(self, call: Call, wanted: ControllerChanges) -> wire.ControllerEntity:
        device = await device_of(call, wanted.serial)
        changes: dict[str, Any] = {}
        if wanted.name is not UNSET:
            changes["name"] = checked_name(wanted.name)
        if wanted.building_id is not UNSET:
            changes |= {"site_id": await _building_of(call, wanted.building_id), "room_id": None}
        if wanted.room_id is not UNSET:
            site_id, room_id = await _room_of(call, wanted.room_id)
            if room_id is not None and changes.get("site_id") not in (None, site_id):
                raise InvalidInput("room_id", "is a room of another building")
            changes |= {"room_id": room_id} | ({} if site_id is None else {"site_id": site_id})
        if not call.access.reaches(changes.get("site_id", device.site_id)):
            raise Forbidden("this token reaches some homes only: a controller cannot leave them")
        if wanted.brand_id is not UNSET:
            brand_id = _brand_of(wanted.brand_id)
            settings = {name: value for name, value in device.settings.items() if name != "brand_id"}
            changes["settings"] = settings | ({} if brand_id is None else {"brand_id": brand_id})

        def change(current: Device) -> Device:
            return dataclasses.replace(current, **changes)

        device = await edit_device(call.ports, call.access.owner_id, call.actor, device.id, change)
        return await self._face.entity(call, device)

    async def delete(self, call: Call, path: ControllerPath) -> None:
        device = await device_of(call, path.serial)
        await hide_device(call.ports, call.access.owner_id, call.actor, device.id)


def _serial_of(new: NewController) -> str:
    try:
        return checked_vendor_id(new.serial_number)
    except InvalidInput as error:
        raise InvalidInput("serial_number", error.reason) from error


def _mac_of(new: NewController) -> str:
    bare = new.mac.translate(mapping.SEPARATORS).upper()
    if not _MAC.fullmatch(bare):
        raise InvalidInput("mac", "expected 12 hexadecimal digits (a MAC) or 16 (a DevEUI)")
    return bare


async def _room_of(call: Call, number: int | UnsetType | None) -> tuple[SiteId | None, RoomId | None]:
    if number is UNSET or number is None:
        return None, None
    room = await places.find_room(call, number)
    if room is None:
        raise InvalidInput("room_id", "there is no such room")
    return room.site_id, room.id


async def _building_of(call: Call, number: int | None) -> SiteId | None:
    return None if number is None else (await places.named_building(call, number)).id


def _brand_of(number: int | UnsetType | None) -> int | None:
    if number is UNSET or number is None:
        return None
    if number not in BRANDS:
        raise InvalidInput("brand_id", "there is no such brand")
    return number
