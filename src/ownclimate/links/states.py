"""What a source is doing, written down so that other processes (the command line, a page) can tell."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Final

from ownclimate.core.documents import from_body, to_body
from ownclimate.core.ports import Delete, Directory, Ports, Put
from ownclimate.core.writes import write_surely
from ownclimate.links.mqtt import LinkState

PARTITION: Final = "links"
TABLE: Final = "state"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedState:
    """`LinkState` at `at_ms`."""

    at_ms: int
    connected_since_ms: int = 0
    last_message_ms: int = 0
    messages: int = 0
    given_up: int = 0
    published: int = 0
    connections: int = 0
    last_error: str = ""
    last_error_ms: int = 0
    unknown: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, state: LinkState, now_ms: int) -> SavedState:
        return cls(at_ms=now_ms, **dataclasses.asdict(state))

    def has_turned(self, before: SavedState) -> bool:
        """Whether it came up, went down, or failed otherwise."""
        return (self.connected_since_ms, self.last_error) != (before.connected_since_ms, before.last_error)

    def has_moved(self, before: SavedState) -> bool:
        return dataclasses.replace(self, at_ms=before.at_ms) != before


async def save_state(ports: Ports, source_id: str, state: SavedState) -> None:
    put = Put(table=TABLE, key=source_id, body=to_body(state))
    await write_surely(ports, PARTITION, [put], of="link state")


async def forget_state(ports: Ports, source_id: str) -> None:
    await write_surely(ports, PARTITION, [Delete(table=TABLE, key=source_id)], of="link state")


async def find_state(directory: Directory, source_id: str) -> SavedState | None:
    """What the source was doing when that was last written down; None when it was never worked."""
    found = await directory.find(PARTITION, TABLE, source_id)
    return None if found is None else from_body(SavedState, found.body)


async def list_states(directory: Directory) -> list[str]:
    """The ids of the sources whose state was ever written down and not forgotten."""
    return [document.key for document in await directory.scan(PARTITION, TABLE)]
