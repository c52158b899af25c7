"""What people choose for rooms and homes, as orders to the clouds that run programmes there (`programmes`).

A cloud that knows rooms and homes is told once for each; any other is told what each of its devices is to
hold. Pure but for `load_elsewhere` and `give_all`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.climate import (
    ABILITIES,
    Channel,
    Climate,
    is_on_pilot_wire,
    is_wanted,
    mode_temperature_c,
)
from ownclimate.core.climate_changes import load_climate
from ownclimate.core.commands import accept_command
from ownclimate.core.ids import OwnerId, SiteId
from ownclimate.core.orders import (
    HOLD,
    MAY_END,
    SET_COOLING_SETPOINT,
    SET_HOME_MODE,
    SET_PILOT_WIRE,
    SET_SETPOINT,
    UNTIL,
    life_ms,
)
from ownclimate.core.ports import Ports
from ownclimate.core.programmes import (
    BY_ROOM,
    RESUMING,
    Clouds,
    NotRelayed,
    is_relayed,
    is_run_elsewhere,
    list_clouds,
)
from ownclimate.core.telling import order_of
from ownclimate.core.things import Ability, Command, Device, Room, Setpoint, SetpointMode
from ownclimate.core.writes import Actor

USUAL: Final = -1
"""As the end of a wish: it holds as long as is usual elsewhere."""
_SETPOINT_ORDERS: Final = {Channel.HEATING: SET_SETPOINT, Channel.COOLING: SET_COOLING_SETPOINT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An order that a device is to be given."""

    device: Device
    name: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A site where some of what holds is not ours to bring about."""

    climate: Climate
    clouds: Clouds

    def of_room(
        self, room_id: str, channel: Channel, wish: Setpoint, is_ended: bool, besides: Device | None = None
    ) -> list[Told]:
        """The orders that have the room hold the wish; `is_ended`: follow its programme again.

        `besides` is a device that was told already. Raises NotRelayed when nobody here could bring it about.
        """
        room = self.climate.room(room_id)
        if room is None:
            return []
        devices = _regulators(self.climate, room, channel)
        told = self._one_for_all(self._reached(devices, must=besides is None), besides)
        return self._held(told, channel, wish, is_ended)

    def of_home(self, name: str, fields: Mapping[str, Any]) -> list[Told]:
        """The order to each cloud that knows the home as such. Raises NotRelayed as `of_room` does."""
        found: dict[str, Device] = {}
        for device in self._reached(list(self._all_regulators()), must=True):
            source = self.clouds[device.link["source"]]
            if source.kind in BY_ROOM:
                found.setdefault(source.id, self._gateway(device))
        return [Told(device=device, name=name, fields=fields) for device in found.values()]

    def of_mode(self, mode: SetpointMode, until_ms: int, schedule_id: str = "") -> list[Told]:
        """The orders that have the home be so. Raises NotRelayed as `of_room` does."""
        fields: dict[str, Any] = {"mode": mode.value}
        if mode is not SetpointMode.SCHEDULE:
            fields[UNTIL] = until_ms
        if schedule_id:
            fields["schedule_id"] = schedule_id
        told = self.of_home(SET_HOME_MODE, fields)
        for channel in self._channels_of(mode):
            temperature_c = mode_temperature_c(self.climate, channel, mode)
            wish = Setpoint(mode=mode, temperature_c=temperature_c, until_ms=until_ms)
            for room in self.climate.rooms:
                alone = [d for d in _regulators(self.climate, room, channel) if self._is_told_alone(d)]
                told += self._held(alone, channel, wish, mode is SetpointMode.SCHEDULE)
        return told

    def _channels_of(self, mode: SetpointMode) -> list[Channel]:
        """What the mode is about, as `choices.with_home_mode` has it: frost is a matter of heating only."""
        has_cooling = Channel.COOLING.home_mode in self.climate.site.settings
        is_both = has_cooling and mode is not SetpointMode.FROST_GUARD
        return [Channel.HEATING, *([Channel.COOLING] if is_both else [])]

    def _held(
        self, devices: Iterable[Device], channel: Channel, wish: Setpoint, is_ended: bool
    ) -> list[Told]:
        """What each is told; those that cannot be told it are left out."""
        found = []
        for device in devices:
            kind = self.clouds[device.link["source"]].kind
            if is_ended:
                order = (HOLD, _mode_fields(channel, "home", None)) if kind in RESUMING else None
            else:
                order = _room_order(channel, wish) if kind in BY_ROOM else order_of(device, channel, wish)
            if order is not None:
                name, fields = order
                ending = {UNTIL: wish.until_ms} if _has_end(name, wish, is_ended) else {}
                found.append(Told(device=device, name=name, fields=fields | ending))
        return found

    def _is_told_alone(self, device: Device) -> bool:
        """Whether its cloud knows no homes but may be told of the device."""
        source = self.clouds.get(device.link.get("source", ""))
        return source is not None and source.kind not in BY_ROOM and is_relayed(source)

    def _reached(self, devices: Sequence[Device], *, must: bool) -> list[Device]:
        """Those that can be told through their clouds."""
        far = [device for device in devices if is_run_elsewhere(device, self.clouds)]
        reached = [device for device in far if is_relayed(self.clouds[device.link["source"]])]
        if must and far and not reached and len(far) == len(devices):
            raise NotRelayed()
        return reached

    def _one_for_all(self, devices: Iterable[Device], besides: Device | None) -> list[Device]:
        """One device for each cloud that is told of rooms, every device of the others."""
        spoken = set() if besides is None else {besides.link.get("source", "")}
        found = []
        for device in devices:
            source = self.clouds[device.link["source"]]
            if source.kind in BY_ROOM:
                if source.id not in spoken:
                    found.append(device)
                spoken.add(source.id)
            elif besides is None or device.id != besides.id:
                found.append(device)
        return found

    def _all_regulators(self) -> Iterator[Device]:
        known: set[str] = set()
        for room in self.climate.rooms:
            for channel in Channel:
                for device in _regulators(self.climate, room, channel):
                    if device.id not in known:
                        known.add(device.id)
                        yield device

    def _gateway(self, device: Device) -> Device:
        parent = next((one for one in self.climate.devices if one.id == device.parent_id), None)
        return parent if parent is not None and is_run_elsewhere(parent, self.clouds) else device


async def load_elsewhere(ports: Ports, owner_id: OwnerId, site_id: SiteId) -> Elsewhere | None:
    """None for a site where all is ours. Raises NotFound."""
    clouds = await list_clouds(ports.directory, owner_id)
    if not clouds:
        return None
    climate = await load_climate(ports, owner_id, site_id)
    if not any(is_run_elsewhere(device, clouds) for device in climate.devices):
        return None
    return Elsewhere(climate=climate, clouds=clouds)


async def give_all(ports: Ports, owner_id: OwnerId, actor: Actor, told: Iterable[Told]) -> list[Command]:
    """Accepted commands on disk, one for each."""
    return [
        await accept_command(
            ports,
            owner_id,
            actor,
            one.device.id,
            one.name,
            one.fields,
            life_ms=life_ms(one.name, one.device),
        )
        for one in told
    ]


def _regulators(climate: Climate, room: Room, channel: Channel) -> list[Device]:
    """What brings a set-point of the channel about in the room; what heats only by the way comes last."""
    if not is_wanted(climate, room, channel):
        return []
    is_heating = channel is Channel.HEATING
    found = [
        device
        for device in climate.devices_in(room)
        if ABILITIES[channel] & device.abilities or (is_heating and is_on_pilot_wire(device))
    ]
    return sorted(found, key=lambda device: is_heating and Ability.AIR_CONDITIONING in device.abilities)


def _room_order(channel: Channel, wish: Setpoint) -> tuple[str, dict[str, Any]]:
    """What a cloud that knows rooms is told of one."""
    if wish.mode is not SetpointMode.MANUAL:
        return HOLD, _mode_fields(channel, wish.mode.value, wish.temperature_c)
    if wish.temperature_c is None:
        return SET_PILOT_WIRE, {"mode": wish.pilot_wire}
    if channel in _SETPOINT_ORDERS:
        return _SETPOINT_ORDERS[channel], {"temperature_c": wish.temperature_c}
    return HOLD, _mode_fields(channel, wish.mode.value, wish.temperature_c)


def _mode_fields(channel: Channel, mode: str, temperature_c: float | None) -> dict[str, Any]:
    return {"channel": channel.value, "mode": mode, "temperature_c": temperature_c}


def _has_end(name: str, wish: Setpoint, is_ended: bool) -> bool:
    return name in MAY_END and wish.until_ms != USUAL and not is_ended
