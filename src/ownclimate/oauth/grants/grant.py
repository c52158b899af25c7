"""What a person gave a client: the thing, and giving, listing and taking it back.

A grant is one per client, account, owner and way, and its id is made of those, so it is found without
looking. Its partition also holds its codes and tokens. Every check of a token reads the grant as well:
what is taken back here is gone with the next request, whatever became of the tokens' own rows.

Order of writes when giving: the client's list of grants, the owner's link, the grant. A crash in
between leaves a listing without a grant, which gives nothing; nothing usable is ever unlisted.
Revoking begins with the grant.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from ownclimate.core.access import Permission
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, NotFound
from ownclimate.core.ids import AccountId, OwnerId, SiteId
from ownclimate.core.partitions import grant_partition, owner_partition
from ownclimate.core.ports import ABSENT, Delete, Directory, Document, Ports, Put
from ownclimate.core.writes import EDIT_ATTEMPTS, Actor, Deed, commit, write_surely
from ownclimate.oauth.clients import (
    NOBODY,
    Client,
    client_partition,
    find_client,
    forget_client,
    mark_deleted,
)
from ownclimate.oauth.dialects import TokenDialect

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer

GRANTS = "grant"
CODES = "code"
TOKENS = "token"
USED = "used"
LAST_USE = "last_use"
LINKS = "grant_link"
"""In the owner's partition: where its grants are."""
GIVEN = "granted"
"""In the client's partition: which grants it was given."""
KIND = "grant"
REMOVED_AT_ONCE = 500


