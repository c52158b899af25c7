"""The things: who owns what, where it stands, what it can do.

All are values: changing one means writing a new one. Instants end in `_ms`: epoch milliseconds UTC,
0 meaning never. `numbers` are small integers given once for dialects that number things; `aliases`
hold the external id of a thing in each dialect, all allotted when it is made and never changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ownclimate.core.ids import AccountId, DeviceId, DeviceNumber, OwnerId, RoomId, SiteId


class Role(Enum):
    """What a member of an owner may do: `OWNER` everything, `MEMBER` see and operate, `GUEST` see."""

    OWNER = "owner"
    MEMBER = "member"
    GUEST = "guest"


class SiteKind(Enum):
    """A building belongs to the dialects for facility managers too, a home does not."""

    HOME = "home"
    BUILDING = "building"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person. `password_hash` is an argon2 text; `owner_id` is the household made at registration.

    Sessions that began before `sessions_since_ms` are over.
    """

    id: AccountId
    email: str
    owner_id: OwnerId
    number: int
    password_hash: str = field(default="", repr=False)
    first_name: str = ""
    last_name: str = ""
    time_zone: str = "UTC"
    language: str = "en"
    is_admin: bool = False
    units: dict[str, str] = field(default_factory=dict)
    sessions_since_ms: int = 0
    created_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A household or company: exactly one for every site, device, client, source and series."""

    id: OwnerId
    name: str
    number: int
    created_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    account_id: AccountId
    role: Role
    since_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a site stands; degrees north and east, metres above sea level."""

    latitude: float | None = None
    longitude: float | None = None
    altitude_m: float | None = None
    address: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    """ISO 3166 two-letter code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A home or a building. `floors` are names from the lowest up."""

    id: SiteId
    owner_id: OwnerId
    name: str
    number: int
    kind: SiteKind = SiteKind.HOME
    time_zone: str = "UTC"
    place: Place = Place()
    floors: tuple[str, ...] = ()
    aliases: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    """What a source said about the site that we do not understand, by source, as it came."""
    created_ms: int = 0
    deleted_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    id: RoomId
    site_id: SiteId
    name: str
    number: int
    kind: str = ""
    """What the room is for (`kitchen`, `bedroom`, …), as its source named it."""
    floor: str = ""
    aliases: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    created_ms: int = 0
    deleted_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a source said about its own device, served as said until that source says otherwise."""

    value: Any
    at_ms: int
    source: str = ""


class Ability(Enum):
    """What a device can do, whoever made it; faces choose a device's type in their dialect by these."""

    TEMPERATURE = "temperature"
    HUMIDITY = "humidity"
    CO2 = "co2"
    NOISE = "noise"
    PRESSURE = "pressure"
    RAIN = "rain"
    WIND = "wind"
    AIR_QUALITY = "air_quality"
    ILLUMINANCE = "illuminance"
    MOTION = "motion"
    OCCUPANCY = "occupancy"
    CONTACT = "contact"
    WATER_LEAK = "water_leak"
    HEATING_SETPOINT = "heating_setpoint"
    COOLING_SETPOINT = "cooling_setpoint"
    VALVE = "valve"
    AIR_CONDITIONING = "air_conditioning"
    RELAY = "relay"
    POWER = "power"
    ENERGY = "energy"
    BATTERY = "battery"
    GATEWAY = "gateway"
    OUTDOOR = "outdoor"
    COVER = "cover"
    DIMMER = "dimmer"
    CAMERA = "camera"
    SMOKE = "smoke"
    CARBON_MONOXIDE = "carbon_monoxide"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Anything with a serial.

    `vendor` and `model` are the maker's words, opaque here; `vendor_id` is the id its maker gave it
    (a MAC, a DevEUI, a serial) and is unique within (owner, vendor). `parent_id` is the station or
    gateway it speaks through. `settings` are control and configuration values under our names;
    `reports` what its source said about it; `kept` what its maker said that we do not understand, by
    source, as it came. `is_heard` tells that we hear the device ourselves, so that its liveness is
    ours to compute.
    """

    id: DeviceId
    number: DeviceNumber
    owner_id: OwnerId
    vendor: str
    model: str
    vendor_id: str
    name: str = ""
    serial: str = ""
    mac: str = ""
    firmware: str = ""
    site_id: SiteId | None = None
    room_id: RoomId | None = None
    parent_id: DeviceId | None = None
    abilities: frozenset[Ability] = frozenset()
    aliases: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    is_heard: bool = False
    keepalive_s: int = 0
    """How often the device is expected to be heard; 0 when unknown."""
    link: dict[str, str] = field(default_factory=dict)
    """The way by which it was last heard, and so the way to it: `source` is the id of a connected source
    (`core.linking`), whatever else there is are that source's own words for the device."""
    created_ms: int = 0
    deleted_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


