"""The client credentials grant (RFC 6749 §4.4): a client acts for the owner that registered it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ownclimate.core.writes import Actor
from ownclimate.oauth.authorize import asked_scopes
from ownclimate.oauth.dialects import Issued
from ownclimate.oauth.errors import OAuthError
from ownclimate.oauth.grants.grant import GrantTerms, Way
from ownclimate.oauth.issuing import issue_on
from ownclimate.oauth.vocabulary import INVALID_TARGET

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer
    from ownclimate.oauth.token_request import TokenRequest


async def issue(server: AuthorizationServer, request: TokenRequest) -> Issued:
    client, dialect = request.client, request.dialect
    if dialect.audiences and request.get("audience") not in dialect.audiences | {request.issuer}:
        raise OAuthError(INVALID_TARGET, "The audience is not served here")
    asked = asked_scopes(client, dialect, " ".join(request.scope_names() or ()))
    given = asked if dialect.request_narrows else client.allowed_scopes(dialect)
    terms = GrantTerms(
        client=client,
        owner_id=client.owner_id,
        way=Way.CLIENT,
        scopes=tuple(scope.name for scope in client.allowed_scopes(dialect)),
    )
    return await issue_on(
        server,
        terms,
        tuple(scope.name for scope in given),
        actor=Actor(client_id=client.id, via="token"),
        issuer=request.issuer,
        gives_refresh=False,  # RFC 6749 §4.4.3: the client can always ask again.
    )
