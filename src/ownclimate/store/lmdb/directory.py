"""`core.ports.Directory` over LMDB.

Keys are `partition NUL table NUL key` in UTF-8, whose byte order is code point order. Beside the
documents lies the number of documents of each (partition, table).

LMDB checks no page, so what it *does not* find is doubted: a miss is believed only when both
neighbours are in order and intact, a complete scan only when its length is the stored count. What
then still escapes (the last rows of a damaged page, in a find or a partial scan) `store check` finds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import lmdb

from ownclimate.core.errors import StoreCorrupt
from ownclimate.core.ports import Change, Delete, Document
from ownclimate.store import documents
from ownclimate.store.lmdb import counts
from ownclimate.store.lmdb.environment import Environment
from ownclimate.store.lmdb.faults import to_store_error
from ownclimate.store.values import seal, unseal

DOCUMENTS: Final = "documents"
DOCUMENT_COUNTS: Final = "document_counts"
DATABASES: Final = (DOCUMENTS, DOCUMENT_COUNTS)

SHORT_SCAN_ROWS: Final = 100
"""A scan this long takes some 0.3 ms and stays on the event loop; a thread would cost as much again."""
_MAX_KEY_BYTES: Final = 511

_Row = tuple[bytes, bytes]


class LMDBDirectory:
    """Safe to use from one event loop; other processes may use the same files."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._documents = environment.database(DOCUMENTS)
        self._counts = environment.database(DOCUMENT_COUNTS)

    async def find(self, partition: str, table: str, key: str) -> Document | None:
        if not documents.is_address(partition, table, key):
            return None
        address = f"{partition}\0{table}\0{key}".encode()
        # Written out, not `with environment.read()`: this is the hottest path of every request.
        transaction = self._environment.begin()
        try:
            stored = transaction.get(address, db=self._documents)
            if stored is None:
                self._doubt(transaction, address)
        except lmdb.Error as error:
            raise to_store_error(error, DOCUMENTS) from error
        finally:
            transaction.abort()
        return None if stored is None else documents.decode(key, unseal(address, stored, DOCUMENTS))

    async def scan(
        self,
        partition: str,
        table: str,
        *,
        start: str = "",
        end: str | None = None,
        reverse: bool = False,
        limit: int | None = None,
    ) -> list[Document]:
        if not documents.is_address(partition, table, "k") or (limit is not None and limit <= 0):
            return []
        table_range = _Range.of(f"{partition}\0{table}\0".encode(), start, end, reverse=reverse)
        if limit is not None and limit <= SHORT_SCAN_ROWS:
            return self._scan(table_range, limit)
        # Most unlimited scans are of short tables. One that is not begins anew in a thread, because
        # all of its rows must come from one moment.
        found = self._scan(table_range, SHORT_SCAN_ROWS + 1)
        if len(found) <= SHORT_SCAN_ROWS:
            return found
        return await self._environment.run(lambda: self._scan(table_range, limit))

    async def write(self, partition: str, changes: Sequence[Change], version: str) -> None:
        values = documents.prepare(partition, changes, version)
        prefixes = {change.table: f"{partition}\0{change.table}\0".encode() for change in changes}
        planned = []
        for change, value in zip(changes, values, strict=True):
            address = prefixes[change.table] + change.key.encode()
            planned.append((change, address, None if value is None else seal(address, value)))
        size_bytes = sum(len(address) + len(value or b"") for _, address, value in planned)

        def apply(transaction: lmdb.Transaction[bytes]) -> None:
            added: defaultdict[bytes, int] = defaultdict(int)
            for change, address, value in planned:
                stored = transaction.get(address, db=self._documents)
                if stored is None:
                    self._doubt(transaction, address)
                    documents.expect(change, None)
                    added[prefixes[change.table]] += value is not None
                    continue
                documents.expect(change, documents.version_of(unseal(address, stored, DOCUMENTS)))
                added[prefixes[change.table]] -= isinstance(change, Delete)
            for change, address, value in planned:
                if value is not None:
                    transaction.put(address, value, db=self._documents)
                elif isinstance(change, Delete):
                    transaction.delete(address, db=self._documents)
            for prefix, change_of_count in added.items():
                counts.add(transaction, self._counts, prefix, change_of_count)

        # A write that removes something, such as a revocation, must not fail on a full disk.
        frees = any(isinstance(change, Delete) for change in changes)
        await self._environment.committer.submit(apply, size_bytes=size_bytes, may_use_reserve=frees)

    def _scan(self, wanted: _Range, limit: int | None) -> list[Document]:
        with self._environment.read() as transaction:
            with transaction.cursor(db=self._documents) as cursor:
                rows = _collect(cursor, wanted, limit)
            if wanted.is_whole_table and (limit is None or len(rows) < limit):
                counted = counts.get(transaction, self._counts, wanted.prefix)
                if counted != len(rows):
                    raise _damaged(f"{len(rows)} rows where {counted} are counted", wanted.prefix)
        prefix_bytes = len(wanted.prefix)
        # The checksum is over the key too, so a key is looked at only once its value was found whole.
        whole = [(key, unseal(key, stored, DOCUMENTS)) for key, stored in rows]
        return [documents.decode(key[prefix_bytes:].decode(), value) for key, value in whole]

    def _doubt(self, transaction: lmdb.Transaction[bytes], address: bytes) -> None:
        """Raises StoreCorrupt unless the address, which was not found, lies between intact neighbours.

        A damaged separator leads the search to a wrong leaf, a damaged key hides its row: either
        way one of the neighbours is on the wrong side or fails its checksum.
        """
        with transaction.cursor(db=self._documents) as cursor:
            _, after = _around(cursor, address)
            if after is not None and after[0] == address:
                raise _damaged("a search missed what it should have found", address)


