"""Recording: which values of a batch win, decided where nobody can come between.

A batch of few rows goes to the head, a larger one becomes blocks at once. What is newer than all its
device has needs no comparison. Everything else is compared with the winners there, inside the write
transaction; only a very large batch is compared before, against the device's sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import lmdb
import numpy as np

from ownclimate.core.readings import Batch
from ownclimate.store.batches import rows_of
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.head_records import HeadRow, head_rows, pack_head, unpack_heads
from ownclimate.store.lmdb.series_incoming import EarlyDecision, LargeBatch, SmallBatch, large_batch
from ownclimate.store.lmdb.series_records import (
    INSTANT_KEY,
    DeviceState,
    SeriesDatabases,
    covered,
)
from ownclimate.store.merging import Difference, Rows, difference, merge
from ownclimate.store.series_format import Block, encode_blocks
from ownclimate.store.values import seal

DECIDE_EARLY_ROWS: Final = 2_000
"""Comparing so many rows with stored ones takes some 2 ms; more would hold up everybody's commit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recorder:
    """The steps of recording. Methods taking a transaction run on the commit thread."""

    environment: Environment
    databases: SeriesDatabases
    block_rows: int

    def apply_small(
        self, smalls: Sequence[SmallBatch], transaction: lmdb.Transaction[bytes]
    ) -> list[tuple[int, int]]:
        """Records small batches one after the other; rows stored and head rows now, for each."""
        states: dict[int, DeviceState] = {}
        before: dict[int, int] = {}
        sizes: list[tuple[int, int]] = []
        for small in smalls:
            device: int = small.batch.device
            state = states.get(device)
            if state is None:
                state = states[device] = self.databases.find_state(transaction, device) or DeviceState()
                before[device] = state.sequence
            stored = self._record_small(transaction, device, state, small)
            sizes.append((stored, state.head_rows))
        for device, state in states.items():
            if state.sequence != before[device]:
                self.databases.put_state(transaction, device, state)
        return sizes

    def prepare_large(self, batch: Batch) -> LargeBatch:
        """Sorts and encodes. A very large batch's payload is looked for before, as it is dear to redo."""
        arrived_ms = batch.arrived_ms
        if batch.payload is not None and len(batch.times_ms) > DECIDE_EARLY_ROWS:
            with self.environment.read() as transaction:
                arrived_ms = self.databases.first_arrival(
                    transaction, batch.device, batch.payload, arrived_ms
                )
        return large_batch(batch, arrived_ms, self.block_rows)

    def decide_early(self, large: LargeBatch) -> None:
        """Compares a very large batch with what is there, outside any write."""
        device = large.batch.device
        with self.environment.read() as transaction:
            state = self.databases.find_state(transaction, device) or DeviceState()
            if not _needs_comparison(state, large.rows):
                return
            rows = self._without_deleted(transaction, device, state, large.rows)
            contents, heads = self._copy_rivals(transaction, device, rows)
        found = _compare(contents, heads, rows)
        large.early = EarlyDecision(
            state.sequence, found.stored, found.rows, self._encoded(device, found.rows)
        )

    def apply_large(
        self, large: LargeBatch, must_decide: bool, transaction: lmdb.Transaction[bytes]
    ) -> int | None:
        """Rows stored; None when a very large batch has to be compared again (`decide_early`)."""
        batch = large.batch
        device = batch.device
        state = self.databases.find_state(transaction, device) or DeviceState()
        arrived_ms = large.arrived_ms
        may_decline = len(large.rows) > DECIDE_EARLY_ROWS and not must_decide
        if batch.payload is not None:
            # What is declined must leave nothing behind.
            arrival = self.databases.first_arrival if may_decline else self.databases.note_arrival
            arrived_ms = arrival(transaction, device, batch.payload, batch.arrived_ms)
        stored, winners, blocks = large.stored, large.winners, large.blocks
        if arrived_ms != large.arrived_ms or _needs_comparison(state, large.rows):
            early = large.early
            if early is not None and early.sequence == state.sequence and arrived_ms == large.arrived_ms:
                stored, winners, blocks = early.stored, early.winners, early.blocks
            elif may_decline:
                return None
            else:
                rows = large.rows if arrived_ms == large.arrived_ms else rows_of(batch, arrived_ms)
                rows = self._without_deleted(transaction, device, state, rows)
                found = _compare(*self._copy_rivals(transaction, device, rows), rows)
                stored = found.stored
                if (
                    arrived_ms != large.arrived_ms
                    or len(found.rows) != len(winners)
                    or not _is_same(found.rows, winners)
                ):
                    winners, blocks = found.rows, self._encoded(device, found.rows)
        if batch.payload is not None:
            self.databases.note_arrival(transaction, device, batch.payload, arrived_ms)
        if len(winners):
            for rows, content in blocks:
                self.databases.put_block(transaction, device, state, rows, content)
            note_rows(state, winners)
            self.databases.put_state(transaction, device, state)
        return stored

    def _encoded(self, device: int, rows: Rows) -> list[tuple[Rows, bytes]]:
        return encode_blocks(device, rows, self.block_rows, is_interim=True)

    def _record_small(
        self, transaction: lmdb.Transaction[bytes], device: int, state: DeviceState, small: SmallBatch
    ) -> int:
        batch = small.batch
        arrived_ms = batch.arrived_ms
        if batch.payload is not None:
            arrived_ms = self.databases.note_arrival(transaction, device, batch.payload, arrived_ms)
        if not small.times_ms:
            return 0
        if not small.is_ascending or small.times_ms[0] <= state.newest_ms:
            return self._record_compared(transaction, device, state, rows_of(batch, arrived_ms))
        stored = 0
        head = self.databases.head
        latest = state.latest
        origin, generation = int(batch.origin), batch.generation
        for place, at_ms in enumerate(small.times_ms):
            values = []
            for quantity, column in small.columns:
                number = column[place]
                if number == number:
                    values.append((quantity, number))
                    latest[quantity] = (at_ms, number, origin, arrived_ms)
            if not values:
                continue
            key = INSTANT_KEY.pack(device, at_ms)
            content = pack_head((HeadRow(origin, arrived_ms, generation, tuple(values)),))
            transaction.put(key, seal(key, content), db=head)
            state.newest_ms = at_ms
            stored += 1
        if stored:
            state.sequence += 1
            if not state.head_rows:
                state.head_since_ms = arrived_ms
            state.head_rows += stored
        return stored

    def _record_compared(
        self, transaction: lmdb.Transaction[bytes], device: int, state: DeviceState, rows: Rows
    ) -> int:
        rows = self._without_deleted(transaction, device, state, rows)
        if not len(rows):
            return 0
        found = _compare(*self._copy_rivals(transaction, device, rows), rows)
        if not len(found.rows):
            return 0
        head = self.databases.head
        for at_ms, added in head_rows(found.rows):
            key = INSTANT_KEY.pack(device, at_ms)
            held = transaction.get(key, db=head)
            if held is None:
                if not state.head_rows:
                    state.head_since_ms = added[0].arrived_ms
                state.head_rows += 1
            else:
                instant = found.rows.between(at_ms, at_ms + 1)
                ((_, added),) = head_rows(merge([unpack_heads([(key, held)]), instant]))
            transaction.put(key, seal(key, pack_head(added)), db=head)
        note_rows(state, found.rows)
        return found.stored

    def _without_deleted(
        self, transaction: lmdb.Transaction[bytes], device: int, state: DeviceState, rows: Rows
    ) -> Rows:
        if not state.tombstones or not len(rows):
            return rows
        kept = ~covered([gone for _, gone in self.databases.list_tombstones(transaction, device)], rows)
        return rows if kept.all() else rows.take(kept)

    def _copy_rivals(
        self, transaction: lmdb.Transaction[bytes], device: int, rows: Rows
    ) -> tuple[list[bytes], list[tuple[bytes, bytes]]]:
        """Blocks that could hold one of the instants, and head records of the instants."""
        if not len(rows):
            return [], []
        first_ms, last_ms = int(rows.times_ms[0]), int(rows.times_ms[-1])
        contents = [
            self.databases.get_block(transaction, device, entry.number)
            for entry in self.databases.list_index(transaction, device)
            if entry.first_ms <= last_ms
            and entry.last_ms >= first_ms
            and len(rows.between(entry.first_ms, entry.last_ms + 1))
        ]
        if len(rows) > DECIDE_EARLY_ROWS:
            return contents, self.databases.list_head(transaction, device, first_ms, last_ms + 1)
        heads: list[tuple[bytes, bytes]] = []
        for at_ms in rows.times_ms.tolist():
            key = INSTANT_KEY.pack(device, at_ms)
            stored = transaction.get(key, db=self.databases.head)
            if stored is not None and (not heads or heads[-1][0] != key):
                heads.append((key, stored))
        return contents, heads


