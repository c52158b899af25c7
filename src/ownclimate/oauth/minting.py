"""Making tokens: texts for the client, rows for the store, and what goes along with writing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ownclimate.core.documents import to_body
from ownclimate.core.ports import ABSENT, Change, Delete, Put
from ownclimate.oauth.dialects import Claims, Issued, Seed, TokenDialect
from ownclimate.oauth.digests import digest_of
from ownclimate.oauth.grants.grant import CODES, TOKENS, USED, Grant, StoredGrant, permissions_of
from ownclimate.oauth.token_rows import EXPIRED_KEPT_MS, Token, TokenKind

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer

PRUNED_AT_ONCE: Final = 4
"""Rows of each table looked at, from a random place on, whenever a token is issued: twice as many as an
issue adds, so what has expired goes faster than it comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Tokens to be made: of which grant, for which scopes, in which family (empty: a new one)."""

    stored: StoredGrant
    dialect: TokenDialect
    scopes: tuple[str, ...]
    issuer: str
    access_scopes: tuple[str, ...] | None = None
    """Narrower than `scopes` for this access token only (RFC 6749 §6)."""
    family: str = ""
    previous: str = ""
    gives_refresh: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """New tokens and the rows that make them good once they are written."""

    issued: Issued
    family: str
    changes: tuple[Change, ...]


async def mint(server: AuthorizationServer, order: Order) -> Minted:
    """New tokens of the grant, not yet stored.

    Their rows say what was ordered; what the grant does not have, or no longer has, is left out of the
    answer, and by every check for as long as the grant lacks it.
    """
    ports, dialect, grant = server.ports, order.dialect, order.stored.grant
    now_ms = ports.clock.now_ms()
    family = order.family or ports.entropy(8).hex()
    access_scopes = order.scopes if order.access_scopes is None else order.access_scopes
    effective = tuple(scope for scope in access_scopes if scope in grant.scopes)
    seed = Seed(locator=dialect.texts.locator(grant.id), account_id=grant.account_id, entropy=ports.entropy)
    lifetimes = dialect.lifetimes
    access_text = await _access_text(server, order, seed, effective, now_ms)
    access = _row(
        TokenKind.ACCESS, grant, family, dialect, access_scopes, now_ms, now_ms + lifetimes.access_s * 1000
    )
    changes: list[Change] = [
        Put(table=TOKENS, key=digest_of(access_text), body=to_body(access), expect=ABSENT)
    ]
    refresh_text = None
    if order.gives_refresh:
        refresh_text = dialect.texts.refresh(seed)
        ends_ms = now_ms + lifetimes.refresh_s * 1000 if lifetimes.refresh_s else 0
        refresh = _row(TokenKind.REFRESH, grant, family, dialect, order.scopes, now_ms, ends_ms)
        body = to_body(refresh) | {"partner": digest_of(access_text), "previous": order.previous}
        changes.append(Put(table=TOKENS, key=digest_of(refresh_text), body=body, expect=ABSENT))
    issued = Issued(
        access_token=access_text,
        refresh_token=refresh_text,
        expires_in_s=lifetimes.access_s,
        scopes=effective,
    )
    return Minted(issued=issued, family=family, changes=tuple(changes))


async def prunable(server: AuthorizationServer, partition: str, sparing: Sequence[Change]) -> list[Delete]:
    """Deletes of some rows that nobody needs any more, to go along with a write.

    A few rows from a random place on, so that whatever is issued often is also tidied often.
    """
    directory, now_ms = server.ports.directory, server.ports.clock.now_ms()
    spared = {(change.table, change.key) for change in sparing}
    start = server.ports.entropy(2).hex()
    deletes = []
    for table, kept_ms in ((TOKENS, EXPIRED_KEPT_MS), (USED, 0), (CODES, EXPIRED_KEPT_MS)):
        for document in await directory.scan(partition, table, start=start, limit=PRUNED_AT_ONCE):
            expires_ms = document.body.get("expires_ms", 0)
            if expires_ms and expires_ms + kept_ms < now_ms and (table, document.key) not in spared:
                deletes.append(Delete(table=table, key=document.key))
    return deletes


async def _access_text(
    server: AuthorizationServer, order: Order, seed: Seed, scopes: tuple[str, ...], now_ms: int
) -> str:
    dialect, grant = order.dialect, order.stored.grant
    if dialect.claims is None:
        return dialect.texts.access(seed)
    claims = Claims(
        issuer=order.issuer,
        client_id=grant.client_id,
        owner_id=grant.owner_id,
        scopes=scopes,
        issued_s=now_ms // 1000,
        expires_s=now_ms // 1000 + dialect.lifetimes.access_s,
        jti=dialect.texts.access(seed),
    )
    return await server.keys.sign(dialect.claims(claims))


def _row(
    kind: TokenKind,
    grant: Grant,
    family: str,
    dialect: TokenDialect,
    scopes: tuple[str, ...],
    now_ms: int,
    expires_ms: int,
) -> Token:
    permissions = sorted(permission.value for permission in permissions_of(dialect, scopes))
    return Token(
        kind=kind,
        grant_id=grant.id,
        birth=grant.birth,
        family=family,
        scopes=scopes,
        permissions=tuple(permissions),
        created_ms=now_ms,
        expires_ms=expires_ms,
    )
