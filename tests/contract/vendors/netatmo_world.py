"""A fresh world for the Netatmo suites: ports over the reference stores, and payloads written by us."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ownclimate.core.devices import find_device_by_alias, list_devices
from ownclimate.core.ids import OwnerId
from ownclimate.core.partitions import OUTBOX, owner_partition
from ownclimate.core.ports import Directory, Ports
from ownclimate.core.readings import Arrivals, Interval
from ownclimate.core.schedules import list_schedules
from ownclimate.core.sites import list_rooms, list_sites
from ownclimate.core.things import Device, Room, Schedule, Site
from ownclimate.core.writes import Actor
from ownclimate.store.memory import MemoryDirectory, MemoryRawArchive
from ownclimate.store.memory_series import MemorySeries
from ownclimate.vendors.netatmo.importer import import_payload
from ownclimate.vendors.netatmo.report import ImportReport
from tests.fakes import FakeClock, SeededEntropy

DATA = Path(__file__).parents[2] / "data" / "netatmo"
OWNER = OwnerId("0000000a" * 3)
ACTOR = Actor(via="test")

STATION = "70:ee:50:0a:00:01"
GARDEN = "02:00:00:0a:00:02"
THERMOSTAT = "04:00:00:0a:00:11"
RELAY = "70:ee:50:0a:00:10"
HOME = "5f0000000000000000000001"


def payload(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_bytes())


class World:
    def __init__(self, directory: Directory | None = None) -> None:
        self.clock = FakeClock()
        self.directory = directory or MemoryDirectory()
        self.raw = MemoryRawArchive()
        self.ports = Ports(
            directory=self.directory,
            series=MemorySeries(),
            raw=self.raw,
            clock=self.clock,
            entropy=SeededEntropy(7),
            arrivals=Arrivals(self.clock),
        )

    async def take(self, said: Any, **request: Any) -> ImportReport:
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        return await import_payload(self.ports, OWNER, ACTOR, content, **request)

    async def device(self, wire_id: str) -> Device:
        device = await find_device_by_alias(self.directory, OWNER, "netatmo", wire_id)
        assert device is not None, wire_id
        return device

    async def devices(self) -> list[Device]:
        return await list_devices(self.directory, OWNER)

    async def sites(self) -> list[Site]:
        return await list_sites(self.directory, OWNER)

    async def rooms(self) -> list[Room]:
        return await list_rooms(self.directory, OWNER)

    async def room(self, wire_id: str) -> Room:
        return next(room for room in await self.rooms() if room.aliases["netatmo"] == wire_id)

    async def schedules(self) -> list[Schedule]:
        return await list_schedules(self.directory, OWNER)

    async def values_at(self, device: Device, at_ms: int) -> dict[str, float]:
        series = await self.ports.series.read(device.number, Interval(start_ms=at_ms, end_ms=at_ms + 1))
        return {name: float(column[0]) for name, column in series.columns.items() if len(column)}

    async def audited(self) -> int:
        return len(await self.directory.scan(owner_partition(OWNER), OUTBOX))

    async def versions(self) -> dict[tuple[str, str], str]:
        """The version of everything the owner has."""
        found = {}
        for table in ("owner", "site", "room", "device", "alias", "source", "schedule", OUTBOX):
            for document in await self.directory.scan(owner_partition(OWNER), table):
                found[table, document.key] = document.version
        return found
