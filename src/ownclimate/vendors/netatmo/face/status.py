"""`/api/homestatus`: what is so in a home now, and what is wanted there (contract §6.2)."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.climate import Channel, is_followed
from ownclimate.core.things import Device
from ownclimate.vendors.netatmo import presented, wire
from ownclimate.vendors.netatmo.face import residents
from ownclimate.vendors.netatmo.face.families import READS, sees, sees_device
from ownclimate.vendors.netatmo.face.holdings import Home, latest_of
from ownclimate.vendors.netatmo.face.home_shapes import Status
from ownclimate.vendors.netatmo.face.homes import PEOPLE_READS, the_home
from ownclimate.vendors.netatmo.face.listed import in_answer, said_paths
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.status_devices import Scene, fault_of, module_status, virtual_status
from ownclimate.vendors.netatmo.face.status_rooms import room_status
from ownclimate.vendors.netatmo.face.watching import may_watch, without_video
from ownclimate.vendors.netatmo.fields import Method
from ownclimate.vendors.netatmo.restate import restate, said_at_ms
from ownclimate.vendors.netatmo.standing import Around
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint

INVALID_ID: Final = "Invalid id"


class StatusQuery(msgspec.Struct, kw_only=True):
    home_id: str
    device_types: (
        Annotated[list[str], msgspec.Meta(description="Only modules of these types")] | msgspec.UnsetType
    ) = msgspec.UNSET


def rows() -> tuple[Endpoint, ...]:
    return (
        method(
            "homestatus",
            home_status,
            params=StatusQuery,
            successes=(wire.untimed_success(Status),),
            permission=Permission.DEVICE_READ,
            any_scopes=READS,
            owned=("home_id",),
            summary="What rooms and modules of a home are doing now",
            examples={"home_id": "5f0000000000000000000001"},
            certainty=Certainty.SEEN,
        ),
    )


async def home_status(call: Call, query: StatusQuery) -> wire.Untimed:
    """Raises Refusal for a home that is not the caller's. One without modules has no body, unless the
    cloud told of its rooms all the same."""
    home = await the_home(call, query.home_id, INVALID_ID)
    if not home.devices and said_paths(home.site, Method.STATUS) is None:
        return wire.untimed(call)
    scene = await scene_of(call, home)
    types = None if query.device_types is msgspec.UNSET else set(query.device_types)
    return wire.untimed(call, _body(call, home, scene, types))


async def scene_of(call: Call, home: Home) -> Scene:
    return Scene(
        site=home.site,
        around=Around.of([home.site], home.rooms, home.devices),
        latest=await latest_of(call, home.devices),
        now_ms=call.ports.clock.now_ms(),
    )


def _body(call: Call, home: Home, scene: Scene, types: set[str] | None) -> dict[str, Any]:
    site = home.site
    paths = said_paths(site, Method.STATUS) or frozenset()
    body = {"id": home.wire_id, **(restate(site, Method.STATUS, around=scene.around) or {})}
    if people := residents.present(site):
        body["persons"] = people
    if not sees(call, *PEOPLE_READS):
        body.pop("persons", None)
    modules, errors = _modules(call, home, scene, types)
    said = in_answer(site, Method.STATUS, "rooms", home.rooms)
    # A set-point that was chosen here is told though the cloud never spoke of the room's status.
    known = {room.id for room in said}
    ours = [
        room
        for room in home.rooms
        if room.id not in known and any(is_followed(room, channel) for channel in Channel)
    ]
    rooms = [told for room in (*said, *ours) if (told := room_status(call, home, scene, room)) is not None]
    parts = {"rooms": rooms, "modules": modules}
    body |= {name: items for name, items in parts.items() if items or name in paths}
    return {"home": body} | ({"errors": errors} if errors else {})


def _modules(
    call: Call, home: Home, scene: Scene, types: set[str] | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Modules with their status, and of those that cannot be reached the errors."""
    shown = [device for device in home.devices if _is_shown(call, device, types)]
    listed = in_answer(home.site, Method.STATUS, "modules", shown)
    known = {device.id for device in listed}
    modules, errors = [], []
    for device in (*listed, *(device for device in shown if device.id not in known)):
        fault = fault_of(scene, device)
        if fault is not None:
            errors.append(fault)
        # The cloud may tell of what it cannot reach all the same.
        if device.id in known and (fault is None or said_at_ms(device, Method.STATUS)):
            told = module_status(scene, device)
            modules.append(told if may_watch(call.access, device) else without_video(told))
    modules += [
        virtual_status(gateway, scene.now_ms)
        for gateway in presented.virtual_gateways(home.site, shown)
        if types is None or gateway.code in types
    ]
    return modules, errors


def _is_shown(call: Call, device: Device, types: set[str] | None) -> bool:
    code = presented.product_code(device)
    return code is not None and (types is None or code in types) and sees_device(call, device)
