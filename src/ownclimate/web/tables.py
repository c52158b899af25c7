"""Endpoint tables: what a face is, as data.

A `Dialect` says how a vendor's API behaves everywhere, its `Endpoint` rows say what there is. From
the table come routing, authentication, validation, fault translation, the OpenAPI document and the
isolation tests. Tables are values: nothing runs when they are made.

A row's parameters are a `msgspec.Struct` whose encoded names are the wire's. Each field is taken from
the dialect's usual place unless it stands in the path or is annotated otherwise::

    class Query(msgspec.Struct, kw_only=True, rename={"device_id": "deviceId"}):
        device_id: str                                      # named in the path
        limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 30
        prefer: Annotated[str, Place.HEADER] = ""           # header "prefer"
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec

from ownclimate.core.access import Permission
from ownclimate.web.call import Call, Pairs, Reply, Result
from ownclimate.web.faults import Fault

Handler = Callable[[Call, Any], Awaitable[Result]]
LoopOrThread = Callable[[Call, Any], Result | Awaitable[Result]]


class Place(Enum):
    """Where a parameter is taken from. `ANYWHERE` is query and body together, the body winning."""

    PATH = "path"
    QUERY = "query"
    BODY = "body"
    HEADER = "header"
    ANYWHERE = "anywhere"


class BodyKind(Enum):
    """`RAW` leaves the body to the handler (`Call.body`), whatever its content type says; other kinds
    beside it are then for the document only."""

    JSON = "application/json"
    FORM = "application/x-www-form-urlencoded"
    RAW = "application/octet-stream"


class Unknown(Enum):
    """What becomes of query and form parameters that a row does not declare."""

    IGNORE = "ignore"
    REFUSE = "refuse"
    COLLECT = "collect"
    """They are handed over in `Call.extra`, and the document says that others may be given."""
    COLLECT_BODY = "collect_body"
    """Those of a JSON body are handed over in `Call.more`; those of a query are refused."""


class Check(Enum):
    """The steps before the handler; a dialect fixes their order, and so which fault comes first.

    `BODY` reads the body up to the row's limit; what it contains is looked at in `PARAMETERS`.
    """

    BODY = "body"
    AUTHENTICATE = "authenticate"
    SCOPE = "scope"
    PARAMETERS = "parameters"


class Credential(Enum):
    """Where an access token may be; a dialect lists its places, first found counts."""

    BEARER = "bearer"
    HEADER = "header"
    """A header named as the dialect's `credential_parameter`."""
    QUERY = "query"
    BODY = "body"


class Certainty(Enum):
    """How sure the contract behind a row is."""

    DOCUMENTED = "documented"
    SEEN = "seen"
    RULED = "ruled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A field of a parameter struct as `Dialect.coerce` sees it."""

    name: str
    place: Place
    type: msgspec.inspect.Type
    is_required: bool

    @property
    def is_list(self) -> bool:
        return any(isinstance(kind, msgspec.inspect.ListType) for kind in self.kinds)

    @property
    def kinds(self) -> tuple[msgspec.inspect.Type, ...]:
        """The type's alternatives, without what only narrows them."""
        bare = self.type.type if isinstance(self.type, msgspec.inspect.Metadata) else self.type
        alternatives = bare.types if isinstance(bare, msgspec.inspect.UnionType) else (bare,)
        return tuple(
            kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind for kind in alternatives
        )


ABSENT = msgspec.UNSET
"""What `Dialect.coerce` returns for a value that this dialect takes as not given."""


def last_of_each(pairs: Pairs) -> dict[str, Any]:
    """The plain way to gather a query or form: of a repeated name the last value counts."""
    return dict(pairs)


