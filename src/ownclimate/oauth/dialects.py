"""What differs between dialects of the token protocol, as data and a few pure functions.

A vendor describes its dialect in its own room (`vendors/*/tokens.py`) and `app.py` hands all of them
in; nothing here or in the rest of this room knows a vendor. This module and `vocabulary` and `errors`
are leaves: they are all of `oauth` that a vendor may import.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ownclimate.core.access import ALL_PERMISSIONS, Permission
from ownclimate.core.ids import Entropy
from ownclimate.oauth.errors import MissingParameter, OAuthError
from ownclimate.oauth.vocabulary import BEARER, INVALID_CLIENT, GrantType

STANDARD = "standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One scope: its name on the wire, what it means to a person, what it allows.

    `words` complete the sentence "This app will be able to …". `needs_approval` scopes are given to a
    client by an administrator first. `is_optional` ones can be left out on the consent page. A level
    stands for the scopes within it and for the level it is itself within; see `expanded`.
    """

    name: str
    words: str
    permissions: frozenset[Permission] = frozenset()
    needs_approval: bool = False
    is_optional: bool = False
    is_level: bool = False
    """It says nothing to a person; pages show the scopes within it instead."""
    within: str = ""


def expanded(scopes: Mapping[str, Scope], names: Iterable[str]) -> frozenset[str]:
    """The names with what they imply: levels bring what is within them, anything the levels it is in."""
    named = {name for name in names if name in scopes}
    levels = {above for name in named if scopes[name].is_level for above in _upwards(scopes, name)}
    parts = {scope.name for scope in scopes.values() if scope.within in levels and not scope.is_level}
    return frozenset(above for name in named | levels | parts for above in _upwards(scopes, name))


def _upwards(scopes: Mapping[str, Scope], name: str) -> list[str]:
    """The scope and every level that it is in."""
    found = []
    while name:
        found.append(name)
        name = scopes[name].within
    return found


