"""Use cases on what is wanted where: set-points, modes of a home, timetables.

Each is one atomic, audited write: what was chosen, and every room's set-point that follows from it. Then
`Ports.wishes` rings, so that devices are told at once (`control.climate`). The deeds are listed in
`core.climate`.

Where a cloud runs the programme (`core.programmes`), the choice is then an order to it. Each raises
NotRelayed, before anything is changed, where nobody here could bring it about.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Final

from ownclimate.core.choices import settled, with_home_mode, with_schedules, with_setpoint
from ownclimate.core.climate import (
    Channel,
    Climate,
    control_name,
    default_until_ms,
    is_chosen,
    is_timed,
    mode_temperature_c,
    setpoint_of,
    shown_in,
)
from ownclimate.core.climate_changes import Outcome, change_climate
from ownclimate.core.errors import InvalidInput, NotFound
from ownclimate.core.ids import OwnerId, RoomId, SiteId
from ownclimate.core.orders import (
    CREATE_SCHEDULE,
    REMOVE_SCHEDULE,
    RENAME_SCHEDULE,
    SELECT_SCHEDULE,
    WRITE_SCHEDULE,
)
from ownclimate.core.ports import Ports
from ownclimate.core.relaying import USUAL, Elsewhere, Told, give_all, load_elsewhere
from ownclimate.core.schedules import create_schedule
from ownclimate.core.things import Command, Device, Room, Schedule, Setpoint, SetpointMode
from ownclimate.core.writes import Actor, Deed

RENAME: Final = "rename"
"""As the `verb` of `change_schedule`: nothing but the name is another one."""
TIMETABLE: Final = Actor(via="timetable")
"""Who acts when time does."""


async def set_setpoint(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    site_id: SiteId,
    room_id: RoomId,
    channel: Channel,
    mode: SetpointMode,
    *,
    temperature_c: float | None = None,
    until_ms: int | None = None,
    pilot_wire: str = "",
) -> Room:
    """Holds a set-point in a room; `SCHEDULE` and `HOME` let the room follow the home again.

    `until_ms` None: as long as the site says for a set-point of its own or the maximum, else until
    changed (0). Only `MANUAL` takes a temperature; the others know theirs. Raises NotFound.
    """

    def change(climate: Climate, now_ms: int) -> Outcome:
        room = _room(climate, room_id)
        if mode in (SetpointMode.SCHEDULE, SetpointMode.HOME):
            after = with_setpoint(climate, room, channel, None, now_ms)
            return Outcome(climate=after, deeds=(_room_deed(actor, "end_setpoint", after, room_id, channel),))
        is_passing = mode in (SetpointMode.MANUAL, SetpointMode.MAX)
        end_ms = (default_until_ms(climate, now_ms) if is_passing else 0) if until_ms is None else until_ms
        held_c = temperature_c
        if mode is not SetpointMode.MANUAL:
            held_c = mode_temperature_c(climate, channel, mode)
        chosen = Setpoint(mode=mode, temperature_c=held_c, until_ms=end_ms, pilot_wire=pilot_wire)
        after = with_setpoint(climate, room, channel, chosen, now_ms, actor.via)
        return Outcome(climate=after, deeds=(_room_deed(actor, "set_setpoint", after, room_id, channel),))

    def told(elsewhere: Elsewhere) -> list[Told]:
        is_ended = mode in (SetpointMode.SCHEDULE, SetpointMode.HOME)
        held_c = temperature_c
        if mode is not SetpointMode.MANUAL:
            held_c = mode_temperature_c(elsewhere.climate, channel, mode)
        end_ms = USUAL if until_ms is None else until_ms
        wish = Setpoint(mode=mode, temperature_c=held_c, until_ms=end_ms, pilot_wire=pilot_wire)
        return elsewhere.of_room(room_id, channel, wish, is_ended)

    after = await _choose(ports, owner_id, actor, site_id, change, told, room_id=room_id)
    return _room(after, room_id)


async def hold_setpoint(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    device: Device,
    channel: Channel,
    temperature_c: float | None,
    until_ms: int | None = None,
) -> Room | None:
    """A person turned a device's own knob, or ordered it directly: its room holds that (None: off).

    `until_ms` None ends it after the site's usual time where a mode or timetable would go on, else never.
    Gives None for a device that stands in no room, or in one that is gone.
    """
    if device.site_id is None or device.room_id is None:
        return None
    room_id = device.room_id
    mode = SetpointMode.OFF if temperature_c is None else SetpointMode.MANUAL

    def change(climate: Climate, now_ms: int) -> Outcome:
        room = _room(climate, room_id)
        end_ms = until_ms
        if end_ms is None:
            is_going_on = is_timed(climate, room, channel, now_ms)
            end_ms = default_until_ms(climate, now_ms) if is_going_on else 0
        chosen = Setpoint(mode=mode, temperature_c=temperature_c, until_ms=end_ms)
        after = with_setpoint(climate, room, channel, chosen, now_ms, actor.via)
        return Outcome(climate=after, deeds=(_room_deed(actor, "set_setpoint", after, room_id, channel),))

    def told(elsewhere: Elsewhere) -> list[Told]:
        end_ms = USUAL if until_ms is None else until_ms
        wish = Setpoint(mode=mode, temperature_c=temperature_c, until_ms=end_ms)
        return elsewhere.of_room(room_id, channel, wish, is_ended=False, besides=device)

    site_id = device.site_id
    try:
        return _room(await _choose(ports, owner_id, actor, site_id, change, told, room_id=room_id), room_id)
    except NotFound:
        return None


async def leave_setpoint(
    ports: Ports, owner_id: OwnerId, actor: Actor, site_id: SiteId, room_id: RoomId, channel: Channel
) -> None:
    """The room is not ours any more: it shows again what its devices say that they hold. Raises NotFound."""

    def change(climate: Climate, now_ms: int) -> Outcome:
        room = _room(climate, room_id)
        gone = {control_name(channel), *shown_in(room.settings, channel)}
        left = {name: value for name, value in room.settings.items() if name not in gone}
        rooms = tuple(
            dataclasses.replace(one, settings=left) if one is room else one for one in climate.rooms
        )
        after = dataclasses.replace(climate, rooms=rooms)
        return Outcome(climate=after, deeds=(_room_deed(actor, "follow", after, room_id, channel),))

    await change_climate(ports, owner_id, site_id, change)


async def set_home_mode(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    site_id: SiteId,
    mode: SetpointMode,
    *,
    until_ms: int = 0,
    schedule_id: str = "",
) -> Climate:
    """What the home does from now on; one of `HOME_MODES`. With `schedule_id` by that schedule.

    What was chosen for single rooms ends. Raises NotFound for a schedule that is not the site's.
    """

    def change(climate: Climate, now_ms: int) -> Outcome:
        previous = climate.site.settings.get(Channel.HEATING.home_mode, SetpointMode.SCHEDULE.value)
        after = climate
        if schedule_id:
            after = with_schedules(climate, _switched(climate, _schedule(climate, schedule_id)), now_ms)
        after = with_home_mode(after, mode, until_ms, now_ms)
        details = {
            "mode": mode.value,
            "previous_mode": previous,
            "until_ms": until_ms,
            "rooms": _moved(climate, after),
        }
        deeds = [Deed(actor=actor, verb="set_mode", kind="site", object_id=site_id, details=details)]
        if schedule_id:
            deeds += _switch_deeds(actor, climate, after, schedule_id)
        return Outcome(climate=after, deeds=tuple(deeds))

    def told(elsewhere: Elsewhere) -> list[Told]:
        return elsewhere.of_mode(mode, until_ms, schedule_id)

    return await _choose(ports, owner_id, actor, site_id, change, told)


async def switch_schedule(
    ports: Ports, owner_id: OwnerId, actor: Actor, site_id: SiteId, schedule_id: str
) -> Climate:
    """Selects the schedule among those of its kind. Raises NotFound."""

    def change(climate: Climate, now_ms: int) -> Outcome:
        after = with_schedules(climate, _switched(climate, _schedule(climate, schedule_id)), now_ms)
        return Outcome(climate=after, deeds=tuple(_switch_deeds(actor, climate, after, schedule_id)))

    told = _told_of(SELECT_SCHEDULE, schedule_id)
    return await _choose(ports, owner_id, actor, site_id, change, told)


async def make_schedule(
    ports: Ports, owner_id: OwnerId, actor: Actor, site_id: SiteId, **content: Any
) -> tuple[Schedule, list[Command]]:
    """A new schedule of the site, by what `schedules.create_schedule` takes, and the orders that have it
    made elsewhere too: once they are carried out its aliases are those under which it is known there."""
    elsewhere = await load_elsewhere(ports, owner_id, site_id)
    if elsewhere is not None:
        elsewhere.of_home(CREATE_SCHEDULE, {"schedule_id": ""})
    made = await create_schedule(ports, owner_id, actor, site_id=site_id, **content)
    told = [] if elsewhere is None else _told_of(CREATE_SCHEDULE, made.id)(elsewhere)
    return made, await give_all(ports, owner_id, actor, told)


async def change_schedule(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    site_id: SiteId,
    schedule_id: str,
    edit: Callable[[Schedule], Schedule],
    *,
    verb: str = "change",
) -> Schedule:
    """The schedule with other content; rooms that it is selected for follow at once. Raises NotFound."""

    def change(climate: Climate, now_ms: int) -> Outcome:
        edited = edit(_schedule(climate, schedule_id))
        schedules = tuple(edited if s.id == schedule_id else s for s in climate.schedules)
        after = with_schedules(climate, schedules, now_ms)
        details = {"site_id": site_id, "rooms": _moved(climate, after)}
        deed = Deed(actor=actor, verb=verb, kind="schedule", object_id=schedule_id, details=details)
        return Outcome(climate=after, deeds=(deed,))

    told = _told_of(RENAME_SCHEDULE if verb == RENAME else WRITE_SCHEDULE, schedule_id)
    return _schedule(await _choose(ports, owner_id, actor, site_id, change, told), schedule_id)


async def delete_schedule(
    ports: Ports, owner_id: OwnerId, actor: Actor, site_id: SiteId, schedule_id: str
) -> None:
    """Raises NotFound, and InvalidInput for the one that is selected.

    One that a cloud goes by is there until the cloud has removed it.
    """

    def change(climate: Climate, now_ms: int) -> Outcome:
        schedule = _deletable(climate, schedule_id)
        left = tuple(one for one in climate.schedules if one is not schedule)
        deed = Deed(
            actor=actor,
            verb="delete",
            kind="schedule",
            object_id=schedule_id,
            details={"site_id": site_id, "rooms": []},
        )
        gone = dataclasses.replace(schedule, deleted_ms=now_ms)
        after = dataclasses.replace(climate, schedules=left)
        return Outcome(climate=after, deeds=(deed,), schedules=(gone,))

    elsewhere = await load_elsewhere(ports, owner_id, site_id)
    told = [] if elsewhere is None else _told_of(REMOVE_SCHEDULE, schedule_id)(elsewhere)
    if elsewhere is None or not told:
        await change_climate(ports, owner_id, site_id, change)
        return
    _deletable(elsewhere.climate, schedule_id)
    await give_all(ports, owner_id, actor, told)


async def follow_time(ports: Ports, owner_id: OwnerId, known: Climate) -> Climate:
    """The site as it is to be now: what is over has ended, the timetable has moved on.

    `known` is the site as it was just read; it is read again only when there is something to do.
    Raises NotFound for one that is gone.
    """
    if settled(known, ports.clock.now_ms()) == known:
        return known
    site_id = known.site.id

    def change(climate: Climate, now_ms: int) -> Outcome:
        after = settled(climate, now_ms)
        deeds = []
        before_site, mode = climate.site, Channel.HEATING.home_mode
        if after.site != before_site:
            details = {
                "mode": after.site.settings.get(mode, SetpointMode.SCHEDULE.value),
                "previous_mode": before_site.settings.get(mode, SetpointMode.SCHEDULE.value),
                "until_ms": 0,
                "rooms": _moved(climate, after),
            }
            deeds.append(
                Deed(actor=TIMETABLE, verb="end_mode", kind="site", object_id=site_id, details=details)
            )
        deeds += _deeds_of_time(climate, after)
        return Outcome(climate=after, deeds=tuple(deeds))

    return await change_climate(ports, owner_id, site_id, change)


async def _choose(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    site_id: SiteId,
    change: Callable[[Climate, int], Outcome],
    told: Callable[[Elsewhere], list[Told]],
    *,
    room_id: str = "",
) -> Climate:
    """The change, and then what it means to whoever runs a programme elsewhere.

    If the orders are lost in between, what is said elsewhere undoes the change.
    """
    elsewhere = await load_elsewhere(ports, owner_id, site_id)
    orders = [] if elsewhere is None else told(elsewhere)
    after = await change_climate(ports, owner_id, site_id, change, room_id=room_id)
    await give_all(ports, owner_id, actor, orders)
    return after


def _told_of(order: str, schedule_id: str) -> Callable[[Elsewhere], list[Told]]:
    return lambda elsewhere: elsewhere.of_home(order, {"schedule_id": schedule_id})


def _room(climate: Climate, room_id: str) -> Room:
    room = climate.room(room_id)
    if room is None:
        raise NotFound("room", room_id)
    return room


def _schedule(climate: Climate, schedule_id: str) -> Schedule:
    schedule = next((one for one in climate.schedules if one.id == schedule_id), None)
    if schedule is None:
        raise NotFound("schedule", schedule_id)
    return schedule


def _deletable(climate: Climate, schedule_id: str) -> Schedule:
    schedule = _schedule(climate, schedule_id)
    if schedule.is_selected:
        raise InvalidInput("schedule_id", "is selected; select another one before")
    return schedule


def _switched(climate: Climate, chosen: Schedule) -> tuple[Schedule, ...]:
    return tuple(
        dataclasses.replace(one, is_selected=one is chosen) if one.kind == chosen.kind else one
        for one in climate.schedules
    )


def _switch_deeds(actor: Actor, before: Climate, after: Climate, schedule_id: str) -> list[Deed]:
    schedule = _schedule(after, schedule_id)
    previous = next((one for one in before.schedules if one.is_selected and one.kind == schedule.kind), None)
    details = {
        "schedule_id": schedule_id,
        "previous_schedule_id": "" if previous is None else previous.id,
        "channel": schedule.kind,
        "rooms": _moved(before, after),
    }
    deed = Deed(actor=actor, verb="switch_schedule", kind="site", object_id=after.site.id, details=details)
    return [deed]


def _moved(before: Climate, after: Climate) -> list[str]:
    """Rooms whose set-point is another one than before."""
    old = {room.id: room for room in before.rooms}
    return [room.id for room in after.rooms if any(_changed(old[room.id], room, c) for c in Channel)]


def _changed(before: Room, after: Room, channel: Channel) -> bool:
    return setpoint_of(before, channel) != setpoint_of(after, channel)


def _room_deed(actor: Actor, verb: str, climate: Climate, room_id: str, channel: Channel) -> Deed:
    setpoint = setpoint_of(_room(climate, room_id), channel)
    details: dict[str, Any] = {"site_id": climate.site.id, "channel": channel.value}
    if setpoint is not None:
        details |= {**dataclasses.asdict(setpoint), "mode": setpoint.mode.value}
    return Deed(actor=actor, verb=verb, kind="room", object_id=room_id, details=details)


def _deeds_of_time(before: Climate, after: Climate) -> list[Deed]:
    """One for each set-point that is another one now."""
    deeds = []
    for room in after.rooms:
        was = _room(before, room.id)
        for channel in Channel:
            if _changed(was, room, channel):
                has_ended = is_chosen(was, channel) and not is_chosen(room, channel)
                verb = "end_setpoint" if has_ended else "follow"
                deeds.append(_room_deed(TIMETABLE, verb, after, room.id, channel))
    return deeds
