"""Several people in one household or company: inviting, joining, roles, leaving.

Membership stands in the owner's partition. The account's own list of households is only where to
look: a household counts when its own partition names the account as a member.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ownclimate.core.access import ALL_PERMISSIONS, Permission
from ownclimate.core.accounts import load_account
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, InvalidInput, NotFound
from ownclimate.core.ids import AccountId, OwnerId, is_id, new_id
from ownclimate.core.partitions import (
    HOUSEHOLDS,
    INVITES,
    MEMBERS,
    OWNER,
    account_partition,
    owner_partition,
)
from ownclimate.core.ports import ABSENT, Change, Delete, Directory, Ports, Put
from ownclimate.core.things import Account, Membership, Owner, Role
from ownclimate.core.writes import Actor, Deed, commit, edit, write_surely

INVITE_LIFE_MS = 7 * 24 * 3_600_000
INVITE_SECRET_BYTES = 16
MAX_INVITES = 50
"""Open ones of one household: more are a script gone wrong."""


_SEEING = frozenset({Permission.SITE_READ, Permission.DEVICE_READ, Permission.ACCOUNT_READ})
ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.OWNER: ALL_PERMISSIONS,
        Role.MEMBER: _SEEING | {Permission.DEVICE_CONTROL},
        Role.GUEST: _SEEING,
    }
)
"""What a person may do in a household, and so the most that they can pass on to an app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """An open place in a household. Whoever brings its text first takes it."""

    id: str
    role: Role
    invited_by: AccountId
    created_ms: int
    unknown: dict[str, Any] = field(default_factory=dict)

    def is_expired(self, now_ms: int) -> bool:
        return now_ms - self.created_ms >= INVITE_LIFE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person in a household, as the household sees them."""

    account: Account
    role: Role
    since_ms: int
    is_founder: bool
    """The household was made with this account; it can neither leave nor be demoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """A household as one of its members sees it."""

    owner: Owner
    role: Role


async def load_owner(directory: Directory, owner_id: str) -> Owner | None:
    document = await directory.find(owner_partition(owner_id), OWNER, owner_id)
    return None if document is None else from_body(Owner, document.body)


async def find_role(directory: Directory, owner_id: str, account_id: str) -> Role | None:
    """The account's role in the household, None for a stranger."""
    document = await directory.find(owner_partition(owner_id), MEMBERS, account_id)
    return None if document is None else from_body(Membership, document.body).role


async def list_members(directory: Directory, owner_id: OwnerId) -> list[Member]:
    """The people of a household, the earliest first."""
    found = []
    for document in await directory.scan(owner_partition(owner_id), MEMBERS):
        membership = from_body(Membership, document.body)
        account = await load_account(directory, membership.account_id)
        if account is not None:
            found.append(
                Member(
                    account=account,
                    role=membership.role,
                    since_ms=membership.since_ms,
                    is_founder=account.owner_id == owner_id,
                )
            )
    return sorted(found, key=lambda member: (not member.is_founder, member.since_ms, member.account.email))


async def list_households(directory: Directory, account: Account) -> list[Household]:
    """Every household the account belongs to, its own first."""
    links = await directory.scan(account_partition(account.id), HOUSEHOLDS)
    found = []
    for owner_id in dict.fromkeys([account.owner_id, *(link.key for link in links)]):
        owner = await load_owner(directory, owner_id)
        role = await find_role(directory, owner_id, account.id)
        if owner is not None and role is not None:
            found.append(Household(owner=owner, role=role))
    return found


async def rename_household(ports: Ports, actor: Actor, owner_id: OwnerId, name: str) -> None:
    deed = Deed(actor=actor, verb="change", kind="owner", object_id=owner_id)
    await edit(ports, owner_id, OWNER, Owner, lambda owner: dataclasses.replace(owner, name=name), deed)


async def invite(
    ports: Ports, actor: Actor, owner_id: OwnerId, *, role: Role, invited_by: AccountId
) -> tuple[Invite, str]:
    """A new invitation and its text, which cannot be had again. Raises Conflict when too many are open."""
    opened = await list_invites(ports, owner_id)
    if len(opened) >= MAX_INVITES:
        raise Conflict("invite", message=f"{MAX_INVITES} invitations are open; withdraw some first")
    secret = ports.entropy(INVITE_SECRET_BYTES).hex()
    made = Invite(
        id=new_id(ports.clock, ports.entropy),
        role=role,
        invited_by=invited_by,
        created_ms=ports.clock.now_ms(),
    )
    put = Put(table=INVITES, key=_hashed(secret), body=to_body(made), expect=ABSENT)
    deed = Deed(
        actor=actor, verb="create", kind="invite", object_id=made.id, details={"role": made.role.value}
    )
    await commit(ports, owner_id, [put], deed)
    return made, f"{owner_id}{secret}"


