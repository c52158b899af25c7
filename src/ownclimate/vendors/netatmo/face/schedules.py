"""The schedules of a home: made, replaced, selected, renamed, deleted (contract §7)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.climate import Channel, is_wanted
from ownclimate.core.errors import InvalidInput
from ownclimate.core.operate import RENAME, change_schedule, delete_schedule, switch_schedule
from ownclimate.core.things import Schedule
from ownclimate.vendors.netatmo import vocabulary, wire
from ownclimate.vendors.netatmo.face.climate import WRITE
from ownclimate.vendors.netatmo.face.faults import Refusal
from ownclimate.vendors.netatmo.face.holdings import Home
from ownclimate.vendors.netatmo.face.home_shapes import ScheduleMade
from ownclimate.vendors.netatmo.face.homes import the_home, wanted_in
from ownclimate.vendors.netatmo.face.making import make
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.timetables import (
    THERM,
    asked_name,
    asked_temperatures,
    asked_timetable,
)
from ownclimate.vendors.netatmo.statements import KEPT
from ownclimate.vendors.netatmo.vocabulary import DIALECT
from ownclimate.vendors.netatmo.zones import Timetable
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Success

BAD_SCHEDULE: Final = "Invalid schedule_id"
Degrees = float | msgspec.UnsetType
Objects = Annotated[
    list[dict[str, Any]], msgspec.Meta(description="Objects, also as JSON text or in brackets")
]
EXAMPLE: Final = {
    "zones": [{"id": 0, "type": 0, "name": "Comfort", "rooms": []}],
    "timetable": [{"zone_id": 0, "m_offset": 0}],
}


class Content(msgspec.Struct, kw_only=True):
    home_id: str
    zones: Objects
    timetable: Objects
    hg_temp: Degrees = msgspec.UNSET
    away_temp: Degrees = msgspec.UNSET
    cooling_away_temp: Degrees = msgspec.UNSET
    auto_away_temp: Degrees = msgspec.UNSET


class NewSchedule(Content, kw_only=True):
    name: str
    type: Annotated[str, msgspec.Meta(description="therm, cooling or auto")] = THERM


class ChangedSchedule(Content, kw_only=True):
    schedule_id: str | msgspec.UnsetType = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET


class TheSchedule(msgspec.Struct, kw_only=True):
    home_id: str
    schedule_id: str


class RenamedSchedule(TheSchedule, kw_only=True):
    name: str


class MadeAnswer(msgspec.Struct, kw_only=True):
    """The id stands in two places, since clients differ in where they look."""

    schedule_id: str
    body: ScheduleMade
    status: str
    time_exec: float
    time_server: int


def rows() -> tuple[Endpoint, ...]:
    common: dict[str, Any] = {
        "permission": Permission.DEVICE_CONTROL,
        "scopes": (WRITE,),
        "certainty": Certainty.DOCUMENTED,
    }
    home = {"home_id": "5f0000000000000000000001"}
    plain = common | {"successes": (wire.PLAIN,), "owned": ("home_id", "schedule_id")}
    return (
        method(
            "createnewhomeschedule",
            create_home_schedule,
            params=NewSchedule,
            successes=(Success(item=MadeAnswer, is_bare=True),),
            owned=("home_id",),
            is_repeatable=False,
            audit="create",
            summary="Make a schedule; it is not selected yet",
            examples={**home, **EXAMPLE, "name": "Holidays", "hg_temp": 7, "away_temp": 12},
            max_body_bytes=256 * 1024,
            **common,
        ),
        method(
            "synchomeschedule",
            sync_home_schedule,
            params=ChangedSchedule,
            audit="change",
            summary="Replace the content of a schedule, the selected one when none is named",
            examples={**home, **EXAMPLE, "hg_temp": 7, "away_temp": 12},
            max_body_bytes=256 * 1024,
            **plain,
        ),
        method(
            "switchhomeschedule",
            switch_home_schedule,
            params=TheSchedule,
            audit="switch_schedule",
            summary="Select a schedule among those of its type",
            examples=home,
            **plain,
        ),
        method(
            "renamehomeschedule",
            rename_home_schedule,
            params=RenamedSchedule,
            audit="rename",
            summary="Give a schedule another name",
            examples={**home, "name": "Winter"},
            **plain,
        ),
        method(
            "deletehomeschedule",
            delete_home_schedule,
            params=TheSchedule,
            is_repeatable=False,
            audit="delete",
            summary="Delete a schedule that is not selected",
            examples=home,
            **plain,
        ),
    )


async def create_home_schedule(call: Call, asked: NewSchedule) -> MadeAnswer:
    home = await the_home(call, asked.home_id)
    kind = vocabulary.SCHEDULE_KINDS.get(asked.type, "")
    if kind not in {channel.value for channel in Channel}:
        raise Refusal("Invalid type")
    content = _content(home, asked)
    name = asked_name(asked.name)
    made = await make(
        call,
        home,
        name=name,
        kind=kind,
        entries=content.entries,
        zones=content.zones,
        settings=_temperatures(kind, asked),
    )
    wire_id = made.aliases[DIALECT]
    answer = wire.enveloped(None, call)
    return MadeAnswer(
        schedule_id=wire_id,
        body=ScheduleMade(schedule_id=wire_id),
        status=answer.status,
        time_exec=answer.time_exec,
        time_server=answer.time_server,
    )


async def sync_home_schedule(call: Call, asked: ChangedSchedule) -> None:
    home = await the_home(call, asked.home_id)
    if asked.schedule_id is not msgspec.UNSET:
        schedule = the_schedule(home, asked.schedule_id)
    else:
        selected = wanted_in(home).selected(_usual_channel(home))
        if selected is None:
            raise Refusal(BAD_SCHEDULE)
        schedule = selected
    if schedule.kind not in {channel.value for channel in Channel}:
        raise Refusal(f"schedule {schedule.aliases[DIALECT]} is not therm schedule")
    content, name = _content(home, asked), given_name(asked.name)
    await replace_content(call, home, schedule, content, name, _temperatures(schedule.kind, asked))


async def switch_home_schedule(call: Call, asked: TheSchedule) -> None:
    home = await the_home(call, asked.home_id)
    await select(call, home, the_schedule(home, asked.schedule_id))


async def rename_home_schedule(call: Call, asked: RenamedSchedule) -> None:
    home = await the_home(call, asked.home_id)
    await rename(call, home, the_schedule(home, asked.schedule_id), asked.name)


async def delete_home_schedule(call: Call, asked: TheSchedule) -> None:
    home = await the_home(call, asked.home_id)
    await remove(call, home, the_schedule(home, asked.schedule_id))


def given_name(name: str | msgspec.UnsetType) -> str | None:
    return None if name is msgspec.UNSET else asked_name(name)


async def replace_content(
    call: Call,
    home: Home,
    schedule: Schedule,
    content: Timetable,
    name: str | None,
    temperatures: Mapping[str, float],
) -> None:
    """The schedule with other zones and entries; temperatures that are not given stay."""

    def replaced(before: Schedule) -> Schedule:
        # What the cloud said of a timetable that we could not read goes with it.
        kept = {path: value for path, value in before.kept.get(KEPT, {}).items() if path not in _CONTENT}
        return dataclasses.replace(
            before,
            name=before.name if name is None else name,
            entries=content.entries,
            zones=content.zones,
            settings={**before.settings, **temperatures},
            kept=before.kept | ({KEPT: kept} if KEPT in before.kept else {}),
        )

    await change_schedule(call.ports, call.access.owner_id, call.actor, home.site.id, schedule.id, replaced)


async def select(call: Call, home: Home, schedule: Schedule) -> None:
    await switch_schedule(call.ports, call.access.owner_id, call.actor, home.site.id, schedule.id)


async def rename(call: Call, home: Home, schedule: Schedule, wish: str) -> None:
    name = asked_name(wish)
    await change_schedule(
        call.ports,
        call.access.owner_id,
        call.actor,
        home.site.id,
        schedule.id,
        lambda before: dataclasses.replace(before, name=name),
        verb=RENAME,
    )


async def remove(call: Call, home: Home, schedule: Schedule) -> None:
    """Raises Refusal for the selected one: the rooms would have nothing to follow."""
    try:
        await delete_schedule(call.ports, call.access.owner_id, call.actor, home.site.id, schedule.id)
    except InvalidInput as error:
        raise Refusal(BAD_SCHEDULE) from error


def the_schedule(home: Home, wire_id: str) -> Schedule:
    for schedule in home.schedules:
        if schedule.aliases[DIALECT].lower() == wire_id.strip().lower():
            return schedule
    raise Refusal(BAD_SCHEDULE)


_CONTENT: Final = frozenset({"zones", "timetable"})


def _usual_channel(home: Home) -> Channel:
    """Which of several selected schedules is meant where none is named."""
    wanted = home.site.settings.get("climate_mode", Channel.HEATING.value)
    return Channel(wanted)


def _content(home: Home, asked: Content) -> Timetable:
    climate = wanted_in(home)
    rooms = {
        room.aliases[DIALECT]: str(room.id)
        for room in home.rooms
        if any(is_wanted(climate, room, channel) for channel in Channel)
    }
    return asked_timetable(list(asked.zones), list(asked.timetable), rooms)


def _temperatures(kind: str, asked: Content) -> dict[str, float]:
    names = ("hg_temp", "away_temp", "cooling_away_temp", "auto_away_temp")
    given = {name: getattr(asked, name) for name in names}
    return asked_temperatures(kind, {n: None if v is msgspec.UNSET else v for n, v in given.items()})
