"""Activity: who did what in the household, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ownclimate.core.accounts import load_account
from ownclimate.core.audit import list_entries
from ownclimate.core.devices import find_device
from ownclimate.core.ids import is_id
from ownclimate.core.sites import list_rooms, list_sites
from ownclimate.core.writes import AuditEntry
from ownclimate.oauth.clients import find_client
from ownclimate.oauth.keys import KeyKind, list_keys
from ownclimate.portal.routes import Route
from ownclimate.portal.visits import VIA, Answer, Page, Visit
from ownclimate.portal.words import deed

PAGE = 50
WAYS_IN = {
    VIA: "",
    "cli": "on the command line",
    "demo": "by the demo",
    "token": "through an API",
    "hook": "through a door for devices",
    "timetable": "by the timetable",
    "device": "at a device itself",
}


NAMED_AFTER = {"grant": "client", "member": "account", "administrator": "account", "password": "account"}
"""Kinds whose object is called as another is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    at_ms: int
    who: str
    what: str
    name: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """`older` is the address of the next page, empty on the last."""

    template: ClassVar[str] = "activity.html"
    title: str = "Activity"
    lines: tuple[Line, ...]
    older: str
    is_first: bool


async def show_activity(visit: Visit) -> Answer:
    before = visit.query.text("before")
    before = before if is_id(before) else ""
    entries = await list_entries(
        visit.ports.directory,
        visit.owner_id,
        since_ms=visit.household.owner.created_ms,
        now_ms=visit.now_ms,
        before=before or None,
        limit=PAGE + 1,
    )
    names = _Names(visit)
    lines = tuple([await _line(entry, names) for entry in entries[:PAGE]])
    older = f"/activity?before={entries[PAGE - 1].id}" if len(entries) > PAGE else ""
    return Page(view=Activity(lines=lines, older=older, is_first=not before))


async def _line(entry: AuditEntry, names: _Names) -> Line:
    actor = entry.actor
    who = await names.of("account", actor.account_id) if actor.account_id else ""
    app = await names.of("client", actor.client_id) if actor.client_id else ""
    how = WAYS_IN.get(actor.via, actor.via)
    return Line(
        at_ms=entry.at_ms,
        who=who or app or "This server",
        what=deed(entry.verb, entry.kind),
        name=await names.of(entry.kind, str(entry.details.get("client_id") or entry.object_id)),
        how=f"with {app}" if who and app else how,
    )


class _Names:
    """What things are called, looked up once a page; empty for what is gone."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._known: dict[tuple[str, str], str] = {}
        self._is_filled = False

    async def of(self, kind: str, id: str) -> str:
        await self._fill()
        key = (NAMED_AFTER.get(kind, kind), id)
        if key not in self._known:
            self._known[key] = await self._look_up(*key)
        return self._known[key]

    async def _fill(self) -> None:
        if self._is_filled:
            return
        self._is_filled = True
        directory, owner_id = self._visit.ports.directory, self._visit.owner_id
        for site in await list_sites(directory, owner_id):
            self._known["site", site.id] = site.name
        for room in await list_rooms(directory, owner_id):
            self._known["room", room.id] = room.name
        for kind in KeyKind:
            for credential in await list_keys(directory, owner_id, kind):
                self._known[kind.value, credential.id] = credential.name

    async def _look_up(self, kind: str, id: str) -> str:
        visit = self._visit
        if kind == "account":
            account = await load_account(visit.ports.directory, id)
            return "" if account is None else account.email
        if kind == "client":
            client = await find_client(visit.services.authorization, id)
            return "" if client is None else client.name
        if kind == "device":
            device = await find_device(visit.ports.directory, visit.owner_id, id)
            return "" if device is None else device.name or device.vendor_id
        return ""


ROUTES = (Route(path="/activity", show=show_activity),)
