"""Clients: a developer's apps, from creating one to deleting it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from ownclimate.core.errors import InvalidInput, NotFound
from ownclimate.core.things import Role
from ownclimate.oauth.clients import (
    Client,
    ClientForm,
    ask_for_scope,
    create_client,
    edit_client,
    find_client,
    list_clients,
    rotate_secret,
    switch_client,
)
from ownclimate.oauth.dialects import Scope, TokenDialect
from ownclimate.oauth.grants import revoke_grants_of_client
from ownclimate.oauth.usage import Usage
from ownclimate.oauth.vocabulary import GrantType
from ownclimate.portal.forms import Form
from ownclimate.portal.routes import Route
from ownclimate.portal.visits import Answer, Page, Redirect, Visit
from ownclimate.web.client_use import ClientUse

DEVELOPERS = (Role.OWNER, Role.MEMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    id: str
    name: str
    dialect: str
    created_ms: int
    asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    template: ClassVar[str] = "clients.html"
    title: str = "Clients"
    clients: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DialectChoice:
    name: str
    title: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClient:
    """The first step. Scopes are typed here, since which there are depends on the dialect chosen on the
    same page; the client's own page lists them with their meaning."""

    template: ClassVar[str] = "client_new.html"
    title: str = "New client"
    dialects: tuple[DialectChoice, ...]
    form: ClientForm
    redirect_uris: str
    problem: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeChoice:
    name: str
    words: str
    is_ticked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvable:
    """`state` is `open` (may be asked for), `asked` or `approved`."""

    name: str
    words: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowClient:
    """`secret` is set once, right after it was made."""

    template: ClassVar[str] = "client.html"
    title: str
    client: Client
    dialect: str
    secret: str = field(repr=False)
    is_first_secret: bool
    secret_overlap_s: int
    ending_ms: int
    """Until when the previous secret works as well; 0 when there is none."""
    addresses: tuple[Address, ...]
    form: ClientForm
    redirect_uris: str
    scopes: tuple[ScopeChoice, ...]
    approvable: tuple[Approvable, ...]
    knows_redirects: bool
    knows_passwords: bool
    has_generator: bool
    use: ClientUse
    usage: Usage
    """Of the last 30 days."""
    problem: str = ""
    field: str = ""


MEANINGS = {
    "standard": "OAuth 2 as it is written; for new apps.",
    "mclimate": "For apps and libraries made for MClimate.",
    "netatmo": "For apps and libraries made for Netatmo Connect.",
    "smartbuildings": "For server-side programs made for ecobee SmartBuildings.",
}


async def show_clients(visit: Visit) -> Answer:
    clients = await list_clients(visit.ports.directory, visit.owner_id)
    server = visit.services.authorization
    rows = tuple(
        Row(
            id=client.id,
            name=client.name,
            dialect=server.dialect_of(client).title,
            created_ms=client.created_ms,
            asked=len(client.asked),
        )
        for client in clients
        if not client.deleted_ms
    )
    return Page(view=Clients(clients=rows))


async def show_new(visit: Visit) -> Answer:
    form = ClientForm(name="", dialect="standard")
    return Page(view=_new_view(visit, form, ""))


async def create(visit: Visit) -> Answer:
    form = replace(_form_of(visit.form), scopes=tuple(visit.form.text("scopes").split()))
    account = replace(visit.account, owner_id=visit.owner_id)
    server = visit.services.authorization
    try:
        client, secret = await create_client(server, visit.actor, account, form)
    except InvalidInput as error:
        uris = visit.form.verbatim("redirect_uris")
        view = replace(_new_view(visit, form, uris), problem=_sentence(error), field=_field(error))
        return Page(view=view, status=422)
    return Page(view=await _client_view(visit, client, secret=secret or "", is_first_secret=True))


async def show_client(visit: Visit) -> Answer:
    return Page(view=await _client_view(visit, await _own_client(visit)))


async def edit(visit: Visit) -> Answer:
    client = await _own_client(visit)
    form = replace(_form_of(visit.form), dialect=client.dialect, is_public=client.is_public)
    try:
        form = replace(form, scopes=_chosen_scopes(form, visit.services.authorization.dialect_of(client)))
        await edit_client(visit.services.authorization, visit.actor, client.id, form)
    except InvalidInput as error:
        view = await _client_view(visit, client)
        view = replace(
            view,
            form=form,
            redirect_uris=visit.form.verbatim("redirect_uris"),
            problem=_sentence(error),
            field=_field(error),
        )
        return Page(view=view, status=422)
    return Redirect(to=f"/clients/{client.id}", done="saved")


async def rotate(visit: Visit) -> Answer:
    client = await _own_client(visit)
    server = visit.services.authorization
    secret = await rotate_secret(server, visit.actor, client.id)
    return Page(view=await _client_view(visit, await _own_client(visit), secret=secret))


async def switch_on(visit: Visit) -> Answer:
    return await _switched(visit, is_on=True)


async def switch_off(visit: Visit) -> Answer:
    return await _switched(visit, is_on=False)


async def _switched(visit: Visit, *, is_on: bool) -> Answer:
    client = await _own_client(visit)
    await switch_client(visit.services.authorization, visit.actor, client.id, is_on=is_on)
    return Redirect(to=f"/clients/{client.id}", done="switched-on" if is_on else "switched-off")


async def ask(visit: Visit) -> Answer:
    client = await _own_client(visit)
    server = visit.services.authorization
    form = visit.form
    try:
        await ask_for_scope(server, visit.actor, client.id, form.text("scope"), form.text("reason"))
    except InvalidInput as error:
        view = replace(await _client_view(visit, client), problem=_sentence(error), field=_field(error))
        return Page(view=view, status=422)
    return Redirect(to=f"/clients/{client.id}", done="asked")


