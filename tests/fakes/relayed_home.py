"""A household that collects a home from a cloud and may tell it something: both in this process, the cloud
behind real HTTP and answering with our own face.

Time is one clock's for both; it moves only in `Household.work`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from ownclimate.collecting import open_engine
from ownclimate.control.carriers import Delivery
from ownclimate.control.climate import ClimateKeeper
from ownclimate.control.delivery import Deliverer
from ownclimate.core.commands import list_commands
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import find_linked, link_source, open_secrets
from ownclimate.core.things import Account, Command, CommandState, Device, Source
from ownclimate.oauth.encryption import Cipher
from ownclimate.sync.engine import Engine
from ownclimate.sync.link import CloudLink
from ownclimate.sync.settings import checked_cloud
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.netatmo.importer import import_payload
from tests.contract.vendors.netatmo_world import payload
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.faulty_cloud import Fault
from tests.fakes.households import ACTOR, Households, memory_ports
from tests.fakes.http import Client
from tests.fakes.live import broken_off, passed_on

READING = frozenset(
    {"token", "homesdata", "homestatus", "getstationsdata", "gethomecoachsdata", "getevents"}
    | {"getmeasure", "getroommeasure", "getcamerapicture"}
)


@dataclass
class CloudServer:
    """`orders` are the calls that change something, with the path and body of each. A `spoilt` call is
    carried out and answered otherwise; with `is_deaf` it is answered so without being carried out."""

    households: Households
    account: Account
    client: Client
    orders: list[tuple[str, str]] = field(default_factory=list)
    spoilt: dict[str, deque[Fault]] = field(default_factory=dict)
    is_deaf: bool = False
    calls: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    port: int = 0
    _runner: web.AppRunner | None = None

    @classmethod
    async def furnished(cls, clock: FakeClock) -> CloudServer:
        households = Households(memory_ports(clock, SeededEntropy(11)))
        account = await households.add("ada")
        made = cls(households, account, households.client(netatmo_dialect(), token="ada"))
        for method in ("homesdata", "homestatus"):
            for name in (method, f"wiring_{method}"):
                said = json.dumps(payload(name)).encode()
                await import_payload(households.ports, account.owner_id, ACTOR, said, method=method)
        return made

    async def ask(self, target: str) -> Any:
        return (await self.client.get(f"/api/{target}")).json["body"]

    async def follow_time(self) -> None:
        """What the cloud does by itself."""
        await ClimateKeeper(self.households.ports, "cloud").look()

    def spoil(self, method: str, *faults: Fault) -> None:
        self.spoilt.setdefault(method, deque()).extend(faults)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.path.rpartition("/")[2]
        self.calls[method] += 1
        body = await request.read()
        if method not in READING:
            self.orders.append((method, f"{request.query_string} {body.decode()}".strip()))
        if method == "token":
            return web.json_response({"access_token": "ada", "refresh_token": "r", "expires_in": 10_800})
        waiting = self.spoilt.get(method)
        fault = waiting.popleft() if waiting else None
        payload = b""
        if fault is None or not self.is_deaf:
            found = await passed_on(request, self.client)
            payload = found.body
        if fault is None:
            self.statuses[found.status] += 1
            headers = {"content-type": found.headers.get("content-type", "")}
            return web.Response(status=found.status, body=payload, headers=headers)
        spoilt = fault(payload)
        return broken_off(request) if spoilt is None else spoilt


@dataclass
class _Way:
    """The carrier, in the place of a supervisor: this source's link and no other. With `is_dying` the process
    ends after what was sent went out."""

    household: Household
    is_dying: bool = False

    async def carries(self, owner_id: OwnerId, device: Device) -> bool:
        found = await find_linked(
            self.household.households.ports.directory, owner_id, device.link.get("source", "")
        )
        return found is not None

    async def deliver(self, owner_id: OwnerId, device: Device, command: Command) -> Delivery:
        delivery = await self.household.link.deliver(owner_id, device, command)
        if self.is_dying:
            await asyncio.Event().wait()
        return delivery

    async def inquire(self, owner_id: OwnerId, device: Device, command: Command) -> CommandState | None:
        return await self.household.link.inquire(owner_id, device, command)


@dataclass
class Household:
    """`way.is_dying` lets nothing be recorded of what is sent; `restart` then begins a new process."""

    households: Households
    account: Account
    client: Client
    source: Source
    vault: Cipher
    clock: FakeClock
    engine: Engine = field(init=False)
    link: CloudLink = field(init=False)
    way: _Way = field(init=False)
    deliverer: Deliverer = field(init=False)
    keeper: ClimateKeeper = field(init=False)

    @classmethod
    async def connected(cls, url: str, clock: FakeClock, *, relays: bool = True, **more: Any) -> Household:
        ports = memory_ports(clock, SeededEntropy(12))
        households = Households(ports)
        account = await households.add("ada")
        vault = Cipher(bytes(32), SeededEntropy(13))
        source = await link_source(
            ports,
            vault,
            account.owner_id,
            ACTOR,
            kind="netatmo",
            name="cloud",
            settings=checked_cloud(client_id="5f00", base_url=url, relays=relays, **more),
            secrets={"client_secret": "s", "refresh_token": "r"},
        )
        client = households.client(netatmo_dialect(), token="ada")
        made = cls(households, account, client, source, vault, clock)
        made.restart()
        return made

    def restart(self) -> None:
        ports, owner_id = self.households.ports, self.account.owner_id
        secrets = open_secrets(self.source, self.vault)
        self.engine = open_engine(ports, self.vault, owner_id, self.source, secrets)
        self.link = CloudLink(self.engine, relays=self.source.settings.get("relays", False))
        self.way = _Way(self)
        self.deliverer = Deliverer(ports, [self.way], "test")
        self.keeper = ClimateKeeper(ports, "test")

    async def read(self) -> None:
        """Whatever is due now."""
        while await self.engine.step() == 0:
            pass

    async def work(self, seconds: float = 0, *, step_s: float = 1) -> None:
        """What every job of a server does, now and in so many seconds."""
        await self._look()
        for _ in range(round(seconds / step_s)):
            self.clock.advance(step_s)
            await self._look()

    async def _look(self) -> None:
        await self.deliverer.look()
        if self.way.is_dying:
            await asyncio.sleep(0.2)
            return
        await self.deliverer.idle()
        await self.read()
        await self.keeper.look()

    async def die(self) -> None:
        """While a command is on its way."""
        self.way.is_dying = True
        await self.work()
        for task in list(self.deliverer._busy.values()):
            task.cancel()
        await asyncio.gather(*self.deliverer._busy.values(), return_exceptions=True)
        await self.engine.collector.close()

    async def close(self) -> None:
        await self.engine.collector.close()

    async def commands(self) -> list[Command]:
        directory, now_ms = self.households.ports.directory, self.clock.now_ms()
        found = await list_commands(directory, self.account.owner_id, now_ms)
        return sorted(found, key=lambda command: command.created_ms)

    async def ask(self, target: str) -> Any:
        return (await self.client.get(f"/api/{target}")).json["body"]


@contextlib.asynccontextmanager
async def cloud_of(clock: FakeClock) -> AsyncIterator[CloudServer]:
    cloud = await CloudServer.furnished(clock)
    await cloud.start()
    try:
        yield cloud
    finally:
        await cloud.stop()
