"""One room as homestatus tells of it (contract §6.2): what was measured there, and what is wanted."""

from __future__ import annotations

from typing import Any, Final

from ownclimate.core.climate import SETPOINT_QUANTITIES, Channel, channels_of, is_followed, setpoint_of
from ownclimate.core.things import Ability, Device, Room, Setpoint, SetpointMode
from ownclimate.vendors.netatmo import presented, vocabulary
from ownclimate.vendors.netatmo.face.families import CLIMATE_READS, WIRING_READ, sees
from ownclimate.vendors.netatmo.face.holdings import Home
from ownclimate.vendors.netatmo.face.homes import wanted_in
from ownclimate.vendors.netatmo.face.status_devices import Scene, is_reachable
from ownclimate.vendors.netatmo.fields import ROOM_STATUS, Method
from ownclimate.vendors.netatmo.restate import Latest, restate, written
from ownclimate.vendors.netatmo.vocabulary import DIALECT
from ownclimate.web.call import Call

PREFIXES: Final = {Channel.HEATING: "therm", Channel.COOLING: "cooling", Channel.AUTO: "auto"}
"""What the members of each kind of set-point begin with."""
_OF_CLIMATE: Final = ("therm_", "cooling_", "auto_setpoint_", "heating_", "anticipating", "open_window")
"""What members begin with that only thermostats can tell."""
_OF_EITHER: Final = frozenset({"id", "reachable", "humidity"})
_OF_SENSORS: Final = frozenset(name for name in ROOM_STATUS if not name.startswith(_OF_CLIMATE)) - _OF_EITHER
"""What the window maker's gateway tells of a room, from its climate sensor."""
_FOLLOWING: Final = ("schedule", "home")
_HOME_SPEAKERS: Final = frozenset({"BNS", "NAC"})
"""Products whose rooms say `home` where those of relays say `schedule`."""
_WIRE_MODES: Final = {ours: wire for wire, ours in vocabulary.SETPOINT_MODES.items()}


def room_status(call: Call, home: Home, scene: Scene, room: Room) -> dict[str, Any] | None:
    """None for a room in which nothing is wanted and of which nobody said anything that the token shows."""
    inside = home.devices_in(room.id)
    latest = _measuring_latest(scene, inside)
    told = restate(room, Method.STATUS, latest=latest, around=scene.around)
    channels = list(channels_of(wanted_in(home), room))
    if told is None:
        if not channels:
            return None
        told = _composed(scene, room, inside)
        for channel in channels:
            told |= _setpoint(scene, room, inside, channel)
    for channel in channels:
        mode = f"{PREFIXES[channel]}_setpoint_mode"
        if told.get(mode) in _FOLLOWING and is_followed(room, channel):
            told[mode] = _following(inside, channel)
    return _granted(call, told)


def _granted(call: Call, told: dict[str, Any]) -> dict[str, Any] | None:
    """Of the room what the token may see: what thermostats and what climate sensors tell of it are two
    families. None for a room of which nothing is left."""
    hidden: set[str] = set()
    if not sees(call, *CLIMATE_READS):
        hidden |= {name for name in told if name.startswith(_OF_CLIMATE)}
    if not sees(call, WIRING_READ):
        hidden |= told.keys() & _OF_SENSORS
    if hidden and told.keys() - hidden <= _OF_EITHER:
        return None
    return {name: value for name, value in told.items() if name not in hidden}


def _following(inside: tuple[Device, ...], channel: Channel) -> str:
    """How the room says that it follows the home."""
    codes = {presented.product_code(device) for device in inside}
    speaks_of_home = channel is not Channel.HEATING or (codes & _HOME_SPEAKERS and "NRV" not in codes)
    return "home" if speaks_of_home else "schedule"


def _composed(scene: Scene, room: Room, inside: tuple[Device, ...]) -> dict[str, Any]:
    """A room that no cloud has told of, by the devices in it that regulate."""
    regulating = [device for device in inside if _regulates(device)] or list(inside)
    latest = [scene.latest_of(device) for device in regulating]
    told: dict[str, Any] = {
        "id": room.aliases[DIALECT],
        "reachable": any(is_reachable(scene, device) for device in regulating),
        "anticipating": False,
    }
    demand = [_newest(values, "heating_demand_pct", "valve_pct") for values in latest]
    if any(value is not None for value in demand):
        told["heating_power_request"] = round(max(value for value in demand if value is not None))
    told["open_window"] = any(_newest(values, "open_window") for values in latest)
    for name, quantity in (("therm_measured_temperature", "temperature_c"), ("humidity", "humidity_pct")):
        found = [values[quantity] for values in latest if quantity in values]
        if found:
            told[name] = written(quantity, max(found, key=lambda value: value.at_ms).value)
    return told


def _setpoint(scene: Scene, room: Room, inside: tuple[Device, ...], channel: Channel) -> dict[str, Any]:
    prefix = f"{PREFIXES[channel]}_setpoint"
    setpoint = setpoint_of(room, channel) or _held(scene, inside, channel)
    told = {
        f"{prefix}_mode": _WIRE_MODES[setpoint.mode.value],
        f"{prefix}_start_time": setpoint.since_ms // 1000,
        f"{prefix}_end_time": setpoint.until_ms // 1000,
    }
    if setpoint.temperature_c is not None:
        told[f"{prefix}_temperature"] = written("setpoint_c", setpoint.temperature_c)
    if setpoint.pilot_wire:
        told[f"{prefix}_fp"] = setpoint.pilot_wire
    if setpoint.mode is SetpointMode.SCHEDULE:
        told[f"{prefix}_mode"] = _following(inside, channel)
    return told


def _held(scene: Scene, inside: tuple[Device, ...], channel: Channel) -> Setpoint:
    """What the room's devices hold by themselves, where nobody ever chose anything."""
    quantity = SETPOINT_QUANTITIES.get(channel, "")
    found = [values[quantity] for d in inside if quantity in (values := scene.latest_of(d))]
    newest = max(found, key=lambda value: value.at_ms, default=None)
    return Setpoint(mode=SetpointMode.SCHEDULE, temperature_c=None if newest is None else newest.value)


def _measuring_latest(scene: Scene, inside: tuple[Device, ...]) -> Latest:
    """The newest values of the one device that measures for the room; nothing where several may."""
    measuring = [device for device in inside if Ability.TEMPERATURE in device.abilities]
    if len(measuring) != 1:
        return {}
    (device,) = measuring
    is_sensor = presented.product_code(device) == vocabulary.CLIMATE_SENSOR
    return scene.latest_of(device) if is_sensor or _regulates(device) else {}


def _regulates(device: Device) -> bool:
    return not device.abilities.isdisjoint(
        {Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT, Ability.AIR_CONDITIONING}
    )


def _newest(values: Latest, *quantities: str) -> float | None:
    return next((values[name].value for name in quantities if name in values), None)
