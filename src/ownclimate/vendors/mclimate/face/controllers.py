"""`/v1/controllers`: every device of the owner is a controller (contract §7)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from ownclimate.core.access import Permission
from ownclimate.core.devices import StoredDevice, find_device, list_stored
from ownclimate.core.errors import NotFound
from ownclimate.core.readings import LatestValue
from ownclimate.core.sites import list_rooms
from ownclimate.core.things import Device
from ownclimate.vendors.mclimate import mapping, vocabulary, wire
from ownclimate.vendors.mclimate.brands import BRANDS
from ownclimate.vendors.mclimate.codecs.table import ABILITIES as LORAWAN_TYPES
from ownclimate.vendors.mclimate.face import hal
from ownclimate.vendors.mclimate.face.last_commands import add_last_commands
from ownclimate.vendors.mclimate.face.numbers import Numbers
from ownclimate.vendors.mclimate.face.scopes import BASIC
from ownclimate.vendors.mclimate.wire import Controller, Link, Links
from ownclimate.web.call import Call
from ownclimate.web.tables import Endpoint, Success, Unknown

PATH = "/v1/controllers"

FIELD_TYPES: hal.FieldTypes = {
    "id": int,
    "user_id": int,
    "serial_number": str,
    "mac": str,
    "firmware_version": str,
    "name": str,
    "type": str,
    "room_id": int,
    "created": str,
    "deleted_at": str,
    "online": bool,
    "brand_id": int,
    "controller_log": None,
    "relay_state": int,
    "_relation": None,
}
_WIRE_NAMES = {"_relation": "relation"}


class ControllerQuery(hal.EntityQuery, kw_only=True):
    serial: str


def rows(face: ControllersFace) -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            operation_id="listControllers",
            path=PATH,
            handler=face.list_controllers,
            params=hal.CollectionQuery,
            unknown=Unknown.COLLECT,
            successes=(Success(item=wire.ControllerCollection),),
            permission=Permission.DEVICE_READ,
            scopes=BASIC,
            is_conditional=True,
            summary="Every device, filtered, sorted and in pages",
            examples={"sort": "-created", "fields": "serial_number,name,online", "limit": 10},
        ),
        Endpoint(
            operation_id="getController",
            path=f"{PATH}/{{serial}}",
            aliases=("/v1/controller/{serial}",),
            handler=face.get_controller,
            params=ControllerQuery,
            successes=(Success(item=wire.ControllerEntity),),
            permission=Permission.DEVICE_READ,
            scopes=BASIC,
            owned=("serial",),
            errors=(404,),
            is_conditional=True,
            summary="One device with its last reading",
        ),
    )


class ControllersFace:
    def __init__(self, numbers: Numbers, totals: hal.Totals) -> None:
        self._numbers = numbers
        self._totals = totals

    async def list_controllers(self, call: Call, query: hal.CollectionQuery) -> wire.ControllerCollection:
        asked = hal.asked(query, call.extra, FIELD_TYPES)
        page = await self._page(call, asked)
        if not page.items:
            return wire.ControllerCollection(controller=[], links={"self": hal.own_link(call)})
        return wire.ControllerCollection(
            embedded=wire.Controllers(controller=[_item(each, asked.fields) for each in page.items]),
            total=self._totals.of(page),
            links=hal.page_links(call, page),
        )

    async def _page(self, call: Call, asked: hal.Asked) -> hal.Page[Controller]:
        """The page's controllers; others are built only as far as the choice depends on them."""
        stored = await self._reachable(call)
        if not asked.named:
            few = hal.page_of(stored, asked)
            return few.holding(await self._whole(call, [each.device() for each in few.items]))
        devices = [each.device() for each in stored]
        if asked.named <= mapping.FROM_DEVICE.keys():
            chosen = hal.arranged(devices, asked, lambda device, field: mapping.FROM_DEVICE[field](device))
            page = hal.page_of(chosen, asked)
            return page.holding(await self._whole(call, page.items))
        return hal.page_of(hal.arranged(await self._whole(call, devices), asked, _value), asked)

    async def _whole(self, call: Call, devices: Sequence[Device]) -> list[Controller]:
        """Controllers with all that a list tells of them."""
        whole = await self._bare(call, devices)
        latest = await call.ports.series.latest([device.number for device in devices])
        now_ms = call.ports.clock.now_ms()
        nothing: dict[str, LatestValue] = {}
        for device, controller in zip(devices, whole, strict=True):
            known = latest.get(device.number, nothing)
            mapping.add_readings(controller, device, known, now_ms)
            controller.relay_state = mapping.relay_state_of(device, known)
        return whole

    async def get_controller(self, call: Call, query: ControllerQuery) -> wire.ControllerEntity:
        fields = hal.chosen_fields(query, FIELD_TYPES)
        return await self.entity(call, await device_of(call, query.serial), fields)

    async def entity(self, call: Call, device: Device, fields: tuple[str, ...] = ()) -> wire.ControllerEntity:
        """One controller with all that is told of it: its last reading, and what it was last told."""
        (controller,) = await self._bare(call, [device])
        latest = (await call.ports.series.latest([device.number])).get(device.number, {})
        mapping.add_readings(controller, device, latest, call.ports.clock.now_ms())
        controller.relay_state = mapping.relay_state_of(device, latest)
        derived = mapping.last_command_of(device, latest)
        if derived is not None:
            controller.relation = wire.ControllerRelation(command_log=derived)
        relay = latest.get("relay_on")
        await add_last_commands(call.ports, device, controller, None if relay is None else relay.at_ms)
        if hal.is_advanced(call):
            await _add_related(call, device, controller)
        shown = _only(controller, fields) if fields else controller
        return wire.ControllerEntity(controller=shown, links=links_of(controller))

    async def _reachable(self, call: Call) -> list[StoredDevice]:
        """The devices that the token reaches, by number."""
        access = call.access
        stored = await list_stored(call.ports.directory, access.owner_id)
        if access.sites is not None:
            stored = [each for each in stored if access.reaches(each.site_id)]
        return sorted(stored, key=lambda each: each.number)

    async def _bare(self, call: Call, devices: Sequence[Device]) -> list[Controller]:
        """Controllers without what follows from readings."""
        directory, access = call.ports.directory, call.access
        user_number = await self._numbers.user(directory, access)
        wanted = {device.room_id for device in devices if device.room_id is not None}
        rooms = await self._numbers.rooms(directory, access.owner_id, wanted)
        return [
            mapping.controller_of(
                device,
                user_number=user_number,
                room_number=None if device.room_id is None else rooms.get(device.room_id),
            )
            for device in devices
        ]


