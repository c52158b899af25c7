"""The pages, one module each: handlers, the typed contexts of their templates, and their routes."""

from __future__ import annotations

from typing import Final

from ownclimate.portal.pages import (
    account,
    activity,
    admin,
    apps,
    clients,
    connecting,
    consent,
    device,
    generator,
    home,
    keys,
    members,
    signing_in,
    sources,
)

ROUTES: Final = (
    *home.ROUTES,
    *device.ROUTES,
    *signing_in.ROUTES,
    *consent.ROUTES,
    *clients.ROUTES,
    *generator.ROUTES,
    *apps.ROUTES,
    *keys.ROUTES,
    *sources.ROUTES,
    *connecting.ROUTES,
    *activity.ROUTES,
    *members.ROUTES,
    *account.ROUTES,
    *admin.ROUTES,
)
"""Everything the portal has."""
OUTSIDE_ROOT: Final = ("/oauth2/authorize", "/oauth2/consent")
"""Paths of the portal below a prefix that belongs to somebody else."""
