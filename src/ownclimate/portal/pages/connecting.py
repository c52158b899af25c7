"""Connecting a cloud, and connecting it again: credentials pasted, or signing in at the vendor's.

Signing in leads the browser to the vendor by a link, which needs no exception in our policy for forms, and
back to one address for all clouds. What it brings counts for the session that began it, once.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from ownclimate.core.errors import InvalidInput, NotFound, UpstreamError
from ownclimate.core.linking import change_source, link_source
from ownclimate.core.sites import checked_name
from ownclimate.core.things import Source
from ownclimate.portal.pages.sources import OWNERS, source_of
from ownclimate.portal.routes import Route
from ownclimate.portal.source_words import kind_name
from ownclimate.portal.visits import Answer, Page, Redirect, Visit
from ownclimate.portal.words import zone_of
from ownclimate.sync.kinds import CloudKind, Credential
from ownclimate.sync.settings import CLIENT_SECRET, changed_cloud, checked_cloud, cloud_settings
from ownclimate.sync.sign_in import SignIn, begin_sign_in, take_sign_in

BACK: Final = "/sources/back"
"""Where vendors send the browser back to."""
FIELD: Final = "secret-"
"""How the names of the fields for credentials begin."""
MOST_SECRET: Final = 2000
DENIED: Final = "access_denied"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingThere:
    template: ClassVar[str] = "source_sign_in.html"
    title: str
    cloud: str
    host: str
    address: str
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CameBack:
    """Signing in came to nothing; `again` leads to another attempt."""

    template: ClassVar[str] = "source_denied.html"
    title: str
    text: str
    again: str


async def show_new(visit: Visit) -> Answer:
    clouds = visit.services.clouds
    if "cloud" not in visit.query:
        return Page(view=Choosing(clouds=tuple(_choice(cloud) for cloud in clouds.values())))
    return Page(view=_new_view(visit, _cloud(visit, visit.query.text("cloud"))))


async def connect(visit: Visit) -> Answer:
    cloud = _cloud(visit, visit.form.text("cloud"))
    form = visit.form
    try:
        name = checked_name(form.text("name") or cloud.title)
        settings = checked_cloud(
            client_id=form.text("client_id"),
            base_url=_base_url(visit),
            since_ms=_since_ms(visit),
            relays="relays" in form,
        )
        secrets = _secrets(visit, cloud)
    except InvalidInput as error:
        return Page(view=_refused(_new_view(visit, cloud), error), status=422)
    if _signs_in(visit, cloud):
        return await _sign_in(visit, cloud, name, settings, secrets)
    vault = visit.services.authorization.cipher
    source = await link_source(
        visit.ports,
        vault,
        visit.owner_id,
        visit.actor,
        kind=cloud.kind,
        name=name,
        settings=settings,
        secrets=secrets,
    )
    return Redirect(to=f"/sources/{source.id}", done="source-connected")


async def show_again(visit: Visit) -> Answer:
    source = await source_of(visit)
    return Page(view=_again_view(visit, _cloud(visit, source.kind), source))


async def connect_again(visit: Visit) -> Answer:
    source = await source_of(visit)
    cloud = _cloud(visit, source.kind)
    try:
        settings = changed_cloud(source.settings, client_id=visit.form.text("client_id"))
        secrets = _secrets(visit, cloud)
    except InvalidInput as error:
        return Page(view=_refused(_again_view(visit, cloud, source), error), status=422)
    if _signs_in(visit, cloud):
        return await _sign_in(visit, cloud, source.name, settings, secrets, source)
    await _renew(visit, source.id, settings, secrets)
    return Redirect(to=f"/sources/{source.id}", done="source-connected")


async def come_back(visit: Visit) -> Answer:
    """From the vendor, with a code or with an error."""
    vault, session = visit.services.authorization.cipher, visit.session
    taken = session and await take_sign_in(
        visit.ports, vault, visit.owner_id, session.id, visit.query.text("state")
    )
    if not taken:
        text = (
            "This way back is not valid, or not any more: it works once, within ten minutes, in the browser "
            "and the household in which it began. Nothing was connected."
        )
        return _came_to_nothing("Begin again", text, "/sources/connect")
    begun, secrets = taken
    cloud = _cloud(visit, begun.kind)
    again = (
        f"/sources/{begun.source_id}/connect" if begun.source_id else f"/sources/connect?cloud={begun.kind}"
    )
    title = f"{cloud.title} was not connected"
    if "error" in visit.query or not visit.query.text("code"):
        return _came_to_nothing(title, _denial(visit, cloud), again)
    settings = cloud_settings(begun.settings)
    assert cloud.code_flow is not None, "only clouds with one are signed in at"
    try:
        given = await cloud.code_flow.redeem(
            settings.base_url or cloud.base_url,
            settings.client_id,
            secrets[CLIENT_SECRET],
            begun.redirect_uri,
            visit.query.text("code"),
        )
    except UpstreamError as error:
        text = f"You signed in, but then something went wrong: {error.message}. Nothing was connected."
        return _came_to_nothing(title, text, again)
    return await _connected(visit, begun, {**secrets, **given})


async def _connected(visit: Visit, begun: SignIn, secrets: Mapping[str, str]) -> Answer:
    if begun.source_id:
        await _renew(visit, begun.source_id, begun.settings, secrets)
        return Redirect(to=f"/sources/{begun.source_id}", done="source-connected")
    source = await link_source(
        visit.ports,
        visit.services.authorization.cipher,
        visit.owner_id,
        visit.actor,
        kind=begun.kind,
        name=begun.name,
        settings=begun.settings,
        secrets=secrets,
    )
    return Redirect(to=f"/sources/{source.id}", done="source-connected")


async def _sign_in(
    visit: Visit,
    cloud: CloudKind,
    name: str,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    source: Source | None = None,
) -> Answer:
    assert visit.session is not None, "the routes are for people signed in"
    assert cloud.code_flow is not None, "asked before"
    redirect_uri = _redirect_uri(visit)
    state = await begin_sign_in(
        visit.ports,
        visit.services.authorization.cipher,
        visit.owner_id,
        session_id=visit.session.id,
        kind=cloud.kind,
        name=name,
        settings=settings,
        secrets=secrets,
        redirect_uri=redirect_uri,
        source_id=source.id if source else "",
    )
    told = cloud_settings(settings)
    base_url = told.base_url or cloud.base_url
    address = cloud.code_flow.address(base_url, told.client_id, redirect_uri, state)
    view = GoingThere(
        title=f"Sign in at {cloud.title}",
        cloud=cloud.title,
        host=urlsplit(address).netloc,
        address=address,
        redirect_uri=redirect_uri,
    )
    return Page(view=view)


async def _renew(
    visit: Visit, source_id: str, settings: Mapping[str, Any], secrets: Mapping[str, str]
) -> None:
    await change_source(
        visit.ports,
        visit.services.authorization.cipher,
        visit.owner_id,
        visit.actor,
        source_id,
        settings=settings,
        secrets=secrets,
    )


def _came_to_nothing(title: str, text: str, again: str) -> Page:
    return Page(view=CameBack(title=title, text=text, again=again), status=400)


def _denial(visit: Visit, cloud: CloudKind) -> str:
    if visit.query.text("error") == DENIED:
        return f"{cloud.title} says that access was not allowed. Nothing was connected."
    return (
        f"{cloud.title} sent you back without a permission. Look whether the client id is right, and whether "
        f"the app’s redirect address there is {_redirect_uri(visit)}. Nothing was connected."
    )


def _cloud(visit: Visit, kind: str) -> CloudKind:
    """Raises NotFound for what is no cloud."""
    found = visit.services.clouds.get(kind)
    if found is None:
        raise NotFound("cloud", kind[:40])
    return found


def _choice(cloud: CloudKind) -> CloudChoice:
    return CloudChoice(kind=cloud.kind, title=cloud.title, hint=cloud.app_hint)


def _signs_in(visit: Visit, cloud: CloudKind) -> bool:
    return cloud.code_flow is not None and visit.form.text("way") == "sign-in"


def _secrets(visit: Visit, cloud: CloudKind) -> dict[str, str]:
    """What was typed. Signing in needs the app's secret only; where it is possible, pasting needs all.

    Raises InvalidInput naming what is missing.
    """
    secrets: dict[str, str] = {}
    for need in cloud.credentials:
        text = visit.form.verbatim(FIELD + need.name).strip()
        if len(text) > MOST_SECRET or not text.isprintable():
            raise InvalidInput(FIELD + need.name, f"{need.label}: that is none")
        if _signs_in(visit, cloud):
            is_needed = need.name == CLIENT_SECRET
        else:
            is_needed = cloud.code_flow is not None or not need.is_optional
        if not text and is_needed:
            raise InvalidInput(FIELD + need.name, f"{need.label}: enter it")
        if text and (is_needed or not _signs_in(visit, cloud)):
            secrets[need.name] = text
    return secrets


def _base_url(visit: Visit) -> str:
    """Another cloud's address, from an administrator only: the server itself goes there, and might be
    sent to its neighbours. Raises InvalidInput."""
    text = visit.form.text("base_url")
    if text and not visit.account.is_admin:
        raise InvalidInput("base_url", "only an administrator of this server may name another address")
    return text


def _since_ms(visit: Visit) -> int:
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


def _new_view(visit: Visit, cloud: CloudKind) -> Connecting:
    form = visit.form
    return Connecting(
        title=f"Connect {kind_name(cloud.kind, visit.services.clouds)}",
        cloud=_choice(cloud),
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
        redirect_uri=_redirect_uri(visit),
    )


def _again_view(visit: Visit, cloud: CloudKind, source: Source) -> Connecting:
    settings = cloud_settings(source.settings)
    return replace(
        _new_view(visit, cloud),
        title=f"Connect {source.name} again",
        action=f"/sources/{source.id}/connect",
        id=source.id,
        name=source.name,
        client_id=visit.form.text("client_id") or settings.client_id,
    )


def _refused(view: Connecting, error: InvalidInput) -> Connecting:
    if error.field.startswith(FIELD):
        return replace(view, problem=f"{error.reason}.", field=error.field)
    name = {"base_url": "Address", "client_id": "Client id", "since": "Collect from"}
    return replace(view, problem=f"{name.get(error.field, 'Name')}: {error.reason}.", field=error.field)


def _redirect_uri(visit: Visit) -> str:
    return visit.base_url + BACK


ROUTES = (
    Route(path="/sources/connect", show=show_new, submit=connect, roles=OWNERS),
    Route(path=BACK, show=come_back, roles=OWNERS),
    Route(path="/sources/{source:hex24}/connect", show=show_again, submit=connect_again, roles=OWNERS),
)
