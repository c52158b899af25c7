"""The rows of the authorization server: `/oauth2/…`, `/.well-known/…`, and each dialect's own doors.

`/oauth2/authorize` is a page and the portal's. Bodies are read here and not by the table, because what
is wrong with one is answered in the client's dialect too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ownclimate.core.access import Access
from ownclimate.oauth import introspection, metadata, revocation
from ownclimate.oauth.clients import Client
from ownclimate.oauth.dialects import NO_STORE, STANDARD_DIALECT, Door, TokenDialect, TokenReply
from ownclimate.oauth.errors import OAuthError
from ownclimate.oauth.grants import authorization_code, client_credentials, password, refresh_token
from ownclimate.oauth.token_request import RawRequest, serve_token
from ownclimate.oauth.vocabulary import (
    INVALID_REQUEST,
    SERVER_ERROR,
    TEMPORARILY_UNAVAILABLE,
    TOO_MANY_REQUESTS,
    GrantType,
)
from ownclimate.web.call import Answer, Call, Reply
from ownclimate.web.faults import Fault, detail_of, status_of
from ownclimate.web.tables import BodyKind, Dialect, Endpoint, FaultContext, Handler, Success, Unknown

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer

NAME = "oauth2"
CONTENT_TYPE = "application/json;charset=UTF-8"
"""As RFC 6749's examples write it, and as one vendor's documents show it to the letter."""
ISSUES = {
    GrantType.AUTHORIZATION_CODE: authorization_code.issue,
    GrantType.REFRESH_TOKEN: refresh_token.issue,
    GrantType.CLIENT_CREDENTIALS: client_credentials.issue,
    GrantType.PASSWORD: password.issue,
}
TOKEN_DOOR = Door(path=metadata.TOKEN_PATH, operation_id="issueToken")
LIMIT_CLASS = "token"
MAX_BODY_BYTES = 16 * 1024
REFUSALS = (400, 401, 403, 429)
_ERRORS = {429: TOO_MANY_REQUESTS, 503: TEMPORARILY_UNAVAILABLE}


class Refusal(msgspec.Struct, kw_only=True, omit_defaults=True):
    """RFC 6749 §5.2."""

    error: str
    error_description: str = ""


def token_rows(server: AuthorizationServer | None, dialect: TokenDialect) -> tuple[Endpoint, ...]:
    """The dialect's own doors, to stand in the table of its API; without a server for documents only."""
    return tuple(_token_row(server, door, dialect) for door in dialect.doors)


def oauth_dialect(server: AuthorizationServer) -> Dialect:
    """Everything under `/oauth2` and `/.well-known` but the page."""

    async def revoke(call: Call, params: None) -> Answer:
        try:
            await revocation.revoke(server, _raw(call))
        except OAuthError as error:
            return _answered(STANDARD_DIALECT.fault(error, TOKEN_DOOR))
        return Answer(body={}, headers=NO_STORE)

    async def introspect(call: Call, params: None) -> Answer:
        try:
            body = await introspection.introspect(server, _raw(call))
        except OAuthError as error:
            return _answered(STANDARD_DIALECT.fault(error, TOKEN_DOOR))
        return Answer(body=body, headers=NO_STORE)

    async def describe(call: Call, params: None) -> dict[str, Any]:
        return metadata.metadata(server, call.public_url)

    async def list_keys(call: Call, params: None) -> dict[str, Any]:
        return await server.keys.public_set()

    rows = (
        _token_row(server, TOKEN_DOOR, None),
        _form_row("revokeToken", metadata.REVOKE_PATH, revoke, "Revoke a token (RFC 7009)"),
        _form_row("introspectToken", metadata.INTROSPECT_PATH, introspect, "Ask about a token (RFC 7662)"),
        _document_row("getMetadata", metadata.METADATA_PATH, describe, "Server metadata (RFC 8414)"),
        _document_row("listKeys", metadata.JWKS_PATH, list_keys, "Keys that sign tokens (RFC 7517)"),
    )
    return Dialect(
        name=NAME,
        title="OAuth 2 authorization server",
        version="1",
        prefixes=("/oauth2", "/.well-known"),
        endpoints=rows,
        fault=_fault,
        fault_shape=Refusal,
        fault_statuses=(413, 429, 500, 503),
        content_type=CONTENT_TYPE,
    )


def _token_row(server: AuthorizationServer | None, door: Door, dialect: TokenDialect | None) -> Endpoint:
    async def issue(call: Call, params: None) -> Answer:
        assert server is not None, "a row without a server is only documented"
        served = await serve_token(server, ISSUES, _raw(call), door, dialect)
        if served.client is not None:
            call.access = _asking(served.client)
        return _answered(served.reply)

    answer = dict if dialect is None else dialect.answer_shape
    refusal = dict if dialect is None else dialect.fault_shape
    return _form_row(door.operation_id, door.path, issue, door.summary, answer=answer, refusal=refusal)


def _form_row(
    operation_id: str,
    path: str,
    handler: Handler,
    summary: str,
    *,
    answer: Any = dict,
    refusal: Any = Refusal,
) -> Endpoint:
    refusals = (Success(status=s, item=refusal, is_bare=True, summary="Refused") for s in REFUSALS)
    return Endpoint(
        operation_id=operation_id,
        path=path,
        methods=("POST",),
        handler=handler,
        is_public=True,
        bodies=(BodyKind.FORM, BodyKind.JSON, BodyKind.RAW),
        max_body_bytes=MAX_BODY_BYTES,
        successes=(Success(item=answer, is_bare=True), *refusals),
        unknown=Unknown.IGNORE,
        limit_class=LIMIT_CLASS,
        is_repeatable=False,
        summary=summary,
    )


def _document_row(operation_id: str, path: str, handler: Handler, summary: str) -> Endpoint:
    return Endpoint(
        operation_id=operation_id,
        path=path,
        handler=handler,
        is_public=True,
        successes=(Success(item=dict),),
        is_conditional=True,
        summary=summary,
    )


def _asking(client: Client) -> Access:
    """The client as the one who asked, for the log; it is allowed nothing by that."""
    return Access(
        owner_id=client.owner_id,
        account_id=None,
        client_id=client.id,
        permissions=frozenset(),
        via="client",
    )


def _raw(call: Call) -> RawRequest:
    return RawRequest(
        body=call.body,
        content_type=call.header("content-type"),
        authorization=call.header("authorization"),
        issuer=call.public_url,
        address=call.address,
    )


def _answered(reply: TokenReply) -> Answer:
    return Answer(status=reply.status, body=reply.body, headers=reply.headers)


def _fault(fault: Fault, context: FaultContext) -> Reply:
    """What is not a refusal of ours: no such path, too large, the store is away."""
    status = status_of(fault)
    error = _ERRORS.get(status, SERVER_ERROR if status >= 500 else INVALID_REQUEST)
    body = Refusal(error=error, error_description=detail_of(fault))
    return Reply(status=status, body=msgspec.json.encode(body), headers=NO_STORE)
