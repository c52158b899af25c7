"""What the command line tells of a source, for people and scripts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ownclimate.cli.times import utc_text
from ownclimate.collecting import CLOUD_KINDS, uses_of
from ownclimate.core.accounts import list_owner_ids
from ownclimate.core.errors import NotFound
from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import CLOUDS, Vault, find_any_source
from ownclimate.core.ports import Ports
from ownclimate.core.things import Source
from ownclimate.links.mqtt import LinkState
from ownclimate.links.states import SavedState
from ownclimate.sync.gaps import Span
from ownclimate.sync.status import History, silent_since_ms, status_of

RECONNECT: Final = "connect its account again"
"""How rooms that know no command line end an error that somebody has to do something about."""
DAY_S: Final = 86_400


async def owner_of(ports: Ports, source_id: str) -> OwnerId:
    """Whose the source is; removed ones too. Raises NotFound."""
    for owner_id in await list_owner_ids(ports.directory):
        if await find_any_source(ports.directory, owner_id, source_id) is not None:
            return owner_id
    raise NotFound("source", source_id)


def source_row(owner_id: OwnerId, found: Source, saved: SavedState | None) -> dict[str, Any]:
    """Of any kind, never its keys."""
    state = saved.link if saved else LinkState()
    return {
        "id": found.id,
        "name": found.name,
        "kind": found.kind,
        "state": _word(found, saved),
        "settings": found.settings,
        "messages": state.messages,
        "given_up": state.given_up,
        "published": state.published,
        "connected_since": _at(state.connected_since_ms),
        "last_message": _at(state.last_message_ms),
        "last_error": advised(state.last_error, found.id),
        "last_error_at": _at(state.last_error_ms),
        "owner_id": owner_id,
        "created": utc_text(found.created_ms),
    }


async def cloud_row(
    ports: Ports, vault: Vault, owner_id: OwnerId, source: Source, now_ms: int
) -> dict[str, Any]:
    """How far a cloud is collected. Makes no call."""
    found = await status_of(ports.directory, owner_id, source, now_ms)
    uses = await uses_of(ports, vault, owner_id, source)
    live = found.live
    return {
        "id": source.id,
        "name": source.name,
        "kind": source.kind,
        "state": "paused" if source.is_paused else live.activity or "not worked yet",
        "percent": round(found.known_part * 100, 1) if CLOUD_KINDS[source.kind].keeps_history else None,
        "rows": found.rows,
        "oldest": _at(found.oldest_ms),
        "newest": _at(found.newest_ms),
        "missing_seconds": found.missing_ms // 1000,
        "calls": live.calls,
        "refused": live.refused,
        "saved": live.saved,
        "relayed": live.relayed,
        "left": min((max(0, use.allowed - use.calls) for use in uses), default=None),
        "quota": [
            {
                "of": use.meter,
                "used": use.calls,
                "allowed": use.allowed,
                "left": max(0, use.allowed - use.calls),
                "seconds": use.span_ms / 1000 if use.span_ms % 1000 else use.span_ms // 1000,
            }
            for use in uses
        ],
        "histories": [_history_row(history) for history in found.histories],
        "problems": list(found.problems),
        "next": _at(live.next_ms),
        "last_success": _at(live.last_success_ms),
        "last_error": advised(live.last_error, source.id),
        "last_error_at": _at(live.last_error_ms),
        "silent_since": _at(silent_since_ms(source, live, now_ms)),
        "owner_id": owner_id,
    }


def with_words(row: dict[str, Any]) -> dict[str, Any]:
    """For people: what is missing as a length, and which histories it is missing of."""
    return {**row, "missing": _length(row["missing_seconds"])}


def history_words(row: dict[str, Any]) -> dict[str, Any]:
    """A history as a line."""
    gaps = [f"{gap['from']} to {gap['to']}" for gap in row["gaps"]]
    more = f" and {len(gaps) - 1} older" if len(gaps) > 1 else ""
    return {
        **row,
        "missing": f"{gaps[0]}{more}" if gaps else "",
        "can_give": "" if not gaps else "yes" if row["gaps"][0]["cloud_can_give"] else "no",
        "silent": len(row["holes"]) or "",
    }


def counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def is_cloud(source: Source) -> bool:
    return source.kind in CLOUDS


def advised(message: str, source_id: str) -> str:
    """With the command that does what the message asks for."""
    return message.replace(RECONNECT, f"{RECONNECT}: ownclimate source connect {source_id}")


def _history_row(history: History) -> dict[str, Any]:
    track = history.track
    return {
        "of": history.label,
        "rows": track.rows,
        "oldest": _at(track.oldest_ms),
        "newest": _at(track.newest_ms),
        "gaps": [{**span, "cloud_can_give": history.can_be_had} for span in _spans(history.gaps)],
        "holes": _spans(history.holes),
        "problem": history.problem,
    }


def _spans(spans: Iterable[Span]) -> list[dict[str, Any]]:
    return [{"from": _at(start), "to": _at(end)} for start, end in spans]


def _length(seconds: int) -> str:
    if seconds >= DAY_S:
        return f"{seconds / DAY_S:.1f} days"
    return f"{seconds / 3600:.1f} h" if seconds else ""


def _at(at_ms: int) -> str | None:
    return utc_text(at_ms) if at_ms else None


def _word(found: Source, saved: SavedState | None) -> str:
    if found.is_paused:
        return "paused"
    if not is_cloud(found) and not found.settings.get("broker"):
        return "answers only"
    if saved is None:
        return "not worked yet"
    return "connected" if saved.link.connected_since_ms else "not connected"
