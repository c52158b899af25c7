"""`/v1`: where a client that follows links begins (contract §2.6)."""

from __future__ import annotations

from ownclimate.vendors.mclimate import wire
from ownclimate.vendors.mclimate.face.brands import BRAND
from ownclimate.vendors.mclimate.face.buildings import BUILDING
from ownclimate.vendors.mclimate.face.command_log import COMMAND_LOG
from ownclimate.vendors.mclimate.face.controllers import FIELD_TYPES
from ownclimate.vendors.mclimate.face.floors import FLOOR, SPACE_RESOURCE
from ownclimate.vendors.mclimate.face.geofences import GEOFENCE
from ownclimate.vendors.mclimate.face.hal import FieldTypes
from ownclimate.vendors.mclimate.face.rooms import ROOM
from ownclimate.vendors.mclimate.face.schedule_looks import SCHEDULE
from ownclimate.vendors.mclimate.face.schedule_profiles import PROFILE
from ownclimate.vendors.mclimate.face.thermostat_mode import MODE
from ownclimate.vendors.mclimate.wire import Link
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Success


def rows() -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            operation_id="getEntryPoint",
            path="/v1",
            handler=get_entry_point,
            successes=(Success(item=wire.EntryPoint),),
            is_conditional=True,
            summary="Links to everything there is",
            certainty=Certainty.RULED,
        ),
    )


async def get_entry_point(call: Call, params: None) -> wire.EntryPoint:
    """Everything that is served can be reached from here by links alone."""
    links = {
        "self": Link("/v1"),
        "users/me": Link("/v1/users/me"),
        "controllers": _listing("/v1/controllers", FIELD_TYPES),
        "controller": Link("/v1/controllers/{serial_number}{?fields}", templated=True),
        "command_log": _listing("/v1/command_log/{serial_number}", COMMAND_LOG.types),
        "controller_log": Link("/v1/controllers/{serial_number}/controller_log", templated=True),
        "pending": Link("/v1/provider/pending/{serial_number}", templated=True),
        "buildings": _listing("/v1/buildings", BUILDING.types),
        "floors": _listing("/v1/floors", FLOOR.types),
        "spaces": _listing("/v1/spaces", SPACE_RESOURCE.types),
        "rooms": _listing("/v1/rooms", ROOM.types),
        "brands": _listing("/v1/brands", BRAND.types),
        "fuota": Link("/v1/fuota/{serial_number}", templated=True),
        "schedules": _listing("/v1/schedules", SCHEDULE.types),
        "schedule-profile": _listing("/v1/schedule-profile", PROFILE.types),
        "thermostat_mode": _listing("/v1/thermostat_mode", MODE.types),
        "geofences": _listing("/v1/geofences", GEOFENCE.types),
        "provider/fetch": Link("/v1/provider/fetch"),
        "provider/send": Link("/v1/provider/send"),
    }
    return wire.EntryPoint(links=links)


def _listing(path: str, types: FieldTypes) -> Link:
    """A collection with everything that it can be asked by."""
    filters = ",".join(name for name, kind in types.items() if kind is not None)
    return Link(f"{path}{{?{filters},fields,sort,limit,page}}", templated=True)
