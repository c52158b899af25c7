"""Who sits at the browser: signing in, the session behind a cookie, ending it.

A session's text is `<locator>_<secret>`; the locator names the partition, of the secret only a hash
is stored. A session ends when it was idle too long, when it is too old, when it is ended, and when
its account's `sessions_since_ms` moves past it (a new password, "sign out everywhere"). Signing in
always makes a new one: a text that somebody planted in the browser beforehand never becomes valid.
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from typing import Any

from ownclimate.core.accounts import find_account, load_account, normal_email
from ownclimate.core.documents import from_body, to_body
from ownclimate.core.errors import Conflict, InvalidInput, Unauthenticated
from ownclimate.core.ids import AccountId, OwnerId, is_id, new_id
from ownclimate.core.partitions import account_partition
from ownclimate.core.ports import ABSENT, Delete, Ports, Put
from ownclimate.core.things import Account
from ownclimate.core.writes import EDIT_ATTEMPTS, write_surely
from ownclimate.oauth.passwords import is_password, stand_in_hash
from ownclimate.oauth.throttle import SignInThrottle

TABLE = "session"
LINKS = "session_link"
SECRET_BYTES = 32
HOUR_MS = 3_600_000
TOUCH_EVERY_MS = 5 * 60_000
"""A session's last use is written at most this often."""
SIGN_IN_FAILED = "The e-mail and the password do not belong together"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """How long a session lives: without use, and at all."""

    idle_ms: int = 14 * 24 * HOUR_MS
    longest_ms: int = 90 * 24 * HOUR_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser. `owner_id` is the household it looks at."""

    id: str
    account_id: AccountId
    owner_id: OwnerId
    began_ms: int
    seen_ms: int
    unknown: dict[str, Any] = field(default_factory=dict)

    def is_over(self, account: Account, lifetime: Lifetime, now_ms: int) -> bool:
        return (
            self.began_ms < account.sessions_since_ms
            or now_ms - self.seen_ms >= lifetime.idle_ms
            or now_ms - self.began_ms >= lifetime.longest_ms
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLink:
    """What an account remembers of a session, to end it and to remove what expired."""

    began_ms: int
    browser: str = ""
    unknown: dict[str, Any] = field(default_factory=dict)


async def check_password(
    ports: Ports, throttle: SignInThrottle, *, email: str, password: str, address: str
) -> Account:
    """The account that the e-mail and password name together.

    Raises Unauthenticated, RateLimited. An unknown or impossible e-mail costs the same hashing and
    raises the same error as a wrong password.
    """
    try:
        name = normal_email(email)
    except InvalidInput:
        name = ""
    throttle.begin(name, address)
    account = await find_account(ports.directory, name) if name else None
    password_hash = account.password_hash if account is not None else ""
    matches = await is_password(password, password_hash or stand_in_hash())
    if account is None or not password_hash or not matches:
        raise Unauthenticated(SIGN_IN_FAILED)
    throttle.succeeded(name, address)
    return account


async def begin_session(
    ports: Ports, account: Account, lifetime: Lifetime, *, browser: str = ""
) -> tuple[Session, str]:
    """A new session of the account and its text, looking at the account's own household.

    Links of the account's sessions that are over are removed with what they point at.
    """
    now_ms = ports.clock.now_ms()
    await _sweep(ports, account, lifetime, now_ms)
    secret = ports.entropy(SECRET_BYTES).hex()
    session = Session(
        id=new_id(ports.clock, ports.entropy),
        account_id=account.id,
        owner_id=account.owner_id,
        # A session begun in the millisecond in which all others ended is one of the new ones.
        began_ms=max(now_ms, account.sessions_since_ms),
        seen_ms=now_ms,
    )
    link = SessionLink(began_ms=session.began_ms, browser=browser[:200])
    put_link = Put(table=LINKS, key=session.id, body=to_body(link), expect=ABSENT)
    await write_surely(ports, account_partition(account.id), [put_link], of="session")
    put = Put(table=TABLE, key=_hashed(secret), body=to_body(session), expect=ABSENT)
    await write_surely(ports, _partition(session.id), [put], of="session")
    return session, f"{session.id}_{secret}"


async def find_session(ports: Ports, text: str, lifetime: Lifetime) -> tuple[Session, Account] | None:
    """The living session with this text and its account, None when there is none."""
    locator, _, secret = text.partition("_")
    if not is_id(locator) or not secret:
        return None
    key = _hashed(secret)
    document = await ports.directory.find(_partition(locator), TABLE, key)
    if document is None:
        return None
    session = from_body(Session, document.body)
    account = await load_account(ports.directory, session.account_id)
    now_ms = ports.clock.now_ms()
    if account is None or session.is_over(account, lifetime, now_ms):
        return None
    if now_ms - session.seen_ms >= TOUCH_EVERY_MS:
        seen = dataclasses.replace(session, seen_ms=now_ms)
        put = Put(table=TABLE, key=key, body=to_body(seen), expect=document.version)
        try:
            await write_surely(ports, _partition(locator), [put], of="session")
        except Conflict:
            return session, account  # Another request of the same browser has just written it, or ended it.
        session = seen
    return session, account


async def look_at(ports: Ports, text: str, owner_id: OwnerId) -> None:
    """The session looks at another household from now on; whether it may is the caller's to know."""
    locator, _, secret = text.partition("_")
    for attempt in range(EDIT_ATTEMPTS):
        document = await ports.directory.find(_partition(locator), TABLE, _hashed(secret))
        if document is None:
            return
        session = dataclasses.replace(from_body(Session, document.body), owner_id=owner_id)
        put = Put(table=TABLE, key=document.key, body=to_body(session), expect=document.version)
        try:
            await write_surely(ports, _partition(locator), [put], of="session")
        except Conflict:
            # Another request of the same browser has just noted its last use.
            if attempt == EDIT_ATTEMPTS - 1:
                raise
            continue
        return


