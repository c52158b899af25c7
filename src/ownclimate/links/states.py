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
    """What the link was doing at `at_ms`."""

    at_ms: int
    link: LinkState
    unknown: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, state: LinkState, now_ms: int) -> SavedState:
        """As it is now; the state itself goes on changing."""
        return cls(at_ms=now_ms, link=dataclasses.replace(state))

    def has_turned(self, before: SavedState) -> bool:
        """Whether it came up, went down, or failed otherwise."""
        now, then = self.link, before.link
        return (now.connected_since_ms, now.last_error) != (then.connected_since_ms, then.last_error)


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
