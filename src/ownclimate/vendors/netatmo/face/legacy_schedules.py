"""Schedules of one thermostat, as clients from before homes write them (contract §10).

They are the home's heating schedules. A zone's `temp` is asked of the thermostat's room and leaves
what it asks of other rooms; zones of the types away and frost guard are the schedule's own temperatures.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.climate import Channel
from ownclimate.core.things import Schedule
from ownclimate.vendors.netatmo.face.climate import WRITE
from ownclimate.vendors.netatmo.face.faults import ARRAY, Refusal
from ownclimate.vendors.netatmo.face.home_shapes import ScheduleMade
from ownclimate.vendors.netatmo.face.legacy import TheThermostat, the_thermostat
from ownclimate.vendors.netatmo.face.legacy_thermostats import AWAY_ZONE, FROST_GUARD_ZONE, Thermostat
from ownclimate.vendors.netatmo.face.making import make
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.schedules import (
    BAD_SCHEDULE,
    Objects,
    given_name,
    remove,
    rename,
    replace_content,
    select,
)
from ownclimate.vendors.netatmo.face.timetables import asked_name, asked_timetable, checked_temperature
from ownclimate.vendors.netatmo.vocabulary import DIALECT
from ownclimate.vendors.netatmo.wire import PLAIN
from ownclimate.vendors.netatmo.words import integer
from ownclimate.vendors.netatmo.zones import Timetable
from ownclimate.web.call import Call
from ownclimate.web.tables import Endpoint, Success

EXAMPLE: Final = {
    "device_id": "70:ee:50:00:00:01",
    "module_id": "04:00:00:00:00:01",
    "zones": [{"id": 0, "type": 0, "name": "Comfort", "temp": 20}],
    "timetable": [{"id": 0, "m_offset": 0}],
}
_KINDS: Final = {AWAY_ZONE: "away_c", FROST_GUARD_ZONE: "frost_guard_c"}


class Program(TheThermostat, kw_only=True):
    zones: Objects
    timetable: Objects
    name: str | msgspec.UnsetType = msgspec.UNSET
    schedule_id: (
        Annotated[str, msgspec.Meta(description="The selected one where none is named")] | msgspec.UnsetType
    ) = msgspec.UNSET


class NewProgram(TheThermostat, kw_only=True):
    zones: Objects
    timetable: Objects
    name: str = "Schedule"


class TheProgram(TheThermostat, kw_only=True):
    schedule_id: str


class RenamedProgram(TheProgram, kw_only=True):
    name: str


def rows() -> tuple[Endpoint, ...]:
    things = ("device_id", "module_id")
    common: dict[str, Any] = {
        "permission": Permission.DEVICE_CONTROL,
        "scopes": (WRITE,),
        "examples": {**EXAMPLE, "name": "Winter"},
    }
    plain = common | {"successes": (PLAIN,), "owned": (*things, "schedule_id")}
    return (
        method(
            "createnewschedule",
            create_new_schedule,
            params=NewProgram,
            successes=(Success(item=ScheduleMade),),
            owned=things,
            is_repeatable=False,
            audit="create",
            summary="Make a schedule for a thermostat",
            **common,
        ),
        method(
            "syncschedule",
            sync_schedule,
            params=Program,
            audit="change",
            summary="Replace a thermostat's schedule",
            **plain,
        ),
        method(
            "switchschedule",
            switch_schedule,
            params=TheProgram,
            audit="switch_schedule",
            summary="Select another schedule of a thermostat",
            **plain,
        ),
        method(
            "renameschedule",
            rename_schedule,
            params=RenamedProgram,
            audit="rename",
            summary="Give a thermostat's schedule another name",
            **plain,
        ),
        method(
            "deleteschedule",
            delete_schedule,
            params=TheProgram,
            is_repeatable=False,
            audit="delete",
            summary="Delete a thermostat's schedule that is not selected",
            **plain,
        ),
    )


async def create_new_schedule(call: Call, asked: NewProgram) -> ScheduleMade:
    one = await the_thermostat(call, asked)
    content, temperatures = _content(one, asked.zones, asked.timetable, None)
    made = await make(
        call,
        one.home,
        name=asked_name(asked.name),
        entries=content.entries,
        zones=content.zones,
        settings=temperatures,
    )
    return ScheduleMade(schedule_id=made.aliases[DIALECT])


async def sync_schedule(call: Call, asked: Program) -> None:
    one = await the_thermostat(call, asked)
    if asked.schedule_id is not msgspec.UNSET:
        schedule = _schedule(one, asked.schedule_id)
    else:
        selected = [s for s in one.home.schedules if s.is_selected and s.kind == Channel.HEATING.value]
        if not selected:
            raise Refusal(BAD_SCHEDULE)
        schedule = selected[0]
    content, temperatures = _content(one, asked.zones, asked.timetable, schedule)
    await replace_content(call, one.home, schedule, content, given_name(asked.name), temperatures)


async def switch_schedule(call: Call, asked: TheProgram) -> None:
    one = await the_thermostat(call, asked)
    await select(call, one.home, _schedule(one, asked.schedule_id))


async def rename_schedule(call: Call, asked: RenamedProgram) -> None:
    one = await the_thermostat(call, asked)
    await rename(call, one.home, _schedule(one, asked.schedule_id), asked.name)


async def delete_schedule(call: Call, asked: TheProgram) -> None:
    one = await the_thermostat(call, asked)
    await remove(call, one.home, _schedule(one, asked.schedule_id))


def _schedule(one: Thermostat, wire_id: str) -> Schedule:
    for schedule in one.home.schedules:
        if schedule.kind == Channel.HEATING.value and schedule.aliases[DIALECT] == wire_id.strip():
            return schedule
    raise Refusal(BAD_SCHEDULE)


def _content(
    one: Thermostat, zones: list[dict[str, Any]], timetable: list[dict[str, Any]], before: Schedule | None
) -> tuple[Timetable, dict[str, float]]:
    """The schedule's zones and entries, and its temperatures for an empty home."""
    if one.room is None:
        raise Refusal("Invalid module_id")
    temperatures: dict[str, float] = {}
    asked = []
    for zone in zones:
        if not isinstance(zone, Mapping):
            raise Refusal(ARRAY)
        own = _KINDS.get(integer(zone.get("type")) or 0)
        if own is not None:
            temperatures[own] = checked_temperature(zone.get("temp"), "zones")
            continue
        wire_room = one.room.aliases[DIALECT]
        rooms = [{"id": wire_room, "therm_setpoint_temperature": zone.get("temp")}]
        asked.append({**{name: zone[name] for name in zone if name != "temp"}, "rooms": rooms})
    content = asked_timetable(asked, timetable, {one.room.aliases[DIALECT]: str(one.room.id)})
    return dataclasses.replace(
        content, zones=_with_others(content.zones, before, str(one.room.id))
    ), temperatures


def _with_others(
    zones: tuple[dict[str, Any], ...], before: Schedule | None, room_id: str
) -> tuple[dict[str, Any], ...]:
    """The zones with what those of the same id asked of other rooms."""
    known = {} if before is None else {zone["id"]: zone.get("rooms", []) for zone in before.zones}
    return tuple(
        zone
        | {
            "rooms": [
                *(room for room in known.get(zone["id"], []) if room["room_id"] != room_id),
                *zone.get("rooms", []),
            ]
        }
        for zone in zones
    )
