"""Connecting an account without a token to paste: its owner signs in at Netatmo's and brings a code back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from ownclimate.core.errors import Garbled
from ownclimate.links.http import Cloud
from ownclimate.sync.settings import REFRESH_TOKEN
from ownclimate.vendors.netatmo.collector_tokens import App, ask_for_tokens
from ownclimate.vendors.netatmo.tokens import NETATMO_TOKENS

AUTHORIZE: Final = "/oauth2/authorize"
UNUSED: Final = frozenset({"read_june", "write_june"})
"""Named by the vendor's oldest descriptions alone: one unknown name has all of them refused."""
SCOPES: Final = tuple(
    sorted(
        name for name in NETATMO_TOKENS.scopes if name.startswith(("read_", "write_")) and name not in UNUSED
    )
)
"""Everything that can be read, and what commands need. Videos, which the vendor grants app by app, are
not collected."""


class SignIn:
    """The authorization code flow, as `sync.kinds.CodeFlow` asks for it."""

    def address(self, base_url: str, client_id: str, redirect_uri: str, state: str) -> str:
        query = {
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": " ".join(SCOPES),
            "state": state,
        }
        return f"{base_url.rstrip('/')}{AUTHORIZE}?{urlencode(query)}"

    async def redeem(
        self, base_url: str, client_id: str, client_secret: str, redirect_uri: str, code: str
    ) -> Mapping[str, str]:
        """The refresh token to begin with. Raises Refused for a code that does not hold."""
        cloud = Cloud(base_url)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        try:
            document = await ask_for_tokens(
                cloud, App(client_id=client_id, client_secret=client_secret), form
            )
        finally:
            await cloud.close()
        refresh = document.get("refresh_token")
        if not isinstance(refresh, str) or not refresh:
            raise Garbled("the cloud's answer to a code holds no tokens")
        return {REFRESH_TOKEN: refresh}
