"""Keys and values of the series databases: docs/series-format.md §2, in code."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, NamedTuple

import lmdb
import numpy as np

from ownclimate.core.errors import StoreCorrupt
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.merging import Mask, Rows
from ownclimate.store.values import seal, unseal

DEVICES: Final = "series_devices"
TOMBSTONES: Final = "series_tombstones"
PAYLOADS: Final = "series_payloads"
HEAD: Final = "series_head"
INDEX: Final = "series_index"
BLOCKS: Final = "series_blocks"
DATABASES: Final[tuple[str, ...]] = (DEVICES, TOMBSTONES, PAYLOADS, HEAD, INDEX, BLOCKS)

VERSION: Final = 1
ANY_ORIGIN: Final = -1
_DIGEST_BYTES: Final = 16

DEVICE_KEY: Final = struct.Struct(">I")
INSTANT_KEY: Final = struct.Struct(">IQ")
INDEX_KEY: Final = struct.Struct(">IQI")
NUMBER_KEY: Final = struct.Struct(">II")

_STATE: Final = struct.Struct("<BQqqIIQIII")
_LATEST: Final = struct.Struct("<HqdIq")
_INDEX: Final = struct.Struct("<qII")
_TOMBSTONE: Final = struct.Struct("<qqq")
_ARRIVAL: Final = struct.Struct("<Q")

Transaction = lmdb.Transaction
Latest = tuple[int, float, int, int]
"""Instant, value, origin, arrival: a `LatestValue` without the object, for the hot path."""


@dataclass(slots=True, kw_only=True)
class DeviceState:
    """A device's state record, unpacked; changed inside a write and put back by it."""

    sequence: int = 0
    newest_ms: int = -1
    head_since_ms: int = 0
    head_rows: int = 0
    blocks: int = 0
    block_rows: int = 0
    next_number: int = 0
    tombstones: int = 0
    deletions: int = 0
    latest: dict[int, Latest] = field(default_factory=dict)

    def take_number(self) -> int:
        self.next_number += 1
        return self.next_number


class IndexEntry(NamedTuple):
    """What the index says of a block."""

    first_ms: int
    number: int
    last_ms: int
    rows: int
    size_bytes: int


class Tombstone(NamedTuple):
    start_ms: int
    end_ms: int
    origin: int


