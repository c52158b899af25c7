"""Taking measures in: whose they are, and that sums and means of one quantity are of one step for ever.

A sum stands for all that lies in its step. The same rain told by tips and once more by half hours would
count twice, so the first scale at which a device's sums were taken is noted, and others stay in the raw
archive; the same goes for the means of a room. Values as measured come before any: they are taken even so.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from ownclimate.core.devices import edit_device, find_device
from ownclimate.core.errors import NotFound
from ownclimate.core.readings import Values
from ownclimate.core.sites import get_site
from ownclimate.core.things import Ability, Device, Room
from ownclimate.vendors.netatmo import vocabulary
from ownclimate.vendors.netatmo.household import Household
from ownclimate.vendors.netatmo.mapping import MAX_ID, address
from ownclimate.vendors.netatmo.measure_request import MeasureRequest
from ownclimate.vendors.netatmo.measures import AS_MEASURED, HEATING, STEPS_S, Table, read_measures

SCALES: Final = "netatmo_scales"
"""Among what is kept of a device: at which scale a quantity of it was taken, for those where that counts."""
_ENERGY: Final = "energy_wh"
_SUMMED: Final = ("rain_mm", _ENERGY, HEATING)
_OWN_PAST: Final = frozenset({vocabulary.THERMOSTAT, vocabulary.STATION, vocabulary.COACH, vocabulary.INDOOR})
"""Products whose values getmeasure has as they were measured: means of their room are no news of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A table with whose columns are whose; nobody's stay in the raw archive."""

    table: Table
    shares: tuple[tuple[Device, dict[str, Values]], ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every value of the answer became a reading."""
        taken = {name for _, columns in self.shares for name in columns}
        return bool(taken) and self.table.is_whole and taken == self.table.columns.keys()


async def measured_in(household: Household, request: MeasureRequest, body: Any, now_ms: int) -> Measured:
    """The readings in a body that answered the request. Devices that nothing is known about are made,
    unless there are no readings; rooms are not."""
    if request.is_of_room:
        await household.load()
        return await _of_room(household, request, body, now_ms)
    zone = await _zone_of_device(household, request)
    table = _read(household, request, body, now_ms, zone)
    if not len(table.times_ms):
        return Measured(table=table)
    device = await _device(household, request)
    if device is None:
        return Measured(table=table)
    columns = await _of_one_scale(household, request, device, table.columns)
    return Measured(table=table, shares=((device, columns),) if columns else ())


async def _of_room(household: Household, request: MeasureRequest, body: Any, now_ms: int) -> Measured:
    room = _room(household, request)
    zone = next((s.time_zone for s in household.known.sites.values() if room and s.id == room.site_id), "")
    table = _read(household, request, body, now_ms, zone)
    if room is None or not len(table.times_ms):
        return Measured(table=table)
    inside = household.known.devices_in(room)
    shares: dict[str, tuple[Device, dict[str, Values]]] = {}
    for name, values in table.columns.items():
        device = _measuring(household, request, inside, name)
        if device is not None:
            shares.setdefault(device.id, (device, {}))[1][name] = values
    kept = [
        (device, await _of_one_scale(household, request, device, columns))
        for device, columns in shares.values()
    ]
    return Measured(table=table, shares=tuple((device, columns) for device, columns in kept if columns))


def _measuring(
    household: Household, request: MeasureRequest, inside: list[Device], name: str
) -> Device | None:
    """The one device in the room whose values these are; None, with a warning, when it cannot be told."""
    ability = Ability.ENERGY if name == _ENERGY else Ability.TEMPERATURE
    found = [device for device in inside if ability in device.abilities]
    if len(found) != 1:
        household.report.warn(f"{name} of a room in which {len(found)} devices measure it; kept as it came")
        return None
    if name != _ENERGY and request.scale != AS_MEASURED and found[0].model in _OWN_PAST:
        household.report.warn(f"{name}: means of a room whose device tells its own values; kept as they came")
        return None
    return found[0]


def _room(household: Household, request: MeasureRequest) -> Room | None:
    wanted, home = address(request.room), address(request.home)
    site = None if home is None else household.known.sites.get(home)
    found = [
        room
        for (site_id, wire_id), room in household.known.rooms.items()
        if wire_id == wanted and (home is None or (site is not None and site_id == site.id))
    ]
    if len(found) == 1:
        return found[0]
    what = "no room" if not found else "more than one room"
    household.report.warn(f"there is {what} {request.room[:MAX_ID]}: its values are kept as they came")
    return None


async def _device(household: Household, request: MeasureRequest) -> Device | None:
    measured = await household.find_or_make(request.subject, request.likely_model)
    if measured is None or not request.module:
        return measured
    gateway = await household.find_or_make(request.device, request.likely_gateway)
    return measured if gateway is None else await household.put_behind(measured, gateway)


def _read(household: Household, request: MeasureRequest, body: Any, now_ms: int, zone: str) -> Table:
    offset_s = 0
    if zone:
        # Where half hours begin does not change with the clocks: the offset of any day will do.
        now = datetime.datetime.fromtimestamp(now_ms / 1000, ZoneInfo(zone))
        offset_s = int((now.utcoffset() or datetime.timedelta()).total_seconds())
    table = read_measures(body, request, now_ms, offset_s)
    for warning in table.warnings:
        household.report.warn(warning)
    return table


async def _zone_of_device(household: Household, request: MeasureRequest) -> str:
    """The zone in which bins were cut; empty where it is not known or does not matter."""
    if request.scale not in STEPS_S or request.is_real_time is not None:
        return ""
    directory, owner_id = household.ports.directory, household.owner_id
    device = await find_device(directory, owner_id, request.subject)
    if device is None or device.site_id is None:
        return ""
    try:
        return (await get_site(directory, owner_id, device.site_id)).time_zone
    except NotFound:
        return ""


async def _of_one_scale(
    household: Household, request: MeasureRequest, device: Device, columns: Mapping[str, Values]
) -> dict[str, Values]:
    """The columns without sums that were taken at another scale before; the scale of new ones is noted."""
    noted = device.kept.get(SCALES, {})
    scale, taken, news = request.scale, dict(columns), dict[str, str]()
    for name in columns:
        before = noted.get(name)
        if before == scale or (name not in _SUMMED and scale == AS_MEASURED):
            continue
        if before is not None and scale != AS_MEASURED:
            household.report.warn(f"{name} was taken at scale {before} before; at {scale} kept as it came")
            del taken[name]
            continue
        if before is not None:
            household.report.warn(
                f"{name} was taken at scale {before} before: where both are it counts twice"
            )
        news[name] = scale
    if news:
        await _note_scales(household, device, news)
    return taken


async def _note_scales(household: Household, device: Device, news: Mapping[str, str]) -> None:
    def noted(before: Device) -> Device:
        kept = {**before.kept, SCALES: {**before.kept.get(SCALES, {}), **news}}
        return dataclasses.replace(before, kept=kept)

    await edit_device(household.ports, household.owner_id, household.actor, device.id, noted)
