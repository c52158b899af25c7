"""SmartBuildings' cloud as a source: what the owner hands in, and the collector that is made from it."""

from __future__ import annotations

from typing import Final

from ownclimate.core.linking import SMARTBUILDINGS
from ownclimate.links.http import Cloud
from ownclimate.sync.collector import Collector
from ownclimate.sync.kinds import CloudKind, Credential, Opening
from ownclimate.sync.settings import CLIENT_SECRET
from ownclimate.sync.tokens import TokenShelf
from ownclimate.vendors.smartbuildings.collector import BASE_URL, SmartBuildingsCollector
from ownclimate.vendors.smartbuildings.collector_calls import Calls
from ownclimate.vendors.smartbuildings.collector_plan import LIMITS
from ownclimate.vendors.smartbuildings.collector_tokens import Client, TokenKeeper


def _open(opening: Opening) -> Collector:
    cloud = Cloud(opening.base_url)
    client = Client(client_id=opening.settings.client_id, client_secret=opening.secrets[CLIENT_SECRET])
    tokens = TokenKeeper(
        cloud=cloud,
        shelf=TokenShelf(
            memory=opening.book,
            vault=opening.vault,
            context=f"tokens of source {opening.source.id}",
            credentials=(client.client_id, client.client_secret),
        ),
        clock=opening.ports.clock,
        client=client,
    )
    return SmartBuildingsCollector(
        ports=opening.ports,
        owner_id=opening.owner_id,
        source=opening.source,
        calls=Calls(
            ports=opening.ports,
            owner_id=opening.owner_id,
            source=opening.source,
            cloud=cloud,
            tokens=tokens,
        ),
        memory=opening.book,
        limits=opening.limits,
    )


CLOUD: Final = CloudKind(
    kind=SMARTBUILDINGS,
    title="ecobee SmartBuildings",
    base_url=BASE_URL,
    app_hint="ecobee sends id and secret of a client by e-mail to the address of a SmartBuildings account.",
    credentials=(Credential(name=CLIENT_SECRET, label="Client secret"),),
    limits=LIMITS,
    open=_open,
    keeps_history=False,
)
