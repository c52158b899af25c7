"""How far a source is, for people and scripts, from what was written down: no process is asked.

What is missing of a history is one of three things: not asked for yet, so that the cloud can still give it;
refused or not there, so that it cannot (`problem`); or asked for, and the cloud had nothing there (`holes`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ownclimate.core.ids import OwnerId
from ownclimate.core.linking import CLOUDS, list_linked
from ownclimate.core.ports import Directory
from ownclimate.core.things import Source
from ownclimate.sync.book import Live, TaskState, read_book, read_live
from ownclimate.sync.gaps import Span, Track

SILENT_MS: Final = 24 * 3_600_000
"""A cloud that fails for longer is said to answer no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Of one device; `known_part` 0 to 1 of the time from its oldest value until now.

    `gaps` were not asked for yet, `holes` were and the cloud has nothing there; both newest first.
    """

    label: str
    track: Track
    gaps: tuple[Span, ...]
    known_part: float
    problem: str

    @property
    def holes(self) -> tuple[Span, ...]:
        """Reckoned when it is asked for: there may be hundreds."""
        return tuple(self.track.holes())

    @property
    def can_be_had(self) -> bool:
        """Whether the cloud can still give what is in the gaps."""
        return not self.problem

    @property
    def missing_ms(self) -> int:
        return sum(end - start for start, end in self.gaps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    live: Live
    histories: tuple[History, ...]
    problems: tuple[str, ...]
    """Of what the cloud does not have or may not give."""

    @property
    def rows(self) -> int:
        return sum(history.track.rows for history in self.histories)

    @property
    def oldest_ms(self) -> int:
        return min((h.track.oldest_ms for h in self.histories if h.track.oldest_ms), default=0)

    @property
    def newest_ms(self) -> int:
        return max((h.track.newest_ms for h in self.histories), default=0)

    @property
    def missing_ms(self) -> int:
        """Of all histories together, not asked for yet."""
        return sum(history.missing_ms for history in self.histories)

    @property
    def known_part(self) -> float:
        parts = [history.known_part for history in self.histories]
        return sum(parts) / len(parts) if parts else 0.0


async def status_of(directory: Directory, owner_id: OwnerId, source: Source, now_ms: int) -> Status:
    live, tasks = await read_book(directory, owner_id, source.id)
    return Status(
        live=live,
        histories=tuple(
            _history(task, task.track, now_ms) for task in tasks.values() if task.track is not None
        ),
        problems=tuple(sorted(f"{task.label}: {task.problem}" for task in tasks.values() if task.problem)),
    )


def silent_since_ms(source: Source, live: Live, now_ms: int) -> int:
    """When the cloud last answered, for one that is asked and has not answered for a day; else 0."""
    since_ms = live.last_success_ms or source.created_ms
    is_failing = not source.is_paused and live.last_error_ms > live.last_success_ms
    return since_ms if is_failing and now_ms - since_ms > SILENT_MS else 0


async def list_silent(directory: Directory, owner_id: OwnerId, now_ms: int) -> list[tuple[Source, int]]:
    """The owner's clouds that answer no more, each with when it last did."""
    silent = []
    for source in await list_linked(directory, owner_id):
        if source.kind in CLOUDS:
            since_ms = silent_since_ms(source, await read_live(directory, owner_id, source.id), now_ms)
            if since_ms:
                silent.append((source, since_ms))
    return silent


def _history(task: TaskState, track: Track, now_ms: int) -> History:
    gaps = tuple(track.gaps(now_ms))
    whole_ms = now_ms - (track.oldest_ms or now_ms)
    missing_ms = sum(end - start for start, end in gaps)
    return History(
        label=task.label,
        track=track,
        gaps=gaps,
        known_part=max(0.0, 1 - missing_ms / whole_ms) if whole_ms > 0 else 1.0,
        problem=task.problem,
    )
