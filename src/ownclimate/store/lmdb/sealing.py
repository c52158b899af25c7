"""Sealing and merging: head rows become blocks, small blocks become large ones.

Plan (read one moment) → encode (no transaction) → replace (one short write that first checks that
everything it replaces is still there). docs/series-format.md §5 argues why nothing can be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import lmdb

from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.head_records import unpack_heads
from ownclimate.store.lmdb.series_records import DeviceState, IndexEntry, SeriesDatabases
from ownclimate.store.merging import Rows, merge
from ownclimate.store.series_format import Block, encode_blocks

FANOUT: Final = 8
"""Blocks of one size class that are merged together, and the factor between classes. With eight a row
is rewritten twice on its way from 256 to 16,000 rows; with two it would be six times."""
_SEAL_ROWS: Final = 8_000
"""Head rows sealed in one go when the sealer has fallen behind; removing them takes some 10 ms."""
_MERGE_ROWS: Final = 300_000
"""Rows merged in one go, which bounds memory."""

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replacement:
    """Blocks to put, and the blocks and head records (as they were read) whose rows they hold."""

    device: int
    deletions: int
    sequence: int
    head_rows: int
    entries: Sequence[IndexEntry]
    heads: Sequence[tuple[bytes, bytes]]
    blocks: Sequence[tuple[Rows, bytes]]

    @property
    def size_bytes(self) -> int:
        return sum(len(content) for _, content in self.blocks) + 64 * len(self.heads)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sealer:
    """Plans without writing, then replaces; any number may work at once, in any process.

    `step` is called with a name between any two steps, so that tests can stop there.
    """

    environment: Environment
    databases: SeriesDatabases
    block_rows: int
    fanout: int
    step: Step

    def plan_seal(self, device: int, is_due: Callable[[DeviceState], bool]) -> Replacement | None:
        """A block of the head's rows; None when there are none or they are not due."""
        with self.environment.read() as transaction:
            state = self.databases.find_state(transaction, device)
            if state is None or not state.head_rows or not is_due(state):
                return None
            heads = self.databases.list_head(transaction, device, 0, 1 << 63, limit=_SEAL_ROWS)
        self.step("head read")
        rows = merge([unpack_heads(heads)])
        return self._replacement(device, state, rows, heads=heads)

    def plan_merge(self, device: int) -> Replacement | None:
        """One group of blocks that is due, merged; None when none is."""
        with self.environment.read() as transaction:
            state = self.databases.find_state(transaction, device)
            if state is None or state.blocks < 2:
                return None
            due = due_for_merging(
                self.databases.list_index(transaction, device), self.block_rows, self.fanout
            )
            contents = [self.databases.get_block(transaction, device, entry.number) for entry in due]
        return self._plan_merge(device, state, due, contents) if due else None

    def replace(self, replacements: Sequence[Replacement]) -> list[bool]:
        """Puts the new for the old, all in one commit; False for those that somebody interfered with."""
        if not replacements:
            return []
        self.step("encoded")
        replaced = self.environment.committer.submit_and_wait(
            lambda transaction: [self._apply(transaction, replacement) for replacement in replacements],
            size_bytes=sum(replacement.size_bytes for replacement in replacements),
            may_use_reserve=True,
            undo_on_error=True,
        )
        self.step("committed")
        return replaced

    def compact(self, device: int) -> None:
        """Seals the head and rewrites all blocks as full, separate ones, a bounded group at a time."""
        while (seal := self.plan_seal(device, lambda state: True)) is not None:
            self.replace([seal])
        done_ms = -1
        while True:
            with self.environment.read() as transaction:
                state = self.databases.find_state(transaction, device)
                if state is None:
                    return
                entries = self.databases.list_index(transaction, device)
                group = _next_group(entries, done_ms, self.block_rows)
                contents = [self.databases.get_block(transaction, device, entry.number) for entry in group]
            if not group:
                return
            is_done = _is_compact(group, self.block_rows)
            if is_done or self.replace([self._plan_merge(device, state, group, contents)]) == [True]:
                done_ms = max(entry.last_ms for entry in group)

    def _plan_merge(
        self, device: int, state: DeviceState, entries: Sequence[IndexEntry], contents: Sequence[bytes]
    ) -> Replacement:
        self.step("blocks read")
        rows = merge([Block(content).rows_of() for content in contents])
        return self._replacement(device, state, rows, entries=entries)

    def _replacement(
        self,
        device: int,
        state: DeviceState,
        rows: Rows,
        *,
        entries: Sequence[IndexEntry] = (),
        heads: Sequence[tuple[bytes, bytes]] = (),
    ) -> Replacement:
        return Replacement(
            device=device,
            deletions=state.deletions,
            sequence=state.sequence,
            head_rows=state.head_rows,
            entries=entries,
            heads=heads,
            blocks=encode_blocks(device, rows, self.block_rows),
        )

    def _apply(self, transaction: lmdb.Transaction[bytes], replacement: Replacement) -> bool:
        device = replacement.device
        state = self.databases.find_state(transaction, device)
        if state is None or state.deletions != replacement.deletions:
            return False
        if not all(self.databases.has_block(transaction, device, entry) for entry in replacement.entries):
            return False
        with transaction.cursor(db=self.databases.head) as cursor:
            # Recording moves the sequence, sealing the number of head rows: else all are there.
            is_unchanged = (state.sequence, state.head_rows) == (replacement.sequence, replacement.head_rows)
            if not is_unchanged and not all(cursor.set_key(key) for key, _ in replacement.heads):
                return False
            self.step("checked")
            for key, stored in replacement.heads:
                # Deleting moves to the next record, which nearly always is the next of ours.
                if cursor.key() != key:
                    cursor.set_key(key)
                if cursor.value() == stored:
                    cursor.delete()
                    state.head_rows -= 1
        self.step("head removed")
        for entry in replacement.entries:
            self.databases.delete_block(transaction, device, state, entry)
        self.step("blocks removed")
        for rows, content in replacement.blocks:
            self.databases.put_block(transaction, device, state, rows, content)
        if replacement.heads:
            state.head_since_ms = self._head_since(transaction, device, state)
        self.databases.put_state(transaction, device, state)
        self.step("blocks put")
        return True

    def _head_since(self, transaction: lmdb.Transaction[bytes], device: int, state: DeviceState) -> int:
        """What is left arrived while the sealed rows were being encoded: its first row tells when."""
        if not state.head_rows:
            return 0
        left = self.databases.list_head(transaction, device, 0, 1 << 63, limit=1)
        return int(unpack_heads(left).arrived_ms.min())


