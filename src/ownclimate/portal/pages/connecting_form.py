"""The form that connects a cloud, or connects it again: what it shows, and what was typed into it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from ownclimate.core.errors import InvalidInput
from ownclimate.core.things import Source
from ownclimate.portal.source_words import kind_name
from ownclimate.portal.visits import Visit
from ownclimate.portal.words import zone_of
from ownclimate.sync.kinds import CloudKind, Credential
from ownclimate.sync.settings import CLIENT_SECRET, cloud_settings

BACK: Final = "/sources/back"
"""Where vendors send the browser back to."""
FIELD: Final = "secret-"
"""How the names of the fields for credentials begin."""
MOST_SECRET: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudChoice:
    kind: str
    title: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    template: ClassVar[str] = "source_choose.html"
    title: str = "Connect a cloud"
    clouds: tuple[CloudChoice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting:
    """The form, for a new source or (with an `id`) for one that is there.

    `signs_in`: the vendor can send the browser back with a code. Secrets that were typed are never shown
    again.
    """

    template: ClassVar[str] = "source_connect.html"
    title: str
    cloud: CloudChoice
    action: str
    id: str
    name: str
    client_id: str
    base_url: str
    own_base_url: str
    may_name_address: bool
    keeps_history: bool
    since: str
    relays: bool
    credentials: tuple[Credential, ...]
    signs_in: bool
    redirect_uri: str
    problem: str = ""
    field: str = ""


def choice_of(cloud: CloudKind) -> CloudChoice:
    return CloudChoice(kind=cloud.kind, title=cloud.title, hint=cloud.app_hint)


def signs_in(visit: Visit, cloud: CloudKind) -> bool:
    return cloud.code_flow is not None and visit.form.text("way") == "sign-in"


def typed_secrets(visit: Visit, cloud: CloudKind) -> dict[str, str]:
    """What was typed. Signing in needs the app's secret only; where it is possible, pasting needs all.

    Raises InvalidInput naming what is missing.
    """
    secrets: dict[str, str] = {}
    for need in cloud.credentials:
        text = visit.form.verbatim(FIELD + need.name).strip()
        if len(text) > MOST_SECRET or not text.isprintable():
            raise InvalidInput(FIELD + need.name, f"{need.label}: that is none")
        if signs_in(visit, cloud):
            is_needed = need.name == CLIENT_SECRET
        else:
            is_needed = cloud.code_flow is not None or not need.is_optional
        if not text and is_needed:
            raise InvalidInput(FIELD + need.name, f"{need.label}: enter it")
        if text and (is_needed or not signs_in(visit, cloud)):
            secrets[need.name] = text
    return secrets


def typed_base_url(visit: Visit) -> str:
    """Another cloud's address, from an administrator only: the server itself goes there, and might be
    sent to its neighbours. Raises InvalidInput."""
    text = visit.form.text("base_url")
    if text and not visit.account.is_admin:
        raise InvalidInput("base_url", "only an administrator of this server may name another address")
    return text


def typed_since_ms(visit: Visit) -> int:
    """The beginning of the day that was picked, where the person is; 0 for none. Raises InvalidInput."""
    text = visit.form.text("since")
    if not text:
        return 0
    try:
        day = datetime.date.fromisoformat(text)
        zone = zone_of(visit.account.time_zone)
        return int(datetime.datetime.combine(day, datetime.time(), zone).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise InvalidInput("since", "expected a day such as 2024-12-31") from None


def new_form(visit: Visit, cloud: CloudKind) -> Connecting:
    form = visit.form
    return Connecting(
        title=f"Connect {kind_name(cloud.kind, visit.services.clouds)}",
        cloud=choice_of(cloud),
        action="/sources/connect",
        id="",
        name=form.text("name") or cloud.title,
        client_id=form.text("client_id"),
        base_url=form.text("base_url"),
        own_base_url=cloud.base_url,
        may_name_address=visit.account.is_admin,
        keeps_history=cloud.keeps_history,
        since=form.text("since"),
        relays="relays" in form,
        credentials=cloud.credentials,
        signs_in=cloud.code_flow is not None,
        redirect_uri=redirect_uri_of(visit),
    )


def again_form(visit: Visit, cloud: CloudKind, source: Source) -> Connecting:
    settings = cloud_settings(source.settings)
    return replace(
        new_form(visit, cloud),
        title=f"Connect {source.name} again",
        action=f"/sources/{source.id}/connect",
        id=source.id,
        name=source.name,
        client_id=visit.form.text("client_id") or settings.client_id,
    )


def refused_form(view: Connecting, error: InvalidInput) -> Connecting:
    if error.field.startswith(FIELD):
        return replace(view, problem=f"{error.reason}.", field=error.field)
    name = {"base_url": "Address", "client_id": "Client id", "since": "Collect from"}
    return replace(view, problem=f"{name.get(error.field, 'Name')}: {error.reason}.", field=error.field)


def redirect_uri_of(visit: Visit) -> str:
    return visit.base_url + BACK
