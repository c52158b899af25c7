"""The phases every request to a token endpoint passes, whatever it asks for.

Read it, find the client, authenticate it, see that it may use the grant type; then the grant issues, and
the answer is written in the client's dialect. A grant contributes only its own step, so none can forget
another. Nothing is used up before the client is authenticated.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from ownclimate.core.errors import NotFound, RateLimited
from ownclimate.oauth.clients import Client, find_client
from ownclimate.oauth.dialects import Door, Issued, TokenDialect, TokenReply
from ownclimate.oauth.errors import MissingParameter, OAuthError
from ownclimate.oauth.vocabulary import (
    INVALID_CLIENT,
    INVALID_REQUEST,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED_CLIENT,
    UNSUPPORTED_GRANT_TYPE,
    GrantType,
)

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer

MAX_MEMBERS = 100
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

Members = Mapping[str, tuple[Any, ...]]
"""Values by name, in the order in which they came. A form's are text, JSON's whatever was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """What came in over HTTP. `issuer` is the address under which the client knows us, `address` where
    it comes from."""

    body: bytes
    content_type: str
    authorization: str
    issuer: str
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The answer, and the client that got it once it had proved who it is."""

    reply: TokenReply
    client: Client | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A request of a client that has proved who it is."""

    members: Members
    client: Client
    dialect: TokenDialect
    issuer: str
    address: str

    def find(self, name: str) -> str | None:
        return one(self.members, name)

    def get(self, name: str) -> str:
        """Raises MissingParameter."""
        return needed(self.members, name)

    def scope_names(self) -> frozenset[str] | None:
        """None when no scope was asked for."""
        if self.dialect.repeats_scope:
            texts = self.members.get("scope", ())
            if not all(isinstance(text, str) for text in texts):
                raise OAuthError(INVALID_REQUEST, "scope must be text")
            return frozenset(name for text in texts for name in text.split()) or None
        return frozenset((self.find("scope") or "").split()) or None


Issue = Callable[["AuthorizationServer", TokenRequest], Awaitable[Issued]]
"""One grant type's own step. Raises OAuthError."""


async def serve_token(
    server: AuthorizationServer,
    issues: Mapping[GrantType, Issue],
    raw: RawRequest,
    door: Door,
    door_dialect: TokenDialect | None = None,
) -> Served:
    """The answer to a token request.

    At a dialect's own door it is in that dialect, elsewhere in the client's; as long as the client is
    unknown, in the standard one.
    """
    dialect = door_dialect or server.standard
    authenticated = None
    try:
        server.limits.count_address(raw.address)
        members = read_members(raw)
        client = await named_client(server, members, raw)
        if client is not None and door_dialect is None:
            dialect = server.dialect_of(client)
        for name in dialect.required:
            if name == "grant_type" and door.grant_type is not None:
                continue
            needed(members, name)
        authenticated = authenticate(server, dialect, client, members, raw)
        server.limits.count_client(authenticated.id)
        issue = issues[_grant_type(authenticated, dialect, members, door)]
        request = TokenRequest(
            members=members,
            client=authenticated,
            dialect=dialect,
            issuer=raw.issuer,
            address=raw.address,
        )
        reply = dialect.answer(await issue(server, request), door)
    except OAuthError as error:
        reply = dialect.fault(error, door)
    except NotFound:  # The client was deleted while it was being answered.
        reply = dialect.fault(OAuthError(INVALID_CLIENT, status=401), door)
    except RateLimited as limited:
        reply = dialect.fault(OAuthError(TOO_MANY_REQUESTS, limited.message, status=429), door)
        retry_after = ("retry-after", str(max(1, math.ceil(limited.retry_after_s))))
        reply = dataclasses.replace(reply, headers=(*reply.headers, retry_after))
    return Served(reply=reply, client=authenticated)


async def authenticated_client(server: AuthorizationServer, raw: RawRequest) -> tuple[Members, Client]:
    """The members of a request and the client that made it, for endpoints other than the token one.

    Raises OAuthError, RateLimited.
    """
    server.limits.count_address(raw.address)
    members = read_members(raw)
    client = await named_client(server, members, raw)
    dialect = server.standard if client is None else server.dialect_of(client)
    authenticated = authenticate(server, dialect, client, members, raw)
    server.limits.count_client(authenticated.id)
    return members, authenticated


