"""Sources: the clouds, network servers and brokers of a household, what they do, and stopping them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ownclimate.core.departure import belongings_of, list_leaving
from ownclimate.core.errors import Conflict, InvalidInput, NotFound
from ownclimate.core.linking import (
    CLOUDS,
    change_source,
    find_linked,
    list_linked,
    pause_source,
    remove_source,
)
from ownclimate.core.things import Role, Source
from ownclimate.portal.pages.home import device_name
from ownclimate.portal.pages.source_views import ShownSource, shown_source
from ownclimate.portal.routes import Route
from ownclimate.portal.source_words import counted, kind_name, listed
from ownclimate.portal.visits import Answer, Page, Redirect, Visit
from ownclimate.sync.leaving import leave, leave_with_data
from ownclimate.sync.settings import changed_cloud

OWNERS = (Role.OWNER,)
SHOWN_DEVICES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """`leaving` are names of sources that are removed and whose data is still going."""

    template: ClassVar[str] = "sources.html"
    title: str = "Sources"
    sources: tuple[ShownSource, ...]
    leaving: tuple[str, ...]
    may_manage: bool
    clouds: tuple[str, ...]
    """Titles of the clouds that can be connected."""
    is_moving: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePage:
    template: ClassVar[str] = "source.html"
    title: str
    source: ShownSource
    may_manage: bool
    is_moving: bool
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What disconnecting would take along. `alone` are devices that nothing else feeds, by name; `more`
    counts those beyond them. `can_take` is False for what is no cloud: its readings were heard directly."""

    template: ClassVar[str] = "source_remove.html"
    title: str
    id: str
    name: str
    kind: str
    can_take: bool
    alone: tuple[str, ...] = ()
    more: int = 0
    shared: int = 0
    sites: tuple[str, ...] = ()
    rows: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    template: ClassVar[str] = "source_removed.html"
    title: str
    text: str


async def show_sources(visit: Visit) -> Answer:
    sources = [
        await shown_source(visit, source)
        for source in await list_linked(visit.ports.directory, visit.owner_id)
    ]
    leaving = await list_leaving(visit.ports.directory, visit.owner_id)
    is_moving = any(source.is_moving for source in sources)
    view = Sources(
        sources=tuple(sources),
        leaving=tuple(source.name for source in leaving),
        may_manage=_may_manage(visit),
        clouds=tuple(cloud.title for cloud in visit.services.clouds.values()),
        is_moving=is_moving,
    )
    return Page(view=view, is_live=is_moving)


async def show_source(visit: Visit) -> Answer:
    return await _page(visit, await source_of(visit))


async def rename(visit: Visit) -> Answer:
    source = await source_of(visit)
    vault = visit.services.authorization.cipher
    try:
        await change_source(
            visit.ports, vault, visit.owner_id, visit.actor, source.id, name=visit.form.text("name")
        )
    except InvalidInput as error:
        return await _page(visit, source, f"Name: {error.reason}.")
    return Redirect(to=f"/sources/{source.id}", done="saved")


async def pause(visit: Visit) -> Answer:
    return await _paused(visit, is_paused=True)


async def resume(visit: Visit) -> Answer:
    return await _paused(visit, is_paused=False)


async def relay(visit: Visit) -> Answer:
    return await _relayed(visit, relays=True)


async def stop_relay(visit: Visit) -> Answer:
    return await _relayed(visit, relays=False)


async def show_removal(visit: Visit) -> Answer:
    return Page(view=await _removal(visit, await source_of(visit)))


