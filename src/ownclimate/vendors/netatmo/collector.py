"""Collecting from Netatmo's cloud: which calls there are, and their answers into the store.

Answers go through the importer, so they are archived as they came and mean what recorded ones mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.errors import Garbled
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.things import Command, CommandState, Device, Source
from ownclimate.core.writes import Actor
from ownclimate.links.http import Cloud
from ownclimate.sync.collector import Memory, Relayed, Task, TaskKind
from ownclimate.sync.gaps import Page, PageRead, runs_of
from ownclimate.sync.quota import Allowance, Meter
from ownclimate.vendors.netatmo.collector_account import MEASURED, Account
from ownclimate.vendors.netatmo.collector_http import TokenSpent, read_success
from ownclimate.vendors.netatmo.collector_links import link_devices
from ownclimate.vendors.netatmo.collector_relay import CommandRelay
from ownclimate.vendors.netatmo.collector_tokens import TokenChain
from ownclimate.vendors.netatmo.importer import import_payload
from ownclimate.vendors.netatmo.recognise import COACHES, HOMES, MEASURE, STATIONS, STATUS
from ownclimate.vendors.netatmo.words import epoch_ms, integer

BASE_URL: Final = "https://api.netatmo.com"
PAGE_ROWS: Final = 1024
"""The most that getmeasure gives at once."""
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
TOPOLOGY_EVERY_MS: Final = 6 * HOUR_MS
STATIONS_EVERY_MS: Final = 10 * MINUTE_MS
"""Stations upload so often."""
STATUS_EVERY_MS: Final = 5 * MINUTE_MS
HISTORY_EVERY_MS: Final = HOUR_MS
USER_LIMITS: Final = (Allowance(calls=50, span_ms=10_000), Allowance(calls=500, span_ms=HOUR_MS))
APP_TIMES: Final = 4
"""How many times as much an app may with all its users, as published; one with more than 100 users more."""
SYNC: Final = Actor(via="sync")
ACCOUNT: Final = "account"
_STATUS_OF: Final = "status "
_PAST_OF: Final = "past "


@dataclass(slots=True)
class NetatmoCollector:
    """`user_limits` replace those of the vendor where another cloud has others."""

    ports: Ports
    owner_id: OwnerId
    source: Source
    cloud: Cloud
    tokens: TokenChain
    memory: Memory
    since_ms: int = 0
    user_limits: tuple[Allowance, ...] = USER_LIMITS
    commands: CommandRelay = field(init=False)

    def __post_init__(self) -> None:
        self.commands = CommandRelay(
            ports=self.ports,
            owner_id=self.owner_id,
            cloud=self.cloud,
            tokens=self.tokens,
            status_of=lambda home_id: _STATUS_OF + home_id.lower(),
        )

    @property
    def meters(self) -> Sequence[Meter]:
        app = f"app {self.cloud.base_url} {self.tokens.app.client_id}"
        app_limits = tuple(
            Allowance(calls=APP_TIMES * limit.calls, span_ms=limit.span_ms) for limit in self.user_limits
        )
        return (
            Meter(name=f"user {self.source.id}", allowances=self.user_limits),
            Meter(name=app, allowances=app_limits),
        )

    @property
    def page_rows(self) -> int:
        return PAGE_ROWS

    async def prepare(self) -> None:
        await self.tokens.access()

    async def plan(self) -> Sequence[Task]:
        account = Account.of_body(await self.memory.recall(ACCOUNT))
        tasks = [
            Task(key=HOMES, kind=TaskKind.TOPOLOGY, label="homes and devices", every_ms=TOPOLOGY_EVERY_MS),
            Task(key=STATIONS, kind=TaskKind.STATE, label="weather stations", every_ms=STATIONS_EVERY_MS),
            Task(key=COACHES, kind=TaskKind.STATE, label="air monitors", every_ms=STATIONS_EVERY_MS),
        ]
        for home_id, name in account.homes.items():
            label = f"state of {name}"
            tasks.append(
                Task(key=_STATUS_OF + home_id, kind=TaskKind.STATE, label=label, every_ms=STATUS_EVERY_MS)
            )
        for device_id, (_, product) in account.measured.items():
            task = Task(
                key=_PAST_OF + device_id,
                kind=TaskKind.HISTORY,
                label=f"history of {product} {device_id}",
                every_ms=HISTORY_EVERY_MS,
                since_ms=self.since_ms,
            )
            tasks.append(task)
        return tasks

    async def fetch(self, task: Task) -> bool:
        if task.key.startswith(_STATUS_OF):
            home_id, asked_ms = task.key.removeprefix(_STATUS_OF), self.ports.clock.now_ms()
            said = await self._call(STATUS, {"home_id": home_id})
            body = said.get("body")
            home = body.get("home") if isinstance(body, Mapping) else None
            if isinstance(home, Mapping):
                self.commands.hear(home_id, home, asked_ms)
            return isinstance(home, Mapping) and bool(home.get("modules") or home.get("rooms"))
        said = await self._call(task.key, {})
        body = said.get("body")
        account = Account.of_body(await self.memory.recall(ACCOUNT))
        heard = account.with_homes(body) if task.key == HOMES else account.with_stations(body)
        if heard != account:
            await self.memory.remember(ACCOUNT, heard.to_body())
        await link_devices(self.ports, self.owner_id, SYNC, self.source, body)
        return isinstance(body, Mapping) and bool(body.get("homes") or body.get("devices"))

    async def fetch_page(self, task: Task, page: Page) -> PageRead:
        device_id = task.key.removeprefix(_PAST_OF)
        account = Account.of_body(await self.memory.recall(ACCOUNT))
        gateway_id, product = account.measured[device_id]
        request = {
            "device_id": gateway_id,
            "scale": "max",
            "type": ",".join(MEASURED[product]),
            "limit": str(PAGE_ROWS),
            "optimize": "false",
            "real_time": "true",
        }
        if device_id != gateway_id:
            request["module_id"] = device_id
        if page.start_ms:
            request["date_begin"] = str(-(-page.start_ms // 1000))
        if page.end_ms is not None:
            request["date_end"] = str((page.end_ms - 1) // 1000)
        said = await self._call(MEASURE, request)
        stamps_ms = _stamps_ms(said.get("body", []))
        if stamps_ms and (
            stamps_ms[0] < page.start_ms or stamps_ms[-1] >= (page.end_ms or stamps_ms[-1] + 1)
        ):
            raise Garbled("the cloud answered with values of another time than it was asked for")
        return PageRead(
            rows=len(stamps_ms),
            is_full=len(stamps_ms) >= PAGE_ROWS,
            asked_ms=epoch_ms(said.get("time_server")) or self.ports.clock.now_ms(),
            first_ms=stamps_ms[0] if stamps_ms else 0,
            last_ms=stamps_ms[-1] if stamps_ms else 0,
            runs=runs_of(stamps_ms),
        )

    async def relay(self, device: Device, command: Command) -> Relayed:
        return await self.commands.relay(device, command)

    async def outcome(self, device: Device, command: Command) -> CommandState | None:
        return await self.commands.outcome(device, command)

    async def close(self) -> None:
        await self.tokens.close()
        await self.cloud.close()

    async def _call(self, method: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """The whole document, once it is archived and recorded."""
        token = await self.tokens.access()
        answer = await self.cloud.post(f"/api/{method}", parameters, token)
        try:
            document = read_success(answer)
        except TokenSpent:
            self.tokens.spend(token)
            raise
        measured = method == MEASURE
        if measured:
            _stamps_ms(document.get("body", []))
        await import_payload(
            self.ports,
            self.owner_id,
            SYNC,
            answer.payload,
            method=method,
            device=parameters["device_id"] if measured else None,
            module=parameters.get("module_id"),
            types=[parameters["type"]] if measured else None,
            scale=parameters["scale"] if measured else None,
            collected_by=self.source,
        )
        return document


def _stamps_ms(body: Any) -> list[int]:
    """Of the rows of a measure, ascending; none for the empty list that stands for no values.

    Raises Garbled for anything else: a history must not seem known because its answer was not understood.
    """
    if body == []:
        return []
    stamps = [integer(stamp) for stamp in body] if isinstance(body, Mapping) else [None]
    if None in stamps:
        raise Garbled("the cloud's answer holds no measures")
    return sorted(stamp * 1000 for stamp in stamps if stamp is not None)
