"""The clouds that can be collected from: here the engine and the vendors' collectors meet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from ownclimate.core.errors import InvalidInput
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import NETATMO, Vault
from ownclimate.core.ports import Ports
from ownclimate.core.things import Source
from ownclimate.links.backoff import Backoff
from ownclimate.links.source_link import OpenLink
from ownclimate.sync.book import Book
from ownclimate.sync.collector import Collector
from ownclimate.sync.engine import OUTAGE_FIRST_S, OUTAGE_LONGEST_S, Engine
from ownclimate.sync.link import CloudLink
from ownclimate.sync.quota import Quota
from ownclimate.sync.settings import CLIENT_SECRET, REFRESH_TOKEN, cloud_settings
from ownclimate.vendors.netatmo.collector import BASE_URL, USER_LIMITS, NetatmoCollector
from ownclimate.vendors.netatmo.collector_http import Cloud
from ownclimate.vendors.netatmo.collector_tokens import App, TokenChain

Sleep = Callable[[float], Awaitable[None]]


def open_engine(
    ports: Ports,
    vault: Vault,
    owner_id: OwnerId,
    source: Source,
    secrets: Mapping[str, str],
    sleep: Sleep = asyncio.sleep,
) -> Engine:
    """The engine of a source of a cloud. Raises InvalidInput for one that has no credentials."""
    if CLIENT_SECRET not in secrets or REFRESH_TOKEN not in secrets:
        raise InvalidInput("source", "has no credentials: remove it and add it again")
    book = Book(ports, owner_id, source.id)
    collector = _netatmo(ports, vault, owner_id, source, secrets, book)
    return Engine(
        book=book,
        collector=collector,
        quota=Quota(ports, collector.meters),
        backoff=Backoff(ports.entropy, OUTAGE_FIRST_S, OUTAGE_LONGEST_S),
        sleep=sleep,
    )


def cloud_openers(ports: Ports, vault: Vault, sleep: Sleep = asyncio.sleep) -> Mapping[str, OpenLink]:
    """By kind what opens a source of it, for a supervisor that works it beside network servers."""

    def open_cloud(owner_id: OwnerId, source: Source, secrets: Mapping[str, str]) -> CloudLink:
        return CloudLink(open_engine(ports, vault, owner_id, source, secrets, sleep))

    return {NETATMO: open_cloud}


def _netatmo(
    ports: Ports, vault: Vault, owner_id: OwnerId, source: Source, secrets: Mapping[str, str], book: Book
) -> Collector:
    settings = cloud_settings(source.settings)
    cloud = Cloud(settings.base_url or BASE_URL)
    tokens = TokenChain(
        cloud=cloud,
        memory=book,
        vault=vault,
        clock=ports.clock,
        app=App(client_id=settings.client_id, client_secret=secrets[CLIENT_SECRET]),
        first=secrets[REFRESH_TOKEN],
        context=f"tokens of source {source.id}",
    )
    return NetatmoCollector(
        ports=ports,
        owner_id=owner_id,
        source=source,
        cloud=cloud,
        tokens=tokens,
        memory=book,
        since_ms=settings.since_ms,
        user_limits=settings.limits or USER_LIMITS,
    )
