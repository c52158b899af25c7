"""Signing in and out, and making an account.

What these pages answer does not depend on whether an e-mail has an account: a registration ends at
the sign-in page whether the e-mail was free or taken, and a sign-in that fails looks the same and takes the
same work either way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlencode

from ownclimate.core.accounts import normal_email, register_account
from ownclimate.core.errors import Conflict, Forbidden, InvalidInput, RateLimited, Unauthenticated
from ownclimate.oauth.passwords import SHORTEST, checked_password, hash_password
from ownclimate.oauth.sessions import begin_session, check_password, end_session
from ownclimate.portal.local_paths import local_path
from ownclimate.portal.pages.consent import targets_of
from ownclimate.portal.routes import Need, Route
from ownclimate.portal.visits import Answer, Page, Redirect, Visit
from ownclimate.portal.words import zone_of
from ownclimate.web.faults import common_headers


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """`next` is where to go afterwards; `signed_in_as` names the account that another would replace."""

    template: ClassVar[str] = "sign_in.html"
    title: str = "Sign in"
    next: str
    email: str = ""
    problem: str = ""
    signed_in_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    template: ClassVar[str] = "register.html"
    title: str = "Create an account"
    next: str
    email: str = ""
    first_name: str = ""
    problem: str = ""
    field: str = ""
    shortest: int = SHORTEST


async def show_sign_in(visit: Visit) -> Answer:
    target = local_path(visit.query.text("next"))
    if visit.signed_in is not None and "another" not in visit.query:
        return Redirect(to=target)
    view = SignIn(
        next=target,
        email=visit.query.text("email"),
        signed_in_as="" if visit.signed_in is None else visit.signed_in.email,
    )
    return Page(view=view, form_targets=await targets_of(visit, target))


async def sign_in(visit: Visit) -> Answer:
    target = local_path(visit.form.text("next"))
    email = visit.form.text("email")
    try:
        account = await check_password(
            visit.ports,
            visit.services.sign_ins,
            email=email,
            password=visit.form.verbatim("password"),
            address=visit.address,
        )
    except (Unauthenticated, RateLimited) as error:
        problem = f"{error.message}."
        if isinstance(error, RateLimited):
            problem = "Too many attempts. Wait a minute and try again."
        view = SignIn(next=target, email=email, problem=problem)
        return Page(
            view=view,
            status=429 if isinstance(error, RateLimited) else 401,
            form_targets=await targets_of(visit, target),
            headers=tuple(common_headers(error).items()),
        )
    if visit.session is not None:
        await end_session(visit.ports, visit.session)
    _, text = await begin_session(visit.ports, account, visit.services.lifetime, browser=visit.browser)
    return Redirect(to=target, session=text)


async def sign_out(visit: Visit) -> Answer:
    if visit.session is not None:
        await end_session(visit.ports, visit.session)
    return Redirect(to="/", done="signed-out", session="")


async def show_register(visit: Visit) -> Answer:
    _require_open(visit)
    target = local_path(visit.query.text("next"))
    if visit.signed_in is not None:
        return Redirect(to=target)
    return Page(view=Register(next=target))


async def register(visit: Visit) -> Answer:
    _require_open(visit)
    form = visit.form
    target = local_path(form.text("next"))
    wait_s = visit.services.registrations.wait_s(visit.address)
    if wait_s:
        raise RateLimited(wait_s, "Too many accounts were made from here; try again later")
    try:
        email = normal_email(form.text("email"))
        password = checked_password(form.verbatim("password"))
    except InvalidInput as error:
        view = Register(
            next=target,
            email=form.text("email"),
            first_name=form.text("first_name"),
            problem=f"{error.reason[0].upper()}{error.reason[1:]}.",
            field=error.field,
        )
        return Page(view=view, status=422)
    visit.services.registrations.count(visit.address)
    zone = form.text("time_zone")
    try:
        await register_account(
            visit.ports,
            visit.actor,
            email=email,
            password_hash=await hash_password(password),
            first_name=form.text("first_name")[:100],
            time_zone=zone if zone and str(zone_of(zone)) == zone else "UTC",
        )
    except Conflict:
        pass  # The e-mail is taken, which is nobody's business but its owner's: the answer is the same.
    query = urlencode({"email": email} | ({"next": target} if target != "/" else {}))
    return Redirect(to=f"/sign-in?{query}", done="registered")


def _require_open(visit: Visit) -> None:
    if not visit.services.is_registration_open:
        raise Forbidden("New accounts are made by the operator of this server")


ROUTES = (
    Route(path="/sign-in", show=show_sign_in, submit=sign_in, need=Need.NOBODY),
    Route(path="/register", show=show_register, submit=register, need=Need.NOBODY),
    Route(path="/sign-out", submit=sign_out, need=Need.NOBODY),
)
