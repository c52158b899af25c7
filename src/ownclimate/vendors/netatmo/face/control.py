"""`/api/setstate`: sets modules, rooms and the home itself (contract §6.6).

Everything is looked at before anything is done, so that a request that is refused has changed nothing.
What cannot reach its module is told beside the rest, in an answer that is otherwise fine.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.climate import Channel
from ownclimate.core.devices import edit_device
from ownclimate.core.operate import set_home_mode, set_setpoint
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import PILOT_WIRE_MODES
from ownclimate.core.programmes import check_relayed, list_clouds
from ownclimate.core.things import Device, Report, Room, SetpointMode
from ownclimate.vendors.netatmo import presented, vocabulary, wire
from ownclimate.vendors.netatmo.face.climate import (
    BAD_MODE,
    HOME_MODES,
    ROOM_MODES,
    room_temperature,
    the_room,
)
from ownclimate.vendors.netatmo.face.families import WRITES, require_write
from ownclimate.vendors.netatmo.face.faults import ARRAY, PARAMETER_MISSING, Refusal
from ownclimate.vendors.netatmo.face.holdings import Home
from ownclimate.vendors.netatmo.face.home_shapes import StateSet
from ownclimate.vendors.netatmo.face.homes import the_home
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.properties import Order, property_of
from ownclimate.vendors.netatmo.face.status import INVALID_ID, scene_of
from ownclimate.vendors.netatmo.face.status_devices import Scene, is_reachable
from ownclimate.vendors.netatmo.face.status_rooms import PREFIXES
from ownclimate.vendors.netatmo.fields import DEVICE_STATUS, Slot
from ownclimate.vendors.netatmo.mapping import address, report_of
from ownclimate.vendors.netatmo.statements import KEPT
from ownclimate.vendors.netatmo.words import integer, number, text
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint

WISH: Final = "wish"
"""The source of a report that somebody chose here and the device has yet to follow."""
NAMING: Final = frozenset({"id", "bridge", "type"})
HIGHEST_C: Final = 35.0
MAX_THINGS: Final = 200
"""Of one request; a large home has half of them."""
ALREADY: Final = "Already {}"
CHANGE_STATUS: Final = "command/changestatus"


class State(msgspec.Struct, kw_only=True):
    home: Annotated[
        dict[str, Any],
        msgspec.Meta(description="`id`, with `modules`, `rooms` or `therm_mode`; also as JSON text"),
    ]


def rows() -> tuple[Endpoint, ...]:
    return (
        method(
            "setstate",
            set_state,
            params=State,
            successes=(wire.untimed_success(StateSet),),
            permission=Permission.DEVICE_CONTROL,
            narrowed_scopes=WRITES,
            owned=("home",),
            audit="change",
            summary="Set modules and rooms of a home",
            certainty=Certainty.SEEN,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One property of one module, understood. `shown` None is nothing that a status shows."""

    device: Device
    name: str
    shown: Any
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomWish:
    room: Room
    channel: Channel
    mode: SetpointMode
    temperature_c: float | None
    until_ms: int | None
    pilot_wire: str


async def set_state(call: Call, asked: State) -> wire.Untimed:
    """Raises Refusal for what cannot be meant, Forbidden for products that the token may not set, NotRelayed
    for what only a cloud could do that takes no commands from here."""
    said = asked.home
    wire_id = text(said.get("id"))
    if not wire_id:
        raise Refusal("Missing home_id", code=PARAMETER_MISSING)
    home = await the_home(call, wire_id, INVALID_ID)
    settings = [one for module in _objects(said, "modules") for one in _settings(call, home, module)]
    wishes = [wish for room in _objects(said, "rooms") for wish in _wishes(call, home, room)]
    home_mode = _home_mode(call, said)
    clouds = await list_clouds(call.ports.directory, call.access.owner_id)
    for setting in settings:
        check_relayed(setting.device, clouds)
    if home_mode is not None:
        mode, until_ms = home_mode
        await set_home_mode(
            call.ports, call.access.owner_id, call.actor, home.site.id, mode, until_ms=until_ms
        )
    for wish in wishes:
        await set_setpoint(
            call.ports,
            call.access.owner_id,
            call.actor,
            home.site.id,
            wish.room.id,
            wish.channel,
            wish.mode,
            temperature_c=wish.temperature_c,
            until_ms=wish.until_ms,
            pilot_wire=wish.pilot_wire,
        )
    scene = await scene_of(call, home)
    errors = [fault for one in settings if (fault := await _set(call, scene, one)) is not None]
    if errors:
        return wire.untimed(call, {"home": {"id": home.wire_id}, "errors": errors})
    return wire.untimed(call)


