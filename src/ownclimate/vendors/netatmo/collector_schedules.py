"""Schedules that were changed here, told to Netatmo's cloud (contract §7)."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from ownclimate.core import aliases, orders
from ownclimate.core.climate import Channel
from ownclimate.core.documents import from_body
from ownclimate.core.errors import Garbled, NotFound, Unsupported
from ownclimate.core.ids import OwnerId
from ownclimate.core.partitions import SCHEDULES, owner_partition
from ownclimate.core.ports import Directory, Ports
from ownclimate.core.schedules import ALIAS_KIND
from ownclimate.core.sites import list_rooms
from ownclimate.core.things import Command, Schedule
from ownclimate.core.writes import BY_CLOUD, Deed, edit
from ownclimate.vendors.netatmo.collector_orders import Request
from ownclimate.vendors.netatmo.face.timetables import THERM, told_schedule
from ownclimate.vendors.netatmo.vocabulary import DIALECT

Ask = Callable[[Request], Awaitable[dict[str, Any]]]

CREATE: Final = "createnewhomeschedule"
SYNC: Final = "synchomeschedule"
_BY_ID: Final[Mapping[str, str]] = {
    orders.SELECT_SCHEDULE: "switchhomeschedule",
    orders.RENAME_SCHEDULE: "renamehomeschedule",
    orders.REMOVE_SCHEDULE: "deletehomeschedule",
}
_CONTENT: Final = ("zones", "timetable", "hg_temp", "away_temp", "cooling_away_temp", "auto_away_temp")


def is_about_schedule(order: str) -> bool:
    return order in _BY_ID or order in (orders.CREATE_SCHEDULE, orders.WRITE_SCHEDULE)


async def relay_schedule(ports: Ports, owner_id: OwnerId, command: Command, home_id: str, ask: Ask) -> None:
    """One call; when it returns, the cloud has the schedule as it is here. Raises as `ask` does, NotFound,
    and Unsupported for a kind of schedule that the cloud lets nobody write."""
    schedule = await find_schedule(ports.directory, owner_id, command.fields["schedule_id"])
    wire_id = schedule.aliases[DIALECT]
    named = {"home_id": home_id, "schedule_id": wire_id}
    if command.name in _BY_ID:
        form = named | ({"name": schedule.name} if command.name == orders.RENAME_SCHEDULE else {})
        await ask(Request(method=_BY_ID[command.name], form=form))
        if command.name == orders.REMOVE_SCHEDULE:
            await _remove_here(ports, owner_id, schedule)
        return
    if schedule.kind not in {channel.value for channel in Channel}:
        raise Unsupported("schedule", f"the cloud takes no {schedule.kind} schedules")
    content = await _content(ports.directory, owner_id, schedule)
    kind = content.pop("type", THERM)
    if command.name == orders.WRITE_SCHEDULE:
        form = named | {"name": schedule.name}
        await ask(Request(method=SYNC, form=form, json=content))
        return
    form = {"home_id": home_id, "name": schedule.name} | ({} if kind == THERM else {"type": kind})
    said = await ask(Request(method=CREATE, form=form, json=content))
    await _rename_here(ports, owner_id, schedule, _made_id(said))


async def find_schedule(directory: Directory, owner_id: OwnerId, schedule_id: str) -> Schedule:
    """Deleted ones too. Raises NotFound."""
    found = await directory.find(owner_partition(owner_id), SCHEDULES, schedule_id)
    if found is None:
        raise NotFound("schedule", schedule_id)
    return from_body(Schedule, found.body)


async def _content(directory: Directory, owner_id: OwnerId, schedule: Schedule) -> dict[str, Any]:
    rooms: dict[str, str] = {
        room.id: room.aliases.get(DIALECT, room.id) for room in await list_rooms(directory, owner_id)
    }
    told = told_schedule(schedule, lambda room_id: rooms.get(room_id, room_id))
    return {name: told[name] for name in (*_CONTENT, "type") if name in told}


def _made_id(said: Mapping[str, Any]) -> str:
    """It stands in one of two places."""
    body = said.get("body")
    found = said.get("schedule_id") or (body.get("schedule_id") if isinstance(body, Mapping) else None)
    if not isinstance(found, str) or not found:
        raise Garbled("the cloud does not say which schedule it made")
    return found


async def _remove_here(ports: Ports, owner_id: OwnerId, schedule: Schedule) -> None:
    now_ms, details = ports.clock.now_ms(), {"site_id": schedule.site_id, "rooms": []}
    await edit(
        ports,
        owner_id,
        SCHEDULES,
        Schedule,
        lambda before: dataclasses.replace(before, deleted_ms=before.deleted_ms or now_ms),
        Deed(actor=BY_CLOUD, verb="delete", kind="schedule", object_id=schedule.id, details=details),
    )


async def _rename_here(ports: Ports, owner_id: OwnerId, schedule: Schedule, wire_id: str) -> None:
    """From now on the schedule is here what it is called there, so that the next answer finds it."""
    await edit(
        ports,
        owner_id,
        SCHEDULES,
        Schedule,
        lambda before: dataclasses.replace(before, aliases={**before.aliases, DIALECT: wire_id}),
        Deed(actor=BY_CLOUD, verb="change", kind="schedule", object_id=schedule.id),
        also=lambda after: aliases.puts(ALIAS_KIND, after.id, after.aliases, scope=after.site_id),
    )
