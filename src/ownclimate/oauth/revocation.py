"""Token revocation (RFC 7009)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ownclimate.oauth.errors import OAuthError
from ownclimate.oauth.token_request import RawRequest, authenticated_client, needed
from ownclimate.oauth.token_rows import TokenKind
from ownclimate.oauth.tokens import delete_token, find_token, revoke_family
from ownclimate.oauth.vocabulary import UNAUTHORIZED_CLIENT

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer


async def revoke(server: AuthorizationServer, raw: RawRequest) -> None:
    """Ends an access token, or a refresh token with every token of its family (§2.1).

    A token that is unknown or ended already is no error (§2.2); another client's is (§2.1). What
    `token_type_hint` says is not needed: a token is found by its text. Raises OAuthError.
    """
    members, client = await authenticated_client(server, raw)
    located = await find_token(server, needed(members, "token"))
    if located is None:
        return
    grant = located.stored.grant
    if grant.client_id != client.id:
        raise OAuthError(UNAUTHORIZED_CLIENT, "The token was issued to another client")
    if located.token.kind is TokenKind.ACCESS:
        await delete_token(server, located)
    else:
        await revoke_family(server, located.stored.partition, grant.id, located.token.family)
