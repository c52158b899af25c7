"""Brings every room to what is wanted there: moves timetables on, ends what is over, tells the devices.

What is wanted is `core.climate`'s to say. Here a look at an owner's sites does three things, each of which
may be done again without harm: a knob turned by hand becomes the room's set-point; rooms whose time has
come show what is in force now, however long ago it came; and each device that can follow its room and is
not there yet is ordered to, once for every set-point. Devices whose programme is run elsewhere are
passed over.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from ownclimate.control.believed import believe
from ownclimate.control.pauses import Sleep, pause
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.climate import (
    SETPOINT_QUANTITIES,
    Channel,
    Climate,
    chosen_via,
    is_followed,
    next_change_ms,
    occurrence_of,
    setpoint_of,
)
from ownclimate.core.devices import list_devices
from ownclimate.core.errors import AppError, InvalidInput, NotFound, Unsupported
from ownclimate.core.followers import Follower, asked, heard, keep_follower, list_followers
from ownclimate.core.ids import DeviceId, OwnerId, SiteId
from ownclimate.core.leases import release_lease, take_lease
from ownclimate.core.operate import TIMETABLE, follow_time, hold_setpoint
from ownclimate.core.ordering import give_order
from ownclimate.core.orders import (
    SET_COOLING_SETPOINT,
    SET_SETPOINT,
)
from ownclimate.core.ports import Ports
from ownclimate.core.programmes import Clouds, is_run_elsewhere, list_clouds
from ownclimate.core.schedules import list_schedules
from ownclimate.core.sites import list_rooms, list_sites
from ownclimate.core.telling import order_of
from ownclimate.core.things import Ability, Device, Room, Setpoint
from ownclimate.core.writes import Actor

LEASE: Final = "climate"
LEASE_MS: Final = 30_000
LOOK_EVERY_S: Final = 10.0
"""How often every owner is looked at, for knobs turned and for what other processes changed."""
KNOB: Final = Actor(via="device")
"""Who acts when a device was set by hand."""

Followers = Mapping[tuple[DeviceId, Channel], Follower]

log = structlog.get_logger("ownclimate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """An order that a device is to be given. `temperature_c` is what the device will then hold."""

    device: Device
    channel: Channel
    occurrence: str
    via: str
    """How the room's wish came in."""
    name: str
    fields: dict[str, Any]
    temperature_c: float | None


def askings(climate: Climate, followers: Followers, clouds: Clouds) -> Iterator[Asking]:
    """What devices of the site have to be told so that they follow their rooms."""
    for room in climate.rooms:
        for channel in Channel:
            setpoint = setpoint_of(room, channel)
            if setpoint is None or not is_followed(room, channel):
                continue
            for device in climate.devices_in(room):
                if is_run_elsewhere(device, clouds):
                    continue
                asking = _asking(room, device, channel, setpoint)
                if asking is not None and not _is_there(asking, followers.get((device.id, channel))):
                    yield asking


