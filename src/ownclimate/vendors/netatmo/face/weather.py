"""`/api/getstationsdata` and `/api/gethomecoachsdata`: stations, modules and air monitors with their last
values (contract §5.1, §5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.errors import NotFound
from ownclimate.core.members import find_role, load_owner
from ownclimate.core.things import Device, Role, Site
from ownclimate.vendors.netatmo import presented, vocabulary
from ownclimate.vendors.netatmo.face.faults import INVALID_DEVICE, Refusal
from ownclimate.vendors.netatmo.face.holdings import Holdings, latest_of, load_holdings
from ownclimate.vendors.netatmo.face.listed import came_here
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.vendors.netatmo.face.parameters import WireId, is_wire_id, wire_id
from ownclimate.vendors.netatmo.face.users import weather_user
from ownclimate.vendors.netatmo.face.weather_devices import (
    Scene,
    coach,
    last_ms_of,
    module,
    station,
    virtual_station,
)
from ownclimate.vendors.netatmo.face.weather_shapes import Stations
from ownclimate.vendors.netatmo.fields import Method
from ownclimate.vendors.netatmo.mapping import address, report_of
from ownclimate.vendors.netatmo.recognise import COACHES, STATIONS
from ownclimate.vendors.netatmo.restate import said_at_ms
from ownclimate.vendors.netatmo.standing import Around, device_changes
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Success

MODULES: Final = frozenset(
    {vocabulary.OUTDOOR, vocabulary.ANEMOMETER, vocabulary.RAIN_GAUGE, vocabulary.INDOOR}
)


class CoachesQuery(msgspec.Struct, kw_only=True):
    device_id: WireId | msgspec.UnsetType = msgspec.UNSET


class StationsQuery(CoachesQuery, kw_only=True):
    get_favorites: Annotated[
        bool, msgspec.Meta(description="Also the public stations of others that were marked as favourites")
    ] = False


def rows() -> tuple[Endpoint, ...]:
    return (
        method(
            "getstationsdata",
            get_stations_data,
            params=StationsQuery,
            successes=(Success(item=Stations),),
            permission=Permission.DEVICE_READ,
            scopes=(f"read_{vocabulary.WEATHER}",),
            owned=("device_id",),
            summary="Weather stations with their modules and last values",
            examples={"device_id": "70:ee:50:00:00:01"},
            certainty=Certainty.SEEN,
        ),
        method(
            "gethomecoachsdata",
            get_home_coachs_data,
            params=CoachesQuery,
            successes=(Success(item=Stations),),
            permission=Permission.DEVICE_READ,
            scopes=(f"read_{vocabulary.AIR}",),
            owned=("device_id",),
            summary="Air quality monitors with their last values",
            examples={"device_id": "70:ee:50:00:00:02"},
            certainty=Certainty.SEEN,
        ),
    )


async def get_stations_data(call: Call, query: StationsQuery) -> dict[str, Any]:
    """Raises Refusal for what is no MAC address, NotFound for a station that is not the caller's."""
    wanted = _wanted(query)
    holdings = await load_holdings(call)
    scene = await _scene(call, holdings)
    stations = [d for d in holdings.devices if presented.product_code(d) == vocabulary.STATION]
    if not query.get_favorites:
        stations = [device for device in stations if not report_of(device.reports, "is_favourite")]
    told = [
        await station(scene, device, modules_of(device, holdings.devices, scene.around))
        for device in stations
        if wanted in (None, presented.wire_id(device).lower())
    ]
    for wire, site, name, sensors in await _virtual(call, holdings, scene):
        if wanted in (None, wire):
            shown = virtual_station(wire, site, name, sensors, last_ms_of(scene, sensors), scene.now_ms)
            modules = [await module(scene, sensor) for sensor in sensors]
            told.append(shown | {"modules": modules})
    return await _answer(call, STATIONS, wanted, told)


async def get_home_coachs_data(call: Call, query: CoachesQuery) -> dict[str, Any]:
    """Raises as `get_stations_data` does."""
    wanted = _wanted(query)
    holdings = await load_holdings(call)
    scene = await _scene(call, holdings)
    told = [
        await coach(scene, device)
        for device in _with_abilities(scene, holdings.devices)
        if presented.product_code(device) == vocabulary.COACH
        and wanted in (None, presented.wire_id(device).lower())
    ]
    return await _answer(call, COACHES, wanted, told)


def _wanted(query: CoachesQuery) -> str | None:
    """The one station that was asked for."""
    if query.device_id is msgspec.UNSET:
        return None
    return wire_id(query.device_id)


async def _answer(call: Call, name: str, wanted: str | None, told: list[dict[str, Any]]) -> dict[str, Any]:
    if wanted is not None and not told:
        raise NotFound("device") if is_wire_id(wanted) else Refusal(INVALID_DEVICE)
    return {"devices": told, "user": await weather_user(call, name)}


async def _scene(call: Call, holdings: Holdings) -> Scene:
    access = call.access
    role = None
    if access.account_id is not None:
        role = await find_role(call.ports.directory, access.owner_id, access.account_id)
    return Scene(
        ports=call.ports,
        around=Around.of([home.site for home in holdings.homes], [], holdings.devices),
        latest=await latest_of(call, holdings.devices),
        now_ms=call.ports.clock.now_ms(),
        is_guest=role is Role.GUEST,
    )


def modules_of(gateway: Device, devices: Sequence[Device], around: Around) -> list[Device]:
    """The station's modules in the order in which it listed them, then those put behind it here.

    What it listed is a module of it, also of a product that we do not know. What it did not list, though the
    cloud told of it elsewhere, is left out.
    """
    site = None if gateway.site_id is None else around.sites.get(gateway.site_id)
    has_listed = said_at_ms(gateway, Method.STATION) > 0
    order = {address(text): place for place, text in enumerate(_listed(gateway))}
    behind = [device for device in devices if device.parent_id == gateway.id]
    found = [
        device
        for device in behind
        if address(presented.wire_id(device)) in order
        or (
            presented.product_code(device) in MODULES
            and (
                not has_listed
                or (site is not None and came_here(device, site))
                or "gateway" in device_changes(device, around)
            )
        )
    ]
    return sorted(found, key=lambda device: order.get(address(presented.wire_id(device)), len(order)))


def _listed(gateway: Device) -> list[str]:
    listed = report_of(gateway.reports, "listed_modules")
    return list(listed) if isinstance(listed, list) else []


def _with_abilities(scene: Scene, devices: Sequence[Device]) -> list[Device]:
    return [
        device
        if device.vendor == vocabulary.VENDOR
        else presented.with_measured(device, scene.latest_of(device))
        for device in devices
    ]


async def _virtual(
    call: Call, holdings: Holdings, scene: Scene
) -> list[tuple[str, Site | None, str, list[Device]]]:
    """The virtual stations: id, home, the home's name, and the sensors behind it."""
    found: list[tuple[str, Site | None, str, list[Device]]] = []
    for home in holdings.homes:
        behind = presented.behind_virtual(_with_abilities(scene, home.devices))
        wire = presented.virtual_id(home.site, presented.STATION)
        if presented.STATION in behind and wire is not None:
            found.append((wire, home.site, home.site.name, behind[presented.STATION]))
    loose = presented.behind_virtual(_with_abilities(scene, holdings.loose)).get(presented.STATION)
    if loose and (owner := await load_owner(call.ports.directory, call.access.owner_id)) is not None:
        found.append((presented.virtual_id_of_nowhere(owner, presented.STATION), None, owner.name, loose))
    return found
