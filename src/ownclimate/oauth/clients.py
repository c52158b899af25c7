"""Clients: the apps that ask for tokens, and what their developers do with them.

A client lives in a partition of its own, named by its id, beside the list of grants it was given; the
owner's partition has a link to it. The client is written before its link and marked deleted before
anything else is removed, so a crash leaves nothing usable that nobody can see.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, InvalidInput, NotFound
from ownclimate.core.ids import AccountId, OwnerId
from ownclimate.core.partitions import owner_partition
from ownclimate.core.ports import ABSENT, Delete, Directory, Ports, Put
from ownclimate.core.sites import checked_name
from ownclimate.core.things import Account
from ownclimate.core.writes import EDIT_ATTEMPTS, Actor, Deed, commit, write_surely
from ownclimate.oauth.dialects import BuiltInClient, Scope, TokenDialect, expanded
from ownclimate.oauth.digests import digest_of, is_among
from ownclimate.oauth.redirects import checked_redirect_uri, checked_web_address
from ownclimate.oauth.vocabulary import GrantType

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer

TABLE = "client"
USAGE = "usage"
"""In the client's partition: what it did, day by day."""
LINKS = "client_link"
"""In the owner's partition: which clients are its."""
KIND = "client"
MAX_REDIRECT_URIS = 20
MAX_TEXT = 2000
ID_ATTEMPTS = 5
NO_OWNER = OwnerId("")
NOBODY = AccountId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A client secret's hash; `expires_ms` 0 while it is the current one."""

    digest: str = field(repr=False)
    created_ms: int
    expires_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An app, registered by `account_id` for `owner_id` (both empty for built-in ones).

    `scopes` are those it may ask for, empty all that its dialect gives without approval; `approved` are
    those an administrator gave it on top, `asked` those it waits for, with the reason. `is_public` apps
    cannot keep a secret and have none. `may_use_passwords` switches the password grant on: for the
    account that registered it only, unless it is built in. While `is_switched_off` it gets no token, and
    those it has do not work.
    """

    id: str
    dialect: str
    name: str
    owner_id: OwnerId = NO_OWNER
    account_id: AccountId = NOBODY
    description: str = ""
    support_url: str = ""
    redirect_uris: tuple[str, ...] = ()
    default_redirect_uri: str = ""
    scopes: tuple[str, ...] = ()
    approved: tuple[str, ...] = ()
    asked: dict[str, str] = field(default_factory=dict)
    is_public: bool = False
    may_use_passwords: bool = False
    is_built_in: bool = False
    is_switched_off: bool = False
    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    sealed_secret: bytes = field(default=b"", repr=False)
    created_ms: int = 0
    deleted_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)

    def is_secret(self, text: str, now_ms: int) -> bool:
        """Whether the text is its secret, or one that a rotation has not ended yet."""
        return is_among(text, [s.digest for s in self.secrets if not s.expires_ms or s.expires_ms > now_ms])

    def may_use(self, grant_type: GrantType, dialect: TokenDialect) -> bool:
        """Whether this way of getting a token is open to it."""
        if grant_type not in dialect.grant_types:
            return False
        if grant_type is GrantType.PASSWORD:
            return self.may_use_passwords
        if grant_type is GrantType.CLIENT_CREDENTIALS:
            return not self.is_public and not self.is_built_in
        return grant_type is GrantType.REFRESH_TOKEN or not self.is_built_in

    def allowed_scopes(self, dialect: TokenDialect) -> tuple[Scope, ...]:
        """Every scope it may be given, in the dialect's order."""
        registered = expanded(dialect.scopes, self.scopes)
        return tuple(
            scope
            for scope in dialect.scopes.values()
            if (
                scope.name in self.approved
                if scope.needs_approval
                else not registered or scope.name in registered
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientForm:
    """What a developer fills in."""

    name: str
    dialect: str
    description: str = ""
    support_url: str = ""
    redirect_uris: tuple[str, ...] = ()
    default_redirect_uri: str = ""
    scopes: tuple[str, ...] = ()
    is_public: bool = False
    may_use_passwords: bool = False


async def create_client(
    server: AuthorizationServer, actor: Actor, account: Account, form: ClientForm
) -> tuple[Client, str | None]:
    """A new client and its secret, which cannot be had again; None for a public one.

    Raises InvalidInput naming the field that is wrong.
    """
    ports = server.ports
    dialect = _checked_dialect(server, form.dialect)
    now_ms = ports.clock.now_ms()
    secret = None if form.is_public else dialect.new_client_secret(ports.entropy)
    filled = _filled(
        Client(
            id="",
            dialect=dialect.name,
            name="",
            owner_id=account.owner_id,
            account_id=account.id,
            is_public=form.is_public,
            created_ms=now_ms,
        ),
        form,
        dialect,
    )
    for attempt in range(ID_ATTEMPTS):
        client = dataclasses.replace(filled, id=dialect.new_client_id(ports.entropy))
        if secret is not None:
            client = _with_secret(server, client, secret, now_ms)
        put = Put(table=TABLE, key=client.id, body=to_body(client), expect=ABSENT)
        try:
            await write_surely(ports, client_partition(client.id), [put], of="client")
            break
        except Conflict:
            if attempt == ID_ATTEMPTS - 1:
                raise
    link = Put(table=LINKS, key=client.id, body={"created_ms": now_ms}, expect=ABSENT)
    await commit(ports, account.owner_id, [link], _deed(actor, "create", client.id))
    return client, secret


async def find_client(server: AuthorizationServer, client_id: str) -> Client | None:
    """The client, None when there is none or it was deleted."""
    if client_id in server.built_in:
        return server.built_in[client_id]
    if not is_client_id(client_id):
        return None
    document = await server.ports.directory.find(client_partition(client_id), TABLE, client_id)
    client = None if document is None else from_body(Client, document.body)
    return None if client is None or client.deleted_ms else client


async def get_client(server: AuthorizationServer, client_id: str) -> Client:
    client = await find_client(server, client_id)
    if client is None:
        raise NotFound(KIND, client_id)
    return client


async def list_clients(directory: Directory, owner_id: OwnerId) -> list[Client]:
    """The owner's clients, oldest first; one whose deletion was interrupted is still among them."""
    links = await directory.scan(owner_partition(owner_id), LINKS)
    links.sort(key=lambda link: link.body["created_ms"])
    found = [await directory.find(client_partition(link.key), TABLE, link.key) for link in links]
    return [from_body(Client, document.body) for document in found if document is not None]


async def list_all_clients(directory: Directory) -> list[Client]:
    return [
        client
        for owner_id in await list_owner_ids(directory)
        for client in await list_clients(directory, owner_id)
    ]


async def edit_client(server: AuthorizationServer, actor: Actor, client_id: str, form: ClientForm) -> Client:
    """Changes what the developer filled in; dialect and publicity stay. Raises InvalidInput, NotFound.

    What people granted before stays granted: scopes taken away can only no longer be asked for.
    """

    def change(client: Client) -> Client:
        return _filled(client, form, server.dialect_of(client))

    return await _edit(server, client_id, change, _deed(actor, "update", client_id))


async def rotate_secret(server: AuthorizationServer, actor: Actor, client_id: str) -> str:
    """A new secret, shown once; the one before stays good for the server's overlap, older ones end.

    Raises Conflict for a client that has none.
    """
    client = await get_client(server, client_id)
    if client.is_public or client.is_built_in:
        raise Conflict(KIND, client_id, f"the client {client_id} has no secret of its own")
    ports = server.ports
    secret = server.dialect_of(client).new_client_secret(ports.entropy)
    now_ms = ports.clock.now_ms()
    ends_ms = now_ms + server.secret_overlap_s * 1000

    def change(client: Client) -> Client:
        ending = tuple(
            dataclasses.replace(old, expires_ms=ends_ms) for old in client.secrets if not old.expires_ms
        )
        return _with_secret(server, dataclasses.replace(client, secrets=ending), secret, now_ms)

    await _edit(server, client_id, change, _deed(actor, "rotate_secret", client_id))
    return secret


async def switch_client(server: AuthorizationServer, actor: Actor, client_id: str, *, is_on: bool) -> Client:
    """Lets the client and its tokens work, or no longer; what was granted stays. Raises NotFound."""

    def change(client: Client) -> Client:
        return dataclasses.replace(client, is_switched_off=not is_on)

    verb = "switch_on" if is_on else "switch_off"
    return await _edit(server, client_id, change, _deed(actor, verb, client_id))


async def ask_for_scope(
    server: AuthorizationServer, actor: Actor, client_id: str, scope: str, reason: str
) -> Client:
    """The developer asks for a scope that an administrator must approve."""
    _check_approvable(server.dialect_of(await get_client(server, client_id)), scope)
    reason = _checked_text("reason", reason)
    if not reason:
        raise InvalidInput("reason", "say what the app needs it for")

    def change(client: Client) -> Client:
        return dataclasses.replace(client, asked={**client.asked, scope: reason})

    return await _edit(server, client_id, change, _deed(actor, "ask_for_scope", client_id, scope=scope))


async def approve_scopes(
    server: AuthorizationServer, actor: Actor, client_id: str, scopes: Sequence[str]
) -> Client:
    """An administrator gives a client scopes that need approval, whether it asked or not."""
    dialect = server.dialect_of(await get_client(server, client_id))
    for scope in scopes:
        _check_approvable(dialect, scope)

    def change(client: Client) -> Client:
        asked = {scope: reason for scope, reason in client.asked.items() if scope not in scopes}
        return dataclasses.replace(
            client, approved=tuple(dict.fromkeys([*client.approved, *scopes])), asked=asked
        )

    deed = _deed(actor, "approve_scopes", client_id, scopes=list(scopes))
    return await _edit(server, client_id, change, deed)


async def refuse_scope(server: AuthorizationServer, actor: Actor, client_id: str, scope: str) -> Client:
    """An administrator refuses what was asked for, or takes back what was given."""

    def change(client: Client) -> Client:
        asked = {name: reason for name, reason in client.asked.items() if name != scope}
        approved = tuple(name for name in client.approved if name != scope)
        return dataclasses.replace(client, asked=asked, approved=approved)

    return await _edit(server, client_id, change, _deed(actor, "refuse_scope", client_id, scope=scope))


def opened_secret(server: AuthorizationServer, client: Client) -> str:
    """The current secret of a client whose dialect signs with it. Raises NotFound for others."""
    if not client.sealed_secret:
        raise NotFound("client secret", client.id)
    return server.cipher.decrypt(client.sealed_secret, f"client {client.id}").decode()


async def is_switched_off(directory: Directory, client_id: str) -> bool:
    """Straight from its row: this is asked in every request."""
    document = await directory.find(client_partition(client_id), TABLE, client_id)
    return document is not None and bool(document.body.get("is_switched_off"))


def built_in_client(described: BuiltInClient, dialect: TokenDialect) -> Client:
    return Client(
        id=described.id,
        dialect=dialect.name,
        name=described.name,
        description=described.description,
        may_use_passwords=True,
        is_built_in=True,
        secrets=(Secret(digest=digest_of(described.secret), created_ms=0),),
    )


def client_partition(client_id: str) -> str:
    return f"client:{client_id}"


def is_client_id(text: str) -> bool:
    """Whether a client could have this id: what comes in from outside becomes part of an address."""
    return 0 < len(text) <= 64 and text.isascii() and text.isalnum()


async def mark_deleted(server: AuthorizationServer, actor: Actor, client_id: str) -> Client:
    """From now on it gets no token; what it has already been granted is the caller's to revoke."""
    now_ms = server.ports.clock.now_ms()

    def change(client: Client) -> Client:
        return client if client.deleted_ms else dataclasses.replace(client, deleted_ms=now_ms)

    return await _edit(server, client_id, change, _deed(actor, "delete", client_id))


async def forget_client(ports: Ports, actor: Actor, client: Client) -> None:
    """The last step of a deletion: the client, what is known of its use, and its owner's link to it."""
    partition = client_partition(client.id)
    used = [Delete(table=USAGE, key=day.key) for day in await ports.directory.scan(partition, USAGE)]
    await write_surely(ports, partition, [Delete(table=TABLE, key=client.id), *used], of=KIND)
    unlink = Delete(table=LINKS, key=client.id)
    await commit(ports, client.owner_id, [unlink], _deed(actor, "forget", client.id))


async def _edit(
    server: AuthorizationServer, client_id: str, change: Callable[[Client], Client], deed: Deed
) -> Client:
    """Reads, changes, writes back, audits. Raises NotFound; a deleted client is still found here."""
    ports, partition = server.ports, client_partition(client_id)
    for attempt in range(EDIT_ATTEMPTS):
        found = await ports.directory.find(partition, TABLE, client_id)
        if found is None:
            raise NotFound(KIND, client_id)
        before = from_body(Client, found.body)
        after = change(before)
        if after == before:
            return before
        put = Put(table=TABLE, key=client_id, body=to_body(after), expect=found.version)
        try:
            await write_surely(ports, partition, [put], of=KIND)
        except Conflict:
            if attempt == EDIT_ATTEMPTS - 1:
                raise
            continue
        await commit(ports, after.owner_id, [], deed)
        return after
    raise Conflict(KIND, client_id)


def _filled(client: Client, form: ClientForm, dialect: TokenDialect) -> Client:
    redirect_uris = tuple(dict.fromkeys(checked_redirect_uri(uri) for uri in form.redirect_uris))
    if len(redirect_uris) > MAX_REDIRECT_URIS:
        raise InvalidInput("redirect_uris", f"expected at most {MAX_REDIRECT_URIS}")
    if form.default_redirect_uri and form.default_redirect_uri not in redirect_uris:
        raise InvalidInput("default_redirect_uri", "is not one of the redirect URIs")
    uses_browser = GrantType.AUTHORIZATION_CODE in dialect.grant_types
    if redirect_uris and not uses_browser:
        raise InvalidInput("redirect_uris", f"{dialect.title} knows no redirects")
    if client.is_public and not (uses_browser and redirect_uris):
        raise InvalidInput("redirect_uris", "a public client needs a redirect URI")
    if form.may_use_passwords and GrantType.PASSWORD not in dialect.grant_types:
        raise InvalidInput("may_use_passwords", f"{dialect.title} knows no password grant")
    for scope in form.scopes:
        if scope not in dialect.scopes:
            raise InvalidInput("scope", f"{scope!r} is not one of {' '.join(dialect.scopes)}")
    return dataclasses.replace(
        client,
        name=checked_name(form.name),
        description=_checked_text("description", form.description),
        support_url=checked_web_address("support_url", form.support_url) if form.support_url else "",
        redirect_uris=redirect_uris,
        default_redirect_uri=form.default_redirect_uri,
        scopes=tuple(dict.fromkeys(form.scopes)),
        may_use_passwords=form.may_use_passwords,
    )


def _with_secret(server: AuthorizationServer, client: Client, secret: str, now_ms: int) -> Client:
    sealed = b""
    if server.dialect_of(client).keeps_secrets:
        sealed = server.cipher.encrypt(secret.encode(), f"client {client.id}")
    added = Secret(digest=digest_of(secret), created_ms=now_ms)
    return dataclasses.replace(client, secrets=(*client.secrets, added), sealed_secret=sealed)


def _checked_dialect(server: AuthorizationServer, name: str) -> TokenDialect:
    if name not in server.dialects:
        raise InvalidInput("dialect", f"expected one of {', '.join(sorted(server.dialects))}")
    return server.dialects[name]


def _check_approvable(dialect: TokenDialect, scope: str) -> None:
    if scope not in dialect.scopes or not dialect.scopes[scope].needs_approval:
        approvable = " ".join(s.name for s in dialect.scopes.values() if s.needs_approval) or "none"
        raise InvalidInput("scope", f"{scope!r} needs no approval; those of {dialect.title}: {approvable}")


def _checked_text(name: str, text: str) -> str:
    stripped = text.strip()
    if len(stripped) > MAX_TEXT or any(ord(c) < 32 and c not in "\r\n\t" for c in stripped):
        raise InvalidInput(name, f"expected at most {MAX_TEXT} printable characters")
    return stripped


def _deed(actor: Actor, verb: str, client_id: str, **details: Any) -> Deed:
    return Deed(actor=actor, verb=verb, kind=KIND, object_id=client_id, details=details)
