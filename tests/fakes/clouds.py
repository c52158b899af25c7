"""A cloud that pages and commands can speak of without a vendor behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from ownclimate.core.errors import AppError
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import Vault, link_source
from ownclimate.core.ports import Ports
from ownclimate.core.things import Source
from ownclimate.sync.collector import Collector
from ownclimate.sync.kinds import CloudKind, Credential, Opening
from ownclimate.sync.quota import Allowance
from ownclimate.sync.settings import CLIENT_SECRET, REFRESH_TOKEN, checked_cloud
from tests.fakes.households import ACTOR

KIND = "netatmo"


@dataclass
class TwinFlow:
    """Signing in there gives a token made of the code; what was redeemed is noted."""

    redeemed: list[tuple[str, ...]] = field(default_factory=list)
    fault: AppError | None = None

    def address(self, base_url: str, client_id: str, redirect_uri: str, state: str) -> str:
        query = {"client_id": client_id, "redirect_uri": redirect_uri, "state": state}
        return f"{base_url}/authorize?{urlencode(query)}"

    async def redeem(
        self, base_url: str, client_id: str, client_secret: str, redirect_uri: str, code: str
    ) -> Mapping[str, str]:
        self.redeemed.append((base_url, client_id, client_secret, redirect_uri, code))
        if self.fault is not None:
            raise self.fault
        return {REFRESH_TOKEN: f"token for {code}"}


def _never(opening: Opening) -> Collector:
    raise AssertionError("no page and no command here works a cloud")


def twin_cloud(flow: TwinFlow | None) -> CloudKind:
    return CloudKind(
        kind=KIND,
        title="Twin",
        base_url="https://twin.example",
        app_hint="Make an app at twin.example.",
        credentials=(
            Credential(name=CLIENT_SECRET, label="Client secret"),
            Credential(name=REFRESH_TOKEN, label="Refresh token", is_optional=flow is not None),
        ),
        limits=(Allowance(calls=50, span_ms=10_000),),
        open=_never,
        code_flow=flow,
    )


async def linked_cloud(ports: Ports, vault: Vault, owner_id: OwnerId, name: str = "Twin") -> Source:
    return await link_source(
        ports,
        vault,
        owner_id,
        ACTOR,
        kind=KIND,
        name=name,
        settings=checked_cloud(client_id="my-app"),
        secrets={CLIENT_SECRET: "app secret", REFRESH_TOKEN: "first token"},
    )
