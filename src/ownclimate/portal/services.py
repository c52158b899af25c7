"""What pages need from outside themselves, put together by `app.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.things import Source
from ownclimate.oauth.server import AuthorizationServer
from ownclimate.oauth.sessions import Lifetime
from ownclimate.oauth.throttle import SignInThrottle, Throttle
from ownclimate.oauth.usage import Usage
from ownclimate.sync.kinds import CloudKind
from ownclimate.sync.quota import Use
from ownclimate.web.client_use import ClientUses


async def no_uses(owner_id: OwnerId, source: Source) -> Sequence[Use]:
    """Of calls to a cloud, where nobody counts them."""
    return ()


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
    clouds: Mapping[str, CloudKind] = field(default_factory=dict)
    """Those that can be connected, by the kind of their sources."""
    cloud_uses: Callable[[OwnerId, Source], Awaitable[Sequence[Use]]] = no_uses
    """How many of the calls that a cloud allows were made."""
