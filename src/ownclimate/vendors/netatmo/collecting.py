"""Netatmo's cloud as a source: what the owner hands in, and the collector that is made from it."""

from __future__ import annotations

from typing import Final

from ownclimate.core.linking import NETATMO
from ownclimate.core.writes import BY_CLOUD
from ownclimate.links.http import Cloud
from ownclimate.sync.collector import Collector
from ownclimate.sync.kinds import CloudKind, Credential, Opening
from ownclimate.sync.settings import CLIENT_SECRET, REFRESH_TOKEN
from ownclimate.sync.tokens import TokenShelf
from ownclimate.vendors.netatmo.collector import BASE_URL, USER_LIMITS, NetatmoCollector
from ownclimate.vendors.netatmo.collector_pictures import PictureQueue, policy_beside
from ownclimate.vendors.netatmo.collector_signin import SignIn
from ownclimate.vendors.netatmo.collector_tokens import App, TokenChain


def _open(opening: Opening) -> Collector:
    cloud = Cloud(opening.base_url)
    first = opening.secrets.get(REFRESH_TOKEN, "")
    tokens = TokenChain(
        cloud=cloud,
        shelf=TokenShelf(
            memory=opening.book,
            vault=opening.vault,
            context=f"tokens of source {opening.source.id}",
            credentials=(first,),
        ),
        clock=opening.ports.clock,
        app=App(client_id=opening.settings.client_id, client_secret=opening.secrets[CLIENT_SECRET]),
        first=first,
    )
    return NetatmoCollector(
        ports=opening.ports,
        owner_id=opening.owner_id,
        source=opening.source,
        cloud=cloud,
        tokens=tokens,
        memory=opening.book,
        pictures=PictureQueue(
            ports=opening.ports,
            owner_id=opening.owner_id,
            actor=BY_CLOUD,
            cloud=cloud,
            memory=opening.book,
            policy=policy_beside(opening.base_url),
        ),
        since_ms=opening.settings.since_ms,
        user_limits=opening.limits,
    )


CLOUD: Final = CloudKind(
    kind=NETATMO,
    title="Netatmo",
    base_url=BASE_URL,
    app_hint="Make an app at dev.netatmo.com; its page can also give a token of your account.",
    credentials=(
        Credential(name=CLIENT_SECRET, label="Client secret"),
        Credential(
            name=REFRESH_TOKEN,
            label="Refresh token",
            hint="Not needed when the account is connected by signing in.",
            is_optional=True,
        ),
    ),
    limits=USER_LIMITS,
    open=_open,
    code_flow=SignIn(),
)
