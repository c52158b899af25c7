"""Connected apps: what each may do here, when it last did, and ending it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ownclimate.core.accounts import load_account
from ownclimate.core.errors import NotFound
from ownclimate.core.sites import list_sites
from ownclimate.core.things import Role
from ownclimate.oauth.clients import find_client
from ownclimate.oauth.grants import Grant, Way, list_grants, revoke_grant
from ownclimate.portal.routes import Route
from ownclimate.portal.visits import Answer, Page, Redirect, Visit

WAYS = {
    Way.CONSENT: "allowed in the browser",
    Way.PASSWORD: "signed in with e-mail and password",
    Way.CLIENT: "acts for the household that registered it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """`sites` empty: all of them."""

    id: str
    name: str
    description: str
    support_url: str
    by: str
    way: str
    words: tuple[str, ...]
    sites: tuple[str, ...]
    since_ms: int
    used_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Apps:
    template: ClassVar[str] = "apps.html"
    title: str = "Connected apps"
    apps: tuple[App, ...]


async def show_apps(visit: Visit) -> Answer:
    grants = [g for g in await list_grants(visit.ports.directory, visit.owner_id) if _may_see(visit, g)]
    names = {str(site.id): site.name for site in await list_sites(visit.ports.directory, visit.owner_id)}
    return Page(view=Apps(apps=tuple([await _shown(visit, grant, names) for grant in grants])))


async def revoke(visit: Visit) -> Answer:
    grants = await list_grants(visit.ports.directory, visit.owner_id)
    if not any(grant.id == visit.ids["grant"] and _may_see(visit, grant) for grant in grants):
        raise NotFound("grant", visit.ids["grant"])
    await revoke_grant(visit.ports, visit.actor, visit.owner_id, visit.ids["grant"])
    return Redirect(to="/apps", done="disconnected")


def _may_see(visit: Visit, grant: Grant) -> bool:
    """Owners answer for the household, everybody else for what they connected themselves."""
    return visit.household.role is Role.OWNER or grant.account_id == visit.account.id


async def _shown(visit: Visit, grant: Grant, site_names: dict[str, str]) -> App:
    server = visit.services.authorization
    client = await find_client(server, grant.client_id)
    scopes = server.dialects[grant.dialect].scopes
    by = await load_account(visit.ports.directory, grant.account_id) if grant.account_id else None
    return App(
        id=grant.id,
        name=client.name if client else "An app that is gone",
        description=client.description if client else "",
        support_url=client.support_url if client else "",
        by="" if by is None else by.email,
        way=WAYS[grant.way],
        words=tuple(
            scopes[name].words for name in grant.scopes if name in scopes and not scopes[name].is_level
        ),
        sites=()
        if grant.sites is None
        else tuple(site_names.get(site_id, "a site that is gone") for site_id in grant.sites),
        since_ms=grant.created_ms,
        used_ms=grant.last_used_ms,
    )


ROUTES = (
    Route(path="/apps", show=show_apps),
    Route(path="/apps/{grant}/revoke", submit=revoke),
)