def read_members(raw: RawRequest) -> Members:
    """The body's members, as a form or as JSON. Raises OAuthError `invalid_request`."""
    media = raw.content_type.partition(";")[0].strip().lower()
    if media == JSON or media.endswith("+json"):
        return _json_members(raw.body)
    if media in ("", FORM):
        return _form_members(raw.body)
    raise OAuthError(INVALID_REQUEST, f"Expected a body of type {FORM} or {JSON}")


def one(members: Members, name: str) -> str | None:
    """The member's value; an empty one counts as not sent. Raises OAuthError for several or no text."""
    values = [value for value in members.get(name, ()) if value not in (None, "")]
    if len(values) > 1:
        raise OAuthError(INVALID_REQUEST, f"{name} was sent more than once")
    if not values:
        return None
    if not isinstance(values[0], str):
        raise OAuthError(INVALID_REQUEST, f"{name} must be text")
    return values[0]


def needed(members: Members, name: str) -> str:
    value = one(members, name)
    if value is None:
        raise MissingParameter(name)
    return value


async def named_client(server: AuthorizationServer, members: Members, raw: RawRequest) -> Client | None:
    """The client that the request names, whether or not it proves to be it."""
    basic = _basic(raw.authorization)
    in_body = one(members, "client_id")
    if basic is not None and in_body is not None and basic[0] != in_body:
        raise OAuthError(INVALID_REQUEST, "The header and the body name different clients")
    client_id = basic[0] if basic is not None else in_body
    return None if client_id is None else await find_client(server, client_id)


def authenticate(
    server: AuthorizationServer,
    dialect: TokenDialect,
    client: Client | None,
    members: Members,
    raw: RawRequest,
) -> Client:
    """The client, once it has proved that it is it (RFC 6749 §2.3). Raises OAuthError."""
    basic = _basic(raw.authorization)
    in_body = one(members, "client_secret")
    if basic is None and one(members, "client_id") is None:
        raise MissingParameter("client_id")
    if basic is not None and in_body is not None:
        raise OAuthError(INVALID_REQUEST, "The client authenticated in two ways at once")
    unproved = OAuthError(INVALID_CLIENT, "The client or its secret is wrong", status=401)
    if basic is not None and not dialect.takes_basic:
        raise unproved
    # A client of another dialect has no business at a dialect's own door.
    if client is None or client.dialect != dialect.name or client.is_switched_off:
        raise unproved
    secret = in_body if basic is None else basic[1] or None
    if client.is_public:
        if secret is not None:
            raise unproved
        return client
    if secret is None:
        raise MissingParameter("client_secret")
    if not client.is_secret(secret, server.ports.clock.now_ms()):
        raise unproved
    return client


def _grant_type(client: Client, dialect: TokenDialect, members: Members, door: Door) -> GrantType:
    name = one(members, "grant_type") or (door.grant_type or "")
    if not name:
        raise MissingParameter("grant_type")
    known = name in {grant_type.value for grant_type in dialect.grant_types}
    if not known or (door.grant_type is not None and name != door.grant_type):
        raise OAuthError(UNSUPPORTED_GRANT_TYPE, "This grant type is not offered here")
    grant_type = GrantType(name)
    if not client.may_use(grant_type, dialect):
        raise OAuthError(UNAUTHORIZED_CLIENT, "This client may not use this grant type")
    return grant_type


def _basic(authorization: str) -> tuple[str, str] | None:
    """Client id and secret of an HTTP Basic header (RFC 6749 §2.3.1), None when there is none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError(INVALID_CLIENT, "The Basic credentials cannot be read", status=401) from None
    client_id, _, secret = text.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


def _json_members(body: bytes) -> Members:
    try:
        values = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise OAuthError(INVALID_REQUEST, "The body is not valid JSON") from None
    if not isinstance(values, dict):
        raise OAuthError(INVALID_REQUEST, "The body must be a JSON object")
    return {name: (value,) for name, value in values.items()}


def _form_members(body: bytes) -> Members:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_MEMBERS, errors="strict")
    except ValueError:
        raise OAuthError(INVALID_REQUEST, "The form cannot be read") from None
    members: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        members[name] = (*members.get(name, ()), value)
    return members
