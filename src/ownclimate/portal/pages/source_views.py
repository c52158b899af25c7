"""What is shown of a source, made from what was written down of it: no cloud is asked for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ownclimate.core.devices import list_devices
from ownclimate.core.things import Device, Source
from ownclimate.links.states import SavedState, find_state
from ownclimate.portal import words
from ownclimate.portal.source_words import (
    UP_TO_DATE,
    called,
    cloud_state,
    kind_name,
    link_state,
    long_text,
    silence_text,
)
from ownclimate.portal.visits import Visit
from ownclimate.sync.gaps import Span
from ownclimate.sync.quota import Use
from ownclimate.sync.settings import cloud_settings
from ownclimate.sync.status import History, Status, list_silent, silent_since_ms, status_of

METERS: Final = {"user": "Account", "app": "App"}
"""What calls are counted for."""
SHOWN_SPANS: Final = 5
"""Of each history; there may be hundreds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Calls of a user or an app in a span of time."""

    of: str
    span: str
    made: int
    allowed: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Something that is missing, and whether it can still come; instants in epoch milliseconds."""

    start_ms: int
    end_ms: int
    length: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownHistory:
    """`name` is that of the device, where it is known here; else what the cloud's collector calls it.

    `gaps` can still be had unless there is a `problem`; in `holes` the cloud has nothing.
    """

    name: str
    label: str
    rows: int
    oldest_ms: int
    newest_ms: int
    percent: int
    gaps: tuple[Stretch, ...]
    more_gaps: int
    missing: str
    holes: tuple[Stretch, ...]
    more_holes: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Of a cloud. `percent` is rounded down: only what is whole is called so. None for a cloud that keeps
    no history."""

    percent: int | None
    rows: int
    oldest_ms: int
    newest_ms: int
    calls: int
    refused: int
    saved: int
    relayed: int
    windows: tuple[Window, ...]
    partial: tuple[ShownHistory, ...]
    """Histories of which something is missing."""
    whole: tuple[ShownHistory, ...]
    problems: tuple[str, ...]
    relays: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSource:
    """`is_moving`: what is said of it may change within seconds. `progress` None for what is no cloud."""

    id: str
    name: str
    kind: str
    state: str
    is_paused: bool
    is_moving: bool
    silence: str
    last_success_ms: int
    last_error: str
    last_error_ms: int
    is_failing: bool
    """Whether the last error came after the last success."""
    messages: int
    progress: Progress | None


async def shown_source(visit: Visit, source: Source, *, in_detail: bool = False) -> ShownSource:
    """`in_detail` with what is left of its calls, and with its histories by their devices' names."""
    saved = await find_state(visit.ports.directory, source.id)
    if source.kind not in visit.services.clouds:
        return _linked(visit, source, saved)
    zone = words.zone_of(visit.account.time_zone)
    found = await status_of(visit.ports.directory, visit.owner_id, source, visit.now_ms)
    live = found.live
    uses = await visit.services.cloud_uses(visit.owner_id, source) if in_detail else ()
    histories = await _histories(visit, found) if in_detail else ()
    since_ms = silent_since_ms(source, live, visit.now_ms)
    clouds = visit.services.clouds
    link = None if saved is None else saved.link
    return ShownSource(
        id=source.id,
        name=source.name,
        kind=kind_name(source.kind, clouds),
        state=cloud_state(source, live, saved, zone),
        is_paused=source.is_paused,
        is_moving=not source.is_paused and live.activity != UP_TO_DATE,
        silence=silence_text(called(source, clouds), since_ms, zone) if since_ms else "",
        last_success_ms=live.last_success_ms,
        last_error=live.last_error or (link.last_error if link else ""),
        last_error_ms=live.last_error_ms or (link.last_error_ms if link else 0),
        is_failing=live.last_error_ms > live.last_success_ms,
        messages=0,
        progress=_progress(
            found,
            uses,
            histories,
            relays=cloud_settings(source.settings).relays,
            keeps_history=clouds[source.kind].keeps_history,
        ),
    )


