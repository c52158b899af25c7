"""Owners with their devices, over the reference store: what face tests need around a face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ownclimate.core.access import ALL_PERMISSIONS, Access
from ownclimate.core.accounts import register_account
from ownclimate.core.devices import create_device
from ownclimate.core.errors import Unauthenticated
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Arrivals, Batch, OriginKind, origin_number
from ownclimate.core.things import Account, Device
from ownclimate.core.writes import Actor
from ownclimate.store.memory import MemoryDirectory, MemoryRawArchive
from ownclimate.store.memory_series import MemorySeries
from ownclimate.web.dispatch import Application, RequestEntry
from ownclimate.web.tables import Dialect
from tests.fakes import FakeClock, SeededEntropy
from tests.fakes.http import Client

ACTOR = Actor(via="test")


def memory_ports(clock: FakeClock, entropy: SeededEntropy) -> Ports:
    return Ports(
        directory=MemoryDirectory(),
        series=MemorySeries(),
        raw=MemoryRawArchive(),
        clock=clock,
        entropy=entropy,
        arrivals=Arrivals(clock),
    )


class Households:
    """Accounts whose tokens are their names, and the devices they own."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.accesses: dict[str, Access] = {}
        self.accounts: dict[str, Account] = {}

    async def add(self, name: str) -> Account:
        account = await register_account(
            self.ports, ACTOR, email=f"{name}@example.org", password_hash="-", first_name=name.title()
        )
        self.accounts[name] = account
        self.accesses[name] = Access(
            owner_id=account.owner_id,
            account_id=account.id,
            client_id=f"client-of-{name}",
            permissions=ALL_PERMISSIONS,
            via="token",
        )
        return account

    async def authenticate(self, token: str) -> Access:
        if token not in self.accesses:
            raise Unauthenticated("the access token is unknown or was revoked")
        return self.accesses[token]

    async def device(self, owner: str, model: str, vendor_id: str, **more: Any) -> Device:
        more.setdefault("vendor", "mclimate")
        return await create_device(
            self.ports, self.accounts[owner].owner_id, ACTOR, model=model, vendor_id=vendor_id, **more
        )

    async def record(
        self, device: Device, times_ms: Sequence[int], columns: Mapping[str, Sequence[float | None]]
    ) -> None:
        await self.ports.series.record(
            [
                Batch(
                    device=device.number,
                    times_ms=np.array(times_ms, dtype=np.int64),
                    columns={
                        name: np.array([np.nan if v is None else v for v in values], dtype=np.float64)
                        for name, values in columns.items()
                    },
                    origin=origin_number(1, OriginKind.DEVICE),
                    arrived_ms=self.ports.arrivals.next_ms(),
                )
            ]
        )

    def client(self, *dialects: Dialect, token: str = "") -> Client:
        """A client of a server with these dialects; with `token` it sends it with every request."""
        entries: list[RequestEntry] = []
        app = Application(
            dialects=dialects,
            ports=self.ports,
            authenticators={"token": self.authenticate},
            observers=[entries.append],
        )
        client = Client(app, entries, dialects)
        if token:
            client.headers["authorization"] = f"Bearer {token}"
        return client
