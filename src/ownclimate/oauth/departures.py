"""When somebody goes: what their apps, tokens and sessions could do goes with them.

Credentials go first and so stop working at once, whatever a crash leaves of the rest; every function
here can be repeated and then finishes what was left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ownclimate.core.accounts import forget_account
from ownclimate.core.erasure import erase_owner
from ownclimate.core.errors import NotFound
from ownclimate.core.ids import AccountId, OwnerId
from ownclimate.core.members import ROLE_PERMISSIONS, change_role, find_role, list_households, remove_member
from ownclimate.core.partitions import owner_partition
from ownclimate.core.things import Account, Role
from ownclimate.core.writes import Actor
from ownclimate.oauth import clients
from ownclimate.oauth.grants import grant, revoke_grant, revoke_grants_of_client
from ownclimate.oauth.keys import KeyKind, list_keys, revoke_key
from ownclimate.oauth.sessions import end_all_sessions

if TYPE_CHECKING:
    from ownclimate.oauth.server import AuthorizationServer


async def disconnect(
    server: AuthorizationServer, actor: Actor, owner_id: OwnerId, account_id: AccountId | None = None
) -> None:
    """Revokes every grant, personal token and device key of the household: one account's, or all."""
    directory = server.ports.directory
    # The links rather than the grants: what was half revoked has a link and nothing else.
    for link in await directory.scan(owner_partition(owner_id), grant.LINKS):
        if account_id in (None, link.body["account_id"]):
            await revoke_grant(server.ports, actor, owner_id, link.key)
    for kind in KeyKind:
        for key in await list_keys(directory, owner_id, kind):
            if account_id in (None, key.account_id):
                await revoke_key(server.ports, actor, owner_id, key.id)


async def dismiss_member(
    server: AuthorizationServer, actor: Actor, owner_id: OwnerId, account_id: AccountId
) -> None:
    """Takes a person out of a household, with all they connected to it. Raises NotFound, InvalidInput.

    Their credentials go before and after: what they made in between is caught by the second round.
    """
    if await find_role(server.ports.directory, owner_id, account_id) is None:
        raise NotFound("member", account_id)
    await disconnect(server, actor, owner_id, account_id)
    await remove_member(server.ports, actor, owner_id, account_id)
    await disconnect(server, actor, owner_id, account_id)


async def give_role(
    server: AuthorizationServer, actor: Actor, owner_id: OwnerId, account_id: AccountId, role: Role
) -> None:
    """Changes a person's role. A narrower one also disconnects what they connected under the wider one."""
    before = await find_role(server.ports.directory, owner_id, account_id)
    if before is None:
        raise NotFound("member", account_id)
    await change_role(server.ports, actor, owner_id, account_id, role)
    if not ROLE_PERMISSIONS[before] <= ROLE_PERMISSIONS[role]:
        await disconnect(server, actor, owner_id, account_id)


async def erase_account(server: AuthorizationServer, actor: Actor, account: Account) -> None:
    """Removes the account and the household made with it, with everything that was theirs.

    Order: the household's apps and credentials, its data, the places in other households, the sessions,
    the account. The e-mail is free again in the end.
    """
    ports, owner_id = server.ports, account.owner_id
    for client in await clients.list_clients(ports.directory, owner_id):
        await revoke_grants_of_client(server, actor, client.id)
    await disconnect(server, actor, owner_id)
    for household in await list_households(ports.directory, account):
        if household.owner.id != owner_id:
            await dismiss_member(server, actor, household.owner.id, account.id)
    await erase_owner(ports, owner_id, (clients.LINKS, grant.LINKS))
    await end_all_sessions(ports, account.id)
    await forget_account(ports, account)
