"""Sources that this server connects to by itself: network servers, brokers, clouds, by their owners' wish.

Beside the kinds of `core.sources`, which only say where readings came from, these have settings,
credentials, and are worked while they are not paused. Credentials are kept encrypted; who makes and
opens them hands in a `Vault`, whose key is outside the store.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, NotFound, StoreCorrupt
from ownclimate.core.ids import OwnerId, new_id
from ownclimate.core.numbering import take_numbers
from ownclimate.core.partitions import SOURCES, SYNC, owner_partition
from ownclimate.core.ports import ABSENT, MAX_CHANGES, Delete, Directory, Ports, Put
from ownclimate.core.sites import checked_name
from ownclimate.core.things import Source
from ownclimate.core.writes import Actor, Deed, commit, edit, write_surely

THINGS_STACK: Final = "things-stack"
CHIRPSTACK: Final = "chirpstack"
MQTT: Final = "mqtt"
NETATMO: Final = "netatmo"
MCLIMATE: Final = "mclimate"
SMARTBUILDINGS: Final = "smartbuildings"
CLOUDS: Final = (NETATMO, MCLIMATE, SMARTBUILDINGS)
"""Of vendors: they are asked, again and again, and not listened to."""
KINDS: Final = (THINGS_STACK, CHIRPSTACK, MQTT, *CLOUDS)


class Vault(Protocol):
    """Encrypts under a key that the store does not hold; `context` binds a text to what it belongs to."""

    def encrypt(self, plain: bytes, context: str) -> bytes: ...

    def decrypt(self, sealed: bytes, context: str) -> bytes:
        """Raises StoreCorrupt when it was sealed under another key or for another thing."""
        ...


async def link_source(
    ports: Ports,
    vault: Vault,
    owner_id: OwnerId,
    actor: Actor,
    *,
    kind: str,
    name: str,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    source_id: str = "",
) -> Source:
    """A new source, worked from now on. `settings` must have been checked by who understands the kind.

    A `source_id` makes it the only one under that id. Raises Conflict when it is there already.
    """
    (number,) = await take_numbers(ports, 1)
    made = Source(
        id=source_id or new_id(ports.clock, ports.entropy),
        number=number,
        kind=kind,
        name=checked_name(name),
        settings=dict(settings),
        created_ms=ports.clock.now_ms(),
    )
    source = dataclasses.replace(made, sealed=_seal(vault, made.id, secrets))
    put = Put(table=SOURCES, key=source.id, body=to_body(source), expect=ABSENT)
    deed = Deed(actor=actor, verb="create", kind="source", object_id=source.id)
    await commit(ports, owner_id, [put], deed)
    return source


async def offer_source(
    ports: Ports,
    vault: Vault,
    owner_id: OwnerId,
    actor: Actor,
    source_id: str,
    *,
    kind: str,
    name: str,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
) -> Source | None:
    """The source under the id, made or brought up to date with what a sender offers; written only when
    something is new. None when its owner removed it: then it does not come back unasked."""
    found = await find_any_source(ports.directory, owner_id, source_id)
    if found is None:
        try:
            return await link_source(
                ports,
                vault,
                owner_id,
                actor,
                kind=kind,
                name=name,
                settings=settings,
                secrets=secrets,
                source_id=source_id,
            )
        except Conflict:
            # Another message of the same sender made it a moment ago.
            found = await get_source(ports.directory, owner_id, source_id)
    if found.deleted_ms:
        return None
    if found.settings == dict(settings) and _holds(found, vault, secrets):
        return found
    sealed = _seal(vault, source_id, secrets)
    deed = Deed(actor=actor, verb="change", kind="source", object_id=source_id)

    def change(source: Source) -> Source:
        return dataclasses.replace(source, settings=dict(settings), sealed=sealed)

    return await edit(ports, owner_id, SOURCES, Source, change, deed)


async def list_linked(directory: Directory, owner_id: OwnerId) -> list[Source]:
    """The owner's connected sources, oldest first; paused ones too, removed ones not."""
    documents = await directory.scan(owner_partition(owner_id), SOURCES)
    sources = [from_body(Source, document.body) for document in documents]
    found = [source for source in sources if source.kind in KINDS and not source.deleted_ms]
    return sorted(found, key=lambda source: (source.created_ms, source.id))


async def find_linked(directory: Directory, owner_id: OwnerId, source_id: str) -> Source | None:
    """None for a source that is removed, or of a kind that is not connected."""
    source = await find_any_source(directory, owner_id, source_id) if source_id else None
    return None if source is None or source.deleted_ms or source.kind not in KINDS else source


async def find_any_source(directory: Directory, owner_id: OwnerId, source_id: str) -> Source | None:
    """Removed ones too."""
    found = await directory.find(owner_partition(owner_id), SOURCES, source_id)
    return None if found is None else from_body(Source, found.body)


