"""Tokens without a code before them: the grant is given and its tokens are issued in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ownclimate.core.errors import Conflict
from ownclimate.core.ports import Change, Check
from ownclimate.core.writes import EDIT_ATTEMPTS, Actor, write_surely
from ownclimate.oauth.dialects import Issued
from ownclimate.oauth.grants.grant import GRANTS, KIND, GrantTerms, give
from ownclimate.oauth.minting import Order, mint, prunable

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
