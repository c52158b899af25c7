"""Methods from before homes: thermostats by their relay, and what else old clients ask for (contract §10).

A thermostat's set-point is its room's, so what is set here is seen everywhere, and the other way round.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.climate import Channel
from ownclimate.core.errors import NotFound
from ownclimate.core.operate import set_home_mode, set_setpoint
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import SET_SETPOINT
from ownclimate.core.things import SetpointMode
from ownclimate.vendors.netatmo import presented, vocabulary
from ownclimate.vendors.netatmo.face import weather
from ownclimate.vendors.netatmo.face.climate import BAD_MODE, WRITE, room_temperature, until_of
from ownclimate.vendors.netatmo.face.families import sees, sees_device
from ownclimate.vendors.netatmo.face.faults import INVALID_DEVICE, PARAMETER_MISSING, Refusal
from ownclimate.vendors.netatmo.face.holdings import Holdings, load_holdings
from ownclimate.vendors.netatmo.face.legacy_thermostats import (
    MODES,
    Thermostat,
    relay,
    thermostat_state,
    thermostats,
)
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.parameters import Epoch, WireId, is_wire_id, wire_id
from ownclimate.vendors.netatmo.face.status import scene_of
from ownclimate.vendors.netatmo.face.users import weather_user
from ownclimate.vendors.netatmo.face.weather_shapes import User
from ownclimate.vendors.netatmo.recognise import STATIONS
from ownclimate.vendors.netatmo.wire import PLAIN
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Success

READ: Final = f"read_{vocabulary.HEATING}"
THERMOSTATS: Final = "app_thermostat"
_HOMES_MODES: Final = frozenset({SetpointMode.AWAY, SetpointMode.FROST_GUARD, SetpointMode.SCHEDULE})


class RelayQuery(msgspec.Struct, kw_only=True):
    device_id: WireId | msgspec.UnsetType = msgspec.UNSET


class DeviceListQuery(RelayQuery, kw_only=True):
    app_type: Annotated[str, msgspec.Meta(description="app_station or app_thermostat")] = "app_station"
    get_favorites: bool = False


class TheThermostat(msgspec.Struct, kw_only=True):
    device_id: WireId
    module_id: WireId


class ThermPoint(TheThermostat, kw_only=True):
    setpoint_mode: Annotated[str, msgspec.Meta(description=", ".join(MODES))]
    setpoint_endtime: Epoch | msgspec.UnsetType = msgspec.UNSET
    setpoint_temp: float | msgspec.UnsetType = msgspec.UNSET


class Relays(msgspec.Struct, kw_only=True):
    """The body of getthermostatsdata: relays with their thermostats."""

    devices: list[dict[str, Any]]
    user: User


class ThermState(msgspec.Struct, kw_only=True):
    """The body of getthermstate."""

    setpoint: dict[str, Any]
    therm_program_list: list[dict[str, Any]]
    measured: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class DeviceList(msgspec.Struct, kw_only=True):
    """The body of devicelist: what newer methods nest stands side by side."""

    devices: list[dict[str, Any]]
    modules: list[dict[str, Any]]


class OldUser(User, kw_only=True):
    """The body of getuser."""

    id: str | msgspec.UnsetType = msgspec.field(name="_id", default=msgspec.UNSET)
    devices: list[str]


def rows() -> tuple[Endpoint, ...]:
    example = {"device_id": "70:ee:50:00:00:01", "module_id": "04:00:00:00:00:01"}
    reading: dict[str, Any] = {"permission": Permission.DEVICE_READ}
    return (
        method(
            "getthermostatsdata",
            get_thermostats_data,
            params=RelayQuery,
            successes=(Success(item=Relays),),
            scopes=(READ,),
            owned=("device_id",),
            summary="Thermostats by their relay, with set-point, programs and measured values",
            certainty=Certainty.SEEN,
            **reading,
        ),
        method(
            "getthermstate",
            get_therm_state,
            params=TheThermostat,
            successes=(Success(item=ThermState),),
            scopes=(READ,),
            owned=("device_id", "module_id"),
            summary="One thermostat; superseded by homestatus",
            examples=example,
            **reading,
        ),
        method(
            "setthermpoint",
            set_therm_point,
            params=ThermPoint,
            successes=(PLAIN,),
            permission=Permission.DEVICE_CONTROL,
            scopes=(WRITE,),
            owned=("device_id", "module_id"),
            audit="set_setpoint",
            summary="Hold a temperature at one thermostat, or set its home away",
            examples={**example, "setpoint_mode": "manual", "setpoint_temp": 19},
        ),
        method(
            "partnerdevices",
            partner_devices,
            successes=(Success(item=list[str]),),
            summary="Ids of the devices that the app may read",
            **reading,
        ),
        method(
            "devicelist",
            device_list,
            params=DeviceListQuery,
            successes=(Success(item=DeviceList),),
            owned=("device_id",),
            summary="Stations or thermostats with their modules beside them; withdrawn by the vendor",
            certainty=Certainty.RULED,
            **reading,
        ),
        method(
            "getuser",
            get_user,
            successes=(Success(item=OldUser),),
            summary="Who asks, and the ids of the devices; withdrawn by the vendor",
            certainty=Certainty.RULED,
            **reading,
        ),
    )


async def get_thermostats_data(call: Call, query: RelayQuery) -> dict[str, Any]:
    """Raises Refusal for what is no MAC address, NotFound for a relay that is not the caller's."""
    holdings = await load_holdings(call, with_rooms=True, with_schedules=True)
    wanted = None if query.device_id is msgspec.UNSET else wire_id(query.device_id)
    behind: dict[str, list[Thermostat]] = {}
    for one in thermostats(holdings):
        behind.setdefault(presented.wire_id(one.relay).lower(), []).append(one)
    found = [key for key in behind if wanted in (None, key)]
    if wanted is not None and not found:
        raise NotFound("device") if is_wire_id(wanted) else Refusal(INVALID_DEVICE)
    told = []
    for key in found:
        first = behind[key][0]
        scene = await scene_of(call, first.home)
        told.append(relay(scene, first.relay, first.home, behind[key]))
    return {"devices": told, "user": await weather_user(call, STATIONS)}