async def remove(visit: Visit) -> Answer:
    """Disconnects; with `data=remove` and the source's name typed, what it brought goes as well."""
    source = await source_of(visit)
    name = source.name
    if visit.form.text("data") != "remove":
        if source.kind in CLOUDS:
            await leave(visit.ports, visit.owner_id, visit.actor, source.id)
        else:
            await remove_source(visit.ports, visit.owner_id, visit.actor, source.id)
        return Redirect(to="/sources", done="source-removed")
    if source.kind not in CLOUDS or visit.form.text("name") != name:
        problem = "Type the source’s name to remove what it brought."
        return Page(view=await _removal(visit, source, problem), status=422)
    try:
        departed = await leave_with_data(visit.ports, visit.owner_id, visit.actor, source.id)
    except Conflict:
        return Redirect(to="/sources", done="source-leaving")
    gone = listed(
        [
            counted(departed.devices, "device"),
            counted(departed.sites, "home"),
            counted(departed.payloads, "payload"),
        ]
    )
    stayed = (
        f" {counted(departed.shared, 'device')} stayed, without the readings that came through it."
        if departed.shared
        else ""
    )
    text = f"It is disconnected, and what came through it alone is gone: {gone}.{stayed}"
    return Page(view=Removed(title=f"{name} is gone", text=text))


async def source_of(visit: Visit) -> Source:
    """The source in the path, of this household. Raises NotFound."""
    source = await find_linked(visit.ports.directory, visit.owner_id, visit.ids["source"])
    if source is None:
        raise NotFound("source", visit.ids["source"])
    return source


async def _page(visit: Visit, source: Source, problem: str = "") -> Page:
    shown = await shown_source(visit, source, in_detail=True)
    view = SourcePage(
        title=source.name,
        source=shown,
        may_manage=_may_manage(visit),
        is_moving=shown.is_moving,
        problem=problem,
    )
    return Page(view=view, status=422 if problem else 200, is_live=shown.is_moving)


async def _paused(visit: Visit, *, is_paused: bool) -> Answer:
    source = await source_of(visit)
    await pause_source(visit.ports, visit.owner_id, visit.actor, source.id, is_paused=is_paused)
    return Redirect(to=f"/sources/{source.id}", done="paused" if is_paused else "resumed")


async def _relayed(visit: Visit, *, relays: bool) -> Answer:
    source = await source_of(visit)
    if source.kind not in CLOUDS:
        raise NotFound("cloud", source.id)
    vault = visit.services.authorization.cipher
    settings = changed_cloud(source.settings, relays=relays)
    await change_source(visit.ports, vault, visit.owner_id, visit.actor, source.id, settings=settings)
    return Redirect(to=f"/sources/{source.id}", done="relays" if relays else "relays-not")


async def _removal(visit: Visit, source: Source, problem: str = "") -> Removal:
    kind = kind_name(source.kind, visit.services.clouds)
    bare = Removal(
        title=f"Disconnect {source.name}", id=source.id, name=source.name, kind=kind, can_take=False
    )
    if source.kind not in CLOUDS:
        return bare
    found = await belongings_of(visit.ports, visit.owner_id, source)
    shown = await shown_source(visit, source)
    return Removal(
        title=bare.title,
        id=source.id,
        name=source.name,
        kind=kind,
        can_take=True,
        alone=tuple(device_name(device) for device in found.alone[:SHOWN_DEVICES]),
        more=max(0, len(found.alone) - SHOWN_DEVICES),
        shared=len(found.shared),
        sites=tuple(site.name for site in found.sites),
        rows=shown.progress.rows if shown.progress else 0,
        problem=problem,
    )


def _may_manage(visit: Visit) -> bool:
    return visit.household.role in OWNERS


ROUTES = (
    Route(path="/sources", show=show_sources),
    Route(path="/sources/{source:hex24}", show=show_source),
    Route(path="/sources/{source:hex24}/name", submit=rename, roles=OWNERS),
    Route(path="/sources/{source:hex24}/pause", submit=pause, roles=OWNERS),
    Route(path="/sources/{source:hex24}/resume", submit=resume, roles=OWNERS),
    Route(path="/sources/{source:hex24}/relay", submit=relay, roles=OWNERS),
    Route(path="/sources/{source:hex24}/no-relay", submit=stop_relay, roles=OWNERS),
    Route(path="/sources/{source:hex24}/remove", show=show_removal, submit=remove, roles=OWNERS),
)