async def silences(visit: Visit, device: Device | None = None) -> tuple[str, ...]:
    """What is to be said of the household's clouds that answer no more; of those behind the device, when
    one is given."""
    zone = words.zone_of(visit.account.time_zone)
    silent = await list_silent(visit.ports.directory, visit.owner_id, visit.now_ms)
    return tuple(
        silence_text(called(source, visit.services.clouds), since_ms, zone)
        for source, since_ms in silent
        if device is None or _stands_behind(source, device)
    )


def _stands_behind(source: Source, device: Device) -> bool:
    """Whether the device is known, or reached, by way of the source and not heard here."""
    if device.is_heard:
        return False
    link = device.link.get("source")
    return link == source.id or any(report.source == source.id for report in device.reports.values())


def _linked(visit: Visit, source: Source, saved: SavedState | None) -> ShownSource:
    link = None if saved is None else saved.link
    return ShownSource(
        id=source.id,
        name=source.name,
        kind=kind_name(source.kind, visit.services.clouds),
        state=link_state(source, saved),
        is_paused=source.is_paused,
        is_moving=False,
        silence="",
        last_success_ms=link.last_message_ms if link else 0,
        last_error=link.last_error if link else "",
        last_error_ms=link.last_error_ms if link else 0,
        is_failing=bool(link and link.last_error and not link.connected_since_ms),
        messages=link.messages if link else 0,
        progress=None,
    )


async def _histories(visit: Visit, found: Status) -> list[ShownHistory]:
    """In the order of their names."""
    devices = await list_devices(visit.ports.directory, visit.owner_id)
    names = {device.vendor_id.lower(): device.name for device in devices if device.name}
    shown = (_shown_history(history, names) for history in found.histories)
    return sorted(shown, key=lambda history: history.name)


def _progress(
    found: Status,
    uses: Sequence[Use],
    histories: Sequence[ShownHistory],
    *,
    relays: bool,
    keeps_history: bool,
) -> Progress:
    return Progress(
        percent=int(found.known_part * 100) if keeps_history else None,
        rows=found.rows,
        oldest_ms=found.oldest_ms,
        newest_ms=found.newest_ms,
        calls=found.live.calls,
        refused=found.live.refused,
        saved=found.live.saved,
        relayed=found.live.relayed,
        windows=tuple(
            Window(
                of=METERS.get(use.meter, use.meter),
                span=words.span_text(use.span_ms // 1000),
                made=use.calls,
                allowed=use.allowed,
                left=max(0, use.allowed - use.calls),
            )
            for use in uses
        ),
        partial=tuple(history for history in histories if history.gaps or history.problem),
        whole=tuple(history for history in histories if not history.gaps and not history.problem),
        problems=found.problems,
        relays=relays,
    )


def _shown_history(history: History, names: Mapping[str, str]) -> ShownHistory:
    """A collector's label ends in what the maker calls the device."""
    called = history.label[:1].upper() + history.label[1:]
    return ShownHistory(
        name=names.get(history.label.rpartition(" ")[2].lower(), called),
        label=history.label,
        rows=history.track.rows,
        oldest_ms=history.track.oldest_ms,
        newest_ms=history.track.newest_ms,
        percent=int(history.known_part * 100),
        gaps=_stretches(history.gaps),
        more_gaps=max(0, len(history.gaps) - SHOWN_SPANS),
        missing=long_text(history.missing_ms) if history.missing_ms else "",
        holes=_stretches(history.holes),
        more_holes=max(0, len(history.holes) - SHOWN_SPANS),
        problem=history.problem,
    )


def _stretches(spans: Sequence[Span]) -> tuple[Stretch, ...]:
    return tuple(
        Stretch(start_ms=start, end_ms=end, length=long_text(end - start))
        for start, end in spans[:SHOWN_SPANS]
    )
