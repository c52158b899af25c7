"""`/v1/thermostat_mode`: relays that follow the temperature of another device (contract §11)."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from ownclimate.core.access import Permission
from ownclimate.core.errors import InvalidInput, NotFound
from ownclimate.core.thermostats import (
    LONGEST_DELTA_C,
    Thermostat,
    create_thermostat,
    edit_thermostat,
    list_thermostats,
    remove_thermostat,
)
from ownclimate.core.things import Ability, Device
from ownclimate.vendors.mclimate import mapping, vocabulary
from ownclimate.vendors.mclimate.face import hal
from ownclimate.vendors.mclimate.face.numbers import Numbers
from ownclimate.vendors.mclimate.face.reached import Reached, reached
from ownclimate.vendors.mclimate.face.resources import Resource
from ownclimate.vendors.mclimate.face.scopes import SCHEDULES
from ownclimate.vendors.mclimate.timetables import DEFAULT_STATES, ENDS, DefaultState
from ownclimate.vendors.mclimate.wire import Link, Links
from ownclimate.vendors.mclimate.wire_schedules import ThermostatMode
from ownclimate.web.call import Answer, Call
from ownclimate.web.tables import BodyKind, Certainty, Endpoint, Place, Success, Unknown

PATH: Final = "/v1/thermostat_mode"

MODE: Final = Resource(
    "thermostat_mode",
    ThermostatMode,
    {
        "sensor_id": int,
        "target_temperature": float,
        "delta": float,
        "active": hal.Flag,
        "default_state": str,
        "push": hal.Flag,
        "controller_id": int,
        "user_id": int,
        "id": int,
    },
)

Sensor = Annotated[int | str, Place.BODY]
Target = Annotated[float, msgspec.Meta(ge=-30, le=60)]
Delta = Annotated[float, msgspec.Meta(ge=0, le=LONGEST_DELTA_C)]
State = Annotated[
    str | int | bool | UnsetType,
    msgspec.Meta(description="The relay's last state; it is known here without being told"),
    Place.BODY,
]


class NewMode(Struct, kw_only=True):
    serial_number: Annotated[str, Place.BODY]
    sensor_id: Sensor
    target_temperature: Annotated[Target, Place.BODY]
    delta: Annotated[Delta, Place.BODY]
    active: Annotated[bool, Place.BODY] = True
    state: State = UNSET
    default_state: Annotated[DefaultState, Place.BODY] = "do_nothing"
    push: Annotated[bool, Place.BODY] = False


class ModeChanges(Struct, kw_only=True):
    """What is absent stays as it is; the relay can be repeated, not changed."""

    serial: str
    serial_number: Annotated[str | UnsetType, Place.BODY] = UNSET
    sensor_id: Annotated[int | str | UnsetType, Place.BODY] = UNSET
    target_temperature: Annotated[Target | UnsetType, Place.BODY] = UNSET
    delta: Annotated[Delta | UnsetType, Place.BODY] = UNSET
    active: Annotated[bool | UnsetType, Place.BODY] = UNSET
    state: State = UNSET
    default_state: Annotated[DefaultState | UnsetType, Place.BODY] = UNSET
    push: Annotated[bool | UnsetType, Place.BODY] = UNSET


class ModePath(Struct, kw_only=True):
    serial: str


class ModeQuery(hal.EntityQuery, kw_only=True):
    serial: str


def rows(numbers: Numbers, totals: hal.Totals) -> tuple[Endpoint, ...]:
    face = ThermostatModeFace(numbers, totals)
    return (
        Endpoint(
            operation_id="createThermostatMode",
            path=PATH,
            methods=("POST",),
            handler=face.create,
            params=NewMode,
            bodies=(BodyKind.JSON,),
            successes=(Success(status=201, item=MODE.entity, headers=("Location",)),),
            permission=Permission.DEVICE_CONTROL,
            scopes=SCHEDULES,
            owned=("serial_number", "sensor_id"),
            errors=(404,),
            is_repeatable=False,
            audit="create",
            summary="Lets a relay follow the temperature of a device",
            examples={"target_temperature": 21, "delta": 0.5, "default_state": "off", "push": 1},
        ),
        Endpoint(
            operation_id="listThermostatModes",
            path=PATH,
            handler=face.list_modes,
            params=hal.CollectionQuery,
            unknown=Unknown.COLLECT,
            successes=(Success(item=MODE.collection),),
            permission=Permission.DEVICE_READ,
            scopes=SCHEDULES,
            is_conditional=True,
            summary="Every relay that follows a temperature, filtered, sorted and in pages",
            examples={"sort": "-id", "limit": 10},
            certainty=Certainty.RULED,
        ),
        Endpoint(
            operation_id="getThermostatMode",
            path=f"{PATH}/{{serial}}",
            handler=face.get,
            params=ModeQuery,
            successes=(Success(item=MODE.entity),),
            permission=Permission.DEVICE_READ,
            scopes=SCHEDULES,
            owned=("serial",),
            errors=(404,),
            is_conditional=True,
            summary="What a relay follows",
            certainty=Certainty.RULED,
        ),
        Endpoint(
            operation_id="updateThermostatMode",
            path=f"{PATH}/{{serial}}",
            methods=("PUT",),
            handler=face.update,
            params=ModeChanges,
            bodies=(BodyKind.JSON,),
            successes=(Success(item=MODE.entity),),
            permission=Permission.DEVICE_CONTROL,
            scopes=SCHEDULES,
            owned=("serial", "serial_number", "sensor_id"),
            errors=(404,),
            audit="change",
            summary="Changes what a relay follows; what is left out stays",
            examples={"target_temperature": 20.5, "active": 1},
            certainty=Certainty.RULED,
        ),
        Endpoint(
            operation_id="deleteThermostatMode",
            path=f"{PATH}/{{serial}}",
            methods=("DELETE",),
            handler=face.delete,
            params=ModePath,
            successes=(Success(status=204),),
            permission=Permission.DEVICE_CONTROL,
            scopes=SCHEDULES,
            owned=("serial",),
            errors=(404,),
            audit="delete",
            summary="Lets a relay follow nothing; it stays as it is",
            certainty=Certainty.RULED,
        ),
    )


class ThermostatModeFace:
    def __init__(self, numbers: Numbers, totals: hal.Totals) -> None:
        self._numbers = numbers
        self._totals = totals

    async def create(self, call: Call, new: NewMode) -> Any:
        known = await reached(call)
        relay, sensor = known.device(new.serial_number), known.device(new.sensor_id)
        if Ability.RELAY not in relay.abilities:
            raise InvalidInput("serial_number", "is no relay")
        thermostat = await create_thermostat(
            call.ports,
            call.access.owner_id,
            call.actor,
            relay_id=relay.id,
            sensor_id=_checked_sensor(sensor).id,
            target_c=new.target_temperature,
            delta_c=new.delta,
            without_sensor=ENDS[new.default_state],
            is_active=new.active,
            is_told=new.push,
        )
        body = MODE.told(await self._shown(call, known, thermostat), {"self": Link(PATH)})
        location = f"{PATH}/{hal.segment(mapping.serial_of(relay))}"
        return Answer(body=body, headers=(("location", location),))

    async def list_modes(self, call: Call, query: hal.CollectionQuery) -> Any:
        known = await reached(call)
        found = await list_thermostats(call.ports.directory, call.access.owner_id)
        shown = [await self._shown(call, known, each) for each in found if each.id in known.devices]
        serials: dict[int, str] = {d.number: mapping.serial_of(d) for d in known.devices.values()}

        def links(mode: ThermostatMode) -> Links:
            assert isinstance(mode.controller_id, int), "a mode is built whole before it is cut"
            return _links(serials[mode.controller_id])

        return MODE.listed(call, query, shown, links, self._totals)

    async def get(self, call: Call, query: ModeQuery) -> Any:
        known = await reached(call)
        relay, thermostat = await _thermostat_of(call, known, query.serial)
        shown = await self._shown(call, known, thermostat)
        return MODE.shown(query, shown, _links(mapping.serial_of(relay)))

    async def update(self, call: Call, wanted: ModeChanges) -> Any:
        known = await reached(call)
        relay, _ = await _thermostat_of(call, known, wanted.serial)
        if wanted.serial_number is not UNSET and known.named(wanted.serial_number).id != relay.id:
            raise InvalidInput("serial_number", "is another relay than the path's")
        changes: dict[str, Any] = {
            ours: value
            for ours, value in (
                ("target_c", wanted.target_temperature),
                ("delta_c", wanted.delta),
                ("is_active", wanted.active),
                ("is_told", wanted.push),
            )
            if value is not UNSET
        }
        if wanted.default_state is not UNSET:
            changes["without_sensor"] = ENDS[wanted.default_state]
        if wanted.sensor_id is not UNSET:
            changes["sensor_id"] = _checked_sensor(known.device(wanted.sensor_id)).id
        thermostat = await edit_thermostat(
            call.ports,
            call.access.owner_id,
            call.actor,
            relay.id,
            lambda current: dataclasses.replace(current, **changes),
        )
        shown = await self._shown(call, known, thermostat)
        return MODE.told(shown, _links(mapping.serial_of(relay)))

    async def delete(self, call: Call, path: ModePath) -> None:
        relay, _ = await _thermostat_of(call, await reached(call), path.serial)
        await remove_thermostat(call.ports, call.access.owner_id, call.actor, relay.id)

    async def _shown(self, call: Call, known: Reached, thermostat: Thermostat) -> ThermostatMode:
        """A sensor that is gone, or that the token does not reach, is 0."""
        sensor = known.devices.get(thermostat.sensor_id)
        return ThermostatMode(
            sensor_id=0 if sensor is None else sensor.number,
            target_temperature=vocabulary.plain(float(thermostat.target_c)),
            delta=vocabulary.plain(float(thermostat.delta_c)),
            active=int(thermostat.is_active),
            default_state=DEFAULT_STATES[thermostat.without_sensor],
            push=int(thermostat.is_told),
            controller_id=known.devices[thermostat.id].number,
            user_id=await self._numbers.user(call.ports.directory, call.access),
            id=thermostat.number,
        )


async def _thermostat_of(call: Call, known: Reached, serial: str) -> tuple[Device, Thermostat]:
    relay = known.named(serial)
    found = await list_thermostats(call.ports.directory, call.access.owner_id)
    thermostat = next((each for each in found if each.id == relay.id), None)
    if thermostat is None:
        raise NotFound("thermostat mode")
    return relay, thermostat


def _checked_sensor(sensor: Device) -> Device:
    if Ability.TEMPERATURE not in sensor.abilities:
        raise InvalidInput("sensor_id", "measures no temperature")
    return sensor


def _links(serial: str) -> Links:
    segment = hal.segment(serial)
    return {"self": Link(f"{PATH}/{segment}"), "controller": Link(f"/v1/controllers/{segment}")}
