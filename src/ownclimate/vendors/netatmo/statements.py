"""What one answer says about one thing, and how the thing takes it in. Pure functions.

A thing hears each method separately: the method's newest statement replaces its older ones whole,
an older one that comes late changes nothing. Between methods the newer value of a report wins. So
the order in which recordings are imported does not matter, and importing one again changes nothing.

`kept` holds, beside the values we have no word for, what each method said last:
`kept["netatmo"][path]` as it came, `kept["netatmo_said"][method]` with the instant, a digest and the
paths in their order, from which a face can rebuild the answer.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeVar

import orjson

from ownclimate.core.record import instant_problem
from ownclimate.core.things import Device, Report, Room, Schedule, Site
from ownclimate.vendors.netatmo import fields
from ownclimate.vendors.netatmo.fields import Field, Method, Slot, Table
from ownclimate.vendors.netatmo.vocabulary import DIALECT
from ownclimate.vendors.netatmo.words import INT64, epoch_ms, is_same

KEPT: Final = DIALECT
SAID: Final = f"{DIALECT}_said"
MAX_KEPT_BYTES: Final = 64_000
"""Of one field. Documents end at a megabyte; what is larger stays in the raw archive only."""

TABLES: Final[dict[tuple[type, Method], Table]] = {
    (Device, Method.STATION): fields.DEVICE_STATION,
    (Device, Method.TOPOLOGY): fields.DEVICE_TOPOLOGY,
    (Device, Method.STATUS): fields.DEVICE_STATUS,
    (Device, Method.SECURITY): fields.DEVICE_SECURITY,
    (Device, Method.FAULT): fields.DEVICE_FAULT,
    (Room, Method.TOPOLOGY): fields.ROOM_TOPOLOGY,
    (Room, Method.STATUS): fields.ROOM_STATUS,
    (Site, Method.TOPOLOGY): fields.SITE_TOPOLOGY,
    (Site, Method.STATUS): fields.SITE_STATUS,
    (Site, Method.SECURITY): fields.SITE_SECURITY,
    (Schedule, Method.TOPOLOGY): fields.SCHEDULE_TOPOLOGY,
}

Thing = TypeVar("Thing", Device, Room, Site, Schedule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When something was said and when it first reached us. `is_dated` tells that the answer itself
    says when it was given; otherwise `said_ms` is the newest instant found inside, or the arrival."""

    said_ms: int
    arrived_ms: int
    is_dated: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """`values` are measured at `measured_ms`; without an instant of their own they are reports."""

    method: Method
    moment: Moment
    digest: str
    paths: tuple[str, ...]
    reports: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    measured_ms: int = 0
    exact: set[str] = field(default_factory=set)
    """Paths of what is ours now: read under a name of ours, and written back as it came."""
    unknown: tuple[str, ...] = ()
    too_large: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[int, str]:
        return self.moment.said_ms, self.digest


