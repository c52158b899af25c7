"""What a door needs to know of a device key, or a link of its source.

Keys are made and checked elsewhere; the check is handed in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from ownclimate.core.access import Access, Permission
from ownclimate.core.ids import AccountId, OwnerId
from ownclimate.core.ports import Directory
from ownclimate.core.readings import OriginKind, OriginNumber, origin_number
from ownclimate.core.writes import Actor

NOBODY: Final = AccountId("")
"""A source acts by itself, whoever connected it."""


class HookKey(Protocol):
    """A device key that holds: whose it is, and the source it makes of whoever carries it."""

    @property
    def id(self) -> str: ...
    @property
    def owner_id(self) -> OwnerId: ...
    @property
    def account_id(self) -> AccountId: ...
    @property
    def source_number(self) -> int: ...
    @property
    def origin(self) -> OriginKind: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKey:
    """A connected source in the place of a key: what comes through it is brought by nobody else."""

    id: str
    owner_id: OwnerId
    source_number: int
    account_id: AccountId = NOBODY
    origin: OriginKind = OriginKind.DEVICE


CheckHook = Callable[[Directory, str], Awaitable[HookKey]]
"""The key of a credential text. Raises Unauthenticated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookAccess(Access):
    """What a request with a device key may do: bring readings under that key's name, and nothing else."""

    key: HookKey


def hook_authenticator(directory: Directory, check: CheckHook) -> Callable[[str], Awaitable[Access]]:
    """The authenticator of the doors' dialect. It asks the store each time: a revoked key is dead at once."""

    async def authenticate(text: str) -> Access:
        key = await check(directory, text)
        return HookAccess(
            owner_id=key.owner_id,
            account_id=key.account_id,
            client_id=key.id,
            permissions=_INGEST_ONLY,
            via="hook",
            key=key,
        )

    return authenticate


def key_origin(key: HookKey) -> OriginNumber:
    return origin_number(key.source_number, key.origin)


def key_actor(key: HookKey) -> Actor:
    via = "source" if isinstance(key, SourceKey) else "hook"
    return Actor(account_id=key.account_id, client_id=key.id, via=via)


_INGEST_ONLY = frozenset({Permission.INGEST})
