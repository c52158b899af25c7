"""Deleting: the blocks an interval touches are rewritten without it, and a tombstone is left.

Planned outside the write like a merge, and planned again when the device changed meanwhile; a device
that never rests is at last dealt with inside the write transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import lmdb

from ownclimate.store.lmdb.head_records import unpack_heads
from ownclimate.store.lmdb.series_records import (
    ANY_ORIGIN,
    DeviceState,
    IndexEntry,
    Latest,
    SeriesDatabases,
    Tombstone,
    covered,
)
from ownclimate.store.merging import Rows, merge, newest_values, without_empty
from ownclimate.store.series_format import Block, encode_blocks
from ownclimate.store.windows import BlockPiece, Piece, RowsPiece, windows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeletionPlan:
    """What a deletion replaces, by what, and what `latest` becomes; good while `sequence` holds."""

    sequence: int
    entries: Sequence[IndexEntry]
    heads: Sequence[tuple[bytes, bytes]]
    blocks: Sequence[tuple[Rows, bytes]]
    latest: dict[int, Latest | None]

    @property
    def size_bytes(self) -> int:
        return 1_000 + 64 * len(self.heads) + sum(len(content) for _, content in self.blocks)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deleter:
    """Deletes `gone` of one device; `forbidden` is the tombstone, which ends at the present."""

    databases: SeriesDatabases
    block_rows: int
    device: int
    gone: Tombstone
    forbidden: Tombstone

    def plan(self, transaction: lmdb.Transaction[bytes]) -> DeletionPlan:
        state = self.databases.find_state(transaction, self.device) or DeviceState()
        index = self.databases.list_index(transaction, self.device)
        touched = [
            entry
            for entry in index
            if entry.first_ms < self.gone.end_ms and entry.last_ms >= self.gone.start_ms
        ]
        heads = self.databases.list_head(transaction, self.device, self.gone.start_ms, self.gone.end_ms)
        parts = [
            Block(self.databases.get_block(transaction, self.device, entry.number)).rows_of()
            for entry in touched
            if not self._holds_nothing_else(entry)
        ]
        # With an origin given, its losers and those it had beaten go as well: only winners are kept.
        if heads and self.gone.origin != ANY_ORIGIN:
            parts.append(unpack_heads(heads))
        kept = self._without_gone(merge(parts)) if parts else None
        return DeletionPlan(
            sequence=state.sequence,
            entries=touched,
            heads=heads,
            blocks=[] if kept is None else encode_blocks(self.device, kept, self.block_rows),
            latest=self._latest(transaction, state, index),
        )

    def apply(self, plan: DeletionPlan | None, transaction: lmdb.Transaction[bytes]) -> bool:
        """False when the device has changed since the plan; without a plan it is made here."""
        state = self.databases.find_state(transaction, self.device) or DeviceState()
        if plan is None:
            plan = self.plan(transaction)
        elif state.sequence != plan.sequence or not self._is_as_planned(transaction, plan):
            return False
        for entry in plan.entries:
            self.databases.delete_block(transaction, self.device, state, entry)
        for key, _ in plan.heads:
            transaction.delete(key, db=self.databases.head)
        state.head_rows -= len(plan.heads)
        for rows, content in plan.blocks:
            self.databases.put_block(transaction, self.device, state, rows, content)
        for quantity, latest in plan.latest.items():
            if latest is None:
                del state.latest[quantity]
            else:
                state.latest[quantity] = latest
        if self.forbidden.start_ms < self.forbidden.end_ms:
            self._put_tombstone(transaction, state)
        state.sequence += 1
        state.deletions += 1
        self.databases.put_state(transaction, self.device, state)
        return True

    def _holds_nothing_else(self, entry: IndexEntry) -> bool:
        return (
            self.gone.origin == ANY_ORIGIN
            and self.gone.start_ms <= entry.first_ms
            and entry.last_ms < self.gone.end_ms
        )

    def _without_gone(self, winners: Rows) -> Rows:
        return without_empty(winners.take(~covered((self.gone,), winners)))

    def _latest(
        self, transaction: lmdb.Transaction[bytes], state: DeviceState, index: Sequence[IndexEntry]
    ) -> dict[int, Latest | None]:
        """The new `latest` of each quantity whose newest value goes; None when no other is left."""
        wanted = {
            quantity
            for quantity, (at_ms, _, origin, _) in state.latest.items()
            if self.gone.start_ms <= at_ms < self.gone.end_ms and self.gone.origin in (ANY_ORIGIN, origin)
        }
        found: dict[int, Latest | None] = dict.fromkeys(wanted)
        if not wanted:
            return found
        pieces: list[Piece] = [
            BlockPiece(
                entry.first_ms,
                entry.last_ms,
                partial(self.databases.get_block, transaction, self.device, entry.number),
            )
            for entry in index
        ]
        heads = self.databases.list_head(transaction, self.device, 0, state.newest_ms + 1)
        if heads:
            pieces.append(RowsPiece(merge([unpack_heads(heads)])))
        for window in windows(pieces, 0, state.newest_ms + 1, reverse=True):
            left = self._without_gone(window.winners(sorted(wanted)))
            for quantity, newest in newest_values([left], sorted(wanted)).items():
                found[quantity] = (newest.at_ms, newest.value, newest.origin, newest.arrived_ms)
                wanted.discard(quantity)
            if not wanted:
                break
        return found

    def _is_as_planned(self, transaction: lmdb.Transaction[bytes], plan: DeletionPlan) -> bool:
        """Sealing and merging leave the sequence alone, so the records themselves are compared."""
        if not all(self.databases.has_block(transaction, self.device, entry) for entry in plan.entries):
            return False
        heads = self.databases.list_head(transaction, self.device, self.gone.start_ms, self.gone.end_ms)
        return heads == list(plan.heads)

    def _put_tombstone(self, transaction: lmdb.Transaction[bytes], state: DeviceState) -> None:
        """Tombstones that the one to come covers are dropped; one that is covered is not put."""
        held = self.databases.list_tombstones(transaction, self.device)
        if any(_includes(other, self.forbidden) for _, other in held):
            return
        for number, other in held:
            if _includes(self.forbidden, other):
                self.databases.delete_tombstone(transaction, self.device, state, number)
        self.databases.put_tombstone(transaction, self.device, state, self.forbidden)
        # So that recording need not look for tombstones when rows are newer than this.
        state.newest_ms = max(state.newest_ms, self.forbidden.end_ms - 1)


def _includes(outer: Tombstone, inner: Tombstone) -> bool:
    return (
        outer.start_ms <= inner.start_ms
        and inner.end_ms <= outer.end_ms
        and outer.origin in (ANY_ORIGIN, inner.origin)
    )
