"""`/api/homesdata`: homes with their rooms, modules and timetables (contract §6.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.climate import DURATION_S, Channel, is_wanted
from ownclimate.core.climate import Climate as Wanted
from ownclimate.core.things import Device, Room, Schedule
from ownclimate.vendors.netatmo import presented, vocabulary
from ownclimate.vendors.netatmo.face import residents
from ownclimate.vendors.netatmo.face.families import CLIMATE_READS, READS, WIRING_READ, sees, sees_device
from ownclimate.vendors.netatmo.face.faults import Refusal
from ownclimate.vendors.netatmo.face.holdings import Home, find_home, load_holdings, load_home
from ownclimate.vendors.netatmo.face.home_shapes import Homes
from ownclimate.vendors.netatmo.face.listed import in_answer, said_paths
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.timetables import told_schedule
from ownclimate.vendors.netatmo.face.users import home_user
from ownclimate.vendors.netatmo.fields import Method
from ownclimate.vendors.netatmo.mapping import report_of
from ownclimate.vendors.netatmo.placement import IMPLIED
from ownclimate.vendors.netatmo.restate import restate
from ownclimate.vendors.netatmo.standing import Around
from ownclimate.vendors.netatmo.vocabulary import DIALECT
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Success

INVALID_HOME: Final = "Invalid home_id"
OLD_SCHEDULES: Final = "therm_schedules"
"""What answers of 2018 called them."""
GATEWAY_NAMES: Final = {presented.RELAY: "Relay", presented.GATEWAY: "Gateway", presented.STATION: "Sensors"}
ROOM_KINDS: Final = frozenset(
    {
        *("kitchen", "bedroom", "livingroom", "bathroom", "lobby", "corridor", "stairs", "toilets", "garage"),
        *("home_office", "dining_room", "electrical_cabinet", "outdoor", "custom"),
    }
)
CLIMATE_MEMBERS: Final = (
    "temperature_control_mode",
    "therm_mode",
    "therm_mode_endtime",
    "cooling_mode",
    "therm_setpoint_default_duration",
)
"""Of a home, what only a token for climate products sees."""
PEOPLE_READS: Final = ("read_camera", "read_camerapro", "read_presence", "read_doorbell")


class HomesQuery(msgspec.Struct, kw_only=True):
    home_id: str | msgspec.UnsetType = msgspec.UNSET
    gateway_types: (
        Annotated[list[str], msgspec.Meta(description="Only modules behind gateways of these types")]
        | msgspec.UnsetType
    ) = msgspec.UNSET


def rows() -> tuple[Endpoint, ...]:
    return (
        method(
            "homesdata",
            homes_data,
            params=HomesQuery,
            successes=(Success(item=Homes),),
            permission=Permission.DEVICE_READ,
            any_scopes=READS,
            owned=("home_id",),
            summary="Homes with rooms, modules and timetables",
            examples={"home_id": "5f0000000000000000000001"},
            certainty=Certainty.SEEN,
        ),
    )


async def homes_data(call: Call, query: HomesQuery) -> dict[str, Any]:
    """Every home, or the one asked for. Raises Refusal for one that is not the caller's."""
    if query.home_id is msgspec.UNSET:
        holdings = await load_holdings(call, with_rooms=True, with_schedules=True)
        homes = holdings.homes
    else:
        homes = (await the_home(call, query.home_id),)
    wanted = None if query.gateway_types is msgspec.UNSET else set(query.gateway_types)
    around = Around.of(
        [home.site for home in homes],
        [room for home in homes for room in home.rooms],
        [device for home in homes for device in home.devices],
    )
    told = [
        _home(call, home, around, wanted)
        for home in homes
        if not home.site.settings.get(IMPLIED) and not is_anothers(home)
    ]
    return {"homes": told, "user": await home_user(call)}


async def the_home(call: Call, wire_id: str, message: str = INVALID_HOME) -> Home:
    """The home with everything in it. Raises Refusal with the message for one that is not the caller's, and
    in the vendor's own words for one that is another's."""
    site = await find_home(call, wire_id)
    if site is None:
        raise Refusal(message)
    home = await load_home(call, site, with_schedules=True)
    if is_anothers(home):
        raise Refusal(INVALID_HOME)
    return home


def is_anothers(home: Home) -> bool:
    """Whether the cloud named the home only as that of stations which the account was invited to (§5.1)."""
    if home.rooms or any(said_paths(home.site, method) is not None for method in Method):
        return False
    alone = [device for device in home.devices if device.parent_id is None]
    return bool(alone) and all(report_of(device.reports, "is_guest") for device in alone)


def wanted_in(home: Home) -> Wanted:
    """The home as the core decides on its climate."""
    return Wanted(site=home.site, rooms=home.rooms, devices=home.devices, schedules=home.schedules)


