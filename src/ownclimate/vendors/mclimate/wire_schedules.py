"""Shapes of schedules, heating profiles, thermostat mode and geofences, exactly as on the wire.

Source: the vendor's API documents, "Schedules", "Heating profiles" and "Thermostat mode"; for geofences the
requests and fixtures of real clients. Flags are written as 1 and 0.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from ownclimate.vendors.mclimate.wire import Links, Moment

Days = Annotated[str, msgspec.Meta(pattern="^[01]{7}$", description="One digit a day, from Monday")]
Flag = Annotated[int, msgspec.Meta(ge=0, le=1)]
Number = int | float


class Schedule(Struct, kw_only=True):
    """`from_time` and `to_time` are of the window that is open or comes next, in the device's local time."""

    controller_id: int | UnsetType | None = UNSET
    days: Days | UnsetType = UNSET
    active: Flag | UnsetType = UNSET
    from_time: Moment | UnsetType = UNSET
    to_time: Moment | UnsetType = UNSET
    action: str | UnsetType = UNSET
    target: Number | UnsetType = UNSET
    main_target: Number | UnsetType | None = UNSET
    default_state: str | UnsetType = UNSET
    push: Flag | UnsetType = UNSET
    user_time_offset: int | UnsetType | None = UNSET
    schedule_profile_id: int | UnsetType | None = UNSET
    id: int | UnsetType = UNSET


class ScheduleItem(Schedule, kw_only=True):
    links: Links = msgspec.field(name="_links")


class Schedules(Struct, kw_only=True):
    schedules: list[ScheduleItem]


class ScheduleAnswer(Struct, kw_only=True):
    """One schedule, or a collection of them: a path answers both, by what its last part names."""

    embedded: Schedules | UnsetType = msgspec.field(name="_embedded", default=UNSET)
    total: int | UnsetType = UNSET
    schedules: Schedule | list[Any] | UnsetType = UNSET
    links: Links = msgspec.field(name="_links")


class ScheduleProfile(Struct, kw_only=True):
    """A heating profile. What is asked for one by one has its followers and schedules as well."""

    id: int | UnsetType = UNSET
    name: str | UnsetType = UNSET
    user_id: int | UnsetType = UNSET
    building_id: int | UnsetType | None = UNSET
    floor_id: int | UnsetType | None = UNSET
    space_id: int | UnsetType | None = UNSET
    room_id: int | UnsetType | None = UNSET
    is_default: Flag | UnsetType = UNSET
    editable: Flag | UnsetType = UNSET
    boost_time: int | UnsetType = UNSET
    controller_id: list[int] | UnsetType = UNSET


class ThermostatMode(Struct, kw_only=True):
    sensor_id: int | UnsetType = UNSET
    target_temperature: Number | UnsetType = UNSET
    delta: Number | UnsetType = UNSET
    active: Flag | UnsetType = UNSET
    default_state: str | UnsetType = UNSET
    push: Flag | UnsetType = UNSET
    controller_id: int | UnsetType = UNSET
    user_id: int | UnsetType = UNSET
    id: int | UnsetType = UNSET


class Geofence(Struct, kw_only=True):
    """The fields of a command are JSON inside a text."""

    id: int | UnsetType = UNSET
    user_id: int | UnsetType = UNSET
    controller_id: str | UnsetType = UNSET
    latitude: Number | UnsetType = UNSET
    longitude: Number | UnsetType = UNSET
    radius: Number | UnsetType = UNSET
    active: Flag | UnsetType = UNSET
    enter_command_name: str | UnsetType = UNSET
    enter_command_fields: str | UnsetType = UNSET
    exit_command_name: str | UnsetType = UNSET
    exit_command_fields: str | UnsetType = UNSET
    enter_push: Flag | UnsetType = UNSET
    exit_push: Flag | UnsetType = UNSET