async def device_of(call: Call, serial: str) -> Device:
    """The controller under a serial, any other id of its, or ours. Another owner's is not found."""
    device = await find_device(call.ports.directory, call.access.owner_id, serial)
    if device is None or not call.access.reaches(device.site_id):
        raise NotFound("controller")
    return device


def links_of(controller: Controller) -> Links:
    """Of a controller that was built whole: where the rest of what is known of it is."""
    assert isinstance(controller.serial_number, str), "a controller is built whole before it is cut"
    serial = hal.segment(controller.serial_number)
    path = f"{PATH}/{serial}"
    links = {
        "self": Link(path),
        "controller_log": Link(f"{path}/controller_log"),
        "command_log": Link(f"/v1/command_log/{serial}"),
        "pending": Link(f"/v1/provider/pending/{serial}"),
        "schedules": Link(f"/v1/schedules/{serial}"),
    }
    if controller.type in vocabulary.RELAY_TYPES:
        links["thermostat_mode"] = Link(f"/v1/thermostat_mode?controller_id={controller.id}")
    if controller.type in LORAWAN_TYPES:
        links["fuota"] = Link(f"/v1/fuota/{serial}")
    if isinstance(controller.room_id, int):
        links["room"] = Link(f"/v1/rooms/{controller.room_id}")
    if isinstance(controller.brand_id, int):
        links["brand"] = Link(f"/v1/brands/{controller.brand_id}")
    return links


async def _add_related(call: Call, device: Device, controller: Controller) -> None:
    """The room and the air-conditioner's maker, null where there is none."""
    directory, owner_id = call.ports.directory, call.access.owner_id
    relation = wire.ControllerRelation() if controller.relation is UNSET else controller.relation
    rooms = {room.id: room for room in await list_rooms(directory, owner_id)} if device.room_id else {}
    room = None if device.room_id is None else rooms.get(device.room_id)
    brand = BRANDS.get(device.settings.get("brand_id", 0))
    relation.room = None if room is None else wire.RelatedRoom(id=room.number, name=room.name)
    relation.brand = None if brand is None else wire.RelatedBrand(id=brand.id, name=brand.name)
    controller.relation = relation


def _value(controller: Controller, field: str) -> object:
    return getattr(controller, _WIRE_NAMES.get(field, field))


def _only(controller: Controller, fields: tuple[str, ...]) -> Controller:
    names = [_WIRE_NAMES.get(field, field) for field in fields]
    return Controller(**{name: getattr(controller, name) for name in names})


def _item(controller: Controller, fields: tuple[str, ...]) -> wire.ControllerItem:
    """An item of a list; the state of a relay is told by the entity, or when it was asked for by name."""
    shown = msgspec.structs.asdict(_only(controller, fields) if fields else controller)
    if "relay_state" not in fields:
        shown["relay_state"] = UNSET
    return wire.ControllerItem(**shown, links=links_of(controller))
