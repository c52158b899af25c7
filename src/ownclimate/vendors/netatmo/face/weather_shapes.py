"""Shapes of weather stations and air monitors on the wire (contract §5.1, §5.2), for the document.

Answers are built as plain objects, since recorded ones come back with whatever their source said.
"""

from __future__ import annotations

from typing import Any

import msgspec

Absent = msgspec.UnsetType
UNSET = msgspec.UNSET
Number = int | float


class Dashboard(msgspec.Struct, kw_only=True):
    """What a station or module measured last; which members, its type decides."""

    time_utc: int | Absent = UNSET
    Temperature: Number | Absent = UNSET
    CO2: Number | Absent = UNSET
    Humidity: Number | Absent = UNSET
    Noise: Number | Absent = UNSET
    Pressure: Number | Absent = UNSET
    AbsolutePressure: Number | Absent = UNSET
    Rain: Number | Absent = UNSET
    WindStrength: Number | Absent = UNSET
    WindAngle: Number | Absent = UNSET
    GustStrength: Number | Absent = UNSET
    GustAngle: Number | Absent = UNSET
    health_idx: Number | Absent = UNSET
    min_temp: Number | Absent = UNSET
    max_temp: Number | Absent = UNSET
    date_min_temp: Number | Absent = UNSET
    date_max_temp: Number | Absent = UNSET
    temp_trend: str | Absent = UNSET
    pressure_trend: str | Absent = UNSET
    sum_rain_1: Number | Absent = UNSET
    sum_rain_24: Number | Absent = UNSET
    max_wind_str: Number | Absent = UNSET
    max_wind_angle: Number | Absent = UNSET
    date_max_wind_str: Number | Absent = UNSET


class Place(msgspec.Struct, kw_only=True):
    """`location` is longitude, latitude."""

    altitude: Number | Absent = UNSET
    city: str | Absent = UNSET
    country: str | Absent = UNSET
    timezone: str | Absent = UNSET
    location: list[Number] | Absent = UNSET


class Module(msgspec.Struct, kw_only=True):
    id: str = msgspec.field(name="_id")
    type: str
    module_name: str | Absent = UNSET
    last_setup: int | Absent = UNSET
    data_type: list[str] | Absent = UNSET
    battery_percent: Number | Absent = UNSET
    battery_vp: int | Absent = UNSET
    reachable: bool | Absent = UNSET
    firmware: int | Absent = UNSET
    last_message: int | Absent = UNSET
    last_seen: int | Absent = UNSET
    rf_status: int | Absent = UNSET
    dashboard_data: Dashboard | Absent = UNSET


class Station(msgspec.Struct, kw_only=True):
    """`date_setup` of very old recordings is an object of seconds and microseconds."""

    id: str = msgspec.field(name="_id")
    type: str
    date_setup: int | dict[str, Any] | Absent = UNSET
    last_setup: int | Absent = UNSET
    last_upgrade: int | Absent = UNSET
    last_status_store: int | Absent = UNSET
    station_name: str | Absent = UNSET
    module_name: str | Absent = UNSET
    home_id: str | Absent = UNSET
    home_name: str | Absent = UNSET
    firmware: int | Absent = UNSET
    wifi_status: int | Absent = UNSET
    reachable: bool | Absent = UNSET
    co2_calibrating: bool | Absent = UNSET
    read_only: bool | Absent = UNSET
    favorite: bool | Absent = UNSET
    data_type: list[str] | Absent = UNSET
    place: Place | Absent = UNSET
    dashboard_data: Dashboard | Absent = UNSET
    modules: list[Module] | Absent = UNSET


class Administrative(msgspec.Struct, kw_only=True):
    """Preferences as numbers: clients index tables with them."""

    lang: str | Absent = UNSET
    reg_locale: str | Absent = UNSET
    country: str | Absent = UNSET
    unit: int
    windunit: int
    pressureunit: int
    feel_like_algo: int


class User(msgspec.Struct, kw_only=True):
    mail: str
    administrative: Administrative


class Stations(msgspec.Struct, kw_only=True):
    """The body of getstationsdata and gethomecoachsdata."""

    devices: list[Station]
    user: User
