"""Walks over whole databases that find what single reads cannot: wrong checksums, missing rows.

Every walk takes one transaction, so that rows and counts come from one moment, and gives up after
`deadline_s` (a monotonic time), having compared what it reached.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import lmdb

from ownclimate.core.errors import StoreCorrupt
from ownclimate.store import documents
from ownclimate.store.lmdb import directory, raw
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.values import unseal

_CLOCK_ROWS = 256
"""Asking the clock for every row would cost as much as the row."""


class OutOfTime(Exception):
    """The walk was cut short; what it saw was sound."""


def check_documents(environment: Environment, deadline_s: float) -> Iterator[str]:
    with environment.read() as transaction:
        counted: Counter[bytes] = Counter()
        for key, value in _rows(transaction, environment, directory.DOCUMENTS, deadline_s):
            prefix, name = directory.split_key(key)
            documents.decode(name, value)
            counted[prefix] += 1
        yield from _compare(transaction, environment, directory.DOCUMENT_COUNTS, counted, deadline_s)


def check_raw(environment: Environment, deadline_s: float) -> Iterator[str]:
    with environment.read() as transaction:
        counted: Counter[bytes] = Counter()
        digests = environment.database(raw.DIGESTS)
        for key, value in _rows(transaction, environment, raw.ENTRIES, deadline_s):
            prefix, place = raw.split_key(key)
            counted[prefix] += 1
            digest_key = prefix + raw.check_entry(key, value)
            stored = transaction.get(digest_key, db=digests)
            if stored is None or unseal(digest_key, stored, raw.DIGESTS) != place:
                yield f"{raw.DIGESTS}: {digest_key!r} does not lead to its entry"
        found = transaction.stat(digests)["entries"]
        if found != counted.total():
            yield f"{raw.DIGESTS}: {found} digests for {counted.total()} entries"
        yield from _compare(transaction, environment, raw.RAW_COUNTS, counted, deadline_s)


def _compare(
    transaction: lmdb.Transaction[bytes],
    environment: Environment,
    database: str,
    counted: Counter[bytes],
    deadline_s: float,
) -> Iterator[str]:
    expected = {
        group: int.from_bytes(value, "little", signed=True)
        for group, value in _rows(transaction, environment, database, deadline_s)
        if group != raw.SEQUENCE
    }
    for group in sorted(expected.keys() | counted.keys()):
        due = expected.get(group, 0)
        if due != counted[group]:
            yield f"{database}: {group!r} has {counted[group]} rows where {due} are counted"


def _rows(
    transaction: lmdb.Transaction[bytes], environment: Environment, database: str, deadline_s: float
) -> Iterator[tuple[bytes, bytes]]:
    handle = environment.database(database)
    previous = b""
    number = 0
    with transaction.cursor(db=handle) as cursor:
        for number, (key, stored) in enumerate(cursor, start=1):
            if not previous < key:
                raise StoreCorrupt(f"{database}: keys are out of order at {key!r}")
            previous = key
            if number % _CLOCK_ROWS == 0 and time.monotonic() > deadline_s:
                raise OutOfTime
            yield key, unseal(key, stored, database)
    entries = transaction.stat(handle)["entries"]
    if entries != number:
        raise StoreCorrupt(f"{database}: {number} rows where the tree counts {entries}")
