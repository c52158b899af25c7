"""Taking recorded answers in: `import_payload` keeps the bytes and makes homes and readings of them.

What is recognised but not modelled (public stations, most messages of webhooks, errors, …) is kept in the
raw archive and named, and so is every field that nothing of ours was made of. Payloads with tokens or
passwords are not kept at all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ownclimate.core.ids import OwnerId
from ownclimate.core.partitions import SOURCES
from ownclimate.core.ports import Ports, RawEntry
from ownclimate.core.readings import OriginKind
from ownclimate.core.record import instant_problem
from ownclimate.core.sources import origin_of, standing_source
from ownclimate.core.things import Device, Source
from ownclimate.core.writes import Actor, Deed, edit
from ownclimate.vendors.netatmo import recognise as kinds
from ownclimate.vendors.netatmo.accounting import kept_of_measure
from ownclimate.vendors.netatmo.household import Household
from ownclimate.vendors.netatmo.intake import Intake
from ownclimate.vendors.netatmo.measure_intake import Measured, measured_in
from ownclimate.vendors.netatmo.measure_request import MeasureRequest
from ownclimate.vendors.netatmo.recognise import Recognised, answered_to, cleaned, recognise
from ownclimate.vendors.netatmo.report import ImportReport
from ownclimate.vendors.netatmo.security_intake import take_push
from ownclimate.vendors.netatmo.statements import Moment, instants_ms, storable
from ownclimate.vendors.netatmo.vocabulary import IMPORTED

_CONTACT_NAMES: Final = frozenset(
    {"time_utc", "ts", "last_status_store", "last_seen", "last_message", "last_plug_seen"}
)
"""Instants inside an answer that cannot be later than the answer itself."""
_OURS: Final = frozenset({"mail", "email", "id"})
"""Of an answer's account: who asks here has their own."""


async def import_payload(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    payload: bytes,
    *,
    method: str | None = None,
    device: str | None = None,
    module: str | None = None,
    types: Sequence[str] | None = None,
    scale: str | None = None,
    home: str | None = None,
    room: str | None = None,
    real_time: bool | None = None,
    collected_by: Source | None = None,
    answered_ms: int = 0,
) -> ImportReport:
    """Takes one recorded answer in, whatever it is; never fails because of what it contains.

    `collected_by` is the source that fetched it from the cloud just now; None: a person handed it in.
    `answered_ms` is when the cloud gave it, for an answer that does not say so itself; 0: nobody knows.

    `method` is the one that was called, where that is known. `device`, `module`, `types` and `scale` say
    what a bare getmeasure body answered, `home` and `room` in the place of a device whose a getroommeasure
    body is; `real_time` whether stamps of bins are their start (None: they are looked at).
    Importing the same bytes again changes nothing; an older answer changes nothing that a newer one
    said. Raises StoreError when the store cannot take it; repeating the call then completes it.
    """
    recognised = answered_to(method, recognise(payload))
    report = ImportReport(kind=recognised.kind)
    source = collected_by or await standing_source(ports, owner_id, actor, IMPORTED)
    kind = OriginKind.IMPORT if collected_by is None else OriginKind.CLOUD
    household = Household(ports=ports, owner_id=owner_id, actor=actor, source=source.id, report=report)
    request = MeasureRequest.of(
        method=method,
        types=types,
        scale=scale,
        device=device,
        module=module,
        home=home,
        room=room,
        real_time=real_time,
    )
    measured = (
        await measured_in(household, request, recognised.body, ports.clock.now_ms())
        if request.fits(recognised)
        else None
    )
    about = [] if measured is None or request.is_of_room else [share for share, _ in measured.shares]
    now_ms = ports.arrivals.next_ms()
    arrived_ms = await _keep(ports, owner_id, source, payload, recognised, now_ms, report, about)
    report.is_repeat = arrived_ms != now_ms
    intake = Intake(
        household=household,
        report=report,
        origin=origin_of(source, kind),
        moment=_moment(recognised, arrived_ms, now_ms, answered_ms),
        digest=recognised.digest,
    )
    clean = cleaned(recognised)
    body = clean.body
    if measured is not None:
        report.is_taken = bool(measured.shares)
        for whose, columns in measured.shares:
            intake.take_measures(whose, measured.table.times_ms, columns)
    elif recognised.kind in kinds.TAKEN and isinstance(body, Mapping):
        report.is_taken = True
        await household.load()
        await intake.take(recognised.kind, body)
        await _keep_user(ports, owner_id, actor, recognised.kind, body.get("user"), intake)
        if intake.moment.is_dated and not intake.book.is_empty:
            intake.book.take(clean.document, "time_server")
    elif recognised.kind == kinds.PUSH and isinstance(body, Mapping):
        report.is_taken = await take_push(intake, body)
    elif recognised.kind == kinds.MEASURE:
        report.warn("to take its values, say which: --method getmeasure --device, --type and --scale")
    report.kept_fields = _kept_fields(clean, intake, measured)
    if intake.batches:
        recorded = await ports.series.record(intake.batches)
        report.readings, report.readings_unchanged = recorded.stored, recorded.unchanged
    return report


