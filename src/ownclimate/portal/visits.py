"""One request to a page as its module sees it, and what it may give back."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, cast
from urllib.parse import quote, urlencode

from ownclimate.core.errors import Forbidden, Unauthenticated
from ownclimate.core.ids import OwnerId
from ownclimate.core.members import Household
from ownclimate.core.ports import Ports
from ownclimate.core.things import Account, Role
from ownclimate.core.writes import Actor
from ownclimate.oauth.sessions import Session
from ownclimate.portal.forms import Form
from ownclimate.portal.services import Services

VIA = "portal"


class View(Protocol):
    """What a template is shown: a frozen dataclass whose fields are the template's variables."""

    template: ClassVar[str]

    @property
    def title(self) -> str:
        """Of the page; also its heading."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page to show. `form_targets` are origins to which its forms may lead in the end. `is_live`: it
    follows what changes by a script of ours, where the browser runs scripts."""

    view: View
    status: int = 200
    form_targets: tuple[str, ...] = ()
    is_live: bool = False
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """On to another page (303), with a word on what was done (a key of `words.DONE`).

    `session` set: the browser holds this session from now on; empty: it holds none any more.
    """

    to: str
    done: str = ""
    session: str | None = None
    status: int = 303

    @property
    def location(self) -> str:
        if not self.done:
            return self.to
        return f"{self.to}{'&' if '?' in self.to else '?'}{urlencode({'done': self.done})}"


Answer = Page | Redirect


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who asks for what. `session` and all that follows from it is None for somebody not signed in.

    `query_text` is the raw query. `ids` are the path's parameters.
    """

    services: Services
    method: str
    path: str
    query_text: str
    query: Form
    form: Form
    ids: dict[str, str]
    base_url: str
    """Under which the browser knows this server; what the token endpoints call themselves too."""
    address: str
    browser: str
    session: Session | None = None
    session_text: str = field(default="", repr=False)
    signed_in: Account | None = None
    at_home: Household | None = None

    @property
    def ports(self) -> Ports:
        return self.services.ports

    @property
    def now_ms(self) -> int:
        return self.services.ports.clock.now_ms()

    @property
    def account(self) -> Account:
        """Raises Unauthenticated when nobody is signed in, which leads to the sign-in page."""
        if self.signed_in is None:
            raise Unauthenticated("sign in first", reason="missing")
        return self.signed_in

    @property
    def household(self) -> Household:
        """The household the session looks at."""
        if self.at_home is None:
            raise Unauthenticated("sign in first", reason="missing")
        return self.at_home

    @property
    def owner_id(self) -> OwnerId:
        return self.household.owner.id

    @property
    def actor(self) -> Actor:
        return Actor(account_id="" if self.signed_in is None else self.signed_in.id, via=VIA)

    def require_role(self, *roles: Role) -> None:
        """Raises Forbidden when the person's part in the household is none of these."""
        if self.household.role not in roles:
            raise Forbidden("Your role in this household does not include this")

    def sign_in_path(self) -> str:
        """The sign-in page, coming back here afterwards."""
        here = f"{self.path}?{self.query_text}" if self.query_text else self.path
        return f"/sign-in?next={quote(here, safe='/')}" if here != "/" else "/sign-in"


def fields_of(view: View) -> dict[str, Any]:
    """The template's variables."""
    # Views are dataclasses, which a protocol cannot say.
    names = [item.name for item in dataclasses.fields(cast(Any, view))]
    return {name: getattr(view, name) for name in names}