def due_for_merging(entries: Sequence[IndexEntry], block_rows: int, fanout: int) -> list[IndexEntry]:
    """The blocks of a device to merge next, none when all is well. `entries` are by first instant.

    Overlapping blocks first: a group is due when it has `fanout` blocks or its smaller ones together
    hold a `fanout`th of the largest, so that a large block is rewritten only for a fair share of new
    rows. Then `fanout` neighbours of one size class.
    """
    for group in _overlapping(entries):
        if len(group) < 2:
            continue
        rows = sorted(entry.rows for entry in group)
        if len(group) >= fanout or sum(rows[:-1]) * fanout >= rows[-1]:
            return _bounded(group)
    run: list[IndexEntry] = []
    run_class = -1
    for entry in entries:
        size_class = _size_class(entry.rows, block_rows, fanout)
        if size_class != run_class:
            run, run_class = [], size_class
        run.append(entry)
        if run_class >= 0 and len(run) == fanout:
            return run
    return []


def _size_class(rows: int, block_rows: int, fanout: int) -> int:
    """The power of `fanout` that the rows reach; -1 for a block large enough to stay."""
    if rows * 2 > block_rows:
        return -1
    size_class = 0
    while rows >= fanout:
        rows //= fanout
        size_class += 1
    return size_class


def _overlapping(entries: Sequence[IndexEntry]) -> list[list[IndexEntry]]:
    """Groups connected by overlap in time; a block that overlaps none is a group of one."""
    groups: list[list[IndexEntry]] = []
    reached_ms = -1
    for entry in entries:
        if not groups or entry.first_ms > reached_ms:
            groups.append([])
        groups[-1].append(entry)
        reached_ms = max(reached_ms, entry.last_ms)
    return groups


def _bounded(group: Sequence[IndexEntry]) -> list[IndexEntry]:
    """As many of an overlapping group, from its beginning, as memory allows; at least two."""
    taken: list[IndexEntry] = []
    rows = 0
    for entry in group:
        if len(taken) >= 2 and rows + entry.rows > _MERGE_ROWS:
            break
        taken.append(entry)
        rows += entry.rows
    return taken


def _next_group(entries: Sequence[IndexEntry], done_ms: int, block_rows: int) -> list[IndexEntry]:
    """Blocks to compact together: whole overlap groups after `done_ms`, up to the bound."""
    taken: list[IndexEntry] = []
    rows = 0
    for group in _overlapping(entries):
        if max(entry.last_ms for entry in group) <= done_ms:
            continue
        size = sum(entry.rows for entry in group)
        if taken and rows + size > max(_MERGE_ROWS, block_rows):
            break
        taken += group
        rows += size
    return taken


def _is_compact(group: Sequence[IndexEntry], block_rows: int) -> bool:
    return len(group) == -(-sum(entry.rows for entry in group) // block_rows) and not any(
        later.first_ms <= earlier.last_ms for earlier, later in pairwise(group)
    )
