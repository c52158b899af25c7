"""The authorization request: checking it, and answering it once the person has decided (RFC 6749 §4.1).

The page asks `validate`, shows what comes back, and calls `approve` or `deny`; all three give the
address to send the browser to. Whatever is wrong before client and redirect URI are known to belong
together is raised as OAuthError and shown; whatever is wrong later as RedirectedError. Answers carry
`iss`, so that a client of several servers is not mixed up (RFC 9207).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ownclimate.core.documents import to_body
from ownclimate.core.ids import AccountId, OwnerId, SiteId
from ownclimate.core.ports import ABSENT, Change, Check, Put
from ownclimate.core.writes import Actor, write_surely
from ownclimate.oauth.clients import Client, find_client
from ownclimate.oauth.dialects import Scope, Seed, TokenDialect, expanded
from ownclimate.oauth.digests import digest_of
from ownclimate.oauth.errors import OAuthError, RedirectedError
from ownclimate.oauth.grants.grant import (
    CODES,
    GRANTS,
    Grant,
    GrantTerms,
    find_consent,
    give,
)
from ownclimate.oauth.redirects import chosen_redirect, redirect_with
from ownclimate.oauth.token_rows import Code
from ownclimate.oauth.vocabulary import (
    ACCESS_DENIED,
    CODE,
    INVALID_CLIENT,
    INVALID_REQUEST,
    INVALID_SCOPE,
    S256,
    UNAUTHORIZED_CLIENT,
    UNSUPPORTED_RESPONSE_TYPE,
    GrantType,
)

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer

Pairs = Sequence[tuple[str, str]]

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""The unpadded base64url of a SHA-256 (RFC 7636 §4.2)."""
MAX_STATE = 4096
MAX_NAMED = 40
_SCOPE = re.compile(r"[!#-\[\]-~]+")
"""RFC 6749 §3.3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A request that may be shown to a person.

    `scopes` are what is asked for, in plain words; those with `is_optional` can be left out. The page
    shows all but the levels, and `redirect_uri` in full when `names_own_redirect`.
    """

    client: Client
    dialect: TokenDialect
    scopes: tuple[Scope, ...]
    redirect_uri: str
    redirect_uri_was_sent: bool
    state: str | None
    challenge: str
    issuer: str

    @property
    def names_own_redirect(self) -> bool:
        """The redirect URI is the request's, not the client's registration's."""
        return not self.client.redirect_uris

    def covered_by(self, grant: Grant | None) -> bool:
        """Whether the person gave all of this before, so that the page need not ask again.

        A public client can be played by anybody on the same redirect URI, so it always asks
        (RFC 6749 §10.2); so does one that names its own redirect URI.
        """
        if grant is None or self.client.is_public or self.names_own_redirect:
            return False
        return {scope.name for scope in self.scopes} <= set(grant.scopes)


async def validate(server: AuthorizationServer, pairs: Pairs, *, issuer: str) -> AuthorizationRequest:
    """Reads the request out of the query (or form) that the browser brought.

    Raises OAuthError to show, RedirectedError to send back to the client.
    """
    given = _members(pairs)
    for name in ("client_id", "redirect_uri"):
        if len(given.get(name, [])) > 1:
            raise OAuthError(INVALID_REQUEST, f"{name} was sent more than once")
    client = await find_client(server, _one(given, "client_id") or "")
    if client is None or client.is_switched_off:
        raise OAuthError(INVALID_CLIENT, "There is no such client")
    dialect = server.dialect_of(client)
    sent_redirect = _one(given, "redirect_uri")
    redirect_uri = chosen_redirect(client, dialect, sent_redirect)
    state = _one(given, "state")
    try:
        if any(len(values) > 1 for values in given.values()):
            raise OAuthError(INVALID_REQUEST, "A parameter was sent more than once")
        if state is not None and len(state) > MAX_STATE:
            raise OAuthError(INVALID_REQUEST, f"state is longer than {MAX_STATE} characters")
        _check_response_type(client, dialect, _one(given, "response_type"))
        return AuthorizationRequest(
            client=client,
            dialect=dialect,
            scopes=asked_scopes(client, dialect, _one(given, "scope")),
            redirect_uri=redirect_uri,
            redirect_uri_was_sent=sent_redirect is not None,
            state=state,
            challenge=_challenge(client, given),
            issuer=issuer,
        )
    except OAuthError as error:
        location = _error_location(
            redirect_uri, state if len(given.get("state", [])) < 2 else None, error, issuer
        )
        raise RedirectedError(error.error, error.description, location) from error


async def given_before(
    server: AuthorizationServer, request: AuthorizationRequest, owner_id: OwnerId, account_id: AccountId
) -> Grant | None:
    """What this account gave this client before; see `AuthorizationRequest.covered_by`."""
    return await find_consent(server, request.client, owner_id, account_id)


