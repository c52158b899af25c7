"""What version 1 lacks and owners want, beside it under `/api/v1`: ours, not the vendor's.

Many thermostats at once, a thermostat's history, and who switched tenant mode when.
"""

from __future__ import annotations

from typing import Annotated, Final

import numpy as np
from msgspec import UNSET, Meta, Struct, UnsetType

from ownclimate.core.access import Permission
from ownclimate.core.audit import list_entries
from ownclimate.core.errors import InvalidInput
from ownclimate.core.query import history
from ownclimate.core.readings import Interval
from ownclimate.core.writes import AuditEntry
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings import wire
from ownclimate.vendors.smartbuildings.face.buildings import BuildingPath
from ownclimate.vendors.smartbuildings.face.finding import building_of, thermostat_id, thermostat_of
from ownclimate.vendors.smartbuildings.face.status import status_of
from ownclimate.vendors.smartbuildings.face.thermostats import SERIAL, ThermostatPath
from ownclimate.vendors.smartbuildings.face.zones import zones_in
from ownclimate.vendors.smartbuildings.units import fahrenheit, instant, instant_ms
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Place, Success

DAY_MS: Final = 24 * 3_600_000
MAX_ROWS: Final = 10_000
STEPS: Final = ("5min", "30min", "1h", "3h", "1day", "1week", "1month")
SET_TENANT_MODE: Final = "set_tenant_mode"
AUDIT_PAGE, AUDIT_PAGES = 500, 20
"""How much of the company's audit is looked through for one thermostat's entries."""

_COLUMNS: Final = {
    "temperature_c": "temperature",
    "humidity_pct": "humidity",
    "setpoint_c": "desired_heat",
    "setpoint_cool_c": "desired_cool",
    "heating_on": "heating",
    "cooling_on": "cooling",
    "fan_on": "fan",
}
_DEGREES: Final = frozenset({"temperature_c", "setpoint_c", "setpoint_cool_c"})


class Statuses(Struct, kw_only=True):
    count: int
    items: list[wire.Status]


class HistoryRow(Struct, kw_only=True, rename="camel"):
    """Degrees Fahrenheit and percent; `heating`, `cooling` and `fan` are the share of the time, 0 to 1."""

    time: wire.Instant
    temperature: float | UnsetType = UNSET
    humidity: float | UnsetType = UNSET
    desired_heat: float | UnsetType = UNSET
    desired_cool: float | UnsetType = UNSET
    heating: float | UnsetType = UNSET
    cooling: float | UnsetType = UNSET
    fan: float | UnsetType = UNSET


class History(Struct, kw_only=True):
    id: wire.ThermostatId
    count: int
    items: Annotated[list[HistoryRow], Meta(max_length=MAX_ROWS)]


class TenantModeEntry(Struct, kw_only=True, rename="camel"):
    time: wire.Instant
    is_tenant_mode: bool
    client_id: str | UnsetType = UNSET
    account_id: str | UnsetType = UNSET


class TenantModeLog(Struct, kw_only=True):
    id: wire.ThermostatId
    items: list[TenantModeEntry]


class HistoryQuery(ThermostatPath, kw_only=True, rename={"thermostat_id": "thermostatId", "from_": "from"}):
    from_: Annotated[str, Place.QUERY] = ""
    to: Annotated[str, Place.QUERY] = ""
    step: Annotated[str, Place.QUERY, Meta(extra_json_schema={"enum": list(STEPS)})] = "1h"


async def list_statuses(call: Call, path: BuildingPath) -> Statuses:
    site = await building_of(call, path.building_id)
    zones = await zones_in(call, site)
    latest = await call.ports.series.latest([zone.device.number for zone in zones])
    now_ms = call.ports.clock.now_ms()
    items = [status_of(zone, latest.get(zone.device.number, {}), now_ms) for zone in zones]
    return Statuses(count=len(items), items=items)