async def get_source(directory: Directory, owner_id: OwnerId, source_id: str) -> Source:
    """Removed ones too."""
    found = await find_any_source(directory, owner_id, source_id)
    if found is None:
        raise NotFound("source", source_id)
    return found


async def pause_source(
    ports: Ports, owner_id: OwnerId, actor: Actor, source_id: str, *, is_paused: bool
) -> Source:
    """Paused, it is not worked; what its server keeps for us waits there. Raises NotFound."""
    if await find_linked(ports.directory, owner_id, source_id) is None:
        raise NotFound("source", source_id)
    verb = "pause" if is_paused else "resume"
    return await edit(
        ports,
        owner_id,
        SOURCES,
        Source,
        lambda source: dataclasses.replace(source, is_paused=is_paused),
        Deed(actor=actor, verb=verb, kind="source", object_id=source_id),
    )


async def change_source(
    ports: Ports,
    vault: Vault,
    owner_id: OwnerId,
    actor: Actor,
    source_id: str,
    *,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Source:
    """Only what is given changes; `secrets` replace all that it had. `settings` must have been checked.

    A source that is being worked is then worked as it is now. Raises NotFound.
    """
    if await find_linked(ports.directory, owner_id, source_id) is None:
        raise NotFound("source", source_id)
    sealed = None if secrets is None else _seal(vault, source_id, secrets)

    def change(source: Source) -> Source:
        return dataclasses.replace(
            source,
            name=source.name if name is None else checked_name(name),
            settings=source.settings if settings is None else dict(settings),
            sealed=source.sealed if sealed is None else sealed,
        )

    deed = Deed(actor=actor, verb="change", kind="source", object_id=source_id)
    return await edit(ports, owner_id, SOURCES, Source, change, deed)


async def remove_source(ports: Ports, owner_id: OwnerId, actor: Actor, source_id: str) -> None:
    """Forgets its credentials, the payloads that came through it and how far it had got; its readings
    stay. Raises NotFound.

    A removal that was cut short can be repeated. How far it had got goes last, so that of a cloud's it is
    seen (`list_unfinished`).
    """
    found = await get_source(ports.directory, owner_id, source_id)
    if found.kind not in KINDS:
        raise NotFound("source", source_id)
    now_ms = ports.clock.now_ms()
    await edit(
        ports,
        owner_id,
        SOURCES,
        Source,
        lambda source: dataclasses.replace(
            source, deleted_ms=source.deleted_ms or now_ms, sealed=b"", settings={}
        ),
        Deed(actor=actor, verb="remove", kind="source", object_id=source_id),
    )
    await ports.raw.delete(owner_id, source=source_id)
    await forget_progress(ports, owner_id, source_id)


async def list_unfinished(directory: Directory, owner_id: OwnerId) -> list[Source]:
    """Removed sources of which something is still remembered: the removal was cut short, or who worked the
    source wrote something down afterwards."""
    partition = owner_partition(owner_id)
    sources = [from_body(Source, document.body) for document in await directory.scan(partition, SOURCES)]
    return [
        source
        for source in sources
        if source.deleted_ms
        and await directory.scan(partition, SYNC, start=f"{source.id}/", end=f"{source.id}0", limit=1)
    ]


async def forget_progress(ports: Ports, owner_id: OwnerId, source_id: str) -> None:
    """Removes what was remembered of the cloud that the source collects from, tokens among it."""
    partition = owner_partition(owner_id)
    start, end = f"{source_id}/", f"{source_id}0"  # 0 follows / in every order of texts.
    while rows := await ports.directory.scan(partition, SYNC, start=start, end=end, limit=MAX_CHANGES):
        await write_surely(ports, partition, [Delete(table=SYNC, key=row.key) for row in rows], of="sync")


def open_secrets(source: Source, vault: Vault) -> dict[str, str]:
    """Its credentials by name. Raises StoreCorrupt under another key than they were sealed with."""
    if not source.sealed:
        return {}
    opened: dict[str, str] = json.loads(vault.decrypt(source.sealed, _context(source.id)))
    return opened


def _holds(source: Source, vault: Vault, secrets: Mapping[str, str]) -> bool:
    try:
        return open_secrets(source, vault) == dict(secrets)
    except StoreCorrupt:
        return False  # Sealed under a key that was lost: what is offered now takes its place.


def _seal(vault: Vault, source_id: str, secrets: Mapping[str, str]) -> bytes:
    plain = json.dumps(dict(secrets), sort_keys=True).encode()
    return vault.encrypt(plain, _context(source_id)) if secrets else b""


def _context(source_id: str) -> str:
    return f"source {source_id}"