async def _keep(
    ports: Ports,
    owner_id: OwnerId,
    source: Source,
    payload: bytes,
    recognised: Recognised,
    now_ms: int,
    report: ImportReport,
    about: Sequence[Device],
) -> int:
    """Archives the payload; returns when it first reached us. Secrets are left out, and that is said.

    `about` are the devices that it is about alone, and goes when they do. Answers about a whole
    home stay: removing one valve must not take the others' history along.
    """
    if recognised.has_secret:
        report.is_kept_raw = False
        report.warn("holds a token or password, so it was not kept")
        return now_ms
    if not payload:
        report.is_kept_raw = False
        return now_ms
    entry = RawEntry(
        owner=owner_id,
        source=source.id,
        kind=recognised.kind,
        received_ms=now_ms,
        payload=payload,
        digest=recognised.digest,
        devices=tuple(device.id for device in about),
    )
    return await ports.raw.keep(entry)


def _is_preference(kind: str, name: str) -> bool:
    """Whether the faces tell of the account what an answer of this kind says under the name."""
    if kind in (kinds.STATIONS, kinds.COACHES):
        return name == "administrative"
    return kind in (kinds.HOMES, kinds.SECURITY) and name not in _OURS


def _kept_fields(clean: Recognised, intake: Intake, measured: Measured | None) -> tuple[str, ...]:
    if measured is not None and measured.is_whole:
        return kept_of_measure(clean.document, clean.body)
    return intake.book.kept(clean.document)


def _moment(recognised: Recognised, arrived_ms: int, now_ms: int, answered_ms: int) -> Moment:
    """When the answer was given: as it says, else as was noticed, else its newest instant, else its arrival.

    A quiet home says the same for days, each time with another date: `arrived_ms` is the first time.
    """
    dated_ms = recognised.dated_ms or answered_ms
    if dated_ms and instant_problem(dated_ms, now_ms) is None:
        return Moment(said_ms=dated_ms, arrived_ms=arrived_ms)
    inside = (
        at_ms
        for at_ms in instants_ms(recognised.body, _CONTACT_NAMES)
        if instant_problem(at_ms, arrived_ms) is None
    )
    return Moment(said_ms=max(inside, default=arrived_ms), arrived_ms=arrived_ms, is_dated=False)


async def _keep_user(
    ports: Ports,
    owner_id: OwnerId,
    actor: Actor,
    kind: str,
    user: Any,
    intake: Intake,
) -> None:
    """What an answer says about its account's preferences, in one place whoever brought it.

    The same again changes nothing: a cloud that is polled says it every few minutes.
    """
    if not isinstance(user, Mapping) or not user:
        return
    source, moment = await standing_source(ports, owner_id, actor, IMPORTED), intake.moment
    intake.book.take(user, *(name for name in user if _is_preference(kind, name)))
    said = {"at_ms": moment.said_ms, "as_said": storable(dict(user))}

    def change(before: Source) -> Source:
        users = dict(before.settings.get("users", {}))
        known = users.get(kind)
        if known is not None and (known["at_ms"] >= moment.said_ms or known["as_said"] == said["as_said"]):
            return before
        users[kind] = said
        settings = {**before.settings, "users": users}
        return dataclasses.replace(before, settings=settings)

    deed = Deed(actor=actor, verb="change", kind="source", object_id=source.id)
    await edit(ports, owner_id, SOURCES, Source, change, deed)
