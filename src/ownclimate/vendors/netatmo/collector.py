"""Collecting from Netatmo's cloud: which calls there are, and their answers into the store.

Answers go through the importer, so they are archived as they came and mean what recorded ones mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.control.carriers import Delivery
from ownclimate.core.errors import Garbled, InvalidInput, Unsupported
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.things import Command, CommandState, Device, Source
from ownclimate.core.writes import BY_CLOUD
from ownclimate.links.http import Cloud
from ownclimate.sync.collector import Memory, Task
from ownclimate.sync.gaps import Page, PageRead
from ownclimate.sync.quota import Allowance, Meter, app_meter, user_meter
from ownclimate.sync.tokens import TokenSpent
from ownclimate.vendors.netatmo.collector_account import HALF_HOURS, Account
from ownclimate.vendors.netatmo.collector_events import PAGE_EVENTS, EventBook, events_in
from ownclimate.vendors.netatmo.collector_history import PAGE_ROWS, Asked, History, stamps_in
from ownclimate.vendors.netatmo.collector_http import read_success
from ownclimate.vendors.netatmo.collector_links import link_devices
from ownclimate.vendors.netatmo.collector_pictures import PictureQueue
from ownclimate.vendors.netatmo.collector_relay import CommandRelay
from ownclimate.vendors.netatmo.collector_rooms import Watch
from ownclimate.vendors.netatmo.collector_tasks import (
    ACCOUNT,
    EARLIER_OF,
    EVENTS_OF,
    PAST_OF,
    PICTURES,
    ROOM_PAST_OF,
    STATUS_OF,
    WATCH_OF,
    TaskList,
    status_key,
)
from ownclimate.vendors.netatmo.collector_tokens import TokenChain
from ownclimate.vendors.netatmo.importer import import_payload
from ownclimate.vendors.netatmo.measure_request import ROOM_MEASURE
from ownclimate.vendors.netatmo.recognise import EVENTS, HOMES, STATUS
from ownclimate.vendors.netatmo.words import epoch_ms

BASE_URL: Final = "https://api.netatmo.com"
HOUR_MS: Final = 3_600_000
USER_LIMITS: Final = (Allowance(calls=50, span_ms=10_000), Allowance(calls=500, span_ms=HOUR_MS))
APP_TIMES: Final = 4
"""How many times as much an app may with all its users, as published; one with more than 100 users more."""


@dataclass(slots=True)
class NetatmoCollector:
    """`user_limits` replace those of the vendor where another cloud has others."""

    ports: Ports
    owner_id: OwnerId
    source: Source
    cloud: Cloud
    tokens: TokenChain
    memory: Memory
    pictures: PictureQueue
    since_ms: int = 0
    user_limits: tuple[Allowance, ...] = USER_LIMITS
    history: History = field(default_factory=History)
    commands: CommandRelay = field(init=False)

    def __post_init__(self) -> None:
        self.commands = CommandRelay(
            ports=self.ports,
            owner_id=self.owner_id,
            cloud=self.cloud,
            tokens=self.tokens,
            status_of=status_key,
            topology=HOMES,
        )

    @property
    def meters(self) -> Sequence[Meter]:
        client_id = self.tokens.app.client_id
        return (
            user_meter(self.source.id, self.user_limits),
            app_meter(self.cloud.base_url, client_id, self.user_limits, APP_TIMES),
        )

    @property
    def page_rows(self) -> int:
        return PAGE_ROWS

    async def prepare(self) -> None:
        await self.tokens.access()

    async def plan(self) -> Sequence[Task]:
        tasks = TaskList(
            memory=self.memory, pictures=self.pictures, clock=self.ports.clock, since_ms=self.since_ms
        )
        return await tasks.all()

    async def fetch(self, task: Task) -> bool:
        if task.key.startswith(STATUS_OF):
            return await self._fetch_status(task.key.removeprefix(STATUS_OF))
        if task.key.startswith(EVENTS_OF):
            return await self._fetch_newest_events(task.key.removeprefix(EVENTS_OF))
        if task.key.startswith(EARLIER_OF):
            return await self._fetch_earlier_events(task.key.removeprefix(EARLIER_OF))
        if task.key == PICTURES:
            await self.pictures.fetch_next()
            return True
        said = await self._call(task.key, {})
        body = said.get("body")
        if not isinstance(body, Mapping):
            # An account without any has an empty list there.
            raise Garbled(f"the cloud's answer tells nothing of {task.label}")
        await link_devices(self.ports, self.owner_id, BY_CLOUD, self.source, body)
        account = Account.of_body(await self.memory.recall(ACCOUNT))
        heard = account.with_homes(body) if task.key == HOMES else account.with_stations(body, task.key)
        if heard != account:
            await self.memory.remember(ACCOUNT, heard.to_body())
        return bool(body.get("homes") or body.get("devices"))

    async def fetch_page(self, task: Task, page: Page) -> PageRead:
        now_ms = self.ports.clock.now_ms()
        if task.key.startswith(ROOM_PAST_OF):
            home_id, room_id, _ = task.key.removeprefix(ROOM_PAST_OF).split("/")
            asked = self.history.ask_room(task.key, home_id, room_id, HALF_HOURS, page, now_ms)
        else:
            device_id = task.key.removeprefix(PAST_OF)
            past = Account.of_body(await self.memory.recall(ACCOUNT)).pasts[device_id]
            asked = self.history.ask_device(task.key, device_id, past, page, now_ms)
        try:
            said = await self._call(asked.method, asked.parameters, asked)
        except InvalidInput:
            if not asked.goes_backwards:
                raise
            return self.history.refused(task.key, asked, now_ms)
        return self.history.read(task.key, asked, said.get("body"), self._asked_ms(said))

    async def relay(self, device: Device, command: Command) -> Delivery:
        return await self.commands.relay(device, command)

    async def shown_in(self, device: Device, command: Command) -> Sequence[str]:
        return await self.commands.shown_in(device, command)

    async def outcome(self, device: Device, command: Command) -> CommandState | None:
        return await self.commands.outcome(device, command)

    async def close(self) -> None:
        await self.tokens.close()
        await self.pictures.close()
        await self.cloud.close()

    async def _fetch_status(self, home_id: str) -> bool:
        began_ms = self.ports.clock.now_ms()
        said = await self._call(STATUS, {"home_id": home_id})
        watch = Watch.of_body(await self.memory.recall(WATCH_OF + home_id))
        await self.memory.remember(WATCH_OF + home_id, watch.seen(self._asked_ms(said)).to_body())
        body = said.get("body")
        home = body.get("home") if isinstance(body, Mapping) else None
        if not isinstance(home, Mapping):
            return False
        self.commands.hear(home_id, home, began_ms)
        return bool(home.get("modules") or home.get("rooms"))

    async def _fetch_newest_events(self, home_id: str) -> bool:
        book = EventBook.of_body(await self.memory.recall(EVENTS_OF + home_id))
        try:
            said = await self._call_for_events(home_id, book.marks[-1] if book.marks else "")
        except InvalidInput:
            if not book.marks:
                raise
            await self.memory.remember(EVENTS_OF + home_id, book.without_mark().to_body())
            return True
        page = events_in(said.get("body"))
        heard = book.with_newest(page)
        if heard != book:
            await self.memory.remember(EVENTS_OF + home_id, heard.to_body())
        return bool(page)

    async def _fetch_earlier_events(self, home_id: str) -> bool:
        book = EventBook.of_body(await self.memory.recall(EVENTS_OF + home_id))
        try:
            said = await self._call_for_events(home_id, book.floors[-1])
        except InvalidInput:
            # The event, or for a time the home, is unknown there.
            heard = book.without_floor()
            if heard is None:
                raise
        else:
            heard = book.with_earlier(events_in(said.get("body"), may_lack=False))
        await self.memory.remember(EVENTS_OF + home_id, heard.to_body())
        return True

    async def _call_for_events(self, home_id: str, after: str) -> dict[str, Any]:
        parameters = {"home_id": home_id, "size": str(PAGE_EVENTS)}
        return await self._call(EVENTS, parameters | ({"event_id": after} if after else {}))

    def _asked_ms(self, said: Mapping[str, Any]) -> int:
        """When, by the cloud's clock where it tells."""
        return epoch_ms(said.get("time_server")) or self.ports.clock.now_ms()

    async def _call(
        self, method: str, parameters: Mapping[str, str], asked: Asked | None = None
    ) -> dict[str, Any]:
        """The whole document, once it is archived and recorded."""
        token = await self.tokens.access()
        answer = await self.cloud.post(f"/api/{method}", parameters, token)
        try:
            document = read_success(answer)
        except TokenSpent:
            self.tokens.spend(token)
            raise
        measured: dict[str, Any] = {}
        if asked is not None:
            stamps_in(document.get("body"))
            measured = {
                "device": asked.subject.get("device_id"),
                "module": asked.subject.get("module_id"),
                "home": asked.subject.get("home_id"),
                "room": asked.subject.get("room_id"),
                "types": asked.past.types,
                "scale": asked.past.scale,
                "real_time": True,
            }
        report = await import_payload(
            self.ports,
            self.owner_id,
            BY_CLOUD,
            answer.payload,
            method=method,
            collected_by=self.source,
            answered_ms=answer.dated_ms or self.ports.clock.now_ms(),
            **measured,
        )
        if method == ROOM_MEASURE and document.get("body") and not report.is_taken:
            # Which device measures there was not to be told at the moment: that time must not seem known.
            raise Unsupported("a room's history", "; ".join(report.warnings))
        await self.pictures.want(report.pictures)
        return document