async def get_history(call: Call, query: HistoryQuery) -> History:
    """Readings of a day unless `from` and `to` say otherwise, a row a step, oldest first."""
    device, _ = await thermostat_of(call, query.thermostat_id)
    end_ms = _instant(query.to, "to", call.ports.clock.now_ms())
    start_ms = _instant(query.from_, "from", end_ms - DAY_MS)
    if query.step not in STEPS:
        raise InvalidInput("step", f"must be one of {', '.join(STEPS)}")
    if start_ms >= end_ms:
        raise InvalidInput("from", "must be before `to`")
    span = Interval(start_ms=start_ms, end_ms=end_ms)
    series = await history(call.ports, device.owner_id, device, span, list(_COLUMNS), query.step)
    if len(series.times_ms) > MAX_ROWS:
        raise InvalidInput("from", f"more than {MAX_ROWS} rows; ask for less at a time or a longer step")
    rows = [HistoryRow(time=instant(at_ms)) for at_ms in series.times_ms.tolist()]
    for quantity, name in _COLUMNS.items():
        column = series.columns.get(quantity)
        for row, value in zip(rows, () if column is None else column.tolist(), strict=False):
            if not np.isnan(value):
                shown = fahrenheit(value) if quantity in _DEGREES else round(value, 3)
                setattr(row, name, shown)
    return History(id=thermostat_id(device), count=len(rows), items=rows)


async def get_tenant_mode_log(call: Call, path: ThermostatPath) -> TenantModeLog:
    """Every switch of tenant mode, newest first."""
    device, _ = await thermostat_of(call, path.thermostat_id)
    items: list[TenantModeEntry] = []
    before: str | None = None
    for _page in range(AUDIT_PAGES):
        entries = await list_entries(
            call.ports.directory,
            device.owner_id,
            since_ms=device.created_ms,
            now_ms=call.ports.clock.now_ms(),
            before=before,
            limit=AUDIT_PAGE,
        )
        items += [_switch(e) for e in entries if e.verb == SET_TENANT_MODE and e.object_id == device.id]
        if len(entries) < AUDIT_PAGE:
            break
        before = min(entry.id for entry in entries)
    return TenantModeLog(id=thermostat_id(device), items=items)


def _switch(entry: AuditEntry) -> TenantModeEntry:
    return TenantModeEntry(
        time=instant(entry.at_ms),
        is_tenant_mode=bool(entry.details.get(words.TENANT_MODE)),
        client_id=entry.actor.client_id or UNSET,
        account_id=entry.actor.account_id or UNSET,
    )


def _instant(text: str, field: str, otherwise_ms: int) -> int:
    if not text:
        return otherwise_ms
    found = instant_ms(text)
    if found is None:
        raise InvalidInput(field, "must be an ISO 8601 date-time with an offset")
    return found


ROWS = (
    Endpoint(
        operation_id="listBuildingStatus",
        path="/api/v1/buildings/{buildingId}/status",
        handler=list_statuses,
        params=BuildingPath,
        successes=(Success(item=Statuses),),
        permission=Permission.DEVICE_READ,
        scopes=(words.READ_BUILDING, words.READ_THERMOSTAT),
        owned=("buildingId",),
        limit_cost=2,
        summary="The status of every thermostat of a building (ours)",
        certainty=Certainty.RULED,
    ),
    Endpoint(
        operation_id="getThermostatHistory",
        path="/api/v1/thermostats/{thermostatId}/history",
        handler=get_history,
        params=HistoryQuery,
        successes=(Success(item=History),),
        permission=Permission.DEVICE_READ,
        scopes=(words.READ_THERMOSTAT,),
        owned=("thermostatId",),
        summary="What a thermostat measured and did, a row a step (ours)",
        examples={"thermostatId": SERIAL, "from": "2026-11-20T00:00:00Z", "step": "1h"},
        certainty=Certainty.RULED,
    ),
    Endpoint(
        operation_id="getTenantModeLog",
        path="/api/v1/thermostats/{thermostatId}/tenantMode/log",
        handler=get_tenant_mode_log,
        params=ThermostatPath,
        successes=(Success(item=TenantModeLog),),
        permission=Permission.DEVICE_READ,
        scopes=(words.READ_THERMOSTAT,),
        owned=("thermostatId",),
        summary="Who switched tenant mode when (ours)",
        examples={"thermostatId": SERIAL},
        certainty=Certainty.RULED,
    ),
)
