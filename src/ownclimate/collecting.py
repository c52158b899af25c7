"""The clouds that can be collected from: here the engine and the vendors' collectors meet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from ownclimate.core.errors import AppError, InvalidInput
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import Vault, open_secrets
from ownclimate.core.ports import Ports
from ownclimate.core.things import Source
from ownclimate.links.source_link import OpenLink
from ownclimate.sync.book import Book
from ownclimate.sync.engine import Engine
from ownclimate.sync.kinds import CloudKind, Opening
from ownclimate.sync.link import CloudLink
from ownclimate.sync.quota import Quota, Use
from ownclimate.sync.settings import cloud_settings
from ownclimate.vendors.mclimate.collecting import CLOUD as MCLIMATE_CLOUD
from ownclimate.vendors.netatmo.collecting import CLOUD as NETATMO_CLOUD
from ownclimate.vendors.smartbuildings.collecting import CLOUD as SMARTBUILDINGS_CLOUD

Sleep = Callable[[float], Awaitable[None]]

CLOUD_KINDS: Final[Mapping[str, CloudKind]] = {
    cloud.kind: cloud for cloud in (NETATMO_CLOUD, MCLIMATE_CLOUD, SMARTBUILDINGS_CLOUD)
}
"""By the kind of their sources."""


def open_engine(
    ports: Ports,
    vault: Vault,
    owner_id: OwnerId,
    source: Source,
    secrets: Mapping[str, str],
    sleep: Sleep = asyncio.sleep,
) -> Engine:
    """The engine of a source of a cloud. Raises InvalidInput for one that has no credentials."""
    cloud = CLOUD_KINDS[source.kind]
    if any(need.name not in secrets for need in cloud.credentials if not need.is_optional):
        raise InvalidInput("source", "has no credentials: connect its account again")
    settings = cloud_settings(source.settings)
    book = Book(ports, owner_id, source.id)
    collector = cloud.open(
        Opening(
            ports=ports,
            vault=vault,
            owner_id=owner_id,
            source=source,
            settings=settings,
            secrets=secrets,
            book=book,
            base_url=settings.base_url or cloud.base_url,
            limits=settings.limits or cloud.limits,
        )
    )
    return Engine(
        book=book,
        collector=collector,
        quota=Quota(ports, collector.meters),
        sleep=sleep,
    )


async def uses_of(ports: Ports, vault: Vault, owner_id: OwnerId, source: Source) -> Sequence[Use]:
    """How many of the calls that its cloud allows were made, window by window; nothing for a source that
    cannot be opened as it is. Makes no call."""
    try:
        engine = open_engine(ports, vault, owner_id, source, open_secrets(source, vault))
    except AppError:
        return ()
    try:
        return await engine.quota.uses()
    finally:
        await engine.collector.close()


def cloud_openers(ports: Ports, vault: Vault, sleep: Sleep = asyncio.sleep) -> Mapping[str, OpenLink]:
    """By kind what opens a source of it, for a supervisor that works it beside network servers."""

    def open_cloud(owner_id: OwnerId, source: Source, secrets: Mapping[str, str]) -> CloudLink:
        engine = open_engine(ports, vault, owner_id, source, secrets, sleep)
        return CloudLink(engine, relays=cloud_settings(source.settings).relays)

    return dict.fromkeys(CLOUD_KINDS, open_cloud)
