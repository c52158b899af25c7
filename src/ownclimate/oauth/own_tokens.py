"""Tokens for a developer's own app without a redirect: the vendors' "token generator".

Only the account that registered the app gets them this way, and only for what it may itself do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ownclimate.core.errors import Forbidden, InvalidInput
from ownclimate.core.ids import AccountId, OwnerId
from ownclimate.core.writes import Actor
from ownclimate.oauth.clients import Client
from ownclimate.oauth.dialects import Issued
from ownclimate.oauth.grants import GrantTerms
from ownclimate.oauth.issuing import issue_on
from ownclimate.oauth.vocabulary import GrantType

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer


async def generate_tokens(
    server: AuthorizationServer,
    actor: Actor,
    client: Client,
    *,
    account_id: AccountId,
    owner_id: OwnerId,
    scopes: Sequence[str],
    issuer: str,
) -> Issued:
    """An access and a refresh token of the app for the account's own things, shown once.

    What the account gave the app before stays given. Raises Forbidden for another's app, InvalidInput
    for scopes the app may not have.
    """
    dialect = server.dialect_of(client)
    if client.account_id != account_id or client.is_built_in:
        raise Forbidden("tokens can be made for one's own apps only")
    if not client.may_use(GrantType.REFRESH_TOKEN, dialect):
        raise InvalidInput("client", f"{dialect.title} has no refresh tokens")
    allowed = {scope.name for scope in client.allowed_scopes(dialect)}
    refused = [scope for scope in scopes if scope not in allowed]
    if refused or not scopes:
        raise InvalidInput("scope", f"not open to this app: {' '.join(refused)}" if refused else "pick some")
    terms = GrantTerms(
        client=client, owner_id=owner_id, account_id=account_id, scopes=tuple(scopes), adds=True
    )
    return await issue_on(server, terms, tuple(scopes), actor=actor, issuer=issuer)
