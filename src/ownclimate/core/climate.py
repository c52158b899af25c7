"""What temperature is wanted where, and until when: set-points, modes and timetables. Pure functions.

Of a room on a channel (heating, cooling, or both at once) holds, in this order:

1. what was chosen for the room itself, until it ends;
2. what the home does: away or frost guard, until that ends;
3. the zone that the selected timetable of the channel's kind gives the room now;
4. what held before anything was chosen.

What holds stands in the room's settings (`heating_setpoint_c`, `_mode`, `_since_ms`, `_until_ms`,
`pilot_wire_order`), where every face reads it. How it came about stands beside it under
`heating_control`: what was chosen for the room, what it falls back to, and which set-point we wrote. As
soon as a source says another one than that, the room is the source's again: what a source says is kept
as said until somebody chooses something here.

Deeds, as they stand in the audit and are told to listeners (`operate` does them):

| kind | verb | details |
| --- | --- | --- |
| room | `set_setpoint` | `site_id channel mode temperature_c since_ms until_ms pilot_wire` |
| room | `end_setpoint` | the same, of what holds now: a person or the time ended the room's own |
| room | `follow` | the same: the timetable or the home's mode moved on |
| site | `set_mode` | `mode previous_mode until_ms rooms` (ids) |
| site | `end_mode` | the same, when its time is up |
| site | `switch_schedule` | `schedule_id previous_schedule_id channel rooms` |
| schedule | `create`, `change`, `rename`, `delete` | `site_id`; `rooms` of a change that moved set-points |
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from ownclimate.core.ids import RoomId
from ownclimate.core.local_time import next_turn, turn_at
from ownclimate.core.things import Ability, Device, Room, Schedule, Setpoint, SetpointMode, Site

AWAY_C: Final = 12.0
FROST_GUARD_C: Final = 7.0
MAX_C: Final = 30.0
COOLING_AWAY_C: Final = 30.0
"""What holds where a schedule does not say otherwise."""
DURATION_S: Final = 3 * 3600
"""How long a set-point lasts that was chosen without an end, where the site does not say otherwise."""

_M = SetpointMode
OWN_MODES: Final = frozenset({_M.MANUAL, _M.MAX, _M.OFF, _M.FROST_GUARD})
"""Modes that can be chosen for one room."""
HOME_MODES: Final = frozenset({_M.SCHEDULE, _M.AWAY, _M.FROST_GUARD})

_PILOT_WIRE: Final[Mapping[SetpointMode, str]] = {
    _M.MANUAL: "comfort",
    _M.MAX: "comfort",
    _M.SCHEDULE: "comfort",
    _M.HOME: "comfort",
    _M.AWAY: "away",
    _M.FROST_GUARD: "frost_guard",
    _M.OFF: "stand_by",
}
"""What a pilot wire says in a mode that names no order of its own."""


class Channel(Enum):
    """What a set-point is for; also the kind of the timetables that give it."""

    HEATING = "heating"
    COOLING = "cooling"
    AUTO = "auto"

    @property
    def home_mode(self) -> str:
        """The site's setting that holds the home's mode."""
        return "heating_mode" if self is Channel.HEATING else "cooling_mode"


ABILITIES: Final = {
    Channel.HEATING: frozenset({Ability.HEATING_SETPOINT}),
    Channel.COOLING: frozenset({Ability.COOLING_SETPOINT, Ability.AIR_CONDITIONING}),
    Channel.AUTO: frozenset({Ability.AIR_CONDITIONING}),
}
"""What a device needs one of to bring a set-point about."""
RADIATOR: Final = "radiator"


SETPOINT_QUANTITIES: Final = {Channel.HEATING: "setpoint_c", Channel.COOLING: "setpoint_cool_c"}
"""In which quantity devices tell what they hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """A site with everything that decides what is wanted in it."""

    site: Site
    rooms: tuple[Room, ...] = ()
    devices: tuple[Device, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    heard_c: Mapping[tuple[RoomId, Channel], float] = field(default_factory=dict)
    """What devices of a room were last heard to hold, of rooms in which nobody ever chose anything."""

    def selected(self, channel: Channel) -> Schedule | None:
        return next((s for s in self.schedules if s.is_selected and s.kind == channel.value), None)

    def devices_in(self, room: Room) -> tuple[Device, ...]:
        return tuple(device for device in self.devices if device.room_id == room.id)

    def room(self, room_id: str) -> Room | None:
        return next((room for room in self.rooms if room.id == room_id), None)


def setpoint_of(room: Room, channel: Channel) -> Setpoint | None:
    """What the room's settings say, whoever wrote it; None where nothing is said."""
    settings, prefix = room.settings, f"{channel.value}_setpoint"
    mode = settings.get(f"{prefix}_mode")
    if mode is None:
        return None
    return Setpoint(
        mode=SetpointMode(mode),
        temperature_c=settings.get(f"{prefix}_c"),
        since_ms=settings.get(f"{prefix}_since_ms", 0),
        until_ms=settings.get(f"{prefix}_until_ms", 0),
        pilot_wire=settings.get("pilot_wire_order", "") if channel is Channel.HEATING else "",
    )


def is_followed(room: Room, channel: Channel) -> bool:
    """Whether the room's set-point is ours to move on: we wrote it, and no source has said another since."""
    control = room.settings.get(control_name(channel))
    return control is not None and control["shown"] == shown_in(room.settings, channel)


def is_chosen(room: Room, channel: Channel) -> bool:
    """Whether somebody here chose the room's set-point, rather than the home's mode or a timetable."""
    return is_followed(room, channel) and room.settings[control_name(channel)]["own"] is not None


def chosen_via(room: Room, channel: Channel) -> str:
    """How the set-point that was chosen for the room came in; empty when none was."""
    return str(room.settings[control_name(channel)].get("via", "")) if is_chosen(room, channel) else ""


def is_wanted(climate: Climate, room: Room, channel: Channel) -> bool:
    """Whether set-points of the channel mean anything in the room."""
    if setpoint_of(room, channel) is not None:
        return True
    if any(ABILITIES[channel] & device.abilities for device in climate.devices_in(room)):
        return True
    schedule = climate.selected(channel)
    return schedule is not None and any(_of_room(zone, room.id) is not None for zone in schedule.zones)


def channels_of(climate: Climate, room: Room) -> Iterator[Channel]:
    return (channel for channel in Channel if is_wanted(climate, room, channel))


def home_mode(site: Site, channel: Channel, now_ms: int) -> SetpointMode:
    """What the home does; one whose time is up does nothing any more."""
    mode = SetpointMode(site.settings.get(channel.home_mode, _M.SCHEDULE.value))
    until_ms = site.settings.get(f"{channel.home_mode}_until_ms", 0)
    return _M.SCHEDULE if until_ms and until_ms <= now_ms else mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What was chosen for a room, and the temperature that it falls back to where nothing else says one."""

    own: Setpoint | None = None
    base_c: float | None = None
    via: str = ""
    """How the choice came in, as `Actor.via` says it."""


def memory_of(climate: Climate, room: Room, channel: Channel, now_ms: int) -> Memory:
    """Of a room that is not ours yet, what its source said is taken for what was chosen there."""
    if is_followed(room, channel):
        control = room.settings[control_name(channel)]
        own = control.get("own")
        return Memory(
            own=None if own is None else Setpoint(**{**own, "mode": SetpointMode(own["mode"])}),
            base_c=control.get("base_c"),
            via=control.get("via", ""),
        )
    said = setpoint_of(room, channel)
    if said is None:
        return Memory(base_c=climate.heard_c.get((room.id, channel)))
    is_homes = said.mode is home_mode(climate.site, channel, now_ms)
    if said.mode in OWN_MODES and not is_homes and not is_over(said, now_ms):
        return Memory(own=said, base_c=climate.heard_c.get((room.id, channel)))
    return Memory(base_c=said.temperature_c)


def in_force(climate: Climate, room: Room, channel: Channel, now_ms: int) -> Setpoint:
    """What holds in the room at the instant, by the order above. `since_ms` is when time brought it
    about; 0 when something chosen did, or nobody knows."""
    memory = memory_of(climate, room, channel, now_ms)
    own = memory.own
    if own is not None and not is_over(own, now_ms):
        return _with_pilot_wire(room, channel, own)
    began = [0 if own is None else own.until_ms]
    mode = home_mode(climate.site, channel, now_ms)
    until_ms = climate.site.settings.get(f"{channel.home_mode}_until_ms", 0)
    if mode is _M.SCHEDULE:
        found, since_ms = _by_timetable(climate, room, channel, now_ms)
        began += [since_ms, until_ms if until_ms <= now_ms else 0]
        wanted = found or Setpoint(mode=mode, temperature_c=memory.base_c)
    else:
        temperature_c = mode_temperature_c(climate, channel, mode)
        wanted = Setpoint(mode=mode, temperature_c=temperature_c, until_ms=until_ms)
    return _with_pilot_wire(room, channel, dataclasses.replace(wanted, since_ms=max(began)))


def mode_temperature_c(climate: Climate, channel: Channel, mode: SetpointMode) -> float | None:
    """The temperature that a mode stands for, as the selected schedule says; None for none of its own."""
    schedule = climate.selected(channel)
    said = {} if schedule is None else schedule.settings
    match mode:
        case SetpointMode.FROST_GUARD:
            return float(said.get("frost_guard_c", FROST_GUARD_C))
        case SetpointMode.MAX:
            return MAX_C
        case SetpointMode.AWAY if channel is Channel.HEATING:
            return float(said.get("away_c", AWAY_C))
        case SetpointMode.AWAY if said.get("away_mode") != _M.OFF.value:
            return float(said.get(f"{channel.value}_away_c", COOLING_AWAY_C))
    return None


def next_change_ms(climate: Climate, now_ms: int) -> int | None:
    """When time next changes what holds in a room or home that is ours; None for never."""
    found = []
    for channel in Channel:
        rooms = [room for room in climate.rooms if is_followed(room, channel)]
        found += [s.until_ms for room in rooms if (s := setpoint_of(room, channel)) is not None]
        schedule = climate.selected(channel)
        if rooms and schedule is not None:
            turn = next_turn(climate.site.time_zone, [minute for minute, _ in schedule.entries], now_ms)
            found += [] if turn is None else [turn.at_ms]
        if is_own_mode(climate.site, channel.home_mode):
            found.append(climate.site.settings.get(f"{channel.home_mode}_until_ms", 0))
    return min((at_ms for at_ms in found if at_ms > now_ms), default=None)


def occurrence_of(room: Room, channel: Channel, setpoint: Setpoint) -> str:
    """Names a set-point of a room once and for all: whoever acts on it acts once for each name."""
    what = setpoint.pilot_wire or ("off" if setpoint.temperature_c is None else f"{setpoint.temperature_c:g}")
    return f"{room.id}:{channel.value}:{setpoint.since_ms}:{what}"


def default_until_ms(climate: Climate, now_ms: int) -> int:
    """When a set-point ends that was chosen without an end."""
    duration_s = climate.site.settings.get("setpoint_duration_s") or DURATION_S
    return now_ms + int(duration_s) * 1000


def is_timed(climate: Climate, room: Room, channel: Channel, now_ms: int) -> bool:
    """Whether a mode or a timetable would say what holds in the room, were nothing chosen for it."""
    if home_mode(climate.site, channel, now_ms) is not _M.SCHEDULE:
        return True
    return _by_timetable(climate, room, channel, now_ms)[0] is not None


def _by_timetable(climate: Climate, room: Room, channel: Channel, now_ms: int) -> tuple[Setpoint | None, int]:
    """What the selected timetable gives the room, and since when its entry holds."""
    schedule = climate.selected(channel)
    if schedule is None:
        return None, 0
    turn = turn_at(climate.site.time_zone, [minute for minute, _ in schedule.entries], now_ms)
    if turn is None:
        return None, 0
    zone_id = schedule.entries[turn.place][1]
    zone = next((zone for zone in schedule.zones if zone["id"] == zone_id), None)
    asked = None if zone is None else _of_room(zone, room.id)
    temperature_c = None if asked is None else asked.get(f"{channel.value}_setpoint_c")
    pilot_wire = "" if asked is None else asked.get("pilot_wire_order", "")
    is_off = asked is not None and asked.get(f"{channel.value}_setpoint_mode") == _M.OFF.value
    if is_off:
        return Setpoint(mode=_M.OFF, temperature_c=None), turn.at_ms
    if temperature_c is None and not pilot_wire:
        return None, 0
    return Setpoint(mode=_M.SCHEDULE, temperature_c=temperature_c, pilot_wire=pilot_wire), turn.at_ms


def _of_room(zone: Mapping[str, Any], room_id: RoomId) -> Mapping[str, Any] | None:
    return next((asked for asked in zone.get("rooms", ()) if asked["room_id"] == room_id), None)


def _with_pilot_wire(room: Room, channel: Channel, setpoint: Setpoint) -> Setpoint:
    """With the order for heaters on a pilot wire, where the room has any."""
    is_needed = channel is Channel.HEATING and "pilot_wire_order" in room.settings
    if setpoint.pilot_wire or not is_needed:
        return setpoint
    return dataclasses.replace(setpoint, pilot_wire=_PILOT_WIRE[setpoint.mode])


def is_own_mode(site: Site, name: str) -> bool:
    """Whether the home's mode was chosen here, and no source has said another since."""
    control = site.settings.get(f"{name}control_name")
    return control is not None and control == mode_shown_in(site.settings, name)


def mode_shown_in(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What a site's settings say of the home's mode."""
    return {"mode": settings.get(name), "until_ms": settings.get(f"{name}_until_ms", 0)}


def control_name(channel: Channel) -> str:
    """The setting of a room that holds how its set-point came about."""
    return f"{channel.value}control_name"


def shown_in(settings: Mapping[str, Any], channel: Channel) -> dict[str, Any]:
    """Those of a room's settings that say its set-point."""
    names = [f"{channel.value}_setpoint_{part}" for part in ("c", "mode", "since_ms", "until_ms")]
    if channel is Channel.HEATING:
        names.append("pilot_wire_order")
    return {name: settings[name] for name in names if name in settings}


def is_on_pilot_wire(device: Device) -> bool:
    """Whether it switches a radiator, which understands what a pilot wire says."""
    appliance = device.reports.get("appliance")
    return Ability.RELAY in device.abilities and appliance is not None and appliance.value == RADIATOR


def is_over(setpoint: Setpoint, now_ms: int) -> bool:
    return bool(setpoint.until_ms) and setpoint.until_ms <= now_ms