def _objects(said: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    listed = said.get(name)
    if listed is None:
        return []
    if not isinstance(listed, list) or not all(isinstance(item, Mapping) for item in listed):
        raise Refusal(ARRAY)
    if len(listed) > MAX_THINGS:
        raise Refusal(f"Invalid {name}")
    return listed


def _settings(call: Call, home: Home, module: Mapping[str, Any]) -> list[Setting]:
    device = _device(home, module)
    found = []
    for name, value in module.items():
        if name in NAMING:
            continue
        known = property_of(name, device)
        if known is None:
            raise Refusal(f"cannot set property {name} for module {presented.wire_id(device)}")
        require_write(call, presented.product_code(device) or vocabulary.UNKNOWN_MODEL)
        read = known.read(value)
        if read is None:
            raise Refusal(f"Invalid {name}")
        found.append(Setting(device=device, name=name, shown=read[0], order=read[1]))
    return found


def _device(home: Home, module: Mapping[str, Any]) -> Device:
    """The module, named together with the gateway that it stands behind. Raises Refusal."""
    said = text(module.get("id")) or ""
    wanted = address(said)
    device = next((d for d in home.devices if presented.wire_id(d).lower() == wanted), None)
    if device is None or presented.product_code(device) is None:
        raise Refusal(f"Invalid device_id, {said}")
    parent = next((d for d in home.devices if d.id == device.parent_id), None)
    if presented.gateway_id(device, parent, home.site) is None:
        return device
    bridge = text(module.get("bridge"))
    if not bridge:
        raise Refusal("Missing bridge", code=PARAMETER_MISSING)
    if address(bridge) not in presented.gateway_ids(device, parent, home.site):
        raise Refusal(f"Invalid device_id, {bridge}")
    return device


def _wishes(call: Call, home: Home, said: Mapping[str, Any]) -> list[RoomWish]:
    wire_id = said.get("id")
    room = the_room(home, str(wire_id) if isinstance(wire_id, (str, int)) else "", Channel)
    found = []
    for channel, prefix in PREFIXES.items():
        members = {name: value for name, value in said.items() if name.startswith(f"{prefix}_setpoint_")}
        if members:
            the_room(home, str(wire_id), [channel])
            require_write(call, _regulator(home, room))
            found.append(_wish(room, channel, f"{prefix}_setpoint", members))
    return found


def _wish(room: Room, channel: Channel, prefix: str, said: Mapping[str, Any]) -> RoomWish:
    temperature, order = said.get(f"{prefix}_temperature"), said.get(f"{prefix}_fp")
    mode_said = said.get(f"{prefix}_mode", "manual")
    if mode_said not in ROOM_MODES:
        raise Refusal(BAD_MODE)
    if order is not None and order not in PILOT_WIRE_MODES:
        raise Refusal(f"Invalid {prefix}_fp")
    mode = SetpointMode(vocabulary.SETPOINT_MODES[mode_said])
    held_c = None
    if mode is SetpointMode.MANUAL and temperature is not None:
        held_c = _temperature(channel, temperature, f"{prefix}_temperature")
    if mode is SetpointMode.MANUAL and held_c is None and order is None:
        raise Refusal(f"Missing {prefix}_temperature", code=PARAMETER_MISSING)
    end_s = said.get(f"{prefix}_end_time")
    until_ms = None
    if end_s is not None and mode in (SetpointMode.MANUAL, SetpointMode.MAX):
        seconds = number(end_s)
        if seconds is None or seconds < 0:
            raise Refusal(f"Invalid {prefix}_end_time")
        until_ms = int(seconds) * 1000
    return RoomWish(
        room=room,
        channel=channel,
        mode=mode,
        temperature_c=held_c,
        until_ms=until_ms,
        pilot_wire=order or "",
    )


def _temperature(channel: Channel, value: Any, name: str) -> float:
    found = number(value)
    if found is None or (channel is not Channel.HEATING and found > HIGHEST_C):
        raise Refusal(f"Invalid {name}")
    if channel is Channel.HEATING:
        return room_temperature(found, name)
    return found


def _home_mode(call: Call, said: Mapping[str, Any]) -> tuple[SetpointMode, int] | None:
    mode = said.get("therm_mode")
    if mode is None:
        return None
    if mode not in HOME_MODES:
        raise Refusal(BAD_MODE)
    require_write(call, vocabulary.THERMOSTAT)
    end_s = said.get("therm_mode_endtime", said.get("therm_mode_end_time"))
    seconds = 0 if end_s is None else integer(end_s)
    if seconds is None or seconds < 0:
        raise Refusal("Invalid therm_mode_endtime")
    return SetpointMode(vocabulary.HOME_MODES[mode]), seconds * 1000


def _regulator(home: Home, room: Room) -> str:
    """By which product's scope the room's set-points go."""
    codes = [presented.product_code(device) for device in home.devices_in(room.id)]
    heating = [code for code in codes if code in vocabulary.REGULATORS]
    if heating and all(code == "BNS" for code in heating):
        return "BNS"
    is_wired = not heating and any((code or "").startswith("NL") for code in codes)
    return "NLC" if is_wired else vocabulary.THERMOSTAT


async def _set(call: Call, scene: Scene, setting: Setting) -> dict[str, Any] | None:
    """Gives the order and shows what is wished at once; what is wrong with it, if something is."""
    device, wire_id = setting.device, presented.wire_id(setting.device)
    if not is_reachable(scene, device):
        return {"code": wire.DEVICE_UNREACHABLE, "id": wire_id}
    if setting.name == "monitoring" and report_of(device.reports, "monitoring") == setting.shown:
        return {
            "code": wire.NOTHING_TO_MODIFY,
            "message": ALREADY.format(setting.shown),
            "id": wire_id,
            "command": CHANGE_STATUS,
        }
    name, fields = setting.order
    owner_id = call.access.owner_id
    await give_order(call.ports, owner_id, call.actor, device, name, fields)
    if setting.shown is not None:
        now_ms = call.ports.clock.now_ms()
        await edit_device(
            call.ports,
            owner_id,
            call.actor,
            device.id,
            lambda before: _wished(before, setting.name, setting.shown, now_ms),
        )
    return None


def _wished(device: Device, path: str, value: Any, now_ms: int) -> Device:
    """The device with its status as somebody wants it, until it says otherwise itself."""
    known, kept = DEVICE_STATUS[path], device.kept.get(KEPT, {})
    if known.slot is Slot.KEPT:
        return dataclasses.replace(device, kept=device.kept | {KEPT: {**kept, path: value}})
    report = Report(value=known.word.to_core(value), at_ms=now_ms, source=WISH)
    changed = dataclasses.replace(device, reports={**device.reports, known.name: report})
    if path not in kept:
        return changed
    # How the device once spelt its value oddly is over.
    plain = {name: odd for name, odd in kept.items() if name != path}
    return dataclasses.replace(changed, kept=device.kept | {KEPT: plain})
