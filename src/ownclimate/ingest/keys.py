"""What a door needs to know of a device key. Keys are made and checked elsewhere; the check is handed in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from ownclimate.core.ids import AccountId, OwnerId
from ownclimate.core.ports import Directory
from ownclimate.core.readings import OriginKind, OriginNumber, origin_number
from ownclimate.core.writes import Actor


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


CheckHook = Callable[[Directory, str], Awaitable[HookKey]]
"""The key of a credential text. Raises Unauthenticated."""


def key_origin(key: HookKey) -> OriginNumber:
    return origin_number(key.source_number, key.origin)


def key_actor(key: HookKey) -> Actor:
    return Actor(account_id=key.account_id, client_id=key.id, via="hook")
