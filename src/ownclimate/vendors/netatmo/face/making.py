"""New schedules, which a cloud that runs the home has to have too (contract §7)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Final

from ownclimate.core.commands import move_command, settled
from ownclimate.core.errors import Conflict
from ownclimate.core.ids import OwnerId
from ownclimate.core.operate import make_schedule
from ownclimate.core.ports import Ports
from ownclimate.core.schedules import edit_schedule, list_schedules
from ownclimate.core.things import Command, CommandState, Schedule
from ownclimate.vendors.netatmo.face.faults import UNABLE, Refusal
from ownclimate.vendors.netatmo.face.holdings import Home
from ownclimate.web.call import Call

LONGEST_WAIT_S: Final = 8.0
"""For a cloud that has to make a schedule: clients that wait for less are few."""


async def make(call: Call, home: Home, **content: Any) -> Schedule:
    """A new schedule, by what `create_schedule` takes. Where a cloud has to have it too it is known under the
    cloud's id, once that is heard in time. Raises Refusal when the cloud does not make it."""
    ports, owner_id = call.ports, call.access.owner_id
    made, commands = await make_schedule(ports, owner_id, call.actor, home.site.id, **content)
    for command in commands:
        over = await _made_elsewhere(ports, owner_id, command)
        if over.state in (CommandState.REFUSED, CommandState.FAILED):
            await edit_schedule(ports, owner_id, call.actor, made.id, _gone(ports.clock.now_ms()))
            raise Refusal(f"Unable to execute: {over.reason}", code=UNABLE)
    known = await list_schedules(ports.directory, owner_id, home.site.id) if commands else [made]
    return next((schedule for schedule in known if schedule.id == made.id), made)


async def _made_elsewhere(ports: Ports, owner_id: OwnerId, command: Command) -> Command:
    """The command that has a cloud make a schedule, as it is when somebody has waited long enough."""
    over = await settled(ports, owner_id, command, timeout_s=LONGEST_WAIT_S, or_when=_is_postponed)
    if not _is_postponed(over):
        return over
    # Whoever asked is told that there is none; so it must not be made later all the same.
    try:
        return await move_command(ports, owner_id, command.id, CommandState.REFUSED, reason=over.reason)
    except Conflict:
        return await settled(ports, owner_id, command, timeout_s=LONGEST_WAIT_S)


def _is_postponed(command: Command) -> bool:
    return command.state is CommandState.ACCEPTED and command.attempts > 0


def _gone(at_ms: int) -> Callable[[Schedule], Schedule]:
    return lambda schedule: dataclasses.replace(schedule, deleted_ms=at_ms)
