"""How far a source is, for people and scripts, from what was written down: no process is asked."""

from __future__ import annotations

from dataclasses import dataclass

from ownclimate.core.ids import OwnerId
from ownclimate.core.ports import Directory
from ownclimate.core.things import Source
from ownclimate.sync.book import Live, TaskState, read_book
from ownclimate.sync.gaps import Span, Track


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Of one device; `known_part` 0 to 1 of the time from its oldest value until now."""

    label: str
    track: Track
    gaps: tuple[Span, ...]
    known_part: float
    problem: str


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