def flatten(said: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields of an object with their paths, one level into the objects that hold fields."""
    for name, value in said.items():
        if name in fields.NESTED and isinstance(value, Mapping) and value:
            for inner, item in value.items():
                yield f"{name}.{inner}", item
        else:
            yield name, value


def holder_of(said: Mapping[str, Any], path: str) -> tuple[Mapping[str, Any], str]:
    """The object in which the field of a path from `flatten` stands, and its name there."""
    outer, dot, inner = path.partition(".")
    holder = said.get(outer) if dot and outer in fields.NESTED else None
    return (holder, inner) if isinstance(holder, Mapping) else (said, path)


def read_statement(
    thing: type,
    method: Method,
    said: Mapping[str, Any],
    moment: Moment,
    *,
    held: Collection[str] = (),
    context: Mapping[str, Any] = MappingProxyType({}),
) -> Statement:
    """What an object of an answer says about its thing.

    `held` names lists that are held elsewhere (rooms and modules are things of their own, a timetable
    is the schedule's): they stand among the paths and are not read here. `context` are reports that
    follow from where the object stands, such as the gateway of a module.
    """
    table = TABLES[thing, method]
    members = dict(flatten(said))
    measured_ms = _measured_ms(table, members, moment)
    statement = Statement(
        method=method,
        moment=moment,
        digest=_digest(members),
        paths=tuple(members),
        measured_ms=measured_ms,
        unknown=tuple(path for path in members if path not in table and path not in held),
        too_large=tuple(path for path, raw in members.items() if _size(raw) > MAX_KEPT_BYTES),
    )
    for path, raw in members.items():
        if path in held and isinstance(raw, list):
            continue
        known = table.get(path)
        if known is not None and _take(statement, known, raw):
            statement.exact.add(path)
        elif path not in statement.too_large:
            statement.kept[path] = storable(raw)
    for name, value in context.items():
        statement.reports.setdefault(name, value)
    return statement


def _size(raw: Any) -> int:
    return len(orjson.dumps(storable(raw))) if isinstance(raw, (str, list, dict)) else 0


def _take(statement: Statement, known: Field, raw: Any) -> bool:
    """Files a value under our name; tells whether it will come back as it came."""
    if known.slot is Slot.KEPT:
        return False
    value = known.word.to_core(raw)
    if value is None:
        return False
    place: dict[str, Any] = statement.reports
    if known.slot is Slot.SETTING:
        place = statement.settings
    elif known.slot is Slot.QUANTITY and statement.measured_ms:
        place, value = statement.values, float(value)
    # Two fields may mean the same; the first says it, and another that differs is kept beside it.
    said = place.setdefault(known.name, value)
    return is_same(said, value) and known.word.is_exact(raw, value)


def _measured_ms(table: Table, members: Mapping[str, Any], moment: Moment) -> int:
    """The instant of the measured values, 0 when there is none that can be trusted."""
    for path, raw in members.items():
        known = table.get(path)
        if known is not None and known.name == fields.MEASURED_AT:
            at_ms = known.word.to_core(raw)
            if at_ms and instant_problem(at_ms, moment.arrived_ms) is None:
                return int(at_ms)
    return 0


def hear(thing: Thing, statement: Statement, source: str) -> Thing:
    """The thing after hearing the statement; the same when it has heard it, or a newer one, before."""
    said = thing.kept.get(SAID, {})
    before = said.get(statement.method.value)
    if before is not None and (before["at_ms"], before["digest"]) >= statement.order:
        return thing
    now_said = {
        **said,
        statement.method.value: {
            "at_ms": statement.moment.said_ms,
            "arrived_ms": statement.moment.arrived_ms,
            "is_dated": statement.moment.is_dated,
            "digest": statement.digest,
            "paths": list(statement.paths),
        },
    }
    gone = _unsaid(type(thing), statement, before, said)
    kept = {**thing.kept, SAID: now_said, KEPT: _kept(thing, statement, said)}
    settings = _without(thing.settings, gone, Slot.SETTING) | statement.settings
    if isinstance(thing, Schedule):
        return dataclasses.replace(thing, settings=settings, kept=kept)
    reports = _without(thing.reports, gone, Slot.REPORT, Slot.QUANTITY)
    for name, value in statement.reports.items():
        report = Report(value=value, at_ms=statement.moment.said_ms, source=source)
        present = reports.get(name)
        if present is None or _rank(present) < _rank(report):
            reports[name] = report
    return dataclasses.replace(thing, settings=settings, reports=reports, kept=kept)


def _rank(report: Report) -> tuple[int, bytes]:
    return report.at_ms, orjson.dumps(report.value, option=orjson.OPT_SORT_KEYS)


def _unsaid(
    thing: type, statement: Statement, before: Mapping[str, Any] | None, said: Mapping[str, Any]
) -> list[Field]:
    """Fields that the method said before and that neither it nor another method says any more."""
    if before is None:
        return []
    still = {
        known.name
        for method, record in said.items()
        if method != statement.method.value and (table := TABLES.get((thing, Method(method))))
        for path in record["paths"]
        if (known := table.get(path))
    }
    still |= statement.reports.keys() | statement.settings.keys()
    table = TABLES[thing, statement.method]
    before_fields = (table.get(path) for path in before["paths"])
    return [known for known in before_fields if known is not None and known.name not in still]


def _without(values: Mapping[str, Any], gone: list[Field], *slots: Slot) -> dict[str, Any]:
    names = {known.name for known in gone if known.slot in slots}
    return {name: value for name, value in values.items() if name not in names}


def _kept(thing: Thing, statement: Statement, said: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept as it came: the statement's, and other methods' where they are the newer."""
    kept = dict(thing.kept.get(KEPT, {}))
    others = {method: record for method, record in said.items() if method != statement.method.value}
    newer = {
        path
        for record in others.values()
        if (record["at_ms"], record["digest"]) > statement.order
        for path in record["paths"]
    }
    spoken = {path for record in others.values() for path in record["paths"]}
    before = said.get(statement.method.value)
    for path in before["paths"] if before else ():
        if path not in spoken:
            kept.pop(path, None)
    for path in statement.paths:
        if path not in newer:
            kept.pop(path, None)
            if path in statement.kept:
                kept[path] = statement.kept[path]
    return kept


def storable(value: Any) -> Any:
    """A JSON value as a document can hold it: integers beyond 64 bits become text."""
    if isinstance(value, dict):
        return {name: storable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and value not in INT64:
        return str(value)
    return value


def _digest(members: Mapping[str, Any]) -> str:
    canonical = orjson.dumps(storable(dict(members)), option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(canonical, digest_size=8).hexdigest()


def instants_ms(body: Any, names: frozenset[str]) -> Iterator[int]:
    """Every instant that stands under one of the names, however deep."""
    if isinstance(body, Mapping):
        for name, value in body.items():
            if name in names and (at_ms := epoch_ms(value)):
                yield at_ms
            yield from instants_ms(value, names)
    elif isinstance(body, list):
        for item in body:
            yield from instants_ms(item, names)