async def list_sessions(ports: Ports, account: Account, lifetime: Lifetime) -> list[tuple[Session, str]]:
    """The account's living sessions with their browsers, the latest first."""
    found = []
    for link in await ports.directory.scan(account_partition(account.id), LINKS, reverse=True):
        for document in await ports.directory.scan(_partition(link.key), TABLE):
            session = from_body(Session, document.body)
            if not session.is_over(account, lifetime, ports.clock.now_ms()):
                found.append((session, from_body(SessionLink, link.body).browser))
    return found


async def end_session(ports: Ports, session: Session) -> None:
    await _remove(ports, session.account_id, session.id)


async def end_all_sessions(ports: Ports, account_id: AccountId) -> None:
    """Removes what is stored of the account's sessions; for an account that goes."""
    for link in await ports.directory.scan(account_partition(account_id), LINKS):
        await _remove(ports, account_id, link.key)


async def _sweep(ports: Ports, account: Account, lifetime: Lifetime, now_ms: int) -> None:
    for link in await ports.directory.scan(account_partition(account.id), LINKS):
        documents = await ports.directory.scan(_partition(link.key), TABLE)
        sessions = [from_body(Session, document.body) for document in documents]
        began_ms = from_body(SessionLink, link.body).began_ms
        # A link without a session is a sign-in that was cut short, or one still under way elsewhere.
        is_left_over = not sessions and now_ms - began_ms > HOUR_MS
        if is_left_over or any(session.is_over(account, lifetime, now_ms) for session in sessions):
            await _remove(ports, account.id, link.key)


async def _remove(ports: Ports, account_id: AccountId, session_id: str) -> None:
    """The session first, so that it has ended whatever happens next."""
    documents = await ports.directory.scan(_partition(session_id), TABLE)
    if documents:
        deletes = [Delete(table=TABLE, key=document.key) for document in documents]
        await write_surely(ports, _partition(session_id), deletes, of="session")
    delete = Delete(table=LINKS, key=session_id)
    await write_surely(ports, account_partition(account_id), [delete], of="session")


def _partition(session_id: str) -> str:
    return f"session:{session_id}"


def _hashed(secret: str) -> str:
    return hashlib.blake2b(secret.encode(), digest_size=20).hexdigest()
