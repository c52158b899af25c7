"""Taking in a file of readings, whatever its format: chunk by chunk, in bounded memory.

A row that cannot be taken is reported with where it stands and the rest goes in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ownclimate.core.devices import find_device_number
from ownclimate.core.errors import InvalidInput
from ownclimate.core.ids import DeviceNumber, OwnerId
from ownclimate.core.ports import Ports
from ownclimate.core.readings import OriginKind
from ownclimate.core.sources import origin_of, standing_source
from ownclimate.core.things import Source
from ownclimate.core.writes import Actor
from ownclimate.ingest.readings import device_batch
from ownclimate.ingest.rows import Parsed

DEVICE: Final = "device"
AT: Final = "at"

CHUNK_ROWS: Final = 10_000
"""Rows recorded at a time, counted from the top of the file: the same file makes the same payloads, so
that importing it again is a replay."""
KEPT_BAD_ROWS: Final = 1_000

Progress = Callable[[int], None]
"""Told how much of the file is done, in the file's own measure."""


def no_progress(done: int) -> None:
    """For callers that do not watch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A row that was not taken; `line` is where it begins, counted from 1."""

    line: int
    reason: str


@dataclass(slots=True, kw_only=True)
class FileReport:
    """What became of a file's rows. `bad_rows` holds the first of `bad_count`."""

    stored: int = 0
    unchanged: int = 0
    bad_count: int = 0
    bad_rows: list[BadLine] = field(default_factory=list)

    def refuse(self, line: int, reason: str) -> None:
        self.bad_count += 1
        if len(self.bad_rows) < KEPT_BAD_ROWS:
            self.bad_rows.append(BadLine(line=line, reason=reason))


@dataclass(slots=True, kw_only=True)
class FileIntake:
    """Records the chunks of one file under the owner's standing source of its kind."""

    ports: Ports
    owner_id: OwnerId
    source: Source
    report: FileReport = field(default_factory=FileReport)

    @classmethod
    async def begin(cls, ports: Ports, owner_id: OwnerId, actor: Actor, kind: str) -> FileIntake:
        source = await standing_source(ports, owner_id, actor, kind)
        return cls(ports=ports, owner_id=owner_id, source=source)

    async def take(self, parsed: Parsed, lines: Sequence[int]) -> None:
        """Records a chunk; `lines` is where each of its rows begins. Raises StoreUnavailable, after which
        importing the file again completes it."""
        numbers = await self._device_numbers(parsed)
        origin = origin_of(self.source, OriginKind.IMPORT)
        arrived_ms = self.ports.arrivals.next_ms()
        batches = [
            device_batch(group, numbers[group.device], origin, self.source.id, arrived_ms)
            for group in parsed.groups
            if group.device in numbers and group.columns
        ]
        for index in sorted(parsed.problems):
            self.report.refuse(lines[index], parsed.problems[index])
        stored = (await self.ports.series.record(batches)).stored if batches else 0
        self.report.stored += stored
        self.report.unchanged += parsed.count - len(parsed.problems) - stored

    async def _device_numbers(self, parsed: Parsed) -> dict[str, DeviceNumber]:
        """Numbers of the known devices; rows of the others become problems."""
        numbers: dict[str, DeviceNumber] = {}
        for group in parsed.groups:
            try:
                number = await find_device_number(self.ports.directory, self.owner_id, group.device)
            except InvalidInput:
                number = None
            if number is not None:
                numbers[group.device] = number
            else:
                reason = f"unknown device {group.device[:80]!r}"
                parsed.problems.update(dict.fromkeys(group.indices, reason))
        return numbers
