"""Answers of SmartBuildings' cloud into the store: buildings, thermostats, sensors, readings, alerts.

What the cloud says of its own things holds here until it says otherwise, but names and places that somebody
here changed hold until the cloud says another one. A thing is written only when it changed. Each poll is
kept as readings of the instant it was made at: the answers bear none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ownclimate.core.aliases import SITE, SMARTBUILDINGS
from ownclimate.core.devices import create_device, edit_device, find_device_by_alias, find_device_by_vendor
from ownclimate.core.errors import Conflict, NotFound
from ownclimate.core.events import announce_events, record_event
from ownclimate.core.ids import OwnerId, SiteId
from ownclimate.core.linking import list_linked
from ownclimate.core.ports import Ports
from ownclimate.core.readings import Batch, OriginKind
from ownclimate.core.sites import create_site, edit_site, find_by_alias, get_site
from ownclimate.core.sources import origin_of
from ownclimate.core.things import Device, Site, SiteKind, Source
from ownclimate.core.writes import BY_CLOUD
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings.hearing import Hearing
from ownclimate.vendors.smartbuildings.mapping import (
    REACHABLE,
    Building,
    Said,
    alert_instant_ms,
)
from ownclimate.vendors.smartbuildings.sensing import Sensor

ALERT: Final = "alert"
"""Kind of the events that alerts become."""
UNNAMED: Final = "Building"


@dataclass(slots=True)
class Intake:
    """`linked` are the ids of the owner's connected sources."""

    ports: Ports
    owner_id: OwnerId
    source: Source
    linked: Collection[str]

    @classmethod
    async def open(cls, ports: Ports, owner_id: OwnerId, source: Source) -> Intake:
        linked = {one.id for one in await list_linked(ports.directory, owner_id)}
        return cls(ports=ports, owner_id=owner_id, source=source, linked=linked)

    @property
    def _hearing(self) -> Hearing:
        now_ms = self.ports.clock.now_ms()
        return Hearing(source_id=self.source.id, now_ms=now_ms, linked=self.linked)

    async def hear_building(self, building_id: str, said: Building) -> Site | None:
        """The building after hearing that; None for one that its owner deleted here."""
        site = await self.find_site(building_id)
        if site is not None:
            return await edit_site(
                self.ports, self.owner_id, BY_CLOUD, site.id, lambda before: self._hearing.site(before, said)
            )
        blank = Site(id=SiteId(""), owner_id=self.owner_id, name=UNNAMED, number=0)
        new = self._hearing.site(blank, said)
        try:
            return await create_site(
                self.ports,
                self.owner_id,
                BY_CLOUD,
                name=new.name,
                kind=SiteKind.BUILDING,
                time_zone=new.time_zone,
                place=new.place,
                given_aliases={SMARTBUILDINGS: building_id},
                settings=new.settings,
                reports=new.reports,
                kept=new.kept,
            )
        except Conflict:
            return None

    async def find_site(self, building_id: str) -> Site | None:
        directory = self.ports.directory
        site_id = await find_by_alias(directory, self.owner_id, SMARTBUILDINGS, SITE, building_id)
        try:
            return None if site_id is None else await get_site(directory, self.owner_id, site_id)
        except NotFound:
            return None

    async def find_thermostat(self, serial: str) -> Device | None:
        return await find_device_by_alias(self.ports.directory, self.owner_id, SMARTBUILDINGS, serial)

    async def find_or_make_thermostat(self, serial: str) -> Device | None:
        """None for one that its owner removed here."""
        return await self.find_thermostat(serial) or await self._create(
            vendor_id=serial,
            model=words.THERMOSTAT_MODEL,
            serial=serial,
            given_aliases={SMARTBUILDINGS: serial},
        )

    async def hear_thermostat(self, serial: str, building_id: str, part: str, said: Said) -> Device | None:
        """The thermostat after hearing that part of it; None for one that its owner removed here."""
        device = await self.find_or_make_thermostat(serial)
        if device is None:
            return None
        site = await self.find_site(building_id)
        return await self._edit(
            device,
            lambda before: self._hearing.placed(self._hearing.device(before, said, part), building_id, site),
        )

    async def hear_sensors(
        self, thermostat: Device, own: Sensor | None, remote: Sequence[Sensor], kept: Mapping[str, Any]
    ) -> list[tuple[Device, Mapping[str, float]]]:
        """Every sensor after hearing of it, with its values. Those that are no longer told of stay here,
        apart from the thermostat."""
        heard: list[tuple[Device, Mapping[str, float]]] = []
        for sensor in remote:
            device = await self._hear_sensor(thermostat, sensor)
            if device is not None:
                heard.append((device, sensor.said.values))
        before = thermostat.reports.get(words.SENSORS_SAID)
        now = [device.vendor_id for device, _ in heard]
        for vendor_id in set(() if before is None else before.value) - set(now):
            await self._part(thermostat, vendor_id)
        said = Said(
            reports={words.SENSORS_SAID: now},
            abilities=frozenset() if own is None else own.said.abilities,
            kept=_parts({words.OWN_SENSOR_SAID: None if own is None else own.said.kept, "more": kept}),
        )
        told = await self._edit(
            thermostat, lambda device: self._hearing.device(device, said, words.SENSORS_SAID)
        )
        if own is not None and told is not None:
            heard.append((told, own.said.values))
        return heard

    async def hear_alerts(self, thermostat: Device, said: Said) -> None:
        """What was not there the last time has happened: it becomes an event, and listeners hear of it."""
        before = thermostat.reports.get(words.ALERTS_SAID)
        old = {alert["acknowledgeRef"] for alert in (() if before is None else before.value)}
        events = []
        for alert in said.reports[words.ALERTS_SAID]:
            at_ms = alert_instant_ms(alert)
            if at_ms is None or alert["acknowledgeRef"] in old:
                continue
            event = await record_event(
                self.ports,
                self.owner_id,
                kind=ALERT,
                at_ms=at_ms,
                site_id=thermostat.site_id,
                device_id=thermostat.id,
                details={name: alert[member] for name, member in ALERT_DETAILS if member in alert},
                event_id=f"{thermostat.id}-{_plain(alert['acknowledgeRef'])}",
            )
            events.append(event)
        await announce_events(self.ports, self.owner_id, BY_CLOUD, events)
        await self._edit(thermostat, lambda device: self._hearing.device(device, said, "alerts"))

    async def hear(self, thermostat: Device, part: str, said: Said) -> Device | None:
        return await self._edit(thermostat, lambda device: self._hearing.device(device, said, part))

    async def lose(self, serial: str) -> None:
        """The cloud does not have the thermostat any more. It stays as it is, out of reach."""
        device = await self.find_thermostat(serial)
        if device is not None:
            await self.hear(device, "status", Said(reports={REACHABLE: False}))

    async def record(
        self, heard: Sequence[tuple[Device, Mapping[str, float]]], at_ms: int, *, is_connected: bool
    ) -> None:
        """The values as readings of the instant.

        Of a thermostat out of reach the cloud repeats the last values that it had. They are recorded once,
        not as if they were measured again and again.
        """
        if not is_connected:
            latest = await self.ports.series.latest([device.number for device, _ in heard])
            heard = [
                (
                    device,
                    {
                        quantity: value
                        for quantity, value in values.items()
                        if (last := latest.get(device.number, {}).get(quantity)) is None
                        or last.value != value
                    },
                )
                for device, values in heard
            ]
        arrived_ms = self.ports.arrivals.next_ms()
        batches = [
            Batch(
                device=device.number,
                times_ms=np.array([at_ms], dtype=np.int64),
                columns={name: np.array([value], dtype=np.float64) for name, value in values.items()},
                origin=origin_of(self.source, OriginKind.CLOUD),
                arrived_ms=arrived_ms,
            )
            for device, values in heard
            if values
        ]
        if batches:
            await self.ports.series.record(batches)

    async def _hear_sensor(self, thermostat: Device, sensor: Sensor) -> Device | None:
        vendor_id = f"{thermostat.vendor_id}-{sensor.code or sensor.id}"
        device = await find_device_by_vendor(self.ports.directory, self.owner_id, words.VENDOR, vendor_id)
        if device is None:
            device = await self._create(vendor_id=vendor_id, model=words.SENSOR_MODEL, serial=sensor.code)
        if device is None:
            return None

        def told(before: Device) -> Device:
            after = self._hearing.device(before, sensor.said, None)
            is_new = before.parent_id != thermostat.id
            site_id = thermostat.site_id if is_new else before.site_id
            return dataclasses.replace(after, parent_id=thermostat.id, site_id=site_id)

        return await self._edit(device, told)

    async def _part(self, thermostat: Device, vendor_id: str) -> None:
        device = await find_device_by_vendor(self.ports.directory, self.owner_id, words.VENDOR, vendor_id)
        if device is not None and device.parent_id == thermostat.id:
            await self._edit(device, lambda before: dataclasses.replace(before, parent_id=None))

    async def _create(self, **more: Any) -> Device | None:
        try:
            return await create_device(self.ports, self.owner_id, BY_CLOUD, vendor=words.VENDOR, **more)
        except Conflict:
            return None

    async def _edit(self, device: Device, change: Callable[[Device], Device]) -> Device | None:
        try:
            return await edit_device(self.ports, self.owner_id, BY_CLOUD, device.id, change)
        except NotFound:
            return None


ALERT_DETAILS: Final = (
    ("text", "text"),
    ("severity", "severity"),
    ("type", "alertType"),
    ("about", "notificationType"),
    ("number", "alertNumber"),
    ("reminder", "reminder"),
)
"""Details of an alert's event, and what the cloud calls them."""


def _parts(parts: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    return {name: dict(part) for name, part in parts.items() if part}


def _plain(reference: str) -> str:
    """As a part of an event's id."""
    return "".join(sign if sign.isalnum() else "_" for sign in reference)[:60]
