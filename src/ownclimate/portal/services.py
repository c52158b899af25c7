"""What pages need from outside themselves, put together by `app.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ownclimate.core.ports import Ports
from ownclimate.oauth.server import AuthorizationServer
from ownclimate.oauth.sessions import Lifetime
from ownclimate.oauth.throttle import SignInThrottle, Throttle
from ownclimate.oauth.usage import Usage
from ownclimate.web.client_use import ClientUses


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Ports, throttles and the operator's choices.

    `public_url` is the address under which people reach this server, without a slash at its end; empty:
    what they typed.
    """

    ports: Ports
    authorization: AuthorizationServer
    sign_ins: SignInThrottle
    registrations: Throttle
    """By address."""
    lifetime: Lifetime
    public_url: str
    is_registration_open: bool
    client_uses: ClientUses
    daily_usage: Callable[[str], Awaitable[Usage]]
    """What a client did in the last 30 days, by its id."""