class SeriesDatabases:
    """The handles, and reads and writes of single records through a transaction of the caller's."""

    __slots__ = ("blocks", "devices", "head", "index", "payloads", "tombstones")

    def __init__(self, environment: Environment) -> None:
        self.devices = environment.database(DEVICES)
        self.tombstones = environment.database(TOMBSTONES)
        self.payloads = environment.database(PAYLOADS)
        self.head = environment.database(HEAD)
        self.index = environment.database(INDEX)
        self.blocks = environment.database(BLOCKS)

    def find_state(self, transaction: lmdb.Transaction[bytes], device: int) -> DeviceState | None:
        key = DEVICE_KEY.pack(device)
        stored = transaction.get(key, db=self.devices)
        return None if stored is None else unpack_state(unseal(key, stored, DEVICES))

    def put_state(self, transaction: lmdb.Transaction[bytes], device: int, state: DeviceState) -> None:
        key = DEVICE_KEY.pack(device)
        transaction.put(key, seal(key, pack_state(state)), db=self.devices)

    def list_index(self, transaction: lmdb.Transaction[bytes], device: int) -> list[IndexEntry]:
        """All blocks of a device, by first instant."""
        entries = []
        for key, stored in self._records(transaction, self.index, device):
            # The checksum vouches for the key's shape too, so it comes first.
            value = unseal(key, stored, INDEX)
            _, first_ms, number = INDEX_KEY.unpack(key)
            entries.append(IndexEntry(first_ms, number, *_INDEX.unpack(value)))
        return entries

    def list_tombstones(
        self, transaction: lmdb.Transaction[bytes], device: int
    ) -> list[tuple[int, Tombstone]]:
        """A device's tombstones with their numbers."""
        opened = [
            (key, unseal(key, stored, TOMBSTONES))
            for key, stored in self._records(transaction, self.tombstones, device)
        ]
        return [(NUMBER_KEY.unpack(key)[1], Tombstone(*_TOMBSTONE.unpack(value))) for key, value in opened]

    def put_tombstone(
        self, transaction: lmdb.Transaction[bytes], device: int, state: DeviceState, tombstone: Tombstone
    ) -> None:
        key = NUMBER_KEY.pack(device, state.take_number())
        transaction.put(key, seal(key, _TOMBSTONE.pack(*tombstone)), db=self.tombstones)
        state.tombstones += 1

    def delete_tombstone(
        self, transaction: lmdb.Transaction[bytes], device: int, state: DeviceState, number: int
    ) -> None:
        transaction.delete(NUMBER_KEY.pack(device, number), db=self.tombstones)
        state.tombstones -= 1

    def list_head(
        self,
        transaction: lmdb.Transaction[bytes],
        device: int,
        start_ms: int,
        end_ms: int,
        *,
        limit: int | None = None,
    ) -> list[tuple[bytes, bytes]]:
        """Keys and stored values of head records in `[start, end)`, still sealed."""
        low = INSTANT_KEY.pack(device, start_ms)
        high = INSTANT_KEY.pack(device, end_ms)
        found: list[tuple[bytes, bytes]] = []
        with transaction.cursor(db=self.head) as cursor:
            if not cursor.set_range(low):
                return found
            for key, stored in cursor.iternext():
                if key >= high or len(found) == limit:
                    break
                found.append((key, stored))
        return found

    def get_block(self, transaction: lmdb.Transaction[bytes], device: int, number: int) -> bytes:
        key = NUMBER_KEY.pack(device, number)
        stored = transaction.get(key, db=self.blocks)
        if stored is None:
            raise StoreCorrupt(f"{BLOCKS}: block {number} of device {device} is missing; restore a backup")
        return unseal(key, stored, BLOCKS)

    def put_block(
        self,
        transaction: lmdb.Transaction[bytes],
        device: int,
        state: DeviceState,
        rows: Rows,
        content: bytes,
    ) -> None:
        """Puts a block and its index entry, and counts it in the state."""
        number = state.take_number()
        key = NUMBER_KEY.pack(device, number)
        if not transaction.put(key, seal(key, content), db=self.blocks, overwrite=False):
            # Numbers are given out once: the state that counts them has been lost or is an old one.
            raise StoreCorrupt(f"{BLOCKS}: device {device} has a block {number} already; run `store check`")
        key = INDEX_KEY.pack(device, int(rows.times_ms[0]), number)
        entry = _INDEX.pack(int(rows.times_ms[-1]), len(rows), len(content))
        transaction.put(key, seal(key, entry), db=self.index)
        state.blocks += 1
        state.block_rows += len(rows)

    def has_block(self, transaction: lmdb.Transaction[bytes], device: int, entry: IndexEntry) -> bool:
        key = INDEX_KEY.pack(device, entry.first_ms, entry.number)
        return transaction.get(key, db=self.index) is not None

    def delete_block(
        self, transaction: lmdb.Transaction[bytes], device: int, state: DeviceState, entry: IndexEntry
    ) -> None:
        transaction.delete(INDEX_KEY.pack(device, entry.first_ms, entry.number), db=self.index)
        transaction.delete(NUMBER_KEY.pack(device, entry.number), db=self.blocks)
        state.blocks -= 1
        state.block_rows -= entry.rows

    def first_arrival(
        self, transaction: lmdb.Transaction[bytes], device: int, payload: bytes, default_ms: int
    ) -> int:
        """When the payload first reached the device's series; `default` when it never did."""
        key = payload_key(device, payload)
        stored = transaction.get(key, db=self.payloads)
        return default_ms if stored is None else unpack_arrival(key, stored)

    def note_arrival(
        self, transaction: lmdb.Transaction[bytes], device: int, payload: bytes, arrived_ms: int
    ) -> int:
        """Remembers the payload unless it is known; when it first arrived."""
        key = payload_key(device, payload)
        if transaction.put(key, seal(key, _ARRIVAL.pack(arrived_ms)), db=self.payloads, overwrite=False):
            return arrived_ms
        stored = transaction.get(key, db=self.payloads)
        assert stored is not None, "it was there a moment ago, in this transaction"
        return unpack_arrival(key, stored)

    def _records(
        self, transaction: lmdb.Transaction[bytes], database: lmdb._Database, device: int
    ) -> Iterator[tuple[bytes, bytes]]:
        prefix = DEVICE_KEY.pack(device)
        with transaction.cursor(db=database) as cursor:
            if not cursor.set_range(prefix):
                return
            for key, stored in cursor.iternext():
                if not key.startswith(prefix):
                    return
                yield key, stored


def payload_key(device: int, payload: bytes) -> bytes:
    return DEVICE_KEY.pack(device) + blake2b(payload, digest_size=_DIGEST_BYTES).digest()


def unpack_arrival(key: bytes, stored: bytes) -> int:
    return int(_ARRIVAL.unpack(unseal(key, stored, PAYLOADS))[0])


def pack_state(state: DeviceState) -> bytes:
    header = _STATE.pack(
        VERSION,
        state.sequence,
        state.newest_ms,
        state.head_since_ms,
        state.head_rows,
        state.blocks,
        state.block_rows,
        state.next_number,
        state.tombstones,
        state.deletions,
    )
    pack = _LATEST.pack
    return header + b"".join([pack(quantity, *latest) for quantity, latest in state.latest.items()])


def unpack_state(value: bytes) -> DeviceState:
    version, sequence, newest, since, head, blocks, rows, number, tombstones, deletions = _STATE.unpack_from(
        value
    )
    if version != VERSION:
        raise StoreCorrupt(f"{DEVICES}: format {version}, this program reads {VERSION}: use a newer one")
    return DeviceState(
        sequence=sequence,
        newest_ms=newest,
        head_since_ms=since,
        head_rows=head,
        blocks=blocks,
        block_rows=rows,
        next_number=number,
        tombstones=tombstones,
        deletions=deletions,
        latest={
            quantity: (at_ms, number, origin, arrived_ms)
            for quantity, at_ms, number, origin, arrived_ms in _LATEST.iter_unpack(value[_STATE.size :])
        },
    )


def covered(tombstones: Sequence[Tombstone], rows: Rows) -> Mask:
    """True for the rows that a deletion forbids."""
    gone = np.zeros(len(rows), np.bool_)
    for tombstone in tombstones:
        inside = (rows.times_ms >= tombstone.start_ms) & (rows.times_ms < tombstone.end_ms)
        if tombstone.origin != ANY_ORIGIN:
            inside &= rows.origins == tombstone.origin
        gone |= inside
    return gone
