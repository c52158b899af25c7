"""What the simulated world is made of, and how the demo's world is drawn from a seed.

Everything here is plain, frozen data. Makers' and models' names are data too: the simulation asks a
device only for its `Instrument` and its abilities.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ownclimate.core.things import Ability, Place, SiteKind
from ownclimate.sim.weather import Climate


class RoomUse(Enum):
    """Who is in a room when; see `family` and `offices`."""

    OUTSIDE = "outside"
    LIVING = "living"
    PARENTS = "parents"
    CHILD = "child"
    STUDY = "study"
    LOBBY = "lobby"
    MEETINGS = "meetings"
    DESKS = "desks"


class Instrument(Enum):
    """What kind of thing a device is, whoever made it; see `instruments`."""

    STATION = "station"
    OUTDOOR = "outdoor"
    RAIN_GAUGE = "rain_gauge"
    ANEMOMETER = "anemometer"
    INDOOR = "indoor"
    AIR_MONITOR = "air_monitor"
    RADIATOR_VALVE = "radiator_valve"
    AC_CONTROLLER = "ac_controller"
    THERMOSTAT = "thermostat"
    REMOTE_SENSOR = "remote_sensor"
    SMART_PLUG = "smart_plug"
    WATER_HEATER = "water_heater"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimSite:
    """A site; `key` names it within the world and never changes."""

    key: str
    name: str
    kind: SiteKind
    time_zone: str
    place: Place
    climate: Climate
    floors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SimRoom:
    """A room; one that is `OUTSIDE` has no physics of its own. Windows face one way, 0 is north."""

    key: str
    site: str
    name: str
    kind: str
    use: RoomUse
    floor: str = ""
    area_m2: float = 0.0
    window_m2: float = 0.0
    facing_deg: float = 180.0
    heating_w: float = 0.0
    cooling_w: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SimDevice:
    """A device. It reports every `step_s`, `phase_s` after the step, give or take `jitter_s`."""

    key: str
    instrument: Instrument
    vendor: str
    model: str
    vendor_id: str
    serial: str
    mac: str
    name: str
    site: str
    room: str
    parent: str | None
    abilities: frozenset[Ability]
    step_s: int
    phase_s: int = 0
    jitter_s: float = 0.0
    loss: float = 0.0
    """The share of its rows that never arrive."""
    battery_days: float = 0.0
    """How long a set of batteries lasts; 0 on mains."""
    firmware: str = ""
    aliases: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    reports: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """Sites, rooms and devices; a parent stands before its children. Compared by identity."""

    seed: int
    sites: tuple[SimSite, ...]
    rooms: tuple[SimRoom, ...]
    devices: tuple[SimDevice, ...]

    def site(self, key: str) -> SimSite:
        return next(site for site in self.sites if site.key == key)

    def device(self, key: str) -> SimDevice:
        return next(device for device in self.devices if device.key == key)

    def indoor_rooms(self, site_key: str) -> tuple[SimRoom, ...]:
        return tuple(r for r in self.rooms if r.site == site_key and r.use is not RoomUse.OUTSIDE)

    def devices_at(self, site_key: str) -> tuple[SimDevice, ...]:
        return tuple(device for device in self.devices if device.site == site_key)
