"""The account as it is remembered, and the devices that stand for its controllers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import NotFound
from ownclimate.core.things import Device
from ownclimate.sync.collector import Memory
from ownclimate.vendors.mclimate.collector_account import Account, Controller
from ownclimate.vendors.mclimate.collector_things import Things

ACCOUNT: Final = "account"


class Hidden(NotFound):
    """Its owner took the device out of sight here: nothing more is asked about it."""


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Read once; written when something is new."""

    memory: Memory
    things: Things
    _account: Account | None = None

    async def account(self) -> Account:
        if self._account is None:
            self._account = from_body(Account, dict(await self.memory.recall(ACCOUNT)))
        return self._account

    async def save(self, account: Account) -> None:
        if account != self._account:
            await self.memory.remember(ACCOUNT, to_body(account))
            self._account = account

    async def note(self, serial: str, **changes: Any) -> None:
        """What is new of a controller."""
        await self.save((await self.account()).with_controller(serial, **changes))

    async def miss(self, serial: str) -> None:
        """The cloud knows nothing of a controller that it had: it is to be looked for."""
        account = await self.account()
        missing = tuple(sorted({*account.missing, serial}))
        await self.save(dataclasses.replace(account, missing=missing))

    async def find(self, serial: str) -> Device | None:
        known = (await self.account()).controllers.get(serial)
        return await self.things.find(serial, "" if known is None else known.mac)

    async def device_of(self, serial: str) -> tuple[Device, Controller]:
        """Raises Hidden."""
        known = (await self.account()).controllers.get(serial)
        device = await self.find(serial)
        if known is None or device is None:
            await self.save((await self.account()).without(serial))
            raise Hidden(f"device {serial} here")
        return device, known
