"""Where a device stands with its routines: what holds, since when, and what it goes back to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.commands import LONGEST_LIFE_MS, list_device_commands
from ownclimate.core.documents import from_body
from ownclimate.core.ids import DeviceId, OwnerId
from ownclimate.core.orders import SET_AIR_CONDITIONER, SET_COOLING_SETPOINT, SET_RELAY, SET_SETPOINT
from ownclimate.core.partitions import STANDINGS, owner_partition
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Interval
from ownclimate.core.routines import End
from ownclimate.core.targets import DEFAULT_AIR
from ownclimate.core.things import Command, CommandState, Device

TIMETABLE: Final = "timetable"
THERMOSTAT: Final = "thermostat"
AUTOMATIC: Final = frozenset({TIMETABLE, THERMOSTAT})
"""By which ways orders come in that nobody gave just then; an order by another way is given by hand."""

_TARGETS: Final = frozenset({SET_SETPOINT, SET_COOLING_SETPOINT, SET_RELAY, SET_AIR_CONDITIONER})
_SETPOINTS: Final[Mapping[str, str]] = {SET_SETPOINT: "setpoint_c", SET_COOLING_SETPOINT: "setpoint_cool_c"}
"""By order the quantity in which a device tells that it follows it."""
_IN_VAIN: Final = frozenset({CommandState.REFUSED, CommandState.FAILED, CommandState.EXPIRED})
_LOOKED_AT: Final = 100
"""Of a device's latest orders; who gave more within one window gave the newest of them too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the timetable last did about a device. `routine_id` empty: no window holds.

    Everything up to `looked_ms` was dealt with. `main_c` is the set-point to return to.
    """

    device_id: DeviceId
    routine_id: str = ""
    number: int = 0
    revision: int = 0
    local: str = ""
    target: float = 0.0
    at_end: End = End.NOTHING
    since_ms: int = 0
    main_c: float | None = None
    looked_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleInfo:
    """Whether a window holds, the target outside of windows, and whether somebody chose another target by
    hand while it holds, which then goes before the window's."""

    in_schedule: bool
    main_target_c: float | None
    in_priority: bool


async def load_standing(ports: Ports, owner_id: OwnerId, device_id: DeviceId) -> tuple[Standing, str | None]:
    """The device's standing with its version, None when nothing was written yet."""
    found = await ports.directory.find(owner_partition(owner_id), STANDINGS, device_id)
    if found is None:
        return Standing(device_id=device_id), None
    return from_body(Standing, found.body), found.version


async def schedule_info(ports: Ports, owner_id: OwnerId, device: Device) -> ScheduleInfo:
    standing, _ = await load_standing(ports, owner_id, device.id)
    if not standing.routine_id:
        main_c = await wanted_setpoint(ports, owner_id, device)
        return ScheduleInfo(in_schedule=False, main_target_c=main_c, in_priority=False)
    by_hand = await order_by_hand(ports, owner_id, device.id, standing.since_ms)
    main_c = standing.main_c if by_hand is None else by_hand.fields.get("temperature_c", standing.main_c)
    return ScheduleInfo(in_schedule=True, main_target_c=main_c, in_priority=by_hand is not None)


async def order_by_hand(
    ports: Ports, owner_id: OwnerId, device_id: DeviceId, since_ms: int
) -> Command | None:
    """The newest order about the device's target that a person or an app gave since the instant."""
    commands = await list_device_commands(ports, owner_id, device_id, since_ms=since_ms, limit=_LOOKED_AT)
    return next((c for c in commands if c.name in _TARGETS and c.actor.get("via") not in AUTOMATIC), None)


async def wanted_setpoint(
    ports: Ports, owner_id: OwnerId, device: Device, *, before_ms: int | None = None
) -> float | None:
    """What the device was last told to hold or last said that it holds, whichever is newer, in °C.

    With `before_ms` as of that instant, what came later left aside.
    """
    command = await _last_order(ports, owner_id, device, frozenset(_SETPOINTS), before_ms)
    interval = Interval(end_ms=before_ms)
    said = await ports.series.read(device.number, interval, list(_SETPOINTS.values()), limit=1, newest=True)
    if command is not None and (not len(said) or command.created_ms > said.times_ms[-1]):
        return float(command.fields["temperature_c"])
    values = [float(column[-1]) for column in said.columns.values() if len(said)]
    return next((value for value in values if value == value), None)


async def last_air(ports: Ports, owner_id: OwnerId, device: Device) -> Mapping[str, Any]:
    """What an air conditioner was last told, or what one is told of which nothing is known."""
    command = await _last_order(ports, owner_id, device, frozenset({SET_AIR_CONDITIONER}))
    return DEFAULT_AIR if command is None else command.fields


async def last_switch(ports: Ports, owner_id: OwnerId, device: Device) -> bool | None:
    """Whether a relay is on by its last word or the last order, whichever is newer; None if unknown."""
    command = await _last_order(ports, owner_id, device, frozenset({SET_RELAY}))
    said = (await ports.series.latest([device.number])).get(device.number, {}).get("relay_on")
    if command is not None and (said is None or command.created_ms > said.at_ms):
        return bool(command.fields["is_on"])
    return None if said is None else said.value >= 0.5


async def _last_order(
    ports: Ports, owner_id: OwnerId, device: Device, names: frozenset[str], before_ms: int | None = None
) -> Command | None:
    since_ms = ports.clock.now_ms() - LONGEST_LIFE_MS
    commands = await list_device_commands(ports, owner_id, device.id, since_ms=since_ms, limit=_LOOKED_AT)
    return next(
        (
            command
            for command in commands
            if command.name in names
            and command.state not in _IN_VAIN
            and (before_ms is None or command.created_ms < before_ms)
        ),
        None,
    )
