"""What is asked of MClimate's cloud, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ownclimate.sync.collector import Task, TaskKind
from ownclimate.vendors.mclimate.collector_account import Account, Controller

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
STATE_EVERY_MS: Final = 10 * MINUTE_MS
PLACES_EVERY_MS: Final = 6 * HOUR_MS
ACTIVITY_EVERY_MS: Final = HOUR_MS
CALL_SPACING_MS: Final = 4_000
"""Between two calls for things of which each controller has one: a quarter of what is allowed."""

BUILDINGS: Final = "buildings"
FLOORS: Final = "floors"
ROOMS: Final = "rooms"
CONTROLLERS: Final = "controllers"
LISTS: Final = (BUILDINGS, FLOORS, ROOMS, CONTROLLERS)
"""In the order in which they are asked for first: a controller is put into a room that is known."""
USER: Final = "account"
FENCES: Final = "geofences"
LIST: Final = "list "
STATE_OF: Final = "state "
MISSING: Final = "missing "
ACTIVITY_OF: Final = "activity "
EARLIER_OF: Final = "earlier "
SCHEDULES_OF: Final = "schedules "
THERMOSTAT_OF: Final = "thermostat "
PAST_OF: Final = "past "


def list_key(name: str, page: int) -> str:
    return f"{LIST}{LISTS.index(name)} {name} {page}"


def list_and_page(key: str) -> tuple[str, int]:
    _, _, name, page = key.split()
    return name, int(page)


def state_key(serial: str) -> str:
    return STATE_OF + serial


def activity_key(serial: str) -> str:
    return ACTIVITY_OF + serial


def planned(account: Account, since_ms: int) -> Iterator[Task]:
    """Everything that is asked, by what is known of the account; of history what is not older than the
    instant."""
    yield _task(USER, TaskKind.TOPOLOGY, "the account", DAY_MS)
    for name in LISTS:
        every_ms = STATE_EVERY_MS if name == CONTROLLERS else PLACES_EVERY_MS
        for page in range(1, account.pages.get(name, 1) + 1):
            label = name if page == 1 else f"{name}, page {page}"
            yield _task(list_key(name, page), TaskKind.TOPOLOGY, label, every_ms)
    for serial in account.missing:
        label = f"whether {account.controllers[serial].label} {serial} is still there"
        yield _task(MISSING + serial, TaskKind.TOPOLOGY, label, STATE_EVERY_MS)
    yield _task(FENCES, TaskKind.EVENTS, FENCES, DAY_MS)
    present = dict(account.present())
    least_ms = CALL_SPACING_MS * len(present)
    for serial, controller in present.items():
        yield from _of_controller(serial, controller, least_ms)
    for serial, controller in account.controllers.items():
        yield Task(
            key=PAST_OF + serial,
            kind=TaskKind.HISTORY,
            label=f"history of {controller.label} {serial}",
            every_ms=max(DAY_MS if controller.is_gone else STATE_EVERY_MS, least_ms),
            since_ms=since_ms,
        )


def _of_controller(serial: str, controller: Controller, least_ms: int) -> Iterator[Task]:
    name = f"{controller.label} {serial}"
    if controller.is_online:
        every_ms = max(STATE_EVERY_MS, least_ms)
        yield _task(state_key(serial), TaskKind.STATE, f"state of {name}", every_ms)
    every_ms = max(ACTIVITY_EVERY_MS, least_ms)
    yield _task(activity_key(serial), TaskKind.EVENTS, f"what {name} was told", every_ms)
    if controller.activity_page:
        yield Task(
            key=EARLIER_OF + serial,
            kind=TaskKind.EVENTS,
            label=f"what {name} was told before",
            every_ms=0,
            is_backlog=True,
        )
    yield _task(SCHEDULES_OF + serial, TaskKind.EVENTS, f"schedules of {name}", DAY_MS)
    if controller.is_relay:
        yield _task(THERMOSTAT_OF + serial, TaskKind.EVENTS, f"thermostat of {name}", DAY_MS)


def _task(key: str, kind: TaskKind, label: str, every_ms: int) -> Task:
    return Task(key=key, kind=kind, label=label, every_ms=every_ms)