class Rotation(Enum):
    """What a refresh does to the tokens it replaces."""

    KEEPS = "keeps"
    """The refresh token stays, and no new one is given."""
    REFRESH = "refresh"
    """The refresh token is replaced; the access token lives out its time."""
    BOTH = "both"
    """Both are replaced and die at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """In seconds; a refresh life of 0 has no end (it ends with the grant)."""

    code_s: int
    access_s: int
    refresh_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """What a credential's text may be made of."""

    locator: str
    account_id: str
    entropy: Entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTexts:
    """How credentials look, and how their text names the partition they are stored in.

    `locator` makes a locator of a grant's id; the partition is `grant:{locator}`. A locator may be
    shared by several grants: every row is keyed by a hash or an id. `locate` is its inverse on any
    credential text and returns None, quickly, for texts of another shape.
    """

    locator: Callable[[str], str]
    access: Callable[[Seed], str]
    refresh: Callable[[Seed], str]
    code: Callable[[Seed], str]
    locate: Callable[[str], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a signed token may say (RFC 7519 §4). `jti` names its partition."""

    issuer: str
    client_id: str
    owner_id: str
    scopes: tuple[str, ...]
    issued_s: int
    expires_s: int
    jti: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What a client is to hear after a success. No refresh token: none is given."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in_s: int
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A path of a dialect's own where tokens are had. `grant_type` set: the only one, need not be sent."""

    path: str
    operation_id: str
    grant_type: GrantType | None = None
    summary: str = "Get a token"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenReply:
    status: int
    body: Mapping[str, Any]
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltInClient:
    """A client whose published secret is in other people's programs. It may use any account's password."""

    id: str
    secret: str
    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDialect:
    """One vendor's way of giving out tokens. `name` is also that of the vendor's API."""

    name: str
    title: str
    scopes: Mapping[str, Scope]
    default_scopes: tuple[str, ...] | None
    """Asked for when nothing is; None: everything the client may have."""
    grant_types: frozenset[GrantType]
    lifetimes: Lifetimes
    rotation: Rotation
    texts: TokenTexts
    new_client_id: Callable[[Entropy], str]
    new_client_secret: Callable[[Entropy], str]
    answer: Callable[[Issued, Door], TokenReply]
    fault: Callable[[OAuthError, Door], TokenReply]
    doors: tuple[Door, ...] = ()
    claims: Callable[[Claims], dict[str, Any]] | None = None
    """Set: access tokens are signed JWTs that say this."""
    audiences: frozenset[str] = frozenset()
    """Set: an `audience` must be sent and be one of these or our own address."""
    built_in: tuple[BuiltInClient, ...] = ()
    keeps_secrets: bool = False
    """Client secrets are kept encrypted too, since something is signed with them."""
    response_type_is_optional: bool = False
    may_name_any_redirect: bool = False
    """A client registered without a redirect URI may name any absolute http(s) one."""
    exchange_compares_scope: bool = False
    """A `scope` in a code exchange must equal what was granted."""
    refresh_narrows: bool = False
    """A `scope` in a refresh narrows the access token (RFC 6749 §6); else it is ignored."""
    request_narrows: bool = True
    """Asking for fewer scopes gives fewer; else asking only checks that they are held."""
    scopes_are_checked: bool = True
    """False: scopes are our own permissions, which hold at every face alike."""
    required: tuple[str, ...] = ("grant_type",)
    """Parameters without which nothing else of a token request is looked at."""
    repeats_scope: bool = False
    """`scope` may be sent several times, one scope each."""
    answer_shape: Any = dict
    fault_shape: Any = dict
    """Types of both bodies, for the API document."""
    takes_basic: bool = True
    """Clients may authenticate by HTTP Basic (RFC 6749 §2.3.1)."""


def hex_of(count: int) -> Callable[[Entropy], str]:
    """A maker of `2 * count` random hex digits."""
    return lambda entropy: entropy(count).hex()


def full_answer(issued: Issued) -> dict[str, Any]:
    """The members of RFC 6749 §5.1."""
    body: dict[str, Any] = {
        "access_token": issued.access_token,
        "token_type": BEARER,
        "expires_in": issued.expires_in_s,
    }
    if issued.refresh_token is not None:
        body["refresh_token"] = issued.refresh_token
    return body


def error_members(error: OAuthError) -> dict[str, Any]:
    """The members of RFC 6749 §5.2."""
    return {"error": error.error} | ({"error_description": error.description} if error.description else {})


NO_STORE = (("cache-control", "no-store"), ("pragma", "no-cache"))
"""RFC 6749 §5.1 demands both on every answer that holds a token."""


def _standard_answer(issued: Issued, door: Door) -> TokenReply:
    body = full_answer(issued) | {"scope": " ".join(issued.scopes)}
    return TokenReply(status=200, body=body, headers=NO_STORE)


def _standard_fault(error: OAuthError, door: Door) -> TokenReply:
    if isinstance(error, MissingParameter) and error.name == "client_secret":
        # RFC 6749 §5.2 counts "no client authentication included" as this one.
        error = OAuthError(INVALID_CLIENT, "The client must authenticate", status=401)
    challenge = (("www-authenticate", 'Basic realm="ownclimate"'),) if error.status == 401 else ()
    return TokenReply(status=error.status, body=error_members(error), headers=(*NO_STORE, *challenge))


_STANDARD_TEXT = re.compile(r"oc[acr]_([0-9a-f]{24})_[0-9a-f]{64}")
_SECRET_BYTES = 32


def _standard_locate(text: str) -> str | None:
    match = _STANDARD_TEXT.fullmatch(text)
    return None if match is None else match[1]


def _standard_text(prefix: str) -> Callable[[Seed], str]:
    return lambda seed: f"{prefix}_{seed.locator}_{seed.entropy(_SECRET_BYTES).hex()}"


_WORDS = {
    Permission.SITE_READ: "see your homes and buildings, their rooms and where they are",
    Permission.DEVICE_READ: "see your devices and everything they measured",
    Permission.DEVICE_CONTROL: "control your devices: set temperatures, modes and schedules",
    Permission.ACCOUNT_READ: "see your name, e-mail address and preferences",
    Permission.SOURCE_MANAGE: "manage the sources your readings come from",
}

STANDARD_DIALECT = TokenDialect(
    name=STANDARD,
    title="Standard OAuth 2",
    scopes={
        permission.value: Scope(
            name=permission.value,
            words=_WORDS[permission],
            permissions=frozenset({permission}),
            is_optional=True,
        )
        for permission in sorted(ALL_PERMISSIONS, key=lambda permission: permission.value)
    },
    default_scopes=(Permission.SITE_READ.value, Permission.DEVICE_READ.value),
    grant_types=frozenset(GrantType),
    lifetimes=Lifetimes(code_s=60, access_s=3600, refresh_s=90 * 24 * 3600),
    rotation=Rotation.REFRESH,
    texts=TokenTexts(
        locator=lambda grant_id: grant_id,
        access=_standard_text("oca"),
        refresh=_standard_text("ocr"),
        code=_standard_text("occ"),
        locate=_standard_locate,
    ),
    new_client_id=hex_of(16),
    new_client_secret=hex_of(32),
    answer=_standard_answer,
    fault=_standard_fault,
    refresh_narrows=True,
    scopes_are_checked=False,
)
"""RFC 6749 as it is written, with our own permissions as scopes."""
