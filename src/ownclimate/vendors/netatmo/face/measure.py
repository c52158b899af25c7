"""`/api/getmeasure` and `/api/getroommeasure`: the history of one module or of one room (contract §5.3,
§6.5)."""

from __future__ import annotations

from typing import Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.aliases import ROOM
from ownclimate.core.errors import InvalidInput
from ownclimate.core.sites import find_by_alias
from ownclimate.core.things import Ability, Device
from ownclimate.vendors.netatmo import presented, vocabulary
from ownclimate.vendors.netatmo.face.history import HistoryQuery, asked_of, history_of
from ownclimate.vendors.netatmo.face.holdings import find_home, latest_of, load_home
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.parameters import WireId, wire_id
from ownclimate.vendors.netatmo.face.subject import find_subject
from ownclimate.vendors.netatmo.vocabulary import DIALECT
from ownclimate.vendors.netatmo.wire import MeasureBody
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Success

SCOPES: Final = tuple(sorted({vocabulary.read_scope(code) for code in vocabulary.PRODUCTS}))


class MeasureQuery(HistoryQuery, kw_only=True):
    device_id: WireId
    module_id: WireId | msgspec.UnsetType = msgspec.UNSET


class RoomMeasureQuery(HistoryQuery, kw_only=True):
    home_id: str
    room_id: str


def rows() -> tuple[Endpoint, ...]:
    return (
        method(
            "getmeasure",
            get_measure,
            params=MeasureQuery,
            successes=(Success(item=MeasureBody),),
            permission=Permission.DEVICE_READ,
            narrowed_scopes=SCOPES,
            owned=("device_id", "module_id"),
            summary="Values of one module over time",
            examples={
                "device_id": "70:ee:50:00:00:01",
                "module_id": "02:00:00:00:00:01",
                "scale": "1hour",
                "type": ["temperature", "min_temp"],
                "date_begin": 1795200000,
            },
            certainty=Certainty.SEEN,
        ),
        method(
            "getroommeasure",
            get_room_measure,
            params=RoomMeasureQuery,
            successes=(Success(item=MeasureBody),),
            permission=Permission.DEVICE_READ,
            scopes=(f"read_{vocabulary.HEATING}",),
            owned=("home_id", "room_id"),
            summary="Temperatures and set-points of one room over time",
            examples={
                "home_id": "5f0000000000000000000001",
                "room_id": "100000001",
                "scale": "1hour",
                "type": ["temperature", "sp_temperature"],
                "date_begin": 1795200000,
            },
            certainty=Certainty.DOCUMENTED,
        ),
    )


async def get_measure(call: Call, query: MeasureQuery) -> MeasureBody:
    """Values of one device; an empty list when there are none. Raises NotFound for another's device."""
    asked = asked_of(query)
    module_id = None if query.module_id is msgspec.UNSET else wire_id(query.module_id)
    subject = await find_subject(call, wire_id(query.device_id), module_id)
    asked = asked.of(query, subject.abilities)
    return await history_of(call.ports, [subject.device.number], asked, subject.zone)


async def get_room_measure(call: Call, query: RoomMeasureQuery) -> MeasureBody:
    """Values of the devices that measure in the room, taken together. Raises InvalidInput for a home or a
    room that is not the caller's."""
    asked = asked_of(query)
    site = await find_home(call, query.home_id)
    if site is None:
        raise InvalidInput("home_id", "there is no such home")
    room_id = await find_by_alias(
        call.ports.directory, call.access.owner_id, DIALECT, ROOM, query.room_id.strip(), scope=site.id
    )
    if room_id is None:
        raise InvalidInput("room_id", "there is no such room in this home")
    home = await load_home(call, site, with_rooms=False)
    inside = [device for device in home.devices if device.room_id == room_id]
    latest = await latest_of(call, inside)
    inside = [presented.with_measured(device, latest.get(device.number, {})) for device in inside]
    measuring = _measuring(inside)
    asked = asked.of(query, _ROOM | {ability for device in measuring for ability in device.abilities})
    return await history_of(call.ports, [device.number for device in measuring], asked, site.time_zone)


_ROOM: Final = frozenset({Ability.TEMPERATURE, Ability.HEATING_SETPOINT})
"""What any room may be asked for, whether or not something measures there."""
_CLIMATE: Final = frozenset({Ability.HEATING_SETPOINT, Ability.COOLING_SETPOINT})


def _measuring(devices: list[Device]) -> list[Device]:
    """Those whose values are the room's: what regulates it before what only measures, and meters."""
    regulating = [device for device in devices if _CLIMATE & device.abilities]
    metering = [device for device in devices if Ability.ENERGY in device.abilities]
    indoors = [
        d for d in devices if Ability.TEMPERATURE in d.abilities and Ability.OUTDOOR not in d.abilities
    ]
    return [*(regulating or indoors), *(device for device in metering if device not in regulating)]
