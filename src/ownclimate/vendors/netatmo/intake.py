"""Walking through an answer: each object in it becomes a statement that its thing hears.

A malformed piece is skipped with a warning and never spoils the rest; the raw archive has it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ownclimate.core.ids import SiteId
from ownclimate.core.readings import Batch, Instants, OriginNumber, Values
from ownclimate.core.things import Ability, Device, Report, Room, Schedule, Site
from ownclimate.vendors.netatmo import recognise as kinds
from ownclimate.vendors.netatmo.accounting import FieldBook
from ownclimate.vendors.netatmo.fields import LIVE_QUANTITIES, ROOM_QUANTITIES, SENSED_QUANTITIES, Method
from ownclimate.vendors.netatmo.household import Household
from ownclimate.vendors.netatmo.mapping import address, clean_name, is_zone, place_of, report_of
from ownclimate.vendors.netatmo.passing import Passing
from ownclimate.vendors.netatmo.report import ImportReport
from ownclimate.vendors.netatmo.security_intake import SECURITY_KINDS, take_faces, take_security
from ownclimate.vendors.netatmo.statements import SAID, Moment, Statement, read_statement
from ownclimate.vendors.netatmo.vocabulary import CLIMATE_SENSOR, product
from ownclimate.vendors.netatmo.zones import timetable_to_core, understood

_KNOWN_BODY: Final = frozenset({"devices", "homes", "home", "user", "errors", "events_list", "global_info"})
_SCHEDULES: Final = ("schedules", "therm_schedules")
"""Answers of 2018 have them under the second name."""


@dataclass(slots=True, kw_only=True)
class Intake:
    """One payload being taken in. Readings gather in `batches`; recording them comes last."""

    household: Household
    report: ImportReport
    origin: OriginNumber
    moment: Moment
    digest: bytes
    batches: list[Batch] = field(default_factory=list)
    book: FieldBook = field(default_factory=FieldBook)

    async def take(self, kind: str, body: Mapping[str, Any]) -> None:
        self.report.unknown_fields.update(name for name in body if name not in _KNOWN_BODY)
        if kind in SECURITY_KINDS:
            await take_security(self, kind, body)
        elif kind == kinds.HOMES:
            for home in self.objects(body.get("homes"), "home"):
                await self._take_home(home)
        elif kind == kinds.STATUS:
            said = body.get("home")
            await self._take_status(said if isinstance(said, Mapping) else {}, body.get("errors"))
        else:
            for station in self.objects(body.get("devices"), "station"):
                await self._take_station(station)
        await self.household.link()
        self._record_rooms()

    def take_measures(self, device: Device, times_ms: Instants, columns: dict[str, Values]) -> None:
        """Rows in which no column has a value are nobody's."""
        filled = np.zeros(len(times_ms), dtype=np.bool_)
        for values in columns.values():
            filled |= ~np.isnan(values)
        kept = {name: values[filled] for name, values in columns.items()}
        self._record(device, times_ms[filled], kept)

    async def _take_station(self, said: Mapping[str, Any]) -> None:
        wire_id = self.id_of(said, "_id", "station")
        if wire_id is None:
            return
        listed = _listed(said, "listed", ("modules",), "_id")
        statement = self.statement(Device, Method.STATION, said, "station", held=("modules",), context=listed)
        site_id = await self._site_of_station(wire_id, statement)
        station = await self.household.hear_device(wire_id, statement, site_id)
        self.heard(station, statement, said, lists=("modules",))
        self._measured(station, statement)
        context = {"gateway": wire_id}
        if "site" in statement.reports:
            context["site"] = statement.reports["site"]
        for module in self.objects(said.get("modules"), "module"):
            module_id = self.id_of(module, "_id", "module")
            if module_id is None or module_id == wire_id:
                continue
            heard = self.statement(Device, Method.STATION, module, "module", context=context)
            device = await self.household.hear_device(module_id, heard, station.site_id if station else None)
            self.heard(device, heard, module)
            self._measured(device, heard)

    async def _site_of_station(self, wire_id: str, statement: Statement) -> SiteId | None:
        """Its home; without one the site it stands in already, or one made for it."""
        reports = {
            name: Report(value=value, at_ms=self.moment.said_ms) for name, value in statement.reports.items()
        }
        zone = report_of(reports, "time_zone")
        home_id = address(report_of(reports, "site"))
        names = ("site_name",) if home_id is not None else ("site_name", "station_name", "name")
        called = (clean_name(report_of(reports, name)) for name in names)
        passing = Passing(
            name=next(filter(None, called), ""),
            time_zone=zone if is_zone(zone) else "",
            place=place_of(reports),
            said_ms=self.moment.said_ms,
            source=self.household.source,
        )
        if home_id is not None:
            site = await self.household.ensure_site(home_id, passing)
        else:
            present = self.household.known.devices.get(wire_id)
            site = await self.household.imply_site(passing, present.site_id if present else None)
        return None if site is None else site.id

    async def _take_home(self, said: Mapping[str, Any]) -> None:
        wire_id = self.id_of(said, "id", "home")
        if wire_id is None:
            return
        parts = ("rooms", "modules", *_SCHEDULES)
        listed = _listed(said, "listed", parts)
        statement = self.statement(Site, Method.TOPOLOGY, said, "home", held=parts, context=listed)
        site = await self.household.hear_site(wire_id, statement)
        self.heard(site, statement, said, lists=parts)
        if site is None:
            return
        if "persons" in said:
            await take_faces(self, site)
        await self._take_rooms(site, Method.TOPOLOGY, said.get("rooms"))
        await self._take_modules(site, wire_id, Method.TOPOLOGY, said.get("modules"))
        for part in _SCHEDULES:
            for schedule in self.objects(said.get(part), "schedule"):
                await self._take_schedule(site, schedule)

    async def _take_status(self, said: Mapping[str, Any], faults: Any) -> None:
        wire_id = self._home_of_status(said)
        parts = ("rooms", "modules")
        site = None
        if wire_id is not None:
            listed = _listed(said, "status", parts)
            statement = self.statement(Site, Method.STATUS, said, "home status", held=parts, context=listed)
            site = await self.household.hear_site(wire_id, statement)
            self.heard(site, statement, said, lists=parts)
        if site is not None:
            await self._take_rooms(site, Method.STATUS, said.get("rooms"))
        elif said.get("rooms"):
            self.report.warn("rooms of a home that is not known were skipped")
        await self._take_modules(site, wire_id, Method.STATUS, said.get("modules"))
        for fault in self.objects(faults, "error"):
            device_id = self.id_of(fault, "id", "error")
            if device_id is not None:
                statement = self.statement(Device, Method.FAULT, fault, "error")
                device = await self.household.hear_device(device_id, statement, site.id if site else None)
                self.heard(device, statement, fault)

    def _home_of_status(self, said: Mapping[str, Any]) -> str | None:
        """The home's id; where an answer lacks it, the home in which all its known devices stand."""
        wire_id = address(said.get("id"))
        if wire_id is not None:
            return wire_id
        known = self.household.known.devices
        modules = list(self.objects(said.get("modules"), "module"))
        site_ids = {known[key].site_id for m in modules if (key := address(m.get("id")) or "") in known}
        homes = [key for key, site in self.household.known.sites.items() if site.id in site_ids]
        return homes[0] if len(homes) == 1 else None

    async def _take_rooms(self, site: Site, method: Method, said: Any) -> None:
        for room in self.objects(said, "room"):
            wire_id = self.id_of(room, "id", "room")
            if wire_id is None:
                continue
            statement = self.statement(Room, method, room, f"room {method.value}")
            heard = await self.household.hear_room(site, wire_id, statement)
            self.heard(heard, statement, room)
            if heard is not None and method is Method.STATUS:
                self._take_room_values(heard, statement)

    def _take_room_values(self, room: Room, statement: Statement) -> None:
        """What the room says last is recorded once all is linked; what it said before, at once.

        A repeated answer brings nothing that its first time did not, but for what it said last, which
        completes an import that broke off.
        """
        self.household.touched_rooms.add(room.id)
        last = room.kept[SAID][Method.STATUS.value]
        if (last["at_ms"], last["digest"]) != statement.order and not self.report.is_repeat:
            self._record_room(room, statement.reports | statement.settings, self.moment)

    async def _take_modules(self, site: Site | None, home_id: str | None, method: Method, said: Any) -> None:
        modules = list(self.objects(said, "module"))
        # Gateways first, so that what speaks through them finds them.
        for module in sorted(modules, key=lambda module: module.get("bridge") is not None):
            wire_id = self.id_of(module, "id", "module")
            if wire_id is None:
                continue
            context = {} if home_id is None else {"site": home_id}
            statement = self.statement(Device, method, module, f"module {method.value}", context=context)
            device = await self.household.hear_device(wire_id, statement, site.id if site else None)
            self.heard(device, statement, module)
            self._measured(device, statement)

    async def _take_schedule(self, site: Site, said: Mapping[str, Any]) -> None:
        wire_id = self.id_of(said, "id", "schedule")
        if wire_id is None:
            return
        timetable = timetable_to_core(
            said, lambda room: self.household.known.room_id(site.id, room) if address(room) == room else None
        )
        held = [part for part in ("zones", "timetable") if part not in timetable.kept]
        statement = self.statement(Schedule, Method.TOPOLOGY, said, "schedule", held=held)
        schedule = await self.household.hear_schedule(site, wire_id, statement, timetable)
        self.heard(schedule, statement, said)
        if schedule is not None:
            for holder, names in understood(said, timetable):
                self.book.take(holder, *names)

    def statement(
        self,
        thing: type,
        method: Method,
        said: Mapping[str, Any],
        what: str,
        *,
        held: Collection[str] = (),
        context: Mapping[str, Any] | None = None,
    ) -> Statement:
        """Reads the statement and counts in the report what is new to us in it."""
        statement = read_statement(thing, method, said, self.moment, held=held, context=context or {})
        self.report.unknown_fields.update(f"{what}.{path}"[:120] for path in statement.unknown)
        for path in statement.too_large:
            self.report.warn(f"{what}: {path[:80]} is too large and stays in the raw archive only")
        kind = said.get("type")
        if thing is Device and isinstance(kind, str) and product(kind) is None:
            self.report.unknown_types[kind[:60]] += 1
        return statement

    def heard(
        self,
        thing: Device | Room | Schedule | Site | None,
        statement: Statement,
        said: Mapping[str, Any],
        *,
        lists: Collection[str] = (),
        prefix: str = "",
    ) -> None:
        """Notes what the thing took in of what was said; nothing where it could not be stored.

        `lists` are those whose members are things of their own; an empty one says so itself.
        """
        if thing is not None:
            self.book.take_statement(type(thing), statement, said, prefix)
            self.book.take(said, *(name for name in lists if said.get(name) == []))

    def id_of(self, said: Mapping[str, Any], name: str, what: str) -> str | None:
        wire_id = address(said.get(name))
        if wire_id is None:
            self.report.warn(f"a {what} without a usable id was skipped")
        return wire_id

    def objects(self, said: Any, what: str) -> Iterator[Mapping[str, Any]]:
        for item in said if isinstance(said, list) else ():
            if isinstance(item, Mapping):
                yield item
            else:
                self.report.warn(f"a {what} that is no object was skipped")

    def _measured(self, device: Device | None, statement: Statement) -> None:
        """Notes the values that a device's statement measured, and its state when the answer was given."""
        if device is None:
            return
        if statement.values:
            self._note(device, statement.measured_ms, statement.values)
        live = {name: float(statement.reports[name]) for name in LIVE_QUANTITIES if name in statement.reports}
        if live and self.moment.is_dated and statement.reports.get("reachable") is not False:
            self._note(device, self.moment.said_ms, live)

    def _record_rooms(self) -> None:
        """What rooms said last: those heard of now, and those whose devices have changed since."""
        for room in self.household.known.rooms.values():
            if room.id not in self.household.touched_rooms:
                continue
            said = room.kept.get(SAID, {}).get(Method.STATUS.value)
            if said is not None:
                moment = Moment(
                    said_ms=said["at_ms"], arrived_ms=said["arrived_ms"], is_dated=said["is_dated"]
                )
                values = {name: report.value for name, report in room.reports.items()} | room.settings
                self._record_room(room, values, moment)

    def _record_room(self, room: Room, said: Mapping[str, Any], moment: Moment) -> None:
        """A room's values are a device's only when exactly one there can have measured them."""
        if not moment.is_dated or said.get("reachable") is False:
            return
        devices = self.household.known.devices_in(room)
        measuring = [device for device in devices if Ability.TEMPERATURE in device.abilities]
        if len(measuring) != 1:
            return
        names: Mapping[str, str] = {}
        if Ability.HEATING_SETPOINT in measuring[0].abilities:
            names = ROOM_QUANTITIES
        elif measuring[0].model == CLIMATE_SENSOR:
            names = SENSED_QUANTITIES
        values = {ours: float(said[name]) for name, ours in names.items() if name in said}
        if values:
            self._note(measuring[0], moment.said_ms, values, moment.arrived_ms)

    def _note(
        self, device: Device, at_ms: int, values: Mapping[str, float], arrived_ms: int | None = None
    ) -> None:
        columns = {name: np.array([value], dtype=np.float64) for name, value in values.items()}
        self._record(device, np.array([at_ms], dtype=np.int64), columns, arrived_ms)

    def _record(
        self, device: Device, times_ms: Instants, columns: dict[str, Values], arrived_ms: int | None = None
    ) -> None:
        """`arrived_ms` None: with this payload; else with an earlier one, whose digest is gone."""
        self.batches.append(
            Batch(
                device=device.number,
                times_ms=times_ms,
                columns=columns,
                origin=self.origin,
                arrived_ms=self.moment.arrived_ms if arrived_ms is None else arrived_ms,
                payload=self.digest if arrived_ms is None else None,
            )
        )


def _listed(
    said: Mapping[str, Any], prefix: str, parts: tuple[str, ...], key: str = "id"
) -> dict[str, list[str]]:
    """Which rooms, devices and schedules the answer listed, in its order."""
    return {
        f"{prefix}_{part}": [
            member[key]
            for member in said[part]
            if isinstance(member, Mapping) and isinstance(member.get(key), str)
        ]
        for part in parts
        if isinstance(said.get(part), list)
    }
