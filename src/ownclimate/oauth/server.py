"""What every part of the authorization server is handed: made once, by `app.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from ownclimate.core.ports import Ports
from ownclimate.core.things import Account
from ownclimate.oauth.clients import Client, built_in_client
from ownclimate.oauth.dialects import STANDARD, STANDARD_DIALECT, TokenDialect
from ownclimate.oauth.encryption import Cipher
from ownclimate.oauth.signing import SigningKeys
from ownclimate.oauth.token_limits import TokenLimits

SignIn = Callable[[str, str, str], Awaitable[Account]]
"""The account of an e-mail and password, asked for from an address.

Raises Unauthenticated, the same for both, and RateLimited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationServer:
    """Ports, dialects and what an operator can set. `keys` and `cipher` hold secrets of this server.

    `refresh_grace_s`: how long a replaced refresh token still gets the answer that may have been lost.
    `secret_overlap_s`: how long a rotated client secret stays good beside its successor.
    """

    ports: Ports
    dialects: Mapping[str, TokenDialect]
    built_in: Mapping[str, Client]
    cipher: Cipher
    keys: SigningKeys
    sign_in: SignIn
    limits: TokenLimits
    refresh_grace_s: int = 60
    secret_overlap_s: int = 24 * 3600

    def dialect_of(self, client: Client) -> TokenDialect:
        return self.dialects[client.dialect]

    @property
    def standard(self) -> TokenDialect:
        return self.dialects[STANDARD]


def authorization_server(
    ports: Ports,
    *,
    dialects: Iterable[TokenDialect],
    cipher: Cipher,
    sign_in: SignIn,
    limits: TokenLimits | None = None,
    without_built_in: frozenset[str] = frozenset(),
    refresh_grace_s: int = 60,
    secret_overlap_s: int = 24 * 3600,
    signing_key_days: int = 90,
) -> AuthorizationServer:
    """A server speaking these dialects and the standard one; `without_built_in` names clients left out."""
    known = {dialect.name: dialect for dialect in (STANDARD_DIALECT, *dialects)}
    built_in = {
        described.id: built_in_client(described, dialect)
        for dialect in known.values()
        for described in dialect.built_in
        if described.id not in without_built_in
    }
    return AuthorizationServer(
        ports=ports,
        dialects=known,
        built_in=built_in,
        cipher=cipher,
        keys=SigningKeys(ports, cipher, rotate_days=signing_key_days),
        sign_in=sign_in,
        limits=limits or TokenLimits.none(ports.clock),
        refresh_grace_s=refresh_grace_s,
        secret_overlap_s=secret_overlap_s,
    )
