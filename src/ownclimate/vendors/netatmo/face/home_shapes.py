"""Shapes of homes on the wire (contract §6, §7), for the document.

Answers are built as plain objects, since recorded ones come back with whatever their source said; which
members a module or room has depends on its product.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from ownclimate.vendors.netatmo.wire import DeviceError

Absent = msgspec.UnsetType
UNSET = msgspec.UNSET
Number = int | float
Text = str | None
"""Recordings have nulls where they have nothing."""
ModuleStatus = Annotated[
    dict[str, Any], msgspec.Meta(description="`id`, `type` and what the product measures, is set to and says")
]
RoomStatus = Annotated[
    dict[str, Any],
    msgspec.Meta(
        description="`id`, the measured temperature, and the set-points of each kind with their ends"
    ),
]


class Room(msgspec.Struct, kw_only=True):
    id: str
    name: Text | Absent = UNSET
    type: Text | Absent = UNSET
    module_ids: list[str] | Absent | None = UNSET
    therm_relay: Text | Absent = UNSET


class Module(msgspec.Struct, kw_only=True):
    id: str
    type: Text | Absent = UNSET
    name: Text | Absent = UNSET
    setup_date: Any = UNSET
    room_id: Text | Absent = UNSET
    bridge: Text | Absent = UNSET
    modules_bridged: list[str] | Absent | None = UNSET


class Schedule(msgspec.Struct, kw_only=True):
    """`m_offset` counts minutes from Monday 00:00 local time; the rest depends on the type."""

    id: str
    name: Text | Absent = UNSET
    type: Text | Absent = UNSET
    selected: bool | Absent | None = UNSET
    default: bool | Absent | None = UNSET
    timetable: list[Any] | Absent | None = UNSET
    zones: list[Any] | Absent | None = UNSET


class Home(msgspec.Struct, kw_only=True):
    """`coordinates` is longitude, latitude; `therm_setpoint_default_duration` in minutes."""

    id: str
    name: Text | Absent = UNSET
    altitude: Number | Absent | None = UNSET
    coordinates: list[Number] | Absent | None = UNSET
    country: Text | Absent = UNSET
    timezone: Text | Absent = UNSET
    rooms: list[Room] | Absent = UNSET
    modules: list[Module] | Absent = UNSET
    temperature_control_mode: Text | Absent = UNSET
    therm_mode: Text | Absent = UNSET
    therm_mode_endtime: Number | Absent | None = UNSET
    cooling_mode: Text | Absent = UNSET
    therm_setpoint_default_duration: Number | Absent | None = UNSET
    persons: list[Any] | Absent | None = UNSET
    schedules: list[Schedule] | Absent = UNSET


class User(msgspec.Struct, kw_only=True):
    email: str
    id: str | Absent = UNSET
    language: str | Absent = UNSET
    locale: str | Absent = UNSET
    feel_like_algorithm: int | Absent = UNSET
    unit_pressure: int | Absent = UNSET
    unit_system: int | Absent = UNSET
    unit_wind: int | Absent = UNSET


class Homes(msgspec.Struct, kw_only=True):
    """The body of homesdata."""

    homes: list[Home]
    user: User


class HomeStatus(msgspec.Struct, kw_only=True):
    id: str
    rooms: list[RoomStatus] | Absent = UNSET
    modules: list[ModuleStatus] | Absent = UNSET
    persons: list[Any] | Absent = UNSET


class Status(msgspec.Struct, kw_only=True):
    """The body of homestatus. `errors` lists what cannot be reached."""

    home: HomeStatus
    errors: list[DeviceError] | Absent = UNSET


class HomeId(msgspec.Struct, kw_only=True):
    id: str


class StateSet(msgspec.Struct, kw_only=True):
    """The body of setstate where something did not work; else there is none."""

    home: HomeId
    errors: list[DeviceError]


class ScheduleMade(msgspec.Struct, kw_only=True):
    schedule_id: str