async def list_invites(ports: Ports, owner_id: OwnerId) -> list[Invite]:
    """The open invitations, oldest first."""
    documents = await ports.directory.scan(owner_partition(owner_id), INVITES)
    invites = [from_body(Invite, document.body) for document in documents]
    now_ms = ports.clock.now_ms()
    return sorted(
        (found for found in invites if not found.is_expired(now_ms)), key=lambda found: found.created_ms
    )


async def withdraw_invite(ports: Ports, actor: Actor, owner_id: OwnerId, invite_id: str) -> None:
    """Raises NotFound when it was taken or withdrawn."""
    for document in await ports.directory.scan(owner_partition(owner_id), INVITES):
        if from_body(Invite, document.body).id == invite_id:
            delete = Delete(table=INVITES, key=document.key, expect=document.version)
            deed = Deed(actor=actor, verb="delete", kind="invite", object_id=invite_id)
            await commit(ports, owner_id, [delete], deed)
            return
    raise NotFound("invite", invite_id)


async def find_invite(ports: Ports, text: str) -> tuple[Owner, Invite] | None:
    """The household and the open place that the text names, None when it is taken, old or unknown."""
    owner_id, secret = text[:24], text[24:]
    if not is_id(owner_id) or not secret:
        return None
    document = await ports.directory.find(owner_partition(owner_id), INVITES, _hashed(secret))
    owner = await load_owner(ports.directory, owner_id)
    if document is None or owner is None:
        return None
    found = from_body(Invite, document.body)
    return None if found.is_expired(ports.clock.now_ms()) else (owner, found)


async def join(ports: Ports, actor: Actor, account: Account, text: str) -> OwnerId:
    """Takes the place that an invitation offers. Raises NotFound when there is none (any more), and
    Conflict when the account is a member already, which leaves the invitation open.

    The account's own list comes first: a crash in between leaves an entry that readers ignore.
    """
    found = await find_invite(ports, text)
    if found is None:
        raise NotFound("invite")
    owner, offer = found
    if await find_role(ports.directory, owner.id, account.id) is not None:
        raise Conflict("member", account.id, "you are a member of this household already")
    link = Put(table=HOUSEHOLDS, key=owner.id, body={})
    await write_surely(ports, account_partition(account.id), [link], of="household")
    key = _hashed(text[24:])
    member = Membership(account_id=account.id, role=offer.role, since_ms=ports.clock.now_ms())
    document = await ports.directory.find(owner_partition(owner.id), INVITES, key)
    if document is None:
        raise NotFound("invite")
    changes: list[Change] = [
        Delete(table=INVITES, key=key, expect=document.version),
        Put(table=MEMBERS, key=account.id, body=to_body(member), expect=ABSENT),
    ]
    deed = Deed(
        actor=actor, verb="join", kind="member", object_id=account.id, details={"role": offer.role.value}
    )
    await commit(ports, owner.id, changes, deed)
    return owner.id


async def change_role(
    ports: Ports, actor: Actor, owner_id: OwnerId, account_id: AccountId, role: Role
) -> None:
    """Raises NotFound for a stranger, InvalidInput for the founder."""
    await _refuse_founder(ports, owner_id, account_id)
    deed = Deed(actor=actor, verb="change", kind="member", object_id=account_id, details={"role": role.value})
    await edit(
        ports, owner_id, MEMBERS, Membership, lambda member: dataclasses.replace(member, role=role), deed
    )


async def remove_member(ports: Ports, actor: Actor, owner_id: OwnerId, account_id: AccountId) -> None:
    """Raises NotFound for a stranger, InvalidInput for the founder. What the member's apps and tokens
    may do here is not this function's: see `oauth.departures`."""
    await _refuse_founder(ports, owner_id, account_id)
    document = await ports.directory.find(owner_partition(owner_id), MEMBERS, account_id)
    if document is None:
        raise NotFound("member", account_id)
    delete = Delete(table=MEMBERS, key=account_id, expect=document.version)
    deed = Deed(actor=actor, verb="remove", kind="member", object_id=account_id)
    await commit(ports, owner_id, [delete], deed)
    unlink = Delete(table=HOUSEHOLDS, key=owner_id)
    await write_surely(ports, account_partition(account_id), [unlink], of="household")


async def _refuse_founder(ports: Ports, owner_id: OwnerId, account_id: AccountId) -> None:
    account = await load_account(ports.directory, account_id)
    if account is not None and account.owner_id == owner_id:
        raise InvalidInput("member", "the household was made with this account, which stays its owner")


def _hashed(secret: str) -> str:
    return hashlib.blake2b(secret.encode(), digest_size=20).hexdigest()
