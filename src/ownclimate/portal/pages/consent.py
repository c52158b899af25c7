"""The page on which a person gives an app access, or does not (RFC 6749 §4.1, every dialect).

The request itself travels through the form as it came and is validated again when the form comes back:
nothing of it is kept here in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from ownclimate.core.access import Permission
from ownclimate.core.accounts import load_account
from ownclimate.core.ids import SiteId
from ownclimate.core.members import ROLE_PERMISSIONS, list_households, load_owner
from ownclimate.core.sites import list_sites
from ownclimate.core.things import Role, Site
from ownclimate.oauth.authorize import AuthorizationRequest, approve, deny, given_before, validate
from ownclimate.oauth.clients import Client
from ownclimate.oauth.dialects import Rotation, Scope, TokenDialect
from ownclimate.oauth.errors import OAuthError, RedirectedError
from ownclimate.oauth.grants import Grant
from ownclimate.portal.local_paths import local_path
from ownclimate.portal.pages.trouble import Trouble
from ownclimate.portal.routes import Need, Route
from ownclimate.portal.security import form_target
from ownclimate.portal.visits import Answer, Page, Redirect, Visit
from ownclimate.portal.words import span_text

AUTHORIZE = "/oauth2/authorize"
CONSENT = "/oauth2/consent"
MAX_QUERY_PAIRS = 100

REFUSALS = {
    "invalid_client": "No app is registered here under the id it gave. It may have been deleted, or the "
    "address is not complete.",
    "redirect_uri_mismatch": "The app asked to be answered at an address that its developer did not "
    "register. You were not sent there.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedScope:
    name: str
    words: str
    is_optional: bool
    is_ticked: bool
    is_new: bool
    """Was not given to this app before, though others were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSite:
    id: str
    name: str
    is_ticked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """`request` is the query as it came. `destination` is where the browser goes next: a host, or the
    whole address when the app named one that nobody registered."""

    template: ClassVar[str] = "consent.html"
    title: str
    app: str
    publisher: str
    description: str
    support_url: str
    request: str
    owner_id: str
    email: str
    household: str
    other_households: tuple[tuple[str, str], ...]
    here: str
    scopes: tuple[AskedScope, ...]
    sites: tuple[AskedSite, ...]
    asks_for_sites: bool
    destination: str
    is_destination_unregistered: bool
    duration: str
    had_before: bool
    refusal: str = ""
    """Why this person cannot allow it in this household."""
    problem: str = ""


async def show_consent(visit: Visit) -> Answer:
    try:
        request = await _validated(visit, visit.query_text)
    except RedirectedError as error:
        return Redirect(to=error.location, status=302)
    except OAuthError as error:
        return _refused(error)
    account = visit.account
    before = await given_before(visit.services.authorization, request, visit.owner_id, account.id)
    if before is not None and request.covered_by(before) and not _refusal(visit, request):
        location = await approve(
            visit.services.authorization,
            request,
            owner_id=visit.owner_id,
            account_id=account.id,
            adds=True,
            actor=visit.actor,
        )
        return Redirect(to=location, status=302)
    return await _page(visit, request, before)


async def bring_to_query(visit: Visit) -> Answer:
    """A request that came as a form is taken as if it had come in the address."""
    return Redirect(to=f"{AUTHORIZE}?{urlencode(visit.form.pairs())}")


async def decide(visit: Visit) -> Answer:
    text = visit.form.verbatim("request")
    try:
        request = await _validated(visit, text)
    except RedirectedError as error:
        return Redirect(to=error.location, status=302)
    except OAuthError as error:
        return _refused(error)
    if visit.form.text("decision") != "allow":
        return Redirect(to=deny(request), status=302)
    if visit.form.text("owner") != visit.owner_id:
        return Redirect(to=local_path(f"{AUTHORIZE}?{text}"))
    server = visit.services.authorization
    before = await given_before(server, request, visit.owner_id, visit.account.id)
    known = await list_sites(visit.ports.directory, visit.owner_id)
    sites = [site.id for site in known if site.id in visit.form.texts("site")]
    scopes = _ticked(visit, request)
    problem = _refusal(visit, request)
    if not any(scope.name in scopes and not scope.is_level for scope in request.scopes):
        problem = "Leave at least one thing ticked, or do not allow it."
    elif _asks_for_sites(request) and known and not sites:
        problem = "Leave at least one site ticked, or do not allow it."
    if problem:
        return await _page(visit, request, before, problem=problem)
    chosen: list[SiteId] | None = sites if len(sites) < len(known) else None
    location = await approve(
        server,
        request,
        owner_id=visit.owner_id,
        account_id=visit.account.id,
        scopes=scopes,
        sites=chosen if _asks_for_sites(request) else None,
        actor=visit.actor,
    )
    return Redirect(to=location, status=302)


async def targets_of(visit: Visit, path: str) -> tuple[str, ...]:
    """Where a form that goes on to this local path may lead in the end: an app, if the path asks for
    consent that was given before."""
    parts = urlsplit(path)
    if parts.path != AUTHORIZE:
        return ()
    try:
        request = await _validated(visit, parts.query)
    except RedirectedError as error:
        return (form_target(error.location),)
    except OAuthError:
        return ()
    return (form_target(request.redirect_uri),)


