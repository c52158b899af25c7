"""Use cases on schedules: weekly timetables of a site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ownclimate.core import aliases
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.ids import OwnerId, SiteId, new_id
from ownclimate.core.partitions import SCHEDULES, owner_partition
from ownclimate.core.ports import ABSENT, Directory, Ports, Put
from ownclimate.core.things import Schedule
from ownclimate.core.writes import Actor, Deed, commit, edit

MINUTES_A_WEEK = 7 * 24 * 60
ALIAS_KIND = "schedule"


def entries_problem(entries: tuple[tuple[int, int], ...], zones: tuple[dict[str, Any], ...]) -> str | None:
    """Why a timetable cannot hold, None when it can: minutes rise within the week, zones exist."""
    known = {zone.get("id") for zone in zones}
    before = -1
    for minute, zone in entries:
        if not before < minute < MINUTES_A_WEEK:
            return f"minute {minute}: expected rising minutes from 0 to {MINUTES_A_WEEK - 1}"
        if zone not in known:
            return f"zone {zone} does not exist"
        before = minute
    return None


async def create_schedule(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    *,
    site_id: SiteId,
    name: str,
    kind: str = "heating",
    is_selected: bool = False,
    entries: tuple[tuple[int, int], ...] = (),
    zones: tuple[dict[str, Any], ...] = (),
    given_aliases: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
    kept: Mapping[str, Any] | None = None,
) -> Schedule:
    """A new schedule of the site, shown under its own id where no alias is given.

    Raises Conflict when the site has a schedule under one of the aliases.
    """
    schedule_id = new_id(ports.clock, ports.entropy)
    schedule = Schedule(
        id=schedule_id,
        site_id=site_id,
        name=name,
        kind=kind,
        is_selected=is_selected,
        entries=entries,
        zones=zones,
        aliases={aliases.NETATMO: schedule_id, **(given_aliases or {})},
        settings=dict(settings or {}),
        kept=dict(kept or {}),
        created_ms=ports.clock.now_ms(),
    )
    changes = [
        Put(table=SCHEDULES, key=schedule.id, body=to_body(schedule), expect=ABSENT),
        *aliases.puts(ALIAS_KIND, schedule.id, schedule.aliases, scope=site_id),
    ]
    details = {"site_id": site_id, "rooms": []}
    deed = Deed(actor=actor, verb="create", kind="schedule", object_id=schedule.id, details=details)
    await commit(ports, owner_id, changes, deed)
    return schedule


async def edit_schedule(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    schedule_id: str,
    change: Callable[[Schedule], Schedule],
) -> Schedule:
    """Raises NotFound. A change that changes nothing leaves no trace."""
    deed = Deed(actor=actor, verb="change", kind="schedule", object_id=schedule_id)
    return await edit(ports, owner_id, SCHEDULES, Schedule, change, deed)


async def list_schedules(
    directory: Directory, owner_id: OwnerId, site_id: SiteId | None = None
) -> list[Schedule]:
    """The owner's schedules (of one site when given), oldest first, without deleted ones."""
    documents = await directory.scan(owner_partition(owner_id), SCHEDULES)
    schedules = [from_body(Schedule, document.body) for document in documents]
    return [s for s in schedules if not s.deleted_ms and site_id in (None, s.site_id)]