def as_given(value: Any, parameter: Parameter) -> Any:
    """The plain way to coerce: a text is read as the field's type says, in JSON's own spelling."""
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a dialect wraps around every result: `wrap` at run time, `shape` for the document."""

    wrap: Callable[[Any, Call], Any]
    shape: Callable[[Any], Any]
    """From the item's type to the wrapped type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """One way in which a row succeeds. `item` None means an empty body.

    An envelope of the dialect is put around `item` unless `is_bare`.
    """

    status: int = 200
    item: Any = None
    content_type: str = ""
    """Empty: the dialect's."""
    headers: tuple[str, ...] = ()
    is_bare: bool = False
    summary: str = "Success"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One row: what is at a path and what it takes to use it.

    `path` and `aliases` are templates such as `/v1/controllers/{serial}`; `{serial:digits}` admits
    only decimal digits, `{id:hex24}` only 24 hex digits, and another text finds nothing here. A GET row
    answers HEAD as well. `permission` None asks for no more than a valid token, `is_public` not even that.
    """

    operation_id: str
    path: str
    handler: LoopOrThread
    methods: tuple[str, ...] = ("GET",)
    aliases: tuple[str, ...] = ()
    params: type[msgspec.Struct] | None = None
    bodies: tuple[BodyKind, ...] = ()
    max_body_bytes: int = 64 * 1024
    successes: tuple[Success, ...] = (Success(),)
    is_public: bool = False
    permission: Permission | None = None
    scopes: tuple[str, ...] = ()
    """The vendor's scopes, all of them needed."""
    any_scopes: tuple[str, ...] = ()
    """Scopes of which any one opens the row; what it then shows is the handler's to narrow."""
    narrowed_scopes: tuple[str, ...] = ()
    """Scopes of which the parameters decide which is needed; the handler calls `Call.require`."""
    owned: tuple[str, ...] = ()
    """Parameters that name a thing of the caller's; with another owner's they must find nothing."""
    errors: tuple[int, ...] = ()
    """Statuses beyond those that the dialect may give anywhere."""
    unknown: Unknown | None = None
    """None: as the dialect says."""
    limit_class: str = "read"
    """The budget that a request draws from: one of `limits.CLASSES`."""
    limit_cost: int = 1
    is_repeatable: bool = True
    """Whether sending it twice does the same as once (RFC 9110 §9.2.2). A row of which that is not so
    honours `Idempotency-Key`, unless it is public: see `idempotency`."""
    is_conditional: bool = False
    """Answers carry an ETag, and If-None-Match is honoured."""
    audit: str = ""
    """The verb under which a change is audited."""
    in_thread: bool = False
    """The handler is a plain function that would hold up the loop."""
    summary: str = ""
    examples: Mapping[str, Any] = field(default_factory=dict)
    """Example values of parameters, by wire name."""
    certainty: Certainty = Certainty.DOCUMENTED

    @property
    def honours_keys(self) -> bool:
        """Whether an `Idempotency-Key` makes the row do its work once."""
        return not self.is_repeatable and not self.is_public


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultContext:
    """What a dialect may mention when it words a fault."""

    request_id: str
    path: str
    endpoint: Endpoint | None
    """None when no row was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one vendor's API behaves everywhere, and its rows.

    An unknown path is answered by the dialect with the longest prefix of it.
    """

    name: str
    title: str
    version: str
    prefixes: tuple[str, ...]
    endpoints: tuple[Endpoint, ...]
    fault: Callable[[Fault, FaultContext], Reply]
    fault_shape: Any
    """The type of fault bodies, for the document."""
    fault_shapes: Mapping[int, Any] = field(default_factory=dict)
    """Types of the fault bodies of some statuses, where they are not `fault_shape`."""
    fault_type: str = "application/json"
    fault_statuses: tuple[int, ...] = ()
    """Statuses that any row may answer with."""
    content_type: str = "application/json; charset=utf-8"
    envelope: Envelope | None = None
    default_place: Place = Place.QUERY
    unknown: Unknown = Unknown.IGNORE
    gather: Callable[[Pairs], dict[str, Any]] = last_of_each
    coerce: Callable[[Any, Parameter], Any] = as_given
    credentials: tuple[Credential, ...] = (Credential.BEARER,)
    credential_parameter: str = "access_token"
    credential_kind: str = "token"
    """Which of the application's authenticators checks it."""
    checks: tuple[Check, ...] = (Check.AUTHENTICATE, Check.SCOPE, Check.BODY, Check.PARAMETERS)
    rate_headers: tuple[str, ...] = ("Retry-After",)
    """What tells a client of limits; read by the document and by what enforces limits."""
    collapses_slashes: bool = False
    """Doubled and trailing slashes count as one and none."""
    is_cross_origin: bool = True
    """Browser apps of any origin may call it; they send bearer tokens, never cookies."""
