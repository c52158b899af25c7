"""The doors as dialects: what is at `/hooks/…` and at `/broker/…`, and how their faults look.

The two differ in where a device key is looked for: the vendor's broker has words of its own for it.

Faults are RFC 7807 problem bodies. One that is about rows has them in the member `rows`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ownclimate.core.access import Permission
from ownclimate.core.errors import OutcomeUnknown, Unauthenticated
from ownclimate.core.linking import Vault
from ownclimate.ingest.events import MAX_PICTURE_BYTES, event_rows
from ownclimate.ingest.keys import HookAccess, HookKey
from ownclimate.ingest.lorawan.codecs import CodecTable
from ownclimate.ingest.lorawan.door import ModelName, broker_rows, hook_rows
from ownclimate.ingest.readings import take_readings
from ownclimate.ingest.rows import BadRows, TooManyRows
from ownclimate.web.call import Call, Reply
from ownclimate.web.faults import Fault, detail_of, status_of, title_of
from ownclimate.web.tables import (
    BodyKind,
    Credential,
    Dialect,
    Endpoint,
    FaultContext,
    Success,
)

NAME: Final = "doors"
BROKER_NAME: Final = "broker"
CREDENTIAL_KIND: Final = "hook"
"""Under which the application finds the authenticator made by `keys.hook_authenticator`."""

MAX_READINGS_BYTES: Final = 8 * 1024 * 1024
"""Ten thousand rows of some twenty quantities each."""

RETRY_AFTER_S: Final = 5


class BadRow(msgspec.Struct, kw_only=True):
    """Place of the row in the call, counted from 0, and why it cannot be taken."""

    index: int
    reason: str


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """RFC 7807 §3.1, with the request's id and, where rows are at fault, which and why."""

    title: str
    status: int
    detail: str
    request_id: str
    rows: list[BadRow] = []


class Stored(msgspec.Struct, kw_only=True):
    """How many rows changed something, and how many were there already."""

    stored: int
    unchanged: int


class ReadingsQuery(msgspec.Struct, kw_only=True):
    """`device_model` makes devices that are not known, of that model; without it they are refused."""

    device_model: ModelName = ""


def doors_dialect(
    codecs: CodecTable, vault: Vault | None = None, *, max_picture_bytes: int = MAX_PICTURE_BYTES
) -> Dialect:
    """The dialect, its LoRaWAN rows reading frames by the given table. Without a `vault`, as documents
    are made, network servers that offer a way back are not taken up on it."""
    readings = Endpoint(
        operation_id="postReadings",
        path="/hooks/readings",
        methods=("POST",),
        handler=_take_readings,
        params=ReadingsQuery,
        bodies=(BodyKind.RAW,),
        max_body_bytes=MAX_READINGS_BYTES,
        successes=(Success(item=Stored, summary="Every row is on disk"),),
        permission=Permission.INGEST,
        errors=(400, 413, 503),
        limit_class="ingest",
        summary="Readings as rows or as columns, at most 10,000 in a call",
        examples={"device_model": "generic_sensor"},
    )
    return _dialect(
        name=NAME,
        title="ownclimate doors for device data",
        prefixes=("/hooks",),
        endpoints=(readings, *event_rows(max_picture_bytes), *hook_rows(codecs, vault)),
        credentials=(Credential.BEARER, Credential.QUERY),
        credential_parameter="key",
    )


def broker_dialect(codecs: CodecTable, vault: Vault | None = None) -> Dialect:
    """The address of the vendor's broker, where a device key goes by the name of `m-token`."""
    return _dialect(
        name=BROKER_NAME,
        title="MClimate's broker for network servers",
        prefixes=("/broker",),
        endpoints=broker_rows(codecs, vault),
        credentials=(Credential.HEADER, Credential.QUERY),
        credential_parameter="m-token",
    )


def _dialect(**differing: Any) -> Dialect:
    return Dialect(
        version="1",
        fault=_fault,
        fault_shape=Problem,
        fault_type="application/problem+json",
        fault_statuses=(401, 403, 429, 500),
        credential_kind=CREDENTIAL_KIND,
        collapses_slashes=True,
        is_cross_origin=False,
        **differing,
    )


async def _take_readings(call: Call, query: ReadingsQuery) -> Stored:
    recorded = await take_readings(call.ports, _key(call), call.body, query.device_model)
    return Stored(stored=recorded.stored, unchanged=recorded.unchanged)


def _key(call: Call) -> HookKey:
    assert isinstance(call.access, HookAccess), "the doors' authenticator gives nothing else"
    return call.access.key


def _fault(fault: Fault, context: FaultContext) -> Reply:
    status = _status(fault)
    problem = Problem(
        title=title_of(status),
        status=status,
        detail=fault.message if isinstance(fault, OutcomeUnknown) else detail_of(fault),
        request_id=context.request_id,
        rows=_bad_rows(fault),
    )
    return Reply(
        status=status,
        body=msgspec.json.encode(problem),
        content_type="application/problem+json",
        headers=_headers(fault),
    )


def _bad_rows(fault: Fault) -> list[BadRow]:
    problems = fault.problems if isinstance(fault, BadRows) else {}
    return [BadRow(index=index, reason=reason) for index, reason in problems.items()]


def _status(fault: Fault) -> int:
    if isinstance(fault, TooManyRows):
        return 413
    # Whether it landed or not, sending the same again is right: readings are idempotent.
    return 503 if isinstance(fault, OutcomeUnknown) else status_of(fault)


def _headers(fault: Fault) -> tuple[tuple[str, str], ...]:
    if isinstance(fault, OutcomeUnknown):
        return (("retry-after", str(RETRY_AFTER_S)),)
    return (("www-authenticate", "Bearer"),) if isinstance(fault, Unauthenticated) else ()