class Way(Enum):
    """How the client came by the grant; grants of different ways never widen one another."""

    CONSENT = "consent"
    PASSWORD = "password"  # noqa: S105 - a way, not a secret
    CLIENT = "client"
    """The client acts for the owner that registered it; no person is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """`sites` None: all of the owner's, those to come included. `account_id` empty: nobody's.

    `birth` tells this grant from an earlier one of the same id; `revoked` are token families that are
    dead though the grant lives.
    """

    id: str
    client_id: str
    dialect: str
    owner_id: OwnerId
    account_id: AccountId = NOBODY
    way: Way = Way.CONSENT
    scopes: tuple[str, ...] = ()
    permissions: frozenset[Permission] = frozenset()
    sites: tuple[SiteId, ...] | None = None
    birth: str = ""
    revoked: tuple[str, ...] = ()
    created_ms: int = 0
    changed_ms: int = 0
    last_used_ms: int = 0
    """Filled in when listed; kept in a row of its own."""
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantTerms:
    """What is being given. `adds` leaves what an earlier grant gave in place."""

    client: Client
    owner_id: OwnerId
    account_id: AccountId = NOBODY
    way: Way = Way.CONSENT
    scopes: tuple[str, ...]
    sites: tuple[SiteId, ...] | None = None
    adds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGrant:
    """A grant as it was read: writes that rely on it expect `version`."""

    grant: Grant
    partition: str
    version: str


def grant_id_of(client_id: str, owner_id: str, account_id: str, way: Way) -> str:
    """24 hex digits, the same for the same parties."""
    parties = "|".join((client_id, owner_id, account_id, way.value))
    return hashlib.blake2b(parties.encode(), digest_size=12).hexdigest()


async def give(server: AuthorizationServer, actor: Actor, terms: GrantTerms) -> StoredGrant:
    """The grant of these terms, made or changed to them; nothing is written when it says so already.

    The last word counts: scopes or sites that the terms leave out are gone from earlier tokens too,
    unless `adds`. Raises NotFound when the client was deleted meanwhile.
    """
    ports = server.ports
    dialect = server.dialect_of(terms.client)
    grant_id = grant_id_of(terms.client.id, terms.owner_id, terms.account_id, terms.way)
    partition = partition_of(dialect, grant_id)
    for attempt in range(EDIT_ATTEMPTS):
        found = await ports.directory.find(partition, GRANTS, grant_id)
        before = None if found is None else from_body(Grant, found.body)
        after = _on_terms(server, dialect, grant_id, terms, before)
        if found is not None and after == before:
            return StoredGrant(grant=after, partition=partition, version=found.version)
        await _list(server, actor, partition, after, is_new=before is None)
        put = Put(
            table=GRANTS, key=grant_id, body=to_body(after), expect=ABSENT if found is None else found.version
        )
        try:
            version = await write_surely(ports, partition, [put], of=KIND)
        except Conflict:
            if attempt == EDIT_ATTEMPTS - 1:
                raise
            continue
        if before is None:
            await _require_living_client(server, actor, partition, after)
        return StoredGrant(grant=after, partition=partition, version=version)
    raise Conflict(KIND, grant_id)


async def find_grant(directory: Directory, partition: str, grant_id: str) -> StoredGrant | None:
    document = await directory.find(partition, GRANTS, grant_id)
    if document is None:
        return None
    return StoredGrant(grant=from_body(Grant, document.body), partition=partition, version=document.version)


async def find_consent(
    server: AuthorizationServer, client: Client, owner_id: OwnerId, account_id: AccountId
) -> Grant | None:
    """What the account gave the client on its consent page before, if it still stands."""
    grant_id = grant_id_of(client.id, owner_id, account_id, Way.CONSENT)
    partition = partition_of(server.dialect_of(client), grant_id)
    stored = await find_grant(server.ports.directory, partition, grant_id)
    return None if stored is None else stored.grant


async def list_grants(directory: Directory, owner_id: OwnerId) -> list[Grant]:
    """What the owner gave, newest first, each with when it was last used."""
    grants = []
    for link in await directory.scan(owner_partition(owner_id), LINKS):
        stored = await find_grant(directory, link.body["partition"], link.key)
        if stored is not None:
            used = await directory.find(stored.partition, LAST_USE, link.key)
            last_used_ms = 0 if used is None else int(used.body["at_ms"])
            grants.append(dataclasses.replace(stored.grant, last_used_ms=last_used_ms))
    return sorted(grants, key=lambda grant: grant.changed_ms, reverse=True)


async def revoke_grant(ports: Ports, actor: Actor, owner_id: OwnerId, grant_id: str) -> None:
    """Takes everything back at once. Raises NotFound when the owner has no such grant."""
    link = await ports.directory.find(owner_partition(owner_id), LINKS, grant_id)
    if link is None:
        raise NotFound(KIND, grant_id)
    await _revoke(ports, actor, owner_id, link)


async def revoke_grants_of_client(server: AuthorizationServer, actor: Actor, client_id: str) -> None:
    """Deletes a client with everything it was ever granted, by whomever. Raises NotFound.

    It is marked deleted first, so nothing can be granted meanwhile; repeating finishes what a crash left.
    """
    ports = server.ports
    client = await mark_deleted(server, actor, client_id)
    partition = client_partition(client_id)
    for given in await ports.directory.scan(partition, GIVEN):
        owner_id = OwnerId(given.body["owner_id"])
        link = await ports.directory.find(owner_partition(owner_id), LINKS, given.key)
        if link is not None:
            await _revoke(ports, actor, owner_id, link)
        await write_surely(ports, partition, [Delete(table=GIVEN, key=given.key)], of=KIND)
    await forget_client(ports, actor, client)


def partition_of(dialect: TokenDialect, grant_id: str) -> str:
    return grant_partition(dialect.texts.locator(grant_id))


def permissions_of(dialect: TokenDialect, scopes: Iterable[str]) -> frozenset[Permission]:
    """Everything the scopes allow."""
    return frozenset().union(*(dialect.scopes[name].permissions for name in scopes if name in dialect.scopes))


async def rows_of_grant(directory: Directory, partition: str, grant_id: str) -> list[tuple[str, Document]]:
    """Every row of the grant beside itself, with its table; a partition may hold several grants."""
    return [
        (table, document)
        for table in (CODES, TOKENS, USED)
        for document in await directory.scan(partition, table)
        if document.body["grant_id"] == grant_id
    ]


def _on_terms(
    server: AuthorizationServer,
    dialect: TokenDialect,
    grant_id: str,
    terms: GrantTerms,
    before: Grant | None,
) -> Grant:
    """The grant on these terms; equal to `before` when nothing is different."""
    now_ms = server.ports.clock.now_ms()
    if before is None:
        before = Grant(
            id=grant_id,
            client_id=terms.client.id,
            dialect=dialect.name,
            owner_id=terms.owner_id,
            account_id=terms.account_id,
            way=terms.way,
            birth=server.ports.entropy(8).hex(),
            created_ms=now_ms,
        )
    scopes = (*before.scopes, *terms.scopes) if terms.adds else terms.scopes
    chosen = frozenset(scopes)
    after = dataclasses.replace(
        before,
        scopes=tuple(name for name in dialect.scopes if name in chosen),
        permissions=permissions_of(dialect, chosen),
        sites=before.sites if terms.adds else _sorted(terms.sites),
    )
    return after if after == before else dataclasses.replace(after, changed_ms=now_ms)


async def _require_living_client(
    server: AuthorizationServer, actor: Actor, partition: str, grant: Grant
) -> None:
    """A deletion that began before this look may have missed the new grant; a later one does not."""
    if await find_client(server, grant.client_id) is None:
        await _end(server.ports, actor, partition, grant.id, grant.client_id, grant.owner_id)
        raise NotFound("client", grant.client_id)


def _sorted(sites: tuple[SiteId, ...] | None) -> tuple[SiteId, ...] | None:
    return None if sites is None else tuple(sorted(set(sites)))


async def _list(
    server: AuthorizationServer, actor: Actor, partition: str, grant: Grant, *, is_new: bool
) -> None:
    """Makes the grant visible to the owner and to the client, and the change to the audit."""
    ports = server.ports
    if is_new:
        given = Put(table=GIVEN, key=grant.id, body={"owner_id": grant.owner_id})
        await write_surely(ports, client_partition(grant.client_id), [given], of=KIND)
    link = Put(
        table=LINKS,
        key=grant.id,
        body={
            "partition": partition,
            "client_id": grant.client_id,
            "account_id": grant.account_id,
            "created_ms": grant.created_ms,
        },
    )
    details: dict[str, Any] = {"client_id": grant.client_id, "scopes": list(grant.scopes)}
    if grant.sites is not None:
        details["sites"] = list(grant.sites)
    deed = Deed(actor=actor, verb="grant", kind=KIND, object_id=grant.id, details=details)
    await commit(ports, grant.owner_id, [link], deed)


async def _revoke(ports: Ports, actor: Actor, owner_id: OwnerId, link: Document) -> None:
    await _end(ports, actor, link.body["partition"], link.key, link.body["client_id"], owner_id)


async def _end(
    ports: Ports, actor: Actor, partition: str, grant_id: str, client_id: str, owner_id: OwnerId
) -> None:
    """Removes the grant, then everything of it, then what lists it; may be repeated."""
    await write_surely(ports, partition, [Delete(table=GRANTS, key=grant_id)], of=KIND)
    # Nothing can be issued any more, so what is found now is all there will be.
    rows = await rows_of_grant(ports.directory, partition, grant_id)
    deletes = [Delete(table=table, key=document.key) for table, document in rows]
    await delete_all(ports, partition, [*deletes, Delete(table=LAST_USE, key=grant_id)])
    given = Delete(table=GIVEN, key=grant_id)
    await write_surely(ports, client_partition(client_id), [given], of=KIND)
    deed = Deed(
        actor=actor,
        verb="revoke",
        kind=KIND,
        object_id=grant_id,
        details={"client_id": client_id},
    )
    await commit(ports, owner_id, [Delete(table=LINKS, key=grant_id)], deed)


async def delete_all(ports: Ports, partition: str, deletes: Sequence[Delete]) -> None:
    for start in range(0, len(deletes), REMOVED_AT_ONCE):
        await write_surely(ports, partition, deletes[start : start + REMOVED_AT_ONCE], of=KIND)
