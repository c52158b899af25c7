"""What people choose and what time brings, done to a site: the site as it is afterwards. Pure functions.

A choice takes rooms over: from then on their set-points are ours to move on (`climate.is_followed`).
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ownclimate.core.climate import (
    Channel,
    Climate,
    Memory,
    control_name,
    in_force,
    is_followed,
    is_over,
    is_own_mode,
    is_wanted,
    memory_of,
    mode_shown_in,
    setpoint_of,
    shown_in,
)
from ownclimate.core.things import Room, Schedule, Setpoint, SetpointMode, Site

_M = SetpointMode


def settled(climate: Climate, now_ms: int, *, chosen_ms: int = 0) -> Climate:
    """The site at the instant: what is over has ended, and rooms that are ours show what is in force.

    A set-point that time brought begins when it came to hold, one that a choice brought at `chosen_ms`.
    """
    rooms = []
    for room in climate.rooms:
        after = room
        for channel in Channel:
            if is_followed(after, channel):
                memory = memory_of(climate, after, channel, now_ms)
                after = _brought(climate, after, channel, memory, now_ms, chosen_ms)
        rooms.append(after)
    return dataclasses.replace(climate, rooms=tuple(rooms), site=_site_settled(climate.site, now_ms))


def with_setpoint(
    climate: Climate, room: Room, channel: Channel, chosen: Setpoint | None, now_ms: int, via: str = ""
) -> Climate:
    """The site after somebody chose a set-point for the room, or (None) that it follows the home again."""
    memory = memory_of(climate, room, channel, now_ms)
    own = None if chosen is None else dataclasses.replace(chosen, since_ms=now_ms)
    memory = dataclasses.replace(memory, own=own, via=via)
    after = _brought(climate, room, channel, memory, now_ms, chosen_ms=now_ms)
    rooms = tuple(after if one.id == room.id else one for one in climate.rooms)
    return dataclasses.replace(climate, rooms=rooms)


def with_home_mode(climate: Climate, mode: SetpointMode, until_ms: int, now_ms: int) -> Climate:
    """The site after somebody chose what the home does; what was chosen for single rooms ends with it.

    Frost is a matter of heating only. `until_ms` 0 holds until changed.
    """
    settings = dict(climate.site.settings)
    for name in dict.fromkeys(channel.home_mode for channel in Channel):
        if name == Channel.HEATING.home_mode or (name in settings and mode is not _M.FROST_GUARD):
            _choose_mode(settings, name, mode, until_ms)
    climate = dataclasses.replace(climate, site=dataclasses.replace(climate.site, settings=settings))
    return _taken_over(climate, tuple(Channel), now_ms, keeps_own=False)


def with_schedules(climate: Climate, schedules: tuple[Schedule, ...], now_ms: int) -> Climate:
    """The site with these schedules; rooms that another timetable than before is selected for are ours."""
    after = dataclasses.replace(climate, schedules=schedules)
    moved = tuple(channel for channel in Channel if climate.selected(channel) != after.selected(channel))
    return _taken_over(after, moved, now_ms, keeps_own=True) if moved else after


def _taken_over(climate: Climate, channels: tuple[Channel, ...], now_ms: int, *, keeps_own: bool) -> Climate:
    """Every room of the channels becomes ours, what was chosen for it forgotten unless that is kept."""
    rooms = []
    for room in climate.rooms:
        after = room
        for channel in channels:
            if is_wanted(climate, room, channel):
                memory = memory_of(climate, after, channel, now_ms)
                memory = memory if keeps_own else dataclasses.replace(memory, own=None)
                after = _brought(climate, after, channel, memory, now_ms, chosen_ms=now_ms)
        rooms.append(after)
    return dataclasses.replace(climate, rooms=tuple(rooms))


def _brought(
    climate: Climate, room: Room, channel: Channel, memory: Memory, now_ms: int, chosen_ms: int
) -> Room:
    """The room showing what is in force, remembered as ours."""
    settings = {**room.settings, control_name(channel): _control_of(memory, shown_in(room.settings, channel))}
    before = setpoint_of(room, channel)
    ours = dataclasses.replace(room, settings=settings)
    wanted = in_force(climate, ours, channel, now_ms)
    if before is not None and _is_same(before, wanted):
        since_ms = before.since_ms
    else:
        since_ms = chosen_ms or wanted.since_ms or now_ms
    prefix = f"{channel.value}_setpoint"
    written = {
        f"{prefix}_c": wanted.temperature_c,
        f"{prefix}_mode": wanted.mode.value,
        f"{prefix}_since_ms": since_ms,
        f"{prefix}_until_ms": wanted.until_ms,
    }
    if wanted.pilot_wire:
        written["pilot_wire_order"] = wanted.pilot_wire
    settings = {name: value for name, value in {**settings, **written}.items() if value is not None}
    if memory.own is not None and is_over(memory.own, now_ms):
        memory = dataclasses.replace(memory, own=None)
    settings[control_name(channel)] = _control_of(memory, shown_in(settings, channel))
    return dataclasses.replace(room, settings=settings)


def _site_settled(site: Site, now_ms: int) -> Site:
    settings = dict(site.settings)
    for name in dict.fromkeys(channel.home_mode for channel in Channel):
        until_ms = settings.get(f"{name}_until_ms", 0)
        if is_own_mode(site, name) and until_ms and until_ms <= now_ms:
            _choose_mode(settings, name, _M.SCHEDULE, 0)
    return site if settings == site.settings else dataclasses.replace(site, settings=settings)


def _choose_mode(settings: dict[str, Any], name: str, mode: SetpointMode, until_ms: int) -> None:
    settings[name] = mode.value
    settings.pop(f"{name}_until_ms", None)
    if until_ms and mode is not _M.SCHEDULE:
        settings[f"{name}_until_ms"] = until_ms
    settings[f"{name}control_name"] = mode_shown_in(settings, name)


def _control_of(memory: Memory, shown: dict[str, Any]) -> dict[str, Any]:
    own = None
    if memory.own is not None:
        own = {**dataclasses.asdict(memory.own), "mode": memory.own.mode.value}
    return {"own": own, "base_c": memory.base_c, "via": memory.via, "shown": shown}


def _is_same(one: Setpoint, other: Setpoint) -> bool:
    return dataclasses.replace(one, since_ms=0) == dataclasses.replace(other, since_ms=0)
