"""Looks at every relay that is a thermostat once in ten minutes, and switches it where that is wanted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

import structlog

from ownclimate.control.followed import Followed, followed_by
from ownclimate.control.pauses import Sleep
from ownclimate.control.shifts import work_in_shifts
from ownclimate.core import liveness
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.devices import list_devices
from ownclimate.core.errors import AppError, InvalidInput, Unsupported
from ownclimate.core.events import announce_events, record_event
from ownclimate.core.ids import DeviceId, OwnerId
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import SET_RELAY
from ownclimate.core.ports import Ports
from ownclimate.core.programmes import is_run_elsewhere, list_clouds
from ownclimate.core.standing import THERMOSTAT, last_switch
from ownclimate.core.thermostats import Thermostat, list_thermostats, remove_thermostat, wanted_state
from ownclimate.core.things import Device
from ownclimate.core.writes import Actor

LEASE: Final = "relay thermostats"
LOOK_EVERY_S: Final = 10.0
PERIOD_MS: Final = 10 * 60_000
EVENT: Final = "thermostat"
ACTOR: Final = Actor(via=THERMOSTAT)
TEMPERATURE: Final = "temperature_c"

log = structlog.get_logger("ownclimate")

_Look = tuple[int, int, float | None]
"""What it was looked at for: in which ten minutes, as changed when, with which target of a schedule."""


@dataclass(slots=True)
class RelayThermostats:
    """Works for every owner of the store. `sleep` takes seconds as `ports.clock` counts them."""

    ports: Ports
    holder: str
    sleep: Sleep = asyncio.sleep
    _looks: dict[DeviceId, _Look] = field(default_factory=dict)

    async def run(self) -> None:
        """Works for ever; cancel it to stop."""
        await work_in_shifts(self.ports, LEASE, self.holder, self._look_on, self.sleep, idle_s=LOOK_EVERY_S)

    async def _look_on(self) -> float:
        await self.look()
        return LOOK_EVERY_S

    async def look(self) -> None:
        """Works those whose ten minutes began, or that were changed, since they were last looked at."""
        for owner_id in await list_owner_ids(self.ports.directory):
            try:
                await self._look_after(owner_id)
            except AppError as error:
                log.warning("thermostats_postponed", code=error.code, reason=error.message)

    async def _look_after(self, owner_id: OwnerId) -> None:
        thermostats = await list_thermostats(self.ports.directory, owner_id)
        if not thermostats:
            return
        devices = {device.id: device for device in await list_devices(self.ports.directory, owner_id)}
        clouds = await list_clouds(self.ports.directory, owner_id)
        followed = {each.device.id: each for each in await followed_by(self.ports, owner_id)}
        for thermostat in thermostats:
            relay = devices.get(thermostat.id)
            if relay is None:
                await remove_thermostat(self.ports, owner_id, ACTOR, thermostat.id)
            elif thermostat.is_active and not is_run_elsewhere(relay, clouds):
                sensor = devices.get(thermostat.sensor_id)
                await self._work(owner_id, thermostat, relay, sensor, followed.get(relay.id))

    async def _work(
        self,
        owner_id: OwnerId,
        thermostat: Thermostat,
        relay: Device,
        sensor: Device | None,
        followed: Followed | None,
    ) -> None:
        now_ms = self.ports.clock.now_ms()
        target_c = None if followed is None else followed.thermostat_target(now_ms)
        look = (now_ms // PERIOD_MS, thermostat.changed_ms, target_c)
        if self._looks.get(relay.id) == look:
            return
        wanted = wanted_state(thermostat, await self._measured(sensor, now_ms), target_c)
        if wanted is not None and wanted != await last_switch(self.ports, owner_id, relay):
            await self._switch(owner_id, thermostat, relay, wanted, look)
        self._looks[relay.id] = look

    async def _measured(self, sensor: Device | None, now_ms: int) -> float | None:
        """The sensor's temperature; None when it is gone or silent."""
        if sensor is None:
            return None
        latest = (await self.ports.series.latest([sensor.number])).get(sensor.number, {})
        known = latest.get(TEMPERATURE)
        is_online = known is not None and liveness.is_online(sensor, known.at_ms, now_ms)
        return known.value if known is not None and is_online else None

    async def _switch(
        self, owner_id: OwnerId, thermostat: Thermostat, relay: Device, is_on: bool, look: _Look
    ) -> None:
        """Orders one thing in one look, however often that is begun again."""
        period, changed_ms, target_c = look
        try:
            await give_order(
                self.ports,
                owner_id,
                ACTOR,
                relay,
                SET_RELAY,
                {"is_on": is_on},
                executor=f"thermostat {thermostat.number}",
                idempotency_key=f"{THERMOSTAT} {thermostat.number} {period} {changed_ms} {target_c}",
            )
        except (InvalidInput, Unsupported) as error:
            log.warning("thermostat_skipped", thermostat=thermostat.number, reason=error.message)
            return
        if thermostat.is_told:
            await self._tell(owner_id, thermostat, relay, is_on, period)

    async def _tell(
        self, owner_id: OwnerId, thermostat: Thermostat, relay: Device, is_on: bool, period: int
    ) -> None:
        event = await record_event(
            self.ports,
            owner_id,
            kind=EVENT,
            at_ms=period * PERIOD_MS,
            site_id=relay.site_id,
            device_id=relay.id,
            details={"thermostat": thermostat.number, "is_on": is_on},
            event_id=f"{relay.id}-{period}-{int(is_on)}",
        )
        await announce_events(self.ports, owner_id, ACTOR, [event])
