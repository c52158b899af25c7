"""Shapes of homes with cameras and alarms, of people and events on the wire (contract §8), for the document.

Answers are built as plain objects, since recorded ones come back with whatever their source said.
"""

from __future__ import annotations

from typing import Any

import msgspec

Absent = msgspec.UnsetType
UNSET = msgspec.UNSET


class Image(msgspec.Struct, kw_only=True):
    """A picture by id and key for getcamerapicture, by address, or as a file on the camera."""

    id: str | Absent = UNSET
    version: int | Absent = UNSET
    key: str | Absent = UNSET
    url: str | Absent = UNSET
    filename: str | Absent = UNSET


class SubEvent(msgspec.Struct, kw_only=True):
    id: str | Absent = UNSET
    type: str | Absent = UNSET
    time: int | Absent = UNSET
    offset: int | Absent = UNSET
    verified: bool | Absent = UNSET
    message: str | Absent = UNSET
    snapshot: Image | Absent = UNSET
    vignette: Image | Absent = UNSET


class SecurityEvent(msgspec.Struct, kw_only=True):
    """Which members there are, its type decides. `event_list` in the older methods is `subevents` in
    getevents, `camera_id` and `device_id` are `module_id`. `video_id` needs the access scope."""

    id: str
    type: str
    time: int
    camera_id: str | Absent = UNSET
    device_id: str | Absent = UNSET
    module_id: str | Absent = UNSET
    person_id: str | Absent = UNSET
    sub_type: int | Absent = UNSET
    category: str | Absent = UNSET
    snapshot: Image | Absent = UNSET
    vignette: Image | Absent = UNSET
    video_id: str | Absent = UNSET
    video_status: str | Absent = UNSET
    is_arrival: bool | Absent = UNSET
    message: str | Absent = UNSET
    sub_message: str | Absent = UNSET
    event_list: list[SubEvent] | Absent = UNSET
    subevents: list[SubEvent] | Absent = UNSET


class EventsOfHome(msgspec.Struct, kw_only=True):
    id: str
    events: list[SecurityEvent]


class Events(msgspec.Struct, kw_only=True):
    home: EventsOfHome


class EventsList(msgspec.Struct, kw_only=True):
    events_list: list[SecurityEvent]


class PersonSeen(msgspec.Struct, kw_only=True):
    """Without `pseudo` it is a face that nobody has named."""

    id: str
    last_seen: int | Absent = UNSET
    out_of_sight: bool | Absent = UNSET
    face: Image | Absent = UNSET
    pseudo: str | Absent = UNSET


class CameraModule(msgspec.Struct, kw_only=True):
    id: str
    type: str | Absent = UNSET
    name: str | Absent = UNSET
    battery_percent: int | Absent = UNSET
    rf: int | Absent = UNSET
    status: str | Absent = UNSET
    monitoring: str | Absent = UNSET
    alim_source: str | Absent = UNSET
    tamper_detection_enabled: bool | Absent = UNSET
    last_activity: int | Absent = UNSET


class Camera(msgspec.Struct, kw_only=True):
    """`vpn_url` and `is_local` need the access scope."""

    id: str
    type: str | Absent = UNSET
    name: str | Absent = UNSET
    status: str | Absent = UNSET
    sd_status: str | Absent = UNSET
    alim_status: str | Absent = UNSET
    vpn_url: str | Absent = UNSET
    is_local: bool | Absent = UNSET
    use_pin_code: bool | Absent = UNSET
    last_setup: int | Absent = UNSET
    light_mode_status: str | Absent = UNSET
    modules: list[CameraModule] | Absent = UNSET


class SmokeDetector(msgspec.Struct, kw_only=True):
    id: str
    type: str | Absent = UNSET
    name: str | Absent = UNSET
    last_setup: int | Absent = UNSET


class SecurityHome(msgspec.Struct, kw_only=True):
    id: str
    name: str | Absent = UNSET
    place: dict[str, Any] | Absent = UNSET
    persons: list[PersonSeen] | Absent = UNSET
    cameras: list[Camera] | Absent = UNSET
    smokedetectors: list[SmokeDetector] | Absent = UNSET
    events: list[SecurityEvent] | Absent = UNSET


class HomeData(msgspec.Struct, kw_only=True):
    homes: list[SecurityHome]
    user: dict[str, Any]
    global_info: dict[str, Any]
