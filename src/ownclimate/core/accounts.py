"""Use cases on accounts and owners. Password hashes come in ready-made; see `oauth.passwords`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from ownclimate.core import claims
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, InvalidInput, NotFound
from ownclimate.core.ids import AccountId, OwnerId, new_id
from ownclimate.core.numbering import take_numbers
from ownclimate.core.partitions import HOUSEHOLDS, MEMBERS, OWNER, account_partition, owner_partition
from ownclimate.core.ports import ABSENT, Delete, Directory, Ports, Put
from ownclimate.core.things import Account, Membership, Owner, Role
from ownclimate.core.writes import EDIT_ATTEMPTS, Actor, Deed, commit, write_surely

EMAIL_CLAIM = "email"
OWNER_CLAIM = "owner"
TABLE = "account"
MAX_EMAIL = 254
"""RFC 5321 §4.5.3.1.3: a path has at most 256 octets, two of which are its angle brackets."""


def normal_email(text: str) -> str:
    """The e-mail as it is compared and stored: trimmed, lower case.

    Checks only what would certainly be wrong; whether a mailbox exists, no pattern can tell.
    """
    email = text.strip().lower()
    local, at, domain = email.rpartition("@")
    if not at or not local or not domain or len(email) > MAX_EMAIL or any(c.isspace() for c in email):
        raise InvalidInput("email", "expected an address such as name@example.org")
    return email


async def register_account(
    ports: Ports,
    actor: Actor,
    *,
    email: str,
    password_hash: str,
    is_admin: bool = False,
    first_name: str = "",
    last_name: str = "",
    time_zone: str = "UTC",
) -> Account:
    """A new account and its own owner. Raises Conflict when the e-mail is taken.

    Order: claim the e-mail and the owner, write the owner, write the account, confirm both. A crash
    at any point leaves pending claims that `repair_accounts` confirms or removes, and at worst an
    owner without an account, which holds nothing and which nobody can reach.
    """
    email = normal_email(email)
    account_id = AccountId(new_id(ports.clock, ports.entropy))
    owner_id = OwnerId(new_id(ports.clock, ports.entropy))
    account_number, owner_number = await take_numbers(ports, 2)
    now_ms = ports.clock.now_ms()
    account = Account(
        id=account_id,
        email=email,
        owner_id=owner_id,
        number=account_number,
        password_hash=password_hash,
        is_admin=is_admin,
        first_name=first_name,
        last_name=last_name,
        time_zone=time_zone,
        created_ms=now_ms,
    )
    owner = Owner(id=owner_id, name=email, number=owner_number, created_ms=now_ms)
    member = Membership(account_id=account_id, role=Role.OWNER, since_ms=now_ms)

    await claims.take(ports, EMAIL_CLAIM, email, account_id, _account_exists(ports.directory))
    await claims.take(ports, OWNER_CLAIM, owner_id, owner_id, _owner_exists(ports.directory))
    owner_changes = [
        Put(table=OWNER, key=owner_id, body=to_body(owner), expect=ABSENT),
        Put(table=MEMBERS, key=account_id, body=to_body(member), expect=ABSENT),
    ]
    deed = Deed(actor=actor, verb="create", kind="owner", object_id=owner_id)
    await commit(ports, owner_id, owner_changes, deed)
    put = Put(table=TABLE, key=account_id, body=to_body(account), expect=ABSENT)
    await write_surely(ports, account_partition(account_id), [put], of="account")
    await claims.confirm(ports, OWNER_CLAIM, owner_id, owner_id)
    await claims.confirm(ports, EMAIL_CLAIM, email, account_id)
    return account


async def find_account(directory: Directory, email: str) -> Account | None:
    target = await claims.resolve(directory, EMAIL_CLAIM, normal_email(email), _account_exists(directory))
    return None if target is None else await load_account(directory, target)


async def get_account(directory: Directory, email: str) -> Account:
    account = await find_account(directory, email)
    if account is None:
        raise NotFound("account", email)
    return account


async def load_account(directory: Directory, account_id: str) -> Account | None:
    document = await directory.find(account_partition(account_id), TABLE, account_id)
    return None if document is None else from_body(Account, document.body)


async def list_accounts(directory: Directory) -> list[Account]:
    """Every account, by e-mail."""
    targets = await claims.names(directory, EMAIL_CLAIM, _account_exists(directory))
    accounts = [await load_account(directory, target) for _, target in targets]
    return [account for account in accounts if account is not None]


async def list_owner_ids(directory: Directory) -> list[OwnerId]:
    targets = await claims.names(directory, OWNER_CLAIM, _owner_exists(directory))
    return [OwnerId(target) for _, target in targets]


async def set_password(ports: Ports, account_id: AccountId, password_hash: str) -> Account:
    """Also ends every session of the account. Raises NotFound."""
    since_ms = ports.clock.now_ms()
    return await edit_account(
        ports,
        account_id,
        lambda account: dataclasses.replace(account, password_hash=password_hash, sessions_since_ms=since_ms),
    )


async def edit_account(ports: Ports, account_id: AccountId, change: Callable[[Account], Account]) -> Account:
    """Reads, changes and writes back; repeated when another writer came in between. Raises NotFound."""
    partition = account_partition(account_id)
    for attempt in range(EDIT_ATTEMPTS):
        document = await ports.directory.find(partition, TABLE, account_id)
        if document is None:
            raise NotFound("account", account_id)
        before = from_body(Account, document.body)
        after = change(before)
        if after == before:
            return before
        put = Put(table=TABLE, key=account_id, body=to_body(after), expect=document.version)
        try:
            await write_surely(ports, partition, [put], of="account")
        except Conflict:
            if attempt == EDIT_ATTEMPTS - 1:
                raise
            continue
        return after
    raise Conflict("account", account_id)


async def forget_account(ports: Ports, account: Account) -> None:
    """Removes the account and frees its e-mail. Its household and sessions have to be gone before."""
    partition = account_partition(account.id)
    for link in await ports.directory.scan(partition, HOUSEHOLDS):
        await write_surely(ports, partition, [Delete(table=HOUSEHOLDS, key=link.key)], of="household")
    await claims.loosen(ports, EMAIL_CLAIM, account.email, account.id)
    await write_surely(ports, partition, [Delete(table=TABLE, key=account.id)], of="account")
    await claims.release(ports, EMAIL_CLAIM, account.email, account.id)


async def repair_accounts(ports: Ports) -> int:
    """Finishes or undoes registrations that a crash interrupted; returns how many claims changed."""
    changed = await claims.repair(ports, EMAIL_CLAIM, _account_exists(ports.directory))
    return changed + await claims.repair(ports, OWNER_CLAIM, _owner_exists(ports.directory))


def _account_exists(directory: Directory) -> claims.Exists:
    async def exists(account_id: str) -> bool:
        return await load_account(directory, account_id) is not None

    return exists


def _owner_exists(directory: Directory) -> claims.Exists:
    async def exists(owner_id: str) -> bool:
        return await directory.find(owner_partition(owner_id), OWNER, owner_id) is not None

    return exists