@dataclass(slots=True)
class ClimateKeeper:
    """Works for every owner of the store, in one process at a time. `sleep` takes seconds as
    `ports.clock` counts them."""

    ports: Ports
    holder: str
    sleep: Sleep = asyncio.sleep
    look_every_s: float = LOOK_EVERY_S
    _due_ms: dict[OwnerId, int] = field(default_factory=dict)
    _rung: set[OwnerId] = field(default_factory=set)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Works for ever; cancel it to stop."""
        stop = self.ports.wishes.listen(self._hear)
        next_look_ms = 0
        try:
            while True:
                self._wake.clear()
                now_ms = self.ports.clock.now_ms()
                try:
                    if await take_lease(self.ports, LEASE, self.holder, LEASE_MS) is None:
                        self._due_ms.clear()
                    elif now_ms >= next_look_ms:
                        await self.look()
                    else:
                        await self._look_at_due(now_ms)
                    if now_ms >= next_look_ms:
                        next_look_ms = now_ms + round(self.look_every_s * 1000)
                except AppError as error:
                    log.warning("climate_postponed", code=error.code, reason=error.message)
                    # What was due is found again by a whole look, which is not at once.
                    self._due_ms.clear()
                    next_look_ms = self.ports.clock.now_ms() + round(self.look_every_s * 1000)
                rest_ms = min([next_look_ms, *self._due_ms.values()]) - self.ports.clock.now_ms()
                await pause(self.sleep, max(0, rest_ms) / 1000, self._wake)
        finally:
            stop()
            lease = await take_lease(self.ports, LEASE, self.holder, LEASE_MS)
            if lease is not None:
                await release_lease(self.ports, lease)

    async def look(self) -> None:
        """One look at every owner."""
        for owner_id in await list_owner_ids(self.ports.directory):
            await self.look_at(owner_id)

    async def look_at(self, owner_id: OwnerId) -> None:
        """One look at an owner's sites."""
        self._rung.discard(owner_id)
        self._due_ms.pop(owner_id, None)
        rooms = await list_rooms(self.ports.directory, owner_id)
        if not rooms:
            return
        followers = await list_followers(self.ports.directory, owner_id)
        clouds = await list_clouds(self.ports.directory, owner_id)
        climates = await self._climates(owner_id, rooms)
        is_turned = await self._hear_knobs(owner_id, climates, followers, clouds)
        if await believe(self.ports, owner_id, climates, clouds) or is_turned:
            climates = await self._climates(owner_id, await list_rooms(self.ports.directory, owner_id))
            followers = await list_followers(self.ports.directory, owner_id)
        for climate in climates:
            await self._keep(owner_id, climate, followers, clouds)

    async def _keep(self, owner_id: OwnerId, climate: Climate, followers: Followers, clouds: Clouds) -> None:
        now_ms = self.ports.clock.now_ms()
        try:
            climate = await follow_time(self.ports, owner_id, climate)
        except NotFound:
            return
        for asking in askings(climate, followers, clouds):
            await self._ask(owner_id, asking, followers)
        due_ms = next_change_ms(climate, now_ms)
        if due_ms is not None:
            self._due_ms[owner_id] = min(due_ms, self._due_ms.get(owner_id, due_ms))

    async def _ask(self, owner_id: OwnerId, asking: Asking, followers: Followers) -> None:
        try:
            await give_order(
                self.ports,
                owner_id,
                Actor(via=asking.via),
                asking.device,
                asking.name,
                asking.fields,
                idempotency_key=asking.occurrence,
                is_of_room=True,
            )
        except (Unsupported, InvalidInput) as error:
            log.info("device_cannot_follow", device=asking.device.id, reason=error.message)
        before = followers.get((asking.device.id, asking.channel)) or Follower()
        after = asked(before, asking.occurrence, asking.temperature_c)
        await keep_follower(self.ports, owner_id, asking.device.id, asking.channel, after)

    async def _hear_knobs(
        self, owner_id: OwnerId, climates: list[Climate], followers: Followers, clouds: Clouds
    ) -> bool:
        """Whether a device was found to be set by hand; its room holds that now."""
        devices = [
            device
            for climate in climates
            for device in climate.devices
            if device.is_heard and device.room_id is not None and _channels(device)
            if not is_run_elsewhere(device, clouds)
        ]
        latest = await self.ports.series.latest([device.number for device in devices]) if devices else {}
        is_any = False
        for device in devices:
            for channel in _channels(device):
                told = latest.get(device.number, {}).get(SETPOINT_QUANTITIES[channel])
                if told is None:
                    continue
                before = followers.get((device.id, channel))
                after, is_turned = heard(before, told.value)
                if after == before:
                    continue
                if is_turned:
                    is_any = True
                    after = await self._turned(owner_id, device, channel, told.value, after)
                await keep_follower(self.ports, owner_id, device.id, channel, after)
        return is_any

    async def _turned(
        self, owner_id: OwnerId, device: Device, channel: Channel, value_c: float, follower: Follower
    ) -> Follower:
        room = await hold_setpoint(self.ports, owner_id, KNOB, device, channel, value_c)
        setpoint = None if room is None else setpoint_of(room, channel)
        if room is None or setpoint is None:
            return follower
        occurrence = occurrence_of(room, channel, setpoint)
        return dataclasses.replace(follower, occurrence=occurrence, asked_c=value_c)

    async def _climates(self, owner_id: OwnerId, rooms: list[Room]) -> list[Climate]:
        directory = self.ports.directory
        devices = await list_devices(directory, owner_id)
        schedules = await list_schedules(directory, owner_id)
        furnished = {room.site_id for room in rooms}
        return [
            Climate(
                site=site,
                rooms=tuple(room for room in rooms if room.site_id == site.id),
                devices=tuple(device for device in devices if device.site_id == site.id),
                schedules=tuple(schedule for schedule in schedules if schedule.site_id == site.id),
            )
            for site in await list_sites(directory, owner_id)
            if site.id in furnished
        ]

    async def _look_at_due(self, now_ms: int) -> None:
        due = {owner_id for owner_id, due_ms in self._due_ms.items() if due_ms <= now_ms}
        for owner_id in due | self._rung:
            await self.look_at(owner_id)

    def _hear(self, owner_id: OwnerId, _: SiteId) -> None:
        self._rung.add(owner_id)
        self._wake.set()


def _channels(device: Device) -> list[Channel]:
    """On which channels the device tells what it holds."""
    found = [Channel.HEATING] if Ability.HEATING_SETPOINT in device.abilities else []
    if Ability.COOLING_SETPOINT in device.abilities:
        found.append(Channel.COOLING)
    return found


def _asking(room: Room, device: Device, channel: Channel, setpoint: Setpoint) -> Asking | None:
    """How the device is told of the set-point; None for one that cannot follow it."""
    order = order_of(device, channel, setpoint)
    if order is None:
        return None
    name, fields = order
    return Asking(
        device=device,
        channel=channel,
        occurrence=occurrence_of(room, channel, setpoint),
        via=chosen_via(room, channel) or TIMETABLE.via,
        name=name,
        fields=fields,
        temperature_c=fields.get("temperature_c"),
    )


def _is_there(asking: Asking, follower: Follower | None) -> bool:
    if follower is None:
        return False
    if follower.occurrence == asking.occurrence:
        return True
    is_idle = not follower.occurrence or follower.has_answered
    holds = asking.name in (SET_SETPOINT, SET_COOLING_SETPOINT) and follower.heard_c == asking.temperature_c
    return is_idle and holds
