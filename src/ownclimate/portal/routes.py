"""The shape of the portal's table of pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from ownclimate.core.things import Role
from ownclimate.portal.visits import Answer, Visit

Handler = Callable[[Visit], Awaitable[Answer]]


class Need(Enum):
    """Who may open a page. It is checked before the page's own code runs."""

    NOBODY = "nobody"
    ACCOUNT = "account"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A path, what shows it (GET) and what takes its form (POST).

    `roles` are the parts in the household that may use it, empty for all. A submission without a valid
    CSRF token never reaches `submit` unless `is_open`, for a page that other sites may post to because
    it changes nothing.
    """

    path: str
    show: Handler | None = None
    submit: Handler | None = None
    need: Need = Need.ACCOUNT
    roles: tuple[Role, ...] = ()
    is_open: bool = False
