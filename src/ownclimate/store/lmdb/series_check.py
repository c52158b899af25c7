"""Checking: every record is read, and the counts that would show a missing one are compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import lmdb

from ownclimate.core.errors import StoreCorrupt
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.head_records import unpack_heads
from ownclimate.store.lmdb.series_records import (
    BLOCKS,
    DEVICE_KEY,
    DEVICES,
    HEAD,
    INDEX,
    PAYLOADS,
    TOMBSTONES,
    DeviceState,
    IndexEntry,
    SeriesDatabases,
    unpack_arrival,
    unpack_state,
)
from ownclimate.store.series_format import Block
from ownclimate.store.values import unseal

_BATCH: Final = 500


def check(environment: Environment, databases: SeriesDatabases) -> Iterator[str]:
    """What is wrong, one line a finding; nothing when all is well. Long: run it off the event loop."""
    known: set[int] = set()
    for key, stored in _records(environment, databases.devices):
        device = int.from_bytes(key, "big")
        known.add(device)
        try:
            unpack_state(unseal(key, stored, DEVICES))
        except StoreCorrupt as error:
            yield error.message
            continue
        yield from _check_device(environment, databases, device)
    for name, database in (
        (HEAD, databases.head),
        (INDEX, databases.index),
        (BLOCKS, databases.blocks),
        (TOMBSTONES, databases.tombstones),
    ):
        for device in _devices_of(environment, database):
            if device not in known:
                yield f"{name}: records of device {device}, which {DEVICES} does not know"
    for key, stored in _records(environment, databases.payloads):
        try:
            unpack_arrival(key, stored)
        except StoreCorrupt as error:
            yield f"{PAYLOADS}: {error.message}"


def _check_device(environment: Environment, databases: SeriesDatabases, device: int) -> Iterator[str]:
    """One device in one moment for the counts; its blocks then one by one."""
    where = f"device {device}"
    with environment.read() as transaction:
        try:
            state = databases.find_state(transaction, device)
            if state is None:
                return
            index = databases.list_index(transaction, device)
            heads = databases.list_head(transaction, device, 0, 1 << 63)
            tombstones = databases.list_tombstones(transaction, device)
            numbers = _block_numbers(transaction, databases, device)
        except StoreCorrupt as error:
            yield f"{where}: {error.message}"
            return
    yield from _check_counts(where, state, index, len(heads), len(tombstones), numbers)
    if heads:
        try:
            unpack_heads(heads)
        except StoreCorrupt as error:
            yield f"{where}: {error.message}"
    for entry in index:
        with environment.read() as transaction:
            # It may have been merged since the index was read; then it is the successor's turn.
            if not databases.has_block(transaction, device, entry):
                continue
            try:
                content = databases.get_block(transaction, device, entry.number)
            except StoreCorrupt as error:
                yield f"{where}: {error.message}"
                continue
        yield from _check_block(where, device, entry, content)


def _check_counts(
    where: str, state: DeviceState, index: list[IndexEntry], heads: int, tombstones: int, numbers: set[int]
) -> Iterator[str]:
    rows = sum(entry.rows for entry in index)
    for what, expected, found in (
        ("head rows", state.head_rows, heads),
        ("blocks in the index", state.blocks, len(index)),
        ("rows in blocks", state.block_rows, rows),
        ("tombstones", state.tombstones, tombstones),
    ):
        if expected != found:
            yield f"{where}: {found} {what}, {expected} were counted"
    indexed = {entry.number for entry in index}
    for number in sorted(indexed - numbers):
        yield f"{where}: block {number} is missing"
    for number in sorted(numbers - indexed):
        yield f"{where}: block {number} is not in the index"


def _check_block(where: str, device: int, entry: IndexEntry, content: bytes) -> Iterator[str]:
    try:
        block = Block(content)
        rows = block.rows_of()
    except StoreCorrupt as error:
        yield f"{where}: block {entry.number}: {error.message}"
        return
    if (block.device, len(rows), block.first_ms, block.last_ms, len(content)) != (
        device,
        entry.rows,
        entry.first_ms,
        entry.last_ms,
        entry.size_bytes,
    ):
        yield f"{where}: block {entry.number} is not what the index says"


def _block_numbers(transaction: lmdb.Transaction[bytes], databases: SeriesDatabases, device: int) -> set[int]:
    numbers: set[int] = set()
    with transaction.cursor(db=databases.blocks) as cursor:
        if cursor.set_range(DEVICE_KEY.pack(device)):
            prefix = DEVICE_KEY.pack(device)
            for key in cursor.iternext(values=False):
                if not key.startswith(prefix):
                    break
                numbers.add(int.from_bytes(key[len(prefix) :], "big"))
    return numbers


def _devices_of(environment: Environment, database: lmdb._Database) -> Iterator[int]:
    """The devices that have a record, leaping from one to the next."""
    device = 0
    while device < 1 << 32:
        with environment.read() as transaction, transaction.cursor(db=database) as cursor:
            if not cursor.set_range(DEVICE_KEY.pack(device)):
                return
            device = int.from_bytes(cursor.key()[: DEVICE_KEY.size], "big")
        yield device
        device += 1


def _records(environment: Environment, database: lmdb._Database) -> Iterator[tuple[bytes, bytes]]:
    """Every record, some at a time, so that no read transaction stays open between them."""
    position = b""
    while True:
        with environment.read() as transaction, transaction.cursor(db=database) as cursor:
            found: list[tuple[bytes, bytes]] = []
            if cursor.set_range(position):
                for record in cursor.iternext():
                    found.append(record)
                    if len(found) == _BATCH:
                        break
        yield from found
        if len(found) < _BATCH:
            return
        position = found[-1][0] + b"\0"
