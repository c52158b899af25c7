"""MClimate's cloud as a source: what the owner hands in, and the collector that is made from it."""

from __future__ import annotations

import dataclasses
from typing import Final

from ownclimate.core.linking import MCLIMATE
from ownclimate.core.writes import BY_CLOUD
from ownclimate.links.http import Cloud
from ownclimate.sync.collector import Collector
from ownclimate.sync.kinds import CloudKind, Credential, Opening
from ownclimate.sync.settings import CLIENT_SECRET, PASSWORD, USER_NAME
from ownclimate.sync.tokens import TokenShelf
from ownclimate.vendors.mclimate.collector import BASE_URL, USER_LIMITS, MClimateCollector
from ownclimate.vendors.mclimate.collector_activity import Activity
from ownclimate.vendors.mclimate.collector_calls import Calls
from ownclimate.vendors.mclimate.collector_http import Patience
from ownclimate.vendors.mclimate.collector_ledger import Ledger
from ownclimate.vendors.mclimate.collector_lists import Lists
from ownclimate.vendors.mclimate.collector_orderly import Orderly
from ownclimate.vendors.mclimate.collector_places import Places
from ownclimate.vendors.mclimate.collector_routines import Routines
from ownclimate.vendors.mclimate.collector_things import Things
from ownclimate.vendors.mclimate.collector_tokens import Credentials, TokenKeeper

VERSION: Final = "/v1"


def _open(opening: Opening) -> Collector:
    ports, owner_id, source = opening.ports, opening.owner_id, opening.source
    # The vendor's documents give the address with the version that our paths begin with.
    base_url = opening.base_url.removesuffix(VERSION)
    cloud, patience = Cloud(base_url), Patience()
    credentials = Credentials(
        client_id=opening.settings.client_id,
        client_secret=opening.secrets[CLIENT_SECRET],
        user_name=opening.secrets[USER_NAME],
        password=opening.secrets[PASSWORD],
    )
    tokens = TokenKeeper(
        cloud=cloud,
        shelf=TokenShelf(
            memory=opening.book,
            vault=opening.vault,
            context=f"tokens of source {source.id}",
            credentials=dataclasses.astuple(credentials),
        ),
        clock=ports.clock,
        credentials=credentials,
        patience=patience,
    )
    places = Places(ports=ports, owner_id=owner_id, source=source, actor=BY_CLOUD, base_url=base_url)
    calls = Calls(
        ports=ports, owner_id=owner_id, source=source, cloud=cloud, tokens=tokens, patience=patience
    )
    things = Things(ports=ports, owner_id=owner_id, source=source, actor=BY_CLOUD, places=places)
    ledger = Ledger(memory=opening.book, things=things)
    activity = Activity(ports=ports, owner_id=owner_id, base_url=base_url)
    routines = Routines(
        ports=ports, owner_id=owner_id, actor=BY_CLOUD, memory=opening.book, source_id=source.id
    )
    return MClimateCollector(
        calls=calls,
        ledger=ledger,
        lists=Lists(calls=calls, things=things, ledger=ledger),
        orderly=Orderly(calls=calls, ledger=ledger, activity=activity, routines=routines),
        since_ms=opening.settings.since_ms,
        user_limits=opening.limits,
    )


CLOUD: Final = CloudKind(
    kind=MCLIMATE,
    title="MClimate",
    base_url=BASE_URL,
    app_hint="Make a client at developers.seemelissa.com, under your e-mail address at the top.",
    credentials=(
        Credential(name=CLIENT_SECRET, label="Client secret"),
        Credential(name=USER_NAME, label="E-mail address", is_hidden=False),
        Credential(name=PASSWORD, label="Password"),
    ),
    limits=USER_LIMITS,
    open=_open,
)
