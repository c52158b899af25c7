"""What pages need from outside themselves, put together by `app.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ownclimate.core.ports import Ports
from ownclimate.oauth.server import AuthorizationServer
from ownclimate.oauth.sessions import Lifetime
from ownclimate.oauth.throttle import SignInThrottle, Throttle


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentRequest:
    """A request that an app made: its row, not its address."""

    at_ms: int
    route: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientUse:
    """What an app did since this server started: calls, how many failed, tokens it took; the latest
    requests first."""

    calls: int
    errors: int
    tokens: int
    recent: tuple[RecentRequest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Ports, throttles and the operator's choices.

    `base_url` is the address under which people reach this server, without a slash at its end.
    """

    ports: Ports
    authorization: AuthorizationServer
    sign_ins: SignInThrottle
    registrations: Throttle
    """By address."""
    lifetime: Lifetime
    base_url: str
    is_registration_open: bool
    client_use: Callable[[str], ClientUse] | None = None
    """What a client did, by its id; None when nobody counts."""
