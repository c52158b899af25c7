"""Connecting a cloud, and connecting it again: credentials pasted, or signing in at the vendor's.

Signing in leads the browser to the vendor by a link, which needs no exception in our policy for forms, and
back to one address for all clouds. What it brings counts for the session that began it, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from ownclimate.core.errors import InvalidInput, NotFound, RateLimited, UpstreamError
from ownclimate.core.linking import change_source, find_linked, link_source
from ownclimate.core.sites import checked_name
from ownclimate.core.things import Source
from ownclimate.portal.pages.connecting_form import (
    BACK,
    Choosing,
    again_form,
    choice_of,
    new_form,
    redirect_uri_of,
    refused_form,
    signs_in,
    typed_base_url,
    typed_secrets,
    typed_since_ms,
)
from ownclimate.portal.pages.sources import OWNERS, source_of
from ownclimate.portal.routes import Route
from ownclimate.portal.visits import Answer, Page, Redirect, Visit
from ownclimate.sync.kinds import CloudKind
from ownclimate.sync.settings import CLIENT_SECRET, changed_cloud, checked_cloud, cloud_settings
from ownclimate.sync.sign_in import begin_sign_in, take_sign_in

DENIED: Final = "access_denied"


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
        return Page(view=Choosing(clouds=tuple(choice_of(cloud) for cloud in clouds.values())))
    return Page(view=new_form(visit, _cloud(visit, visit.query.text("cloud"))))


async def connect(visit: Visit) -> Answer:
    cloud = _cloud(visit, visit.form.text("cloud"))
    form = visit.form
    try:
        name = checked_name(form.text("name") or cloud.title)
        settings = checked_cloud(
            client_id=form.text("client_id"),
            base_url=typed_base_url(visit),
            since_ms=typed_since_ms(visit),
            relays="relays" in form,
        )
        secrets = typed_secrets(visit, cloud)
    except InvalidInput as error:
        return Page(view=refused_form(new_form(visit, cloud), error), status=422)
    if signs_in(visit, cloud):
        return await _sign_in(visit, cloud, name, settings, secrets)
    return await _connected(visit, cloud.kind, name, settings, secrets)


async def show_again(visit: Visit) -> Answer:
    source = await source_of(visit)
    return Page(view=again_form(visit, _cloud(visit, source.kind), source))


async def connect_again(visit: Visit) -> Answer:
    source = await source_of(visit)
    cloud = _cloud(visit, source.kind)
    try:
        settings = changed_cloud(source.settings, client_id=visit.form.text("client_id"))
        secrets = typed_secrets(visit, cloud)
    except InvalidInput as error:
        return Page(view=refused_form(again_form(visit, cloud, source), error), status=422)
    if signs_in(visit, cloud):
        return await _sign_in(visit, cloud, source.name, settings, secrets, source)
    return await _connected(visit, cloud.kind, source.name, settings, secrets, source.id)


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
    except (UpstreamError, RateLimited) as error:
        text = f"You signed in, but then something went wrong: {error.message}. Nothing was connected."
        return _came_to_nothing(title, text, again)
    return await _connected(
        visit, begun.kind, begun.name, begun.settings, {**secrets, **given}, begun.source_id
    )


async def _connected(
    visit: Visit,
    kind: str,
    name: str,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    source_id: str = "",
) -> Answer:
    """A new source, or with a `source_id` that one under new credentials."""
    ports, vault = visit.ports, visit.services.authorization.cipher
    if source_id:
        found = await find_linked(ports.directory, visit.owner_id, source_id)
        if found is None:
            raise NotFound("source", source_id)
        # What its owner allowed or forbade while somebody was away signing in holds.
        settings = changed_cloud(found.settings, client_id=cloud_settings(settings).client_id)
        source = await change_source(
            ports, vault, visit.owner_id, visit.actor, source_id, settings=settings, secrets=secrets
        )
    else:
        source = await link_source(
            ports,
            vault,
            visit.owner_id,
            visit.actor,
            kind=kind,
            name=name,
            settings=settings,
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
    redirect_uri = redirect_uri_of(visit)
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


def _came_to_nothing(title: str, text: str, again: str) -> Page:
    return Page(view=CameBack(title=title, text=text, again=again), status=400)


def _denial(visit: Visit, cloud: CloudKind) -> str:
    if visit.query.text("error") == DENIED:
        return f"{cloud.title} says that access was not allowed. Nothing was connected."
    return (
        f"{cloud.title} sent you back without a permission. Look whether the client id is right, and whether "
        f"the app’s redirect address there is {redirect_uri_of(visit)}. Nothing was connected."
    )


def _cloud(visit: Visit, kind: str) -> CloudKind:
    """Raises NotFound for what is no cloud."""
    found = visit.services.clouds.get(kind)
    if found is None:
        raise NotFound("cloud", kind[:40])
    return found


ROUTES = (
    Route(path="/sources/connect", show=show_new, submit=connect, roles=OWNERS),
    Route(path=BACK, show=come_back, roles=OWNERS),
    Route(path="/sources/{source:hex24}/connect", show=show_again, submit=connect_again, roles=OWNERS),
)