def _home(call: Call, home: Home, around: Around, gateway_types: set[str] | None) -> dict[str, Any]:
    site = home.site
    told = restate(site, Method.TOPOLOGY, around=around)
    if told is None:
        told = _composed(home)
    paths = said_paths(site, Method.TOPOLOGY) or frozenset()
    seen = [d for d in home.devices if presented.product_code(d) is not None and sees_device(call, d)]
    modules = _modules(home, around, seen)
    if gateway_types is not None:
        types = {module["id"]: module.get("type") for module in modules}
        modules = [m for m in modules if gateway_types & {m.get("type"), types.get(m.get("bridge"))}]
    hidden = {presented.wire_id(d) for d in home.devices} - {presented.wire_id(d) for d in seen}
    rooms = [
        _room(room, around, seen, hidden) for room in in_answer(site, Method.TOPOLOGY, "rooms", home.rooms)
    ]
    member = OLD_SCHEDULES if OLD_SCHEDULES in paths else "schedules"
    schedules = [
        told_schedule(schedule, _wire_room_ids(home))
        for schedule in in_answer(site, Method.TOPOLOGY, member, home.schedules)
        if _sees_schedule(call, schedule)
    ]
    for name, items in (("rooms", rooms), ("modules", modules), (member, schedules)):
        if items or name in paths:
            told[name] = items
    if not sees(call, *CLIMATE_READS):
        told = {name: value for name, value in told.items() if name not in CLIMATE_MEMBERS}
    if people := residents.named(site, call.public_url):
        told["persons"] = people
    elif "persons" in told:
        told["persons"] = residents.at_home(told["persons"], site, call.public_url)
    if not sees(call, *PEOPLE_READS):
        told.pop("persons", None)
    return told


def _composed(home: Home) -> dict[str, Any]:
    """A home that no cloud has told of."""
    site, place = home.site, home.site.place
    told: dict[str, Any] = {"id": home.wire_id, "name": site.name}
    if place.altitude_m is not None:
        told["altitude"] = round(place.altitude_m)
    if place.longitude is not None and place.latitude is not None:
        told["coordinates"] = [place.longitude, place.latitude]
    if place.country:
        told["country"] = place.country
    told["timezone"] = site.time_zone
    climate = wanted_in(home)
    heats = any(is_wanted(climate, room, Channel.HEATING) for room in home.rooms)
    cools = any(is_wanted(climate, room, Channel.COOLING) for room in home.rooms)
    settings = site.settings
    if heats or cools:
        told["temperature_control_mode"] = settings.get("climate_mode", "heating" if heats else "cooling")
        told["therm_mode"] = _wire_mode(settings.get("heating_mode", "schedule"))
        if until_ms := settings.get("heating_mode_until_ms"):
            told["therm_mode_endtime"] = until_ms // 1000
        told["therm_setpoint_default_duration"] = settings.get("setpoint_duration_s", DURATION_S) // 60
    if cools:
        told["cooling_mode"] = _wire_mode(settings.get("cooling_mode", "schedule"))
    return told


def _wire_mode(mode: str) -> str:
    return next((wire for wire, ours in vocabulary.HOME_MODES.items() if ours == mode), "schedule")


def _modules(home: Home, around: Around, seen: list[Device]) -> list[dict[str, Any]]:
    site = home.site
    shown = in_answer(site, Method.TOPOLOGY, "modules", seen)
    bridged: dict[str, list[str]] = {}
    for device in shown:
        gateway = presented.gateway_id(device, around.devices.get(device.parent_id or device.id), site)
        if gateway is not None and gateway != presented.wire_id(device):
            bridged.setdefault(gateway, []).append(presented.wire_id(device))
    virtual = [
        {
            "id": gateway.wire_id,
            "type": gateway.code,
            "name": GATEWAY_NAMES[_role_of(gateway.code)],
            "setup_date": min(device.created_ms for device in gateway.devices) // 1000,
            "modules_bridged": bridged[gateway.wire_id],
        }
        for gateway in presented.virtual_gateways(site, shown)
    ]
    return [*(_module(device, home, around, bridged) for device in shown), *virtual]


def _role_of(code: str) -> str:
    return next(role for role, known in presented.VIRTUAL_CODES.items() if known == code)


def _module(device: Device, home: Home, around: Around, bridged: dict[str, list[str]]) -> dict[str, Any]:
    said = None if device.is_heard else restate(device, Method.TOPOLOGY, around=around)
    if said is not None:
        return said
    wire, room = presented.wire_id(device), around.rooms.get(device.room_id) if device.room_id else None
    parent = around.devices.get(device.parent_id) if device.parent_id else None
    gateway = presented.gateway_id(device, parent, home.site)
    told: dict[str, Any] = {"id": wire, "type": presented.product_code(device)}
    if device.name:
        told["name"] = device.name
    told["setup_date"] = (report_of(device.reports, "set_up_at_ms") or device.created_ms) // 1000
    if room is not None:
        told["room_id"] = room.aliases[DIALECT]
    if gateway is not None:
        told["bridge"] = gateway
    if wire in bridged:
        told["modules_bridged"] = bridged[wire]
    return told


def _room(room: Room, around: Around, seen: list[Device], hidden: set[str]) -> dict[str, Any]:
    """`hidden` are the ids of the home's devices that the token does not see."""
    told = restate(room, Method.TOPOLOGY, around=around)
    if told is None:
        kind = room.kind if room.kind in ROOM_KINDS else "custom"
        told = {"id": room.aliases[DIALECT], "name": room.name, "type": kind}
        if inside := [presented.wire_id(device) for device in seen if device.room_id == room.id]:
            told["module_ids"] = inside
        return told
    for name in ("module_ids", "modules"):
        if isinstance(told.get(name), list):
            told[name] = [text for text in told[name] if _lower(text) not in hidden]
    return told


def _lower(value: Any) -> str:
    """Whatever a recording has in a list of ids, as an id."""
    return str(value).lower()


def _wire_room_ids(home: Home) -> Callable[[str], str]:
    known = {str(room.id): room.aliases[DIALECT] for room in home.rooms}
    return lambda room_id: known.get(room_id, room_id)


def _sees_schedule(call: Call, schedule: Schedule) -> bool:
    is_climate = schedule.kind in {channel.value for channel in Channel}
    return sees(call, *(CLIMATE_READS if is_climate else (WIRING_READ,)))