async def _validated(visit: Visit, query: str) -> AuthorizationRequest:
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_QUERY_PAIRS)
    return await validate(visit.services.authorization, pairs, issuer=visit.base_url)


async def _page(
    visit: Visit, request: AuthorizationRequest, before: Grant | None, *, problem: str = ""
) -> Page:
    client, account = request.client, visit.account
    sites = sorted(await list_sites(visit.ports.directory, visit.owner_id), key=lambda site: site.number)
    households = await list_households(visit.ports.directory, account)
    query = visit.form.verbatim("request") or visit.query_text
    destination = request.redirect_uri
    view = Consent(
        title=f"{client.name} asks for access",
        app=client.name,
        publisher=await _publisher(visit, client),
        description=client.description,
        support_url=client.support_url,
        request=query,
        owner_id=visit.owner_id,
        email=account.email,
        household=visit.household.owner.name,
        other_households=tuple(
            (str(h.owner.id), h.owner.name) for h in households if h.owner.id != visit.owner_id
        ),
        here=f"{AUTHORIZE}?{query}",
        scopes=_asked_scopes(visit, request, before),
        sites=_asked_sites(visit, sites, before),
        asks_for_sites=_asks_for_sites(request),
        destination=destination if request.names_own_redirect else _host_of(destination),
        is_destination_unregistered=request.names_own_redirect,
        duration=_duration(request.dialect),
        had_before=before is not None,
        refusal=_refusal(visit, request),
        problem=problem,
    )
    return Page(view=view, status=422 if problem else 200, form_targets=(form_target(destination),))


def _refused(error: OAuthError) -> Page:
    text = REFUSALS.get(error.error, f"{error.description or error.error}.")
    view = Trouble(title="This app cannot be connected", text=text, code=error.error)
    return Page(view=view, status=400)


def _may_give(visit: Visit, scope: Scope) -> bool:
    return scope.permissions <= ROLE_PERMISSIONS[visit.household.role]


def _refusal(visit: Visit, request: AuthorizationRequest) -> str:
    household = visit.household
    if household.role is Role.GUEST:
        return f"As a guest of {household.owner.name} you cannot connect apps to it."
    if any(not scope.is_optional and not _may_give(visit, scope) for scope in request.scopes):
        return f"Only an owner of {household.owner.name} can give all that this app asks for."
    return ""


def _ticked(visit: Visit, request: AuthorizationRequest) -> list[str]:
    wanted = visit.form.texts("scope")
    return [
        scope.name
        for scope in request.scopes
        if not scope.is_optional or (scope.name in wanted and _may_give(visit, scope))
    ]


def _asked_scopes(
    visit: Visit, request: AuthorizationRequest, before: Grant | None
) -> tuple[AskedScope, ...]:
    is_repeated = visit.method == "POST"
    return tuple(
        AskedScope(
            name=scope.name,
            words=scope.words,
            is_optional=scope.is_optional,
            is_ticked=not is_repeated or scope.name in visit.form.texts("scope"),
            is_new=before is not None and scope.name not in before.scopes,
        )
        for scope in request.scopes
        if not scope.is_level and (not scope.is_optional or _may_give(visit, scope))
    )


def _asked_sites(visit: Visit, sites: list[Site], before: Grant | None) -> tuple[AskedSite, ...]:
    """Ticked as the person left them: on this page, else when they last decided, else all."""
    chosen: set[str] | None = None
    if visit.method == "POST":
        chosen = set(visit.form.texts("site"))
    elif before is not None and before.sites is not None:
        chosen = set(before.sites)
    return tuple(
        AskedSite(id=site.id, name=site.name, is_ticked=chosen is None or site.id in chosen) for site in sites
    )


def _asks_for_sites(request: AuthorizationRequest) -> bool:
    """Whether anything asked for is about sites at all."""
    about_sites = {Permission.SITE_READ, Permission.DEVICE_READ, Permission.DEVICE_CONTROL}
    return any(scope.permissions & about_sites for scope in request.scopes)


async def _publisher(visit: Visit, client: Client) -> str:
    """Who answers for the app: the account that registered it."""
    if client.is_built_in:
        return "built into this server"
    owner = await load_owner(visit.ports.directory, client.owner_id)
    account = await load_account(visit.ports.directory, client.account_id)
    email = account.email if account is not None else "an account that is gone"
    return email if owner is None or owner.name == email else f"{owner.name} ({email})"


def _host_of(uri: str) -> str:
    parts = urlsplit(uri)
    return parts.netloc or f"an app on this device ({parts.scheme}:)"


def _duration(dialect: TokenDialect) -> str:
    refresh_s = dialect.lifetimes.refresh_s
    if not refresh_s:
        return "until you disconnect it"
    if dialect.rotation is Rotation.KEEPS:
        return f"for {span_text(refresh_s)}, or until you disconnect it"
    return f"until you disconnect it, or it is not used for {span_text(refresh_s)}"


ROUTES = (
    Route(path=AUTHORIZE, show=show_consent, submit=bring_to_query, need=Need.NOBODY, is_open=True),
    Route(path=CONSENT, submit=decide),
)
