"""Collecting from MClimate's cloud: which calls there are, and their answers into the store.

Every answer is archived as it came. The log of a controller (`controller_log`) is its history, with exact
instants. Lists and `provider/fetch` tell the last reading once more, with rounded instants or none, so they
are recorded only where the cloud has no log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ownclimate.control.carriers import Delivery
from ownclimate.core.errors import Forbidden, InvalidInput, NotFound, Unreachable
from ownclimate.core.things import Command, CommandState, Device
from ownclimate.sync.collector import Task
from ownclimate.sync.gaps import Page, PageRead
from ownclimate.sync.quota import Allowance, Meter, app_meter, user_meter
from ownclimate.sync.tokens import TokenSpent
from ownclimate.vendors.mclimate import collector_tasks as tasks
from ownclimate.vendors.mclimate.collector_activity import EXECUTOR
from ownclimate.vendors.mclimate.collector_calls import Calls, Heard
from ownclimate.vendors.mclimate.collector_history import PAGE_ROWS, History
from ownclimate.vendors.mclimate.collector_http import DeviceGarbled, DeviceSilent
from ownclimate.vendors.mclimate.collector_ledger import Hidden, Ledger
from ownclimate.vendors.mclimate.collector_lists import Lists
from ownclimate.vendors.mclimate.collector_orderly import Orderly
from ownclimate.vendors.mclimate.collector_orders import is_shown, request_of
from ownclimate.vendors.mclimate.collector_places import CLOUD
from ownclimate.vendors.mclimate.collector_reading import (
    Told,
    read_provider,
    text_of,
)
from ownclimate.vendors.mclimate.collector_state import record_log, record_told

BASE_URL: Final = "https://developer-api.seemelissa.com"
USER_LIMITS: Final = (Allowance(calls=60, span_ms=tasks.MINUTE_MS),)
APP_TIMES: Final = 10
"""How many times as much an app may with all its users. The vendor speaks of requests a minute and publishes
no numbers; these are those of our own server."""

Fetch = Callable[[str], Awaitable[bool]]


@dataclass(slots=True, kw_only=True)
class MClimateCollector:
    """`user_limits` replace the usual ones where a cloud has others."""

    calls: Calls
    ledger: Ledger
    lists: Lists
    orderly: Orderly
    since_ms: int = 0
    user_limits: tuple[Allowance, ...] = USER_LIMITS
    _told: dict[str, tuple[int, Told]] = field(default_factory=dict)
    """By serial what a controller was last said to be, and when it was asked for."""
    _early: dict[str, tuple[Told, Heard]] = field(default_factory=dict)
    """By serial what `provider/fetch` told while nobody knew whether there is a log."""

    @property
    def meters(self) -> Sequence[Meter]:
        client_id = self.calls.tokens.credentials.client_id
        return (
            user_meter(self.calls.source.id, self.user_limits),
            app_meter(self.calls.cloud.base_url, client_id, self.user_limits, APP_TIMES),
        )

    @property
    def page_rows(self) -> int:
        return PAGE_ROWS

    async def prepare(self) -> None:
        await self.calls.tokens.access()

    async def plan(self) -> Sequence[Task]:
        return list(tasks.planned(await self.ledger.account(), self.since_ms))

    async def fetch(self, task: Task) -> bool:
        key = task.key
        if key == tasks.USER:
            return await self.lists.read_user()
        if key == tasks.FENCES:
            return await self.orderly.read_fences()
        if key.startswith(tasks.LIST):
            return await self.lists.read_list(*tasks.list_and_page(key))
        prefix = next(prefix for prefix in self._fetches if key.startswith(prefix))
        try:
            return await self._fetches[prefix](key.removeprefix(prefix))
        except Hidden:
            return False

    @property
    def _fetches(self) -> Mapping[str, Fetch]:
        """What is asked of a controller, by the beginning of the task's key."""
        return {
            tasks.MISSING: self.lists.look_for,
            tasks.STATE_OF: self._read_state,
            tasks.ACTIVITY_OF: self.orderly.read_activity,
            tasks.EARLIER_OF: self.orderly.read_earlier,
            tasks.SCHEDULES_OF: self.orderly.read_schedules,
            tasks.THERMOSTAT_OF: self.orderly.read_thermostat,
        }

    async def fetch_page(self, task: Task, page: Page) -> PageRead:
        serial = task.key.removeprefix(tasks.PAST_OF)
        device, known = await self.ledger.device_of(serial)
        try:
            read = await History(calls=self.calls).read(serial, device, known.type, page)
        except (NotFound, Forbidden, InvalidInput):
            # Whatever is told of the device elsewhere is all there is.
            await self.ledger.note(serial, has_log=False)
            await self._record_early(serial, device)
            raise
        await self.ledger.note(serial, has_log=True)
        self._forget_early(serial)
        return read

    async def relay(self, device: Device, command: Command) -> Delivery:
        serial, type_name = _serial_of(device), _type_of(device)
        request = request_of(type_name, device.firmware, command)
        body = request.body(serial, f"{EXECUTOR}{command.id}")
        try:
            heard = await self.calls.post("/v1/provider/send", f"{command.name} to {serial}", body)
        except DeviceGarbled:
            raise
        except (TokenSpent, DeviceSilent) as error:
            # It was not let in, or the cloud says that nothing is carried out.
            raise Unreachable(error.message) from error
        await self.calls.keep(heard, "send", device)
        return Delivery(state=CommandState.SENT, receipt={"sent_as": request.command}, is_awaited=True)

    async def shown_in(self, device: Device, command: Command) -> Sequence[str]:
        serial = _serial_of(device)
        return tasks.activity_key(serial), tasks.state_key(serial)

    async def outcome(self, device: Device, command: Command) -> CommandState | None:
        fate = self.orderly.activity.fates.get(command.id)
        if fate in (CommandState.CONFIRMED, CommandState.FAILED):
            return fate
        asked_ms, told = self._told.get(_serial_of(device), (0, Told()))
        if asked_ms >= command.changed_ms and is_shown(command, told.values, told.settings):
            return CommandState.CONFIRMED
        return None

    async def close(self) -> None:
        await self.calls.cloud.close()

    async def _read_state(self, serial: str) -> bool:
        device, known = await self.ledger.device_of(serial)
        asked_ms = self.calls.ports.clock.now_ms()
        body = {"serial_number": serial}
        try:
            heard = await self.calls.post("/v1/provider/fetch", f"state of {serial}", body)
        except DeviceSilent:
            return False
        except NotFound:
            await self.ledger.miss(serial)
            return False
        provider = heard.document.get("provider")
        if not isinstance(provider, Mapping):
            await self.calls.keep(heard, "fetch", device, note="nothing is told of the device")
            return False
        told = read_provider(known.type, provider)
        await record_told(self.calls, device, known, told, heard)
        if known.has_log is None:
            self._early[serial] = told, heard
        await self.ledger.things.hear_provider(device, told, heard.at_ms)
        self._told[serial] = (asked_ms, told)
        if told.is_online is not None:
            await self.ledger.note(serial, is_online=told.is_online)
        return bool(provider)

    async def _record_early(self, serial: str, device: Device) -> None:
        """What was told of a device before it was known that it has no log."""
        known = (await self.ledger.account()).controllers[serial]
        if (listed := self.lists.early.get(serial)) is not None:
            await record_log(self.calls, device, known, *listed)
        if (fetched := self._early.get(serial)) is not None:
            await record_told(self.calls, device, known, *fetched)
        self._forget_early(serial)

    def _forget_early(self, serial: str) -> None:
        self.lists.early.pop(serial, None)
        self._early.pop(serial, None)


def _serial_of(device: Device) -> str:
    """As the cloud has it, which is not what we call a device that we hear ourselves."""
    return text_of(device.kept.get(CLOUD, {}).get("serial_number")) or device.vendor_id


def _type_of(device: Device) -> str:
    return text_of(device.kept.get(CLOUD, {}).get("type")) or device.model
