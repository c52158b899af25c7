"""`/api/setroomthermpoint` and `/api/setthermmode`: what is wanted in a room and in a home (contract §6.3,
§6.4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.climate import MAX_C, Channel, is_wanted
from ownclimate.core.operate import set_home_mode, set_setpoint
from ownclimate.core.things import Room, SetpointMode
from ownclimate.vendors.netatmo import vocabulary
from ownclimate.vendors.netatmo.face.faults import PARAMETER_MISSING, Refusal
from ownclimate.vendors.netatmo.face.holdings import Home
from ownclimate.vendors.netatmo.face.homes import the_home, wanted_in
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.parameters import Epoch
from ownclimate.vendors.netatmo.vocabulary import DIALECT
from ownclimate.vendors.netatmo.wire import PLAIN
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint

WRITE: Final = "write_thermostat"
BAD_MODE: Final = "mode not authorized"
BAD_ROOM: Final = "Invalid room_id"
LOWEST_C: Final = 5.0
STEP_C: Final = 0.5
ROOM_MODES: Final = ("manual", "max", "hg", "home", "schedule", "off")
HOME_MODES: Final = ("schedule", "away", "hg")


class RoomPoint(msgspec.Struct, kw_only=True):
    home_id: str
    room_id: str
    mode: Annotated[str, msgspec.Meta(description=", ".join(ROOM_MODES))]
    temp: Annotated[float, msgspec.Meta(description="°C, with manual")] | msgspec.UnsetType = msgspec.UNSET
    endtime: Epoch | msgspec.UnsetType = msgspec.UNSET


class HomeMode(msgspec.Struct, kw_only=True):
    home_id: str
    mode: Annotated[str, msgspec.Meta(description=", ".join(HOME_MODES))]
    endtime: Epoch | msgspec.UnsetType = msgspec.UNSET
    schedule_id: str | msgspec.UnsetType = msgspec.UNSET


def rows() -> tuple[Endpoint, ...]:
    return (
        method(
            "setroomthermpoint",
            set_room_therm_point,
            params=RoomPoint,
            successes=(PLAIN,),
            permission=Permission.DEVICE_CONTROL,
            scopes=(WRITE,),
            owned=("home_id", "room_id"),
            audit="set_setpoint",
            summary="Hold a temperature in a room, or let it follow the home again",
            examples={"home_id": "5f0000000000000000000001", "mode": "manual", "temp": 19.5},
            certainty=Certainty.SEEN,
        ),
        method(
            "setthermmode",
            set_therm_mode,
            params=HomeMode,
            successes=(PLAIN,),
            permission=Permission.DEVICE_CONTROL,
            scopes=(WRITE,),
            owned=("home_id", "schedule_id"),
            audit="set_mode",
            summary="Away, frost guard, or back to the schedule, in the whole home",
            examples={"home_id": "5f0000000000000000000001", "mode": "schedule"},
            certainty=Certainty.SEEN,
        ),
    )


async def set_room_therm_point(call: Call, asked: RoomPoint) -> None:
    """Raises Refusal for a home, room, mode or temperature that is none."""
    home = await the_home(call, asked.home_id)
    room = the_room(home, asked.room_id, Channel)
    if asked.mode not in ROOM_MODES:
        raise Refusal(BAD_MODE)
    mode = SetpointMode(vocabulary.SETPOINT_MODES[asked.mode])
    temperature_c = None
    if mode is SetpointMode.MANUAL:
        if asked.temp is msgspec.UNSET:
            raise Refusal("Missing temp", code=PARAMETER_MISSING)
        temperature_c = room_temperature(asked.temp, "temp")
    until_ms = until_of(asked.endtime) if mode in (SetpointMode.MANUAL, SetpointMode.MAX) else None
    await set_setpoint(
        call.ports,
        call.access.owner_id,
        call.actor,
        home.site.id,
        room.id,
        channel_of(home, room),
        mode,
        temperature_c=temperature_c,
        until_ms=until_ms,
    )


async def set_therm_mode(call: Call, asked: HomeMode) -> None:
    """Raises Refusal for a home or mode that is none, and for what is no schedule for heating."""
    home = await the_home(call, asked.home_id)
    if asked.mode not in HOME_MODES:
        raise Refusal(BAD_MODE)
    mode = SetpointMode(vocabulary.HOME_MODES[asked.mode])
    schedule_id = ""
    if asked.schedule_id is not msgspec.UNSET and mode is SetpointMode.SCHEDULE:
        schedule_id = _therm_schedule(home, asked.schedule_id)
    until_ms = 0 if mode is SetpointMode.SCHEDULE else until_of(asked.endtime) or 0
    await set_home_mode(
        call.ports,
        call.access.owner_id,
        call.actor,
        home.site.id,
        mode,
        until_ms=until_ms,
        schedule_id=schedule_id,
    )


def the_room(home: Home, wire_id: str, channels: Iterable[Channel], message: str = BAD_ROOM) -> Room:
    """The home's room, if a set-point of any of the channels means something there. Raises Refusal."""
    room = next((room for room in home.rooms if room.aliases[DIALECT] == wire_id.strip()), None)
    if room is None or not any(is_wanted(wanted_in(home), room, channel) for channel in channels):
        raise Refusal(message)
    return room


def channel_of(home: Home, room: Room) -> Channel:
    """What a set-point without a word about it is for: what the home regulates, if the room can."""
    climate = wanted_in(home)
    wanted = home.site.settings.get("climate_mode", Channel.HEATING.value)
    order = sorted(Channel, key=lambda channel: channel.value != wanted)
    return next(channel for channel in order if is_wanted(climate, room, channel))


def room_temperature(value: float, name: str) -> float:
    """To the half degree. Raises Refusal outside of what rooms can be set to."""
    if not LOWEST_C <= value <= MAX_C:
        raise Refusal(f"Invalid {name}")
    return round(value / STEP_C) * STEP_C


def until_of(end_s: int | msgspec.UnsetType) -> int | None:
    """None where no end was given; 0, which means for ever, stays."""
    return None if end_s is msgspec.UNSET else max(0, end_s) * 1000


def _therm_schedule(home: Home, wire_id: str) -> str:
    for schedule in home.schedules:
        if schedule.aliases[DIALECT] == wire_id and schedule.kind == Channel.HEATING.value:
            return schedule.id
    raise Refusal(f"schedule {wire_id} is not therm schedule")
