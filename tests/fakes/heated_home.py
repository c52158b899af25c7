"""A home with heated rooms, for tests of what is wanted where and of who brings it about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ownclimate.core.climate import Channel, Climate, setpoint_of
from ownclimate.core.climate_changes import load_climate
from ownclimate.core.commands import list_commands
from ownclimate.core.ids import OwnerId, SiteId
from ownclimate.core.operate import set_home_mode, set_setpoint, switch_schedule
from ownclimate.core.schedules import create_schedule
from ownclimate.core.sites import create_room, create_site
from ownclimate.core.things import Ability, Command, Device, Room, Schedule, Setpoint, SetpointMode
from tests.fakes.households import ACTOR, Households

HEATING, COOLING = Channel.HEATING, Channel.COOLING
VALVE = frozenset({Ability.TEMPERATURE, Ability.HEATING_SETPOINT, Ability.VALVE})
DAY, NIGHT, EARLY = 0, 1, 4
NOW_MS = 1_795_255_200_000
"""Saturday, 2026-11-21 11:00 in Berlin."""
WEEK = ((0, NIGHT), (420, DAY), (1320, NIGHT), (7200 + 1440, DAY))
"""Monday from 7:00 to 22:00 and from Sunday 0:00 day, else night."""


@dataclass
class HeatedHome:
    """`ada`'s home in Berlin: a parlour with two valves and a bedroom with one."""

    households: Households
    owner_id: OwnerId
    site_id: SiteId
    rooms: dict[str, Room] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)

    @classmethod
    async def build(cls, households: Households, zone: str = "Europe/Berlin") -> HeatedHome:
        account = await households.add("ada")
        ports, owner_id = households.ports, account.owner_id
        site = await create_site(ports, owner_id, ACTOR, name="Mill House", time_zone=zone)
        home = cls(households, owner_id, site.id)
        for name in ("parlour", "bedroom"):
            home.rooms[name] = await create_room(ports, owner_id, ACTOR, site_id=site.id, name=name.title())
        for name, room in (("left", "parlour"), ("right", "parlour"), ("bed", "bedroom")):
            home.devices[name] = await households.device(
                "ada",
                "vicki",
                f"70B3D52DD3{len(home.devices):06}",
                name=name,
                abilities=VALVE,
                site_id=site.id,
                room_id=home.rooms[room].id,
                is_heard=True,
            )
        return home

    async def schedule(self, entries: tuple[tuple[int, int], ...], **temperatures: Any) -> Schedule:
        """A timetable for both rooms; by the zone's name (`day=21.0`) what it asks for everywhere."""
        zones = tuple(
            {
                "id": {"day": DAY, "night": NIGHT, "early": EARLY}[name],
                "name": name,
                "rooms": [{"room_id": room.id, "heating_setpoint_c": value} for room in self.rooms.values()],
            }
            for name, value in temperatures.items()
        )
        return await create_schedule(
            self.ports, self.owner_id, ACTOR, site_id=self.site_id, name="Week", entries=entries, zones=zones
        )

    @property
    def ports(self) -> Any:
        return self.households.ports

    async def climate(self) -> Climate:
        return await load_climate(self.ports, self.owner_id, self.site_id)

    async def shown(self, room: str, channel: Channel = HEATING) -> tuple[str, float | None, int, int]:
        """Mode, temperature, since and until (ms) of a room."""
        found = await self.setpoint(room, channel)
        assert found is not None
        return found.mode.value, found.temperature_c, found.since_ms, found.until_ms

    async def setpoint(self, room: str, channel: Channel = HEATING) -> Setpoint | None:
        known = (await self.climate()).room(self.rooms[room].id)
        assert known is not None
        return setpoint_of(known, channel)

    async def choose(self, room: str, mode: str, temperature_c: float | None = None, **more: Any) -> None:
        await set_setpoint(
            self.ports,
            self.owner_id,
            ACTOR,
            self.site_id,
            self.rooms[room].id,
            more.pop("channel", HEATING),
            SetpointMode(mode),
            temperature_c=temperature_c,
            **more,
        )

    async def go(self, mode: str, **more: Any) -> None:
        await set_home_mode(self.ports, self.owner_id, ACTOR, self.site_id, SetpointMode(mode), **more)

    async def switch(self, schedule: Schedule) -> None:
        await switch_schedule(self.ports, self.owner_id, ACTOR, self.site_id, schedule.id)

    async def orders(self) -> list[tuple[str, str, Any]]:
        """Every command so far, oldest first: device name, order, temperature or all fields."""
        names = {device.id: name for name, device in self.devices.items()}
        commands = await list_commands(
            self.ports.directory, self.owner_id, self.ports.clock.now_ms(), limit=1000
        )
        return [(names[c.device_id], c.name, _said(c)) for c in sorted(commands, key=lambda c: c.created_ms)]

    async def says(self, device: str, value: float, quantity: str = "setpoint_c") -> None:
        """The device reports what it holds."""
        now_ms = self.ports.clock.now_ms()
        await self.households.record(self.devices[device], [now_ms], {quantity: [value]})


def _said(command: Command) -> Any:
    return command.fields.get("temperature_c", command.fields) if len(command.fields) == 1 else command.fields
