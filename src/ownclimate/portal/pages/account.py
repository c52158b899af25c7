"""One's own account: name and time zone, password, browsers, and erasing it all."""

from __future__ import annotations

import functools
import zoneinfo
from dataclasses import dataclass, replace
from typing import ClassVar

from ownclimate.core.accounts import edit_account, set_password
from ownclimate.core.errors import InvalidInput, RateLimited, Unauthenticated
from ownclimate.core.members import list_households
from ownclimate.core.things import Account
from ownclimate.core.writes import Deed, commit
from ownclimate.oauth.departures import erase_account
from ownclimate.oauth.passwords import SHORTEST, checked_password, hash_password
from ownclimate.oauth.sessions import begin_session, check_password, end_session, list_sessions
from ownclimate.portal.routes import Route
from ownclimate.portal.visits import Answer, Page, Redirect, Visit
from ownclimate.portal.words import browser_name

MAX_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    name: str
    began_ms: int
    seen_ms: int
    is_this: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowAccount:
    """`part` is the form that `problem` belongs to: `profile` or `password`."""

    template: ClassVar[str] = "account.html"
    title: str = "Account"
    email: str
    first_name: str
    last_name: str
    time_zone: str
    zones: tuple[str, ...]
    shortest: int
    browsers: tuple[Browser, ...]
    part: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erase:
    template: ClassVar[str] = "erase.html"
    title: str = "Erase everything"
    email: str
    household: str
    problem: str = ""


async def show_account(visit: Visit) -> Answer:
    return Page(view=await _view(visit))


async def save_profile(visit: Visit) -> Answer:
    form = visit.form
    first_name, last_name, zone = form.text("first_name"), form.text("last_name"), form.text("time_zone")
    problem = ""
    if any(len(name) > MAX_NAME or not name.isprintable() for name in (first_name, last_name)):
        problem = f"A name has at most {MAX_NAME} printable characters."
    elif zone not in zoneinfo.available_timezones():
        problem = "Pick a time zone from the list."
    if problem:
        view = replace(await _view(visit), part="profile", problem=problem)
        return Page(view=view, status=422)

    def change(account: Account) -> Account:
        return replace(account, first_name=first_name, last_name=last_name, time_zone=zone)

    await edit_account(visit.ports, visit.account.id, change)
    return Redirect(to="/account", done="saved")


async def change_password(visit: Visit) -> Answer:
    """Ends every session of the account, this one too; this browser gets a new one."""
    form = visit.form
    problem = await _password_problem(visit)
    if not problem:
        try:
            password = checked_password(form.verbatim("new_password"))
        except InvalidInput as error:
            problem = f"New password: {error.reason}."
    if problem:
        view = replace(await _view(visit), part="password", problem=problem)
        return Page(view=view, status=422)
    account = await set_password(visit.ports, visit.account.id, await hash_password(password))
    deed = Deed(actor=visit.actor, verb="change", kind="password", object_id=account.id)
    await commit(visit.ports, account.owner_id, [], deed)
    return await _with_new_session(visit, account, "password")


async def sign_out_others(visit: Visit) -> Answer:
    since_ms = visit.now_ms
    account = await edit_account(
        visit.ports, visit.account.id, lambda account: replace(account, sessions_since_ms=since_ms)
    )
    return await _with_new_session(visit, account, "others-out")


async def show_erase(visit: Visit) -> Answer:
    return Page(view=await _erase_view(visit))


async def erase(visit: Visit) -> Answer:
    problem = ""
    if visit.form.text("email").lower() != visit.account.email:
        problem = "Type your e-mail to confirm."
    problem = problem or await _password_problem(visit)
    if problem:
        return Page(view=replace(await _erase_view(visit), problem=problem), status=422)
    await erase_account(visit.services.authorization, visit.actor, visit.account)
    return Redirect(to="/", done="erased", session="")


async def _password_problem(visit: Visit) -> str:
    """Why the form's current password does not do; guesses count as attempts to sign in."""
    try:
        await check_password(
            visit.ports,
            visit.services.sign_ins,
            email=visit.account.email,
            password=visit.form.verbatim("password"),
            address=visit.address,
        )
    except Unauthenticated:
        return "That is not your current password."
    except RateLimited:
        return "Too many attempts. Wait a minute and try again."
    return ""


async def _with_new_session(visit: Visit, account: Account, done: str) -> Redirect:
    if visit.session is not None:
        await end_session(visit.ports, visit.session)
    _, text = await begin_session(visit.ports, account, visit.services.lifetime, browser=visit.browser)
    return Redirect(to="/account", done=done, session=text)


async def _view(visit: Visit) -> ShowAccount:
    account = visit.account
    sessions = await list_sessions(visit.ports, account, visit.services.lifetime)
    return ShowAccount(
        email=account.email,
        first_name=account.first_name,
        last_name=account.last_name,
        time_zone=account.time_zone,
        zones=tuple(sorted({account.time_zone, *_zones()})),
        shortest=SHORTEST,
        browsers=tuple(
            Browser(
                name=browser_name(browser),
                began_ms=session.began_ms,
                seen_ms=session.seen_ms,
                is_this=visit.session is not None and session.id == visit.session.id,
            )
            for session, browser in sessions
        ),
    )


@functools.cache
def _zones() -> frozenset[str]:
    """Places and UTC, without the historical and technical names. Kept: looking walks through a folder with
    hundreds of files."""
    names = zoneinfo.available_timezones()
    return frozenset(
        n for n in names if n == "UTC" or ("/" in n and not n.startswith(("Etc/", "SystemV/", "US/")))
    )


async def _erase_view(visit: Visit) -> Erase:
    account = visit.account
    households = await list_households(visit.ports.directory, account)
    own = next((h.owner.name for h in households if h.owner.id == account.owner_id), account.email)
    return Erase(email=account.email, household=own)


ROUTES = (
    Route(path="/account", show=show_account, submit=save_profile),
    Route(path="/account/password", submit=change_password),
    Route(path="/account/sign-out-others", submit=sign_out_others),
    Route(path="/account/erase", show=show_erase, submit=erase),
)
