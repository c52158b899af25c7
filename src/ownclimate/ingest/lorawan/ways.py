"""The way back: through which connected source a device that was heard at a door can be answered.

A door only takes in. Its owner may have connected the same network server as a source, or the network
server offers with what it sends an address and a key for answers; that offer becomes a source.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from ownclimate.core.errors import InvalidInput
from ownclimate.core.linking import CHIRPSTACK, THINGS_STACK, Vault, list_linked, offer_source
from ownclimate.core.ports import Ports
from ownclimate.ingest.keys import HookKey, key_actor

Way = Callable[[str], Awaitable[str]]
"""The id of the source that answers devices of the application; empty when there is none."""

_PUSH: Final = re.compile(
    r"(?P<base>https?://[^/?#@\s]+)/api/v3/as/applications/(?P<application>[a-z0-9-]{1,100})"
    r"/webhooks/(?P<webhook>[a-z0-9-]{1,100})/devices/[a-z0-9-]{1,100}/down/push"
)
"""Source: The Things Stack, "Webhooks", scheduling downlinks."""
MOST_KEY_CHARS: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """How a network server says it can be answered."""

    source_id: str
    kind: str
    name: str
    settings: Mapping[str, Any]
    api_key: str


def through(source_id: str) -> Way:
    """Always that source: what came through it goes back through it."""

    async def way(application: str) -> str:
        return source_id

    return way


def way_of(ports: Ports, vault: Vault | None, key: HookKey, kind: str, offer: Offer | None) -> Way:
    """By the offer when there is one, else by a source of the kind that the key's owner connected."""

    async def way(application: str) -> str:
        if offer is not None and vault is not None:
            source = await offer_source(
                ports,
                vault,
                key.owner_id,
                key_actor(key),
                offer.source_id,
                kind=offer.kind,
                name=offer.name,
                settings=offer.settings,
                secrets={"api_key": offer.api_key},
            )
            if source is not None:
                return source.id
        for source in await list_linked(ports.directory, key.owner_id):
            if source.kind == kind and source.settings.get("application", "") in ("", application):
                return source.id
        return ""

    return way


def webhook_offer(push_url: str, api_key: str) -> Offer | None:
    """From the headers `X-Downlink-Push` and `X-Downlink-Apikey`, where a webhook has both.

    Raises InvalidInput for an address that is none of The Things Stack's.
    """
    if not push_url or not api_key:
        return None
    match = _PUSH.fullmatch(push_url)
    if match is None or len(api_key) > MOST_KEY_CHARS:
        raise InvalidInput(
            "X-Downlink-Push", "expected the address that The Things Stack gives for downlinks"
        )
    application, webhook = match["application"], match["webhook"]
    base_url = match["base"]
    return Offer(
        source_id=f"{THINGS_STACK}.{urlsplit(base_url).netloc.lower()}.{application}.{webhook}",
        kind=THINGS_STACK,
        name=f"webhook {webhook} of {application}",
        settings={"base_url": base_url, "application": application, "webhook": webhook},
        api_key=api_key,
    )


def chirpstack_offer(url: str, api_key: str) -> Offer | None:
    """From the headers `url` and `token`, where an integration has both. Raises InvalidInput."""
    if not url or not api_key:
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    is_address = parts.scheme in ("http", "https") and parts.hostname and parts.username is None
    if not is_address or len(api_key) > MOST_KEY_CHARS:
        raise InvalidInput("url", "expected the address of ChirpStack's REST API, such as http://host:8090")
    host = parts.netloc.lower()
    return Offer(
        source_id=f"{CHIRPSTACK}.{host}",
        kind=CHIRPSTACK,
        name=f"ChirpStack at {host}",
        settings={"base_url": f"{parts.scheme}://{host}{parts.path.rstrip('/')}"},
        api_key=api_key,
    )