def split_key(key: bytes) -> tuple[bytes, str]:
    """The prefix of the (partition, table) and the document's key; StoreCorrupt for any other bytes."""
    cut = key.rfind(b"\0") + 1
    try:
        name = key[cut:].decode()
    except UnicodeDecodeError as error:
        raise _damaged("a key is not text", key) from error
    if key.count(b"\0") != 2 or not name:
        raise _damaged("a key is not an address", key)
    return key[:cut], name


@dataclass(frozen=True, slots=True)
class _Range:
    """Rows `low` <= key < `high` of one table."""

    prefix: bytes
    low: bytes
    high: bytes
    reverse: bool
    is_whole_table: bool

    @classmethod
    def of(cls, prefix: bytes, start: str, end: str | None, *, reverse: bool) -> _Range:
        # No key is longer than LMDB's limit, so a bound cut off there separates the same keys.
        low = (prefix + start.encode(errors="surrogatepass"))[:_MAX_KEY_BYTES]
        # NUL ends the prefix, so its successor is the first key behind the table.
        high = prefix[:-1] + b"\1" if end is None else prefix + end.encode(errors="surrogatepass")
        return cls(prefix, low, high[:_MAX_KEY_BYTES], reverse, start == "" and end is None)


def _collect(cursor: lmdb.Cursor[bytes], wanted: _Range, limit: int | None) -> list[_Row]:
    """The rows of the range in order; StoreCorrupt where they, or the rows around them, are not."""
    if wanted.low >= wanted.high:
        return []
    before, after = _around(cursor, wanted.high if wanted.reverse else wanted.low)
    rows: list[_Row] = []
    if wanted.reverse:
        if before is None:
            return rows
        is_positioned = cursor.prev() if after is not None else cursor.last()
        previous = wanted.high
        for row in cursor.iterprev() if is_positioned else ():
            if not row[0] < previous:
                raise _damaged("keys are out of order", row[0])
            if row[0] < wanted.low:
                unseal(*row, DOCUMENTS)
                break
            if len(rows) == limit:
                break
            rows.append(row)
            previous = row[0]
        return rows
    if after is None:
        return rows
    previous = b""
    for row in cursor.iternext():
        if not previous < row[0]:
            raise _damaged("keys are out of order", row[0])
        if row[0] >= wanted.high:
            unseal(*row, DOCUMENTS)
            break
        if len(rows) == limit:
            break
        rows.append(row)
        previous = row[0]
    return rows


def _around(cursor: lmdb.Cursor[bytes], bound: bytes) -> tuple[_Row | None, _Row | None]:
    """The rows below and from `bound` on, checked; leaves the cursor on the latter.

    LMDB finds its place by the separators above the leaves; walking one step back from there passes
    by the leaves themselves, so the two disagree when either is damaged.
    """
    after = cursor.item() if cursor.set_range(bound) else None
    is_lower = cursor.prev() if after is not None else cursor.last()
    before = cursor.item() if is_lower else None
    if after is not None:
        cursor.next() if is_lower else cursor.first()
    for row in (before, after):
        if row is not None:
            unseal(*row, DOCUMENTS)
    if (before is not None and before[0] >= bound) or (after is not None and after[0] < bound):
        raise _damaged("a search ended in the wrong place", bound)
    return before, after


def _damaged(what: str, key: bytes) -> StoreCorrupt:
    return StoreCorrupt(f"{DOCUMENTS} at {key!r}: {what}; keep the file, run `store check`, restore a backup")
