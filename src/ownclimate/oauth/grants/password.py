"""The password grant (RFC 6749 §4.3), which RFC 9700 §2.4 forbids and two vendors' documents show.

Switched off for every client but those it was switched on for, and then only for the account that
registered the client: the password of somebody else is nobody's business. Built-in clients, whose
secret is public, take any account's, since programs in the field know nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ownclimate.core.errors import Unauthenticated
from ownclimate.core.writes import Actor
from ownclimate.oauth.authorize import asked_scopes
from ownclimate.oauth.dialects import Issued
from ownclimate.oauth.errors import OAuthError
from ownclimate.oauth.grants.grant import GrantTerms, Way
from ownclimate.oauth.issuing import issue_on
from ownclimate.oauth.vocabulary import INVALID_GRANT

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer
    from ownclimate.oauth.token_request import TokenRequest


async def issue(server: AuthorizationServer, request: TokenRequest) -> Issued:
    client, dialect = request.client, request.dialect
    refused = OAuthError(INVALID_GRANT, "Invalid username and password combination")
    username, password = request.get("username"), request.get("password")
    scopes = asked_scopes(client, dialect, " ".join(request.scope_names() or ()))
    try:
        account = await server.sign_in(username, password, request.address)
    except Unauthenticated:
        raise refused from None
    if not client.is_built_in and account.id != client.account_id:
        raise refused
    names = tuple(scope.name for scope in scopes)
    terms = GrantTerms(
        client=client,
        owner_id=account.owner_id,
        account_id=account.id,
        way=Way.PASSWORD,
        scopes=names,
        adds=True,
    )
    actor = Actor(account_id=account.id, client_id=client.id, via="token")
    return await issue_on(server, terms, names, actor=actor, issuer=request.issuer)
