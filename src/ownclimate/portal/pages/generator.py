"""The token generator: tokens for one's own app without a redirect."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from ownclimate.core.errors import InvalidInput, NotFound
from ownclimate.core.members import ROLE_PERMISSIONS
from ownclimate.oauth.clients import Client, find_client
from ownclimate.oauth.dialects import Scope
from ownclimate.oauth.own_tokens import generate_tokens
from ownclimate.oauth.vocabulary import GrantType
from ownclimate.portal.pages.clients import DEVELOPERS, ScopeChoice
from ownclimate.portal.routes import Route
from ownclimate.portal.visits import Answer, Page, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """`access_token` and `refresh_token` are set once, right after they were made."""

    template: ClassVar[str] = "generator.html"
    title: str = "Token generator"
    client_id: str
    client_name: str
    scopes: tuple[ScopeChoice, ...]
    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_in_s: int = 0
    problem: str = ""


async def show_generator(visit: Visit) -> Answer:
    return Page(view=_view(visit, await _generating(visit)))


async def generate(visit: Visit) -> Answer:
    client = await _generating(visit)
    names = {scope.name for scope in _open_scopes(visit, client)}
    try:
        issued = await generate_tokens(
            visit.services.authorization,
            visit.actor,
            client,
            account_id=visit.account.id,
            owner_id=visit.owner_id,
            scopes=[scope for scope in visit.form.texts("scope") if scope in names],
            issuer=visit.base_url,
        )
    except InvalidInput:
        view = replace(_view(visit, client), problem="Tick at least one scope.")
        return Page(view=view, status=422)
    view = replace(
        _view(visit, client),
        access_token=issued.access_token,
        refresh_token=issued.refresh_token or "",
        expires_in_s=issued.expires_in_s,
    )
    return Page(view=view)


async def _generating(visit: Visit) -> Client:
    """The client in the path, if this account registered it. Raises NotFound."""
    server = visit.services.authorization
    client = await find_client(server, visit.ids["client"])
    if (
        client is None
        or client.account_id != visit.account.id
        or client.owner_id != visit.owner_id
        or not client.may_use(GrantType.REFRESH_TOKEN, server.dialect_of(client))
    ):
        raise NotFound("client", visit.ids["client"])
    return client


def _open_scopes(visit: Visit, client: Client) -> tuple[Scope, ...]:
    dialect = visit.services.authorization.dialect_of(client)
    allowed = ROLE_PERMISSIONS[visit.household.role]
    return tuple(scope for scope in client.allowed_scopes(dialect) if scope.permissions <= allowed)


def _view(visit: Visit, client: Client) -> Generator:
    defaults = visit.services.authorization.dialect_of(client).default_scopes
    ticked = visit.form.texts("scope") if visit.method == "POST" else defaults
    return Generator(
        client_id=client.id,
        client_name=client.name,
        scopes=tuple(
            ScopeChoice(name=scope.name, words=scope.words, is_ticked=ticked is None or scope.name in ticked)
            for scope in _open_scopes(visit, client)
        ),
    )


ROUTES = (Route(path="/clients/{client}/tokens", show=show_generator, submit=generate, roles=DEVELOPERS),)
