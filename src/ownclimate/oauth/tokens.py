"""Tokens by their text: finding them, checking what they allow, ending them.

A credential's text names the partition it is stored in; there its hash is the key. So a check is two
reads of one partition, the token's row and its grant's, and nothing is cached: what is revoked or taken
back is gone with the next request. A token never allows more than both its row and the grant say.

Tokens of one sign-in or one code, and all that refreshes make of them, are a family.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ownclimate.core.access import Access, Permission
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, Unauthenticated
from ownclimate.core.ids import AccountId, OwnerId, SiteId
from ownclimate.core.partitions import grant_partition
from ownclimate.core.ports import Delete, Directory, Put
from ownclimate.core.writes import EDIT_ATTEMPTS, write_surely
from ownclimate.oauth.clients import is_switched_off
from ownclimate.oauth.dialects import TokenDialect
from ownclimate.oauth.digests import digest_of
from ownclimate.oauth.grants.grant import GRANTS, TOKENS, StoredGrant, delete_all, find_grant
from ownclimate.oauth.keys import check_token
from ownclimate.oauth.token_rows import Token, TokenKind

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer

REVOKED_FAMILIES: Final = 200
"""Remembered in a grant. Their rows are gone by then, so forgetting the oldest revives nothing."""

ACCESS: Final = TokenKind.ACCESS.value


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
    token that was good once, `switched_off` for one whose application is, else `invalid`.
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
    if await is_switched_off(directory, grant["client_id"]):
        raise Unauthenticated("the application is switched off", reason="switched_off")
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
