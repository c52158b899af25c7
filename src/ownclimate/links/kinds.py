"""The kinds of sources that can be worked, and how each is opened."""

from __future__ import annotations

from collections.abc import Mapping

from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import CHIRPSTACK, MQTT, THINGS_STACK
from ownclimate.core.ports import Ports
from ownclimate.core.things import Source
from ownclimate.ingest.lorawan.codecs import CodecTable
from ownclimate.links.devices.source import opener
from ownclimate.links.network_servers.link import NetworkServerLink
from ownclimate.links.source_link import OpenLink


def openers(ports: Ports, codecs: CodecTable) -> Mapping[str, OpenLink]:
    """By kind what opens a source of it; `codecs` read and make the frames of LoRaWAN devices."""

    def open_server(owner_id: OwnerId, source: Source, secrets: Mapping[str, str]) -> NetworkServerLink:
        return NetworkServerLink(ports, codecs, owner_id, source, secrets)

    return {THINGS_STACK: open_server, CHIRPSTACK: open_server, MQTT: opener(ports)}
