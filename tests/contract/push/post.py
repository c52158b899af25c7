"""A household with cameras and radiators, an app with tokens, and the courier at work between them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from ownclimate.core.people import note_seen
from ownclimate.core.sites import create_room, create_site
from ownclimate.core.things import Account, Device, Room, Site
from ownclimate.oauth import tokens
from ownclimate.oauth.own_tokens import generate_tokens
from ownclimate.push.addresses import AddressPolicy
from ownclimate.push.courier import Courier
from ownclimate.push.hooks import Hook, list_hooks
from ownclimate.pushing import RegisteredApps, relay
from ownclimate.store.memory import MemoryDirectory
from ownclimate.vendors.netatmo.face.dialect import netatmo_dialect
from ownclimate.vendors.netatmo.pushes import netatmo_voice
from ownclimate.vendors.netatmo.vocabulary import PRODUCTS
from ownclimate.web.dispatch import Application
from tests.contract.oauth.world import ISSUER, App, World
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.households import ACTOR
from tests.fakes.http import Client

ANYWHERE = AddressPolicy(ports=frozenset(), allows_private=True)
SCOPES = ("read_camera", "write_camera", "read_thermostat", "read_smokedetector", "read_station")
AUNT, COUSIN = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"


@dataclass
class Post:
    world: World
    ada: Account
    home: Site
    room: Room
    camera: Device
    courier: Courier
    policy: AddressPolicy

    @classmethod
    async def build(cls, policy: AddressPolicy = ANYWHERE, holder: str = "here") -> Post:
        clock = FakeClock()
        world = await World.over(MemoryDirectory(), clock, SeededEntropy(4)).with_signing_key()
        ada = await world.person("ada")
        ports, owner = world.ports, ada.owner_id
        home = await create_site(ports, owner, ACTOR, name="Mill")
        room = await create_room(ports, owner, ACTOR, site_id=home.id, name="Parlour")
        camera = await _netatmo(world, "NACamera", 1, home)
        await _netatmo(world, "NATherm1", 2, home, room_id=room.id)
        await note_seen(ports, owner, ACTOR, home, {AUNT: "Aunt", COUSIN: ""}, clock.now_ms())
        clock.advance(1)
        courier = Courier(
            ports=ports,
            voices={"netatmo": netatmo_voice("https://climate.example")},
            apps=RegisteredApps(server=world.server),
            policy=policy,
            holder=holder,
        )
        return cls(world, ada, home, room, camera, courier, policy)

    async def app(self, scopes: Iterable[str] = SCOPES, **form: Any) -> tuple[App, Client]:
        """A registered app of Ada's, and an HTTP client with a token of hers for it."""
        app = await self.world.app(self.ada, "netatmo", **form)
        wanted = list(scopes)
        issued = await generate_tokens(
            self.world.server,
            ACTOR,
            app.client,
            account_id=self.ada.id,
            owner_id=self.ada.owner_id,
            scopes=wanted,
            issuer=ISSUER,
        )
        return app, self.client(issued.access_token)

    def client(self, token: str) -> Client:
        dialect, entries = netatmo_dialect(webhook_addresses=self.policy), []
        world = self.world

        async def authenticate(text: str) -> Any:
            return await tokens.check(
                world.ports.directory, world.server.dialects, text, world.clock.now_ms()
            )

        application = Application(
            dialects=(dialect,),
            ports=world.ports,
            authenticators={"token": authenticate},
            observers=[entries.append],
        )
        client = Client(application, entries, (dialect,))
        client.headers["authorization"] = f"Bearer {token}"
        return client

    async def hooks(self) -> list[Hook]:
        return await list_hooks(self.world.ports.directory, self.ada.owner_id)

    def pass_time(self, seconds: float) -> None:
        """Moves the clock and lets the courier notice."""
        self.world.clock.advance(seconds)
        self.courier.wake()

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """The relay and the courier run."""
        tasks = [
            asyncio.create_task(relay(self.world.ports, self.courier)),
            asyncio.create_task(self.courier.run()),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _netatmo(world: World, model: str, number: int, site: Site, **more: Any) -> Device:
    wire_id = f"70:ee:50:0b:00:{number:02}"
    return await world.households.device(
        "ada",
        model,
        wire_id,
        vendor="netatmo",
        name=f"The {model}",
        site_id=site.id,
        abilities=PRODUCTS[model].abilities,
        given_aliases={"netatmo": wire_id},
        **more,
    )


async def register(client: Client, url: str) -> None:
    answer = await client.request("POST", "/webhooks/v1", json_body={"url": url})
    assert answer.status == 200, answer.body
