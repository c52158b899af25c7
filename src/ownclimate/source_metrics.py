"""What `/metrics` tells of connected sources, read from what was written down: no process is asked.

Labels are a source's id and kind, never its name or anything of its credentials.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from ownclimate.collecting import CLOUD_KINDS, uses_of
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import CLOUDS, Vault, list_linked
from ownclimate.core.ports import Ports
from ownclimate.core.things import Source
from ownclimate.links.states import find_state
from ownclimate.sync.status import status_of

LABELS: Final = ("source", "kind")
WINDOW: Final = (*LABELS, "of", "seconds")


class _Families:
    def __init__(self) -> None:
        def counter(name: str, help: str) -> CounterMetricFamily:
            return CounterMetricFamily(f"ownclimate_source_{name}", help, labels=LABELS)

        def gauge(name: str, help: str, labels: Sequence[str] = LABELS) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"ownclimate_source_{name}", help, labels=labels)

        self.calls = counter("calls", "Calls made to a cloud since it was connected")
        self.refused = counter("refused_calls", "Calls that a cloud refused for its limits")
        self.relayed = counter("relayed_calls", "Calls that took a command to a cloud")
        self.saved = counter("saved_calls", "Calls not made because there was nothing new the last time")
        self.allowed = gauge("quota_allowed", "Calls that a cloud allows in a window", WINDOW)
        self.used = gauge("quota_used", "Calls made in a window that now ends", WINDOW)
        self.known = gauge("known_ratio", "Known part of the time since the oldest value")
        self.rows = gauge("rows", "Rows of history collected")
        self.gaps = gauge("gap_seconds", "History not collected yet, of all devices together")
        self.success = gauge("last_success_timestamp_seconds", "When a cloud last answered")
        self.connected = gauge("connected", "Whether the connection to a source stands")
        self.message = gauge("last_message_timestamp_seconds", "When a source was last heard")
        self.paused = gauge("paused", "Whether a source is paused")

    def all(self) -> list[Metric]:
        return [family for family in vars(self).values() if isinstance(family, Metric)]


async def sample_sources(ports: Ports, vault: Vault) -> list[Metric]:
    """As the sources of all owners are now."""
    families = _Families()
    for owner_id in await list_owner_ids(ports.directory):
        for source in await list_linked(ports.directory, owner_id):
            families.paused.add_metric([source.id, source.kind], float(source.is_paused))
            await _add_link(families, ports, source)
            if source.kind in CLOUDS:
                await _add_cloud(families, ports, vault, owner_id, source)
    return families.all()


async def _add_link(families: _Families, ports: Ports, source: Source) -> None:
    saved = await find_state(ports.directory, source.id)
    if saved is None:
        return
    labels = [source.id, source.kind]
    families.connected.add_metric(labels, float(bool(saved.link.connected_since_ms and not source.is_paused)))
    families.message.add_metric(labels, saved.link.last_message_ms / 1000)


async def _add_cloud(
    families: _Families, ports: Ports, vault: Vault, owner_id: OwnerId, source: Source
) -> None:
    found = await status_of(ports.directory, owner_id, source, ports.clock.now_ms())
    labels, live = [source.id, source.kind], found.live
    families.calls.add_metric(labels, live.calls)
    families.refused.add_metric(labels, live.refused)
    families.relayed.add_metric(labels, live.relayed)
    families.saved.add_metric(labels, live.saved)
    if CLOUD_KINDS[source.kind].keeps_history:
        families.known.add_metric(labels, found.known_part)
        families.rows.add_metric(labels, found.rows)
        families.gaps.add_metric(labels, found.missing_ms / 1000)
    families.success.add_metric(labels, live.last_success_ms / 1000)
    for use in await uses_of(ports, vault, owner_id, source):
        window = [*labels, use.meter, f"{use.span_ms / 1000:g}"]
        families.allowed.add_metric(window, use.allowed)
        families.used.add_metric(window, use.calls)
