"""Personal access tokens (for people's own scripts) and device keys (for the doors of `ingest`).

A credential is `ocp_<locator>_<secret>` (token) or `och_<locator>_<secret>` (device key): the locator
is the id of the grant whose partition it is stored in, the secret 32 random bytes in hex. Only a
hash of the secret is stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ownclimate.core.access import ALL_PERMISSIONS, Access
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import InvalidInput, NotFound, Unauthenticated
from ownclimate.core.ids import AccountId, OwnerId, is_id, new_id
from ownclimate.core.numbering import take_numbers
from ownclimate.core.partitions import KEYS, SOURCES, grant_partition, owner_partition
from ownclimate.core.ports import ABSENT, Delete, Directory, Ports, Put
from ownclimate.core.readings import OriginKind
from ownclimate.core.sites import checked_name
from ownclimate.core.things import Account, Source
from ownclimate.core.writes import Actor, Deed, commit, write_surely

TABLE = "credential"
SECRET_BYTES = 32


class KeyKind(Enum):
    TOKEN = "token"  # noqa: S105 - a kind, not a secret
    HOOK = "hook"


PREFIXES = {KeyKind.TOKEN: "ocp", KeyKind.HOOK: "och"}
KINDS = {prefix: kind for kind, prefix in PREFIXES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A credential as it is listed and checked; its secret is nowhere in it.

    `scopes` empty means all. A device key is also a source of readings: `source_number` with
    `origin` make the origin of what it brings.
    """

    id: str
    kind: KeyKind
    owner_id: OwnerId
    account_id: AccountId
    name: str
    scopes: tuple[str, ...] = ()
    source_number: int = 0
    origin: OriginKind = OriginKind.DEVICE
    created_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


async def create_key(
    ports: Ports,
    actor: Actor,
    account: Account,
    *,
    kind: KeyKind,
    name: str,
    scopes: Sequence[str] = (),
    origin: OriginKind = OriginKind.DEVICE,
) -> tuple[Key, str]:
    """A new credential and its text, which cannot be had again.

    The credential is written before the owner's list of keys: a crash in between leaves one that
    nobody has ever seen.
    """
    _check_scopes(scopes)
    secret = ports.entropy(SECRET_BYTES).hex()
    number = (await take_numbers(ports, 1))[0] if kind is KeyKind.HOOK else 0
    key = Key(
        id=new_id(ports.clock, ports.entropy),
        kind=kind,
        owner_id=account.owner_id,
        account_id=account.id,
        name=checked_name(name),
        scopes=tuple(dict.fromkeys(scopes)),
        source_number=number,
        origin=origin,
        created_ms=ports.clock.now_ms(),
    )
    credential = Put(table=TABLE, key=_hashed(secret), body=to_body(key), expect=ABSENT)
    await write_surely(ports, grant_partition(key.id), [credential], of="credential")
    changes = [Put(table=KEYS, key=key.id, body=to_body(key), expect=ABSENT)]
    if kind is KeyKind.HOOK:
        source = Source(id=key.id, number=number, kind=kind.value, name=key.name, created_ms=key.created_ms)
        changes.append(Put(table=SOURCES, key=source.id, body=to_body(source), expect=ABSENT))
    deed = Deed(actor=actor, verb="create", kind=kind.value, object_id=key.id)
    await commit(ports, account.owner_id, changes, deed)
    return key, f"{PREFIXES[kind]}_{key.id}_{secret}"


async def list_keys(directory: Directory, owner_id: OwnerId, kind: KeyKind) -> list[Key]:
    documents = await directory.scan(owner_partition(owner_id), KEYS)
    keys = [from_body(Key, document.body) for document in documents]
    return [key for key in keys if key.kind is kind]


async def revoke_key(ports: Ports, actor: Actor, owner_id: OwnerId, key_id: str) -> None:
    """From the next request on the credential is unknown. Raises NotFound.

    The credential goes first, its listing last: a crash in between leaves a listed key that no longer
    opens anything and can be revoked again.
    """
    found = await ports.directory.find(owner_partition(owner_id), KEYS, key_id)
    if found is None:
        raise NotFound("key", key_id)
    key = from_body(Key, found.body)
    partition = grant_partition(key_id)
    credentials = await ports.directory.scan(partition, TABLE)
    if credentials:
        deletes = [Delete(table=TABLE, key=document.key) for document in credentials]
        await write_surely(ports, partition, deletes, of="credential")
    deed = Deed(actor=actor, verb="revoke", kind=key.kind.value, object_id=key_id)
    await commit(ports, owner_id, [Delete(table=KEYS, key=key_id)], deed)


async def find_key(directory: Directory, text: str) -> Key | None:
    """The key whose credential text this is, None when there is none: unknown, revoked or malformed."""
    prefix, _, rest = text.partition("_")
    locator, _, secret = rest.partition("_")
    if prefix not in KINDS or not is_id(locator) or not secret:
        return None
    document = await directory.find(grant_partition(locator), TABLE, _hashed(secret))
    if document is None:
        return None
    key = from_body(Key, document.body)
    return key if PREFIXES[key.kind] == prefix else None


async def check_token(directory: Directory, text: str) -> Access:
    """What a personal access token may do. Raises Unauthenticated; a device key is not a token."""
    key = await find_key(directory, text)
    if key is None or key.kind is not KeyKind.TOKEN:
        raise Unauthenticated("the access token is unknown or was revoked")
    return access_of(key)


async def check_hook(directory: Directory, text: str) -> Key:
    """The device key. Raises Unauthenticated; an access token is not a device key."""
    key = await find_key(directory, text)
    if key is None or key.kind is not KeyKind.HOOK:
        raise Unauthenticated("the device key is unknown or was revoked")
    return key


async def stored_digest(directory: Directory, key_id: str) -> str:
    """The hash under which the credential of a key is kept; empty when it was revoked."""
    credentials = await directory.scan(grant_partition(key_id), TABLE, limit=1)
    return credentials[0].key if credentials else ""


def access_of(key: Key) -> Access:
    """What a personal token may do: it carries neutral permissions and no vendor's scopes, so it holds at
    every face alike."""
    permissions = ALL_PERMISSIONS
    if key.scopes:
        permissions = frozenset(p for p in ALL_PERMISSIONS if p.value in key.scopes)
    return Access(
        owner_id=key.owner_id,
        account_id=key.account_id,
        client_id=key.id,
        permissions=permissions,
        is_personal=True,
        via=key.kind.value,
    )


def _check_scopes(scopes: Sequence[str]) -> None:
    known = sorted(permission.value for permission in ALL_PERMISSIONS)
    for scope in scopes:
        if scope not in known:
            raise InvalidInput("scope", f"{scope!r} is not one of {', '.join(known)}")


def _hashed(secret: str) -> str:
    return hashlib.blake2b(secret.encode(), digest_size=20).hexdigest()