async def delete(visit: Visit) -> Answer:
    client = await _own_client(visit)
    if visit.form.text("name") != client.name:
        view = replace(
            await _client_view(visit, client), problem="Type the client's name to delete it.", field="confirm"
        )
        return Page(view=view, status=422)
    await revoke_grants_of_client(visit.services.authorization, visit.actor, client.id)
    return Redirect(to="/clients", done="deleted")


async def _own_client(visit: Visit) -> Client:
    """The client in the path, if the household owns it. Raises NotFound."""
    client = await find_client(visit.services.authorization, visit.ids["client"])
    if client is None or client.is_built_in or client.owner_id != visit.owner_id:
        raise NotFound("client", visit.ids["client"])
    return client


def _new_view(visit: Visit, form: ClientForm, redirect_uris: str) -> NewClient:
    dialects = visit.services.authorization.dialects.values()
    return NewClient(
        dialects=tuple(
            DialectChoice(name=d.name, title=d.title, meaning=MEANINGS.get(d.name, "")) for d in dialects
        ),
        form=form,
        redirect_uris=redirect_uris,
    )


async def _client_view(
    visit: Visit, client: Client, *, secret: str = "", is_first_secret: bool = False
) -> ShowClient:
    server = visit.services.authorization
    dialect = server.dialect_of(client)
    form = ClientForm(
        name=client.name,
        dialect=client.dialect,
        description=client.description,
        support_url=client.support_url,
        redirect_uris=client.redirect_uris,
        default_redirect_uri=client.default_redirect_uri,
        scopes=client.scopes,
        is_public=client.is_public,
        may_use_passwords=client.may_use_passwords,
    )
    ending = [s.expires_ms for s in client.secrets if s.expires_ms > visit.now_ms]
    return ShowClient(
        title=client.name,
        client=client,
        dialect=dialect.title,
        secret=secret,
        is_first_secret=is_first_secret,
        secret_overlap_s=server.secret_overlap_s,
        ending_ms=max(ending, default=0),
        addresses=_addresses(visit, dialect),
        form=form,
        redirect_uris="\n".join(client.redirect_uris),
        scopes=tuple(
            ScopeChoice(
                name=scope.name,
                words=scope.words,
                is_ticked=not client.scopes or scope.name in client.scopes,
            )
            for scope in dialect.scopes.values()
            if not scope.needs_approval
        ),
        approvable=tuple(
            _approvable(scope, client) for scope in dialect.scopes.values() if scope.needs_approval
        ),
        knows_redirects=GrantType.AUTHORIZATION_CODE in dialect.grant_types,
        knows_passwords=GrantType.PASSWORD in dialect.grant_types,
        has_generator=client.account_id == visit.account.id
        and client.may_use(GrantType.REFRESH_TOKEN, dialect),
        use=visit.services.client_uses.of(client.id),
        usage=await visit.services.daily_usage(client.id),
    )


def _addresses(visit: Visit, dialect: TokenDialect) -> tuple[Address, ...]:
    """What a developer has to enter into a library."""
    base = visit.base_url
    token_paths = [door.path for door in dialect.doors] or ["/oauth2/token"]
    found = []
    if GrantType.AUTHORIZATION_CODE in dialect.grant_types:
        found.append(Address(name="Authorize", url=f"{base}/oauth2/authorize"))
    found += [Address(name="Token", url=f"{base}{path}") for path in token_paths]
    return tuple(found)


def _approvable(scope: Scope, client: Client) -> Approvable:
    state = "approved" if scope.name in client.approved else "asked" if scope.name in client.asked else "open"
    return Approvable(name=scope.name, words=scope.words, state=state)


def _form_of(form: Form) -> ClientForm:
    """What was filled in; a default that is no longer among the redirect URIs is none."""
    redirect_uris, default = form.lines("redirect_uris"), form.text("default_redirect_uri")
    return ClientForm(
        name=form.text("name"),
        dialect=form.text("dialect"),
        description=form.text("description"),
        support_url=form.text("support_url"),
        redirect_uris=redirect_uris,
        default_redirect_uri=default if default in redirect_uris else "",
        scopes=form.texts("scope"),
        is_public="is_public" in form,
        may_use_passwords="may_use_passwords" in form,
    )


def _chosen_scopes(form: ClientForm, dialect: TokenDialect) -> tuple[str, ...]:
    """None for all, as it is stored. Raises InvalidInput when nothing is ticked."""
    open_to_all = [scope.name for scope in dialect.scopes.values() if not scope.needs_approval]
    if open_to_all and not form.scopes:
        raise InvalidInput("scope", "tick at least one")
    return () if set(open_to_all) <= set(form.scopes) else form.scopes


def _field(error: InvalidInput) -> str:
    return {"redirect_uri": "redirect_uris", "scope": "scopes"}.get(error.field, error.field)


def _sentence(error: InvalidInput) -> str:
    name = error.field.replace("_", " ").replace("uri", "URI")
    return f"{name[:1].upper()}{name[1:]}: {error.reason}."


ROUTES = (
    Route(path="/clients", show=show_clients, submit=create, roles=DEVELOPERS),
    Route(path="/clients/new", show=show_new, roles=DEVELOPERS),
    Route(path="/clients/{client}", show=show_client, submit=edit, roles=DEVELOPERS),
    Route(path="/clients/{client}/rotate", submit=rotate, roles=DEVELOPERS),
    Route(path="/clients/{client}/on", submit=switch_on, roles=DEVELOPERS),
    Route(path="/clients/{client}/off", submit=switch_off, roles=DEVELOPERS),
    Route(path="/clients/{client}/ask", submit=ask, roles=DEVELOPERS),
    Route(path="/clients/{client}/delete", submit=delete, roles=DEVELOPERS),
)
