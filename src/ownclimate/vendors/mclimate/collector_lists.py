"""What stands in the account's lists: places, controllers with their last readings, and whether they are
still there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.linking import list_linked
from ownclimate.core.things import Ability
from ownclimate.vendors.mclimate import collector_tasks as tasks
from ownclimate.vendors.mclimate import vocabulary
from ownclimate.vendors.mclimate.collector_account import Account, Controller
from ownclimate.vendors.mclimate.collector_calls import Calls, Heard
from ownclimate.vendors.mclimate.collector_ledger import Ledger
from ownclimate.vendors.mclimate.collector_reading import items_of, last_page, text_of, truth_of, whole_of
from ownclimate.vendors.mclimate.collector_state import record_log
from ownclimate.vendors.mclimate.collector_things import Things
from ownclimate.vendors.mclimate.face import hal

LIST_ROWS: Final = str(hal.MAX_PAGE_SIZE)
_ITEMS: Final = {
    tasks.BUILDINGS: "building",
    tasks.FLOORS: "floor",
    tasks.ROOMS: "room",
    tasks.CONTROLLERS: "controller",
}
"""By list what its items are called."""


@dataclass(slots=True, kw_only=True)
class Lists:
    calls: Calls
    things: Things
    ledger: Ledger
    early: dict[str, tuple[Mapping[str, Any], Heard]] = field(default_factory=dict)
    """By serial the last item of those of which nobody knows yet whether they have a log."""

    async def read_user(self) -> bool:
        """Whose account it is, for the time zone of a home that the cloud does not tell of."""
        heard = await self.calls.tolerated(
            "/v1/users/me", "the account", headers={"accept-response": "Advanced"}
        )
        if heard is None:
            return False
        await self.calls.keep(heard, "users")
        users = items_of(heard.document, "users")
        relation = users[0].get("_relation") if users else None
        country = relation.get("country") if isinstance(relation, Mapping) else None
        zone = text_of(country.get("time_zone")) if isinstance(country, Mapping) else ""
        await self.ledger.save(dataclasses.replace(await self.ledger.account(), time_zone=zone))
        return bool(users)

    async def read_list(self, name: str, page: int) -> bool:
        query = {"limit": LIST_ROWS, "page": str(page)}
        if name == tasks.CONTROLLERS:
            heard: Heard | None = await self.calls.get(f"/v1/{name}", name, query)
        else:
            heard = await self.calls.tolerated(f"/v1/{name}", name, query)
        items = [] if heard is None else items_of(heard.document, _ITEMS[name])
        last = 1 if heard is None else last_page(heard.document)
        if heard is not None:
            await self.calls.keep(heard, name)
            for item in items:
                if name == tasks.BUILDINGS:
                    await self.things.places.hear_building(item)
                elif name == tasks.ROOMS:
                    account = await self.ledger.account()
                    await self.things.places.hear_room(item, account.floors, account.time_zone)
        account = (await self.ledger.account()).with_list(name, page, last, is_empty=not items)
        if name == tasks.FLOORS:
            floors = {text_of(item.get("id")): text_of(item.get("name")) for item in items}
            account = dataclasses.replace(account, floors={**account.floors, **floors})
        if heard is not None and name == tasks.CONTROLLERS:
            account = await self._hear_controllers(account, heard, items, page, last)
        await self.ledger.save(account)
        return bool(items)

    async def _hear_controllers(
        self, account: Account, heard: Heard, items: Sequence[Mapping[str, Any]], page: int, last: int
    ) -> Account:
        told: dict[str, Controller] = {}
        sources = await list_linked(self.calls.ports.directory, self.calls.owner_id)
        linked = {source.id for source in sources}
        for item in items:
            device = await self.things.hear_controller(
                item, heard.at_ms, linked, zone=account.time_zone, may_place=tasks.ROOMS in account.lists
            )
            serial = text_of(item.get("serial_number"))
            if device is None:
                account = account.without(serial)
                continue
            if item.get("deleted_at"):
                await self.things.lose(device, heard.at_ms)
            before = account.controllers.get(serial, Controller(type=""))
            told[serial] = dataclasses.replace(
                before,
                type=text_of(item.get("type")),
                number=whole_of(item.get("id")) or before.number,
                name=text_of(item.get("name")),
                mac=text_of(item.get("mac")),
                is_online=truth_of(item.get("online", True)),
                is_relay=Ability.RELAY in device.abilities or device.model in vocabulary.RELAY_TYPES,
                is_gone=bool(item.get("deleted_at")),
            )
            await record_log(self.calls, device, told[serial], item, heard)
            if told[serial].has_log is None:
                self.early[serial] = item, heard
        return account.with_page(page, last, told)

    async def look_for(self, serial: str) -> bool:
        """A controller that is on no page: it was removed, or moved from page to page meanwhile."""
        device, _ = await self.ledger.device_of(serial)
        account = await self.ledger.account()
        missing = tuple(each for each in account.missing if each != serial)
        account = dataclasses.replace(account, missing=missing)
        heard = await self.calls.tolerated(
            f"/v1/controllers/{hal.segment(serial)}", f"controller {serial}", is_forbidden_too=False
        )
        items = [] if heard is None else items_of(heard.document, "controller")
        if heard is not None:
            await self.calls.keep(heard, "controller", device)
        if heard is None or (items and items[0].get("deleted_at")):
            await self.things.lose(device, self.calls.ports.clock.now_ms())
            account = account.with_controller(serial, is_gone=True, is_online=False)
        await self.ledger.save(account)
        return True