class SetpointMode(Enum):
    """Why a set-point is what it is. `MANUAL` and `MAX` end by themselves, the rest by command."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    MAX = "max"
    AWAY = "away"
    FROST_GUARD = "frost_guard"
    OFF = "off"
    HOME = "home"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setpoint:
    """A target. `until_ms` 0 holds until changed; afterwards the mode below it counts again.

    `temperature_c` None asks for no temperature: off, or not known.
    """

    temperature_c: float | None
    mode: SetpointMode
    since_ms: int = 0
    until_ms: int = 0
    pilot_wire: str = ""
    """What heaters on a pilot wire are told instead of a temperature: one of `orders.PILOT_WIRE_MODES`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A weekly timetable. `entries` are (minute of the week from Monday 00:00 local, zone id)."""

    id: str
    site_id: SiteId
    name: str
    kind: str = "heating"
    is_selected: bool = False
    entries: tuple[tuple[int, int], ...] = ()
    zones: tuple[dict[str, Any], ...] = ()
    aliases: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    created_ms: int = 0
    deleted_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


class CommandState(Enum):
    """accepted → sending → sent → confirmed; or refused, failed, expired; `UNKNOWN` when we died
    between sending and recording it."""

    ACCEPTED = "accepted"
    SENDING = "sending"
    SENT = "sent"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    FAILED = "failed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An order to a device. `id` is its correlation id.

    `name` and `fields` are in our words (`core.orders`), or a maker's: `<maker>.<its name>`. `reason`
    says why it came to nothing. `receipt` is what its carrier was given or sent: ids of the receiver's,
    the frame. `attempts` counts how often it was handed to a carrier; before `due_ms` it is not handed
    over again, after `expires_ms` never. `created_ms` orders the commands of a device.
    """

    id: str
    device_id: DeviceId
    name: str
    fields: dict[str, Any] = field(default_factory=dict)
    state: CommandState = CommandState.ACCEPTED
    reason: str = ""
    receipt: dict[str, str] = field(default_factory=dict)
    attempts: int = 0
    actor: dict[str, str] = field(default_factory=dict)
    executor: str = ""
    """Who ordered it, in the words of the one who did; free text."""
    wording: dict[str, Any] = field(default_factory=dict)
    """By dialect how it was asked for there, where `name` and `fields` do not tell; for its log alone."""
    created_ms: int = 0
    changed_ms: int = 0
    due_ms: int = 0
    expires_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened at a site: motion, a leak, a device that fell silent."""

    id: str
    site_id: SiteId | None
    device_id: DeviceId | None
    kind: str
    at_ms: int
    details: dict[str, Any] = field(default_factory=dict)
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where readings come from: a door key, a file import, a cloud link. Its number stands in series."""

    id: str
    number: int
    kind: str
    name: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    sealed: bytes = field(default=b"", repr=False)
    """Its credentials, encrypted with a key that is not in the store."""
    is_paused: bool = False
    created_ms: int = 0
    deleted_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)
