"""Token introspection (RFC 7662): a client asks about a token of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ownclimate.oauth.errors import OAuthError
from ownclimate.oauth.token_request import RawRequest, authenticated_client, needed
from ownclimate.oauth.token_rows import TokenKind
from ownclimate.oauth.tokens import find_token
from ownclimate.oauth.vocabulary import BEARER, INVALID_CLIENT

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer

INACTIVE: dict[str, Any] = {"active": False}


async def introspect(server: AuthorizationServer, raw: RawRequest) -> dict[str, Any]:
    """What the token is (§2.2), or only that it is not active: unknown, expired, revoked or another's.

    A public client proves nothing by its id, so it may not ask (§2.1). Raises OAuthError.
    """
    members, client = await authenticated_client(server, raw)
    if client.is_public or client.is_built_in:
        raise OAuthError(INVALID_CLIENT, "Only a client with a secret of its own may ask", status=401)
    located = await find_token(server, needed(members, "token"))
    now_ms = server.ports.clock.now_ms()
    if located is None or located.token.is_expired(now_ms) or located.stored.grant.client_id != client.id:
        return INACTIVE
    token, grant = located.token, located.stored.grant
    answer: dict[str, Any] = {
        "active": True,
        "client_id": grant.client_id,
        "scope": " ".join(scope for scope in token.scopes if scope in grant.scopes),
        "sub": grant.account_id or grant.client_id,
        "iat": token.created_ms // 1000,
        "iss": raw.issuer,
    }
    if token.kind is TokenKind.ACCESS:
        answer["token_type"] = BEARER
    if token.expires_ms:
        answer["exp"] = token.expires_ms // 1000
    return answer
