"""The portal of this installation: settings, throttles and the authorization server, joined."""

from __future__ import annotations

from functools import partial

from ownclimate.collecting import CLOUD_KINDS, uses_of
from ownclimate.config import Settings
from ownclimate.core.ports import Ports
from ownclimate.oauth.endpoints import TOKEN_DOOR
from ownclimate.oauth.server import AuthorizationServer
from ownclimate.oauth.sessions import Lifetime
from ownclimate.oauth.throttle import Allowance, SignInThrottle, Throttle
from ownclimate.oauth.usage import DailyUsage
from ownclimate.portal.frame import Portal
from ownclimate.portal.pages import OUTSIDE_ROOT, ROUTES
from ownclimate.portal.services import Services
from ownclimate.web.asgi import ASGIApp
from ownclimate.web.client_use import ClientUses

DAY_MS = 24 * 3_600_000


def sign_in_throttle(ports: Ports, settings: Settings) -> SignInThrottle:
    """One for the pages and the password grant together."""
    return SignInThrottle.over(
        ports.clock,
        Allowance.in_every(60, settings.sign_in_per_account),
        Allowance.in_every(120, settings.sign_in_per_address),
    )


def count_clients(ports: Ports, authorization: AuthorizationServer) -> tuple[ClientUses, DailyUsage]:
    """What clients do, for their developers' pages; both have to be told of every request."""
    doors = [door for dialect in authorization.dialects.values() for door in dialect.doors]
    token_routes = {door.path for door in (TOKEN_DOOR, *doors)}
    return ClientUses(ports.clock, token_routes), DailyUsage(ports, token_routes)


def portal_mounts(
    ports: Ports,
    settings: Settings,
    authorization: AuthorizationServer,
    sign_ins: SignInThrottle,
    client_uses: ClientUses,
    daily_usage: DailyUsage,
) -> dict[str, ASGIApp]:
    """The pages, at the root and where they stand below somebody else's prefix."""
    services = Services(
        ports=ports,
        authorization=authorization,
        sign_ins=sign_ins,
        registrations=Throttle(ports.clock, Allowance.in_every(3600, settings.registrations_per_address)),
        lifetime=Lifetime(
            idle_ms=settings.session_idle_days * DAY_MS, longest_ms=settings.session_days * DAY_MS
        ),
        public_url=settings.public_url.rstrip("/"),
        is_registration_open=settings.registration_open,
        client_uses=client_uses,
        daily_usage=daily_usage.of,
        clouds=CLOUD_KINDS,
        cloud_uses=partial(uses_of, ports, authorization.cipher),
    )
    return dict.fromkeys(("", *OUTSIDE_ROOT), Portal(services, ROUTES))