async def approve(
    server: AuthorizationServer,
    request: AuthorizationRequest,
    *,
    owner_id: OwnerId,
    account_id: AccountId,
    scopes: Sequence[str] | None = None,
    sites: Sequence[SiteId] | None = None,
    adds: bool = False,
    actor: Actor,
) -> str:
    """Records the consent and makes a code; returns where to send the browser.

    `scopes` None: all that was asked; otherwise those the person left ticked (what is not optional is
    given in any case, what was not asked for never). `sites` None: all, those to come included.
    `adds` leaves what was given before as it is, sites too: for requests that nobody was asked about,
    since only a person may take something back.
    """
    chosen = tuple(s.name for s in request.scopes if scopes is None or not s.is_optional or s.name in scopes)
    terms = GrantTerms(
        client=request.client,
        owner_id=owner_id,
        account_id=account_id,
        scopes=chosen,
        sites=None if sites is None else tuple(sites),
        adds=adds,
    )
    stored = await give(server, actor, terms)
    ports, dialect = server.ports, request.dialect
    locator = dialect.texts.locator(stored.grant.id)
    text = dialect.texts.code(Seed(locator=locator, account_id=account_id, entropy=ports.entropy))
    now_ms = ports.clock.now_ms()
    code = Code(
        grant_id=stored.grant.id,
        birth=stored.grant.birth,
        client_id=request.client.id,
        scopes=chosen,
        redirect_uri=request.redirect_uri,
        redirect_uri_was_sent=request.redirect_uri_was_sent,
        challenge=request.challenge,
        created_ms=now_ms,
        expires_ms=now_ms + dialect.lifetimes.code_s * 1000,
    )
    changes: list[Change] = [
        Put(table=CODES, key=digest_of(text), body=to_body(code), expect=ABSENT),
        Check(table=GRANTS, key=stored.grant.id, expect=stored.version),
    ]
    await write_surely(ports, stored.partition, changes, of="code")
    members = {"code": text, "iss": request.issuer}
    return redirect_with(request.redirect_uri, _with_state(members, request.state))


def deny(request: AuthorizationRequest) -> str:
    """Where to send the browser when the person refused."""
    refused = OAuthError(ACCESS_DENIED, "The request was refused")
    return _error_location(request.redirect_uri, request.state, refused, request.issuer)


def asked_scopes(client: Client, dialect: TokenDialect, text: str | None) -> tuple[Scope, ...]:
    """The scopes a request asks for, in the dialect's order. Raises OAuthError `invalid_scope`."""
    allowed = client.allowed_scopes(dialect)
    asked = frozenset((text or "").split())
    if not asked:
        if dialect.default_scopes is None:
            return allowed
        usual = [scope for scope in allowed if scope.name in dialect.default_scopes]
        asked = frozenset(scope.name for scope in usual or allowed)
    unknown = sorted(asked - {scope.name for scope in allowed})
    if unknown:
        raise OAuthError(INVALID_SCOPE, f"This client may not have {_named(unknown)}")
    implied = expanded(dialect.scopes, asked)
    return tuple(scope for scope in allowed if scope.name in implied)


def _named(scopes: Sequence[str]) -> str:
    """Only what RFC 6749 §5.2 lets stand in a description, and no more of it than is of use."""
    readable = [scope for scope in scopes if len(scope) <= MAX_NAMED and _SCOPE.fullmatch(scope)]
    return f"the scope {' '.join(readable[:MAX_NAMED])}" if readable else "a scope it asked for"


def _members(pairs: Pairs) -> dict[str, list[str]]:
    """Values by name; an empty value counts as not sent (RFC 6749 §3.1)."""
    members: dict[str, list[str]] = {}
    for name, value in pairs:
        if value:
            members.setdefault(name, []).append(value)
    return members


def _one(members: dict[str, list[str]], name: str) -> str | None:
    return members[name][0] if name in members else None


def _check_response_type(client: Client, dialect: TokenDialect, response_type: str | None) -> None:
    if response_type is None and not dialect.response_type_is_optional:
        raise OAuthError(INVALID_REQUEST, "Missing required parameter: response_type")
    if response_type not in (None, CODE):
        raise OAuthError(UNSUPPORTED_RESPONSE_TYPE, "The only response type is code")
    if not client.may_use(GrantType.AUTHORIZATION_CODE, dialect):
        raise OAuthError(UNAUTHORIZED_CLIENT, "This client may not ask for a code")


def _challenge(client: Client, given: dict[str, list[str]]) -> str:
    """The PKCE challenge (RFC 7636 §4.3), empty when none was sent.

    `plain` is refused: it protects only against who cannot read the request (RFC 9700 §2.1.1).
    """
    challenge, method = _one(given, "code_challenge"), _one(given, "code_challenge_method")
    if challenge is None:
        if method is not None:
            raise OAuthError(INVALID_REQUEST, "code_challenge_method without code_challenge")
        if client.is_public:
            raise OAuthError(INVALID_REQUEST, "A public client must send a code_challenge")
        return ""
    if method != S256:
        raise OAuthError(INVALID_REQUEST, "code_challenge_method must be S256")
    if not _CHALLENGE.fullmatch(challenge):
        raise OAuthError(INVALID_REQUEST, "code_challenge must be the base64url of a SHA-256")
    return challenge


def _error_location(redirect_uri: str, state: str | None, error: OAuthError, issuer: str) -> str:
    members = {"error": error.error}
    if error.description:
        members["error_description"] = error.description
    return redirect_with(redirect_uri, _with_state(members | {"iss": issuer}, state))


def _with_state(members: dict[str, str], state: str | None) -> dict[str, str]:
    return members if state is None else {**members, "state": state}
