"""The people of a household: inviting, roles, removing, joining, and looking at another household."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from ownclimate.core.errors import Conflict, InvalidInput, NotFound
from ownclimate.core.ids import AccountId, OwnerId
from ownclimate.core.members import (
    INVITE_LIFE_MS,
    find_invite,
    find_role,
    invite,
    join,
    list_households,
    list_invites,
    list_members,
    rename_household,
    withdraw_invite,
)
from ownclimate.core.sites import checked_name
from ownclimate.core.things import Role
from ownclimate.oauth.departures import dismiss_member, give_role
from ownclimate.oauth.sessions import look_at
from ownclimate.portal.local_paths import local_path
from ownclimate.portal.routes import Need, Route
from ownclimate.portal.visits import Answer, Page, Redirect, Visit
from ownclimate.portal.words import ROLE_MEANINGS, ROLE_NAMES

OWNERS = (Role.OWNER,)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChoice:
    value: str
    name: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    id: str
    email: str
    name: str
    role: str
    role_name: str
    since_ms: int
    is_founder: bool
    is_you: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInvite:
    id: str
    role_name: str
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """`link` is set once, right after an invitation was made."""

    template: ClassVar[str] = "members.html"
    title: str = "Members"
    household: str
    may_manage: bool
    people: tuple[Person, ...]
    invites: tuple[OpenInvite, ...]
    roles: tuple[RoleChoice, ...]
    link: str = field(default="", repr=False)
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    template: ClassVar[str] = "join.html"
    title: str = "You are invited"
    household: str
    role_name: str
    role_meaning: str
    email: str
    here: str
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdRow:
    id: str
    name: str
    role_name: str
    is_current: bool
    is_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Households:
    template: ClassVar[str] = "households.html"
    title: str = "Households"
    households: tuple[HouseholdRow, ...]


async def show_members(visit: Visit) -> Answer:
    return Page(view=await _view(visit))


async def invite_somebody(visit: Visit) -> Answer:
    role = _role(visit.form.text("role"))
    try:
        _, text = await invite(
            visit.ports, visit.actor, visit.owner_id, role=role, invited_by=visit.account.id
        )
    except Conflict as error:
        return Page(view=replace(await _view(visit), problem=f"{error.message}."), status=409)
    link = f"{visit.base_url}/join/{text}"
    return Page(view=replace(await _view(visit), link=link))


async def withdraw(visit: Visit) -> Answer:
    await withdraw_invite(visit.ports, visit.actor, visit.owner_id, visit.ids["invite"])
    return Redirect(to="/members", done="withdrawn")


async def set_role(visit: Visit) -> Answer:
    account_id = AccountId(visit.ids["account"])
    role = _role(visit.form.text("role"))
    await give_role(visit.services.authorization, visit.actor, visit.owner_id, account_id, role)
    return Redirect(to="/members", done="saved")


async def remove(visit: Visit) -> Answer:
    account_id = AccountId(visit.ids["account"])
    await dismiss_member(visit.services.authorization, visit.actor, visit.owner_id, account_id)
    return Redirect(to="/members", done="removed")


async def rename(visit: Visit) -> Answer:
    try:
        name = checked_name(visit.form.text("name"))
    except InvalidInput as error:
        return Page(view=replace(await _view(visit), problem=f"Name: {error.reason}."), status=422)
    await rename_household(visit.ports, visit.actor, visit.owner_id, name)
    return Redirect(to="/members", done="saved")


async def show_join(visit: Visit) -> Answer:
    return Page(view=await _joining(visit))


async def take_place(visit: Visit) -> Answer:
    view = await _joining(visit)
    try:
        owner_id = await join(visit.ports, visit.actor, visit.account, visit.ids["invite"])
    except Conflict as error:
        problem = f"{error.message[0].upper()}{error.message[1:]}."
        return Page(view=replace(view, problem=problem), status=409)
    await look_at(visit.ports, visit.session_text, owner_id)
    return Redirect(to="/", done="joined")


async def show_households(visit: Visit) -> Answer:
    account = visit.account
    rows = tuple(
        HouseholdRow(
            id=found.owner.id,
            name=found.owner.name,
            role_name=ROLE_NAMES[found.role],
            is_current=found.owner.id == visit.owner_id,
            is_own=found.owner.id == account.owner_id,
        )
        for found in await list_households(visit.ports.directory, account)
    )
    return Page(view=Households(households=rows))


async def switch(visit: Visit) -> Answer:
    owner_id = OwnerId(visit.form.text("owner"))
    if await find_role(visit.ports.directory, owner_id, visit.account.id) is None:
        raise NotFound("household")
    await look_at(visit.ports, visit.session_text, owner_id)
    return Redirect(to=local_path(visit.form.text("next")))


async def leave(visit: Visit) -> Answer:
    owner_id = OwnerId(visit.ids["owner"])
    await dismiss_member(visit.services.authorization, visit.actor, owner_id, visit.account.id)
    return Redirect(to="/households", done="left")


async def _view(visit: Visit) -> Members:
    directory, owner_id = visit.ports.directory, visit.owner_id
    may_manage = visit.household.role is Role.OWNER
    return Members(
        household=visit.household.owner.name,
        may_manage=may_manage,
        people=tuple(
            Person(
                id=member.account.id,
                email=member.account.email,
                name=f"{member.account.first_name} {member.account.last_name}".strip(),
                role=member.role.value,
                role_name=ROLE_NAMES[member.role],
                since_ms=member.since_ms,
                is_founder=member.is_founder,
                is_you=member.account.id == visit.account.id,
            )
            for member in await list_members(directory, owner_id)
        ),
        invites=tuple(
            OpenInvite(
                id=found.id,
                role_name=ROLE_NAMES[found.role],
                expires_ms=found.created_ms + INVITE_LIFE_MS,
            )
            for found in (await list_invites(visit.ports, owner_id) if may_manage else ())
        ),
        roles=tuple(
            RoleChoice(value=role.value, name=ROLE_NAMES[role], meaning=ROLE_MEANINGS[role])
            for role in (Role.MEMBER, Role.GUEST, Role.OWNER)
        ),
    )


async def _joining(visit: Visit) -> Joining:
    """Raises NotFound for an invitation that is taken, withdrawn or too old."""
    found = await find_invite(visit.ports, visit.ids["invite"])
    if found is None:
        raise NotFound("invite")
    owner, offer = found
    return Joining(
        household=owner.name,
        role_name=ROLE_NAMES[offer.role],
        role_meaning=ROLE_MEANINGS[offer.role],
        email="" if visit.signed_in is None else visit.signed_in.email,
        here=visit.path,
    )


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise InvalidInput("role", "pick one of the roles") from None


ROUTES = (
    Route(path="/members", show=show_members),
    Route(path="/members/invite", submit=invite_somebody, roles=OWNERS),
    Route(path="/members/invites/{invite:hex24}/withdraw", submit=withdraw, roles=OWNERS),
    Route(path="/members/{account:hex24}/role", submit=set_role, roles=OWNERS),
    Route(path="/members/{account:hex24}/remove", submit=remove, roles=OWNERS),
    Route(path="/members/name", submit=rename, roles=OWNERS),
    Route(path="/join/{invite}", show=show_join, submit=take_place, need=Need.NOBODY),
    Route(path="/households", show=show_households, submit=switch),
    Route(path="/households/{owner:hex24}/leave", submit=leave),
)
