"""Orders of ours as calls of Netatmo's cloud, and how its status shows that they were followed.

Pure functions. Source: contract §6.3, §6.4, §6.6, §6.7 and §7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core import orders
from ownclimate.core.errors import InvalidInput, Unsupported
from ownclimate.core.things import Command
from ownclimate.vendors.netatmo.vocabulary import VENDOR

PERSONS_HOME: Final = orders.maker_order(VENDOR, "set_persons_home")
"""`person_ids`, as the cloud calls them: who came."""
PERSONS_AWAY: Final = orders.maker_order(VENDOR, "set_persons_away")
"""`person_ids`: who left; everybody where it is empty."""

ROOM_POINT: Final = "setroomthermpoint"
HOME_MODE: Final = "setthermmode"
SET_STATE: Final = "setstate"
PEOPLE_HOME: Final = "setpersonshome"
PEOPLE_AWAY: Final = "setpersonsaway"

LOWEST_C, HIGHEST_C, STEP_C = 5.0, 30.0, 0.5
LONGEST_S: Final = 365 * 24 * 3600
"""The cloud knows no set-point for ever; nobody was ever seen to ask for a longer one."""
STOP, PREFERRED = -1, -2
_MOVES: Final = {"stop": STOP, "preferred": PREFERRED}
_MODES: Final = {"manual": "manual", "max": "max", "off": "off", "frost_guard": "hg", "home": "home"}
_HOME_MODES: Final = {"schedule": "schedule", "away": "away", "frost_guard": "hg"}
_PREFIXES: Final = {"heating": "therm", "cooling": "cooling", "auto": "auto"}
FOLLOWING: Final = frozenset({"home", "schedule", "away", "hg"})
"""What a room's mode says while nothing is held in it."""
HALF_STEP_C: Final = STEP_C / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a device stands, by the cloud's ids; `bridge` empty for one that stands alone."""

    home_id: str
    module_id: str
    bridge: str = ""
    room_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call: a form, or with `json` that as its body and the rest in the query."""

    method: str
    form: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What the status of the home says of the module or room (`among`) of this id once the order was
    followed: a value, or a test of it, by member. Without members it says nothing."""

    among: str = ""
    id: str = ""
    members: Mapping[str, Any] = field(default_factory=dict)

    def is_seen(self, home: Mapping[str, Any]) -> bool:
        listed = home.get(self.among)
        for said in listed if isinstance(listed, list) else ():
            if isinstance(said, Mapping) and str(said.get("id", "")).lower() == self.id:
                return all(_is_met(wanted, said.get(name)) for name, wanted in self.members.items())
        return False


NO_SIGN: Final = Sign()


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """`is_done`: it is the cloud's own to keep, so that all is done once it says so."""

    request: Request
    sign: Sign = NO_SIGN
    is_done: bool = False


def meant_by(command: Command, place: Place, now_ms: int) -> Meant:
    """The call that an order means, but for those about schedules.

    Raises Unsupported for an order that this cloud does not know, InvalidInput for one that it would refuse.
    """
    fields = command.fields
    match command.name:
        case orders.SET_SETPOINT:
            return _room_point(place, "manual", fields["temperature_c"], fields, now_ms)
        case orders.SET_COOLING_SETPOINT:
            return _room_state(place, "cooling", "manual", fields, now_ms)
        case orders.HOLD if fields["channel"] == "heating":
            return _room_point(place, _MODES[fields["mode"]], None, fields, now_ms)
        case orders.HOLD:
            prefix = _PREFIXES[fields["channel"]]
            return _room_state(place, prefix, _MODES[fields["mode"]], fields, now_ms)
        case orders.SET_PILOT_WIRE:
            return _room_state(place, "therm", "manual", fields, now_ms, order=fields["mode"])
        case orders.SET_HOME_MODE:
            return _home_mode(place, fields, now_ms)
        case name if name in (PERSONS_HOME, PERSONS_AWAY):
            return _people(place, fields["person_ids"], is_away=name == PERSONS_AWAY)
    return _module_state(place, command.name, fields)


def _room_point(
    place: Place, mode: str, temperature_c: float | None, fields: Mapping[str, Any], now_ms: int
) -> Meant:
    form = {"home_id": place.home_id, "room_id": _room(place), "mode": mode}
    members: dict[str, Any] = {"therm_setpoint_mode": FOLLOWING if mode == "home" else mode}
    if temperature_c is not None:
        held_c = _temperature(temperature_c)
        form["temp"] = f"{held_c:g}"
        members["therm_setpoint_temperature"] = held_c
    if mode in ("manual", "max") and orders.UNTIL in fields:
        form["endtime"] = str(_end_s(fields, now_ms))
    sign = Sign(among="rooms", id=_room(place), members=members)
    return Meant(request=Request(method=ROOM_POINT, form=form), sign=sign)