def note_rows(state: DeviceState, winners: Rows) -> None:
    """What a state has to know of rows that were just recorded and won."""
    state.sequence += 1
    state.newest_ms = max(state.newest_ms, int(winners.times_ms[-1]))
    for quantity, column in winners.columns.items():
        present = np.flatnonzero(~np.isnan(column))
        if not len(present):
            continue
        row = int(present[-1])
        at_ms = int(winners.times_ms[row])
        held = state.latest.get(quantity)
        if held is None or at_ms >= held[0]:
            state.latest[quantity] = (
                at_ms,
                float(column[row]),
                int(winners.origins[row]),
                int(winners.arrived_ms[row]),
            )


def _needs_comparison(state: DeviceState, rows: Rows) -> bool:
    return len(rows) > 0 and int(rows.times_ms[0]) <= state.newest_ms


def _compare(contents: Sequence[bytes], heads: Sequence[tuple[bytes, bytes]], rows: Rows) -> Difference:
    """What the rows change, given every block and head record that may hold a rival."""
    current: list[Rows] = []
    for content in contents:
        block = Block(content)
        shared = np.isin(block.times_ms(), rows.times_ms)
        if shared.any():
            current.append(block.rows_of(rows.columns).take(shared))
    if heads:
        current.append(unpack_heads(heads))
    return difference(current, rows)


def _is_same(ours: Rows, theirs: Rows) -> bool:
    """Whether a comparison left the batch's own winners as they were (same length, same payload)."""
    return ours.columns.keys() == theirs.columns.keys() and all(
        np.array_equal(column, theirs.columns[quantity], equal_nan=True)
        for quantity, column in ours.columns.items()
    )
