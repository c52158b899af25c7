"""Codes and tokens: making them, finding them by their text, checking what they allow.

A credential's text names the partition it is stored in; there its hash is the key. So a check is two
reads of one partition, the token's row and its grant's, and nothing is cached: what is revoked or taken
back is gone with the next request. A token never allows more than both its row and the grant say.

Tokens of one sign-in or one code, and all that refreshes make of them, are a family.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from ownclimate.core.access import Access, Permission
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, Unauthenticated
from ownclimate.core.ids import AccountId, OwnerId, SiteId
from ownclimate.core.partitions import grant_partition
from ownclimate.core.ports import ABSENT, Change, Delete, Directory, Put
from ownclimate.core.writes import EDIT_ATTEMPTS, write_surely
from ownclimate.oauth.dialects import Claims, Issued, Seed, TokenDialect
from ownclimate.oauth.digests import digest_of
from ownclimate.oauth.grants.grant import (
    CODES,
    GRANTS,
    TOKENS,
    USED,
    Grant,
    StoredGrant,
    delete_all,
    find_grant,
    permissions_of,
)
from ownclimate.oauth.keys import check_token

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer

DAY_MS: Final = 24 * 3_600_000
EXPIRED_KEPT_MS: Final = 7 * DAY_MS
"""How long a token's row outlives the token, so that a client hears "expired" and not "unknown"."""
USED_KEPT_MS: Final = 30 * DAY_MS
"""How long a spent code or refresh token is known as spent; later it is merely unknown."""
PRUNED_AT_ONCE: Final = 4
"""Rows of each table looked at, from a random place on, whenever a token is issued: twice as many as an
issue adds, so what has expired goes faster than it comes."""
REVOKED_FAMILIES: Final = 200
"""Remembered in a grant. Their rows are gone by then, so forgetting the oldest revives nothing."""


class TokenKind(Enum):
    ACCESS = "access"
    REFRESH = "refresh"


ACCESS = TokenKind.ACCESS.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A row of `token`, keyed by the text's hash. `expires_ms` 0: it ends with its grant.

    `partner` is the hash of the access token that a refresh token was given with, `previous` of the
    refresh token it replaced.
    """

    kind: TokenKind
    grant_id: str
    birth: str
    family: str
    scopes: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    partner: str = ""
    previous: str = ""
    created_ms: int = 0
    expires_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)

    def is_expired(self, now_ms: int) -> bool:
        return bool(self.expires_ms) and self.expires_ms <= now_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A row of `code`, keyed by the text's hash."""

    grant_id: str
    birth: str
    client_id: str
    scopes: tuple[str, ...]
    redirect_uri: str
    redirect_uri_was_sent: bool = False
    challenge: str = ""
    created_ms: int = 0
    expires_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A row of `used`: a code or refresh token that was spent, and which family it gave.

    `answer` is what it gave, encrypted under the spent text itself, until `grace_ms`.
    """

    grant_id: str
    birth: str
    client_id: str
    family: str
    answer: bytes = field(default=b"", repr=False)
    grace_ms: int = 0
    expires_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A token's row as it was read, with its grant."""

    key: str
    version: str
    token: Token
    stored: StoredGrant


async def find_token(server: AuthorizationServer, text: str) -> Located | None:
    """The token of this text with its living grant; None when unknown, revoked or not one of ours."""
    partition = locate(server.dialects, text)
    if partition is None:
        return None
    key = digest_of(text)
    document = await server.ports.directory.find(partition, TOKENS, key)
    if document is None:
        return None
    token = from_body(Token, document.body)
    stored = await find_grant(server.ports.directory, partition, token.grant_id)
    if stored is None or stored.grant.birth != token.birth or token.family in stored.grant.revoked:
        return None
    return Located(key=key, version=document.version, token=token, stored=stored)


