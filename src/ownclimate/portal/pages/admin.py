"""For administrators: the people of this server, and scopes that apps wait for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ownclimate.core.accounts import edit_account, list_accounts, load_account
from ownclimate.core.errors import InvalidInput
from ownclimate.core.ids import AccountId
from ownclimate.core.writes import Deed, commit
from ownclimate.oauth.clients import Client, approve_scopes, list_all_clients, refuse_scope
from ownclimate.portal.routes import Need, Route
from ownclimate.portal.visits import Answer, Page, Redirect, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    id: str
    email: str
    name: str
    created_ms: int
    is_admin: bool
    is_you: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    template: ClassVar[str] = "users.html"
    title: str = "Users"
    users: tuple[User, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    client_id: str
    client: str
    developer: str
    scope: str
    words: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    template: ClassVar[str] = "approvals.html"
    title: str = "Approvals"
    asks: tuple[Ask, ...]
    given: tuple[Ask, ...]


async def show_users(visit: Visit) -> Answer:
    users = tuple(
        User(
            id=account.id,
            email=account.email,
            name=f"{account.first_name} {account.last_name}".strip(),
            created_ms=account.created_ms,
            is_admin=account.is_admin,
            is_you=account.id == visit.account.id,
        )
        for account in await list_accounts(visit.ports.directory)
    )
    return Page(view=Users(users=users))


async def set_admin(visit: Visit) -> Answer:
    account_id = AccountId(visit.ids["account"])
    if account_id == visit.account.id:
        raise InvalidInput("account", "another administrator has to do this, so that one always remains")
    is_admin = visit.form.text("admin") == "yes"
    account = await edit_account(visit.ports, account_id, lambda account: replace(account, is_admin=is_admin))
    verb = "appoint" if is_admin else "dismiss"
    deed = Deed(actor=visit.actor, verb=verb, kind="administrator", object_id=account_id)
    await commit(visit.ports, account.owner_id, [], deed)
    return Redirect(to="/admin/users", done="saved")


async def show_approvals(visit: Visit) -> Answer:
    clients = [c for c in await list_all_clients(visit.ports.directory) if not c.deleted_ms]
    return Page(
        view=Approvals(
            asks=tuple(
                [await _ask(visit, c, scope, reason) for c in clients for scope, reason in c.asked.items()]
            ),
            given=tuple([await _ask(visit, c, scope, "") for c in clients for scope in c.approved]),
        )
    )


async def decide(visit: Visit) -> Answer:
    """Approves what was asked for, or refuses it; refusing also takes back what was given."""
    server, scope = visit.services.authorization, visit.form.text("scope")
    if visit.form.text("decision") == "approve":
        await approve_scopes(server, visit.actor, visit.ids["client"], [scope])
        return Redirect(to="/admin/approvals", done="approved")
    await refuse_scope(server, visit.actor, visit.ids["client"], scope)
    return Redirect(to="/admin/approvals", done="declined")


async def _ask(visit: Visit, client: Client, scope: str, reason: str) -> Ask:
    account = await load_account(visit.ports.directory, client.account_id)
    known = visit.services.authorization.dialect_of(client).scopes.get(scope)
    return Ask(
        client_id=client.id,
        client=client.name,
        developer="" if account is None else account.email,
        scope=scope,
        words="" if known is None else known.words,
        reason=reason,
    )


ROUTES = (
    Route(path="/admin/users", show=show_users, need=Need.ADMIN),
    Route(path="/admin/users/{account:hex24}", submit=set_admin, need=Need.ADMIN),
    Route(path="/admin/approvals", show=show_approvals, need=Need.ADMIN),
    Route(path="/admin/approvals/{client}", submit=decide, need=Need.ADMIN),
)
