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
CONTROLLER: Final = "controller "


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
            head = from_body(Account, dict(await self.memory.recall(ACCOUNT)))
            rows = await self.memory.recall_all(CONTROLLER)
            controllers = {
                name.removeprefix(CONTROLLER): from_body(Controller, dict(body))
                for name, body in rows.items()
            }
            self._account = dataclasses.replace(head, controllers=controllers)
        return self._account

    async def save(self, account: Account) -> None:
        """What is new; each controller is a document of its own, however many there are."""
        before = await self.account()
        for serial, controller in account.controllers.items():
            if controller != before.controllers.get(serial):
                await self.memory.remember(CONTROLLER + serial, to_body(controller))
        for serial in before.controllers.keys() - account.controllers.keys():
            await self.memory.forget(CONTROLLER + serial)
        head = dataclasses.replace(account, controllers={})
        if head != dataclasses.replace(before, controllers={}):
            await self.memory.remember(ACCOUNT, to_body(head))
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