async def revoke_family(server: AuthorizationServer, partition: str, grant_id: str, family: str) -> None:
    """No token of the family works from now on, those being issued at this moment included.

    The family is named dead in the grant, which every check reads and every issue expects unchanged; so
    the rows found afterwards are all there will ever be.
    """
    ports = server.ports
    for attempt in range(EDIT_ATTEMPTS):
        stored = await find_grant(ports.directory, partition, grant_id)
        if stored is None:
            return
        if family in stored.grant.revoked:
            break
        revoked = (*stored.grant.revoked, family)[-REVOKED_FAMILIES:]
        body = to_body(stored.grant) | {"revoked": list(revoked)}
        put = Put(table=GRANTS, key=grant_id, body=body, expect=stored.version)
        try:
            await write_surely(ports, partition, [put], of="token family")
        except Conflict:
            if attempt == EDIT_ATTEMPTS - 1:
                raise
            continue
        break
    rows = [
        document
        for document in await ports.directory.scan(partition, TOKENS)
        if document.body["family"] == family and document.body["grant_id"] == grant_id
    ]
    await delete_all(ports, partition, [Delete(table=TOKENS, key=document.key) for document in rows])


async def delete_token(server: AuthorizationServer, located: Located) -> None:
    """This one token, and nothing else of its family."""
    delete = Delete(table=TOKENS, key=located.key)
    await write_surely(server.ports, located.stored.partition, [delete], of="token")


def locate(dialects: Mapping[str, TokenDialect], text: str) -> str | None:
    """The partition that the text of a code or token names; None when it has no dialect's shape."""
    for dialect in dialects.values():
        locator = dialect.texts.locate(text)
        if locator is not None:
            return grant_partition(locator)
    return None


async def check(
    directory: Directory,
    dialects: Mapping[str, TokenDialect],
    text: str,
    now_ms: int,
    note_use: Callable[[str, str], None] | None = None,
) -> Access:
    """What a bearer token allows, personal access tokens included.

    `note_use` is told partition and id of the grant. Raises Unauthenticated, its reason `expired` for a
    token that was good once, else `invalid`.
    """
    partition = locate(dialects, text)
    if partition is None:
        return await check_token(directory, text)
    document = await directory.find(partition, TOKENS, digest_of(text))
    if document is None or document.body["kind"] != ACCESS:
        raise Unauthenticated("the access token is unknown or was revoked")
    token = document.body
    grant_document = await directory.find(partition, GRANTS, token["grant_id"])
    if grant_document is None:
        raise Unauthenticated("the access token was revoked")
    grant = grant_document.body
    if grant["birth"] != token["birth"] or token["family"] in grant.get("revoked", ()):
        raise Unauthenticated("the access token was revoked")
    if token["expires_ms"] <= now_ms:
        raise Unauthenticated("the access token has expired", reason="expired")
    if note_use is not None:
        note_use(partition, token["grant_id"])
    return _access(dialects, token, grant)


def _access(dialects: Mapping[str, TokenDialect], token: dict[str, Any], grant: dict[str, Any]) -> Access:
    """Straight from the rows: this runs in every request."""
    sites = grant.get("sites")
    account_id = grant.get("account_id")
    scopes, permissions = _allowed(
        tuple(token.get("scopes", ())),
        tuple(grant.get("scopes", ())),
        tuple(token.get("permissions", ())),
        tuple(grant.get("permissions", ())),
    )
    return Access(
        owner_id=OwnerId(grant["owner_id"]),
        account_id=AccountId(account_id) if account_id else None,
        client_id=grant["client_id"],
        permissions=permissions,
        scopes=scopes if dialects[grant["dialect"]].scopes_are_checked else None,
        sites=None if sites is None else frozenset(map(SiteId, sites)),
        via="token",
    )


@functools.lru_cache(maxsize=4096)
def _allowed(
    token_scopes: tuple[str, ...],
    grant_scopes: tuple[str, ...],
    token_permissions: tuple[str, ...],
    grant_permissions: tuple[str, ...],
) -> tuple[frozenset[str], frozenset[Permission]]:
    """What both rows have. A pure function: remembering its results makes nothing stale."""
    scopes = frozenset(token_scopes) & frozenset(grant_scopes)
    both = frozenset(token_permissions) & frozenset(grant_permissions) if scopes else frozenset()
    return scopes, frozenset(Permission(name) for name in both)


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
