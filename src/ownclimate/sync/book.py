"""What is remembered of a source: when each task is due, how far each history is, what is going on.

Rows of a source stand beside one another in the owner's partition, so they change in one write, and
go when the owner or the source does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.ids import OwnerId
from ownclimate.core.partitions import SYNC, owner_partition
from ownclimate.core.ports import Delete, Directory, Ports, Put
from ownclimate.core.writes import write_surely
from ownclimate.sync.gaps import Track

_LIVE: Final = "live"
_AFTER_PREFIX: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """When a task was done and is due again; `problem` says why it could not be done."""

    due_ms: int = 0
    done_ms: int = 0
    problem: str = ""
    label: str = ""
    track: Track | None = None
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What a source was doing at `at_ms`. `last_error` never holds a secret and stays when all is well."""

    at_ms: int = 0
    activity: str = ""
    calls: int = 0
    """Since the source was added."""
    refused: int = 0
    """Calls that the cloud refused for its limits."""
    saved: int = 0
    """Calls that were not made because what they ask for had nothing new the last time."""
    relayed: int = 0
    """Calls that took a command to the cloud."""
    next_ms: int = 0
    """When something is due next, or a pause ends."""
    last_success_ms: int = 0
    last_error: str = ""
    last_error_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Book:
    ports: Ports
    owner_id: OwnerId
    source_id: str

    async def recall(self, name: str) -> Mapping[str, Any]:
        partition = owner_partition(self.owner_id)
        found = await self.ports.directory.find(partition, SYNC, f"{self.source_id}/memory/{name}")
        return {} if found is None else found.body

    async def remember(self, name: str, body: Mapping[str, Any]) -> None:
        await self._write([self._put(f"memory/{name}", dict(body))])

    async def recall_all(self, prefix: str) -> Mapping[str, Mapping[str, Any]]:
        """By name those whose name begins so."""
        start = f"{self.source_id}/memory/{prefix}"
        rows = await self.ports.directory.scan(
            owner_partition(self.owner_id), SYNC, start=start, end=start + _AFTER_PREFIX
        )
        return {row.key.removeprefix(f"{self.source_id}/memory/"): row.body for row in rows}

    async def forget(self, name: str) -> None:
        delete = Delete(table=SYNC, key=f"{self.source_id}/memory/{name}")
        await write_surely(self.ports, owner_partition(self.owner_id), [delete], of="sync")

    async def save(self, live: Live, tasks: Mapping[str, TaskState]) -> None:
        """All in one write."""
        puts = [self._put(f"task/{key}", to_body(state)) for key, state in tasks.items()]
        await self._write([self._put(_LIVE, to_body(live)), *puts])

    async def load(self) -> tuple[Live, dict[str, TaskState]]:
        return await read_book(self.ports.directory, self.owner_id, self.source_id)

    def _put(self, name: str, body: dict[str, Any]) -> Put:
        return Put(table=SYNC, key=f"{self.source_id}/{name}", body=body)

    async def _write(self, puts: list[Put]) -> None:
        await write_surely(self.ports, owner_partition(self.owner_id), puts, of="sync")


async def read_book(
    directory: Directory, owner_id: OwnerId, source_id: str
) -> tuple[Live, dict[str, TaskState]]:
    """What is going on, and the tasks by key; both empty for a source that was never worked."""
    prefix = f"{source_id}/task/"
    tasks = await directory.scan(owner_partition(owner_id), SYNC, start=prefix, end=prefix + _AFTER_PREFIX)
    states = {row.key.removeprefix(prefix): from_body(TaskState, row.body) for row in tasks}
    return await read_live(directory, owner_id, source_id), states


async def read_live(directory: Directory, owner_id: OwnerId, source_id: str) -> Live:
    """What is going on; empty for a source that was never worked."""
    found = await directory.find(owner_partition(owner_id), SYNC, f"{source_id}/{_LIVE}")
    return Live() if found is None else from_body(Live, found.body)
