"""Collecting from SmartBuildings' cloud: which calls there are, and what their answers are to the store.

The cloud keeps no history and has no call for many thermostats at once, so each thermostat is asked for each
part of it, again and again, and every poll is kept as readings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from ownclimate.control.carriers import Delivery
from ownclimate.core.aliases import SMARTBUILDINGS
from ownclimate.core.errors import Garbled, InvalidInput, Unsupported
from ownclimate.core.forecasts import keep_forecast
from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.things import Command, CommandState, Device, Source
from ownclimate.sync.collector import Memory, Task
from ownclimate.sync.gaps import Page, PageRead
from ownclimate.sync.quota import Allowance, Meter, app_meter
from ownclimate.vendors.smartbuildings.collector_account import Account
from ownclimate.vendors.smartbuildings.collector_calls import Calls
from ownclimate.vendors.smartbuildings.collector_plan import (
    ALERTS,
    BUILDING,
    BUILDINGS,
    LIMITS,
    PARTS,
    THERMOSTATS,
    WEATHER,
    WEATHER_PART,
    tasks_of,
)
from ownclimate.vendors.smartbuildings.intake import Intake
from ownclimate.vendors.smartbuildings.mapping import (
    REACHABLE,
    alert_settings_of,
    alerts_of,
    building_of,
    events_of,
    status_of,
    summary_of,
)
from ownclimate.vendors.smartbuildings.orders import (
    EVENTS,
    SETTINGS,
    STATUS,
    SUMMARY,
    is_done,
    request_of,
)
from ownclimate.vendors.smartbuildings.sensing import sensors_of
from ownclimate.vendors.smartbuildings.weather_said import outlooks_of

BASE_URL: Final = "https://api.sb.ecobee.com"
ACCOUNT: Final = "account"


@dataclass(slots=True)
class SmartBuildingsCollector:
    """`limits` are those of the client, whatever it asks for."""

    ports: Ports
    owner_id: OwnerId
    source: Source
    calls: Calls
    memory: Memory
    limits: tuple[Allowance, ...] = LIMITS
    _asked_ms: dict[str, int] = field(default_factory=dict)
    """By task when its last answer was asked for."""
    _planned: tuple[Account, list[Task]] | None = None

    @property
    def meters(self) -> Sequence[Meter]:
        return (app_meter(self.calls.cloud.base_url, self.calls.tokens.client.client_id, self.limits),)

    @property
    def page_rows(self) -> int:
        return 1

    async def prepare(self) -> None:
        await self.calls.tokens.access()

    async def plan(self) -> Sequence[Task]:
        account = await self._account()
        if self._planned is None or self._planned[0] != account:
            # It is asked for after each call, and hardly ever another one.
            self._planned = account, tasks_of(account, self.limits)
        return self._planned[1]

    async def fetch(self, task: Task) -> bool:
        kind, _, thing = task.key.partition(" ")
        asked_ms = self.ports.clock.now_ms()
        if kind == BUILDINGS:
            had_something = await self._take_buildings()
        elif kind == BUILDING:
            had_something = await self._take_building(thing)
        elif kind == THERMOSTATS:
            had_something = await self._take_thermostats(thing)
        elif kind == WEATHER:
            had_something = await self._take_weather(thing)
        else:
            had_something = await self._take_part(kind, thing)
        self._asked_ms[task.key] = asked_ms
        return had_something

    async def fetch_page(self, task: Task, page: Page) -> PageRead:
        raise Unsupported("history", "SmartBuildings' cloud keeps no history")

    async def relay(self, device: Device, command: Command) -> Delivery:
        serial = device.aliases[SMARTBUILDINGS]
        account = await self._account()
        if serial not in account.thermostats:
            raise Unsupported(command.name, "SmartBuildings' cloud takes orders for its thermostats only")
        request = request_of(command)
        body = None if request.body is None else orjson.dumps(request.body)
        path = f"/api/v1/thermostats/{serial}{request.tail}"
        data = await self.calls.tell(request.method, path, body)
        if request.is_answered:
            await self._take(request.shows_in[0], serial, account, data)
            return Delivery(state=CommandState.CONFIRMED)
        return Delivery(is_awaited=True)

    async def shown_in(self, device: Device, command: Command) -> Sequence[str]:
        try:
            return [f"{part} {device.aliases[SMARTBUILDINGS]}" for part in request_of(command).shows_in]
        except (InvalidInput, Unsupported):
            return ()

    async def outcome(self, device: Device, command: Command) -> CommandState | None:
        """A later look at the part that shows it has to show it. That it shows something else says nothing:
        the order may be on its way, or somebody at the thermostat may have had another idea."""
        try:
            part = request_of(command).shows_in[0]
        except Unsupported:
            return None
        serial = device.aliases[SMARTBUILDINGS]
        if self._asked_ms.get(f"{part} {serial}", -1) < command.changed_ms:
            return None
        latest = (await self.ports.series.latest([device.number])).get(device.number, {})
        return CommandState.CONFIRMED if is_done(command, device, latest) else None

    async def close(self) -> None:
        await self.calls.cloud.close()

    async def _take_buildings(self) -> bool:
        data = await self.calls.ask(BUILDINGS, "/api/v1/buildingIds")
        account = await self._account()
        heard = account.with_buildings(_listed(data))
        await self._remember(account, heard)
        return True

    async def _take_building(self, building_id: str) -> bool:
        data = await self.calls.ask(BUILDING, f"/api/v1/buildings/{building_id}")
        said = building_of(_object(data))
        await (await self._intake()).hear_building(building_id, said)
        account = await self._account()
        await self._remember(account, account.with_building_name(building_id, said.name))
        return True

    async def _take_thermostats(self, building_id: str) -> bool:
        data = await self.calls.ask(THERMOSTATS, f"/api/v1/buildings/{building_id}/thermostats")
        account = await self._account()
        heard = account.with_thermostats(building_id, _listed(data))
        await self._remember(account, heard)
        return True

    async def _take_weather(self, building_id: str) -> bool:
        serial = (await self._account()).thermostats_in(building_id)[0]
        data = await self.calls.ask(WEATHER, f"/api/v1/thermostats/{serial}{WEATHER_PART.tail}")
        outlooks = outlooks_of(_object(data))
        site = await (await self._intake()).find_site(building_id)
        if site is not None:
            await keep_forecast(self.ports, self.owner_id, site.id, outlooks)
        return bool(outlooks)

    async def _take_part(self, part: str, serial: str) -> bool:
        account = await self._account()
        data = await self.calls.ask(part, f"/api/v1/thermostats/{serial}{PARTS[part].tail}", serial)
        return await self._take(part, serial, account, _object(data))

    async def _take(self, part: str, serial: str, account: Account, data: Mapping[str, Any]) -> bool:
        """False for a thermostat that its owner removed here: it need not be asked for so often."""
        building_id = account.thermostats[serial][0]
        intake, now_ms = await self._intake(), self.ports.clock.now_ms()
        if part in _PLAIN:
            said = _PLAIN[part](data)
            device = await intake.hear_thermostat(serial, building_id, part, said)
            if device is None:
                return False
            if part == SUMMARY:
                await self._remember(account, account.with_thermostat_name(serial, said.name))
            await intake.record([(device, said.values)], now_ms, is_connected=_is_connected(device))
            return True
        device = await intake.find_thermostat(serial)
        if device is None:
            return False
        if part == ALERTS:
            await intake.hear_alerts(device, alerts_of(data))
        else:
            heard = await intake.hear_sensors(device, *sensors_of(data))
            await intake.record(heard, now_ms, is_connected=_is_connected(device))
        return True

    async def _account(self) -> Account:
        return Account.of_body(await self.memory.recall(ACCOUNT))

    async def _remember(self, before: Account, after: Account) -> None:
        """Thermostats that are gone are out of reach from now on."""
        for serial in before.thermostats.keys() - after.thermostats.keys():
            await (await self._intake()).lose(serial)
        if after != before:
            await self.memory.remember(ACCOUNT, after.to_body())

    async def _intake(self) -> Intake:
        return await Intake.open(self.ports, self.owner_id, self.source)


_PLAIN: Final[Mapping[str, Callable[[Any], Any]]] = {
    SUMMARY: summary_of,
    SETTINGS: alert_settings_of,
    STATUS: status_of,
    EVENTS: events_of,
}
"""Parts that are about the thermostat itself alone."""


def _is_connected(device: Device) -> bool:
    reachable = device.reports.get(REACHABLE)
    return reachable is None or bool(reachable.value)


def _listed(data: Any) -> Mapping[str, Any]:
    """A list has items, be they none: without them nobody may be taken to be gone."""
    if not isinstance(data, Mapping) or not isinstance(data.get("items"), list):
        raise Garbled("the cloud's answer holds no list")
    return data


def _object(data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise Garbled("the cloud's answer holds nothing that can be understood")
    return data
