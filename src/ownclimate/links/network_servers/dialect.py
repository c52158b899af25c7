"""What differs between network servers, for the link that works any of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ownclimate.core.ports import Ports
from ownclimate.ingest.keys import HookKey
from ownclimate.ingest.lorawan.codecs import CodecTable
from ownclimate.links.api import Api


@dataclass(frozen=True, slots=True, kw_only=True)
class Downlink:
    """A frame on its way. `address` is what the server's own messages said of the device
    (`ingest.lorawan.uplinks.Uplink.address`)."""

    command_id: str
    dev_eui: str
    address: Mapping[str, str]
    payload: bytes
    port: int
    is_confirmed: bool


_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")


def is_plain_id(text: str) -> bool:
    """Whether an id that a message brought may stand in a topic or a path."""
    return _ID.fullmatch(text) is not None


class ServerDialect(Protocol):
    """One kind of network server: its topics, its API, its words."""

    @property
    def subscriptions(self) -> Sequence[str]: ...

    @property
    def broker_user(self) -> str:
        """Who we are at its broker."""
        ...

    def api_headers(self, api_key: str) -> Mapping[str, str]: ...

    async def take(
        self, ports: Ports, key: HookKey, topic: str, payload: bytes, codecs: CodecTable, source_id: str
    ) -> None:
        """Takes in what its broker sent. Raises InvalidInput when it cannot be read."""
        ...

    def publication(self, downlink: Downlink) -> tuple[str, Any]:
        """Topic and JSON body that queue the downlink. Raises InvalidInput when the device has no address."""
        ...

    async def push(self, api: Api, downlink: Downlink) -> Mapping[str, str]:
        """Queues the downlink by the API; returns what is to stand in the receipt. Raises as `Api.call`."""
        ...

    async def find_queued(self, api: Api, downlink: Downlink) -> Sequence[Mapping[str, str]]:
        """Receipts of what waits in the server's queue and is, or by its content may be, the downlink.

        Raises as `Api.call`.
        """
        ...
