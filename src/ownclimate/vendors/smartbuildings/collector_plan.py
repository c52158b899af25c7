"""Which calls there are to SmartBuildings' cloud, and how often each is made."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ownclimate.sync.collector import Task, TaskKind
from ownclimate.sync.quota import LIVE_SHARE, Allowance
from ownclimate.vendors.smartbuildings.collector_account import Account
from ownclimate.vendors.smartbuildings.orders import EVENTS, SETTINGS, STATUS, SUMMARY

LIMITS: Final = (Allowance(calls=60, span_ms=60_000),)
"""The vendor publishes none. A call a second is our guess at what nobody minds: with ninety thermostats each
is asked as often as below, with more of them less often."""
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
SENSORS, ALERTS, WEATHER = "sensors", "alerts", "weather"
BUILDINGS, BUILDING, THERMOSTATS = "buildings", "building", "thermostats"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the calls of a thermostat: the end of its address, how often it is made, what it is called."""

    tail: str
    kind: TaskKind
    every_ms: int
    label: str


PARTS: Final[Mapping[str, Part]] = {
    SUMMARY: Part(tail="", kind=TaskKind.TOPOLOGY, every_ms=DAY_MS, label="names and modes"),
    SETTINGS: Part(tail="/alertSettings", kind=TaskKind.TOPOLOGY, every_ms=DAY_MS, label="alert settings"),
    STATUS: Part(tail="/status", kind=TaskKind.STATE, every_ms=5 * MINUTE_MS, label="status"),
    SENSORS: Part(tail="/sensors", kind=TaskKind.STATE, every_ms=5 * MINUTE_MS, label="sensors"),
    EVENTS: Part(tail="/events", kind=TaskKind.STATE, every_ms=10 * MINUTE_MS, label="holds"),
    ALERTS: Part(tail="/alerts", kind=TaskKind.STATE, every_ms=10 * MINUTE_MS, label="alerts"),
}
"""The vendor's consumer interface asks for at most one poll in three minutes; here is no word of it. All that
changes is one kind of work: then each waits equally long when the calls do not suffice for all."""
WEATHER_PART: Final = Part(tail="/weather", kind=TaskKind.STATE, every_ms=HOUR_MS, label="weather")
"""Of a building: its thermostats are all under one sky, so one of them is asked."""


def tasks_of(account: Account, limits: Sequence[Allowance]) -> list[Task]:
    """Every call, each as often as the limits leave time for all."""
    tasks = [_task(BUILDINGS, TaskKind.TOPOLOGY, "buildings", DAY_MS)]
    for building_id, name in account.buildings.items():
        of = name or building_id
        tasks.append(_task(f"{BUILDING} {building_id}", TaskKind.TOPOLOGY, of, DAY_MS))
        tasks.append(_task(f"{THERMOSTATS} {building_id}", TaskKind.TOPOLOGY, f"thermostats of {of}", DAY_MS))
        if account.thermostats_in(building_id):
            tasks.append(_part_task(WEATHER, WEATHER_PART, building_id, of))
    for serial, (_, name) in account.thermostats.items():
        tasks += [_part_task(part, told, serial, name or serial) for part, told in PARTS.items()]
    stretch = _stretch(tasks, limits)
    return [dataclasses.replace(task, every_ms=round(task.every_ms * stretch)) for task in tasks]


def _stretch(tasks: Sequence[Task], limits: Sequence[Allowance]) -> float:
    """How much less often everything is asked for, where the calls do not suffice."""
    wanted = sum(1 / task.every_ms for task in tasks)
    allowed = min((limit.calls / limit.span_ms for limit in limits), default=wanted)
    return max(1.0, wanted / (allowed * LIVE_SHARE))


def _task(key: str, kind: TaskKind, label: str, every_ms: int) -> Task:
    return Task(key=key, kind=kind, label=label, every_ms=every_ms)


def _part_task(part: str, told: Part, thing: str, name: str) -> Task:
    return _task(f"{part} {thing}", told.kind, f"{told.label} of {name}", told.every_ms)
