"""Tokens without a code before them: the grant is given and its tokens are issued in one go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ownclimate.core.errors import Conflict, InvalidInput
from ownclimate.core.ports import Change, Check
from ownclimate.core.things import Account
from ownclimate.core.writes import EDIT_ATTEMPTS, Actor, write_surely
from ownclimate.oauth.authorize import asked_scopes
from ownclimate.oauth.clients import get_client
from ownclimate.oauth.dialects import Issued
from ownclimate.oauth.errors import OAuthError
from ownclimate.oauth.grants.grant import GRANTS, KIND, GrantTerms, Way, give
from ownclimate.oauth.tokens import Order, mint, prunable

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer


async def issue_on(
    server: AuthorizationServer,
    terms: GrantTerms,
    scopes: tuple[str, ...],
    *,
    actor: Actor,
    issuer: str,
    gives_refresh: bool = True,
) -> Issued:
    """Tokens for the scopes, of a grant on the terms; a new family each time."""
    dialect = server.dialect_of(terms.client)
    for attempt in range(EDIT_ATTEMPTS):
        stored = await give(server, actor, terms)
        order = Order(
            stored=stored, dialect=dialect, scopes=scopes, issuer=issuer, gives_refresh=gives_refresh
        )
        minted = await mint(server, order)
        changes: list[Change] = [
            *minted.changes,
            Check(table=GRANTS, key=stored.grant.id, expect=stored.version),
        ]
        changes += await prunable(server, stored.partition, changes)
        try:
            await write_surely(server.ports, stored.partition, changes, of="tokens")
        except Conflict:
            if attempt == EDIT_ATTEMPTS - 1:
                raise
            continue
        return minted.issued
    raise Conflict(KIND, terms.client.id)


async def generate_tokens(
    server: AuthorizationServer,
    actor: Actor,
    account: Account,
    client_id: str,
    scopes: Sequence[str],
    *,
    issuer: str,
) -> Issued:
    """A pair of tokens for a developer's own account and own client, without a redirect.

    Raises InvalidInput for another's client or scopes that the client may not have; NotFound.
    """
    client = await get_client(server, client_id)
    if client.account_id != account.id:
        raise InvalidInput("client_id", "tokens are generated for one's own clients only")
    try:
        names = tuple(s.name for s in asked_scopes(client, server.dialect_of(client), " ".join(scopes)))
    except OAuthError as error:
        raise InvalidInput("scope", error.description) from error
    terms = GrantTerms(
        client=client,
        owner_id=account.owner_id,
        account_id=account.id,
        way=Way.CONSENT,
        scopes=names,
        adds=True,
    )
    return await issue_on(server, terms, names, actor=actor, issuer=issuer)
