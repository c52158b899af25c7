"""Collecting from MClimate's cloud: which calls there are, and their answers into the store.

Every answer is archived as it came. The log of a controller (`controller_log`) is its history, with exact
instants; what else a device tells comes from `provider/fetch`, which has none. So a quantity is recorded
from there only when the log, read up to the present, does not have it, or when there is no log.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.control.carriers import Delivery
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Forbidden, InvalidInput, NotFound, Unreachable
from ownclimate.core.things import Ability, Command, CommandState, Device
from ownclimate.sync.collector import Memory, Relayed, Task
from ownclimate.sync.gaps import Page, PageRead
from ownclimate.sync.quota import Allowance, Meter
from ownclimate.vendors.mclimate import collector_tasks as tasks
from ownclimate.vendors.mclimate import vocabulary
from ownclimate.vendors.mclimate.collector_account import Account, Controller
from ownclimate.vendors.mclimate.collector_activity import EXECUTOR, Activity
from ownclimate.vendors.mclimate.collector_calls import Calls, Heard
from ownclimate.vendors.mclimate.collector_history import PAGE_ROWS, History
from ownclimate.vendors.mclimate.collector_http import DeviceSilent, TokenSpent
from ownclimate.vendors.mclimate.collector_orders import is_shown, request_of
from ownclimate.vendors.mclimate.collector_places import CLOUD
from ownclimate.vendors.mclimate.collector_reading import (
    Told,
    items_of,
    last_page,
    read_provider,
    text_of,
    truth_of,
    whole_of,
)
from ownclimate.vendors.mclimate.collector_routines import Routines
from ownclimate.vendors.mclimate.collector_state import record_log, record_told
from ownclimate.vendors.mclimate.collector_things import Things
from ownclimate.vendors.mclimate.face import hal

BASE_URL: Final = "https://developer-api.seemelissa.com"
USER_LIMITS: Final = (Allowance(calls=60, span_ms=tasks.MINUTE_MS),)
APP_LIMITS: Final = (Allowance(calls=600, span_ms=tasks.MINUTE_MS),)
"""The vendor speaks of requests a minute and publishes no numbers; these are those of our own server."""
LIST_ROWS: Final = str(hal.MAX_PAGE_SIZE)
ACCOUNT: Final = "account"
_ITEMS: Final = {
    tasks.BUILDINGS: "building",
    tasks.FLOORS: "floor",
    tasks.ROOMS: "room",
    tasks.CONTROLLERS: "controller",
}
"""By list what its items are called."""

Fetch = Callable[[str], Awaitable[bool]]


@dataclass(slots=True, kw_only=True)
class MClimateCollector:
    """`user_limits` replace the usual ones where a cloud has others."""

    calls: Calls
    things: Things
    activity: Activity
    routines: Routines
    memory: Memory
    since_ms: int = 0
    user_limits: tuple[Allowance, ...] = USER_LIMITS
    _account: Account | None = None
    _told: dict[str, tuple[int, Told]] = field(default_factory=dict)
    """By serial what a controller was last said to be, and when it was asked for."""

    @property
    def meters(self) -> Sequence[Meter]:
        app = f"app {self.calls.cloud.base_url} {self.calls.tokens.credentials.client_id}"
        return (
            Meter(name=f"user {self.calls.source.id}", allowances=self.user_limits),
            Meter(name=app, allowances=APP_LIMITS),
        )

    @property
    def page_rows(self) -> int:
        return PAGE_ROWS

    async def prepare(self) -> None:
        await self.calls.tokens.access()

    async def plan(self) -> Sequence[Task]:
        return list(tasks.planned(await self._known(), self.since_ms))

    async def fetch(self, task: Task) -> bool:
        for prefix, fetch in self._fetches().items():
            if task.key.startswith(prefix):
                return await fetch(task.key.removeprefix(prefix))
        raise InvalidInput("task", f"nothing is known of {task.key}")

    async def fetch_page(self, task: Task, page: Page) -> PageRead:
        serial = task.key.removeprefix(tasks.PAST_OF)
        device, known = await self._device_of(serial)
        try:
            read, logged = await History(calls=self.calls).read(serial, device, known.type, page)
        except (NotFound, Forbidden, InvalidInput):
            # No such log: whatever is told of the device elsewhere is all there is.
            await self._note(serial, is_read=True)
            raise
        is_present = page.end_ms is None and (not read.is_full or page.is_of_longer_gap)
        await self._note(
            serial,
            logged=tuple(sorted(logged.union(known.logged))),
            is_read=known.is_read or is_present,
        )
        return read

    async def relay(self, device: Device, command: Command) -> Relayed:
        serial, type_name = _serial_of(device), _type_of(device)
        request = request_of(type_name, device.firmware, command)
        body = request.body(serial, f"{EXECUTOR}{command.id}")
        try:
            heard = await self.calls.post("/v1/provider/send", f"{command.name} to {serial}", body)
        except (TokenSpent, DeviceSilent) as error:
            # It was not let in, or the cloud says that nothing is carried out.
            raise Unreachable(error.message) from error
        await self.calls.keep(heard, "send", device)
        return Relayed(
            delivery=Delivery(state=CommandState.SENT, receipt={"sent_as": request.command}, is_awaited=True),
            look_again=(tasks.activity_key(serial), tasks.state_key(serial)),
        )

    async def outcome(self, device: Device, command: Command) -> CommandState | None:
        fate = self.activity.fates.get(command.id)
        if fate in (CommandState.CONFIRMED, CommandState.FAILED):
            return fate
        asked_ms, told = self._told.get(_serial_of(device), (0, Told()))
        if asked_ms >= command.changed_ms and is_shown(command, told.values, told.settings):
            return CommandState.CONFIRMED
        return None

    async def close(self) -> None:
        await self.calls.cloud.close()

    def _fetches(self) -> Mapping[str, Fetch]:
        """By the beginning of a task's key."""
        return {
            tasks.USER: self._fetch_user,
            tasks.LIST: self._fetch_list,
            tasks.MISSING: self._fetch_missing,
            tasks.STATE_OF: self._fetch_state,
            tasks.ACTIVITY_OF: self._fetch_activity,
            tasks.EARLIER_OF: self._fetch_earlier,
            tasks.SCHEDULES_OF: self._fetch_schedules,
            tasks.THERMOSTAT_OF: self._fetch_thermostat,
            tasks.FENCES: self._fetch_fences,
        }

    async def _fetch_user(self, _: str) -> bool:
        """Whose account it is, for the time zone of a home that the cloud does not tell of."""
        heard = await self._tolerated("/v1/users/me", "the account", headers={"accept-response": "Advanced"})
        if heard is None:
            return False
        await self.calls.keep(heard, "users")
        users = items_of(heard.document, "users")
        relation = users[0].get("_relation") if users else None
        country = relation.get("country") if isinstance(relation, Mapping) else None
        zone = text_of(country.get("time_zone")) if isinstance(country, Mapping) else ""
        await self._save(dataclasses.replace(await self._known(), time_zone=zone))
        return bool(users)

    async def _fetch_list(self, rest: str) -> bool:
        name, page = tasks.list_and_page(rest)
        query = {"limit": LIST_ROWS, "page": str(page)}
        if name == tasks.CONTROLLERS:
            heard: Heard | None = await self.calls.get(f"/v1/{name}", name, query)
        else:
            heard = await self._tolerated(f"/v1/{name}", name, query)
        items = [] if heard is None else items_of(heard.document, _ITEMS[name])
        last = 1 if heard is None else last_page(heard.document)
        if heard is not None:
            await self.calls.keep(heard, name)
            for item in items:
                if name == tasks.BUILDINGS:
                    await self.things.places.hear_building(item)
                elif name == tasks.ROOMS:
                    account = await self._known()
                    await self.things.places.hear_room(item, account.floors, account.time_zone)
        account = (await self._known()).with_list(name, page, last)
        if name == tasks.FLOORS:
            floors = {text_of(item.get("id")): text_of(item.get("name")) for item in items}
            account = dataclasses.replace(account, floors={**account.floors, **floors})
        if heard is not None and name == tasks.CONTROLLERS:
            account = await self._hear_controllers(account, heard, items, page, last)
        await self._save(account)
        return bool(items)

    async def _hear_controllers(
        self, account: Account, heard: Heard, items: Sequence[Mapping[str, Any]], page: int, last: int
    ) -> Account:
        told: dict[str, Controller] = {}
        for item in items:
            device = await self.things.hear_controller(
                item, heard.at_ms, zone=account.time_zone, may_place=tasks.ROOMS in account.lists
            )
            if device is None:
                continue
            serial = text_of(item.get("serial_number"))
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
        return account.with_page(page, last, told)

    async def _fetch_missing(self, serial: str) -> bool:
        """A controller that is on no page: it was removed, or moved from page to page meanwhile."""
        device, _ = await self._device_of(serial)
        account = await self._known()
        missing = tuple(each for each in account.missing if each != serial)
        account = dataclasses.replace(account, missing=missing)
        heard = await self._tolerated(
            f"/v1/controllers/{hal.segment(serial)}", f"controller {serial}", is_forbidden_too=False
        )
        items = [] if heard is None else items_of(heard.document, "controller")
        if heard is not None:
            await self.calls.keep(heard, "controller", device)
        if heard is None or (items and items[0].get("deleted_at")):
            await self.things.lose(device, self.calls.ports.clock.now_ms())
            account = account.with_controller(serial, is_gone=True, is_online=False)
        await self._save(account)
        return True

    async def _fetch_state(self, serial: str) -> bool:
        device, known = await self._device_of(serial)
        asked_ms = self.calls.ports.clock.now_ms()
        body = {"serial_number": serial}
        try:
            heard = await self.calls.post("/v1/provider/fetch", f"state of {serial}", body)
        except DeviceSilent:
            return False
        except NotFound:
            await self.things.lose(device, asked_ms)
            await self._note(serial, is_gone=True, is_online=False)
            return False
        provider = heard.document.get("provider")
        if not isinstance(provider, Mapping):
            await self.calls.keep(heard, "fetch", device, note="nothing is told of the device")
            return False
        told = read_provider(known.type, provider)
        await record_told(self.calls, device, known, told, heard)
        await self.things.hear_provider(device, told, heard.at_ms)
        self._told[serial] = (asked_ms, told)
        if told.is_online is not None:
            await self._note(serial, is_online=told.is_online)
        return bool(provider)

    async def _fetch_activity(self, serial: str) -> bool:
        """The newest page of what a controller was told; all of it when nothing was known before."""
        _, known = await self._device_of(serial)
        found = await self._take_activity(serial, 1)
        if found is None:
            return False
        is_new, has_more = found
        if not known.is_activity_known or (is_new and has_more):
            await self._note(serial, is_activity_known=True, activity_page=2 if has_more else 0)
        return is_new

    async def _fetch_earlier(self, serial: str) -> bool:
        """The next page of the past, until what was known, or the end. What came since moved entries on to
        it that were read already, so these alone do not end it."""
        _, known = await self._device_of(serial)
        found = await self._take_activity(serial, known.activity_page)
        has_more = found is not None and found[1]
        await self._note(serial, activity_page=known.activity_page + 1 if has_more else 0)
        return True

    async def _take_activity(self, serial: str, page: int) -> tuple[bool, bool] | None:
        """Whether all of a page was new, and whether there are more; None where there is no such log."""
        device, _ = await self._device_of(serial)
        query = {"sort": "-created", "limit": LIST_ROWS, "page": str(page)}
        path = f"/v1/command_log/{hal.segment(serial)}"
        heard = await self._tolerated(path, f"what {serial} was told", query)
        if heard is None:
            return None
        await self.calls.keep(heard, "command_log", device)
        items = items_of(heard.document, "command_log")
        is_new = await self.activity.take(device, items)
        return is_new and bool(items), last_page(heard.document) > page

    async def _fetch_schedules(self, serial: str) -> bool:
        device, _ = await self._device_of(serial)
        query = {"limit": LIST_ROWS}
        heard = await self._tolerated(f"/v1/schedules/{hal.segment(serial)}", f"schedules of {serial}", query)
        if heard is None:
            return False
        await self.calls.keep(heard, "schedules", device)
        items = items_of(heard.document, "schedules")
        await self.routines.take_schedules(device, items)
        return bool(items)

    async def _fetch_thermostat(self, serial: str) -> bool:
        device, _ = await self._device_of(serial)
        path = f"/v1/thermostat_mode/{hal.segment(serial)}"
        heard = await self._tolerated(path, f"thermostat of {serial}")
        if heard is None:
            return False
        await self.calls.keep(heard, "thermostat_mode", device)
        account = await self._known()
        is_any = False
        for item in items_of(heard.document, "thermostat_mode"):
            sensor_serial = account.number_of(whole_of(item.get("sensor_id")) or 0)
            sensor = await self._find(sensor_serial) if sensor_serial else None
            is_any |= await self.routines.take_thermostat(device, item, sensor)
        return is_any

    async def _fetch_fences(self, _: str) -> bool:
        heard = await self._tolerated("/v1/geofences", "geofences", {"limit": LIST_ROWS})
        if heard is None:
            return False
        await self.calls.keep(heard, "geofences")
        items = items_of(heard.document, "geofence")
        await self.routines.take_geofences(items, self._find)
        return bool(items)

    async def _tolerated(
        self,
        path: str,
        of: str,
        query: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        is_forbidden_too: bool = True,
    ) -> Heard | None:
        """None for what this cloud does not have, or does not show to this app."""
        try:
            return await self.calls.get(path, of, query, headers)
        except NotFound:
            return None
        except Forbidden:
            if not is_forbidden_too:
                raise
            return None

    async def _find(self, serial: str) -> Device | None:
        known = (await self._known()).controllers.get(serial)
        return await self.things.find(serial, "" if known is None else known.mac)

    async def _device_of(self, serial: str) -> tuple[Device, Controller]:
        """Raises NotFound for a device that its owner took out of sight here: nothing is asked about it."""
        known = (await self._known()).controllers.get(serial)
        device = await self._find(serial)
        if known is None or device is None:
            raise NotFound(f"device {serial} here")
        return device, known

    async def _known(self) -> Account:
        if self._account is None:
            self._account = from_body(Account, dict(await self.memory.recall(ACCOUNT)))
        return self._account

    async def _note(self, serial: str, **changes: Any) -> None:
        await self._save((await self._known()).with_controller(serial, **changes))

    async def _save(self, account: Account) -> None:
        if account != self._account:
            await self.memory.remember(ACCOUNT, to_body(account))
            self._account = account


def _serial_of(device: Device) -> str:
    """As the cloud has it, which is not what we call a device that we hear ourselves."""
    return text_of(device.kept.get(CLOUD, {}).get("serial_number")) or device.vendor_id


def _type_of(device: Device) -> str:
    return text_of(device.kept.get(CLOUD, {}).get("type")) or device.model
