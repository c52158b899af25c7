"""Accounts that are being connected: their owner is at the vendor's, and comes back with a code.

What was typed before is kept until then, the app's secret sealed. It is found by a random `state` that only
the owner's browser was given, opens for the session that began it, once, and within ten minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

import orjson

from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import Vault
from ownclimate.core.partitions import SYNC, owner_partition
from ownclimate.core.ports import ABSENT, Delete, Ports, Put
from ownclimate.core.writes import write_surely

LIFE_MS: Final = 10 * 60_000
_PREFIX: Final = "sign-in/"
_END: Final = "sign-in0"
"""0 follows / in every order of texts."""
_STATE_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """`source_id` empty: a new source comes of it; else that one gets new credentials."""

    session_id: str
    kind: str
    name: str
    settings: dict[str, Any]
    redirect_uri: str
    """Told to the vendor; it compares."""
    source_id: str = ""
    expires_ms: int = 0
    sealed: bytes = field(default=b"", repr=False)
    unknown: dict[str, Any] = field(default_factory=dict)


async def begin_sign_in(
    ports: Ports,
    vault: Vault,
    owner_id: OwnerId,
    *,
    session_id: str,
    kind: str,
    name: str,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    redirect_uri: str,
    source_id: str = "",
) -> str:
    """Remembers what was typed; returns the `state` under which it is found again. What nobody came
    back for is forgotten."""
    await _forget_stale_of(ports, owner_id)
    state = ports.entropy(_STATE_BYTES).hex()
    key = _key(state)
    begun = SignIn(
        session_id=session_id,
        kind=kind,
        name=name,
        settings=dict(settings),
        redirect_uri=redirect_uri,
        source_id=source_id,
        expires_ms=ports.clock.now_ms() + LIFE_MS,
        sealed=vault.encrypt(orjson.dumps(dict(secrets)), key),
    )
    put = Put(table=SYNC, key=key, body=to_body(begun), expect=ABSENT)
    await write_surely(ports, owner_partition(owner_id), [put], of="sign-in")
    return state


async def take_sign_in(
    ports: Ports, vault: Vault, owner_id: OwnerId, session_id: str, state: str
) -> tuple[SignIn, dict[str, str]] | None:
    """What was typed and its secrets, this once; None for a state that is unknown, used, too old, or
    another session's."""
    partition = owner_partition(owner_id)
    found = await ports.directory.find(partition, SYNC, _key(state))
    if found is None:
        return None
    begun = from_body(SignIn, found.body)
    if begun.session_id != session_id:
        return None
    try:
        await write_surely(
            ports, partition, [Delete(table=SYNC, key=found.key, expect=found.version)], of="sign-in"
        )
    except Conflict:
        return None
    if begun.expires_ms <= ports.clock.now_ms():
        return None
    secrets: dict[str, str] = orjson.loads(vault.decrypt(begun.sealed, found.key))
    return begun, secrets


async def forget_stale(ports: Ports) -> None:
    """What nobody came back for in time, of every owner."""
    for owner_id in await list_owner_ids(ports.directory):
        await _forget_stale_of(ports, owner_id)


async def _forget_stale_of(ports: Ports, owner_id: OwnerId) -> None:
    partition, now_ms = owner_partition(owner_id), ports.clock.now_ms()
    for row in await ports.directory.scan(partition, SYNC, start=_PREFIX, end=_END):
        if from_body(SignIn, row.body).expires_ms <= now_ms:
            await write_surely(ports, partition, [Delete(table=SYNC, key=row.key)], of="sign-in")


def _key(state: str) -> str:
    """Of the state only a digest is stored."""
    return _PREFIX + blake2b(state.encode(), digest_size=24).hexdigest()