async def get_therm_state(call: Call, asked: TheThermostat) -> dict[str, Any]:
    one = await the_thermostat(call, asked)
    return thermostat_state(await scene_of(call, one.home), one)


async def set_therm_point(call: Call, asked: ThermPoint) -> None:
    """Away, frost guard and program are the whole home's. Raises Refusal for what cannot be meant."""
    one = await the_thermostat(call, asked)
    mode = MODES.get(asked.setpoint_mode)
    if mode is None:
        raise Refusal(BAD_MODE)
    until_ms = until_of(asked.setpoint_endtime)
    temperature_c = None
    if mode is SetpointMode.MANUAL:
        if asked.setpoint_temp is msgspec.UNSET:
            raise Refusal("Missing setpoint_temp", code=PARAMETER_MISSING)
        temperature_c = room_temperature(asked.setpoint_temp, "setpoint_temp")
    owner_id, site_id = call.access.owner_id, one.home.site.id
    if mode in _HOMES_MODES:
        await set_home_mode(call.ports, owner_id, call.actor, site_id, mode, until_ms=until_ms or 0)
    elif one.room is not None:
        await set_setpoint(
            call.ports,
            owner_id,
            call.actor,
            site_id,
            one.room.id,
            Channel.HEATING,
            mode,
            temperature_c=temperature_c,
            until_ms=until_ms,
        )
    elif temperature_c is not None:
        fields = {"temperature_c": temperature_c}
        await give_order(call.ports, owner_id, call.actor, one.device, SET_SETPOINT, fields)
    else:
        raise Refusal(BAD_MODE)


async def partner_devices(call: Call, _: None) -> list[str]:
    """Stations, coaches, relays and gateways; modules are known by them."""
    return _gateways(call, await load_holdings(call))


async def device_list(call: Call, query: DeviceListQuery) -> dict[str, Any]:
    """Raises as the method does that took its place; empty without the scope of the products."""
    if query.app_type == THERMOSTATS:
        if not sees(call, READ):
            return {"devices": [], "modules": []}
        told = await get_thermostats_data(call, RelayQuery(device_id=query.device_id))
    else:
        if not sees(call, f"read_{vocabulary.WEATHER}"):
            return {"devices": [], "modules": []}
        asked = weather.StationsQuery(device_id=query.device_id, get_favorites=query.get_favorites)
        told = await weather.get_stations_data(call, asked)
    modules = [
        {**module, "main_device": device["_id"]}
        for device in told["devices"]
        for module in device.get("modules", [])
    ]
    devices = [
        device | {"modules": [module["_id"] for module in device.get("modules", [])]}
        for device in told["devices"]
    ]
    return {"devices": devices, "modules": modules}


async def get_user(call: Call, _: None) -> dict[str, Any]:
    told = await weather_user(call, STATIONS)
    if call.access.account_id is not None:
        told["_id"] = call.access.account_id
    return told | {"devices": _gateways(call, await load_holdings(call))}


async def the_thermostat(call: Call, asked: TheThermostat) -> Thermostat:
    """Raises Refusal for what is no MAC address, NotFound for what is not the caller's thermostat."""
    for text in (asked.device_id, asked.module_id):
        if not is_wire_id(wire_id(text)):
            raise Refusal(INVALID_DEVICE)
    holdings = await load_holdings(call, with_rooms=True, with_schedules=True)
    wanted = (wire_id(asked.device_id), wire_id(asked.module_id))
    for one in thermostats(holdings):
        if (presented.wire_id(one.relay).lower(), presented.wire_id(one.device).lower()) == wanted:
            return one
    raise NotFound("device")


def _gateways(call: Call, holdings: Holdings) -> list[str]:
    found = []
    for device in holdings.devices:
        is_own = device.parent_id is None and not presented.role(device)
        if presented.product_code(device) is not None and is_own and sees_device(call, device):
            found.append(presented.wire_id(device))
    for home in holdings.homes:
        shown = [device for device in home.devices if sees_device(call, device)]
        found += [gateway.wire_id for gateway in presented.virtual_gateways(home.site, shown)]
    return found
