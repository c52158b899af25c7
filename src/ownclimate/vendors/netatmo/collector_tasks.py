"""What there is to ask one account for, and how often, by what is known of it so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ownclimate.core.ids import Clock
from ownclimate.sync.collector import Memory, Task, TaskKind
from ownclimate.vendors.netatmo.collector_account import Account
from ownclimate.vendors.netatmo.collector_events import EventBook
from ownclimate.vendors.netatmo.collector_pictures import PictureQueue
from ownclimate.vendors.netatmo.collector_rooms import Watch
from ownclimate.vendors.netatmo.recognise import COACHES, HOMES, STATIONS

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
TOPOLOGY_EVERY_MS: Final = 6 * HOUR_MS
STATIONS_EVERY_MS: Final = 10 * MINUTE_MS
"""Stations upload so often."""
STATUS_EVERY_MS: Final = 5 * MINUTE_MS
EVENTS_EVERY_MS: Final = 5 * MINUTE_MS
HISTORY_EVERY_MS: Final = HOUR_MS
MOST_WAITING: Final = 200
"""Pictures that are wanted: as long as there are more, no earlier events are asked for."""
ACCOUNT: Final = "account"
"""A document of the memory; likewise what begins with `WATCH_OF` or `EVENTS_OF`, of a home."""
PICTURES: Final = "pictures"
STATUS_OF: Final = "status "
EVENTS_OF: Final = "events "
EARLIER_OF: Final = "earlier events "
PAST_OF: Final = "past "
ROOM_PAST_OF: Final = "room past "
WATCH_OF: Final = "watch "


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskList:
    """Keys say what a task is about: a method, or what begins them here with an id behind it."""

    memory: Memory
    pictures: PictureQueue
    clock: Clock
    since_ms: int

    async def all(self) -> Sequence[Task]:
        """In no order: the engine knows what goes first."""
        account = Account.of_body(await self.memory.recall(ACCOUNT))
        tasks = [
            Task(key=HOMES, kind=TaskKind.TOPOLOGY, label="homes and devices", every_ms=TOPOLOGY_EVERY_MS),
            Task(key=STATIONS, kind=TaskKind.STATE, label="weather stations", every_ms=STATIONS_EVERY_MS),
            Task(key=COACHES, kind=TaskKind.STATE, label="air monitors", every_ms=STATIONS_EVERY_MS),
        ]
        for home_id, name in account.homes.items():
            label = f"state of {name}"
            tasks.append(
                Task(key=status_key(home_id), kind=TaskKind.STATE, label=label, every_ms=STATUS_EVERY_MS)
            )
        waiting = await self.pictures.waiting()
        for home_id in sorted(account.watched):
            tasks += await self._event_tasks(home_id, account.homes[home_id], waiting)
        if waiting:
            tasks.append(await self._picture_task())
        for device_id, past in account.pasts.items():
            label = f"history of {past.product} {device_id}{'' if past.is_told else ' (no longer told of)'}"
            tasks.append(self._history_task(PAST_OF + device_id, label, since_ms=self.since_ms))
        for (home_id, room_id), name in account.rooms.items():
            tasks += await self._room_tasks(home_id, room_id, name)
        return tasks

    async def _event_tasks(self, home_id: str, name: str, pictures_waiting: int) -> list[Task]:
        book = EventBook.of_body(await self.memory.recall(EVENTS_OF + home_id))
        newest = Task(
            key=EVENTS_OF + home_id,
            kind=TaskKind.EVENTS,
            label=f"events of {name}",
            every_ms=0 if book.is_catching_up else EVENTS_EVERY_MS,
        )
        if not book.has_earlier(self.since_ms) or pictures_waiting >= MOST_WAITING:
            return [newest]
        earlier = Task(
            key=EARLIER_OF + home_id,
            kind=TaskKind.EVENTS,
            label=f"earlier events of {name}",
            every_ms=0,
            is_backlog=True,
        )
        return [newest, earlier]

    async def _picture_task(self) -> Task:
        lost = await self.pictures.lost()
        return Task(
            key=PICTURES,
            kind=TaskKind.EVENTS,
            label=f"pictures ({lost} could not be had)" if lost else "pictures",
            every_ms=await self.pictures.due_in_ms(self.clock.now_ms()),
            is_backlog=True,
        )

    async def _room_tasks(self, home_id: str, room_id: str, name: str) -> list[Task]:
        watch = Watch.of_body(await self.memory.recall(WATCH_OF + home_id))
        return [
            self._history_task(
                f"{ROOM_PAST_OF}{home_id}/{room_id}/{start_ms}",
                f"history of the room {name}",
                since_ms=max(start_ms, self.since_ms),
                until_ms=end_ms,
            )
            for start_ms, end_ms in watch.settled(self.clock.now_ms())
            if end_ms > self.since_ms
        ]

    def _history_task(self, key: str, label: str, *, since_ms: int, until_ms: int = 0) -> Task:
        return Task(
            key=key,
            kind=TaskKind.HISTORY,
            label=label,
            every_ms=HISTORY_EVERY_MS,
            since_ms=since_ms,
            until_ms=until_ms,
        )


def status_key(home_id: str) -> str:
    """Of the task that asks for the state of a home."""
    return STATUS_OF + home_id.lower()