def _room_state(
    place: Place, prefix: str, mode: str, fields: Mapping[str, Any], now_ms: int, order: str = ""
) -> Meant:
    said: dict[str, Any] = {f"{prefix}_setpoint_mode": mode}
    members: dict[str, Any] = {f"{prefix}_setpoint_mode": FOLLOWING if mode == "home" else mode}
    if order:
        said[f"{prefix}_setpoint_fp"] = members[f"{prefix}_setpoint_fp"] = order
    elif mode == "manual":
        name = f"{prefix}_setpoint_temperature"
        said[name] = members[name] = round(fields["temperature_c"] / STEP_C) * STEP_C
    if mode in ("manual", "max") and orders.UNTIL in fields:
        said[f"{prefix}_setpoint_end_time"] = _end_s(fields, now_ms)
    room = {"id": _room(place), **said}
    sign = Sign(among="rooms", id=_room(place), members=members)
    return Meant(
        request=_state(place, "rooms", room),
        sign=sign,
    )


def _home_mode(place: Place, fields: Mapping[str, Any], now_ms: int) -> Meant:
    form = {"home_id": place.home_id, "mode": _HOME_MODES[fields["mode"]]}
    if fields.get(orders.UNTIL):
        form["endtime"] = str(_end_s(fields, now_ms))
    if fields.get("schedule_id"):
        form["schedule_id"] = fields["schedule_id"]
    return Meant(request=Request(method=HOME_MODE, form=form), is_done=True)


def _people(place: Place, person_ids: list[str], *, is_away: bool) -> Meant:
    form = {"home_id": place.home_id}
    if not is_away:
        form |= {f"person_ids[{number}]": person_id for number, person_id in enumerate(person_ids)}
    elif person_ids:
        if len(person_ids) > 1:
            raise InvalidInput("person_ids", "the cloud is told of one who left at a time")
        form["person_id"] = person_ids[0]
    return Meant(request=Request(method=PEOPLE_AWAY if is_away else PEOPLE_HOME, form=form), is_done=True)


def _module_state(place: Place, name: str, fields: Mapping[str, Any]) -> Meant:
    read = _PROPERTIES.get(name)
    if read is None:
        raise Unsupported(name, f"the cloud knows no order {name}")
    member, value = read(fields)
    module = {"id": place.module_id, member: value}
    if place.bridge:
        module["bridge"] = place.bridge
    is_shown = value not in _MOVES.values()
    sign = Sign(among="modules", id=place.module_id.lower(), members={member: value})
    return Meant(
        request=_state(place, "modules", module),
        sign=sign if is_shown else NO_SIGN,
    )


def _state(place: Place, among: str, said: Mapping[str, Any]) -> Request:
    return Request(method=SET_STATE, json={"home": {"id": place.home_id, among: [said]}})


def _amount(member: str, ours: str) -> Callable[[Mapping[str, Any]], tuple[str, Any]]:
    def read(fields: Mapping[str, Any]) -> tuple[str, Any]:
        if "move" in fields:
            return member, _MOVES[fields["move"]]
        return member, round(fields[ours])

    return read


def _speed(fields: Mapping[str, Any]) -> tuple[str, Any]:
    if fields["speed"] not in (1, 2):
        raise InvalidInput("speed", "expected 1 or 2")
    return "fan_speed", fields["speed"]


_PROPERTIES: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[str, Any]]]] = {
    orders.SET_RELAY: lambda fields: ("on", fields["is_on"]),
    orders.SET_BRIGHTNESS: _amount("brightness", "brightness_pct"),
    orders.SET_POSITION: _amount("target_position", "position_pct"),
    orders.SET_FAN: _speed,
    orders.SET_MONITORING: lambda fields: ("monitoring", "on" if fields["is_on"] else "off"),
    orders.SET_FLOODLIGHT: lambda fields: ("floodlight", fields["mode"]),
}


def _room(place: Place) -> str:
    if not place.room_id:
        raise Unsupported("room", "the cloud holds set-points by room, and the device stands in none")
    return place.room_id


def _temperature(value_c: float) -> float:
    held_c = round(value_c / STEP_C) * STEP_C
    if not LOWEST_C <= held_c <= HIGHEST_C:
        raise InvalidInput("temperature_c", f"the cloud takes {LOWEST_C:g} to {HIGHEST_C:g} °C")
    return held_c


def _end_s(fields: Mapping[str, Any], now_ms: int) -> int:
    return int(fields[orders.UNTIL]) // 1000 or now_ms // 1000 + LONGEST_S


def _is_met(wanted: Any, said: Any) -> bool:
    if isinstance(wanted, frozenset):
        return said in wanted
    if isinstance(wanted, float) and isinstance(said, (int, float)) and not isinstance(said, bool):
        return bool(abs(said - wanted) < HALF_STEP_C)
    return bool(said == wanted)
